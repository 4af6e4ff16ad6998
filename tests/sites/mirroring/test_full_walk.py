from datetime import timedelta

import httpx
import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.utils.timezone import now

from ampeco.connection import is_refused, note_refused
from mirror.models import SyncRun
from mirror.runs import RunUnderWay
from sandbox.world.records import Connector as Plug
from sites.mirroring.full_walk import sync_sites
from sites.models import ChargePoint, Connector, Evse, Location
from sites.tasks import sync_sites as sync_sites_task
from tests.operator_fixture import spoil

pytestmark = pytest.mark.django_db

FULL, DELTA = SyncRun.Kind.SITES_FULL, SyncRun.Kind.SITES_DELTA
LISTS = ["/locations/v2.0", "/charge-points/v2.0", "/evses/v2.1"]


@pytest.fixture
def sync(operator, ampeco_client):
    """Return a function that runs the mirror."""

    def run(*, full: bool = False) -> SyncRun:
        return sync_sites(client=ampeco_client, full=full)

    return run


@pytest.fixture
def later(operator):
    """Return a function that lets time pass, here and at the operator."""
    travellers = []

    def pass_time(**length) -> None:
        moment = now() + timedelta(**length)
        traveller = time_machine.travel(moment, tick=True)
        traveller.start()
        travellers.append(traveller)
        operator.clock.freeze(moment)

    yield pass_time
    for traveller in reversed(travellers):
        traveller.stop()


def fail_list(wire, path: str, *, page: int = 1, status: int = 500) -> None:
    """Let the operator fail each call of a list from its nth page on."""
    good = page - 1
    before = wire.count(path)

    def intercept(request):
        if path in request.url.path and wire.count(path) - before > good:
            return httpx.Response(status, json={"message": "secret detail"})
        return None

    wire.intercept = intercept


def active(model) -> set[int]:
    rows = model.objects.filter(retired_at=None)
    return set(rows.values_list("ampeco_id", flat=True))


