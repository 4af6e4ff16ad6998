"""The mirror of the drivers: who belongs, who left, what a broken run may not do."""

from datetime import timedelta

import httpx
import pytest
from django.core.management import CommandError, call_command
from django.utils.timezone import now

from ampeco.connection import is_refused
from drivers.management.commands.sync_drivers import summary
from drivers.models import Driver, FleetDriver, PrivateAccess
from drivers.permissions import current_drivers, driver_of, private_partner_ids
from drivers.sync import sync_fleet_drivers
from drivers.tasks import sync_drivers
from mirror.models import SyncRun
from sandbox.world.cast import (
    ALLIANCE,
    ANA,
    BEN,
    BOTH,
    CARLA,
    DISABLED,
    HUDSON,
    JULES,
    PENDING,
    RHONE,
)
from tests.drivers.conftest import sign_up
from tests.factories import DriverFactory, FleetFactory
from tests.operator_fixture import spoil

pytestmark = pytest.mark.django_db

State = SyncRun.State


def ids_of(fleet) -> set[int]:
    return set(current_drivers(fleet).values_list("ampeco_user_id", flat=True))


def hudson_ids(operator) -> set[int]:
    return {
        user.id
        for user in operator.users.values()
        if any(one.partner_id == HUDSON and one.status == "accepted" for one in user.invites)
    }


def test_the_users_with_an_accepted_invite_become_the_drivers(fleet, operator, ampeco_client):
    run = sync_fleet_drivers(fleet, client=ampeco_client)

    assert ids_of(fleet) == hudson_ids(operator)
    assert PENDING.id not in ids_of(fleet)
    assert not Driver.objects.filter(ampeco_user_id=PENDING.id).exists()
    assert run.state == State.FINISHED
    assert run.ampeco_partner_id == HUDSON
    assert run.counts["seen"] == run.counts["joined"] == len(hudson_ids(operator))
    assert run.calls == 1


def test_a_driver_is_stored_as_the_operator_knows_them(fleet, operator, ampeco_client):
    sync_fleet_drivers(fleet, client=ampeco_client)

    ana = Driver.objects.get(ampeco_user_id=ANA.id)
    assert ana.email == ANA.email.lower() != ANA.email
    assert (ana.first_name, ana.last_name, ana.status) == ("Ana", "Alvarez", "enabled")
    assert ana.search_text == "ana alvarez ana.alvarez@hudson.example"
    assert Driver.objects.get(ampeco_user_id=DISABLED.id).status == Driver.Status.DISABLED


def test_a_second_run_only_notes_what_changed(fleet, operator, ampeco_client):
    sync_fleet_drivers(fleet, client=ampeco_client)
    operator.users[BEN.id].status = "disabled"

    run = sync_fleet_drivers(fleet, client=ampeco_client)

    assert (run.counts["joined"], run.counts["left"], run.counts["changed"]) == (0, 0, 1)
    assert Driver.objects.get(ampeco_user_id=BEN.id).status == Driver.Status.DISABLED


def test_a_driver_who_left_and_comes_back(fleet, operator, ampeco_client, invite, uninvite):
    sync_fleet_drivers(fleet, client=ampeco_client)
    ben = Driver.objects.get(ampeco_user_id=BEN.id)

    uninvite(BEN.id, HUDSON)
    assert sync_fleet_drivers(fleet, client=ampeco_client).counts["left"] == 1
    assert BEN.id not in ids_of(fleet)
    assert FleetDriver.objects.get(fleet=fleet, driver=ben).left_at is not None
    with pytest.raises(Driver.DoesNotExist):
        driver_of(fleet, ben.pk)

    invite(BEN.id, HUDSON)
    assert sync_fleet_drivers(fleet, client=ampeco_client).counts["joined"] == 1
    assert FleetDriver.objects.get(fleet=fleet, driver=ben).left_at is None
    assert driver_of(fleet, ben.pk) == ben


