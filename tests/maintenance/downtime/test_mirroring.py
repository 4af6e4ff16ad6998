"""Planned downtime, mirrored from the simulated operator."""

from datetime import timedelta

import httpx
import pytest
from django.utils.timezone import now

from maintenance import tasks
from maintenance.mirroring import downtime as mirroring
from maintenance.models import Downtime, DowntimeNotice
from mirror.models import SyncRun
from sandbox.world.records import ChargePoint, Evse
from tests.factories import next_noon
from tests.maintenance.downtime.conftest import HOUR
from tests.operator_fixture import spoil

pytestmark = pytest.mark.django_db


def shown() -> set[tuple]:
    rows = Downtime.objects.filter(retired_at=None)
    return {(row.of, row.ampeco_id, row.evse and row.evse.label, row.notice) for row in rows}


def test_takes_periods_of_chargers_and_of_charge_points(plan, sync):
    of_evse, of_point = plan(), plan(evse_id=None, notice_id=2)
    run = sync()
    assert (run.state, run.problem) == ("finished", "")
    assert shown() == {
        ("evse", of_evse.id, "Bay 301", "Replacing the cable"),
        ("charge-point", of_point.id, None, "Yearly inspection"),
    }
    row = Downtime.objects.get(of="evse")
    assert (row.start_at, row.end_at) == (of_evse.started_at, of_evse.ended_at)
    assert (row.entry_mode, row.type, row.charge_point.ampeco_id) == ("manual", "exempt", 201)
    assert DowntimeNotice.objects.filter(type="exempt").count() == 4
    assert [run.counts[of]["new"] for of in ("evse", "charge-point")] == [1, 1]


def test_leaves_out_faults_and_what_is_at_unknown_chargers(plan, operator, sync):
    operator.set_evse_status(301, "out of order")
    plan(charge_point_id=201, evse_id=None)
    sync()
    del operator.downtimes[2]
    Downtime.objects.all().delete()
    sync()
    assert shown() == set()


@pytest.mark.parametrize("of", ["evse", "charge-point"])
def test_follows_changes_and_retires_what_vanished(plan, operator, sync, of):
    period = plan(evse_id=301 if of == "evse" else None)
    sync()
    period.ended_at += HOUR
    operator.note_downtime(period)
    assert sync().counts[of]["changed"] == 1
    assert Downtime.objects.get().end_at == period.ended_at
    operator.forget_downtime(period)
    assert sync().counts[of]["retired"] == 1
    assert shown() == set()
    # What comes back is as it was.
    operator.downtimes[period.id] = period
    sync()
    assert Downtime.objects.get().retired_at is None


def test_keeps_what_has_no_end_yet(plan, sync, operator):
    plan().ended_at = None
    sync()
    assert Downtime.objects.get().end_at is None


@pytest.mark.parametrize(
    ("path", "missing"),
    [
        ("downtime-period-notices", "reasons for downtime"),
        ("charge-point-downtime-periods", "downtime of charge points"),
        ("evse-downtime-periods", "downtime of EVSEs"),
    ],
)
def test_what_the_token_may_not_read_is_left_out_and_told(plan, sync, wire, path, missing):
    """Nothing outdated is shown, and the rest goes on."""
    plan(), plan(evse_id=None)
    sync()

    def forbid(request):
        if path in request.url.path:
            return httpx.Response(403, json={"message": "This action is unauthorized."})
        return None

    wire.intercept = forbid
    run = sync()
    assert run.state == "finished"
    assert missing in run.problem and "403" in run.problem
    left = {of for of, *_rest in shown()}
    assert left == {"evse", "charge-point"} - {path.removesuffix("-downtime-periods")}


def test_all_forbidden(operator, plan, sync):
    plan()
    sync()
    operator.forbidden = ["downtime"]
    run = sync()
    assert run.problem.count(",") == 2
    assert shown() == set()
    operator.forbidden = []
    assert sync().problem == ""
    assert len(shown()) == 1


def test_goes_on_where_it_broke_off(plan, sync, operator, wire):
    for _ in range(130):
        plan()
    operator.faults.add("server-error", path="evse-downtime", probability=1.0)
    broken = sync()
    assert broken.state == "broken-off" and "did not answer" in broken.problem
    operator.faults.clear()
    wire.sent.clear()
    assert sync().pk == broken.pk
    # Notices and charge points were read before.
    assert (wire.count("notices"), wire.count("evse-downtime")) == (0, 2)
    assert len(shown()) == 130


def test_a_long_list_is_read_in_changes_between_full_walks(plan, sync, operator, wire, monkeypatch):
    monkeypatch.setattr(mirroring, "FEW_CALLS", 2)
    old = plan()
    sync()
    SyncRun.objects.filter(kind="maintenance").update(started_at=now() - timedelta(minutes=10))
    operator.clock.advance(HOUR)
    new = plan(evse_id=302)
    wire.sent.clear()
    run = sync()
    assert run.updated_after is not None
    assert b"lastUpdatedAfter" in b"".join(each.url.query for each in wire.sent)
    # A list of changes does not tell that something is gone.
    assert {pk for _of, pk, *_rest in shown()} == {old.id, new.id}
    SyncRun.objects.filter(kind="maintenance").update(started_at=now() - timedelta(hours=2))
    assert sync().updated_after is None