class TestFull:
    def test_everything_is_mirrored(self, sync, operator):
        operator.charge_points[12].type = "private"
        operator.charge_points[12].partner_id = 501
        operator.locations[1].timezone = None
        operator.locations[1].hours = {
            "monday": [("8:00", "6 PM"), ("22:00", "24:00")],
            "tuesday": [("dawn", "dusk")],
        }

        run = sync(full=True)

        assert (run.kind, run.state, run.problem) == (FULL, SyncRun.State.FINISHED, "")
        assert run.calls == 4
        assert run.counts["locations"]["new"] == 3
        assert run.counts["charge_points"]["new"] == 3
        assert run.counts["evses"]["new"] == 4
        location = Location.objects.get(ampeco_id=1)
        assert location.name == "Depot 1"
        assert location.search_text.startswith("depot 1 zurich")
        assert location.timezone == ""
        hours = [["08:00", "18:00"], ["22:00", "24:00"]]
        assert location.opening_hours == {"monday": hours, "tuesday": None}
        private = ChargePoint.objects.get(ampeco_id=12)
        assert (private.type, private.ampeco_partner_id) == ("private", 501)
        assert private.location.ampeco_id == 2
        assert private.ocpp_id
        evse = Evse.objects.get(ampeco_id=120)
        assert evse.charge_point.ampeco_id == 13
        assert (evse.current_type, evse.max_power_kw, evse.status) == ("ac", 22, "enabled")
        assert evse.booking_enabled
        assert [plug.type for plug in evse.connectors.all()] == ["type2"]

    def test_nothing_new_changes_nothing(self, sync):
        sync(full=True)
        before = list(Evse.objects.order_by("pk").values("pk", "label", "connectors__pk"))

        run = sync(full=True)

        for noun, seen in (("locations", 3), ("charge_points", 3), ("evses", 4)):
            assert run.counts[noun] == {
                "seen": seen, "new": 0, "changed": 0, "retired": 0, "skipped": 0,
            }  # fmt: skip
        assert before == list(Evse.objects.order_by("pk").values("pk", "label", "connectors__pk"))

    def test_what_vanished_is_retired_and_comes_back(self, sync, operator):
        sync(full=True)
        gone = operator.remove_charge_point(13)

        run = sync(full=True)

        assert active(ChargePoint) == {11, 12}
        assert active(Evse) == {111, 112}
        assert run.counts["charge_points"]["retired"] == 1
        assert run.counts["evses"]["retired"] == 2
        assert Evse.objects.count() == 4

        operator.charge_point(13, 3)
        for evse_id in gone.evse_ids:
            operator.evse(evse_id, 13)
        run = sync(full=True)

        assert active(ChargePoint) == {11, 12, 13}
        assert active(Evse) == {111, 112, 113, 120}
        assert run.counts["charge_points"]["changed"] == 1
        assert run.counts["charge_points"]["new"] == 0

    def test_an_empty_list_is_no_reason_to_retire_everything(self, sync, wire):
        sync(full=True)
        wire.intercept = lambda request: httpx.Response(200, json={"data": []})

        run = sync(full=True)

        assert run.state == SyncRun.State.FINISHED
        assert "empty list" in run.problem
        assert active(Location) == {1, 2, 3}
        assert active(Evse) == {111, 112, 113, 120}

    def test_what_another_run_read_meanwhile_is_not_retired(self, sync, operator, wire, later):
        sync(full=True)
        operator.remove_charge_point(13)

        def intercept(request):
            if "/evses/" in request.url.path:
                ChargePoint.objects.filter(ampeco_id=13).update(
                    synced_at=now() + timedelta(seconds=1), seen_in_run=None
                )
            return

        wire.intercept = intercept
        sync(full=True)

        assert active(ChargePoint) == {11, 12, 13}

    def test_a_clock_that_is_put_back_retires_nothing(self, sync, wire, later):
        sync(full=True)
        later(hours=1)
        wire.intercept = lambda request: later(minutes=-2)

        run = sync(full=True)

        assert run.state == SyncRun.State.FINISHED
        assert active(Evse) == {111, 112, 113, 120}

    def test_personal_and_roaming_charge_points_are_not_ours(self, sync, operator):
        operator.charge_point(21, None, type="personal")
        operator.evse(211, 21)
        operator.charge_point(22, 1, type="personal")
        operator.evse(221, 22)
        operator.place(9, extra={"roamingOperatorId": 77})
        operator.charge_point(91, 9)
        operator.evse(911, 91)

        run = sync(full=True)

        assert active(ChargePoint) == {11, 12, 13}
        assert active(Evse) == {111, 112, 113, 120}
        assert active(Location) == {1, 2, 3}
        assert run.counts["locations"]["skipped"] == 1
        assert run.counts["charge_points"]["skipped"] == 3
        assert run.counts["evses"]["skipped"] == 3
        assert run.calls == 4

    def test_roaming_sites_are_shown_where_that_is_wanted_and_never_bookable(
        self, sync, operator, settings
    ):
        operator.place(9, extra={"roamingOperatorId": 77})
        operator.charge_point(91, 9)
        operator.evse(911, 91)
        sync(full=True)
        settings.SHOW_ROAMING_SITES = True

        sync(full=True)

        assert active(Location) == {1, 2, 3, 9}
        place, charger = Location.objects.get(ampeco_id=9), Evse.objects.get(ampeco_id=911)
        assert (place.is_roaming, charger.booking_enabled) == (True, False)
        assert Location.objects.filter(is_roaming=True).count() == 1
        assert Evse.objects.get(ampeco_id=111).booking_enabled is True

        settings.SHOW_ROAMING_SITES = False
        sync(full=True)
        assert active(Location) == {1, 2, 3}

    def test_a_charge_point_that_became_personal_is_retired_at_once(self, sync, operator, later):
        sync(full=True)
        later(hours=1)
        operator.charge_points[13].type = "personal"
        operator.charge_points[13].updated_at = operator.clock.now()

        run = sync()

        assert run.kind == DELTA
        assert active(ChargePoint) == {11, 12}
        assert active(Evse) == {111, 112}
        assert run.counts["charge_points"]["retired"] == 1

        later(hours=1)
        operator.charge_points[13].type = "public"
        operator.charge_points[13].updated_at = operator.clock.now()
        sync()

        assert active(Evse) == {111, 112, 113, 120}

    def test_budget_of_calls(self, sync, operator):
        operator.fill(997, charge_points=3, evses=2)

        run = sync(full=True)

        assert (Location.objects.count(), ChargePoint.objects.count()) == (1000, 2994)
        assert Evse.objects.count() == 5986
        assert run.calls <= 101

    def test_a_page_costs_few_queries(self, sync, operator, django_assert_max_num_queries):
        operator.fill(90)

        with django_assert_max_num_queries(80):
            sync(full=True)


