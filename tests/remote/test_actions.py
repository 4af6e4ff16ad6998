"""Who may have a charger told something, and when: nothing is saved otherwise, nor sent twice."""

import threading
import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.utils.timezone import now

from bookings.models import Booking, BookingEvent, ChargingSession
from bookings.state import listeners
from drivers.models import Driver, Fleet, FleetDriver
from remote import sending
from remote.actions import MOST_OF_A_KIND, ActionRefused
from remote.models import RemoteAction
from remote.models.action import ActionStatus
from remote.state import move_action
from sites.models import ChargePoint, Evse
from tests.factories import LocationFactory
from tests.remote.conftest import let_drivers_start, was_told

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "change",
    [
        {"start_at": timedelta(minutes=1)},
        {"end_at": timedelta()},
        {"status": "cancelled"},
        {"status": "requested"},
        {"status": "no-show"},
        {"ampeco_booking_id": None},
        {"evse": None},
        {"open_change": "cancel"},
        {"open_change": "withdraw"},
        {"open_change": "move"},
    ],
    ids=str,
)
@pytest.mark.parametrize("kind", RemoteAction.Kind.values)
def test_only_while_the_booking_runs(tell, running, kind, change):
    change = {
        name: now() + value if isinstance(value, timedelta) else value
        for name, value in change.items()
    }
    Booking.objects.filter(pk=running.pk).update(**change)
    with pytest.raises(ActionRefused) as refusal:
        tell(kind)
    assert refusal.value.message
    assert not RemoteAction.objects.exists()


def test_after_the_time_a_charge_can_be_stopped_and_nothing_begun(charging, tell):
    Booking.objects.update(end_at=now())
    for kind in ("start", "unlock"):
        with pytest.raises(ActionRefused, match="time of this booking is over"):
            tell(kind)
    assert tell("stop").kind == "stop"


@pytest.mark.parametrize(
    "change",
    [
        lambda: ChargingSession.objects.update(status="finished"),
        lambda: ChargingSession.objects.update(stopped_at=now()),
        # Nobody reads it any more.
        lambda: ChargingSession.objects.update(refresh_at=None),
        lambda: Booking.objects.update(status="cancelled"),
        lambda: Booking.objects.update(open_change="move"),
        lambda: ChargePoint.objects.update(location=LocationFactory()),
    ],
)
def test_not_once_the_charge_is_over_or_the_booking_is_not_what_it_was(charging, tell, change):
    Booking.objects.update(end_at=now())
    change()
    with pytest.raises(ActionRefused):
        tell("stop")


def test_only_on_its_charger(tell, running):
    ChargePoint.objects.update(location=LocationFactory())
    with pytest.raises(ActionRefused, match="another site"):
        tell("start")


def test_a_charger_that_is_gone(tell):
    Evse.objects.update(retired_at=now())
    with pytest.raises(ActionRefused, match="no longer lists"):
        tell("unlock")


def test_a_plug_that_has_no_number(tell):
    Evse.objects.update(network_id="left")
    with pytest.raises(ActionRefused, match="cannot be unlocked"):
        tell("unlock")


@pytest.mark.parametrize(
    "leave",
    [
        lambda: FleetDriver.objects.update(left_at=now()),
        lambda: Driver.objects.update(status="disabled"),
    ],
)
def test_only_for_a_driver_who_may(tell, leave):
    leave()
    with pytest.raises(ActionRefused, match="driver may no longer"):
        tell("start")


def test_a_charge_begins_once(charging, tell):
    with pytest.raises(ActionRefused, match="running already"):
        tell("start")


def test_nothing_runs_that_could_end(tell):
    with pytest.raises(ActionRefused, match="No charge"):
        tell("stop")


def test_after_the_charge(charging, tell, send, workers):
    tell("stop")
    send()
    workers.read_sessions()
    with pytest.raises(ActionRefused, match="starts once"):
        tell("start")


def test_drivers_only_where_their_fleet_lets_them(tell):
    with pytest.raises(ActionRefused, match="does not let"):
        tell("start", asked_by="driver", user=None)
    let_drivers_start()
    assert tell("start", asked_by="driver", user=None).asked_by == "driver"


def test_the_same_form_sent_twice(tell, send, operator):
    key = uuid.uuid4()
    first = tell("start", submission_key=key)
    assert tell("start", submission_key=key) == first
    send()
    assert tell("start", submission_key=key) == first
    send()
    assert was_told(operator, "start") == 1
    with pytest.raises(ActionRefused):
        tell("unlock", submission_key=key)


def test_two_people_one_after_the_other(tell, send, operator):
    assert tell("start") == tell("start")
    send()
    assert was_told(operator, "start") == 1


def test_not_again_and_again(tell, send, operator):
    operator.control_plans[301] = ["INTERNAL_ISSUE"] * MOST_OF_A_KIND
    for _ in range(MOST_OF_A_KIND):
        tell("start")
        send()
    with pytest.raises(ActionRefused, match="several times"):
        tell("start")
    tell("unlock")


@pytest.mark.parametrize("old", ActionStatus)
@pytest.mark.parametrize("new", ActionStatus)
def test_every_move(tell, old, new):
    action = tell("start")
    RemoteAction.objects.update(status=old)
    action.refresh_from_db()
    if new not in RemoteAction.MOVES[old]:
        with pytest.raises(ValueError, match="cannot become"):
            move_action(action, to=new)
        return
    late = RemoteAction.objects.select_related("booking").get()
    assert move_action(action, to=new)
    assert action.events.last().to_status == new
    # Whoever comes second changes nothing.
    assert not move_action(late, to=new)
    assert action.events.count() == 2


def test_what_was_told_stays_when_bookings_turn_out_to_be_one(tell, running, follow):
    action, other = tell("start"), follow()
    for listener in listeners.booking_merged:
        listener(running, other)
    action.refresh_from_db()
    assert action.booking == other
    assert not BookingEvent.objects.filter(booking=other).exists()


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    def many(self, work, number: int = 6) -> list:
        """Let threads do something at the same moment; return what came of each."""
        together = threading.Barrier(number)
        results: list = []

        def run(turn: int) -> None:
            try:
                together.wait(timeout=10)
                results.append(work(turn))
            except ActionRefused as refusal:
                results.append(refusal)
            finally:
                connection.close()

        threads = [threading.Thread(target=run, args=[turn]) for turn in range(number)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return results

    def test_a_double_click_is_one_action(self, tell, send, operator, wire):
        key = uuid.uuid4()
        actions = self.many(lambda _turn: tell("start", submission_key=key))
        assert len({action.pk for action in actions}) == RemoteAction.objects.count() == 1
        send()
        assert was_told(operator, "start") == wire.count("/start") == 1

    def test_so_are_many_people(self, tell, send, operator, wire):
        actions = self.many(lambda _turn: tell("start"))
        assert len({action.pk for action in actions}) == RemoteAction.objects.count() == 1
        send()
        assert was_told(operator, "start") == wire.count("/start") == 1

    def test_many_workers_tell_the_charger_once(self, tell, operator, ampeco_client, wire):
        action = tell("start")
        self.many(lambda _turn: sending.send_due(client=ampeco_client))
        action.refresh_from_db()
        assert action.status == "accepted"
        assert was_told(operator, "start") == wire.count("/start") == 1


def test_off_by_default():
    assert Fleet().drivers_may_start is False
