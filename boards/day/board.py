"""What the pages of a day of a site and of a week of one charger show."""

from collections.abc import Sequence
from datetime import date, datetime
from functools import cached_property
from urllib.parse import urlencode

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from boards.day.day_table import (
    ChargerRow,
    DayTable,
    HourHead,
    clock_heads,
    hour_heads,
)
from boards.day.reading import (
    ChosenDay,
    by_charger,
    horizon_text,
    period_of,
    read_known,
    shown_bookings,
    week_from,
)
from boards.day.timeline_cells import COLUMNS_A_DAY, passes_of
from bookings.actions.limits import own_limits
from bookings.models import Booking
from drivers.models import Fleet
from shell.formats import kw
from shell.kept import address_of
from sites.facts import BOOKABLE, connectors_text, state_of, trouble_of
from sites.models import Evse, Location
from sites.periods import STEP
from sites.selectors import charger_to_leave
from sites.slots.clocks import ONE_DAY, Clock, clock_change_text, day_text, short_day
from sites.slots.fit import Fit
from sites.slots.limits import STEP_MINUTES, BookingLimits, longest_minutes

# How often the table looks again: while the operator has something to decide, and else.
SOON, SELDOM = "2s", "60s"


class Board:
    """Days of a site, or of one charger there, and what scripts need to let people pick."""

    def __init__(
        self,
        fleet: Fleet,
        location: Location,
        chosen: ChosenDay,
        *,
        evses: Sequence[Evse] = (),
        evse: Evse | None = None,
        move: str,
        now: datetime,
        fit: Fit | None = None,
    ) -> None:
        self.left = charger_to_leave(move, fleet_pk=fleet.pk)
        self.fit = fit
        if fit:
            evses = sorted(evses, key=fit.order)
        zone = location.zone
        self.location = location
        self.evses = evses
        self.evse = evse
        self.chosen = chosen
        self.clock = Clock(zone)
        self.days = [chosen.day] if evse is None else week_from(chosen.day)
        self.period = period_of(self.days, zone)
        self.limits = BookingLimits.at(now)
        own = own_limits(fleet, location, evses if evse is None else [evse], now)
        self.notes = own.notes(chosen.day)
        self.known = read_known(fleet, location, self.days, now=now, closed=own.closed)
        self.bookings = shown_bookings(fleet, location, days=self.period, evse=evse)
        self.booking_query = (
            f"{reverse('bookings:new')}?{urlencode(slot_params(location, move, fit))}"
        )
        self.tables = [
            DayTable(
                day,
                clock=self.clock,
                limits=self.limits,
                address=self.booking_query,
                passes=passes_of(day, zone) if evse else None,
            )
            for day in self.days
        ]
        # How many quarters the shortest and the longest booking have.
        self.least = settings.BOOKING_MIN_MINUTES // STEP_MINUTES
        self.most = longest_minutes() // STEP_MINUTES
        if own.longest:
            self.most = min(self.most, own.longest // STEP)
        undecided = any(booking.is_undecided for booking in self.bookings)
        self.look_again = SOON if undecided else SELDOM
        self.problem = self.known.problem
        self.horizon = horizon_text(self.period, now=now)
        self.is_past = self.period.end_at <= now
        self.in_picker = not self.is_past and self.period.start_at < self.limits.latest
        self.zone_text = self.clock.zone_text(self.period.start_at)
        self.clock_change = "" if evse else clock_change_text(chosen.day, zone=zone)
        self.labels = "|".join(self.tables[0].labels)
        read_at = self.known.read_at
        self.read_at = f"{self.clock.local(read_at):%H:%M}" if read_at else ""

    @property
    def has_maintenance(self) -> bool:
        return any(each.touches(self.period) for row in self.rows for each in row.planned)

    @property
    def columns(self) -> int:
        return COLUMNS_A_DAY if self.evse else self.tables[0].ruler.length

    @cached_property
    def heads(self) -> list[HourHead]:
        if not self.evse:
            return hour_heads(self.tables[0])
        local = self.clock.local(self.limits.now)
        return clock_heads(hour_now=local.hour if local.date() in self.days else None)

    @cached_property
    def rows(self) -> list[ChargerRow]:
        return self._week_of(self.evse) if self.evse else self._chargers()

    def closed_text(self, evse: Evse) -> str:
        """Return why a charger cannot be picked; nothing where it can."""
        if evse.pk == self.left:
            return _("The booking is here now")
        state, label = state_of(evse)
        if state != BOOKABLE:
            return label
        if self.fit and evse.pk in self.fit.certain:
            return _("Does not fit %(name)s") % {"name": self.fit.name}
        return ""

    def _trouble(self, evse: Evse, closed: str) -> str:
        misfit = self.fit.misfits.get(evse.pk, "") if self.fit else ""
        trouble = trouble_of(evse) or (f"{closed}." if closed else "")
        if misfit and not closed and self.fit:
            misfit = _("May not fit %(name)s. %(reason)s") % {
                "name": self.fit.name,
                "reason": misfit,
            }
        return " ".join(part for part in (trouble, misfit) if part)

    def _chargers(self) -> list[ChargerRow]:
        """Return each charger on the day, and what has none of these.

        A booking keeps its row where the fleet does not see its charger any more.
        """
        table = self.tables[0]
        booked = by_charger(self.bookings)
        shown = {evse.pk for evse in self.evses}
        gone = [pk for pk in booked if pk is not None and pk not in shown]
        rows = []
        for evse in self.evses:
            closed, plugs = self.closed_text(evse), connectors_text(evse)
            rows.append(
                self._row(
                    evse,
                    table,
                    booked.get(evse.pk, ()),
                    key=str(evse.pk),
                    name=evse.name,
                    closed=closed,
                    url=f"{week_url(self.location, evse)}?day={table.date.isoformat()}",
                    facts=" · ".join(part for part in (plugs, kw(evse.max_power_kw)) if part),
                    trouble=self._trouble(evse, closed),
                )
            )
        if gone:
            closed = _("No longer there")
            rows += [
                ChargerRow(table, f"gone-{e.pk}", e.name, e.name, booked[e.pk], closed)
                for e in Evse.objects.filter(pk__in=gone).order_by("pk")
            ]
        if None in booked:
            name = _("Any suitable charger")
            rows.append(ChargerRow(table, "any", name, name, booked[None], _("Not assigned yet")))
        return rows

    def _week_of(self, evse: Evse) -> list[ChargerRow]:
        day_url = reverse("sites:day", args=[self.location.pk])
        first, closed = self.tables[0].labels, self.closed_text(evse)
        return [
            self._row(
                evse,
                table,
                [
                    each
                    for each in self.bookings
                    if each.start_at < table.whole.end_at and each.end_at > table.whole.start_at
                ],
                key=f"{evse.pk}-{table.date:%d}",
                name=table.text,
                closed=closed,
                url=f"{day_url}?day={table.date.isoformat()}",
                facts=clock_change_text(table.date, zone=self.clock.zone),
                labels="" if table.labels == first else "|".join(table.labels),
            )
            for table in self.tables
        ]

    def _row(
        self, evse: Evse, table: DayTable, bookings: Sequence[Booking], **words: str
    ) -> ChargerRow:
        return ChargerRow(
            day=table,
            charger=evse.name,
            bookings=bookings,
            known=self.known,
            free=self.known.of(evse),
            planned=self.known.planned_at(evse),
            evse=str(evse.pk),
            **words,
        )

    @cached_property
    def title(self) -> str:
        first, last = self.days[0], self.days[-1]
        if not self.evse:
            return f"{day_text(first)} {first.year}"
        words = {"first": short_day(first), "last": f"{short_day(last)} {last.year}"}
        return _("%(first)s to %(last)s") % words

    @property
    def earlier(self) -> date:
        return self.chosen.day - len(self.days) * ONE_DAY

    @property
    def later(self) -> date:
        return self.chosen.day + len(self.days) * ONE_DAY


def slot_params(location: Location, move: str, fit: Fit | None) -> dict[str, str]:
    kept = {"move": move} if move else {}
    return {"site": str(location.pk)} | kept | dict(fit.params if fit else {})


def week_url(location: Location, evse: Evse) -> str:
    return address_of("sites:charger_week", location.pk, evse.pk)