class TestDelta:
    def test_without_a_finished_run_all_is_read(self, sync):
        assert sync().kind == FULL
        assert sync().kind == DELTA

    def test_no_change_costs_three_calls(self, sync, later):
        sync(full=True)
        later(hours=1)

        run = sync()

        assert run.kind == DELTA
        assert run.calls == 3
        assert [run.counts[noun]["seen"] for noun in ("locations", "charge_points", "evses")] == [
            0, 0, 0,
        ]  # fmt: skip

    def test_it_asks_from_shortly_before_the_last_finished_run_began(self, sync, later):
        first = sync(full=True)
        later(hours=1)
        second = sync()

        assert second.updated_after == first.started_at - timedelta(minutes=2)
        later(hours=1)
        assert sync().updated_after == second.started_at - timedelta(minutes=2)

    def test_a_clock_that_is_behind_hides_no_change(self, sync, operator, later):
        operator.clock.freeze(now() - timedelta(minutes=30))
        sync(full=True)
        operator.clock.advance(timedelta(minutes=1))
        operator.locations[2].name = {"en": "Renamed"}
        operator.locations[2].updated_at = operator.clock.now()
        later(minutes=2)
        sync()
        assert Location.objects.get(ampeco_id=2).name == "Renamed"

    def test_changes_arrive_and_nothing_else_is_touched(self, sync, operator, later):
        sync(full=True)
        later(hours=1)
        operator.set_evse_status(111, "out of order")
        operator.locations[2].name = {"en": "Renamed"}
        operator.locations[2].updated_at = operator.clock.now()
        operator.place(4, updated_at=operator.clock.now())
        operator.charge_point(14, 4, updated_at=operator.clock.now())
        operator.evse(114, 14, updated_at=operator.clock.now())

        run = sync()

        assert Evse.objects.get(ampeco_id=111).status == Evse.Status.OUT_OF_ORDER
        assert Location.objects.get(ampeco_id=2).name == "Renamed"
        assert Evse.objects.get(ampeco_id=114).charge_point.location.ampeco_id == 4
        assert run.counts["locations"]["changed"] == 1
        assert run.counts["locations"]["new"] == 1
        assert active(Location) == {1, 2, 3, 4}

    def test_a_word_unknown_for_a_moment_does_not_stay(self, sync, operator, later):
        """No list of changes would tell: nothing has changed at the operator."""
        sync(full=True)
        Location.objects.filter(ampeco_id=2).update(status="unknown")
        ChargePoint.objects.filter(ampeco_id=11).update(status="unknown")
        Evse.objects.filter(ampeco_id=120).update(status="unknown")
        later(hours=1)

        sync()

        for rows in (Location.objects, ChargePoint.objects, Evse.objects):
            assert not rows.filter(status="unknown").exists()

    def test_a_delta_retires_nothing(self, sync, operator, later):
        sync(full=True)
        later(hours=1)
        operator.remove_charge_point(13)

        sync()

        assert active(Evse) == {111, 112, 113, 120}

    def test_a_charge_point_moves_with_its_evses(self, sync, operator, later):
        sync(full=True)
        later(hours=1)
        operator.move_charge_point(13, 1)

        sync()

        evse = Evse.objects.select_related("charge_point__location").get(ampeco_id=120)
        assert evse.charge_point.location.ampeco_id == 1
        assert active(ChargePoint) == {11, 12, 13}

    def test_connectors_are_replaced_only_when_they_changed(self, sync, operator, later):
        sync(full=True)
        kept = Connector.objects.get(evse__ampeco_id=111)
        later(hours=1)
        for number in (111, 112):
            operator.evses[number].updated_at = operator.clock.now()
        operator.evses[112].connectors = [Plug(1, "type2"), Plug(2, "chademo")]

        run = sync()

        assert Connector.objects.get(evse__ampeco_id=111).pk == kept.pk
        plugs = Connector.objects.filter(evse__ampeco_id=112)
        assert set(plugs.values_list("ampeco_id", "type")) == {(1, "type2"), (2, "chademo")}
        assert run.counts["evses"]["changed"] == 2


