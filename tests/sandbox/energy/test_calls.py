"""How the simulated Ampcontrol takes calls: tokens, pages, slashes, windows, envelopes."""

from datetime import timedelta

import httpx
import pytest

from sandbox.ampcontrol.dispatch import OPERATIONS
from sandbox.app import create_app
from sandbox.energy.cast import CARS
from tests.sandbox.energy.conftest import NOW, TOKEN

DAY = timedelta(days=1)


@pytest.fixture
def red_hook(get) -> str:
    return get("/v2/networks/")[0]["id"]


def test_without_the_right_token_nothing_is_told(http):
    for header in ("", "Bearer wrong", f"Basic {TOKEN}"):
        answer = http.get("/v2/networks/", headers={"Authorization": header})
        assert answer.status_code == 401
        assert answer.json()["data"] == []


def test_ampecos_token_is_not_good_here_nor_this_one_there(world):
    app = create_app(world, token="theirs", ampcontrol_token=TOKEN)
    with httpx.Client(
        transport=httpx.WSGITransport(app), base_url="http://operator.test"
    ) as client:
        paths = ("/ampcontrol/v2/users/me", "/public-api/resources/partners/v2.0")
        for token, expected in (("theirs", [401, 200]), (TOKEN, [200, 401])):
            headers = {"Authorization": f"Bearer {token}"}
            assert [client.get(path, headers=headers).status_code for path in paths] == expected


def test_pages(http):
    whole = http.get("/v2/vehicles/", params={"limit": 1000}).json()["data"]
    assert len(whole) == len(CARS)
    found = []
    for offset in range(0, 30, 7):
        page = http.get("/v2/vehicles/", params={"limit": 7, "offset": offset}).json()
        # It says how many are on the page, and not how many there are.
        assert page["total"] == len(page["data"]) <= 7
        found += page["data"]
    assert [each["id"] for each in found] == [each["id"] for each in whole]


def test_a_hundred_is_what_comes_without_a_limit(get, red_hook):
    start, end = (NOW - 3 * DAY).isoformat(), NOW.isoformat()
    events = {"network": red_hook, "start": start, "end": end}
    assert len(get("/v2/events/", **events)) == 100
    assert len(get("/v2/events/", **events, limit=1000)) > 500


@pytest.mark.parametrize("limit", ["0", "1001", "-1", "many", "²"])
def test_limits_that_are_none(http, limit):
    assert http.get("/v2/networks/", params={"limit": limit}).status_code == 400
    assert http.get("/v2/networks/", params={"offset": "x"}).status_code == 400


def test_a_computed_series_is_cut_by_the_limit_and_says_how_long_it_was(http, red_hook):
    asked = {
        "network": red_hook,
        "start": NOW.isoformat(),
        "end": (NOW + DAY).isoformat(),
        "intervalLength": 5,
    }
    cut = http.get("/v2/profiles/prices/", params=asked).json()
    whole = http.get("/v2/profiles/prices/", params=asked | {"limit": 1000}).json()
    rest = http.get("/v2/profiles/prices/", params=asked | {"limit": 1000, "offset": 100}).json()
    points = whole["data"]["data"]
    assert len(points) == whole["total"] == cut["total"] >= 288
    assert cut["data"]["data"] == points[:100]
    assert rest["data"]["data"] == points[100:]


@pytest.mark.parametrize(
    ("path", "longest"),
    [("/v2/planned_routes/", 7), ("/v2/profiles/prices/", 7), ("/v2/profiles/optimizations/", 7)],
)
def test_windows_beyond_what_the_document_allows_are_refused(http, red_hook, path, longest):
    start = NOW - timedelta(days=2)
    asked = {"network": red_hook, "start": start.isoformat()}
    for length, status in ((longest - 0.1, 200), (longest + 0.1, 400)):
        end = (start + timedelta(days=length)).isoformat()
        assert http.get(path, params=asked | {"end": end}).status_code == status, length
    # Of optimizations even a whole week is too long.
    end = (start + timedelta(days=longest)).isoformat()
    whole = http.get(path, params=asked | {"end": end}).status_code
    assert whole == (400 if "optimizations" in path else 200)


def test_capacities_end_after_twelve_hours_unless_one_asks(get, red_hook):
    short = get("/v2/profiles/capacities/", network=red_hook, resolution="15m")["data"]
    assert 48 <= len(short) <= 49
    end = (NOW + 2 * DAY).isoformat()
    long = get("/v2/profiles/capacities/", network=red_hook, resolution="15m", end=end)["data"]
    assert len(long) > 190
    assert {point["value"] for point in long} == {500, 560}


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/v2/charging_sessions/", ""),
        ("/v2/optimizations/", ""),
        ("/v2/alerts/", ""),
        ("/v2/events/", ""),
        ("/v2/profiles/capacities/", ""),
        ("/v2/profiles/dr_events/", "network={network}"),
        ("/v2/profiles/optimizations/", ""),
        ("/v2/profiles/meter_values/power", ""),
        ("/v2/profiles/uptime/", ""),
        ("/v2/profiles/optimizations/", "network={network}&vehicle={network}"),
        ("/v2/profiles/capacities/", "network={network}&start=yesterday"),
        ("/v2/profiles/capacities/", "network={network}&resolution=fast"),
        ("/v2/planned_routes/", "start=2026-03-04T00:00:00&end=2026-03-03T00:00:00"),
    ],
)
def test_what_is_needed_and_missing_is_said(http, red_hook, path, query):
    answer = http.get(f"{path}?{query.format(network=red_hook)}")
    assert answer.status_code == 400
    assert answer.json()["status"] == "fail"
    assert answer.json()["message"]


@pytest.mark.parametrize("kind", ["networks", "vehicles", "charging_sessions", "alerts"])
def test_what_there_is_not(http, kind):
    assert http.get(f"/v2/{kind}/0e4bd4a2-0000-5000-8000-000000000000").status_code == 404


def test_slashes_are_exact(http, physics):
    for _method, path in OPERATIONS:
        if "<" in path:
            continue
        wrong = path.removesuffix("/") if path.endswith("/") else f"{path}/"
        answer = http.get(f"{wrong}?limit=5&x=%2B")
        assert (answer.status_code, answer.headers["location"]) == (
            307,
            f"/ampcontrol{path}?limit=5&x=%2B",
        )
    assert physics.depots.tripped == []


def test_times_without_a_zone_are_utc(get):
    aware = get("/v2/planned_routes/", start="2026-03-04T00:00:00Z", end="2026-03-05T00:00:00Z")
    naive = get("/v2/planned_routes/", start="2026-03-04T00:00:00", end="2026-03-05T00:00:00")
    assert aware == naive != []
    assert aware[0]["start"].endswith("+00:00")


def test_calls_beyond_the_limit(http, physics):
    physics.depots.rate_limit = 2
    statuses = [http.get("/v2/users/me") for _ in range(4)]
    assert [each.status_code for each in statuses] == [200, 200, 429, 429]
    assert int(statuses[-1].headers["retry-after"]) > 0
    # AMPECO's are counted by themselves.
    assert physics.world.rate_limit is None


def test_a_word_of_the_secret_webhook_stands_in_a_network(get):
    """What the portal must not keep is there, so that it shows when it does."""
    assert get("/v2/networks/")[0]["webhookSecret"] == "never-store-this"
