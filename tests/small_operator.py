"""A site mirrored from the simulated operator, a driver of the fleet, and workers run by hand."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from django.core.cache import cache
from django.db.models import F
from django.utils.timezone import now

from bookings.actions.candidate import Candidate, Slot
from bookings.actions.create import Submission, submit_booking_request
from bookings.actions.together import Wish, save_together
from bookings.models import Booking, BookingRequest, ChargingSession
from drivers.models import Driver
from mirror.models import SyncRun
from notifications import delivery
from sandbox.world import cast
from sandbox.world.records import ChargePoint, Connector, Location
from sandbox.world.records import Evse as Charger
from sandbox.world.world import World
from sites.mirroring import full_walk
from sites.models import Evse
from sites.models import Location as Site
from sites.selectors import Criteria
from sites.slots.availability import cache_key, window_for
from sync import polling, refresh, sessions, submission
from sync.full_walk import sync_bookings
from tests.database import remembering
from tests.factories import BookingFactory, next_noon


@pytest.fixture
def operator_world() -> World:
    """A small operator: one site in New York with two chargers, and the demo's people."""
    from sandbox.world.build import _add_person

    world = World()
    world.clock.freeze(now())
    world.partners.update(cast.PARTNERS)
    for person in cast.PEOPLE:
        _add_person(world, person)
    long_ago = now() - timedelta(days=30)
    world.add_location(
        Location(101, {"en": "Pier 40"}, "US", 40.7, -74.0, "America/New_York", long_ago)
    )
    world.add_charge_point(ChargePoint(201, "CP-1", 101, long_ago))
    for pk, plug, power in ((301, "ccs1", 150), (302, "j1772", 11)):
        world.add_evse(
            Charger(
                pk,
                201,
                f"REF-{pk}",
                f"Bay {pk}",
                "dc" if plug == "ccs1" else "ac",
                power,
                [Connector(pk * 10, plug)],
                long_ago,
            )
        )
    world.manual = True
    return world


@pytest.fixture
def mirrored(fleet, operator, ampeco_client):
    """The operator's site and the fleet's drivers, mirrored."""
    remembering.mirror(operator, fleet, ampeco_client)


@pytest.fixture
def evse(mirrored) -> Evse:
    return Evse.objects.select_related("charge_point__location").get(ampeco_id=301)


@pytest.fixture
def driver(mirrored) -> Driver:
    return Driver.objects.get(ampeco_user_id=cast.ANA.id)


@pytest.fixture
def slot(evse) -> Slot:
    return slot_of(evse, next_noon())


@pytest.fixture
def any_slot(evse) -> Slot:
    start = next_noon()
    return Slot(evse.charge_point.location, None, Criteria("dc"), start, start + timedelta(hours=1))


def next_hour() -> datetime:
    return now().replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)


def slot_of(evse: Evse, start: datetime, **length: int) -> Slot:
    return Slot(
        evse.charge_point.location,
        evse,
        Criteria(),
        start,
        start + timedelta(**(length or {"hours": 1})),
    )


@dataclass
class Asker:
    """Asks for bookings as a manager does."""

    fleet: object
    user: object
    driver: Driver

    def __call__(self, slot: Slot, **changes) -> Submission:
        replaces = changes.pop("replaces", None)
        candidate = Candidate(
            changes.pop("fleet", self.fleet),
            slot,
            changes.pop("driver", self.driver),
            vehicle=changes.pop("vehicle", None),
            previous=replaces,
            moves=replaces is not None,
            confirmed_overlap=changes.pop("confirmed_overlap", True),
        )
        arguments = {"user": self.user, "reference": "", "submission_key": uuid.uuid4()}
        return submit_booking_request(candidate, **(arguments | changes))

    def together(self, slots: Iterable[Slot]) -> None:
        """Ask for many at once, as from a table; costs little more than one."""
        candidates = [Candidate(self.fleet, slot, self.driver) for slot in slots]
        save_together([Wish(one, "", uuid.uuid4()) for one in candidates], user=self.user)


@pytest.fixture
def ask(fleet, manager, driver) -> Asker:
    return Asker(fleet, manager, driver)


@pytest.fixture
def request_row(ask, slot) -> BookingRequest:
    """A request that is saved and not yet sent."""
    return ask(slot).request


