from datetime import UTC, datetime, timedelta

import httpx
import pytest

from ampeco.client import AmpecoClient
from tests.scripted_operator import (
    BASE_URL,
    CANCEL,
    LOCATION,
    NEVER_SENT,
    PERHAPS_SENT,
    TOKEN,
    good_location,
    named,
    page,
)
from upstream.errors import (
    UpstreamNotPermitted,
    UpstreamRateLimited,
    UpstreamRejected,
    UpstreamUnavailable,
)
from upstream.transport import Transport

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


# What is sent


def test_token_and_nothing_else_authorizes(client, operator):
    operator.answers("GET", LOCATION, good_location())
    client.read_location(7)
    assert operator.requests[0].headers["Authorization"] == f"Bearer {TOKEN}"
    assert operator.requests[0].headers["Accept"] == "application/json"
    assert str(operator.requests[0].url) == f"{BASE_URL}/{LOCATION}"


@pytest.mark.parametrize(
    "base_url",
    [
        "",
        "operator.example",
        "ftp://operator.example",
        "https://",
        "https://me:you@operator.example",
    ],
)
def test_base_url_must_be_a_web_address(base_url):
    with pytest.raises(ValueError, match="base URL"):
        AmpecoClient(base_url=base_url, token=TOKEN)


@pytest.mark.parametrize("token", ["", "sécret", "line\nbreak"])
def test_token_that_cannot_be_sent_is_refused_without_being_shown(token):
    with pytest.raises(ValueError, match="token") as error:
        AmpecoClient(base_url=BASE_URL, token=token)
    assert not token or token not in str(error.value)


@pytest.mark.parametrize("wanted", ["../users", "1/2", "", "a b", "1?x=1"])
def test_ids_cannot_lead_to_another_path(client, wanted):
    with pytest.raises(ValueError, match="id"):
        client.read_session(wanted)


# Reading is repeated, within bounds


@pytest.mark.parametrize("failure", [*NEVER_SENT, *PERHAPS_SENT], ids=named)
def test_reading_is_tried_again_after_a_lost_connection(client, operator, clock, failure):
    operator.answers("GET", LOCATION, failure, failure, good_location())
    assert client.read_location(7).id == 7
    assert client.calls == len(operator.requests) == 3
    assert len(clock.slept) == 2
    assert all(0.2 <= pause <= 2.0 for pause in clock.slept)


@pytest.mark.parametrize("status", [500, 502, 503, 504, 408])
def test_reading_is_tried_again_after_a_fault_of_the_operator(client, operator, status):
    operator.answers("GET", LOCATION, httpx.Response(status), good_location())
    assert client.read_location(7).id == 7
    assert client.calls == 2


def test_reading_is_given_up_after_some_attempts(client, operator):
    operator.answers("GET", LOCATION, httpx.Response(503))
    with pytest.raises(UpstreamUnavailable) as error:
        client.read_location(7)
    assert (error.value.status, error.value.ambiguous) == (503, False)
    assert client.calls == 4


def test_reading_is_given_up_after_some_time(client, operator, clock):
    def slow(request):
        clock.now += 9
        raise httpx.ReadTimeout("slow")

    operator.answers("GET", LOCATION, slow)
    with pytest.raises(UpstreamUnavailable):
        client.read_location(7)
    assert client.calls == 2


def test_reading_once_can_be_asked_for(operator, gate):
    operator.answers("GET", LOCATION, httpx.Response(503))
    client = AmpecoClient(
        base_url=BASE_URL, token=TOKEN, transport=operator, gate=gate, max_retry_seconds=0
    )
    with pytest.raises(UpstreamUnavailable):
        client.read_location(7)
    assert client.calls == 1


def test_availability_is_asked_again_since_asking_changes_nothing(client, operator):
    path = "actions/locations/v2.0/7/check-booking-availability"
    operator.answers("POST", path, httpx.ReadTimeout("slow"), httpx.Response(500), page([]))
    assert client.check_availability(7, start_after=NOON, end_before=NOON + timedelta(1)) == []
    assert client.calls == 3


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422])
def test_refusals_are_not_repeated(client, operator, status):
    operator.answers("GET", LOCATION, httpx.Response(status, json={"message": "No."}))
    with pytest.raises(UpstreamRejected) as error:
        client.read_location(7)
    assert error.value.status == status
    assert error.value.operation == "read_location"
    assert client.calls == 1


# The operator wants less


def test_short_wait_is_slept_by_a_reader(client, operator, clock):
    operator.answers(
        "GET", LOCATION, httpx.Response(429, headers={"Retry-After": "0.8"}), good_location()
    )
    assert client.read_location(7).id == 7
    assert clock.slept == [pytest.approx(0.85, abs=0.06)]


def test_long_wait_is_left_to_the_caller(client, operator, clock):
    operator.answers("GET", LOCATION, httpx.Response(429, headers={"Retry-After": "30"}))
    with pytest.raises(UpstreamRateLimited) as error:
        client.read_location(7)
    assert (error.value.retry_after, error.value.operation) == (30, "read_location")
    assert clock.slept == []
    assert client.calls == 1


