import os

import httpx
import pytest

from ampeco.errors import AmpecoRateLimited
from ampeco.factory import get_client, set_client


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
    with pytest.raises(AmpecoRateLimited):
        first.read_location(7)

    settings.AMPECO_API_TOKEN = "another-token"
    second = get_client()
    assert second is not first
    with pytest.raises(AmpecoRateLimited) as error:
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