class TestWhatIsMissing:
    def test_a_location_that_the_list_did_not_bring_is_read_singly(self, sync, operator, later):
        sync(full=True)
        later(hours=1)
        operator.place(5)
        operator.charge_point(15, 5, updated_at=operator.clock.now())

        run = sync()

        assert ChargePoint.objects.get(ampeco_id=15).location.ampeco_id == 5
        assert run.counts["locations"]["new"] == 1

    def test_a_charge_point_that_the_list_did_not_bring_is_read_singly(self, sync, operator, later):
        sync(full=True)
        later(hours=1)
        operator.place(5)
        operator.charge_point(15, 5)
        operator.evse(115, 15, updated_at=operator.clock.now())

        run = sync()

        evse = Evse.objects.get(ampeco_id=115)
        assert evse.charge_point.location.ampeco_id == 5
        assert run.state == SyncRun.State.FINISHED

    def test_what_cannot_be_found_is_skipped_and_not_asked_for_again(
        self, sync, operator, wire, later
    ):
        sync(full=True)
        operator.place(5)
        operator.charge_point(15, 5)
        operator.evse(115, 15)
        operator.evse(116, 15)
        del operator.locations[5]

        for _ in range(2):
            later(hours=1)
            for number in (115, 116):
                operator.evses[number].updated_at = operator.clock.now()
            operator.charge_points[15].updated_at = operator.clock.now()
            run = sync()
            assert run.state == SyncRun.State.FINISHED
            assert run.counts["evses"]["skipped"] == 2
            assert run.counts["charge_points"]["skipped"] == 1

        assert wire.count("/locations/v2.0/5") == 1
        assert 15 not in active(ChargePoint)

    def test_a_record_that_makes_no_sense_stops_nothing(self, sync, wire):
        def nonsense(request):
            if request.url.path.endswith("/locations/v2.0"):
                answer = wire._operator.handle_request(request)
                answer.read()
                data = answer.json()
                data["data"] += [{"name": 7}, "?", {"id": "x"}, {"id": 9, "name": "A\x00B" * 200}]
                return httpx.Response(200, json=data)
            return None

        wire.intercept = nonsense
        run = sync(full=True)

        assert run.state == SyncRun.State.FINISHED
        assert active(Location) == {1, 2, 3, 9}
        assert Location.objects.get(ampeco_id=9).name == ("A\ufffdB" * 200)[:255]


