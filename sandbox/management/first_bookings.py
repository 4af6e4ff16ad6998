"""The bookings that the demo begins with, from yesterday until tomorrow.

What lies ahead is asked for and decided as always. What has happened already no operator would
take: both sides get it as they would have it by now, and the portal reads the rest.
"""

import json
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from typing import Any
from urllib.parse import urljoin
from urllib.request import Request, urlopen
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction

from accounts.models import User
from ampeco.connection import get_client
from bookings.actions.candidate import BookingRefused, Candidate, Slot
from bookings.actions.create import submit_booking_request
from bookings.models import Actor, Booking, BookingEvent, BookingRequest, BookingRequestEvent
from bookings.models.booking import reference_key
from drivers.models import Fleet
from drivers.permissions import current_drivers, private_partner_ids
from sandbox.world.cast import HUDSON, RHONE
from sites.models import Evse
from sites.periods import next_step
from sites.selectors import Criteria, visible_locations
from sites.slots.availability import AvailabilityUnknown, free_evses
from sync import refresh, sessions, submission
from vehicles.fitting import misfit
from vehicles.models import Vehicle
from vehicles.selectors import current_vehicles

Times = Callable[[datetime, ZoneInfo], tuple[datetime, datetime]]
Control = Callable[[str, dict[str, Any]], dict[str, Any]]

# How long before their start those were asked for whose time has come.
AHEAD = timedelta(hours=20)
DECIDED_WITHIN = timedelta(minutes=4)
# How long after the start the portal would have read it.
NOTICED_AFTER = {
    "completed": timedelta(minutes=4),
    "no-show": timedelta(minutes=16),
    "reserved": timedelta(minutes=-9),
}
REASON = "The car park is closed for repairs on that day."


