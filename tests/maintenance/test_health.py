"""How chargers have been doing is read from the operator, and shown to whom it belongs."""

import uuid
from datetime import timedelta

import httpx
import pytest
from django.utils import timezone

from bookings.models import Booking
from maintenance.mirroring import health as reading
from maintenance.mirroring.catalogue import read_catalogue
from maintenance.mirroring.health import MOST_PAGES, OFTEN, SELDOM, SPAN, read_health, want
from maintenance.models import Firmware, Health, Occupancy, StatusEntry, VendorErrorCode
from maintenance.retention import forget_old
from sandbox.world.hardware import FIRMWARE, MODEL_ID, evse_log, network_log
from shell.remembered import forget_everything
from sites.mirroring.full_walk import sync_sites
from sites.models import ChargePoint, Evse
from tests.factories import BookingFactory, EvseFactory, FleetFactory
from upstream.readers import wire_instant

pytestmark = pytest.mark.django_db


@pytest.fixture
def own(operator, ampeco_client):
    """A charge point of the simulated operator that belongs to a fleet; all sites are mirrored."""
    sync_sites(client=ampeco_client, full=True)
    place = ChargePoint.objects.filter(evses__isnull=False).order_by("ampeco_id").first()
    fleet = FleetFactory(ampeco_partner_id=424242)
    ChargePoint.objects.filter(pk=place.pk).update(ampeco_partner_id=fleet.ampeco_partner_id)
    place.refresh_from_db()
    return place


def test_the_charge_points_of_fleets_are_read(operator, ampeco_client, own):
    assert read_health(client=ampeco_client) == 1

    health = Health.objects.get()
    assert (health.charge_point, health.problem) == (own, "")
    assert (health.firmware_version, health.ampeco_model_id) == (FIRMWARE[0][0], MODEL_ID)
    kept = StatusEntry.objects.filter(charge_point=own)
    assert kept.filter(evse=None).count() == len(network_log(operator, own.ampeco_id))
    evse = own.evses.order_by("ampeco_id").first()
    assert kept.filter(evse=evse).count() == len(evse_log(operator, evse.ampeco_id))
    assert health.refresh_at - health.read_at == SELDOM


def test_nothing_is_stored_twice_and_nobody_is_asked_too_early(ampeco_client, own, wire):
    read_health(client=ampeco_client)
    before = StatusEntry.objects.count()
    calls = wire.count()

    assert read_health(client=ampeco_client) == 0
    assert wire.count() == calls

    later = timezone.now() + SELDOM
    assert read_health(client=ampeco_client, now=later) == 1
    assert StatusEntry.objects.count() == before


def test_what_a_token_may_not_read_is_said_to_staff(operator, ampeco_client, own, client, staff):
    operator.forbidden = ["status-logs"]
    read_health(client=ampeco_client)
    assert "may not read status logs" in Health.objects.get().problem
    client.force_login(staff)
    page = client.get(f"/back-office/chargers/{own.pk}/")
    assert "may not read status logs" in page.content.decode()


def test_an_operator_that_fails_is_asked_again_later(ampeco_client, own, wire):
    wire.intercept = lambda request: (
        httpx.Response(500) if "status-logs" in request.url.path else None
    )
    now = timezone.now()
    read_health(client=ampeco_client, now=now)
    health = Health.objects.get()
    assert health.read_at is None
    assert health.problem
    assert health.lease_owner is None
    assert now < health.refresh_at < now + SELDOM


def test_an_evse_that_has_vanished_holds_up_no_others(operator, ampeco_client, own, wire):
    evse = own.evses.order_by("ampeco_id").first()
    # Before the mirror knows, and afterwards.
    for retired_at, problem in (
        (None, "The operator does not know this charger."),
        (timezone.now(), ""),
    ):
        gone = EvseFactory(charge_point=own, ampeco_id=99_001, retired_at=retired_at)
        later = timezone.now() + (SELDOM if retired_at else timedelta(0))
        assert read_health(client=ampeco_client, now=later) == 1
        health = Health.objects.get()
        assert (health.read_at, health.problem) == (later, problem)
        assert StatusEntry.objects.filter(evse=evse).exists()
        gone.delete()
    assert wire.count("evses/v2.0/99001") == 1


def test_a_charge_point_that_has_vanished_is_no_longer_asked_for(ampeco_client, own, wire):
    read_health(client=ampeco_client)
    ChargePoint.objects.filter(pk=own.pk).update(retired_at=timezone.now())
    calls = wire.count()
    assert read_health(client=ampeco_client, now=timezone.now() + SELDOM) == 0
    assert wire.count() == calls


