"""The slot picker of a site: a day, a length, and the starts that fit, charger by charger.

The query string holds all its state, so that links, plain forms and htmx lead to the same picture.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.cache import cache
from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from sites.facts import charger_of
from sites.models import Evse, Location
from sites.periods import STEP, Interval, start_of_day, starts_that_fit, subtract
from sites.slots.availability import Availability, AvailabilityUnknown, FreeTimes, read_availability
from sites.slots.picker.controls import Controls, DayLink, controls_of, day_strip
from sites.slots.picker.form import Choices, criteria_params, last_instant, read_choices
from sites.slots.picker.parts import (
    ONE_DAY,
    Bar,
    BarWriter,
    Clock,
    Hour,
    Scale,
    Start,
    StartWriter,
    day_text,
    scale_of,
)
from sites.slots.picker.texts import clock_change_text, facts_text, nothing_text, summary_text

CHIPS = 6
MORNING = time(6)
# A site is read again on demand at most this often, whoever asks.
REFRESH_SECONDS = 5


@dataclass(frozen=True, slots=True)
class ChargerSlots:
    """A charger with its bar and starts; `hours` holds all of them once it is opened up."""

    key: str
    name: str
    facts: str
    bar: Bar
    starts: tuple[Start, ...]
    hours: tuple[Hour, ...]
    count: int
    toggle_query: str
    toggle_label: str


@dataclass(frozen=True, slots=True)
class Picker:
    """All that the picker's template shows.

    `problem` is a sentence when availability could not be read; there are no chargers then.
    `nothing` is one when it was read and no start fits.
    """

    location: Location
    has_chargers: bool
    choices: Choices
    controls: Controls
    days: tuple[DayLink, ...]
    page_url: str
    fragment_url: str
    here: str
    day_text: str
    zone_text: str
    viewer_zone_text: str
    clock_change: str
    read_at: str
    problem: str
    scale: Scale | None
    summary: str
    nothing: str
    no_start: str
    earlier_query: str
    next_day: DayLink | None
    chargers: tuple[ChargerSlots, ...]
    any_hours: tuple[Hour, ...]


@dataclass(frozen=True, slots=True)
class Bounds:
    """Which starts count: on which day, of what length, not before when."""

    choices: Choices
    zone: ZoneInfo
    now: datetime

    def starts(self, free: Sequence[Interval], day: date) -> Iterator[datetime]:
        """Yield the starts of a day that fit, from the not-before on."""
        return self.starts_from(free, day, self.not_before(day))

    def starts_from(
        self, free: Sequence[Interval], day: date, not_before: datetime
    ) -> Iterator[datetime]:
        """Yield the starts of a day that fit, from some instant on."""
        notice = timedelta(minutes=settings.BOOKING_NOTICE_MINUTES)
        length = self.choices.length
        return starts_that_fit(
            free,
            length=length,
            earliest=max(not_before, self.now + notice),
            latest=min(
                start_of_day(day + ONE_DAY, self.zone) - STEP, last_instant(self.now) - length
            ),
        )

    def not_before(self, day: date) -> datetime:
        """Return the chosen not-before on a day, else the morning, else (today) its beginning.

        A time that the clocks skip stands for the one after, one shown twice for the first.
        """
        chosen = self.choices.not_before
        if chosen is None and day != self.choices.first_day:
            chosen = MORNING
        start_at = start_of_day(day, self.zone)
        if chosen is None:
            return start_at
        return max(start_at, datetime.combine(day, chosen, self.zone).astimezone(UTC))


def build_picker(
    *,
    location: Location,
    evses: Sequence[Evse],
    params: QueryDict,
    viewer_zone: str | None,
    now: datetime,
    asked: FreeTimes | None = None,
) -> Picker:
    """Return the picker for a site and the chargers that may be booked there.

    Reads availability (one call to AMPECO, or none while the cache knows); an operator that does
    not answer makes a picker that says so. `viewer_zone` is the name of the viewer's time zone.
    What the fleet has `asked` for already, by the EVSE's AMPECO id, is not offered again.
    """
    now = now.astimezone(UTC)
    zone = location.zone
    choices = read_choices(params, zone=zone, evses=evses, now=now)
    availability, problem = None, ""
    if evses:
        try:
            availability = leave_out(
                asked or {},
                read_availability(
                    location, day=choices.day, now=now, fresh=may_refresh(location, choices)
                ),
            )
        except AvailabilityUnknown as unknown:
            problem = unknown.message
    return arrange(
        location=location,
        evses=evses,
        choices=choices,
        availability=availability,
        problem=problem,
        site=Clock(zone),
        viewer=viewer_clock(viewer_zone, zone=zone),
        now=now,
    )


def leave_out(taken: FreeTimes, availability: Availability) -> Availability:
    """Return what is free without what is taken all the same."""
    free = {
        evse_id: subtract(stretches, taken.get(evse_id, ()))
        for evse_id, stretches in availability.free.items()
    }
    return replace(availability, free=free) if taken else availability


def may_refresh(location: Location, choices: Choices) -> bool:
    """Return whether to read anew: if asked to, and nobody did in the last seconds."""
    return choices.fresh and cache.add(f"availability-refreshed:{location.pk}", 1, REFRESH_SECONDS)


def viewer_clock(name: str | None, *, zone: ZoneInfo) -> Clock | None:
    """Return the viewer's clock, if their zone is known and is not the site's."""
    if not name or name == zone.key:
        return None
    try:
        return Clock(ZoneInfo(name))
    except (ValueError, OSError, KeyError):
        return None


def arrange(
    *,
    location: Location,
    evses: Sequence[Evse],
    choices: Choices,
    availability: Availability | None,
    problem: str,
    site: Clock,
    viewer: Clock | None,
    now: datetime,
) -> Picker:
    """Return the picker for what is known; asks nobody."""
    day = choices.day
    bounds = Bounds(choices, site.zone, now)
    shown = [evse for evse in evses if not choices.any_charger or choices.criteria.fits(evse)]
    fitting: dict[int, list[datetime]] = {}
    room: dict[date, bool] = {}
    chargers: tuple[ChargerSlots, ...] = ()
    any_hours: tuple[Hour, ...] = ()
    scale = None
    if availability:
        fitting = {evse.pk: list(bounds.starts(availability.of(evse), day)) for evse in shown}
        room = days_with_room(shown, availability, bounds=bounds)
        scale = scale_of(day, zone=site.zone, since=max(now, start_of_day(day, site.zone)))
        writer = StartWriter(
            site=site,
            viewer=viewer,
            length=choices.length,
            booking_url=reverse("bookings:new"),
            day=day,
        )
        bars = BarWriter(day=day, clock=site, since=availability.window.start_at)
        chargers = tuple(
            charger_slots(
                evse,
                fitting[evse.pk],
                availability.of(evse),
                choices,
                writer=writer,
                bars=bars,
            )
            for evse in shown
        )
        if choices.any_charger:
            any_hours = union_of(location, fitting, choices, writer=writer)
    earlier = earlier_query(shown, availability, bounds=bounds) if availability else ""
    since = site.text(bounds.not_before(day)) if earlier or choices.not_before else ""
    day_starts = start_of_day(day, site.zone)
    count = sum(1 for starts in fitting.values() if starts)
    differs = viewer is not None and any(
        site.differs(viewer, day_starts + offset) for offset in (timedelta(0), 2 * ONE_DAY)
    )
    return Picker(
        location=location,
        has_chargers=bool(evses),
        choices=choices,
        controls=controls_of(choices, evses, not_before=site.local(bounds.not_before(day))),
        days=day_strip(choices, room=room),
        page_url=reverse("sites:detail", args=[location.pk]),
        fragment_url=reverse("sites:availability", args=[location.pk]),
        here=choices.query(),
        day_text=day_text(day),
        zone_text=site.zone_text(day_starts),
        viewer_zone_text=viewer.zone_text(day_starts) if viewer and differs else "",
        clock_change=clock_change_text(day, zone=site.zone),
        read_at=f"{site.local(availability.read_at):%H:%M:%S}" if availability else "",
        problem=problem,
        scale=scale,
        summary=summary_text(count, len(shown), choices) if availability and count else "",
        nothing=nothing_text(choices, any_shown=bool(shown), since=since)
        if availability and not count
        else "",
        no_start=_("No start fits here."),
        earlier_query=earlier,
        next_day=next_day_with_room(choices, room) if not count else None,
        chargers=chargers,
        any_hours=any_hours,
    )


def days_with_room(
    evses: Sequence[Evse], availability: Availability, *, bounds: Bounds
) -> dict[date, bool]:
    """Return, for each day that the answer fully knows, whether any charger has a start."""
    choices = bounds.choices
    window = availability.window
    known: dict[date, bool] = {}
    day = max(bounds.choices.first_day, window.start_at.astimezone(bounds.zone).date())
    while day <= choices.last_day:
        if start_of_day(day + ONE_DAY, bounds.zone) + choices.length > window.end_at:
            break
        known[day] = any(
            next(bounds.starts(availability.of(evse), day), None) is not None for evse in evses
        )
        day += ONE_DAY
    return known


def charger_slots(
    evse: Evse,
    starts: Sequence[datetime],
    free: Sequence[Interval],
    choices: Choices,
    *,
    writer: StartWriter,
    bars: BarWriter,
) -> ChargerSlots:
    """Return a charger with its bar, its next starts, and all of them if it is opened up."""
    params = {"site": str(evse.charge_point.location_id), "evse": str(evse.pk)}
    params |= choices.passed_along()
    few: Sequence[Start] = ()
    hours: tuple[Hour, ...] = ()
    toggle_query = toggle_label = ""
    if choices.any_charger or not starts:
        pass
    elif choices.evse_id == evse.pk:
        hours = writer.by_hour(writer.write(starts, params=params, what=evse.name))
        toggle_query, toggle_label = choices.query(evse=None), _("Fewer start times")
    else:
        chosen = prominent(starts, clock=writer.site)
        few = writer.write(chosen, params=params, what=evse.name)
        if len(few) < len(starts):
            toggle_query = choices.query(evse=evse.pk)
            toggle_label = _("All %(count)d start times") % {"count": len(starts)}
    return ChargerSlots(
        key=str(evse.pk),
        name=evse.name,
        facts=facts_text(charger_of(evse)),
        bar=bars.write(free),
        starts=tuple(few),
        hours=hours,
        count=len(starts),
        toggle_query=toggle_query,
        toggle_label=toggle_label,
    )


def prominent(starts: Sequence[datetime], *, clock: Clock) -> list[datetime]:
    """Return the few starts that say most: where free time begins, then each full hour."""
    if len(starts) <= CHIPS:
        return list(starts)
    few: list[datetime] = []
    previous = None
    for start_at in starts:
        if previous is None or start_at - previous != STEP or not clock.local(start_at).minute:
            few.append(start_at)
            if len(few) == CHIPS:
                break
        previous = start_at
    return few


def union_of(
    location: Location,
    fitting: dict[int, list[datetime]],
    choices: Choices,
    *,
    writer: StartWriter,
) -> tuple[Hour, ...]:
    """Return every start at which some charger fits, with how many do."""
    counts = Counter(start_at for starts in fitting.values() for start_at in starts)
    params = {"site": str(location.pk), **criteria_params(choices.criteria)}
    params |= choices.passed_along()
    chargers = {
        start_at: ngettext("%(count)d charger", "%(count)d chargers", count) % {"count": count}
        for start_at, count in sorted(counts.items())
    }
    return writer.by_hour(
        writer.write(chargers, params=params, what=_("any charger that fits"), chargers=chargers)
    )


def earlier_query(shown: Sequence[Evse], availability: Availability, *, bounds: Bounds) -> str:
    """Return the query for the whole day, if the not-before hides starts; else nothing."""
    day = bounds.choices.day
    not_before = bounds.not_before(day)
    day_starts = start_of_day(day, bounds.zone)
    for evse in shown:
        first = next(bounds.starts_from(availability.of(evse), day, day_starts), None)
        if first is not None and first < not_before:
            return bounds.choices.query(from_="00:00")
    return ""


def next_day_with_room(choices: Choices, room: dict[date, bool]) -> DayLink | None:
    """Return the first day after the chosen one that is known to have a start."""
    for day in sorted(room):
        if day > choices.day and room[day]:
            return DayLink.to(day, choices, room=room)
    return None