def test_longest_wait_can_be_set(operator, gate, clock):
    operator.answers(
        "GET", LOCATION, httpx.Response(429, headers={"Retry-After": "5"}), good_location()
    )
    client = AmpecoClient(
        base_url=BASE_URL, token=TOKEN, transport=operator, gate=gate, max_wait_seconds=6
    )
    assert client.read_location(7).id == 7
    assert clock.slept == [pytest.approx(5.05, abs=0.06)]


def test_short_waits_do_not_go_on_for_ever(client, operator):
    operator.answers("GET", LOCATION, httpx.Response(429, headers={"Retry-After": "0.5"}))
    with pytest.raises(UpstreamRateLimited):
        client.read_location(7)
    assert client.calls == 4


def test_closed_gate_is_told_at_once(client, gate, operator, clock):
    gate.close_for(0.5)
    with pytest.raises(UpstreamRateLimited) as error:
        client.read_location(7)
    with pytest.raises(UpstreamRateLimited):
        client.cancel_booking_request(CANCEL)
    assert (error.value.retry_after, error.value.status) == (0.5, None)
    assert (client.calls, clock.slept) == (0, [])


# What a platform may ask for besides


@pytest.fixture
def strict(operator, gate):
    """A transport that may read locations and change one field of them."""
    asked = []

    def permits(method, path, body):
        asked.append((method, path, body))
        if method == "GET" or body == {"name": "Pier"}:
            return
        raise UpstreamNotPermitted("Not this.")

    transport = Transport(
        base_url=BASE_URL,
        token=TOKEN,
        transport=operator,
        gate=gate,
        timeout=1,
        max_retry_seconds=1,
        max_wait_seconds=1,
        permits=permits,
        tells_success=lambda answer: answer.get("status") != "fail",
    )
    transport.asked = asked
    yield transport
    transport.close()


def test_a_rule_is_asked_what_would_be_sent(strict, operator):
    operator.answers("PATCH", LOCATION, good_location())
    strict.patch(LOCATION, body={"name": "Pier"}, operation="x")
    assert strict.asked == [("PATCH", LOCATION, {"name": "Pier"})]


@pytest.mark.parametrize(
    "send",
    [
        lambda t: t.patch(LOCATION, body={"name": "x"}, operation="x"),
        lambda t: t.post(LOCATION, body={"name": "x"}, operation="x"),
        lambda t: t.ask(LOCATION, body={"name": "x"}, operation="x"),
        lambda t: t.delete(LOCATION, operation="x"),
    ],
)
def test_what_the_rule_refuses_is_not_sent_nor_counted(strict, operator, send):
    with pytest.raises(UpstreamNotPermitted):
        send(strict)
    assert (operator.requests, strict.calls) == ([], 0)


@pytest.mark.parametrize("failure", [*PERHAPS_SENT, httpx.Response(500)], ids=named)
def test_changes_are_sent_once_and_may_have_arrived(strict, operator, failure):
    operator.answers("PATCH", LOCATION, failure)
    with pytest.raises(UpstreamUnavailable) as error:
        strict.patch(LOCATION, body={"name": "Pier"}, operation="x")
    assert error.value.ambiguous
    assert strict.calls == 1


def test_a_200_may_say_that_it_failed(strict, operator):
    operator.answers("GET", LOCATION, httpx.Response(200, json={"status": "fail"}))
    with pytest.raises(UpstreamRejected) as error:
        strict.read(LOCATION, operation="x")
    assert error.value.status == 200
    assert strict.calls == 1


@pytest.mark.parametrize("url", ["https://elsewhere.example/public-api/x", f"{BASE_URL}/../x"])
def test_nothing_is_read_elsewhere(client, operator, url):
    transport = client._transport
    with pytest.raises(UpstreamNotPermitted):
        transport.get(httpx.URL(url), operation="x")
    assert operator.requests == []


def test_what_a_refusal_says_is_kept_for_code_and_cut(client, operator):
    operator.answers("GET", LOCATION, httpx.Response(400, text="é" * 5000))
    with pytest.raises(UpstreamRejected) as error:
        client.read_location(7)
    assert error.value.reason == "é" * 1000
    assert "é" not in f"{error.value} {error.value!r}"


def test_a_read_that_is_led_to_a_slash_goes_there_and_stays(client, operator):
    redirect = httpx.Response(301, headers={"Location": f"{BASE_URL}/{LOCATION}/"})
    operator.answers("GET", LOCATION, redirect)
    operator.answers("GET", f"{LOCATION}/", good_location())
    assert client.read_location(7).id == 7
    assert client.read_location(7).id == 7
    assert [request.url.path.endswith("/") for request in operator.requests] == [False, True, True]


def test_two_addresses_that_lead_to_each_other_are_no_answer(client, operator):
    for here, there in ((LOCATION, f"{LOCATION}/"), (f"{LOCATION}/", LOCATION)):
        redirect = httpx.Response(301, headers={"Location": f"{BASE_URL}/{there}"})
        operator.answers("GET", here, redirect)
    for _ in range(2):
        with pytest.raises(UpstreamUnavailable):
            client.read_location(7)
    assert client.calls == 3
