"""The one client of a process, its own gate, circuit and allowance, and what staff are told."""

import contextlib
import os
from datetime import UTC, datetime

import httpx
import pytest
import time_machine
from django.core.cache import cache

import ampeco.connection
from ampcontrol import connection
from ampcontrol.client import AmpcontrolClient
from ampcontrol.connection import get_client, set_client
from ampcontrol.switches import Switch, WriteSwitchedOff
from tests.ampcontrol.stand_in import ORIGIN, TOKEN, data, payload
from upstream.circuit_breaker import FAILURES_TO_OPEN
from upstream.connection import Held
from upstream.errors import (
    UpstreamCircuitOpen,
    UpstreamForbidden,
    UpstreamRateLimited,
    UpstreamUnauthorized,
    UpstreamUnavailable,
)


@pytest.fixture(autouse=True)
def _connected(settings, monkeypatch):
    settings.AMPCONTROL_BASE_URL = ORIGIN
    settings.AMPCONTROL_API_TOKEN = TOKEN
    for platform in (connection.PLATFORM, ampeco.connection.PLATFORM):
        monkeypatch.setattr(platform, "held", Held())


@pytest.fixture
def answer(monkeypatch):
    """Say how the network answers; the function returns the requests that got there."""

    def answers(*responses: httpx.Response):
        sent = []

        def handle(self, request):
            sent.append(request)
            found = responses[min(len(sent), len(responses)) - 1]
            return httpx.Response(found.status_code, headers=found.headers, content=found.content)

        monkeypatch.setattr(httpx.HTTPTransport, "handle_request", handle)
        return sent

    return answers


def test_without_an_address_there_is_no_ampcontrol(settings):
    assert connection.is_on()
    settings.AMPCONTROL_BASE_URL = ""
    assert not connection.is_on()


def test_the_suite_itself_has_none():
    from tests import settings as of_tests

    assert not of_tests.AMPCONTROL_BASE_URL
    assert of_tests.AMPCONTROL_WRITES == []
    assert of_tests.AMPCONTROL_CALLS_PER_MINUTE == 60


def test_a_process_has_one_client_that_follows_the_settings(settings):
    first = get_client()
    assert get_client() is first
    settings.AMPCONTROL_API_TOKEN = "another"
    second = get_client()
    settings.AMPCONTROL_WRITES = ["alerts"]
    assert len({first, second, get_client()}) == 3


def test_tests_may_put_their_own_client():
    client = AmpcontrolClient(base_url=ORIGIN, token=TOKEN)
    set_client(client)
    assert get_client() is client
    set_client(None)
    assert get_client() is not client
    client.close()


@pytest.mark.parametrize("address", [ORIGIN, f"{ORIGIN}/v2"])
def test_the_address_may_be_given_with_the_version(settings, answer, address):
    settings.AMPCONTROL_BASE_URL = address
    sent = answer(data([payload("user")]))
    get_client().me()
    assert str(sent[0].url) == f"{ORIGIN}/v2/users/me"


def test_what_the_settings_name_may_be_written_and_nothing_else(settings, answer):
    settings.AMPCONTROL_WRITES = ["alerts"]
    assert connection.switched_on() == {Switch.ALERTS}
    sent = answer(data([]))
    get_client().acknowledge_alert("a-1")
    with pytest.raises(WriteSwitchedOff):
        get_client().set_priority("s-1", priority=1)
    assert len(sent) == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="This system does not fork.")
def test_a_forked_worker_gets_a_client_of_its_own():
    connection.serve_pages()
    parents = get_client()
    pid = os.fork()
    if pid == 0:
        os._exit(0 if get_client() is not parents and connection.PLATFORM.held.serves_pages else 1)
    _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert get_client() is parents


# Apart from the operator


def test_its_pauses_are_its_own(settings, answer):
    answer(httpx.Response(429, headers={"Retry-After": "30"}))
    with pytest.raises(UpstreamRateLimited):
        get_client().me()
    assert connection.PLATFORM.pause_left() > 29
    assert ampeco.connection.get_client().held_back_for() == 0
    # Another process's client knows it, too.
    settings.AMPCONTROL_API_TOKEN = "another"
    with pytest.raises(UpstreamRateLimited) as error:
        get_client().me()
    assert error.value.status is None


def test_the_operators_pause_is_not_kept_here(answer):
    sent = answer(httpx.Response(429, headers={"Retry-After": "30"}), data([payload("user")]))
    with pytest.raises(UpstreamRateLimited):
        ampeco.connection.get_client().read_location(7)
    assert get_client().me().name == "chargebook"
    assert len(sent) == 2


