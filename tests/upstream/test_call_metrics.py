"""Each call to the operator is counted once, by what came of it."""

import httpx
import pytest

from ampeco.client import AmpecoClient
from upstream.calls import note_call
from upstream.errors import UpstreamError


@pytest.fixture
def client(wire, settings):
    client = AmpecoClient(
        base_url=settings.AMPECO_BASE_URL,
        token=settings.AMPECO_API_TOKEN,
        transport=wire,
        observer=note_call,
        max_retry_seconds=0,
    )
    yield client
    client.close()


def refused(status: int, **headers: str):
    return lambda request: httpx.Response(status, headers=headers, json={})


def cut(request):
    raise httpx.ReadTimeout("too long", request=request)


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (None, "ok"),
        (refused(429, **{"Retry-After": "30"}), "rate-limited"),
        (refused(401), "unauthorized"),
        (refused(403), "forbidden"),
        (refused(404), "not-found"),
        (refused(422), "rejected"),
        (refused(503), "unavailable"),
        (lambda request: httpx.Response(200, text="<html>"), "unavailable"),
        (cut, "unreachable"),
    ],
)
def test_what_came_of_a_call(wire, client, counted, answer, outcome):
    wire.intercept = answer
    try:
        client.read_location(101)
    except UpstreamError:
        assert outcome != "ok"
    assert counted("chargebook_operator_calls_total") == {("read_location", outcome): 1}
    assert counted("chargebook_operator_call_seconds_count") == {("read_location",): 1}


def test_a_pause_is_counted_and_what_it_holds_off_is_no_call(wire, client, counted):
    wire.intercept = refused(429, **{"Retry-After": "30"})
    for _ in range(3):
        with pytest.raises(UpstreamError):
            client.read_location(101)
    assert len(wire.sent) == 1
    assert counted("chargebook_operator_calls_total") == {
        ("read_location", "held-off"): 2,
        ("read_location", "rate-limited"): 1,
    }
    assert counted("chargebook_operator_call_seconds_count") == {("read_location",): 1}
    assert counted("chargebook_operator_pause_seconds_total") == {(): 30}