class TestWhatCannotBeRead:
    """What the operator still has is not retired, although it makes no sense."""

    @pytest.mark.parametrize(
        ("path", "ampeco_id", "model"),
        [
            ("/locations/v2.0", 3, Location),
            ("/charge-points/v2.0", 13, ChargePoint),
            ("/evses/v2.1", 120, Evse),
        ],
    )
    def test_a_record_without_an_id_retires_nothing_of_its_kind(
        self, sync, wire, path, ampeco_id, model
    ):
        sync(full=True)
        before = active(model)
        spoil(wire, path, (ampeco_id, {"id": "?"}))

        run = sync(full=True)

        assert (run.state, active(model)) == (SyncRun.State.FINISHED, before)

        wire.intercept = None
        assert sync(full=True).counts["left_out"] == {}

    @pytest.mark.parametrize(
        ("path", "ampeco_id", "field", "model"),
        [
            ("/charge-points/v2.0", 13, "locationId", ChargePoint),
            ("/evses/v2.1", 120, "chargePointId", Evse),
        ],
    )
    def test_one_that_does_not_say_where_it_belongs_stays_and_others_are_retired(
        self, sync, operator, wire, path, ampeco_id, field, model
    ):
        sync(full=True)
        before = active(model)
        gone = operator.remove_charge_point(11)
        spoil(wire, path, (ampeco_id, {field: "?"}))

        sync(full=True)

        assert active(model) == before - ({11} if model is ChargePoint else set(gone.evse_ids))

    def test_evses_that_are_read_by_charge_point(self, sync, operator, wire):
        operator.evse_list_forbidden = True
        sync(full=True)
        spoil(wire, "/charge-points/v2.0/13/evses", (120, {"id": "?"}))

        sync(full=True)

        assert active(Evse) == {111, 112, 113, 120}

    def test_one_that_is_never_answered_stops_the_run_only_once(self, sync, operator, wire):
        operator.evse_list_forbidden = True
        sync(full=True)
        gone = operator.remove_charge_point(11)
        fail_list(wire, "/charge-points/v2.0/13/evses")

        assert sync(full=True).state == SyncRun.State.BROKEN_OFF
        run = sync(full=True)

        assert run.state == SyncRun.State.FINISHED
        assert active(Evse) == {111, 112, 113, 120} - set(gone.evse_ids)

    @pytest.mark.parametrize(
        ("path", "model", "ampeco_id"),
        [("/locations/v2.0/2", Location, 2), ("/charge-points/v2.0/11", ChargePoint, 11)],
    )
    def test_an_unknown_word_that_cannot_be_read_anew_stops_no_changes(
        self, sync, wire, later, path, model, ampeco_id
    ):
        sync(full=True)
        model.objects.filter(ampeco_id=ampeco_id).update(status="unknown")
        Evse.objects.filter(ampeco_id=120).update(status="unknown")
        later(hours=1)
        fail_list(wire, path)

        assert sync().state == SyncRun.State.FINISHED
        assert Evse.objects.get(ampeco_id=120).status == "enabled"

    @pytest.mark.parametrize("path", ["/locations/v2.0/5", "/charge-points/v2.0/15"])
    def test_a_place_that_is_never_answered_stops_changes_only_once(
        self, sync, operator, wire, later, path
    ):
        sync(full=True)
        later(hours=1)
        operator.place(5)
        operator.charge_point(15, 5)
        operator.evse(115, 15, updated_at=operator.clock.now())
        operator.set_evse_status(111, "disabled")
        fail_list(wire, path)

        assert sync().state == SyncRun.State.BROKEN_OFF
        assert sync().state == SyncRun.State.FINISHED
        assert Evse.objects.get(ampeco_id=111).status == "disabled"


