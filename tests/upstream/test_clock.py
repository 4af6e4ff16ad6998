"""How far the operator's clock is from ours, by the dates of its answers."""

import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest
import time_machine

from ampeco.types import NewBookingRequest
from tests.scripted_operator import LOCATION, REQUESTS, good_location, one
from upstream.calls import MARGIN, UNMEASURED, OperatorClock
from upstream.errors import UpstreamRateLimited

NONE = timedelta(0)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def dated(answer: httpx.Response, at: datetime) -> httpx.Response:
    answer.headers["Date"] = format_datetime(at.replace(microsecond=0), usegmt=True)
    return answer


@pytest.fixture
def _at_noon():
    with time_machine.travel(NOON, tick=False):
        yield


def test_nothing_measured_is_the_widest_doubt(client):
    assert client.clock.behind(at_least=NONE) == client.clock.ahead(at_least=NONE) == UNMEASURED


@pytest.mark.usefixtures("_at_noon")
@pytest.mark.parametrize("minutes", [-30, -10, 0, 10, 30])
def test_each_answer_tells(client, operator, minutes):
    skew = timedelta(minutes=minutes)
    operator.answers("GET", LOCATION, dated(good_location(), NOON + skew))
    client.read_location(7)
    second = timedelta(seconds=1)
    assert client.clock.behind(at_least=NONE) == max(NONE, -skew + MARGIN)
    assert client.clock.ahead(at_least=NONE) == max(NONE, skew + second + MARGIN)
    assert client.clock.behind(at_least=timedelta(hours=2)) == timedelta(hours=2)


@pytest.mark.usefixtures("_at_noon")
def test_a_refusal_tells_as_well(client, operator):
    late = NOON - timedelta(minutes=20)
    operator.answers("GET", LOCATION, dated(httpx.Response(404), late))
    with pytest.raises(Exception, match="404"):
        client.read_location(7)
    assert client.clock.behind(at_least=NONE) == timedelta(minutes=20) + MARGIN


@pytest.mark.usefixtures("_at_noon")
def test_what_dates_requests_may_be_another_clock_than_what_dates_answers(client, operator):
    created = {"id": 1, "type": "create", "status": "pending", "createdAt": "2026-03-01T11:40:00Z"}
    operator.answers("POST", REQUESTS, dated(one(created, 201), NOON))
    wanted = {"start_at": NOON, "end_at": NOON + timedelta(hours=1), "external_id": "ours"}
    client.create_booking_request(NewBookingRequest(user_id=1, location_id=1, **wanted))
    assert client.clock.behind(at_least=NONE) == timedelta(minutes=20) + MARGIN


def test_a_slow_answer_is_a_wider_doubt():
    clock = OperatorClock()
    with time_machine.travel(NOON, tick=False):
        clock.note(NOON - timedelta(seconds=10), sent_at=time.time() - 20)
    assert clock.behind(at_least=NONE) == timedelta(seconds=10) + MARGIN
    assert clock.ahead(at_least=NONE) == timedelta(seconds=11) + MARGIN


def test_a_clock_that_was_set_right_is_doubted_for_a_while():
    clock = OperatorClock()
    for hours, minutes in ((0, -30), (1, 0)):
        with time_machine.travel(NOON + timedelta(hours=hours), tick=False):
            clock.note(NOON + timedelta(hours=hours, minutes=minutes), sent_at=time.time())
            assert clock.behind(at_least=NONE) == timedelta(minutes=30) + MARGIN
    with time_machine.travel(NOON + timedelta(hours=2), tick=False):
        clock.note(NOON + timedelta(hours=2), sent_at=time.time())
    assert clock.behind(at_least=NONE) == MARGIN


@pytest.mark.parametrize(
    "headers",
    [{}, {"Date": "soon"}, {"Date": ""}, {"Date": format_datetime(NOON), "Age": "60"}],
    ids=str,
)
def test_what_tells_no_time_is_passed_over(headers):
    clock = OperatorClock()
    with time_machine.travel(NOON, tick=False):
        told_at = clock.note_answer(httpx.Headers(headers), sent_at=time.time())
    assert told_at == NOON.timestamp()
    assert clock.behind(at_least=NONE) == UNMEASURED


@pytest.mark.usefixtures("_at_noon")
@pytest.mark.parametrize("minutes", [-30, 30])
@pytest.mark.parametrize("header", ["Retry-After", "X-RateLimit-Reset"])
def test_an_instant_to_come_back_at_is_the_operators(client, operator, minutes, header):
    theirs = NOON + timedelta(minutes=minutes)
    back = theirs + timedelta(seconds=40)
    text = format_datetime(back) if header == "Retry-After" else str(int(back.timestamp()))
    refusal = httpx.Response(429, headers={header: text})
    operator.answers("GET", LOCATION, dated(refusal, theirs))
    with pytest.raises(UpstreamRateLimited) as error:
        client.read_location(7)
    assert error.value.retry_after == pytest.approx(40)