def test_somebody_who_left_loses_the_private_chargers_of_the_fleet(
    fleet, operator, ampeco_client, uninvite
):
    sync_fleet_drivers(fleet, client=ampeco_client)
    carla = Driver.objects.get(ampeco_user_id=CARLA.id)

    uninvite(CARLA.id, HUDSON)
    sync_fleet_drivers(fleet, client=ampeco_client)

    assert not PrivateAccess.objects.filter(driver=carla, ampeco_partner_id=HUDSON).exists()
    assert ALLIANCE not in private_partner_ids(fleet)


def test_private_chargers_follow_the_option_of_accepted_invites(
    fleet, operator, ampeco_client, invite
):
    invite(BEN.id, 777, status="pending", private=True)
    invite(BEN.id, 778, private=False)
    sync_fleet_drivers(fleet, client=ampeco_client)

    def access(person) -> set[int]:
        rows = PrivateAccess.objects.filter(driver__ampeco_user_id=person.id)
        return set(rows.values_list("ampeco_partner_id", flat=True))

    assert access(ANA) == {HUDSON}
    assert access(BEN) == set()
    assert access(CARLA) == {HUDSON, ALLIANCE}
    assert private_partner_ids(fleet) == {HUDSON, ALLIANCE}

    for one in operator.users[CARLA.id].invites:
        one.private = one.partner_id == HUDSON
    sync_fleet_drivers(fleet, client=ampeco_client)
    assert access(CARLA) == {HUDSON}
    assert private_partner_ids(fleet) == {HUDSON}


def test_the_private_chargers_of_a_disabled_driver_are_not_the_fleets(
    fleet, operator, ampeco_client
):
    operator.users[CARLA.id].status = "disabled"
    sync_fleet_drivers(fleet, client=ampeco_client)
    assert private_partner_ids(fleet) == {HUDSON}


def test_a_driver_of_two_fleets_is_one_driver(fleet, other_fleet, operator, ampeco_client):
    for each in (fleet, other_fleet):
        sync_fleet_drivers(each, client=ampeco_client)

    both = Driver.objects.get(ampeco_user_id=BOTH.id)
    assert set(both.fleets.all()) == {fleet, other_fleet}
    assert ANA.id not in ids_of(other_fleet)
    assert JULES.id in ids_of(other_fleet) - ids_of(fleet)


def test_leaving_one_fleet_does_not_touch_the_other(
    fleet, other_fleet, operator, ampeco_client, uninvite
):
    for each in (fleet, other_fleet):
        sync_fleet_drivers(each, client=ampeco_client)
    uninvite(BOTH.id, HUDSON)
    for each in (fleet, other_fleet):
        sync_fleet_drivers(each, client=ampeco_client)

    assert BOTH.id not in ids_of(fleet)
    assert BOTH.id in ids_of(other_fleet)


def test_who_left_one_fleet_is_gone_although_another_is_read_meanwhile(
    fleet, other_fleet, operator, ampeco_client, wire, uninvite
):
    """Workers share the fleets: of a driver of two, one reads what the other has just let go."""
    for each in (fleet, other_fleet):
        sync_fleet_drivers(each, client=ampeco_client)
    uninvite(BOTH.id, HUDSON)

    def read_the_other(request):
        wire.intercept = None
        sync_fleet_drivers(other_fleet, client=ampeco_client)

    wire.intercept = read_the_other
    run = sync_fleet_drivers(fleet, client=ampeco_client)

    assert (run.state, run.counts["left"]) == (State.FINISHED, 1)
    assert BOTH.id not in ids_of(fleet)
    assert BOTH.id in ids_of(other_fleet)


