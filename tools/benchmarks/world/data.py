"""People, pending requests, and bookings by the million."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from accounts.models import User
from ampeco.client import AmpecoClient
from bookings.models import Booking, BookingRequest, BookingRequestEvent
from drivers.models import Driver, Fleet, FleetMembership
from drivers.sync import sync_fleet_drivers
from mirror.migration_lock import without_limits
from notifications.models import Notification
from sandbox.world.cast import HUDSON, PARTNERS, RHONE
from sites.models import Evse, Location
from sync.operator_requests import new_booking_request

COLUMNS = (
    *("uid", "fleet_id", "driver_id", "location_id", "evse_id", "start_at", "end_at"),
    *("reference", "reference_key", "status", "needs_attention", "ampeco_booking_id"),
    *("slot_key", "created_at", "changed_at", "open_change", "made_elsewhere"),
    *("version", "link_generation"),
)
FOREIGN_KEYS_SQL = """
SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE conrelid = 'bookings_booking'::regclass AND contype = 'f'
"""
INDEXES_SQL = """
SELECT indexname, indexdef FROM pg_indexes
WHERE tablename = 'bookings_booking' AND indexname NOT IN (SELECT conname FROM pg_constraint)
"""
# One begins after the other, two hours long.
APART = timedelta(seconds=90)
LENGTH = timedelta(hours=2)
# How many of those before now may still need attention.
RECENT = 50_000


@dataclass(frozen=True, slots=True)
class People:
    """A fleet with many rows and its manager, and one with few."""

    fleet: Fleet
    manager: User
    small_fleet: Fleet
    small_manager: User


def make_people(*, client: AmpecoClient) -> People:
    made: list[tuple[Fleet, User]] = []
    for partner_id in (HUDSON, RHONE):
        fleet = Fleet.objects.create(name=PARTNERS[partner_id], ampeco_partner_id=partner_id)
        user = User.objects.create_user(f"manager@{partner_id}.example")
        FleetMembership.objects.create(fleet=fleet, user=user)
        sync_fleet_drivers(fleet, client=client)
        made.append((fleet, user))
    return People(*made[0], *made[1])


def enabled_drivers(fleet: Fleet) -> list[Driver]:
    return list(fleet.drivers.filter(status=Driver.Status.ENABLED).order_by("pk"))


def evses_elsewhere(site: Location) -> Iterator[Evse]:
    evses = Evse.objects.exclude(charge_point__location=site)
    yield from evses.select_related("charge_point__location").order_by("pk")


def make_pending(
    *, fleet: Fleet, manager: User, client: AmpecoClient, evses: Iterator[Evse], count: int
) -> list[BookingRequest]:
    """Ask the operator for bookings in three days, each of another EVSE, and keep them as rows."""
    now = timezone.now()
    start_at = now.replace(minute=0, second=0, microsecond=0) + timedelta(days=3)
    drivers = enabled_drivers(fleet)
    requests = []
    for number, evse in enumerate(islice(evses, count)):
        driver = drivers[number % len(drivers)]
        booking = Booking(
            fleet=fleet,
            driver=driver,
            location=evse.charge_point.location,
            evse=evse,
            start_at=start_at,
            end_at=start_at + timedelta(hours=1),
            reference=f"Pending {number}",
            reference_key=f"PENDING {number}",
            slot_key=f"{driver.pk}|{evse.pk}",
            created_by=manager,
        )
        request = BookingRequest(
            booking=booking,
            status=BookingRequest.Status.PENDING,
            driver=driver,
            location=booking.location,
            evse=evse,
            start_at=booking.start_at,
            end_at=booking.end_at,
            created_by=manager,
            send_started_at=now,
        )
        answer = client.create_booking_request(new_booking_request(request))
        request.ampeco_request_id, request.sent_at = answer.id, answer.created_at
        requests.append(request)
    Booking.objects.bulk_create([request.booking for request in requests])
    BookingRequest.objects.bulk_create(requests)
    BookingRequestEvent.objects.bulk_create(
        BookingRequestEvent(request=request, to_status=status, actor=actor)
        for request in requests
        for status, actor in (("queued", "manager"), ("pending", "operator"))
    )
    return requests


def make_long_history(request: BookingRequest) -> None:
    """Give a request more lines of history and more mails than a real one will ever have."""
    BookingRequestEvent.objects.bulk_create(
        BookingRequestEvent(request=request, to_status="pending", actor="operator", note=f"{n}")
        for n in range(40)
    )
    Notification.objects.bulk_create(
        Notification(
            request=request,
            booking=request.booking,
            kind=Notification.Kind.APPROVED,
            audience=Notification.Audience.MANAGER,
            recipient_email=f"reader{n}@fleet.example",
            state=Notification.State.SENT,
            sent_at=timezone.now(),
        )
        for n in range(20)
    )


def make_bookings(*, fleet: Fleet, count: int, upcoming: int) -> None:
    """Insert `count` bookings of a fleet, one each 90 seconds, the last `upcoming` yet to come."""
    drivers = [driver.pk for driver in enabled_drivers(fleet)]
    evses = Evse.objects.order_by("pk")
    places = list(evses.values_list("charge_point__location_id", "pk"))
    rows = booking_rows(fleet, drivers, places, count=count, past=count - upcoming)
    columns = ", ".join(COLUMNS)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with (
                without_limits(connection),
                without_indexes(),
                cursor.copy(f"COPY bookings_booking ({columns}) FROM STDIN") as copy,
            ):
                for row in rows:
                    copy.write_row(row)
            cursor.execute("VACUUM ANALYZE")
        else:
            marks = ", ".join(["%s"] * len(COLUMNS))
            with transaction.atomic():
                for row in rows:
                    cursor.execute(
                        f"INSERT INTO bookings_booking ({columns}) VALUES ({marks})", row
                    )
            cursor.execute("ANALYZE")


def booking_rows(
    fleet: Fleet, drivers: list[int], places: list[tuple[int, int]], *, count: int, past: int
) -> Iterator[tuple[Any, ...]]:
    """Yield rows as the database takes them, in the order of COLUMNS; makes no query itself.

    `places` are the keys of locations and of EVSEs there.
    """
    now = timezone.now().replace(second=0, microsecond=0)
    instant = connection.ops.adapt_datetimefield_value
    for number in range(count):
        start_at = now + (number - past) * APART
        uid = uuid.uuid4()
        rejected = number % 1000 == 0
        yield (
            uid if connection.features.has_native_uuid_field else uid.hex,
            fleet.pk,
            drivers[number % len(drivers)],
            *places[number % len(places)],
            instant(start_at),
            instant(start_at + LENGTH),
            f"Job-{number}",
            f"JOB-{number}",
            "rejected" if rejected else status_of(number, past=number < past),
            rejected and number >= past - RECENT,
            1_000_000 + number,
            "",
            instant(now),
            instant(now),
            "",
            False,
            0,
            0,
        )


def status_of(number: int, *, past: bool) -> str:
    if not past:
        return "accepted"
    return "cancelled" if number % 20 == 1 else "completed"


@contextmanager
def without_indexes() -> Iterator[None]:
    """Drop the bookings' indexes and foreign keys and make them again, which halves the time."""
    with connection.cursor() as cursor:
        cursor.execute(FOREIGN_KEYS_SQL)
        keys = cursor.fetchall()
        cursor.execute(INDEXES_SQL)
        indexes = cursor.fetchall()
        for name, _ in keys:
            cursor.execute(f'ALTER TABLE bookings_booking DROP CONSTRAINT "{name}"')
        for name, _ in indexes:
            cursor.execute(f'DROP INDEX "{name}"')
        yield
        for _, definition in indexes:
            cursor.execute(definition)
        for name, definition in keys:
            cursor.execute(f'ALTER TABLE bookings_booking ADD CONSTRAINT "{name}" {definition}')