class TestForbiddenList:
    def test_a_full_run_reads_evses_by_charge_point(self, sync, operator):
        operator.evse_list_forbidden = True

        run = sync(full=True)

        assert run.state == SyncRun.State.FINISHED
        assert run.counts["evse_list_forbidden"] is True
        assert active(Evse) == {111, 112, 113, 120}
        assert run.calls == 2 + 1 + 3 + 1

        operator.remove_charge_point(13)
        sync(full=True)
        assert active(Evse) == {111, 112}

    def test_a_delta_reads_those_of_charge_points_that_changed(self, sync, operator, later):
        operator.evse_list_forbidden = True
        sync(full=True)
        later(hours=1)
        for number in (111, 112):
            operator.set_evse_status(number, "disabled")
        operator.charge_points[12].updated_at = operator.clock.now()

        run = sync()

        assert run.counts["evse_list_forbidden"] is True
        assert Evse.objects.get(ampeco_id=112).status == "disabled"
        assert Evse.objects.get(ampeco_id=111).status == "enabled"
        assert run.calls == 3 + 1

    def test_no_change_still_costs_three_calls(self, sync, operator, later):
        operator.evse_list_forbidden = True
        sync(full=True)
        later(hours=1)

        assert sync().calls == 3

    def test_it_is_continued_behind_the_last_charge_point_done(
        self, sync, operator, wire, monkeypatch
    ):
        monkeypatch.setattr("sites.mirroring.full_walk.CHARGE_POINTS_AT_ONCE", 1)
        operator.evse_list_forbidden = True
        fail_list(wire, "/charge-points/v2.0/13/evses")

        broken = sync(full=True)
        assert broken.state == SyncRun.State.BROKEN_OFF
        assert active(Evse) == {111, 112}

        wire.intercept = None
        wire.sent.clear()
        run = sync(full=True)
        assert run.pk == broken.pk
        assert run.state == SyncRun.State.FINISHED
        ends = [request.url.path.removeprefix("/public-api/resources/") for request in wire.sent]
        assert ends == ["charge-points/v2.0/13/evses", "parking-spaces/v1.0"]
        assert active(Evse) == {111, 112, 113, 120}


