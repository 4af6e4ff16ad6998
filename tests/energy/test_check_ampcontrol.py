"""`manage.py check_ampcontrol`: what staff are told of the connection."""

from io import StringIO

import httpx
import pytest
from django.core.management import CommandError, call_command

from ampcontrol.client import AmpcontrolClient
from ampcontrol.connection import set_client
from tests.ampcontrol.stand_in import ORIGIN, TOKEN, Platform, data, payload
from upstream.rate_gate import MemoryGate


@pytest.fixture
def platform(settings):
    settings.AMPCONTROL_BASE_URL = ORIGIN
    settings.AMPCONTROL_API_TOKEN = TOKEN
    platform = Platform()
    platform.answers("GET", "users/me", data([payload("user")]))
    platform.answers(
        "GET",
        "networks/",
        data(
            [
                payload("network"),
                payload("network", id="n-2", name="Annex", objective="off", maxCapacity=None),
            ]
        ),
    )
    client = AmpcontrolClient(
        base_url=ORIGIN, token=TOKEN, transport=platform, gate=MemoryGate(), max_retry_seconds=0
    )
    set_client(client)
    yield platform
    set_client(None)
    client.close()


def check() -> str:
    out = StringIO()
    call_command("check_ampcontrol", stdout=out)
    return out.getvalue()


def test_it_says_whose_token_it_is_and_what_it_leads_to(platform):
    assert check().splitlines() == [
        "Ampcontrol answers at api.ampcontrol.example.",
        "The token is that of user “chargebook”.",
        "Customer: Hudson Freight. Role: service.",
        "It sees 2 networks:",
        "- Annex: objective off; nothing is steered there, capacity not said.",
        "- Hudson Depot: objective fleet, 1000 kW.",
        "The portal only reads: AMPCONTROL_WRITES names nothing.",
    ]
    assert platform.sent == [("GET", "/v2/users/me"), ("GET", "/v2/networks/")]


def test_it_says_what_is_written(platform, settings):
    settings.AMPCONTROL_WRITES = ["routes", "departures"]
    assert check().splitlines()[-1] == "The portal writes: departures, routes."


def test_it_says_that_a_role_may_not_write_what_is_switched_on(platform, settings):
    settings.AMPCONTROL_WRITES = ["alerts"]
    platform.answers("GET", "users/me", data([payload("user", type="read_only")]))
    assert check().splitlines()[-1].startswith("But the token's role is read_only")


def test_it_says_that_there_is_nothing_to_see(platform):
    platform.answers("GET", "networks/", data([]))
    assert "It sees no network: nothing will be read or shown." in check()


def test_it_says_that_it_is_off(settings):
    settings.AMPCONTROL_BASE_URL = ""
    with pytest.raises(CommandError, match="AMPCONTROL_BASE_URL is not set"):
        check()


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (httpx.Response(401), "refuses the token"),
        (httpx.Response(403), "may not read this"),
        (httpx.Response(429, headers={"Retry-After": "30"}), "try again in 30 seconds"),
        (httpx.Response(404), "answers with 404, but not as expected"),
        (httpx.Response(502), "answers with 502, but not as expected"),
        (httpx.Response(200, text="<html>"), "answers with 200, but not as expected"),
        (data(None), "answers with 200, but not as expected"),
        (httpx.ConnectError("refused"), "does not answer"),
    ],
)
def test_it_says_in_a_sentence_what_is_wrong(platform, answer, words):
    platform.answers("GET", "users/me", answer)
    with pytest.raises(CommandError, match=words) as error:
        check()
    assert TOKEN not in str(error.value)
