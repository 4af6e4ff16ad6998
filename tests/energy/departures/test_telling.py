"""What Ampcontrol is told by a click: once, and with what became of it."""

import contextlib
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.utils import timezone

from energy.departures.telling import (
    acknowledge,
    charge_first,
    create_in_ampcontrol,
    send_tellings,
    type_state_of_charge,
)
from energy.models import Alert, Link, RemoteVehicle, Session, Telling, VehicleNow, VehicleState
from tests.energy.departures.pretend import AWAY, LOST, NO, Killed
from tests.energy.factories import AlertFactory, SessionFactory, VehicleNowFactory
from tests.factories import UserFactory, VehicleFactory

pytestmark = pytest.mark.usefixtures("still")

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def user(db):
    return UserFactory(name="Mia Long")


@pytest.fixture
def type_in(vehicle, user):
    def make(percent: int = 62, key: str = "k1") -> Telling | None:
        at = timezone.now().replace(microsecond=0)
        return type_state_of_charge(vehicle, percent=Decimal(percent), at=at, key=key, user=user)

    return make


@pytest.fixture
def session(link):
    return SessionFactory(remote_id="s1", vehicle_remote_id="rv-14")


def send(ampcontrol) -> Telling:
    send_tellings(client=ampcontrol)
    return Telling.objects.get()


class TestStateOfCharge:
    def test_it_is_kept_and_told(self, type_in, vehicle, link, ampcontrol):
        type_in()
        assert Telling.objects.get().state == "waiting"
        assert send(ampcontrol).state == "done"
        send(ampcontrol)
        assert ampcontrol.told == [("state of charge", "rv-14", Decimal(62))]
        now = VehicleNow.objects.get(vehicle=vehicle)
        assert (now.state_of_charge, now.state_of_charge_source) == (62, "typed")
        assert VehicleState.objects.get().source == "typed"

    def test_a_double_click_tells_it_once(self, type_in, link, ampcontrol):
        type_in()
        type_in()
        send(ampcontrol)
        assert len(ampcontrol.told) == 1
        assert VehicleState.objects.count() == 1

    def test_what_is_known_otherwise_stays(self, type_in, vehicle, link):
        before = timezone.now() - timedelta(minutes=5)
        VehicleNowFactory(vehicle=vehicle, plugged_in=True, state_of_charge_at=before)
        type_in()
        now = VehicleNow.objects.get(vehicle=vehicle)
        assert (now.plugged_in, now.state_of_charge_source) == (True, "typed")

    def test_what_was_told_later_counts(self, type_in, vehicle, link):
        later = timezone.now() + timedelta(minutes=1)
        VehicleNowFactory(vehicle=vehicle, state_of_charge=70, state_of_charge_at=later)
        type_in()
        assert VehicleNow.objects.get(vehicle=vehicle).state_of_charge == 70

    def test_without_a_link_it_is_kept_here(self, type_in, vehicle):
        assert type_in() is None
        assert VehicleNow.objects.get(vehicle=vehicle).state_of_charge == 62

    def test_switched_off_it_says_so(self, type_in, link, ampcontrol, settings):
        settings.AMPCONTROL_WRITES = []
        assert type_in().state == "switched-off"
        send(ampcontrol)
        assert ampcontrol.told == []

    def test_switched_off_on_the_way(self, type_in, link, ampcontrol, settings):
        type_in()
        settings.AMPCONTROL_WRITES = []
        assert send(ampcontrol).state == "switched-off"
        assert ampcontrol.told == []

    @pytest.mark.parametrize("fault", [LOST, Killed()], ids=["lost", "killed"])
    @pytest.mark.parametrize("arrives", [True, False])
    def test_it_is_looked_for_before_it_is_told_again(
        self, type_in, link, ampcontrol, fault, arrives
    ):
        type_in()
        ampcontrol.fail, ampcontrol.arrives_all_the_same = fault, arrives
        with contextlib.suppress(Killed):
            send(ampcontrol)
        with time_machine.travel(timezone.now() + timedelta(minutes=3), tick=False):
            assert send(ampcontrol).state == "done"
        assert len(ampcontrol.telematics) == 1

    def test_long_after_it_is_not_told_any_more(self, type_in, link, ampcontrol):
        type_in()
        ampcontrol.fail = AWAY
        assert send(ampcontrol).state == "waiting"
        with time_machine.travel(timezone.now() + timedelta(hours=2), tick=False):
            assert send(ampcontrol).state == "dropped"

    def test_without_its_link_it_is_not_told_any_more(self, type_in, link, ampcontrol):
        type_in()
        Link.objects.update(state=Link.State.REFUSED)
        assert send(ampcontrol).state == "dropped"
        assert ampcontrol.told == []


class TestPriority:
    def test_it_comes_first(self, session, vehicle, user, ampcontrol):
        charge_first(session, vehicle, key="p1", user=user)
        charge_first(session, vehicle, key="p1", user=user)
        assert send(ampcontrol).state == "done"
        assert ampcontrol.told == [("priority", "s1", 1)]
        assert Session.objects.get().priority == 1

    def test_and_is_one_of_many_again(self, session, vehicle, user, ampcontrol):
        charge_first(session, vehicle, key="p1", user=user, first=False)
        send(ampcontrol)
        assert ampcontrol.told == [("priority", "s1", 3)]

    def test_a_session_that_is_over_is_let_be(self, session, vehicle, user, ampcontrol):
        charge_first(session, vehicle, key="p1", user=user)
        Session.objects.update(active=False)
        assert send(ampcontrol).state == "dropped"
        assert ampcontrol.told == []

    def test_a_refusal_is_final(self, session, vehicle, user, ampcontrol):
        charge_first(session, vehicle, key="p1", user=user)
        ampcontrol.fail = NO
        assert send(ampcontrol).state == "refused"
        send(ampcontrol)
        assert len(ampcontrol.told) == 1


