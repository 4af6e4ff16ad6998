"""The slot picker of a site: a day, a length, and the starts that fit, charger by charger.

The query string holds all its state, so that links, plain forms and htmx lead to the same picture.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.core.cache import cache
from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from maintenance.planned import Planned, coming_text
from shell.formats import duration, kw
from shell.kept import kept_by_language
from sites.facts import current_label, plugs_text, trouble_of
from sites.models import Evse, Location
from sites.periods import start_of_day
from sites.slots.availability import Availability, AvailabilityUnknown, FreeTimes, read_availability
from sites.slots.clocks import ONE_DAY, clock_change_text, day_text
from sites.slots.fit import Fit
from sites.slots.limits import Note, OwnLimits
from sites.slots.picker.bars import Bar, BarWriter, Scale, scale_of
from sites.slots.picker.controls import Controls, DayLink
from sites.slots.picker.costs import cheaper_offer, forbidden_at
from sites.slots.picker.form import CRITERIA, Choices, criteria_params, read_choices
from sites.slots.picker.starts import Hour, PeriodChoice, Start, highlighted_starts
from sites.slots.prices.costs import Costs
from sites.slots.prices.price import Price

# A site is read again on demand at most this often, whoever asks.
REFRESH_SECONDS = 5


@dataclass(frozen=True, slots=True)
class ChargerSlots:
    """A charger with its bar and starts; `hours` holds all of them once it is opened up.

    `price` is that of all its starts; where they differ, that of the first one, at `price_at`.
    """

    key: str
    name: str
    facts: str
    bar: Bar
    count: int
    trouble: str = ""
    misfit: str = ""
    forbidden: str = ""
    price: Price | None = None
    price_at: str = ""
    planned: Sequence[str] = ()
    starts: Sequence[Start] = ()
    hours: Sequence[Hour] = ()
    toggle_query: str = ""
    toggle_label: str = ""


@dataclass(frozen=True, slots=True)
class Cheaper:
    """A start that costs clearly less than the first one that is offered."""

    charger: str
    begins: str
    url: str
    price: str
    wanted_charger: str
    wanted_begins: str
    wanted_price: str


def build_picker(
    *,
    location: Location,
    evses: Sequence[Evse],
    params: QueryDict,
    viewer_zone: ZoneInfo | None,
    now: datetime,
    held: FreeTimes | None = None,
    own: OwnLimits | None = None,
    left: int | None = None,
    fit: Fit | None = None,
    costs: Costs | None = None,
) -> "Picker":
    """Return the picker for a site and the chargers that may be booked there.

    Reads availability (one call to AMPECO, or none while the cache knows); an operator that does
    not answer makes a picker that says so. What the fleet has `held` already, by the EVSE's AMPECO
    id, is not offered again, nor is the charger that is to be `left`, by its key, nor what its
    `own` limits do not allow. Chargers that what is to charge does not `fit`, and those where the
    driver may not charge, come last. `costs` says what slots cost, where that is known.
    """
    own = own or OwnLimits()
    leaves = any(evse.pk == left for evse in evses)
    if leaves:
        evses = [evse for evse in evses if evse.pk != left]
        params = params.copy()
        if params.get("evse") == str(left):
            del params["evse"]
    choices = read_choices(
        params, zone=location.zone, evses=evses, now=now, fit=fit, longest=own.longest
    )
    availability, problem = None, ""
    if evses:
        try:
            availability = read_availability(
                location, day=choices.day, now=now, fresh=_may_refresh(location, choices)
            ).without(held or {})
            availability = availability.without(_closed(own, evses, choices))
        except AvailabilityUnknown as unknown:
            problem = unknown.message
    return Picker(
        location,
        evses,
        choices,
        availability,
        problem=problem,
        viewer=viewer_zone,
        now=now,
        leaves=leaves,
        notes=own.notes(choices.day),
        costs=costs,
    )


def _closed(own: OwnLimits, evses: Sequence[Evse], choices: Choices) -> FreeTimes:
    if not choices.any_charger:
        return own.closed
    return own.closed_to_any([evse for evse in evses if choices.criteria.fits(evse)])


def _may_refresh(location: Location, choices: Choices) -> bool:
    """Return whether to read anew: if asked to, and nobody did in the last seconds."""
    return choices.fresh and cache.add(f"availability-refreshed:{location.pk}", 1, REFRESH_SECONDS)


class Picker:
    """All that the picker's template shows; asks nobody.

    `problem` is a sentence when availability could not be read; there are no chargers then. It
    `leaves` out a charger of the site, where a booking is moved away from it.
    """

    def __init__(
        self,
        location: Location,
        evses: Sequence[Evse],
        choices: Choices,
        availability: Availability | None,
        *,
        problem: str,
        viewer: ZoneInfo | None,
        now: datetime,
        leaves: bool = False,
        notes: Sequence[Note] = (),
        costs: Costs | None = None,
    ) -> None:
        self.location = location
        self.notes = notes
        self.leaves = leaves
        self.choices = choices
        self.availability = availability
        self.problem = problem
        self.has_chargers = bool(evses)
        self.shown = [
            evse for evse in evses if not choices.any_charger or choices.criteria.fits(evse)
        ]
        self.costs = costs
        self.period = PeriodChoice(
            location.zone,
            length=choices.length,
            now=now,
            viewer=viewer,
            url=reverse("bookings:new"),
        )
        self.site = self.period.site
        self.page_url = reverse("sites:detail", args=[location.pk])
        self.fragment_url = reverse("sites:availability", args=[location.pk])
        self.here = choices.query()
        self.day_text = day_text(choices.day)
        self.day_starts = start_of_day(choices.day, location.zone)
        self.not_before = choices.begin_of(choices.day, location.zone)
        self.controls = Controls(choices, evses, in_force=self.site.local(self.not_before).time())
        self.forbidden: dict[int, str] = {}
        if costs:
            begin = max(self.not_before, now)
            self.forbidden = forbidden_at(
                costs, self.shown, begin, choices.length, zone=location.zone
            )
        self.shown.sort(key=self._comes_last)

    def _comes_last(self, evse: Evse) -> bool:
        fit = self.choices.fit
        return evse.pk in self.forbidden or (fit is not None and fit.order(evse))

    def _is_closed(self, evse: Evse) -> bool:
        """Return whether it is certain that a charger is of no use, so that nothing is offered."""
        fit = self.choices.fit
        if fit and evse.pk in fit.certain:
            return True
        return evse.pk in self.forbidden and self.costs is not None and self.costs.is_named

    # The day

    @cached_property
    def zone_text(self) -> str:
        return self.site.zone_text(self.day_starts)

    @cached_property
    def any_vehicle(self) -> str:
        """The query string for whatever is to charge: all else that was chosen stays."""
        fit, choices = self.choices.fit, self.choices
        if fit is None:
            return self.here
        gone = [*fit.params, *(CRITERIA if choices.criteria == fit.criteria else ())]
        return choices.query(**dict.fromkeys(gone))

    @cached_property
    def viewer_zone_text(self) -> str:
        return self.period.viewer_zone_text(self.day_starts, self.day_starts + 2 * ONE_DAY)

    @cached_property
    def clock_change(self) -> str:
        return clock_change_text(self.choices.day, zone=self.site.zone)

    @cached_property
    def read_at(self) -> str:
        return f"{self.site.local(self.availability.read_at):%H:%M}" if self.availability else ""

    @cached_property
    def scale(self) -> Scale:
        since = max(self.period.limits.now, self.day_starts)
        return scale_of(self.choices.day, zone=self.site.zone, since=since)

    # Which starts fit

    @cached_property
    def fitting(self) -> dict[int, list[datetime]]:
        day = self.choices.day
        return {evse.pk: list(starts) for evse, starts in self._starts(day, self.not_before)}

    @cached_property
    def room(self) -> dict[date, bool]:
        """For each day that the answer fully knows: whether any charger has a start."""
        zone, choices = self.site.zone, self.choices
        room: dict[date, bool] = {}
        if self.availability is None:
            return room
        window = self.availability.window
        day = max(choices.first_day, window.start_at.astimezone(zone).date())
        while day <= choices.last_day:
            if start_of_day(day + ONE_DAY, zone) + choices.length > window.end_at:
                break
            starts = self._starts(day, choices.begin_of(day, zone))
            room[day] = any(next(each, None) is not None for _evse, each in starts)
            day += ONE_DAY
        return room

    def _starts(self, day: date, since: datetime) -> Iterator[tuple[Evse, Iterator[datetime]]]:
        if self.availability is not None:
            until = start_of_day(day + ONE_DAY, self.site.zone)
            for evse in self.shown:
                free = () if self._is_closed(evse) else self.availability.of(evse)
                yield evse, self.period.starts(free, since=since, until=until)

    @cached_property
    def earlier_query(self) -> str:
        """The query for the whole day, if the not-before hides starts; else nothing."""
        firsts = (next(each, None) for _e, each in self._starts(self.choices.day, self.day_starts))
        if any(first is not None and first < self.not_before for first in firsts):
            return self.choices.query(from_="00:00")
        return ""

    # What is said

    @cached_property
    def count(self) -> int:
        return sum(1 for starts in self.fitting.values() if starts)

    @cached_property
    def summary(self) -> str:
        total = len(self.shown)
        text = ngettext(
            "%(count)d of %(total)d charger free for %(length)s on %(day)s",
            "%(count)d of %(total)d chargers free for %(length)s on %(day)s",
            total,
        )
        words = {"count": self.count, "total": total, "length": duration(self.choices.length)}
        return text % {**words, "day": self.day_text} if self.count else ""

    @cached_property
    def nothing(self) -> str:
        """A sentence where availability was read and no start fits."""
        if self.availability is None or self.count:
            return ""
        if not self.shown:
            return _(
                "No charger at this site meets all of these requirements. Please ask for less."
            )
        words = {"length": duration(self.choices.length), "day": self.day_text}
        if not (self.earlier_query or self.choices.not_before):
            return _("No charger is free for %(length)s on %(day)s.") % words
        words["time"] = self.site.text(self.not_before)
        return _("No charger is free for %(length)s on %(day)s from %(time)s.") % words

    # What is offered

    @cached_property
    def days(self) -> list[DayLink]:
        return self.controls.days(self.room)

    @cached_property
    def next_day(self) -> DayLink | None:
        """The first day after the chosen one that is known to have a start, where this has none."""
        for day, has_room in self.room.items():
            if not self.count and has_room and day > self.choices.day:
                return DayLink.to(day, self.choices)
        return None

    @cached_property
    def chargers(self) -> tuple[ChargerSlots, ...]:
        if self.availability is None:
            return ()
        since = self.availability.window.start_at
        bars = BarWriter(day=self.choices.day, clock=self.site, since=since)
        planned = self.availability.planned
        return tuple(
            self._charger(
                evse,
                bars.write(self.availability.of(evse), planned.get(evse.ampeco_id, ())),
                [each for each in planned.get(evse.ampeco_id, ()) if each.touches(bars.ahead)],
            )
            for evse in self.shown
        )

    @cached_property
    def has_maintenance(self) -> bool:
        return any(row.planned for row in self.chargers)

    def _charger(self, evse: Evse, bar: Bar, planned: Sequence[Planned]) -> ChargerSlots:
        choices, starts, key = self.choices, self.fitting[evse.pk], str(evse.pk)
        is_offered = bool(starts) and not choices.any_charger and not self._is_closed(evse)
        is_open = is_offered and choices.evse_id == evse.pk
        offered: Sequence[datetime] = ()
        if is_offered:
            offered = starts if is_open else highlighted_starts(starts, clock=self.site)
        price, prices = self._prices({start: [evse] for start in offered})
        written = self.period.write(
            offered, query=self._slot_query(evse), what=evse.name, prices=prices
        )
        toggle_query = toggle_label = ""
        if is_open:
            toggle_query, toggle_label = self._for_no_evse, _("Fewer start times")
        elif offered and len(offered) < len(starts):
            toggle_query = f"{self._for_no_evse}&evse={key}"
            toggle_label = _("All %(count)d start times") % {"count": len(starts)}
        return ChargerSlots(
            key,
            evse.name,
            _facts_text(evse),
            bar,
            len(starts),
            trouble_of(evse),
            choices.fit.misfits.get(evse.pk, "") if choices.fit else "",
            self.forbidden.get(evse.pk, ""),
            price,
            self.site.text(offered[0]) if prices else "",
            [
                coming_text(each, zone=self.site.zone, now=self.period.limits.now)
                for each in planned
            ],
            starts=() if is_open else written,
            hours=self.period.by_hour(written) if is_open else (),
            toggle_query=toggle_query,
            toggle_label=toggle_label,
        )

    @cached_property
    def _for_no_evse(self) -> str:
        return self.choices.query(evse=None)

    @cached_property
    def _passed_along(self) -> str:
        return "".join(f"&{urlencode([each])}" for each in self.choices.passed_along().items())

    def _slot_query(self, evse: Evse) -> str:
        """Return the query string of the form for a slot at a charger, without its times."""
        return f"site={self.location.pk}&evse={evse.pk}{self._passed_along}"

    def _prices(
        self, starts: Mapping[datetime, Sequence[Evse]]
    ) -> tuple[Price | None, dict[datetime, str]]:
        """Return what the first start costs, and what each does where they differ in that."""
        if self.costs is None:
            return None, {}
        return self.costs.of_starts(starts, self.choices.length, zone=self.location.zone)

    @cached_property
    def cheaper(self) -> "Cheaper | None":
        """What costs clearly less than the first start that is offered."""
        if self.costs is None or self.choices.any_charger:
            return None
        fitting = [(evse, self.fitting[evse.pk]) for evse in self.shown if evse.pk in self.fitting]
        found = cheaper_offer(self.costs, fitting, self.choices.length, zone=self.location.zone)
        if found is None:
            return None
        best, wanted = found
        query = self._slot_query(best.evse)
        (start,) = self.period.write([best.start_at], query=query, what=best.evse.name)
        return Cheaper(
            charger=best.evse.name,
            begins=start.begins,
            url=start.url,
            price=best.price.text,
            wanted_charger=wanted.evse.name,
            wanted_begins=self.site.text(wanted.start_at),
            wanted_price=wanted.price.text,
        )

    @cached_property
    def any_hours(self) -> tuple[Hour, ...]:
        """Every start at which some charger fits, with how many do, where any will do."""
        choices = self.choices
        if not choices.any_charger:
            return ()
        counts = Counter(start_at for starts in self.fitting.values() for start_at in starts)
        chargers = {
            start_at: ngettext("%(count)d charger", "%(count)d chargers", count) % {"count": count}
            for start_at, count in sorted(counts.items())
        }
        params = {"site": str(self.location.pk), **criteria_params(choices.criteria)}
        return self.period.by_hour(
            self.period.write(
                chargers,
                query=urlencode(params | choices.passed_along()),
                what=_("any suitable charger"),
                chargers=chargers,
                prices=self._any_prices[1],
            )
        )

    @cached_property
    def _any_prices(self) -> tuple[Price | None, dict[datetime, str]]:
        """What any charger costs, whichever of those is given that are free then."""
        at: dict[datetime, list[Evse]] = defaultdict(list)
        for evse in self.shown:
            for start in self.fitting.get(evse.pk, ()):
                at[start].append(evse)
        return self._prices(dict(sorted(at.items())))

    @property
    def any_price(self) -> Price | None:
        return self._any_prices[0]

    @property
    def any_price_at(self) -> str:
        """Which start `any_price` is for, where others cost something else."""
        return self.site.text(min(self._any_prices[1])) if self._any_prices[1] else ""


def _facts_text(evse: Evse) -> str:
    point = evse.charge_point
    plugs = tuple(sorted(evse.plug_types))
    return _write_facts(point.name, evse.current_type, plugs, evse.max_power_kw, point.is_private)


@kept_by_language(4096)
def _write_facts(
    charge_point: str, current: str, plugs: tuple[str, ...], power: Decimal | None, private: bool
) -> str:
    parts = (
        charge_point,
        current_label(current),
        plugs_text(plugs),
        kw(power),
        _("Private") if private else "",
    )
    return " · ".join(part for part in parts if part)
