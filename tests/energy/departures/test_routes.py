"""Routes of Ampcontrol's are departures here; departures of ours are routes there."""

import contextlib
from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.utils import timezone

from ampcontrol.types import Route
from energy.departures.actions import (
    DepartureRefused,
    Plan,
    cancel_departure,
    change_departure,
    set_departure,
)
from energy.departures.routes import OURS, send_routes, take_routes
from energy.models import Departure, Link, RemoteRoute
from tests.energy.departures.pretend import LOST, NO, Killed
from tests.energy.factories import RemoteVehicleFactory, link_vehicle
from tests.factories import MembershipFactory, UserFactory, VehicleFactory

HOUR = timedelta(hours=1)
pytestmark = pytest.mark.usefixtures("still", "link")


@pytest.fixture
def user(db):
    return UserFactory(name="Mia Long")


def in_hours(hours: float):
    return timezone.now().replace(microsecond=0) + hours * HOUR


class TestTaken:
    @pytest.fixture
    def route(self):
        return RemoteRoute.objects.create(
            remote_id="r1",
            vehicle_remote_id="rv-14",
            starts_at=in_hours(10),
            ends_at=in_hours(16),
            distance_km=Decimal(120),
            target_percent=Decimal("80.00"),
            read_at=timezone.now(),
        )

    def test_a_route_is_a_departure(self, route, vehicle):
        assert take_routes() == 1
        assert take_routes() == 0
        row = Departure.objects.get()
        assert (row.vehicle, row.source, row.route_remote_id) == (vehicle, "route", "r1")
        assert (row.leaves_at, row.returns_at) == (route.starts_at, route.ends_at)
        assert (row.distance_km, row.target_percent) == (120, 80)

    def test_a_changed_one_follows_and_keeps_what_it_was(self, route):
        take_routes()
        before = route.starts_at
        RemoteRoute.objects.update(starts_at=in_hours(8))
        assert take_routes() == 1
        row = Departure.objects.get()
        assert row.leaves_at == in_hours(8)
        assert row.changed_from["leaves_at"] == f"{before:%Y-%m-%dT%H:%M:%SZ}"

    def test_one_that_is_gone_is_called_off_and_may_come_back(self, route):
        take_routes()
        RemoteRoute.objects.update(retired_at=timezone.now())
        take_routes()
        assert Departure.objects.get().cancelled_at == timezone.now()
        RemoteRoute.objects.update(retired_at=None)
        take_routes()
        assert Departure.objects.get().cancelled_at is None

    def test_one_of_another_vehicle_moves_with_it(self, route, fleet):
        take_routes()
        other = VehicleFactory(fleet=fleet)
        link_vehicle(other, RemoteVehicleFactory(remote_id="rv-15"))
        RemoteRoute.objects.update(vehicle_remote_id="rv-15")
        take_routes()
        assert Departure.objects.get().vehicle == other

    def test_with_the_link_it_goes(self, route):
        take_routes()
        Link.objects.update(state=Link.State.REFUSED)
        take_routes()
        assert Departure.objects.get().cancelled_at is not None

    def test_ours_do_not_come_back_as_theirs(self, route):
        RemoteRoute.objects.update(external_id=f"{OURS}1")
        assert take_routes() == 0

    def test_nobody_here_changes_it(self, route, user):
        take_routes()
        row = Departure.objects.get()
        with pytest.raises(DepartureRefused, match="route in Ampcontrol"):
            cancel_departure(row, seen_version=0, user=user)

    def test_what_was_typed_for_the_same_instant_stays(self, route, vehicle, user):
        set_departure(vehicle, Plan(leaves_at=route.starts_at), user=user)
        take_routes()
        assert [row.source for row in Departure.objects.all()] == ["typed"]