def lengthen(
    wire, path: str, every: timedelta, *, span: timedelta = SPAN, newest_first: bool = False
) -> list[str]:
    """Let the operator give a log with an entry every so often, a hundred a page; return when."""
    now = timezone.now().replace(microsecond=0)
    times = [now - number * every for number in range(1, span // every)]
    rows = [
        {"status": ("available", "charging")[number % 2], "timestamp": wire_instant(at)}
        for number, at in enumerate(times)
    ]
    if not newest_first:
        rows.reverse()

    def intercept(request):
        if path not in request.url.path:
            return None
        wanted = request.url.params
        after = wanted["filter[createdAfter]"]
        told = [row for row in rows if row["timestamp"] > after]
        start = int(wanted.get("cursor") or 0)
        more = str(request.url.copy_set_param("cursor", start + 100))
        links = {"next": more if start + 100 < len(told) else None}
        return httpx.Response(200, json={"data": told[start : start + 100], "links": links})

    wire.intercept = intercept
    return [row["timestamp"] for row in rows]


@pytest.mark.parametrize("newest_first", [False, True])
def test_a_long_log_is_read_to_its_end_a_part_at_a_time(ampeco_client, own, wire, newest_first):
    evse = own.evses.order_by("ampeco_id").first()
    path = f"evses/v2.0/{evse.ampeco_id}/"
    times = lengthen(wire, path, timedelta(hours=1), newest_first=newest_first)
    now = timezone.now()
    most = 0
    for _round in range(5):
        before = wire.count(path)
        read_health(client=ampeco_client, now=now)
        most = max(most, wire.count(path) - before)
    health = Health.objects.get()
    assert (health.read_at, health.refresh_at) == (now, now + SELDOM)
    assert StatusEntry.objects.filter(evse=evse).count() == len(times)
    assert most <= (len(times) // 100 + 1 if newest_first else MOST_PAGES)


def test_a_log_that_tells_too_much_in_an_hour_is_not_read_again_and_again(
    ampeco_client, own, wire, monkeypatch
):
    monkeypatch.setattr(reading, "MOST_PAGES_ANYHOW", 15)
    evse = own.evses.order_by("ampeco_id").first()
    hours = timedelta(hours=4)
    lengthen(wire, f"evses/v2.0/{evse.ampeco_id}/", timedelta(seconds=2), span=hours)
    now = timezone.now()
    Health.objects.create(charge_point=own, read_at=now - timedelta(hours=2), refresh_at=now)
    read_health(client=ampeco_client, now=now)
    assert read_health(client=ampeco_client, now=now) == 0
    assert Health.objects.get().read_at == now


def test_a_log_that_cannot_be_cut_is_not_read_on_without_calls_to_spare(
    ampeco_client, own, wire, monkeypatch
):
    evse = own.evses.order_by("ampeco_id").first()
    path = f"evses/v2.0/{evse.ampeco_id}/"
    lengthen(wire, path, timedelta(hours=1), newest_first=True)
    now = timezone.now()
    monkeypatch.setattr(reading, "has_calls_to_spare", lambda: wire.count(path) < MOST_PAGES)
    assert read_health(client=ampeco_client, now=now) == 0
    assert wire.count(path) == MOST_PAGES
    health = Health.objects.get()
    assert (health.read_at, health.refresh_at, health.lease_owner) == (None, now, None)
    monkeypatch.undo()
    assert read_health(client=ampeco_client, now=now) == 1
    assert Health.objects.get().read_at == now


def test_each_charge_point_has_its_time_and_none_that_another_worker_took(ampeco_client, own, wire):
    """Those before it may have been long."""
    places = list(ChargePoint.objects.filter(evses__isnull=False).distinct().order_by("pk")[:3])
    for number, place in enumerate(places):
        due = timezone.now() - timedelta(minutes=9 - number)
        Health.objects.create(charge_point=place, refresh_at=due)
    other = uuid.uuid4()
    left = []

    def intercept(request):
        if f"/{places[0].ampeco_id}/network-status-logs" in request.url.path:
            soon = timezone.now() + timedelta(seconds=1)
            Health.objects.update(lease_until=soon)
            Health.objects.filter(charge_point=places[1]).update(lease_owner=other)
        if f"/{places[2].ampeco_id}/network-status-logs" in request.url.path:
            until = Health.objects.get(charge_point=places[2]).lease_until
            left.append(until - timezone.now())

    wire.intercept = intercept
    read_health(client=ampeco_client)
    assert wire.count(f"/{places[1].ampeco_id}/network-status-logs") == 0
    assert Health.objects.get(charge_point=places[1]).lease_owner == other
    assert left[0] > timedelta(minutes=4)


def test_what_somebody_looks_at_is_read_soon_and_then_no_more(ampeco_client, own, client, staff):
    place = ChargePoint.objects.exclude(pk=own.pk).filter(evses__isnull=False).first()
    client.force_login(staff)
    assert "Not yet" in client.get(f"/back-office/chargers/{place.pk}/").content.decode()
    now = timezone.now()
    read_health(client=ampeco_client, now=now)
    health = Health.objects.get(charge_point=place)
    assert health.refresh_at == now + OFTEN

    read_health(client=ampeco_client, now=now + timedelta(hours=2))
    health.refresh_from_db()
    assert health.refresh_at is None
    want(place, now=now + timedelta(hours=3))
    health.refresh_from_db()
    assert health.refresh_at is not None


def test_error_codes_and_firmware_are_read_once_a_day(ampeco_client, wire):
    assert read_catalogue(client=ampeco_client) is True
    calls = wire.count()
    assert read_catalogue(client=ampeco_client) is False
    assert wire.count() == calls
    assert VendorErrorCode.objects.filter(code="E-205").exists()
    assert Firmware.objects.get(ampeco_model_id=MODEL_ID).version == FIRMWARE[-1][0]


def test_old_logs_are_forgotten(ampeco_client, own):
    read_health(client=ampeco_client)
    assert forget_old(now=timezone.now()) == 0
    gone = forget_old(now=timezone.now() + SPAN)
    assert gone > 0
    assert not StatusEntry.objects.filter(at__lt=timezone.now()).exists()


@pytest.fixture
def history(own):
    """A fault with an unexplained code, one with a known one, and two charges."""
    now = timezone.now()
    evse = Evse.objects.filter(charge_point=own).order_by("pk").first()
    hour = timedelta(hours=1)
    VendorErrorCode.objects.create(
        vendor_id="acme", code="E-7", description="A fuse is gone.", customer_action="Call us."
    )
    rows = [
        (now - 50 * hour, "available", "", ""),
        (now - 40 * hour, "faulted", "acme", "E-7"),
        (now - 35 * hour, "available", "", ""),
        (now - 30 * hour, "faulted", "acme", "E-8"),
        (now - 25 * hour, "available", "", ""),
    ]
    for at, status, vendor, code in rows:
        StatusEntry.objects.create(
            charge_point=own,
            evse=evse,
            at=at,
            status=status,
            vendor_id=vendor,
            vendor_error_code=code,
            error_code="GroundFailure" if code == "E-8" else "",
        )
    Health.objects.create(charge_point=own, read_at=now)
    for number in (1, 2):
        Occupancy.objects.create(
            ampeco_session_id=f"s{number}",
            evse=evse,
            started_at=now - number * 10 * hour,
            stopped_at=now - number * 10 * hour + hour,
            energy_kwh=11,
        )
    return evse


def test_a_fleet_sees_its_own_chargers_alone(own, history, fleet, as_manager):
    theirs = ChargePoint.objects.filter(ampeco_partner_id=fleet.ampeco_partner_id)
    theirs.update(ampeco_partner_id=None)
    assert "No charge points of your own" in as_manager.get("/chargers/").content.decode()
    assert as_manager.get(f"/chargers/{own.pk}/").status_code == 404

    ChargePoint.objects.filter(pk=own.pk).update(ampeco_partner_id=fleet.ampeco_partner_id)
    page = as_manager.get("/chargers/")
    (row,) = [one for one in page.context["rows"] if one.charge_point == own]
    assert (row.sessions, row.energy_kwh, row.faults) == (2, 22, 2)
    # 50 hours are known, ten of them were faulty; other chargers of it have no log.
    assert 0.79 < row.uptime < 0.81


def test_the_list_of_sites_leads_there_if_there_is_anything(own, fleet, as_manager):
    ChargePoint.objects.update(ampeco_partner_id=None)
    assert 'id="own-chargers-link"' not in as_manager.get("/sites/").content.decode()
    forget_everything()
    ChargePoint.objects.filter(pk=own.pk).update(ampeco_partner_id=fleet.ampeco_partner_id)
    assert 'id="own-chargers-link"' in as_manager.get("/sites/").content.decode()


def test_its_page_says_faults_in_words(own, history, fleet, as_manager):
    ChargePoint.objects.filter(pk=own.pk).update(ampeco_partner_id=fleet.ampeco_partner_id)
    BookingFactory(
        evse=history,
        location=own.location,
        status=Booking.Status.NO_SHOW,
        start_at=timezone.now() - timedelta(days=2),
        end_at=timezone.now() - timedelta(days=2) + timedelta(hours=1),
    )
    page = as_manager.get(f"/chargers/{own.pk}/")
    text = page.content.decode()
    assert "A fuse is gone. (E-7)" in text
    assert "Call us." in text
    assert "A ground fault was detected. (E-8)" in text
    statistics = page.context["statistics"]
    assert (statistics.use.sessions, statistics.bookings.no_shows) == (2, 1)


def test_the_list_costs_the_same_however_many_there_are(
    own, fleet, as_manager, django_assert_max_num_queries
):
    ChargePoint.objects.update(ampeco_partner_id=fleet.ampeco_partner_id)
    as_manager.get("/chargers/")
    with django_assert_max_num_queries(13):
        as_manager.get("/chargers/")


def test_a_fleet_sees_its_own_use_of_a_site(own, fleet, as_manager):
    ours = BookingFactory(
        fleet=fleet,
        location=own.location,
        start_at=timezone.now() - timedelta(days=2),
        end_at=timezone.now() - timedelta(days=2) + timedelta(hours=1),
    )
    BookingFactory(location=own.location, start_at=ours.start_at, end_at=ours.end_at)
    page = as_manager.get(f"/chargers/sites/{own.location_id}/")
    assert page.context["statistics"].bookings.number == 1


def test_staff_see_a_whole_site(own, history, client, staff):
    client.force_login(staff)
    page = client.get(f"/back-office/sites/{own.location_id}/")
    assert page.context["statistics"].use.sessions == 2
    assert str(own) in page.content.decode()
