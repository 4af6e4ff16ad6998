"""What a fleet holds, as its rules count it: bookings, and what they are asked to become."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta

from django.db.models import Q

from bookings.models import Booking, BookingRequest
from drivers.models import Fleet
from limits.rules import Holding, Rule
from sites.models import Location
from sites.periods import Period

# `unknown` may turn out to hold a place, too.
COUNTED = Booking.COMING | Booking.MAY_STAND
GIVES_WAY = frozenset({Booking.OpenChange.MOVE, Booking.OpenChange.CANCEL})
# A day and a week of any site's clocks around an instant, with room for both clock changes.
DAY, WEEK = timedelta(days=2), timedelta(days=9)


@dataclass(slots=True)
class Holdings:
    """A fleet's holdings in a stretch of time; `roots` say to which unit a booking belongs."""

    rows: list[Holding] = field(default_factory=list)
    roots: dict[int, int] = field(default_factory=dict)

    def unit_of(self, booking: Booking) -> int:
        return self.roots.get(booking.pk, booking.pk)

    def without(self, booking: Booking | None) -> list[Holding]:
        """Return what is held besides a booking, and besides what it replaces or is moved to."""
        if booking is None:
            return self.rows
        own = self.unit_of(booking)
        return [each for each in self.rows if each.unit != own]


def stretch_for(rules: Iterable[Rule], period: Period) -> Period:
    """Return which time has to be read, so that rules can count what is around a period."""
    weekly = any(rule.kind == "hours-per-week" for rule in rules)
    around = WEEK if weekly else DAY
    return Period(period.start_at - around, period.end_at + around)


def read_holdings(fleet: Fleet | int, within: Period) -> Holdings:
    """Return what a fleet holds, or may come to hold, at any time of a stretch; two queries.

    A booking that gives way to another one is one unit with it, since only one of them stays.
    """
    fleet_pk = fleet if isinstance(fleet, int) else fleet.pk
    then = Q(start_at__lt=within.end_at, end_at__gt=within.start_at)
    columns = ("pk", "replaces", "open_change", "location", "evse", "location__timezone")
    booked = list(
        Booking.objects.filter(then, fleet=fleet_pk, status__in=COUNTED).values_list(
            *columns, "start_at", "end_at"
        )
    )
    asked = list(
        BookingRequest.objects.filter(
            then,
            booking__fleet=fleet_pk,
            booking__status__in=COUNTED,
            kind=BookingRequest.Kind.UPDATE,
            status__in=BookingRequest.OPEN,
        ).values_list(*(f"booking__{name}" for name in columns), "start_at", "end_at")
    )
    giving_way = {row[0] for row in booked if row[2] in GIVES_WAY}
    replaced = {row[0]: row[1] for row in booked if row[1] in giving_way}
    found = Holdings()
    for pk, _replaces, _open, location, evse, timezone, start_at, end_at in [*booked, *asked]:
        unit = found.roots.setdefault(pk, _root(pk, replaced))
        period = Period.between(start_at, end_at)
        zone = Location(timezone=timezone).zone
        found.rows.append(Holding(unit, location, evse, zone, period))
    return found


def as_held(booking: Booking) -> Holding:
    return Holding(booking.pk, booking.location_id, booking.evse_id, booking.zone, booking.period)


def _root(pk: int, replaced: dict[int, int]) -> int:
    while pk in replaced:
        pk = replaced[pk]
    return pk
