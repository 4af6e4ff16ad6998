"""What a charger is told, once, and what comes of it."""

from datetime import timedelta

import httpx
import pytest
from django.utils.timezone import now

from bookings.models import Booking, ChargingSession
from drivers.models import FleetDriver
from remote.models import RemoteAction
from remote.rights import forbidden_kinds
from sandbox.world.control import ERROR_CODES
from tests.remote.conftest import PATHS, let_drivers_start, let_pass, states_of, was_told

pytestmark = pytest.mark.django_db


def test_a_charge_begins_and_the_booking_knows_it_at_once(tell, send, operator, running, workers):
    action = tell("start")
    assert (action.status, action.send_started_at) == ("queued", None)
    send()
    action.refresh_from_db()
    (theirs,) = operator.sessions.values()
    assert (action.status, action.ampeco_session_id) == ("accepted", str(theirs.id))
    assert states_of(action) == ["queued", "sending", "accepted"]
    assert (theirs.booking_id, theirs.user_id) == (
        running.ampeco_booking_id,
        running.driver.ampeco_user_id,
    )
    assert ChargingSession.objects.get(booking=running).ampeco_session_id == str(theirs.id)
    # Both are due, so that pages show it without waiting for the next rounds.
    workers.refresh()
    workers.read_sessions()
    running.refresh_from_db()
    assert running.status == Booking.Status.COMPLETED
    assert running.charging_session.status == "active"


def test_a_charge_ends(charging, tell, send, operator, workers):
    action = tell("stop")
    send()
    action.refresh_from_db()
    assert action.status == "accepted"
    assert operator.sessions[1].stops_at <= operator.now()
    workers.read_sessions()
    assert ChargingSession.objects.get().has_ended
    assert [told.what for told in operator.told] == ["start", "stop"]


def test_a_plug_is_let_go(tell, send, operator):
    action = tell("unlock")
    send()
    action.refresh_from_db()
    assert action.status == "accepted"
    assert was_told(operator, "unlock") == 1


@pytest.mark.parametrize("code", ERROR_CODES)
def test_a_refusal_is_told_with_its_code(tell, send, operator, code):
    operator.control_plans[301] = [code]
    action = tell("start")
    send()
    action.refresh_from_db()
    assert (action.status, action.reason) == ("refused", code)
    assert not operator.sessions


@pytest.mark.parametrize(
    ("kind", "answer", "reason"),
    [
        ("unlock", httpx.Response(406), "charger"),
        ("unlock", httpx.Response(202, json={"success": False}), "charger"),
        ("start", httpx.Response(404, json={}), "unknown-there"),
        ("start", httpx.Response(422, json={"errors": {"bookingId": ["Invalid."]}}), "booking"),
        ("start", httpx.Response(422, json={"errors": {"userId": ["Invalid."]}}), "operator"),
        ("start", httpx.Response(403, json={}), "not-permitted"),
    ],
)
def test_other_refusals(tell, send, wire, kind, answer, reason):
    wire.intercept = lambda request: answer if PATHS[kind] in request.url.path else None
    action = tell(kind)
    send()
    action.refresh_from_db()
    assert (action.status, action.reason) == ("refused", reason)
    assert wire.count(PATHS[kind]) == 1
    assert forbidden_kinds() == ({kind} if reason == "not-permitted" else set())


class TestLostAnswers:
    @pytest.mark.parametrize("fault", ["cut-after", "server-error-after"])
    def test_it_was_done(self, tell, send, operator, wire, running, fault):
        operator.faults.add(fault, count=1, path="/start")
        action = tell("start")
        send()
        action.refresh_from_db()
        assert states_of(action) == ["queued", "sending", "unclear", "accepted"]
        assert action.ampeco_session_id == "1"
        assert ChargingSession.objects.get(booking=running).ampeco_session_id == "1"
        assert was_told(operator, "start") == wire.count("/start") == 1

    @pytest.mark.parametrize("fault", ["cut-before", "server-error"])
    def test_it_was_not_done(self, tell, send, operator, wire, fault):
        operator.faults.add(fault, count=1, path="/start")
        action = tell("start")
        for _ in range(3):
            send()
        action.refresh_from_db()
        assert action.status == "unclear"
        let_pass(61)
        send()
        action.refresh_from_db()
        assert action.status == "no-answer"
        assert wire.count("/start") == 1
        assert was_told(operator, "start") == 0

    def test_the_answer_of_a_stop(self, charging, tell, send, operator, wire):
        operator.control_plans[301] = ["lost"]
        action = tell("stop")
        send()
        action.refresh_from_db()
        assert states_of(action) == ["queued", "sending", "unclear", "accepted"]
        assert wire.count("/stop/") == 1

    def test_nobody_knows_of_a_plug(self, tell, send, operator, wire):
        operator.control_plans[301] = ["lost"]
        action = tell("unlock")
        send()
        action.refresh_from_db()
        assert action.status == "no-answer"
        assert wire.count("/unlock/") == 1

    def test_a_late_one_is_found(self, tell, send, operator, wire):
        """The call arrives while it is looked for."""
        operator.faults.add("late", count=1, path="/start", seconds=20)
        action = tell("start")
        send()
        action.refresh_from_db()
        assert action.status == "unclear"
        operator.clock.advance(timedelta(seconds=21))
        send()
        action.refresh_from_db()
        assert action.status == "accepted"
        assert wire.count("/start") == was_told(operator, "start") == 1

    def test_one_that_is_later_still(self, tell, send, operator, wire, workers, running):
        """It was given up by then; the booking shows the charge all the same."""
        operator.faults.add("late", count=1, path="/start", seconds=100)
        action = tell("start")
        send()
        let_pass(61)
        send()
        action.refresh_from_db()
        assert action.status == "no-answer"
        operator.clock.advance(timedelta(seconds=101))
        workers.refresh_all()
        running.refresh_from_db()
        assert running.status == Booking.Status.COMPLETED
        assert wire.count("/start") == 1

    def test_the_operator_cannot_be_asked_either(self, tell, send, operator, wire):
        operator.faults.add("cut-after", count=1, path="/start")
        operator.faults.add("server-error", method="GET")
        action = tell("start")
        send()
        let_pass(70)
        send()
        action.refresh_from_db()
        assert action.status == "unclear", "Nobody has looked yet."
        let_pass(600)
        send()
        action.refresh_from_db()
        assert action.status == "no-answer"
        assert wire.count("/start") == 1

    def test_sessions_may_not_be_listed(self, tell, send, operator, wire):
        operator.faults.add("cut-before", count=1, path="/start")
        wire.intercept = lambda request: (
            httpx.Response(403, json={}) if "/sessions/" in request.url.path else None
        )
        action = tell("start")
        send()
        let_pass(61)
        send()
        action.refresh_from_db()
        assert action.status == "no-answer"