@pytest.fixture
def confirmed(request_row, workers, operator) -> Booking:
    """A booking that the operator approved a while ago, at the charger that was asked for."""
    decide_all(operator, workers)
    booking = Booking.objects.select_related("fleet", "driver", "location", "evse").get()
    assert booking.status == Booking.Status.ACCEPTED
    forget_free_times()
    return booking


def lose_answer(operator: World, fault: str = "cut-after") -> None:
    """The answer to the next request is lost, and so are those to the look that follows."""
    operator.faults.add(fault, count=1, method="POST", path="booking-requests")
    operator.faults.add("server-error", count=4, method="GET", path="booking-requests")


def forget_free_times() -> None:
    """As some seconds later: what is free is asked for again."""
    for location in Site.objects.all():
        days = (now().date() + timedelta(days=offset) for offset in range(-1, 30))
        windows = {window_for(day, zone=location.zone, now=now()) for day in days}
        cache.delete_many([cache_key(location, window) for window in windows])


def decide_pending(operator: World, reason: str = "") -> None:
    """Let the operator approve all that is undecided, or reject it for a reason."""
    for asked in list(operator.requests.values()):
        if asked.status == "pending":
            operator.reject(asked, reason) if reason else operator.decide(asked)


def decide_all(operator: World, workers: "Workers", reason: str = "") -> None:
    """Send what is queued, let the operator decide all of it, and let the portal hear of it."""
    workers.submit()
    decide_pending(operator, reason)
    workers.poll()


def add_pier_8(operator: World, ampeco_client) -> None:
    """Mirror a second site, within 6 km of the first, with one charger."""
    ago = now() - timedelta(days=1)
    operator.add_location(
        Location(102, {"en": "Pier 8"}, "US", 40.75, -74.0, "America/New_York", ago)
    )
    operator.add_charge_point(ChargePoint(202, "CP-2", 102, ago))
    operator.add_evse(
        Charger(303, 202, "REF-303", "Bay 303", "dc", 150, [Connector(3030, "ccs1")], ago)
    )
    full_walk.sync_sites(client=ampeco_client, full=True)


def let_a_minute_pass() -> None:
    """What is read right after our own change may be older than it, and is left alone."""
    Booking.objects.update(changed_at=F("changed_at") - timedelta(minutes=1))


@dataclass
class Workers:
    """The sweeps, run by hand, each as often as a test says."""

    client: object

    def submit(self) -> None:
        BookingRequest.objects.filter(status="queued").update(next_attempt_at=now())
        submission.submit_due(client=self.client)

    def poll(self) -> int:
        BookingRequest.objects.filter(status__in=["pending", "stale"]).update(next_attempt_at=now())
        return polling.poll_due(client=self.client)

    def refresh(self) -> int:
        """Read what is due; what has changed a moment ago counts as changed a minute ago."""
        let_a_minute_pass()
        return refresh.refresh_due(client=self.client)

    def refresh_all(self) -> int:
        """Read all that is followed at all."""
        Booking.objects.filter(refresh_at__isnull=False).update(refresh_at=now())
        return self.refresh()

    def sync(self) -> SyncRun | None:
        let_a_minute_pass()
        return sync_bookings(client=self.client)

    def read_sessions(self) -> int:
        ChargingSession.objects.filter(refresh_at__isnull=False).update(refresh_at=now())
        return sessions.refresh_sessions(client=self.client)

    def send_mails(self) -> int:
        return delivery.deliver_due()


@pytest.fixture
def workers(ampeco_client) -> Workers:
    return Workers(ampeco_client)


@pytest.fixture
def follow(fleet, driver, operator, evse):
    """Make a booking at the operator and ours of it, due now unless said otherwise."""

    def follow(start=None, *, length=timedelta(hours=1), **changes) -> Booking:
        start = start or now() + timedelta(hours=5)
        theirs = operator.add_booking(
            location_id=101,
            evse_id=301,
            start_at=start.replace(microsecond=0),
            end_at=(start + length).replace(microsecond=0),
            user_id=driver.ampeco_user_id,
        )
        values = {
            "fleet": fleet,
            "driver": driver,
            "evse": evse,
            "location": evse.charge_point.location,
            "status": "accepted",
            "ampeco_booking_id": theirs.id,
            "start_at": theirs.start_at,
            "end_at": theirs.end_at,
            "slot_key": "",
            "refresh_at": now(),
            "changed_at": now() - timedelta(hours=1),
        }
        return BookingFactory(**(values | changes))

    return follow
