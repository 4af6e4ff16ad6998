"""What is asked for, and what is made of the answers: pages, windows, failures."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import httpx
import pytest

from ampcontrol.client import AmpcontrolClient
from ampcontrol.resources import LIMIT, OVERLAP
from ampcontrol.types import Point
from tests.ampcontrol.stand_in import ORIGIN, TOKEN, data, payload
from upstream.errors import (
    UpstreamForbidden,
    UpstreamNotFound,
    UpstreamRateLimited,
    UpstreamRejected,
    UpstreamUnauthorized,
    UpstreamUnavailable,
)
from upstream.rate_gate import MemoryGate

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
FOREVER = {"start": NOON, "end": NOON + DAY}
WIRE = {"start": "2026-03-01T12:00:00Z", "end": "2026-03-02T12:00:00Z"}
PAGE = {"limit": "1000", "offset": "0"}
VEHICLE = payload("vehicle")["id"]

# Each read: how it is asked for, the path, the query but for pages, what is in the answer.
LISTS = {
    "networks": (lambda c: c.networks(), "networks/", {}, "network"),
    "charge_points": (lambda c: c.charge_points(), "charge_points/", {}, "charge_point"),
    "connectors": (lambda c: c.connectors(), "connectors/", {}, "connector"),
    "connectors of a network": (
        lambda c: c.connectors(network_id="n-1"),
        "connectors/",
        {"network": "n-1"},
        "connector",
    ),
    "vehicles": (lambda c: c.vehicles(), "vehicles/", {}, "vehicle"),
    "vehicles since": (
        lambda c: c.vehicles(updated_after=NOON),
        "vehicles/",
        {"updated": "2026-03-01T12:00:00Z"},
        "vehicle",
    ),
    "telematics of a vehicle": (
        lambda c: c.telematics_of(VEHICLE, **FOREVER),
        f"vehicles/{VEHICLE}/telematics",
        WIRE,
        "telematics",
    ),
    "id tags": (lambda c: c.id_tags(), "id_tags/", {}, "id_tag"),
    "routes": (lambda c: c.routes(**FOREVER), "planned_routes/", WIRE, "route"),
    "routes of a vehicle": (
        lambda c: c.routes(**FOREVER, vehicle_id="v-1"),
        "planned_routes/",
        {**WIRE, "vehicle": "v-1"},
        "route",
    ),
    # Without start and end they are the active ones.
    "active sessions": (
        lambda c: c.active_sessions("n-1"),
        "charging_sessions/",
        {"network": "n-1"},
        "session",
    ),
    "sessions of a vehicle": (
        lambda c: c.sessions(**FOREVER, vehicle_id="v-1"),
        "charging_sessions/",
        {**WIRE, "vehicle": "v-1"},
        "session",
    ),
    "optimizations": (
        lambda c: c.optimizations("n-1"),
        "optimizations/",
        {"network": "n-1"},
        "optimization",
    ),
    "alerts": (lambda c: c.alerts("n-1"), "alerts/", {"network": "n-1"}, "alert"),
    "alerts since": (
        lambda c: c.alerts("n-1", start=NOON),
        "alerts/",
        {"network": "n-1", "start": WIRE["start"]},
        "alert",
    ),
    "events": (
        lambda c: c.events("n-1", **FOREVER),
        "events/",
        {"network": "n-1", **WIRE},
        "event",
    ),
}
QUARTERS = {"resolution": "15m"}
CUT = {"limit": "1000", "offset": "0"}
SERIES = {
    "capacities": (
        lambda c: c.capacities("n-1", **FOREVER),
        "profiles/capacities/",
        {"network": "n-1", **QUARTERS},
    ),
    "prices": (
        lambda c: c.prices("n-1", **FOREVER),
        "profiles/prices/",
        {"network": "n-1", "intervalLength": "15", **CUT},
    ),
    "demand response": (
        lambda c: c.demand_response("n-1", **FOREVER),
        "profiles/dr_events/",
        {"network": "n-1", "type": "Load Amount", "intervalLength": "15", **CUT},
    ),
    "baseloads": (
        lambda c: c.baseloads("n-1", **FOREVER),
        "profiles/baseloads/",
        {"network": "n-1", **CUT},
    ),
    "solar": (
        lambda c: c.solar("n-1", **FOREVER),
        "profiles/solar_meterings/",
        {"network": "n-1", **CUT},
    ),
    "planned power": (
        lambda c: c.planned_power(**FOREVER, session_id="s-1"),
        "profiles/optimizations/",
        {"charging_session": "s-1", **QUARTERS},
    ),
    "measured power": (
        lambda c: c.measured_power(**FOREVER, charge_point_id="p-1", step=timedelta(minutes=5)),
        "profiles/meter_values/power",
        {"chargepoint": "p-1", "resolution": "5m"},
    ),
    "measured energy": (
        lambda c: c.measured_energy(**FOREVER, vehicle_id="v-1"),
        "profiles/meter_values/energy",
        {"vehicle": "v-1", **QUARTERS},
    ),
    "state of charge by the charger": (
        lambda c: c.state_of_charge(**FOREVER, connector_id="k-1"),
        "profiles/meter_values/soc",
        {"connector": "k-1", **QUARTERS},
    ),
    "state of charge by the vehicle": (
        lambda c: c.state_of_charge(**FOREVER, vehicle_id="v-1", by_telematics=True),
        "profiles/telematics/soc",
        {"vehicle": "v-1", **QUARTERS},
    ),
    "uptime": (
        lambda c: c.uptime(**FOREVER, network_id="n-1", step=timedelta(hours=5)),
        "profiles/uptime/",
        {"network": "n-1", "resolution": "5h"},
    ),
    "connectivity": (
        lambda c: c.connectivity(**FOREVER, charge_point_id="p-1", step=DAY),
        "profiles/connectivity/",
        {"chargepoint": "p-1", "resolution": "1d"},
    ),
}


def vehicles(first: int, last: int) -> list[dict]:
    return [payload("vehicle", id=f"v-{number}") for number in range(first, last)]


def numbers(found) -> list[int]:
    return [int(vehicle.id.removeprefix("v-")) for vehicle in found]


# What is asked for


@pytest.mark.parametrize("name", LISTS)
def test_a_list(reader, platform, name):
    ask, path, query, noun = LISTS[name]
    platform.answers("GET", path, data([payload(noun)]))
    found = list(ask(reader))
    assert len(found) == 1
    assert platform.sent == [("GET", f"/v2/{path}")]
    assert platform.queries == [{**query, **PAGE}]


@pytest.mark.parametrize("name", SERIES)
def test_a_time_series(reader, platform, name):
    ask, path, query = SERIES[name]
    platform.answers("GET", path, data(payload("profile")))
    assert ask(reader) == [Point(NOON, 400.0), Point(NOON + timedelta(minutes=15), 380.5)]
    assert platform.sent == [("GET", f"/v2/{path}")]
    assert platform.queries == [{**query, **WIRE}]


@pytest.mark.parametrize("found", [[payload("user")], payload("user")])
def test_whose_token_it_is_as_a_list_or_an_object(reader, platform, found):
    platform.answers("GET", "users/me", data(found))
    assert reader.me().customer == "Hudson Freight"


def test_one_vehicle(reader, platform):
    platform.answers("GET", f"vehicles/{VEHICLE}", data([payload("vehicle")]))
    assert reader.vehicle(VEHICLE).name == "Bus 2"


def test_groups_of_vehicles(reader, platform):
    platform.answers("GET", "vehicles/groups", data(["Early", "Late", "Early", "", None]))
    assert reader.vehicle_groups() == ["Early", "Late"]


def test_live_telematics_is_one_call_and_leaves_out_who_never_told(reader, platform):
    platform.answers(
        "GET",
        "vehicles/telematics/live",
        data(
            [
                payload("telematics", vehicleId="v-1", timestamp="2026-03-01T11:00:00"),
                payload("telematics", vehicleId="v-1", timestamp="2026-03-01T11:05:00"),
                payload("telematics", vehicleId="v-1", timestamp="2026-03-01T11:02:00"),
                payload("telematics", vehicleId="v-2", timestamp=None, stateOfCharge=0.0),
            ]
        ),
    )
    (told,) = reader.live_telematics()
    assert (told.vehicle_id, told.at.minute) == ("v-1", 5)
    assert platform.queries == [{}]


def test_live_telematics_of_vehicles_of_which_none_ever_told(reader, platform):
    platform.answers(
        "GET", "vehicles/telematics/live", data([payload("telematics", timestamp=None)])
    )
    assert reader.live_telematics() == []


@pytest.mark.parametrize(
    ("found", "share"),
    [
        ([{"uptime": 0.9931}], 0.9931),
        ({"value": 1}, 1.0),
        ([{"uptime": None}], None),
        ([{"uptime": 99}], None),
        ([], None),
    ],
)
def test_the_uptime_of_a_network(reader, platform, found, share):
    platform.answers("GET", "kpis/uptime/network", data(found))
    assert reader.network_uptime("n-1", **FOREVER) == share
    assert platform.queries == [{"network": "n-1", **WIRE}]


def test_what_does_not_name_its_network_is_of_the_one_that_was_asked_for(reader, platform):
    platform.answers("GET", "alerts/", data([payload("alert")]))
    platform.answers("GET", "optimizations/", data([payload("optimization")]))
    assert [alert.network_id for alert in reader.alerts("n-1")] == ["n-1"]
    assert [each.network_id for each in reader.optimizations("n-1")] == [
        payload("optimization")["networkId"]
    ]


@pytest.mark.parametrize(
    "ask",
    [
        lambda c: c.planned_power(**FOREVER),
        lambda c: c.planned_power(**FOREVER, network_id="n", vehicle_id="v"),
        lambda c: c.sessions(**FOREVER),
        lambda c: c.measured_power(**FOREVER),
        lambda c: c.state_of_charge(**FOREVER, connector_id="k", by_telematics=True),
        lambda c: c.capacities("n", start=NOON, end=NOON),
        lambda c: c.capacities("n", start=NOON.replace(tzinfo=None), end=NOON.replace(tzinfo=None)),
        lambda c: c.capacities("n", **FOREVER, step=timedelta(seconds=1)),
        lambda c: c.uptime(**FOREVER, network_id="n", step=timedelta(days=2)),
        lambda c: c.vehicle("../users"),
    ],
)
def test_what_makes_no_sense_is_not_sent(reader, platform, ask):
    with pytest.raises(ValueError, match=r"\."):
        ask(reader)
    assert platform.requests == []


# Pages


def test_pages_are_read_until_one_is_not_full_whatever_the_total_says(reader, platform):
    platform.answers(
        "GET",
        "vehicles/",
        data(vehicles(0, LIMIT), total=1000),
        data(vehicles(LIMIT - OVERLAP, LIMIT + 7), total=1000),
    )
    assert numbers(reader.vehicles()) == list(range(LIMIT + 7))
    assert [query["offset"] for query in platform.queries] == ["0", str(LIMIT - OVERLAP)]


def test_pages_that_shift_repeat_nothing_and_lose_nothing(reader, platform):
    rows = vehicles(0, LIMIT + 500)

    def answer(request):
        offset = int(request.url.params["offset"])
        page = rows[offset : offset + LIMIT]
        if offset == 0:
            # Until the next page some go that it brought, and others come.
            del rows[3:10]
            rows.insert(0, payload("vehicle", id="v-9000"))
        return data(page)

    platform.answers("GET", "vehicles/", answer)
    assert sorted(numbers(reader.vehicles())) == list(range(LIMIT + 500))


def test_a_full_page_may_be_the_last(reader, platform):
    platform.answers(
        "GET", "vehicles/", data(vehicles(0, LIMIT)), data(vehicles(LIMIT - OVERLAP, LIMIT))
    )
    assert len(list(reader.vehicles())) == LIMIT


def test_a_list_that_ignores_the_offset_comes_to_an_end(reader, platform):
    platform.answers("GET", "vehicles/", data(vehicles(0, LIMIT)))
    assert len(list(reader.vehicles())) == LIMIT
    assert reader.calls == 2


def test_nothing_is_asked_before_it_is_needed(reader):
    reader.vehicles()
    assert reader.calls == 0


def test_what_cannot_be_read_is_left_out(reader, platform):
    platform.answers("GET", "vehicles/", data([{"name": "no id"}, *vehicles(1, 3), None, 7]))
    assert numbers(reader.vehicles()) == [1, 2]


@pytest.mark.parametrize("found", [None, "none", 7, [{"name": "no id"}], [None]])
def test_what_is_no_list_is_not_an_empty_one(reader, platform, found):
    platform.answers("GET", "vehicles/", data(found))
    with pytest.raises(UpstreamUnavailable):
        list(reader.vehicles())


@pytest.mark.parametrize("found", [[], {}])
def test_an_empty_list(reader, platform, found):
    platform.answers("GET", "vehicles/", data(found))
    assert list(reader.vehicles()) == []


# Windows


def pieces(platform) -> list[tuple[str, str]]:
    return [(query["start"][:10], query["end"][:10]) for query in platform.queries]


def test_routes_are_asked_for_a_week_at_a_time_and_come_once(reader, platform):
    platform.answers("GET", "planned_routes/", data([payload("route")]))
    found = list(reader.routes(start=NOON, end=NOON + 15 * DAY))
    assert len(found) == 1
    assert pieces(platform) == [
        ("2026-03-01", "2026-03-08"),
        ("2026-03-08", "2026-03-15"),
        ("2026-03-15", "2026-03-16"),
    ]


def test_prices_are_asked_for_a_week_at_a_time(reader, platform):
    platform.answers("GET", "profiles/prices/", data(payload("profile")))
    assert len(reader.prices("n-1", start=NOON, end=NOON + 8 * DAY)) == 2
    assert pieces(platform) == [("2026-03-01", "2026-03-08"), ("2026-03-08", "2026-03-09")]


def test_planned_power_is_asked_for_less_than_a_week_at_a_time(reader, platform):
    platform.answers("GET", "profiles/optimizations/", data(payload("profile")))
    reader.planned_power(start=NOON, end=NOON + 7 * DAY, network_id="n-1")
    assert pieces(platform) == [("2026-03-01", "2026-03-07"), ("2026-03-07", "2026-03-08")]


def test_a_window_in_another_zone_is_the_same_one(reader, platform):
    platform.answers("GET", "profiles/capacities/", data(payload("profile")))
    zone = ZoneInfo("Asia/Tokyo")
    reader.capacities("n-1", start=NOON.astimezone(zone), end=(NOON + DAY).astimezone(zone))
    assert pieces(platform) == [("2026-03-01", "2026-03-02")]


def test_a_series_that_is_cut_is_read_on(reader, platform):
    def answer(request):
        offset, limit = (int(request.url.params[name]) for name in ("offset", "limit"))
        rows = [
            {"time": (NOON + timedelta(minutes=minute)).isoformat(), "value": minute}
            for minute in range(1440)
        ]
        return data({"unit": "kW", "data": rows[offset : offset + limit]}, total=1440)

    platform.answers("GET", "profiles/baseloads/", answer)
    points = reader.baseloads("n-1", **FOREVER)
    assert [point.value for point in points] == [float(minute) for minute in range(1440)]
    assert [query["offset"] for query in platform.queries] == ["0", "1000"]


@pytest.mark.parametrize(
    "odd",
    [{"value": None}, {"time": "later"}, {"time": NOON.isoformat()}, None],
    ids=["no value", "no instant", "an instant twice", "no row"],
)
def test_rows_that_cannot_be_read_end_no_series_early(reader, platform, odd):
    def answer(request):
        offset, limit = (int(request.url.params[name]) for name in ("offset", "limit"))
        rows = [
            {"time": (NOON + timedelta(minutes=minute)).isoformat(), "value": minute}
            for minute in range(1440)
        ]
        rows[500] = odd and rows[500] | odd
        return data({"unit": "kW", "data": rows[offset : offset + limit]})

    platform.answers("GET", "profiles/baseloads/", answer)
    points = reader.baseloads("n-1", **FOREVER)
    assert points[-1] == Point(NOON + timedelta(minutes=1439), 1439.0)
    assert [query["offset"] for query in platform.queries] == ["0", "1000"]


def test_a_series_that_ignores_the_offset_comes_to_an_end(reader, platform):
    rows = [
        {"time": (NOON + timedelta(minutes=minute)).isoformat(), "value": minute}
        for minute in range(LIMIT)
    ]
    platform.answers("GET", "profiles/baseloads/", data(rows))
    assert len(reader.baseloads("n-1", **FOREVER)) == LIMIT
    assert reader.calls == 2


@pytest.mark.parametrize("found", [None, {"other": 1}, "x"])
def test_what_is_no_series_is_not_an_empty_one(reader, platform, found):
    platform.answers("GET", "profiles/capacities/", data(found))
    with pytest.raises(UpstreamUnavailable):
        reader.capacities("n-1", **FOREVER)


# What goes wrong


@pytest.mark.parametrize("status", ["fail", "error", None])
def test_a_200_that_says_it_failed_is_none(reader, platform, status):
    answer = httpx.Response(200, json={"status": status, "data": {}})
    platform.answers("GET", "networks/", answer)
    with pytest.raises(UpstreamRejected) as error:
        list(reader.networks())
    assert error.value.status == 200
    assert reader.calls == 1


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, UpstreamRejected),
        (401, UpstreamUnauthorized),
        (403, UpstreamForbidden),
        (404, UpstreamNotFound),
        (422, UpstreamRejected),
        (500, UpstreamUnavailable),
        (502, UpstreamUnavailable),
    ],
)
def test_a_refusal_by_its_status(reader, platform, status, kind):
    platform.answers("GET", "users/me", httpx.Response(status, text=f"no: {TOKEN}"))
    with pytest.raises(kind) as error:
        reader.me()
    assert TOKEN not in f"{error.value} {error.value!r}"


def test_a_pause_is_kept(platform):
    client = AmpcontrolClient(base_url=ORIGIN, token=TOKEN, transport=platform, gate=MemoryGate())
    platform.answers("GET", "users/me", httpx.Response(429, headers={"Retry-After": "30"}))
    for _ in range(2):
        with pytest.raises(UpstreamRateLimited):
            client.me()
    assert client.calls == 1
    assert 29 < client.held_back_for() <= 30


def test_a_read_is_tried_again(reader, platform):
    platform.answers(
        "GET", "users/me", httpx.ReadTimeout("slow"), httpx.Response(503), data(payload("user"))
    )
    assert reader.me().name == "chargebook"
    assert reader.calls == 3


# Slashes


def test_a_read_that_lost_its_slash_is_sent_there_once_and_then_at_once(reader, platform):
    here, there = "networks/", "networks"
    platform.answers("GET", here, httpx.Response(308, headers={"Location": f"/v2/{there}?limit=1"}))
    platform.answers("GET", there, data([payload("network")]))
    for _ in range(2):
        assert len(list(reader.networks())) == 1
    assert platform.sent == [("GET", f"/v2/{path}") for path in (here, there, there)]
    assert platform.queries == [PAGE, PAGE, PAGE]


@pytest.mark.parametrize(
    "location",
    [
        "https://elsewhere.example/v2/networks/",
        "/v2/charge_points/",
        "/v3/networks",
        "//elsewhere.example/",
        "",
        "http://[",
    ],
)
def test_no_other_redirect_is_followed(reader, platform, location):
    platform.answers("GET", "networks/", httpx.Response(302, headers={"Location": location}))
    with pytest.raises(UpstreamUnavailable):
        list(reader.networks())
    assert {request.url.host for request in platform.requests} == {"api.ampcontrol.example"}
    assert set(platform.sent) == {("GET", "/v2/networks/")}


def test_the_token_goes_to_the_configured_origin_only(reader, platform):
    elsewhere = "https://elsewhere.example/v2/networks"
    platform.answers("GET", "networks/", httpx.Response(307, headers={"Location": elsewhere}))
    platform.answers("GET", "networks", data([]))
    list(reader.networks())
    assert {request.url.host for request in platform.requests} == {"api.ampcontrol.example"}
    assert {request.headers["Authorization"] for request in platform.requests} == {
        f"Bearer {TOKEN}"
    }


def test_a_client_shows_no_token(reader):
    assert repr(reader) == "<AmpcontrolClient over <Transport to api.ampcontrol.example>>"