class TestWhatSurelyDidNotArrive:
    def send_later(self, send) -> None:
        RemoteAction.objects.update(next_attempt_at=now())
        send()

    def test_a_pause_that_the_operator_asks_for(self, tell, send, wire, ampeco_client):
        wire.intercept = lambda request: (
            httpx.Response(429, headers={"Retry-After": "0"}) if request.method == "POST" else None
        )
        action = tell("start")
        send()
        action.refresh_from_db()
        assert (action.status, action.send_started_at) == ("queued", None)

    def test_a_connection_that_is_not_made(self, tell, send, operator, wire):
        def fail(request: httpx.Request) -> None:
            if "/start" in request.url.path:
                raise httpx.ConnectError("no", request=request)

        wire.intercept = fail
        action = tell("start")
        send()
        action.refresh_from_db()
        assert (action.status, action.send_started_at) == ("queued", None)
        assert states_of(action) == ["queued", "sending", "queued"]
        wire.intercept = None
        self.send_later(send)
        action.refresh_from_db()
        assert action.status == "accepted"
        assert was_told(operator, "start") == 1

    def test_a_token_that_is_refused(self, tell, send, operator):
        operator.faults.add("unauthorized", count=1, path="/start")
        action = tell("start")
        send()
        self.send_later(send)
        action.refresh_from_db()
        assert action.status == "accepted"
        assert was_told(operator, "start") == 1


class TestDropped:
    def test_too_late(self, tell, send, wire):
        action = tell("start")
        let_pass(60)
        send()
        action.refresh_from_db()
        assert (action.status, action.reason) == ("lapsed", "too-late")
        assert wire.count("/start") == 0

    def test_also_while_no_call_would_be_sent(self, tell, send, wire, monkeypatch, ampeco_client):
        monkeypatch.setattr(type(ampeco_client), "held_back_for", lambda _self: 30.0)
        action = tell("start")
        send()
        action.refresh_from_db()
        assert action.status == "queued"
        let_pass(60)
        send()
        action.refresh_from_db()
        assert action.status == "lapsed"
        assert wire.count("/start") == 0

    @pytest.mark.parametrize(
        "change", [{"status": "cancelled"}, {"open_change": "withdraw"}, {"end_at": now}]
    )
    def test_the_booking_has_changed(self, tell, send, wire, running, change):
        action = tell("start")
        change = {name: value() if callable(value) else value for name, value in change.items()}
        Booking.objects.filter(pk=running.pk).update(**change)
        send()
        action.refresh_from_db()
        assert (action.status, action.reason) == ("lapsed", "not-any-more")
        assert wire.count("/start") == 0

    def test_the_driver_has_left(self, tell, send, wire):
        action = tell("start")
        FleetDriver.objects.update(left_at=now())
        send()
        action.refresh_from_db()
        assert action.status == "lapsed"
        assert wire.count("/start") == 0

    def test_drivers_may_no_longer(self, tell, send, wire):
        let_drivers_start()
        action = tell("start", asked_by="driver", user=None)
        action.booking.fleet.__class__.objects.update(drivers_may_start=False)
        send()
        action.refresh_from_db()
        assert action.status == "lapsed"
        assert wire.count("/start") == 0


def test_what_nobody_sends_any_more_is_looked_for(tell, send, operator, wire):
    """As if a worker had been killed after it began to send, before the call or after it."""
    action = tell("start")
    RemoteAction.objects.update(
        status="sending", send_started_at=now(), lease_until=now() + timedelta(seconds=30)
    )
    send()
    action.refresh_from_db()
    assert action.status == "sending", "somebody is at it"
    let_pass(31)
    send()
    action.refresh_from_db()
    assert action.status == "unclear"
    let_pass(31)
    send()
    action.refresh_from_db()
    assert action.status == "no-answer"
    assert wire.count("/start") == 0
