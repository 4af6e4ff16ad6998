"""What makes a charger do something is sent once, and its answer is read for what it says."""

import httpx
import pytest

from ampeco.types import ControlAnswer
from upstream.errors import UpstreamForbidden, UpstreamRejected, UpstreamUnavailable

START = "actions/evse/v1.0/15/start"
STOP = "actions/charge-point/v1.0/70/stop/5001"
UNLOCK = "actions/charge-point/v1.0/70/unlock/1"


def start(client):
    return client.start_charge(15, user_id=42, booking_id=100)


def told(operator, path, *answers):
    operator.answers("POST", path, *answers)


def accepted(**body) -> httpx.Response:
    return httpx.Response(202, json=body)


def test_a_charge_that_begins(operator, client):
    told(operator, START, accepted(success=True, sessionId=5001, authorizationId=7))
    assert start(client) == ControlAnswer(accepted=True, session_id="5001")


def test_a_refusal_is_an_answer(operator, client):
    refusal = accepted(
        success=False,
        sessionId=None,
        authorizationId=None,
        errorCode="SESSION_EXISTS",
        message="  Busy\n",
    )
    told(operator, START, refusal)
    assert start(client) == ControlAnswer(
        accepted=False, error_code="SESSION_EXISTS", message="Busy"
    )


def test_an_empty_answer_to_a_stop_is_a_yes(operator, client):
    told(operator, STOP, httpx.Response(202))
    assert client.stop_charge(70, 5001).accepted


@pytest.mark.parametrize(("body", "is_done"), [({}, True), ({"success": False}, False)])
def test_an_unlock(operator, client, body, is_done):
    told(operator, UNLOCK, accepted(**body))
    assert client.unlock_connector(70, "1").accepted is is_done


@pytest.mark.parametrize(
    "answer",
    [
        httpx.ReadTimeout("late"),
        httpx.Response(500),
        httpx.Response(202),
        accepted(success="perhaps"),
        httpx.Response(202, text="<html>"),
    ],
)
def test_what_is_not_known_is_not_sent_again(operator, client, answer):
    told(operator, START, answer)
    with pytest.raises(UpstreamUnavailable) as error:
        start(client)
    assert error.value.ambiguous is True
    assert len(operator.requests) == 1


def test_what_never_left_is_no_doubt(operator, client):
    told(operator, START, httpx.ConnectError("no"))
    with pytest.raises(UpstreamUnavailable) as error:
        start(client)
    assert error.value.ambiguous is False


@pytest.mark.parametrize(
    ("status", "kind"), [(406, UpstreamRejected), (422, UpstreamRejected), (403, UpstreamForbidden)]
)
def test_refusals_with_a_status(operator, client, status, kind):
    told(operator, UNLOCK, httpx.Response(status, json={"message": "No."}))
    with pytest.raises(kind) as error:
        client.unlock_connector(70, "1")
    assert error.value.status == status


def test_an_id_leads_nowhere_else(client):
    with pytest.raises(ValueError, match="An id"):
        client.unlock_connector(70, "../../x")