def test_who_stays_while_a_record_cannot_be_read_is_told_by_invites(
    fleet, operator, ampeco_client, wire, uninvite
):
    sync_fleet_drivers(fleet, client=ampeco_client)
    before = ids_of(fleet)
    spoil(wire, "/users/v1.0", (ANA.id, {"id": "?"}))
    calls = wire.count("partner-invites")
    run = sync_fleet_drivers(fleet, client=ampeco_client)
    assert (run.state, ids_of(fleet)) == (State.FINISHED, before)
    assert wire.count("partner-invites") == calls + 1
    uninvite(BEN.id, HUDSON)
    run = sync_fleet_drivers(fleet, client=ampeco_client)
    assert (run.counts["left"], ids_of(fleet)) == (1, before - {BEN.id})
    assert "Left out as unreadable: 1." in summary(run)
    wire.intercept = None
    del operator.users[ANA.id]
    sync_fleet_drivers(fleet, client=ampeco_client)
    assert ids_of(fleet) == before - {ANA.id, BEN.id}


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(403, json={"message": "This action is unauthorized."}),
        httpx.Response(200, json={"data": [], "links": {}}),
        httpx.Response(
            200,
            json={
                "data": [
                    {"id": 1, "partnerId": HUDSON, "userId": user, "status": "accepted"}
                    for user in (CARLA.id, "?")
                ],
                "links": {},
            },
        ),
    ],
    ids=["forbidden", "empty", "nameless"],
)
def test_nobody_leaves_while_neither_records_nor_invites_tell_who_belongs(
    fleet, ampeco_client, wire, uninvite, answer
):
    sync_fleet_drivers(fleet, client=ampeco_client)
    before = ids_of(fleet)
    uninvite(BEN.id, HUDSON)
    spoil(wire, "/users/v1.0", (ANA.id, {"id": "?"}))
    users = wire.intercept
    wire.intercept = lambda request: (
        answer if "partner-invites" in request.url.path else users(request)
    )
    run = sync_fleet_drivers(fleet, client=ampeco_client)
    assert (run.state, run.counts["left"], ids_of(fleet)) == (State.FINISHED, 0, before)


def test_thousands_leave_at_once(fleet, ampeco_client):
    drivers = Driver.objects.bulk_create(
        DriverFactory.build(ampeco_user_id=80_000 + number) for number in range(3000)
    )
    FleetDriver.objects.bulk_create(FleetDriver(fleet=fleet, driver=one) for one in drivers)
    run = sync_fleet_drivers(fleet, client=ampeco_client)
    assert (run.state, run.counts["left"]) == (State.FINISHED, 3000)
    assert not ids_of(fleet) & {one.ampeco_user_id for one in drivers}


def test_a_run_that_breaks_off_half_way_removes_nobody(
    fleet, operator, ampeco_client, wire, invite, uninvite
):
    sync_fleet_drivers(fleet, client=ampeco_client)
    before = ids_of(fleet)
    uninvite(BEN.id, HUDSON)
    newcomers = set(range(80_000, 80_150))
    for pk in newcomers:
        sign_up(operator, pk, f"new{pk}@hudson.example")
        invite(pk, HUDSON)
    list_calls = []

    def break_second_page(request):
        list_calls.append(request)
        return httpx.Response(500, json={}) if len(list_calls) > 1 else None

    wire.intercept = break_second_page
    run = sync_fleet_drivers(fleet, client=ampeco_client)

    assert run.state == State.BROKEN_OFF
    assert run.problem == "The operator's system did not answer as it should."
    assert before < ids_of(fleet)
    assert BEN.id in ids_of(fleet)

    wire.intercept = None
    sync_fleet_drivers(fleet, client=ampeco_client)
    assert ids_of(fleet) == (before - {BEN.id}) | newcomers


def test_a_large_fleet_costs_a_call_and_a_few_queries_for_a_hundred(
    fleet, operator, ampeco_client, invite, django_assert_max_num_queries
):
    for pk in range(80_000, 80_300):
        sign_up(operator, pk, f"new{pk}@hudson.example")
        invite(pk, HUDSON)

    with django_assert_max_num_queries(4 * 14 + 10):
        run = sync_fleet_drivers(fleet, client=ampeco_client)

    assert run.counts["seen"] > 300
    assert run.calls == 4


def test_somebody_added_while_the_list_was_read_stays(fleet, operator, ampeco_client, wire):
    def add_meanwhile(request):
        DriverFactory(ampeco_user_id=79_000, fleet=fleet, synced_at=now())

    wire.intercept = add_meanwhile
    run = sync_fleet_drivers(fleet, client=ampeco_client)

    assert run.state == State.FINISHED
    assert 79_000 in ids_of(fleet)