class TestBreakOff:
    @pytest.fixture
    def operator_world(self, operator_world):
        """Enough for two pages of each list."""
        operator_world.fill(150)
        return operator_world

    @pytest.mark.parametrize("page", [1, 2])
    @pytest.mark.parametrize("path", LISTS)
    def test_it_is_continued_where_it_broke_off_and_retires_nothing(
        self, sync, operator, wire, path, page
    ):
        sync(full=True)
        everything = {model: active(model) for model in (Location, ChargePoint, Evse)}
        gone = operator.remove_charge_point(13)
        fail_list(wire, path, page=page)

        broken = sync(full=True)

        assert broken.state == SyncRun.State.BROKEN_OFF
        assert broken.problem == "The operator's system did not answer as it should."
        assert {model: active(model) for model in everything} == everything

        wire.intercept = None
        wire.sent.clear()
        run = sync(full=True)

        assert run.pk == broken.pk
        assert run.state == SyncRun.State.FINISHED
        assert run.problem == ""
        assert len(wire.sent) == 7 - 2 * LISTS.index(path) - (page - 1)
        assert [run.counts[noun]["seen"] for noun in ("locations", "charge_points", "evses")] == [
            len(operator.locations), len(operator.charge_points), len(operator.evses),
        ]  # fmt: skip
        assert active(ChargePoint) == everything[ChargePoint] - {13}
        assert active(Evse) == everything[Evse] - set(gone.evse_ids)
        assert SyncRun.objects.count() == 2

    def test_calls_are_counted_over_the_break(self, sync, wire):
        fail_list(wire, LISTS[1], page=2)
        sync(full=True)
        wire.intercept = None

        run = sync(full=True)

        assert run.calls == len(wire.sent)

    def test_a_link_that_the_operator_no_longer_knows_starts_the_list_anew(self, sync, wire):
        fail_list(wire, LISTS[1], page=2)
        broken = sync(full=True)
        assert broken.resume_from
        refused = []

        def forget(request):
            if str(request.url) == broken.resume_from and not refused:
                refused.append(request)
                return httpx.Response(422, json={"message": "The cursor is invalid."})
            return None

        wire.intercept = forget
        run = sync(full=True)

        assert refused
        assert run.state == SyncRun.State.FINISHED
        assert run.counts["charge_points"]["seen"] == 153
        assert ChargePoint.objects.count() == 153

    def test_a_link_of_another_operator_starts_the_list_anew(self, sync, wire):
        fail_list(wire, LISTS[1], page=2)
        broken = sync(full=True)
        SyncRun.objects.filter(pk=broken.pk).update(resume_from="https://elsewhere.example/x")
        wire.intercept = None

        assert sync(full=True).state == SyncRun.State.FINISHED
        assert {request.url.host for request in wire.sent} == {"operator.test"}

    def test_a_crash_leaves_the_page_undone_and_the_run_broken_off(self, sync, wire, monkeypatch):
        class Crash(Exception):
            pass

        def crash(request):
            if "/evses/" in request.url.path:
                raise Crash
            return

        wire.intercept = crash
        with pytest.raises(Crash):
            sync(full=True)

        run = SyncRun.objects.get()
        assert run.state == SyncRun.State.BROKEN_OFF
        assert run.phase == "evses"
        assert ChargePoint.objects.count() == 153

    def test_a_page_that_cannot_be_stored_is_not_noted_as_done(self, sync, monkeypatch):
        from sites.mirroring import batch

        def fail(*args, **kwargs):
            raise RuntimeError("disk full")

        monkeypatch.setattr(batch, "store_evses", fail)
        with pytest.raises(RuntimeError):
            sync(full=True)
        assert Location.objects.count() == 0
        monkeypatch.undo()

        run = sync(full=True)

        assert run.state == SyncRun.State.FINISHED
        assert Location.objects.count() == 153
        assert run.counts["locations"]["seen"] == 153

    def test_a_delta_continues_with_the_same_changes(self, sync, operator, wire, later):
        sync(full=True)
        later(hours=1)
        for evse in operator.evses.values():
            evse.updated_at = operator.clock.now()
        fail_list(wire, LISTS[2], page=2)
        broken = sync()
        wire.intercept = None
        later(hours=1)

        run = sync()

        assert (run.pk, run.kind, run.state) == (broken.pk, DELTA, SyncRun.State.FINISHED)
        assert run.updated_after == broken.updated_after
        assert run.counts["evses"]["seen"] == len(operator.evses)


class TestOneAtATime:
    def start_elsewhere(self, kind=FULL, *, silent_for=timedelta(0)) -> SyncRun:
        """Leave a run as another process that is at work, or died, leaves it."""
        alive_at = now() - silent_for
        return SyncRun.objects.create(
            kind=kind,
            started_at=alive_at,
            alive_at=alive_at,
            phase="locations",
            counts={
                noun: dict.fromkeys(("seen", "new", "changed", "retired", "skipped"), 0)
                for noun in ("locations", "charge_points", "evses")
            },
        )

    def test_a_run_that_is_alive_is_left_alone(self, sync, wire):
        other = self.start_elsewhere(silent_for=timedelta(minutes=4))

        with pytest.raises(RunUnderWay):
            sync(full=True)
        sync_sites_task(full=True)

        assert not wire.sent
        assert SyncRun.objects.get() == other

    def test_a_run_without_sign_of_life_is_taken_over(self, sync):
        dead = self.start_elsewhere(silent_for=timedelta(minutes=6))

        run = sync(full=True)

        assert run.pk == dead.pk
        assert run.state == SyncRun.State.FINISHED

    def test_another_kind_does_not_stand_in_the_way(self, sync):
        sync(full=True)
        self.start_elsewhere(FULL)

        assert sync().state == SyncRun.State.FINISHED

    def test_who_was_taken_over_stops_and_stores_no_more(self, sync, wire):
        def overtake(request):
            if "/charge-points/" in request.url.path:
                SyncRun.objects.update(alive_at=now() + timedelta(seconds=1))
            return

        wire.intercept = overtake
        run = sync(full=True)

        assert run.state == SyncRun.State.RUNNING
        assert Location.objects.count() == 3
        assert ChargePoint.objects.count() == 0

    def test_each_page_is_a_sign_of_life(self, sync, wire):
        signs = []
        wire.intercept = lambda request: signs.append(SyncRun.objects.get().alive_at)

        sync(full=True)

        assert len(set(signs)) == 4
        assert signs == sorted(signs)


