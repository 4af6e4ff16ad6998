"""What is said of a charge point, or of a site, for thirty days: use, waits, no-shows, faults."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Avg, DurationField, ExpressionWrapper, F, QuerySet
from django.utils.dates import WEEKDAYS_ABBR

from bookings.models import Booking, BookingRequest
from charging.models import Session
from drivers.models import Fleet
from maintenance.models import Occupancy, StatusEntry
from maintenance.selectors import FAULTED, RECENT, Record, records_of
from maintenance.use import Stay, Use, use_of
from maintenance.wording import Explained, status_text
from sites.models import ChargePoint, Location

MOST_EVENTS = 50
# Four shades and none: what a cell shows beside its number.
SHADES = 4


@dataclass(frozen=True, slots=True)
class Cell:
    """An hour of the week: minutes in use, and how dark it is drawn (0 to 4)."""

    minutes: int
    shade: int


@dataclass(frozen=True, slots=True)
class Happening:
    """A line of the log, in words."""

    at: datetime
    where: str
    status: str
    text: str
    what_helps: str


@dataclass(frozen=True, slots=True)
class Bookings:
    """What became of bookings: how many, no-shows, and how long decisions took on average."""

    number: int
    no_shows: int
    mean_wait: timedelta | None


@dataclass(frozen=True, slots=True)
class Statistics:
    """Thirty days at a glance."""

    use: Use
    weekdays: list[tuple[str, list[Cell]]]
    bookings: Bookings
    faults: int | None = None
    uptime: Decimal | None = None


def of_charge_point(charge_point: ChargePoint, record: Record, *, now: datetime) -> Statistics:
    """Return what a charge point did, for those who own or run it: of all who use it."""
    since = now - RECENT
    rows = Occupancy.objects.filter(
        evse__charge_point=charge_point, started_at__gte=since, started_at__lt=now
    )
    bookings = Booking.objects.filter(evse__charge_point=charge_point)
    return _statistics(
        _stays(rows),
        bookings,
        zone=charge_point.location.zone,
        now=now,
        faults=record.faults,
        uptime=record.uptime,
    )


def of_site(location: Location, fleet: Fleet, *, now: datetime) -> Statistics:
    """Return what a fleet did at a site."""
    rows = Session.objects.filter(
        fleet=fleet, location=location, started_at__gte=now - RECENT, started_at__lt=now
    )
    bookings = Booking.objects.filter(fleet=fleet, location=location)
    return _statistics(_stays(rows), bookings, zone=location.zone, now=now)


def of_whole_site(location: Location, *, now: datetime) -> Statistics:
    """Return what went on at a site, for staff: of all, at the charge points that are read."""
    since = now - RECENT
    rows = Occupancy.objects.filter(
        evse__charge_point__location=location, started_at__gte=since, started_at__lt=now
    )
    followed = ChargePoint.objects.filter(location=location, health__isnull=False)
    records = records_of(list(followed), now=now)
    bookings = Booking.objects.filter(evse__charge_point__location=location)
    known = [one.uptime for one in records if one.uptime is not None]
    return _statistics(
        _stays(rows),
        bookings,
        zone=location.zone,
        now=now,
        faults=sum(one.faults for one in records),
        uptime=sum(known, Decimal(0)) / len(known) if known else None,
    )


def happenings(charge_point: ChargePoint) -> list[Happening]:
    """Return the latest faults and lost connections of a charge point, the newest first."""
    entries = list(
        StatusEntry.objects.filter(charge_point=charge_point)
        .exclude(status__in=("available", "charging", "preparing", "finishing", "reserved"))
        .select_related("evse")
        .order_by("-at", "-pk")[:MOST_EVENTS]
    )
    explained = Explained(entries)
    return [
        Happening(
            at=one.at,
            where=one.evse.name if one.evse else "",
            status=status_text(one.status),
            text=explained.fault_text(one) if one.status == FAULTED else "",
            what_helps=explained.what_helps(one) if one.status == FAULTED else "",
        )
        for one in entries
    ]


def _stays(rows: "QuerySet[Any]") -> Iterable[Stay]:
    return [Stay(*row) for row in rows.values_list("started_at", "stopped_at", "energy_kwh")]


def _statistics(
    stays: Iterable[Stay],
    bookings: "QuerySet[Booking]",
    *,
    zone: ZoneInfo,
    now: datetime,
    faults: int | None = None,
    uptime: Decimal | None = None,
) -> Statistics:
    since = now - RECENT
    use = use_of(stays, zone=zone, since=since, until=now)
    return Statistics(
        use=use,
        weekdays=_cells(use),
        bookings=_bookings(bookings.filter(start_at__gte=since, start_at__lt=now)),
        faults=faults,
        uptime=uptime,
    )


def _cells(use: Use) -> list[tuple[str, list[Cell]]]:
    most = use.busiest
    return [
        (
            str(WEEKDAYS_ABBR[weekday]),
            [
                Cell(
                    minutes=round(minutes),
                    shade=-int(-minutes * SHADES // most) if most and minutes else 0,
                )
                for minutes in hours
            ],
        )
        for weekday, hours in enumerate(use.minutes)
    ]


def _bookings(bookings: "QuerySet[Booking]") -> Bookings:
    statuses: Collection[str] = list(bookings.order_by().values_list("status", flat=True))
    decided = BookingRequest.objects.filter(
        booking__in=bookings,
        kind=BookingRequest.Kind.CREATE,
        status__in=(BookingRequest.Status.APPROVED, BookingRequest.Status.REJECTED),
        settled_at__isnull=False,
    )
    wait = ExpressionWrapper(F("settled_at") - F("created_at"), output_field=DurationField())
    return Bookings(
        number=len(statuses),
        no_shows=sum(status == Booking.Status.NO_SHOW for status in statuses),
        mean_wait=decided.aggregate(mean=Avg(wait))["mean"],
    )