def test_users_named_without_their_invites_are_matched_by_the_partners_invites(
    fleet, operator, ampeco_client, wire
):
    DriverFactory(ampeco_user_id=CARLA.id, fleet=fleet, private_access=[ALLIANCE])

    def without_invites(request):
        if "/users/" not in request.url.path:
            return None
        answer = httpx.WSGITransport(wire._operator.app).handle_request(request)
        answer.read()
        payload = answer.json()
        for user in payload["data"]:
            user.pop("partnerInvites", None)
        return httpx.Response(200, json=payload)

    wire.intercept = without_invites
    run = sync_fleet_drivers(fleet, client=ampeco_client)

    assert run.state == State.FINISHED
    assert ids_of(fleet) == hudson_ids(operator)
    # What other partners allow is not known then, so it stays as it was.
    assert private_partner_ids(fleet) == {HUDSON, ALLIANCE}


def test_an_empty_list_removes_nobody_while_invites_are_accepted(
    fleet, operator, ampeco_client, wire
):
    sync_fleet_drivers(fleet, client=ampeco_client)
    before = ids_of(fleet)

    def empty_users(request):
        return (
            httpx.Response(200, json={"data": [], "links": {}})
            if "/users/" in request.url.path
            else None
        )

    wire.intercept = empty_users
    run = sync_fleet_drivers(fleet, client=ampeco_client)

    assert run.state == State.BROKEN_OFF
    assert run.problem == "The operator gave an empty list although invites are accepted."
    assert ids_of(fleet) == before


def test_the_last_driver_can_leave(operator, ampeco_client, uninvite):
    fleet = FleetFactory(ampeco_partner_id=640)
    DriverFactory(ampeco_user_id=BEN.id, fleet=fleet, synced_at=now() - timedelta(minutes=1))
    run = sync_fleet_drivers(fleet, client=ampeco_client)
    assert (run.state, run.counts["left"]) == (State.FINISHED, 1)
    assert ids_of(fleet) == set()


def test_users_without_a_usable_email_are_left_out(fleet, operator, ampeco_client, invite):
    for pk, email in [(80_001, ""), (80_002, "a" * 300 + "@hudson.example")]:
        sign_up(operator, pk, email)
        invite(pk, HUDSON)
    run = sync_fleet_drivers(fleet, client=ampeco_client)
    assert run.counts["skipped"] == 2
    assert not ids_of(fleet) & {80_001, 80_002}


def test_long_names_are_cut_to_fit(fleet, operator, ampeco_client, invite):
    sign_up(operator, 80_001, "long@hudson.example", first_name="é" * 400, locale="x" * 40)
    invite(80_001, HUDSON)
    assert sync_fleet_drivers(fleet, client=ampeco_client).state == State.FINISHED
    assert Driver.objects.get(ampeco_user_id=80_001).first_name == "é" * 150


def test_a_refused_token_is_told_to_everybody(fleet, operator, ampeco_client, wire):
    operator.faults.add("unauthorized")
    run = sync_fleet_drivers(fleet, client=ampeco_client)
    assert run.problem == "The operator does not accept the token (401)."
    assert is_refused()

    operator.faults.clear()
    sync_fleet_drivers(fleet, client=ampeco_client)
    assert not is_refused()


def test_an_earlier_run_that_died_is_closed(fleet, operator, ampeco_client):
    long_ago = now() - timedelta(hours=1)
    died = SyncRun.objects.create(
        kind=SyncRun.Kind.DRIVERS, started_at=long_ago, alive_at=long_ago, ampeco_partner_id=HUDSON
    )
    sync_fleet_drivers(fleet, client=ampeco_client)
    died.refresh_from_db()
    assert died.state == State.BROKEN_OFF


def test_the_task_reads_all_active_fleets_and_goes_on_after_a_failure(
    fleet, other_fleet, operator, wire
):
    resting = FleetFactory(ampeco_partner_id=ALLIANCE, is_active=False)

    def fail_for_hudson(request):
        return httpx.Response(500, json={}) if str(HUDSON) in str(request.url) else None

    wire.intercept = fail_for_hudson
    sync_drivers()

    states = dict(SyncRun.objects.values_list("ampeco_partner_id", "state"))
    assert states == {HUDSON: State.BROKEN_OFF, RHONE: State.FINISHED}
    assert JULES.id in ids_of(other_fleet)
    assert ids_of(resting) == set()


