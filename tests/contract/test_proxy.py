"""The whole portal through a proxy that holds every call and answer to the vendor's document."""

import uuid
from datetime import timedelta

import httpx
import pytest
from django.db.models import F
from django.utils.timezone import now

from ampeco.connection import get_client
from bookings import tasks
from bookings.models import Booking, BookingRequest, ChargingSession
from drivers.models import Driver
from drivers.tasks import sync_drivers
from mirror.models import SyncRun
from sandbox.app import create_app
from sandbox.world import cast
from sandbox.world.build import build_world
from sites.models import Evse
from sites.tasks import sync_sites
from tests.contract.checker import ContractChecker
from tests.contract.proxy import ValidatingProxy, served
from tests.factories import next_noon

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
# What a life takes, by the document's names; tests/ampeco/test_contract.py has the rest.
ASKED_FOR = {
    "bookingRead",
    "bookingRequestCreate",
    "bookingRequestRead",
    "bookingRequestsListing",
    "bookingsListing",
    "chargePointEvsesListing",
    "chargePointsListing",
    "evsesListing",
    "locationCheckBookingAvailability",
    "locationsListing",
    "sessionRead",
    "sessionsListing",
    "usersListing",
}


@pytest.fixture
def world():
    """The default world, in which a person decides."""
    world = build_world(now=now())
    world.manual = True
    return world


@pytest.fixture
def checker():
    return ContractChecker()


@pytest.fixture
def proxy(world, checker, settings):
    """The proxy, with the portal's own client sent through it."""
    with served(create_app(world, token=settings.AMPECO_API_TOKEN)) as operator:
        proxy = ValidatingProxy(operator, checker)
        with served(proxy) as address:
            settings.AMPECO_BASE_URL = f"{address}/public-api"
            proxy.address = settings.AMPECO_BASE_URL
            yield proxy


class Life:
    """What a manager does in the browser, and the workers after it."""

    def __init__(self, client, world) -> None:
        self.client = client
        self.world = world

    def mirror(self, *, full: bool) -> None:
        """Read sites and drivers, as if some time had passed since that was done last."""
        SyncRun.objects.update(started_at=F("started_at") - HOUR)
        sync_sites(full=full)
        sync_drivers()

    def post(self, path: str, **data):
        answer = self.client.post(path, {"submission_key": uuid.uuid4(), **data})
        assert answer.status_code == 302, answer.content.decode()
        return answer

    def book(self, evse, start, driver, *, perhaps_sent: bool = False, **extra) -> Booking:
        """Ask for a booking in the form, and have it approved.

        With `perhaps_sent` a worker has died while it was sending it.
        """
        slot = {
            "site": evse.charge_point.location_id,
            "evse": evse.pk,
            "start": f"{start:%Y-%m-%dT%H:%M:%SZ}",
            "minutes": 60,
        }
        assert self.client.get("/bookings/new/", slot | extra).status_code == 200
        self.post("/bookings/new/", **slot, **extra, driver=driver.pk, reference="Job 7")
        if perhaps_sent:
            BookingRequest.objects.filter(status="queued").update(send_started_at=now() - HOUR)
            # It is looked for before it is sent again.
            self.work()
        self.decided()
        return Booking.objects.latest("pk")

    def decided(self) -> None:
        """Have the workers send what is asked, the operator decide it, and the workers notice."""
        self.work()
        for request in list(self.world.requests.values()):
            self.world.decide(request)
        self.work()

    def work(self) -> None:
        """Run every sweep once over all that it is ever about."""
        minute_ago = now() - timedelta(minutes=1)
        SyncRun.objects.update(started_at=F("started_at") - HOUR)
        BookingRequest.objects.update(next_attempt_at=minute_ago)
        Booking.objects.update(changed_at=F("changed_at") - timedelta(minutes=2))
        Booking.objects.exclude(refresh_at=None).update(refresh_at=minute_ago)
        ChargingSession.objects.exclude(refresh_at=None).update(refresh_at=minute_ago)
        tasks.submit_requests()
        tasks.sweep_queued()
        tasks.poll_requests()
        tasks.refresh_bookings()
        tasks.sync_bookings()
        tasks.refresh_sessions()


