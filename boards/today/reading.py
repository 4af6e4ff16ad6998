"""What a fleet manager wants to know first: what needs attention, what is on, what comes next."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from django.db.models import BigIntegerField, DateTimeField, QuerySet

from ampcontrol import connection as ampcontrol
from bookings.models import Booking
from bookings.pages.vehicles.drift import drifts_of
from bookings.selectors import (
    LONGEST_BOOKING,
    MOST_COUNTED,
    charging,
    holding_a_place,
    needing_attention,
    read_on_boards,
    several_zones,
)
from bookings.wording.attention import SOON, reasons_of, risk_of
from drivers.models import Fleet
from drivers.permissions import count_drivers, private_partner_ids
from mirror.written_once import Keys, written_once
from sites.models import Location
from sites.selectors import visible_locations
from vehicles.models import Vehicle

Status = Booking.Status

MOST_ATTENTION = 5
MOST_COMING = 100
MOST_FAVOURITES = 6
# A car may stay plugged in after its time; whoever does so for longer is no news any more.
CHARGES_ON_FOR = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class SiteAhead:
    """What comes next at a site, by start."""

    location: Location
    bookings: list[Booking]


@dataclass(frozen=True, slots=True)
class Today:
    """A fleet's first screen. Bookings come with why they need attention, as (booking, reason).

    Among them are those at chargers that do not work, which the list of bookings does not count.
    """

    attention: list[tuple[Booking, str]]
    attention_count: int
    attention_shown: int
    on_now: list[Booking]
    ahead: list[SiteAhead]
    has_more: bool

    @property
    def bookings(self) -> list[Booking]:
        marked = [booking for booking, _reason in self.attention]
        coming = [booking for site in self.ahead for booking in site.bookings]
        return [*marked, *self.on_now, *coming]

    @property
    def names_reader_time(self) -> bool:
        return several_zones(booking for booking, _reason in self.attention)

    @property
    def has_unsettled(self) -> bool:
        return any(booking.is_undecided for booking in self.bookings)


@dataclass(frozen=True, slots=True)
class FirstSteps:
    """How far a fleet has come that has not booked yet; `sites` are those that it may see."""

    drivers: int
    sites: int


def read_today(fleet: Fleet, *, now: datetime) -> Today:
    """Return what a fleet is shown first, in as many queries however much there is.

    Seven, and four more where smart charging knows of vehicles and when they leave. What comes next
    is what starts within a day, MOST_COMING bookings at most.
    """
    # Which they are first, and then all that is shown of them at once.
    marked_keys = _marked(fleet=fleet.pk, now=now)
    coming_keys = _coming(fleet, now=now)
    overdue_keys = _charging_on(fleet=fleet.pk, now=now, since=now - CHARGES_ON_FOR)
    shown_keys = {*marked_keys[:MOST_ATTENTION], *coming_keys, *overdue_keys}
    rows = read_on_boards(fleet, shown_keys)
    _add_vehicles(rows.values())
    marked, shown, overdue = (
        [rows[pk] for pk in keys if pk in rows]
        for keys in (marked_keys[:MOST_ATTENTION], coming_keys[:MOST_COMING], overdue_keys)
    )
    reasons = reasons_of(marked)
    on_now = [booking for booking in shown if is_on(booking, now=now)]
    later = [booking for booking in shown if not is_over_or_on(booking, now=now)]
    texts = {pk: drift.text for pk, drift in drifts_of([*on_now, *later], now=now).items()}
    at_risk = _at_risk([*on_now, *later], texts)
    return Today(
        attention=_soonest_first(
            [
                *at_risk,
                *(
                    (each, " ".join(filter(None, (reasons.get(each.pk), texts.get(each.pk)))))
                    for each in marked
                ),
            ],
            now=now,
        ),
        attention_count=len(marked_keys),
        attention_shown=len(marked),
        on_now=[*(each for each in overdue if not _has_charged(each)), *on_now],
        ahead=_by_site(later),
        has_more=len(coming_keys) > MOST_COMING,
    )


def first_steps(fleet: Fleet) -> FirstSteps | None:
    """Return how far a fleet has come that has no booking yet; None for all others."""
    if Booking.objects.filter(fleet=fleet).exists():
        return None
    return FirstSteps(
        drivers=count_drivers(fleet),
        sites=visible_locations(partner_ids=private_partner_ids(fleet)).count(),
    )


def is_on(booking: Booking, *, now: datetime) -> bool:
    """Return whether a confirmed booking's time has come, and its charge has not ended."""
    return (
        booking.status in Booking.GOES_AHEAD
        and booking.start_at <= now
        and not _has_charged(booking)
    )