def test_a_second_tick_right_after_the_first_reads_no_fleet_again(
    fleet, other_fleet, wire, operator
):
    sync_drivers()
    calls = len(wire.sent)
    sync_drivers()
    assert len(wire.sent) == calls
    assert SyncRun.objects.count() == 2


def test_a_fleet_is_due_again_after_an_hour_and_sooner_where_that_broke_off(
    fleet, other_fleet, operator
):
    sync_drivers()
    SyncRun.objects.filter(ampeco_partner_id=RHONE).update(
        state=State.BROKEN_OFF, alive_at=now() - timedelta(minutes=31)
    )
    sync_drivers()
    assert SyncRun.objects.filter(ampeco_partner_id=RHONE).count() == 2
    SyncRun.objects.update(started_at=now() - timedelta(minutes=61))
    sync_drivers()
    assert SyncRun.objects.filter(ampeco_partner_id=HUDSON).count() == 2


def test_a_driver_whose_status_is_unknown_is_read_again_soon(fleet, operator, wire):
    sync_drivers()
    Driver.objects.filter(ampeco_user_id=ANA.id).update(status="unknown")
    SyncRun.objects.update(started_at=now() - timedelta(minutes=11))
    sync_drivers()
    assert Driver.objects.get(ampeco_user_id=ANA.id).status == "enabled"
    calls = len(wire.sent)
    SyncRun.objects.update(started_at=now() - timedelta(minutes=11))
    sync_drivers()
    assert len(wire.sent) == calls, "all are known again"


def test_a_fleet_that_another_process_reads_is_left_to_it(fleet, wire, operator):
    SyncRun.objects.create(
        kind=SyncRun.Kind.DRIVERS,
        started_at=now() - timedelta(hours=2),
        alive_at=now(),
        ampeco_partner_id=HUDSON,
    )
    sync_drivers()
    assert not wire.sent


def test_old_runs_are_forgotten(fleet, operator):
    old = now() - timedelta(days=31)
    SyncRun.objects.create(
        kind=SyncRun.Kind.DRIVERS, state=State.FINISHED, started_at=old, alive_at=old
    )
    sites = SyncRun.objects.create(
        kind=SyncRun.Kind.SITES_FULL, state=State.FINISHED, started_at=old, alive_at=old
    )
    sync_drivers()
    assert set(SyncRun.objects.filter(started_at=old)) == {sites}


def test_the_command_says_what_it_did(fleet, other_fleet, operator, capsys):
    call_command("sync_drivers")
    out = capsys.readouterr().out
    assert out.startswith("Hudson Parcel Fleet: 12 drivers (12 joined, 0 left, 0 changed); 1 calls")
    assert "\nRhône Fret: " in out


def test_the_command_reads_one_fleet(fleet, other_fleet, operator, capsys):
    call_command("sync_drivers", fleet=other_fleet.pk)
    assert SyncRun.objects.get().ampeco_partner_id == RHONE
    with pytest.raises(CommandError, match="There is no fleet with the id 0"):
        call_command("sync_drivers", fleet=0)


def test_the_command_fails_in_plain_words(fleet, operator, capsys):
    operator.faults.add("server-error")
    with pytest.raises(CommandError, match="The drivers of 1 fleet were not read to the end"):
        call_command("sync_drivers")
    assert "broken off. The operator's system did not answer" in capsys.readouterr().out


def test_that_nobody_was_taken_is_told_with_its_reasons(ampeco_client, operator, invite):
    fleet = FleetFactory(ampeco_partner_id=640)
    sign_up(operator, 80_001, "")
    invite(80_001, 640)
    run = sync_fleet_drivers(fleet, client=ampeco_client)
    assert run.state == State.FINISHED
    assert run.problem == (
        "The operator gave 1 user, who was left out: 1 without a usable e-mail address."
    )
