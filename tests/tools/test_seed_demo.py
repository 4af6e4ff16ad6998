"""What the demo is filled with, and where that is refused."""

import json

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.models import User
from charging.models import Budget, CostCentre
from drivers.models import Fleet, FleetMembership
from mirror.models import SyncRun
from mirror.runs import RunUnderWay
from sandbox.management import first_bookings, first_vehicles
from sandbox.management.commands import seed_demo
from sandbox.world.cast import HUDSON, PARTNERS, RHONE

SANDBOX = "http://127.0.0.1:8701/public-api"


@pytest.fixture
def demo(monkeypatch, settings, db):
    """The environment of the demo, with what reads the operator's only noted down."""
    monkeypatch.setenv("CHARGEBOOK_DEMO", "1")
    settings.AMPECO_BASE_URL = SANDBOX
    calls: list[str] = []
    monkeypatch.setattr(seed_demo, "call_command", lambda name, **options: calls.append(name))
    for name in ("sync_downtime", "sync_tariffs"):
        monkeypatch.setattr(seed_demo, name, lambda *, client, name=name: calls.append(name))
    return calls


def test_makes_two_fleets_with_an_admin_and_a_viewer_each(demo):
    call_command("seed_demo")

    assert dict(Fleet.objects.values_list("ampeco_partner_id", "name")) == {
        HUDSON: PARTNERS[HUDSON],
        RHONE: PARTNERS[RHONE],
    }
    for fleet in Fleet.objects.all():
        assert sorted(each.team_role for each in fleet.memberships.all()) == ["admin", "viewer"]
        assert not fleet.members.filter(is_staff=True).exists()


def test_makes_one_member_of_staff(demo):
    call_command("seed_demo")

    staff = User.objects.get(is_staff=True)
    assert staff.is_superuser
    assert not staff.memberships.exists()


def test_reads_the_sites_before_and_the_drivers_after_there_are_fleets(demo):
    call_command("seed_demo")

    assert demo == ["sync_sites", "sync_downtime", "sync_tariffs", "sync_drivers", "sync_sessions"]


@pytest.mark.parametrize("busy", ["sync_downtime", "sync_tariffs"])
def test_leaves_to_the_worker_what_it_is_reading_already(demo, monkeypatch, busy):
    def under_way(*, client):
        raise RunUnderWay

    monkeypatch.setattr(seed_demo, busy, under_way)

    call_command("seed_demo")

    assert demo[-2:] == ["sync_drivers", "sync_sessions"]
    assert User.objects.count() == 5


def test_takes_over_a_read_of_the_sites_that_an_ended_demo_left_unfinished(demo):
    now = timezone.now()
    run = SyncRun.objects.create(kind=SyncRun.Kind.SITES_FULL, started_at=now, alive_at=now)

    call_command("seed_demo")

    run.refresh_from_db()
    assert run.state == SyncRun.State.BROKEN_OFF


def test_reads_the_sites_only_the_first_time(demo):
    now = timezone.now()
    SyncRun.objects.create(
        kind=SyncRun.Kind.SITES_FULL,
        state=SyncRun.State.FINISHED,
        started_at=now,
        alive_at=now,
        finished_at=now,
    )

    call_command("seed_demo")

    assert demo == ["sync_drivers", "sync_sessions"]


def test_tells_log_ins_that_work(demo, client, tmp_path):
    call_command("seed_demo", logins=tmp_path / "logins.json")

    logins = json.loads((tmp_path / "logins.json").read_text(encoding="utf-8"))
    assert len(logins) == 5
    for login in logins:
        assert client.login(username=login["email"], password=login["password"])


def test_run_again_it_keeps_what_is_there_and_gives_the_password_back(demo):
    call_command("seed_demo")
    fleet = Fleet.objects.get(ampeco_partner_id=HUDSON)
    fleet.name = "Renamed"
    fleet.save()
    user = User.objects.get(email="manager@hudson.example")
    user.set_password("something else")
    user.save()
    FleetMembership.objects.filter(user=user).update(role=FleetMembership.Role.VIEWER)

    call_command("seed_demo")

    assert Fleet.objects.get(ampeco_partner_id=HUDSON).name == "Renamed"
    assert User.objects.count() == 5
    assert FleetMembership.objects.get(user=user).role == FleetMembership.Role.VIEWER
    user.refresh_from_db()
    assert user.check_password(seed_demo.DEMO_PASSWORD)


@pytest.mark.parametrize(
    ("flag", "address"),
    [
        ("", SANDBOX),
        ("0", SANDBOX),
        ("1", "https://operator.example/public-api"),
        ("1", "http://127.0.0.1.operator.example/public-api"),
        ("1", "http://10.0.0.7/public-api"),
    ],
)
def test_refuses_anywhere_but_in_the_demo(demo, monkeypatch, settings, flag, address):
    monkeypatch.setenv("CHARGEBOOK_DEMO", flag)
    settings.AMPECO_BASE_URL = address

    with pytest.raises(CommandError, match="in the demo only"):
        call_command("seed_demo")

    assert not User.objects.exists()
    assert demo == []


def test_makes_bookings_only_when_asked_to(demo, monkeypatch):
    asked = []
    monkeypatch.setattr(
        seed_demo,
        "make_first_bookings",
        lambda fleet, manager, *, now: asked.append((fleet.ampeco_partner_id, manager.email)) or 1,
    )

    call_command("seed_demo")
    assert asked == []

    call_command("seed_demo", bookings=True)
    assert asked == [(HUDSON, "manager@hudson.example"), (RHONE, "manager@rhone.example")]


def test_cost_centres_and_budgets_come_with_the_bookings_once(demo, monkeypatch):
    monkeypatch.setattr(seed_demo, "make_first_bookings", lambda fleet, manager, *, now: 0)

    call_command("seed_demo")
    assert not CostCentre.objects.exists()

    call_command("seed_demo", bookings=True)
    call_command("seed_demo", bookings=True)
    hudson = Fleet.objects.get(ampeco_partner_id=HUDSON)
    assert {each.code for each in CostCentre.objects.filter(fleet=hudson)} == {
        seed.facts["cost_centre"]
        for seed in first_vehicles.FLEETS[HUDSON]
        if "cost_centre" in seed.facts
    }
    assert Budget.objects.filter(fleet=hudson).count() == 3


def test_a_reference_that_names_a_vehicle_names_the_drivers_own():
    for partner, roles in first_bookings.FLEETS.items():
        usual = {seed.number: seed.driver for seed in first_vehicles.FLEETS[partner]}
        for driver, _site, reference in roles:
            assert usual.get(reference, driver) == driver, reference