def is_over_or_on(booking: Booking, *, now: datetime) -> bool:
    return is_on(booking, now=now) or _has_charged(booking)


def _has_charged(booking: Booking) -> bool:
    return hasattr(booking, "charging_session") and booking.charging_session.has_ended


@written_once(fleet=BigIntegerField(), now=DateTimeField())
def _marked(fleet: Any, now: Any) -> QuerySet[Booking, int]:
    marked = needing_attention(Booking.objects.filter(fleet=fleet), now=now)
    return marked.values_list("pk", flat=True)[:MOST_COUNTED]


def _coming(fleet: Fleet, *, now: datetime) -> list[int]:
    """Return the keys of what starts soon or is on, by start; one more than are shown."""
    within = {"fleet": fleet.pk, "now": now, "until": now + SOON}
    found = [*_held(**within, earliest=now - LONGEST_BOOKING), *_charging(**within)]
    return [pk for _start_at, pk in sorted(found)[: MOST_COMING + 1]]


@written_once(
    fleet=BigIntegerField(), now=DateTimeField(), earliest=DateTimeField(), until=DateTimeField()
)
def _held(
    fleet: Any, now: Any, earliest: Any, until: Any
) -> QuerySet[Booking, tuple[datetime, int]]:
    bookings = Booking.objects.filter(fleet=fleet, start_at__lt=until)
    held = holding_a_place(bookings, now=now, earliest=earliest)
    return held.order_by("start_at", "pk").values_list("start_at", "pk")[: MOST_COMING + 1]


@written_once(fleet=BigIntegerField(), now=DateTimeField(), until=DateTimeField())
def _charging(fleet: Any, now: Any, until: Any) -> QuerySet[Booking, tuple[datetime, int]]:
    bookings = Booking.objects.filter(fleet=fleet, start_at__lt=until)
    return charging(bookings, now=now).values_list("start_at", "pk")


@written_once(fleet=BigIntegerField(), now=DateTimeField(), since=DateTimeField())
def _charging_on(fleet: Any, now: Any, since: Any) -> QuerySet[Booking, int]:
    overdue = Booking.objects.filter(
        fleet=fleet,
        status=Status.COMPLETED,
        end_at__gt=since,
        end_at__lte=now,
        charging_session__started_at__isnull=False,
        charging_session__stopped_at__isnull=True,
    )
    return overdue.order_by("start_at", "pk").values_list("pk", flat=True)


def _add_vehicles(bookings: Collection[Booking]) -> None:
    """Add the vehicles, with what is known of them now; only smart charging has use for them."""
    keys = {booking.vehicle_id for booking in bookings} - {None}
    if not (keys and ampcontrol.is_on()):
        return
    vehicles = {vehicle.pk: vehicle for vehicle in _vehicles(keys=keys)}
    for booking in bookings:
        if booking.vehicle_id in vehicles:
            booking.vehicle = vehicles[booking.vehicle_id]


@written_once(keys=Keys())
def _vehicles(keys: Any) -> QuerySet[Vehicle]:
    return Vehicle.objects.filter(pk__among=keys).select_related("now", "home_site")


def _at_risk(bookings: list[Booking], drifts: dict[int, str]) -> list[tuple[Booking, str]]:
    """Return what does not need attention by itself, and what endangers it."""
    found = []
    for booking in bookings:
        if booking.needs_attention:
            continue
        if risk := " ".join(filter(None, (risk_of(booking), drifts.get(booking.pk)))):
            found.append((booking, risk))
    return found


def _soonest_first(
    marked: list[tuple[Booking, str]], *, now: datetime
) -> list[tuple[Booking, str]]:
    """Put first what is still to come, the soonest on top; then what has been, the latest first."""
    by_start = sorted(marked, key=lambda each: (each[0].start_at, each[0].pk))
    ahead = [each for each in by_start if each[0].start_at >= now]
    return ahead + [each for each in reversed(by_start) if each[0].start_at < now]


def _by_site(bookings: list[Booking]) -> list[SiteAhead]:
    """Group bookings by site; the site where something happens next comes first."""
    first: dict[int, int] = {}
    for place, booking in enumerate(bookings):
        first.setdefault(booking.location_id, place)
    ordered = sorted(enumerate(bookings), key=lambda each: (first[each[1].location_id], each[0]))
    groups = groupby((booking for _place, booking in ordered), lambda each: each.location_id)
    found = [list(group) for _pk, group in groups]
    return [SiteAhead(group[0].location, group) for group in found]