class TestRefusal:
    @pytest.mark.parametrize(
        ("status", "sentence"),
        [
            (401, "The operator does not accept the token (401)."),
            (403, "The operator does not let this token read the sites (403)."),
            (404, "The operator refused a call (404)."),
            (503, "The operator's system did not answer as it should."),
        ],
    )
    def test_a_plain_sentence_says_why_it_broke_off(self, sync, wire, status, sentence):
        fail_list(wire, LISTS[0], status=status)

        run = sync(full=True)

        assert run.state == SyncRun.State.BROKEN_OFF
        assert run.problem == sentence
        assert is_refused() == (status == 401)

    def test_a_pause_that_the_operator_asks_for_is_named(self, sync, wire):
        wire.intercept = lambda request: httpx.Response(
            429, headers={"Retry-After": "90"}, json={"message": "no"}
        )

        assert "pause of 90 seconds" in sync(full=True).problem

    def test_a_run_that_worked_lifts_the_notice(self, sync):
        note_refused()

        sync(full=True)

        assert not is_refused()


class TestCommand:
    def test_it_shows_progress_and_a_summary(self, operator, capsys):
        call_command("sync_sites", "--full")

        lines = capsys.readouterr().out.splitlines()
        assert lines[0] == "Locations: 3 read, 0 left out"
        assert "EVSEs: 4 read, 0 left out" in lines
        assert lines[-1].startswith("Done: 3 locations (3 new, 0 changed, 0 retired)")
        assert "4 calls" in lines[-1]

    def test_it_fails_with_one_sentence(self, operator, wire):
        fail_list(wire, LISTS[1])

        with pytest.raises(CommandError, match=r"did not answer as it should\. The next") as error:
            call_command("sync_sites")

        assert error.value.returncode == 1
        assert "secret detail" not in str(error.value)

    def test_it_leaves_a_run_that_is_under_way_alone(self, operator, capsys):
        TestOneAtATime().start_elsewhere()

        call_command("sync_sites", "--full")

        assert "under way" in capsys.readouterr().out


class TestTicks:
    """Beat ticks, one or several, at any time; the database says what is due."""

    def kinds(self):
        return list(SyncRun.objects.order_by("pk").values_list("kind", flat=True))

    def test_a_second_tick_right_after_the_first_asks_the_operator_nothing(self, operator, wire):
        sync_sites_task()
        calls = len(wire.sent)

        sync_sites_task()

        assert calls
        assert len(wire.sent) == calls
        assert self.kinds() == [FULL]

    def test_changes_are_read_at_the_next_tick(self, operator, later):
        sync_sites_task()
        later(minutes=5)
        sync_sites_task()
        sync_sites_task()

        assert self.kinds() == [FULL, DELTA]

    def test_all_is_read_after_a_day_however_often_beat_began_anew(self, operator, later):
        sync_sites_task()
        later(hours=24, minutes=1)
        sync_sites_task()

        assert self.kinds() == [FULL, FULL]

    def test_changes_are_read_while_a_full_run_waits_to_be_taken_up(self, operator, wire, later):
        sync_sites_task()
        later(hours=25)
        fail_list(wire, LISTS[1])
        sync_sites_task()
        wire.intercept = None
        later(minutes=5)
        sync_sites_task()
        later(minutes=11)
        sync_sites_task()

        assert self.kinds() == [FULL, FULL, DELTA]
        assert set(SyncRun.objects.values_list("state", flat=True)) == {SyncRun.State.FINISHED}