def test_it_is_left_alone_by_itself(answer):
    answer(httpx.Response(502))
    for _ in range(FAILURES_TO_OPEN):
        with pytest.raises(UpstreamUnavailable):
            get_client().me()
    with pytest.raises(UpstreamCircuitOpen):
        get_client().me()
    assert connection.silent_since() is not None
    assert connection.why_silent() == "answers 502"
    assert ampeco.connection.silent_since() is None


def test_workers_and_pages_share_the_calls_of_a_minute(settings, answer):
    settings.AMPCONTROL_CALLS_PER_MINUTE = 10
    answer(data([payload("user")]))

    def calls_until_held_off(client) -> int:
        before = client.calls
        with contextlib.suppress(UpstreamRateLimited):
            for _ in range(20):
                client.me()
        return client.calls - before

    with time_machine.travel("2026-03-01T10:00:00Z", tick=False):
        assert connection.has_calls_to_spare()
        assert calls_until_held_off(get_client()) == 8
        assert not connection.has_calls_to_spare()
        connection.serve_pages()
        assert calls_until_held_off(get_client()) == 2
        # The operator's allowance is another one.
        assert ampeco.connection.get_client().held_back_for() == 0


def test_without_a_number_there_is_no_limit(settings, answer):
    settings.AMPCONTROL_CALLS_PER_MINUTE = 0
    sent = answer(data([payload("user")]))
    for _ in range(80):
        get_client().me()
    assert len(sent) == 80


def test_calls_are_counted_apart_from_the_operators(answer, counted, caplog):
    answer(data([payload("user")]), httpx.Response(429, headers={"Retry-After": "7"}))
    get_client().me()
    with pytest.raises(UpstreamRateLimited):
        get_client().me()
    assert counted("chargebook_ampcontrol_calls_total") == {
        ("me", "ok"): 1,
        ("me", "rate-limited"): 1,
    }
    assert counted("chargebook_ampcontrol_call_seconds_count") == {("me",): 2}
    assert counted("chargebook_ampcontrol_pause_seconds_total") == {(): 7}
    assert counted("chargebook_operator_calls_total") == {}
    assert "Call me to Ampcontrol: rate-limited." in caplog.text


# What staff are told


def test_all_processes_know_that_the_token_is_refused_until_it_is_not(answer):
    answer(httpx.Response(401), data([payload("user")]))
    with pytest.raises(UpstreamUnauthorized):
        get_client().me()
    assert connection.is_refused()
    assert connection.staff_notice() == "Ampcontrol refuses the portal's token (401)"
    get_client().me()
    assert not connection.is_refused()
    assert connection.staff_notice() == ""


def test_a_right_that_is_lacking_is_no_refused_token(answer):
    answer(httpx.Response(403))
    with pytest.raises(UpstreamForbidden):
        get_client().me()
    assert not connection.is_refused()


def test_staff_are_told_since_when_it_is_silent_and_why():
    with time_machine.travel(datetime(2026, 3, 1, 10, 5, tzinfo=UTC), tick=False):
        for _ in range(FAILURES_TO_OPEN):
            connection.PLATFORM.circuit().note_failure("answers 503")
        assert connection.staff_notice() == (
            "Ampcontrol does not work (answers 503): calls are held back since 10:05 UTC"
        )
        assert connection.back_office_label(None) == [connection.staff_notice(), "warning"]


def test_where_it_is_off_nobody_is_told_anything(settings):
    connection.note_refused()
    settings.AMPCONTROL_BASE_URL = ""
    assert connection.staff_notice() == ""
    assert connection.back_office_label(None) is None


def test_somebody_looks_again_once_the_pause_is_over(answer):
    sent = answer(data([payload("user")]))
    connection.look_again(get_client())
    assert sent == []
    with time_machine.travel("2026-03-01T10:00:00Z", tick=False) as clock:
        for _ in range(FAILURES_TO_OPEN):
            connection.PLATFORM.circuit().note_failure("answers 503")
        connection.look_again(get_client())
        assert sent == []
        clock.shift(60)
        connection.look_again(get_client())
        assert len(sent) == 1
        assert connection.silent_since() is None


def test_that_it_still_is_silent_is_no_error(answer):
    answer(httpx.Response(503))
    with time_machine.travel("2026-03-01T10:00:00Z", tick=False) as clock:
        for _ in range(FAILURES_TO_OPEN):
            connection.PLATFORM.circuit().note_failure("answers 503")
        clock.shift(60)
        connection.look_again(get_client())
        assert connection.silent_since() is not None


def test_the_keys_are_its_own():
    own, operators = connection.KEYS, ampeco.connection.PLATFORM.keys
    names = {getattr(keys, name) for keys in (own, operators) for name in keys.__slots__}
    assert len(names) == 8
    assert cache.get(own.refused) is None