class TestAlert:
    def test_it_is_acknowledged_once(self, user, ampcontrol, db):
        alert = AlertFactory(remote_id="a1")
        acknowledge(alert, user=user)
        acknowledge(alert, user=user)
        assert send(ampcontrol).state == "done"
        acknowledge(alert, user=user)
        send(ampcontrol)
        assert ampcontrol.told == [("alert", "a1", "")]
        assert Alert.objects.get().status == "Acknowledged"

    def test_one_that_is_raised_again_is_acknowledged_again(self, user, ampcontrol, db):
        alert = AlertFactory(remote_id="a1")
        acknowledge(alert, user=user)
        send(ampcontrol)
        # As the mirror reads it.
        Alert.objects.update(status="Triggered")
        somebody = UserFactory()
        again = acknowledge(alert, user=somebody)
        assert (again.state, again.settled_at, again.created_by) == ("waiting", None, somebody)
        assert acknowledge(alert, user=user).created_by == somebody
        assert send(ampcontrol).state == "done"
        assert ampcontrol.told == [("alert", "a1", "")] * 2

    @pytest.mark.parametrize("facts", [{"status": "Resolved"}, {"retired_at": LONG_AGO}])
    def test_one_that_is_over_is_not_acknowledged_again(self, user, ampcontrol, db, facts):
        alert = AlertFactory(remote_id="a1")
        acknowledge(alert, user=user)
        send(ampcontrol)
        Alert.objects.update(**{"status": "Triggered", **facts})
        assert acknowledge(alert, user=user).state == "done"
        send(ampcontrol)
        assert len(ampcontrol.told) == 1


class TestVehicle:
    def test_it_is_created_and_linked(self, vehicle, user, ampcontrol):
        create_in_ampcontrol(vehicle, user=user)
        create_in_ampcontrol(vehicle, user=user)
        assert send(ampcontrol).state == "done"
        ((_what, name, facts),) = ampcontrol.told
        assert (name, facts["customer_number"], facts["max_power_kw"]) == ("Van 14", "Van 14", 100)
        link = Link.objects.get()
        assert (link.vehicle, link.state, link.decided_by) == (vehicle, "confirmed", user)
        assert RemoteVehicle.objects.get().remote_id == link.remote_id
        assert create_in_ampcontrol(vehicle, user=user).state == "done"

    def test_one_that_is_linked_by_now_is_not_made(self, vehicle, user, ampcontrol, link):
        create_in_ampcontrol(vehicle, user=user)
        assert send(ampcontrol).state == "dropped"
        assert ampcontrol.told == []

    def test_whoever_does_not_know_makes_no_second_one(self, vehicle, user, ampcontrol):
        create_in_ampcontrol(vehicle, user=user)
        ampcontrol.fail, ampcontrol.arrives_all_the_same = LOST, True
        send(ampcontrol)
        with time_machine.travel(timezone.now() + timedelta(minutes=3), tick=False):
            assert send(ampcontrol).state == "unsure"
            assert create_in_ampcontrol(vehicle, user=user).state == "unsure"
            send(ampcontrol)
        assert len(ampcontrol.told) == 1

    def test_but_for_a_vin_that_tells(self, fleet, user, ampcontrol):
        vehicle = VehicleFactory(fleet=fleet, vin="1FTBW9CK1PKA00001")
        create_in_ampcontrol(vehicle, user=user)
        ampcontrol.fail, ampcontrol.arrives_all_the_same = LOST, True
        send(ampcontrol)
        with time_machine.travel(timezone.now() + timedelta(minutes=3), tick=False):
            assert send(ampcontrol).state == "done"
        assert Link.objects.get().vehicle == vehicle

    def test_one_that_is_gone_there_may_be_created_again(self, vehicle, user, ampcontrol):
        create_in_ampcontrol(vehicle, user=user)
        send(ampcontrol)
        RemoteVehicle.objects.update(retired_at=timezone.now())
        # As long as it is linked, staff have not seen that it is gone.
        assert create_in_ampcontrol(vehicle, user=user).state == "done"
        Link.objects.update(state=Link.State.REFUSED)
        again = create_in_ampcontrol(vehicle, user=user)
        assert (again.state, again.remote_id) == ("waiting", "")
        assert send(ampcontrol).state == "done"
        assert len(ampcontrol.told) == 2
        link = Link.objects.get(state=Link.State.CONFIRMED)
        assert (link.remote_id, link.vehicle) == (Telling.objects.get().remote_id, vehicle)

    def test_one_that_is_there_still_is_not_made_twice(self, vehicle, user, ampcontrol):
        create_in_ampcontrol(vehicle, user=user)
        send(ampcontrol)
        Link.objects.update(state=Link.State.REFUSED)
        assert create_in_ampcontrol(vehicle, user=user).state == "done"
        send(ampcontrol)
        assert len(ampcontrol.told) == 1

    def test_what_was_refused_may_be_asked_for_again(self, vehicle, user, ampcontrol):
        create_in_ampcontrol(vehicle, user=user)
        ampcontrol.fail = NO
        assert send(ampcontrol).state == "refused"
        create_in_ampcontrol(vehicle, user=user)
        assert send(ampcontrol).state == "done"