@pytest.mark.parametrize("status", [403, 404])
@pytest.mark.parametrize("met_by", ["changes", "the whole"])
def test_what_could_not_be_read_once_is_back_with_the_next_run(
    plan, sync, wire, operator, monkeypatch, status, met_by
):
    """Changes since then would not tell what has stayed as it was."""
    monkeypatch.setattr(mirroring, "FEW_CALLS", 2)
    plan(), plan(evse_id=None)
    sync()
    before = shown()
    ago = timedelta(hours=2) if met_by == "the whole" else timedelta(minutes=10)
    SyncRun.objects.filter(kind="maintenance").update(started_at=now() - ago)
    operator.clock.advance(HOUR)
    wire.intercept = lambda request: (
        httpx.Response(status, json={"message": "No."})
        if "evse-downtime" in request.url.path
        else None
    )
    run = sync()
    assert (run.state, run.updated_after is None) == ("finished", met_by == "the whole")
    assert shown() < before
    wire.intercept = None
    operator.clock.advance(HOUR)
    run = sync()
    assert (run.updated_after, run.problem) == (None, "")
    assert shown() == before


def test_the_task_reads_once_in_a_while_and_not_beside_another(plan, mirrored, wire, ampeco_client):
    plan()
    tasks.sync_downtime()
    calls = wire.count("downtime")
    tasks.sync_downtime()
    assert (calls, wire.count("downtime")) == (3, 3)
    SyncRun.objects.filter(kind="maintenance").update(
        state="running", alive_at=now() - timedelta(minutes=4)
    )
    tasks.sync_downtime()
    assert wire.count("downtime") == 3


def test_an_unreadable_period_does_not_retire_others(plan, sync, wire):
    """It may be the one that is not seen."""
    plan()
    sync()
    broken = {"data": [{"id": "?"}], "links": {"next": None}}
    wire.intercept = lambda request: (
        httpx.Response(200, json=broken) if "evse-downtime" in request.url.path else None
    )
    assert sync().counts["evse"]["skipped"] == 1
    assert len(shown()) == 1


def test_one_without_a_start_stands_no_more_and_retires_nothing_less(plan, sync, operator, wire):
    gone, unbegun, left = plan(), plan(), plan()
    sync()
    operator.forget_downtime(gone)
    spoil(wire, "/evse-downtime-periods/v1.0", (unbegun.id, {"startedAt": None}))
    counts = sync().counts["evse"]
    assert (counts["skipped"], counts["unreadable"], counts["retired"]) == (1, 0, 2)
    assert {pk for _of, pk, *_rest in shown()} == {left.id}


@pytest.mark.parametrize("of", ["evse", "charge-point"])
def test_what_is_at_chargers_that_are_not_ours_retires_nothing_less(plan, sync, operator, of):
    """Somebody's own charge point is never mirrored, so its downtime is left out for ever."""
    long_ago = now() - timedelta(days=30)
    operator.add_charge_point(ChargePoint(202, "At home", 101, long_ago, type="personal"))
    operator.add_evse(Evse(303, 202, "REF-303", "Garage", "ac", 11, [], long_ago))
    place = {"evse_id": 301 if of == "evse" else None}
    period = plan(**place)
    plan(charge_point_id=202, evse_id=303 if of == "evse" else None)
    assert sync().counts[of]["skipped"] == 1
    operator.forget_downtime(period)
    assert sync().counts[of]["retired"] == 1
    assert shown() == set()


def test_one_that_now_ends_before_it_begins_stands_no_more(plan, sync, operator):
    period = plan()
    sync()
    period.ended_at = period.started_at
    operator.note_downtime(period)
    counts = sync().counts["evse"]
    assert (counts["skipped"], counts["retired"]) == (1, 1)
    assert shown() == set()
    assert sync().counts["evse"]["retired"] == 0


def test_what_staff_plan_while_a_page_is_read_is_not_retired(plan, sync, wire, ampeco_client):
    plan()
    sync()

    def plan_meanwhile(request):
        if "evse-downtime" in request.url.path:
            wire.intercept = None
            answer = wire.handle_request(request)
            made = ampeco_client.read_downtime("evse", plan(evse_id=302).id)
            mirroring.store_periods("evse", [made])
            return answer
        return None

    wire.intercept = plan_meanwhile
    assert sync().counts["evse"]["retired"] == 0
    assert {label for _of, _pk, label, _notice in shown()} == {"Bay 301", "Bay 302"}


def test_times_over_a_change_of_clocks_stay_instants(plan, sync):
    start = next_noon().replace(microsecond=0)
    plan(start, start + timedelta(days=200))
    sync()
    row = Downtime.objects.get()
    assert row.end_at - row.start_at == timedelta(days=200)