def on_day(days: int, clock: str, *, hours: float) -> Times:
    """Return a stretch that begins at a time of the site's clock, so many days from today."""

    def times(now: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
        day = now.astimezone(zone).date() + timedelta(days=days)
        start_at = datetime.combine(day, time.fromisoformat(clock), zone).astimezone(UTC)
        return start_at, start_at + timedelta(hours=hours)

    return times


def from_now(minutes: int, *, hours: float) -> Times:
    def times(now: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:  # noqa: ARG001
        start_at = next_step(now.astimezone(UTC) + timedelta(minutes=minutes))
        return start_at, start_at + timedelta(hours=hours)

    return times


@dataclass(frozen=True, slots=True)
class Seed:
    """One booking. By its name a later start of the demo knows that it has been made.

    `happened` is the operator's status of what lies behind us; what lies ahead is decided
    `after_seconds`, with a `reason` against it. Who charges `slowly` does so for hours. One that is
    "reserved" waits for somebody who starts the charge from afar.
    """

    name: str
    times: Times
    happened: str = ""
    after_seconds: int = 0
    reason: str | None = None
    slowly: bool = False


SEEDS = (
    Seed("charged", on_day(-1, "11:00", hours=2), happened="completed"),
    Seed("missed", on_day(-1, "16:00", hours=1), happened="no-show"),
    Seed("charging", from_now(-45, hours=3), happened="completed", slowly=True),
    Seed("waiting", from_now(-15, hours=2), happened="reserved"),
    Seed("soon", from_now(60, hours=2)),
    Seed("undecided", from_now(180, hours=1.5), after_seconds=15 * 60),
    Seed("morning", on_day(1, "09:00", hours=2)),
    Seed("refused", on_day(1, "14:00", hours=2), reason=REASON),
    Seed("overnight", on_day(1, "21:00", hours=9)),
)
# In the order of the seeds: whom each is for, by the operator's id, where, and its reference.
Role = tuple[int, str, str]
FLEETS: dict[int, tuple[Role, ...]] = {
    HUDSON: (
        (7002, "Geneva Town Hall", "Route 12"),
        (7007, "Clarence Travel Plaza", "Route 7"),
        (7001, "Hudson Parcel Depot", "Van 14"),
        (7008, "Queens Center Mall", "Van 24"),
        (7003, "Shops at Skyview", "CC 4711"),
        (7012, "Queens Center Mall", "Van 18"),
        (7002, "Plattekill Service Area", "Route 12"),
        (7010, "Clarence Travel Plaza", "CC 4711"),
        (7006, "Delancey and Essex", "Night tour 3"),
    ),
    RHONE: (
        (7022, "Gevrey-Chambertin", "Ligne 4"),
        (7025, "Malataverne", "Ligne 9"),
        (7021, "Rhône Fret Depot", "Camion 12"),
        (7030, "Lille Lesquin", "Ligne 6"),
        (7023, "Béziers", "Ligne 2"),
        (7024, "Lille Lesquin", "Camion 5"),
        (7026, "Perpignan", "Ligne 2"),
        (7027, "Reims", "Ligne 4"),
        (7028, "Lille Lesquin", "Nuit 3"),
    ),
}


def tell_operator(path: str, body: dict[str, Any]) -> dict[str, Any]:
    """Pull one of the simulated operator's strings, and return its answer."""
    url = urljoin(settings.AMPECO_BASE_URL, f"/control/{path}")
    headers = {"Content-Type": "application/json"}
    call = Request(url, data=json.dumps(body).encode(), headers=headers)  # noqa: S310
    with urlopen(call, timeout=20) as answer:  # noqa: S310
        told: dict[str, Any] = json.load(answer)
    return told


def make_first_bookings(
    fleet: Fleet, manager: User, *, now: datetime, control: Control = tell_operator
) -> int:
    """Make those of a fleet's first bookings that were never made; return how many those are."""
    made = 0
    for seed, (driver_id, site, reference) in zip(
        SEEDS, FLEETS[fleet.ampeco_partner_id], strict=True
    ):
        wish = Wish(
            seed=seed,
            user=manager,
            reference=reference,
            key=uuid.uuid5(uuid.NAMESPACE_OID, f"{fleet.ampeco_partner_id}/{seed.name}"),
            control=control,
        )
        driver = current_drivers(fleet).filter(ampeco_user_id=driver_id).first()
        if driver is None or BookingRequest.objects.filter(submission_key=wish.key).exists():
            continue
        made += any(
            wish.fulfil(Candidate(fleet=fleet, slot=slot, driver=driver, now=now))
            for slot in _slots(fleet, seed, site=site, now=now)
        )
    sessions.refresh_sessions(client=get_client())
    return made


def _slots(fleet: Fleet, seed: Seed, *, site: str, now: datetime) -> Iterator[Slot]:
    seen = visible_locations(partner_ids=private_partner_ids(fleet)).order_by("name")
    for location in (*seen.filter(name__contains=site), *seen.exclude(name__contains=site)):
        yield Slot(location, None, Criteria(), *seed.times(now, location.zone))


@dataclass(frozen=True, slots=True)
class Wish:
    """A seed for a fleet: who asks for it, and what the fleet calls it."""

    seed: Seed
    user: User
    reference: str
    key: uuid.UUID
    control: Control

    def fulfil(self, candidate: Candidate) -> bool:
        """Make the booking where a charger is free for it; return whether one was.

        In one transaction, so that nobody sees half of it: neither the walk that looks for what was
        booked elsewhere, nor a worker that would send what is not planned yet.
        """
        slot = candidate.slot
        evses = candidate.usable_chargers
        begins = max(slot.start_at, next_step(candidate.now))
        if begins < slot.end_at:
            try:
                evses = free_evses(slot.location, evses=evses, start_at=begins, end_at=slot.end_at)
            except AvailabilityUnknown:
                return False
        if not evses:
            return False
        if self.seed.slowly:
            evses = sorted(evses, key=lambda each: each.max_power_kw or 0)
        vehicle = _usual_vehicle(candidate, evses[0])
        candidate = replace(candidate, slot=replace(slot, evse=evses[0]), vehicle=vehicle)
        if self.seed.happened:
            with transaction.atomic():
                self._let_have_happened(candidate, evses[0])
            return True
        try:
            with transaction.atomic():
                self._ask(candidate)
        except BookingRefused:
            return False
        submission.submit_due(client=get_client())
        return True

    def _ask(self, candidate: Candidate) -> None:
        request = submit_booking_request(
            candidate, user=self.user, reference=self.reference, submission_key=self.key
        ).request
        plan = {"afterSeconds": self.seed.after_seconds, "reason": self.seed.reason}
        self.control("plans", {"externalId": str(request.external_id), **plan})

    def _let_have_happened(self, candidate: Candidate, evse: Evse) -> None:
        slot = candidate.slot
        assert candidate.driver is not None
        asked_at = slot.start_at - AHEAD
        decided_at = asked_at + DECIDED_WITHIN
        place: dict[str, Any] = {
            "driver": candidate.driver,
            "location": slot.location,
            "evse": evse,
            "start_at": slot.start_at,
            "end_at": slot.end_at,
            "created_by": self.user,
            "created_at": asked_at,
        }
        booking = Booking.objects.create(
            fleet=candidate.fleet,
            reference=self.reference,
            reference_key=reference_key(self.reference),
            status=Booking.Status.ACCEPTED,
            changed_at=decided_at,
            vehicle=candidate.vehicle,
            **place,
        )
        request = BookingRequest.objects.create(
            booking=booking,
            submission_key=self.key,
            status=BookingRequest.Status.APPROVED,
            sent_at=asked_at,
            settled_at=decided_at,
            next_attempt_at=decided_at,
            **place,
        )
        told = self.control(
            "bookings",
            {
                "userId": candidate.driver.ampeco_user_id,
                "evseId": evse.ampeco_id,
                "startAt": slot.start_at.isoformat(),
                "endAt": slot.end_at.isoformat(),
                "externalId": str(request.external_id),
                "askedAt": asked_at.isoformat(),
                "status": self.seed.happened,
                "waitsForStart": self.seed.happened == "reserved",
            },
        )
        BookingRequest.objects.filter(pk=request.pk).update(ampeco_request_id=told["requestId"])
        Booking.objects.filter(pk=booking.pk).update(
            ampeco_booking_id=told["id"], refresh_at=candidate.now
        )
        _write_history(request, user=self.user, decided_at=decided_at)
        refresh.refresh_due(client=get_client())
        # It is read now, but that is not when it was so.
        noticed_at = slot.start_at + NOTICED_AFTER[self.seed.happened]
        BookingEvent.objects.filter(booking=booking).update(at=noticed_at)


def _usual_vehicle(candidate: Candidate, evse: Evse) -> Vehicle | None:
    """Return what the driver usually drives, if it fits there."""
    vehicles = current_vehicles(candidate.fleet).filter(usual_driver=candidate.driver)
    return next((each for each in vehicles if not misfit(each, evse)), None)


def _write_history(request: BookingRequest, *, user: User, decided_at: datetime) -> None:
    status = BookingRequest.Status
    for at, old, new, actor in (
        (request.created_at, "", status.QUEUED, Actor.MANAGER),
        (request.created_at, status.QUEUED, status.PENDING, Actor.PORTAL),
        (decided_at, status.PENDING, status.APPROVED, Actor.OPERATOR),
    ):
        BookingRequestEvent.objects.create(
            request=request,
            at=at,
            from_status=old,
            to_status=new,
            actor=actor,
            user=user if actor == Actor.MANAGER else None,
        )
