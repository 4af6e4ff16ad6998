import contextlib
import importlib
import os

import httpx
import pytest
import time_machine

import config.wsgi
from ampcontrol.connection import PLATFORM as AMPCONTROL
from ampeco import connection
from ampeco.connection import get_client, set_client
from upstream.connection import PAGE_SILENCE_SECONDS, Held
from upstream.errors import UpstreamNotFound, UpstreamRateLimited


@pytest.fixture(autouse=True)
def _settings_client():
    set_client(None)
    yield
    set_client(None)


def test_a_process_has_one_client():
    assert get_client() is get_client()


def test_client_follows_the_settings(settings):
    first = get_client()
    settings.AMPECO_BASE_URL = "https://another.example/public-api"
    assert get_client() is not first
    assert "another.example" in repr(get_client())


def test_tests_may_put_their_own_client(client):
    set_client(client)
    assert get_client() is client
    set_client(None)
    assert get_client() is not client


def test_clients_of_all_processes_share_a_gate(settings, monkeypatch):
    def refuse(self, request):
        return httpx.Response(429, headers={"Retry-After": "30"})

    monkeypatch.setattr(httpx.HTTPTransport, "handle_request", refuse)
    first = get_client()
    with pytest.raises(UpstreamRateLimited):
        first.read_location(7)

    settings.AMPECO_API_TOKEN = "another-token"
    second = get_client()
    assert second is not first
    with pytest.raises(UpstreamRateLimited) as error:
        second.read_location(7)
    assert error.value.status is None
    assert second.calls == 0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="This system does not fork.")
def test_forked_worker_gets_a_client_of_its_own():
    parents = get_client()
    pid = os.fork()
    if pid == 0:
        os._exit(0 if get_client() is not parents else 1)
    _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert get_client() is parents


def test_pages_are_less_patient_and_may_use_what_workers_leave(settings, monkeypatch):
    settings.AMPECO_CALLS_PER_MINUTE = 10

    def answer(self, request):
        return httpx.Response(404)

    def calls_until_held_off(client) -> int:
        before = client.calls
        with pytest.raises(UpstreamRateLimited):
            for _ in range(20):
                with contextlib.suppress(UpstreamNotFound):
                    client.read_location(7)
        return client.calls - before

    monkeypatch.setattr(httpx.HTTPTransport, "handle_request", answer)
    monkeypatch.setattr(connection.PLATFORM, "held", Held())
    # Away from the end of a minute, when the last one counts less from second to second.
    with time_machine.travel("2026-03-01T10:00:00Z", tick=False):
        assert calls_until_held_off(get_client()) == 8
        connection.serve_pages()
        pages = get_client()
        assert calls_until_held_off(pages) == 2
    assert pages._transport._timeout == PAGE_SILENCE_SECONDS


def test_the_web_application_says_that_it_serves_pages(monkeypatch):
    platforms = (connection.PLATFORM, AMPCONTROL)
    for platform in platforms:
        monkeypatch.setattr(platform, "held", Held())
    importlib.reload(config.wsgi)
    assert all(platform.held.serves_pages for platform in platforms)