@pytest.fixture
def life(as_manager, world, fleet):
    return Life(as_manager, world)


def test_the_whole_life_of_bookings_breaks_no_rule_of_the_contract(
    life, world, proxy, checker, as_manager, fleet
):
    world.evse_list_forbidden = True
    life.mirror(full=True)
    world.evse_list_forbidden = False
    life.mirror(full=False)
    evse, other = Evse.objects.filter(
        charge_point__location__ampeco_id=101,
        charge_point__type="public",
        booking_enabled=True,
        status="enabled",
    ).select_related("charge_point__location")[:2]
    site = evse.charge_point.location
    driver = Driver.objects.filter(ampeco_user_id=cast.ANA.id).get()
    assert as_manager.get(f"/sites/{site.pk}/").status_code == 200
    assert as_manager.get(f"/sites/{site.pk}/availability/").status_code == 200
    as_manager.post("/drivers/add/", {"email": "nobody@hudson.example"})
    as_manager.post("/drivers/add/", {"email": cast.PENDING.email})

    start = next_noon()
    first = life.book(evse, start, driver)
    assert first.status == "accepted"
    first.refresh_from_db()
    local = (start + 2 * HOUR).astimezone(site.zone)
    life.post(
        f"/bookings/{first.pk}/change/",
        day=f"{local:%Y-%m-%d}",
        time=f"{local:%H:%M}",
        minutes=90,
        driver=driver.pk,
        version=first.version,
    )
    life.decided()
    first.refresh_from_db()
    assert (first.start_at, first.open_change) == (start + 2 * HOUR, "")

    moved = life.book(other, start, driver, move=first.pk, version=first.version)
    life.decided()
    first.refresh_from_db()
    assert (moved.status, first.status) == ("accepted", "cancelled")
    world.move_booking(
        world.bookings[moved.ampeco_booking_id], start_at=start + HOUR, end_at=start + 2 * HOUR
    )
    life.work()
    moved.refresh_from_db()
    assert moved.start_at == start + HOUR
    life.post(f"/bookings/{moved.pk}/cancel/", version=moved.version)
    life.decided()
    moved.refresh_from_db()
    assert moved.status == "cancelled"

    charged = life.book(evse, start, driver, perhaps_sent=True)
    theirs = world.bookings[charged.ampeco_booking_id]
    session = world.start_session(theirs)
    # At first the booking does not name its session, which is then looked for.
    theirs.session_id = None
    world.set_booking_status(theirs, "completed")
    life.work()
    life.work()
    assert ChargingSession.objects.get().ampeco_session_id == str(session.id)

    assert proxy.violations == []
    assert checker.operations >= ASKED_FOR
    assert proxy.passed > len(ASKED_FOR)


def test_the_proxy_notices_what_breaks_the_contract(proxy, world, settings):
    list(get_client().find_users_by_email(cast.ANA.email))
    assert (proxy.passed, proxy.violations) == (1, [])
    token = {"Authorization": f"Bearer {settings.AMPECO_API_TOKEN}"}
    with httpx.Client(base_url=proxy.address, headers=token) as http:
        http.get("resources/users/v1.0", params={"filter[mail]": cast.ANA.email})
        assert "the query parameter filter[mail] is unknown" in proxy.violations.pop(0)
        proxy.violations.clear()
        http.post("resources/booking-requests/v1.0", json={"type": "create", "userId": "42"})
        assert any("userId" in violation for violation in proxy.violations)
        proxy.violations.clear()
        for booking in world.bookings.values():
            booking.status = "beyond belief"
        http.get("resources/bookings/v1.0")
        assert any("beyond belief" in violation for violation in proxy.violations)