class TestSent:
    @pytest.fixture
    def row(self, vehicle, user):
        plan = Plan(leaves_at=in_hours(10), returns_at=in_hours(15), distance_km=Decimal(90))
        return set_departure(vehicle, plan, user=user)

    @pytest.fixture
    def theirs(self, ampcontrol):
        ampcontrol.trips["theirs"] = Route(
            "theirs", "x", "rv-14", "", in_hours(30), in_hours(33), None, None, None, "future"
        )

    def test_it_goes_up_once(self, row, ampcontrol, theirs):
        send_routes(client=ampcontrol)
        send_routes(client=ampcontrol)
        (trip,) = [each for each in ampcontrol.trips.values() if each.id != "theirs"]
        assert trip.external_id.startswith(OURS)
        assert (trip.vehicle_id, trip.starts_at, trip.ends_at) == (
            "rv-14",
            row.leaves_at,
            row.returns_at,
        )
        assert trip.distance_km == 90
        assert len(ampcontrol.told) == 1

    def test_a_change_follows(self, row, ampcontrol, user):
        send_routes(client=ampcontrol)
        plan = Plan(leaves_at=in_hours(9), distance_km=Decimal(95))
        change_departure(row, plan, seen_version=0, user=user)
        send_routes(client=ampcontrol)
        (trip,) = ampcontrol.trips.values()
        assert (trip.starts_at, trip.distance_km) == (in_hours(9), 95)

    def test_called_off_it_is_deleted_and_nobody_elses_is(self, row, ampcontrol, theirs, user):
        send_routes(client=ampcontrol)
        cancel_departure(row, seen_version=0, user=user)
        send_routes(client=ampcontrol)
        send_routes(client=ampcontrol)
        assert list(ampcontrol.trips) == ["theirs"]
        assert len(ampcontrol.told) == 2

    def test_with_the_link_it_goes(self, row, ampcontrol):
        send_routes(client=ampcontrol)
        Link.objects.update(state=Link.State.REFUSED)
        send_routes(client=ampcontrol)
        assert ampcontrol.trips == {}

    def test_what_has_left_stays_there(self, row, ampcontrol):
        send_routes(client=ampcontrol)
        with time_machine.travel(in_hours(11), tick=False):
            send_routes(client=ampcontrol)
        assert len(ampcontrol.trips) == 1

    def test_what_asks_for_nothing_is_no_route(self, vehicle, user, ampcontrol):
        set_departure(vehicle, Plan(leaves_at=in_hours(3)), user=user)
        send_routes(client=ampcontrol)
        assert ampcontrol.told == []

    def test_it_is_switched_off(self, row, ampcontrol, settings):
        settings.AMPCONTROL_WRITES = ["departures"]
        send_routes(client=ampcontrol)
        assert ampcontrol.told == []

    @pytest.mark.parametrize("fault", [LOST, Killed()], ids=["lost", "killed"])
    @pytest.mark.parametrize("arrives", [True, False])
    def test_it_is_never_made_twice(self, row, ampcontrol, fault, arrives):
        ampcontrol.fail, ampcontrol.arrives_all_the_same = fault, arrives
        with contextlib.suppress(Killed):
            send_routes(client=ampcontrol)
        with time_machine.travel(in_hours(0.1), tick=False):
            send_routes(client=ampcontrol)
            send_routes(client=ampcontrol)
        assert len(ampcontrol.trips) == 1
        row.refresh_from_db()
        assert (row.route_remote_id, row.problem) == (next(iter(ampcontrol.trips)), "")

    def test_called_off_while_nobody_knows_whether_it_arrived(self, row, ampcontrol, user):
        ampcontrol.fail, ampcontrol.arrives_all_the_same = LOST, True
        send_routes(client=ampcontrol)
        cancel_departure(row, seen_version=0, user=user)
        send_routes(client=ampcontrol)
        assert ampcontrol.trips == {}

    def test_one_that_somebody_deleted_there_is_made_anew_at_once(self, row, ampcontrol, user):
        send_routes(client=ampcontrol)
        (deleted,) = ampcontrol.trips.values()
        ampcontrol.trips.clear()
        change_departure(
            row, Plan(leaves_at=in_hours(9), target_percent=70), seen_version=0, user=user
        )
        send_routes(client=ampcontrol)
        (made,) = ampcontrol.trips.values()
        assert made.starts_at == row.leaves_at - HOUR
        assert made.external_id != deleted.external_id
        row.refresh_from_db()
        assert (row.problem, row.route_remote_id) == ("", made.id)
        assert row.route_external_id == made.external_id

    def test_one_that_is_made_anew_and_whose_answer_is_lost_is_found(self, row, ampcontrol, user):
        send_routes(client=ampcontrol)
        ampcontrol.trips.clear()
        change_departure(
            row, Plan(leaves_at=in_hours(9), target_percent=70), seen_version=0, user=user
        )
        ampcontrol.fail, ampcontrol.arrives_all_the_same = LOST, True
        send_routes(client=ampcontrol)
        with time_machine.travel(in_hours(0.1), tick=False):
            send_routes(client=ampcontrol)
        assert len(ampcontrol.trips) == 1
        row.refresh_from_db()
        assert (row.route_remote_id, row.problem) == (next(iter(ampcontrol.trips)), "")

    @pytest.fixture
    def mirrored(self, row, ampcontrol):
        """Its route, as Ampcontrol was read since it was sent."""
        send_routes(client=ampcontrol)
        (trip,) = ampcontrol.trips.values()
        return RemoteRoute.objects.create(
            remote_id=trip.id,
            external_id=trip.external_id,
            vehicle_remote_id=trip.vehicle_id,
            starts_at=trip.starts_at,
            # Their own reckoning, and no reason to send anything.
            ends_at=trip.ends_at + HOUR,
            read_at=timezone.now(),
        )

    def test_what_could_not_be_set_again_is_tried_until_it_is(self, row, ampcontrol, mirrored):
        ampcontrol.trips.clear()
        with time_machine.travel(in_hours(0.1), tick=False):
            RemoteRoute.objects.update(retired_at=timezone.now())
        for later in (1, 2):
            with time_machine.travel(in_hours(later), tick=False):
                ampcontrol.fail = LOST if later == 1 else None
                send_routes(client=ampcontrol)
        assert len(ampcontrol.trips) == 1

    @pytest.fixture
    def page(self, row, client, user, fleet):
        MembershipFactory(fleet=fleet, user=user)
        client.force_login(user)
        return lambda: client.get(f"/vehicles/{row.vehicle_id}/departures/").content.decode()

    def test_what_others_change_or_delete_there_is_said_and_set_again(
        self, row, ampcontrol, mirrored, page
    ):
        for found, again, facts in (
            (5, 16, {"starts_at": in_hours(8)}),
            (20, 32, {"retired_at": True}),
        ):
            assert "A route in Ampcontrol." in page()
            told = len(ampcontrol.told)
            with time_machine.travel(timezone.now() + timedelta(minutes=found), tick=False):
                RemoteRoute.objects.update(read_at=timezone.now(), starts_at=mirrored.starts_at)
                send_routes(client=ampcontrol)
                assert len(ampcontrol.told) == told
                facts = {name: timezone.now() if at is True else at for name, at in facts.items()}
                RemoteRoute.objects.update(**facts)
                send_routes(client=ampcontrol)
                assert len(ampcontrol.told) == told, "not at every turn"
                assert "Its route was changed or deleted in Ampcontrol" in page()
            with time_machine.travel(timezone.now() + timedelta(minutes=again), tick=False):
                send_routes(client=ampcontrol)
            assert len(ampcontrol.told) == told + 1
            assert ampcontrol.trips[mirrored.remote_id].starts_at == row.leaves_at

    def test_what_others_change_back_is_one_again_and_not_sent(self, ampcontrol, mirrored, page):
        told = len(ampcontrol.told)
        for minutes, starts_at, words in (
            (5, in_hours(8), "Its route was changed or deleted in Ampcontrol"),
            (10, mirrored.starts_at, "A route in Ampcontrol."),
        ):
            with time_machine.travel(timezone.now() + timedelta(minutes=minutes), tick=False):
                RemoteRoute.objects.update(read_at=timezone.now(), starts_at=starts_at)
                send_routes(client=ampcontrol)
                assert words in page()
        with time_machine.travel(timezone.now() + HOUR, tick=False):
            send_routes(client=ampcontrol)
        assert len(ampcontrol.told) == told

    def test_a_refusal_is_kept(self, row, ampcontrol):
        ampcontrol.fail = NO
        send_routes(client=ampcontrol)
        send_routes(client=ampcontrol)
        row.refresh_from_db()
        assert (row.problem, len(ampcontrol.told)) == ("refused", 1)
