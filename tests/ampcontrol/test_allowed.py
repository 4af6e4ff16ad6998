"""The list of what may be sent: the transport keeps to it, whoever asks, and it has no slack."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from ampcontrol.allowed import ALLOWED, Allowed, is_allowed
from ampcontrol.client import AmpcontrolClient
from ampcontrol.switches import Switch, WriteSwitchedOff
from tests.ampcontrol.stand_in import ORIGIN, TOKEN, data, payload
from tests.ampcontrol.test_reading import FOREVER, LISTS, SERIES, VEHICLE
from tests.ampcontrol.test_writing import WRITES, answer_to
from upstream.errors import UpstreamNotPermitted

ID = "33fe5b42-f717-43f6-ba0a-eab4cae81bfa"
# What a document of another version might still call by these names.
NEVER = [
    ("POST", "v2/charging_sessions/", {"connectorId": 1, "chargePointId": ID}),
    ("DELETE", f"v2/charging_sessions/{ID}", None),
    ("DELETE", f"v2/charging_sessions/{ID}/17", None),
    ("PATCH", f"v2/charging_sessions/{ID}", {"meterStop": 12.2}),
    ("PATCH", f"v2/charging_sessions/{ID}", {"priority": 1, "meterStop": 12.2}),
    ("PATCH", f"v2/charging_sessions/{ID}", {"ocppTransactionStop": "2021-12-17T22:30:27Z"}),
    ("PATCH", f"v2/charging_sessions/{ID}", {"vehicleId": ID}),
    ("PATCH", f"v2/networks/{ID}", {"webhook": "https://x.example", "webhookSecret": "s"}),
    ("PATCH", f"v2/networks/{ID}", {"name": "x"}),
    ("POST", "v2/networks/", {"name": "x"}),
    ("DELETE", f"v2/networks/{ID}", None),
    ("GET", f"v2/networks/{ID}", None),
    ("GET", "v2/configurations/", None),
    ("PATCH", "v2/configurations/", {"a": 1}),
    ("DELETE", "v2/configurations/", None),
    ("GET", "v2/configurations/ocpp_settings", None),
    ("POST", "v2/ocpp_messages/CP-1", {"a": 1}),
    ("GET", "v2/ocpp_messages/", None),
    ("GET", "v2/diagnostics", None),
    ("DELETE", f"v2/vehicles/{ID}", None),
    ("PATCH", f"v2/vehicles/{ID}", {"departureTime": None, "VIN": "x"}),
    ("PATCH", "v2/vehicles/", {"name": "x"}),
    ("POST", "v2/vehicles/", {"name": "x", "departureTime": None}),
    ("POST", f"v2/vehicles/{ID}/telematics", {"timestamp": "x", "plugConnected": True}),
    ("POST", "v2/meter_values/", {"a": 1}),
    ("POST", "v2/users", {"name": "x"}),
    ("POST", "v2/users/login", {"name": "x", "password": "x"}),
    ("PATCH", "v2/users/me", {"name": "x"}),
    ("GET", "v2/users", None),
    ("PATCH", f"v2/connectors/{ID}", {"priority": 0}),
    ("DELETE", f"v2/charge_points/{ID}", None),
    ("POST", "v2/prices/", {"networkId": ID}),
    ("POST", "v2/capacities/", {"networkId": ID}),
    ("POST", "v2/dr_events/", {"networkId": ID}),
    ("PATCH", f"v2/id_tags/{ID}", {"vehicleId": ID}),
    ("PATCH", f"v2/events/{ID}", {"status": "Resolved"}),
    ("GET", "v2/cdrs/", None),
    ("GET", "v1/networks/", None),
    ("PUT", f"v2/vehicles/{ID}", {"name": "x"}),
    ("GET", "v2/networks/../configurations/", None),
    ("GET", "v2/networks/%2e%2e/configurations/", None),
    ("GET", "v2//networks/", None),
    ("GET", "", None),
]
# What the transport can send at all.
SENDERS = {
    "GET": lambda t, path, body: t.read(path, operation="x"),
    "POST": lambda t, path, body: t.post(path, body=body, operation="x"),
    "PATCH": lambda t, path, body: t.patch(path, body=body, operation="x"),
    "DELETE": lambda t, path, body: t.delete(path, operation="x"),
}


@pytest.mark.parametrize(("method", "path", "body"), NEVER)
def test_what_must_never_be_sent_is_not_whoever_asks(client, platform, method, path, body):
    assert not is_allowed(method, path, body)
    if method in SENDERS:
        with pytest.raises(UpstreamNotPermitted):
            SENDERS[method](client._transport, path, body)
    assert (platform.requests, client.calls) == ([], 0)


def test_a_question_by_post_is_none(client, platform):
    with pytest.raises(UpstreamNotPermitted):
        client._transport.ask("v2/charging_sessions/", body={"connectorId": 1}, operation="x")
    assert platform.requests == []


@pytest.mark.parametrize("url", ["https://elsewhere.example/v2/networks/", f"{ORIGIN}:8443/v2/x"])
def test_nothing_goes_to_another_origin(client, platform, url):
    address = client._transport.address("v2/networks/").join(url)
    with pytest.raises(UpstreamNotPermitted):
        client._transport.get(address, operation="x")
    assert platform.requests == []


def test_an_address_below_a_path_keeps_to_it(platform):
    client = AmpcontrolClient(base_url=f"{ORIGIN}/gate", token=TOKEN, transport=platform)
    with pytest.raises(UpstreamNotPermitted):
        client._transport.read("../v2/networks/", operation="x")
    with pytest.raises(UpstreamNotPermitted):
        client._transport.get(client._transport.address("").join("/v2/networks/"), operation="x")
    assert platform.requests == []


def test_a_refused_call_takes_nothing_of_the_allowance_and_no_turn(client):
    with pytest.raises(UpstreamNotPermitted):
        client._transport.read("v2/cdrs/", operation="x")
    assert client.held_back_for() == 0
    assert client.calls == 0


def test_reads_need_no_switch_and_writes_have_one():
    assert all((call.switch is None) == (call.method == "GET") for call in ALLOWED)
    assert {call.switch for call in ALLOWED} == {None, *Switch}


def test_each_entry_stands_once_and_says_why():
    assert len({(call.method, call.path) for call in ALLOWED}) == len(ALLOWED)
    assert all(call.why for call in ALLOWED)


def test_a_session_may_have_its_priority_changed_and_nothing_else():
    (session,) = [call for call in ALLOWED if "charging_sessions" in call.path and call.switch]
    assert (session.method, session.fields) == ("PATCH", {"priority"})


def test_a_write_keeps_its_slash_and_a_read_need_not():
    assert is_allowed("GET", "v2/networks")
    assert is_allowed("GET", "v2/users/me/")
    assert not is_allowed("POST", "v2/vehicles")
    assert not is_allowed("DELETE", f"v2/planned_routes/{ID}/")


def entry_of(method: str, path: str) -> Allowed:
    """Return the entry of a call that was sent: the one that names it, before those with an id."""
    path = path.removeprefix("/")
    found = [call for call in ALLOWED if call.matches(method, path)]
    return min(found, key=lambda call: call.path != path)


def test_the_client_uses_all_of_the_list_and_nothing_else(client, platform):
    """Each method is called once; what it sends is looked up in the list."""
    reads = {
        "me": (lambda c: c.me(), "users/me", "user"),
        "vehicle": (lambda c: c.vehicle(VEHICLE), f"vehicles/{VEHICLE}", "vehicle"),
        "vehicle_groups": (lambda c: c.vehicle_groups(), "vehicles/groups", "vehicle"),
        "live": (lambda c: c.live_telematics(), "vehicles/telematics/live", "telematics"),
        "kpi": (lambda c: c.network_uptime("n", **FOREVER), "kpis/uptime/network", "kpi"),
        **{name: (ask, path, noun) for name, (ask, path, _, noun) in LISTS.items()},
        **{name: (ask, path, "profile") for name, (ask, path, _) in SERIES.items()},
    }
    for ask, path, noun in reads.values():
        found = payload(noun)
        platform.answers("GET", path, data(found if noun == "profile" else [found]))
        answer = ask(client)
        if isinstance(answer, Iterator):
            list(answer)
    for _, write, (method, path), _ in WRITES.values():
        platform.answers(method, path, answer_to(path))
        write(client)

    used = {entry_of(method, path) for method, path in platform.sent}

    assert used == set(ALLOWED)


def test_every_method_of_the_client_is_called_in_these_tests():
    """Whoever adds a method adds its contract."""
    public = {
        name
        for name in dir(AmpcontrolClient)
        if callable(getattr(AmpcontrolClient, name)) and not name.startswith("_")
    }
    told = "".join(
        (Path(__file__).parent / f"test_{name}.py").read_text(encoding="utf-8")
        for name in ("reading", "writing")
    )
    called = set(re.findall(r"\b(?:c|client|reader)\.(\w+)\(", told))
    assert public - called - {"close"} == set()


@pytest.mark.parametrize("switch", list(Switch))
def test_a_write_past_the_client_needs_its_switch_too(platform, switch):
    client = AmpcontrolClient(base_url=ORIGIN, token=TOKEN, transport=platform)
    call = next(call for call in ALLOWED if call.switch is switch)
    body = dict.fromkeys(call.fields, 1)
    with pytest.raises(WriteSwitchedOff):
        SENDERS[call.method](client._transport, call.path.replace("{id}", ID), body)
    assert platform.requests == []


def test_the_documentation_lists_the_same_calls():
    text = (Path(settings.BASE_DIR) / "docs" / "ampcontrol.md").read_text(encoding="utf-8")
    read = re.findall(r"^\| `(v2/[^`]+)` \|", text, re.MULTILINE)
    written = re.findall(r"^\| `([\w-]+)` \| `(\w+) (v2/[^`]+)` \| (.*?) \|", text, re.MULTILINE)

    assert sorted(read) == sorted(call.path for call in ALLOWED if call.switch is None)
    assert {
        (word, method, path, frozenset(re.findall(r"`(\w+)`", names)))
        for word, method, path, names in written
    } == {
        (call.switch.value, call.method, call.path, call.fields) for call in ALLOWED if call.switch
    }
