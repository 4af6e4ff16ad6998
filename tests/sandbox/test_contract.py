"""Every answer of the simulated operator satisfies the vendor's document."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from sandbox.world.cast import ANA, BOTH, CARLA, HUDSON, PENDING
from tests.contract.checker import ContractChecker
from tests.sandbox.conftest import (
    API,
    BOOKINGS,
    HOUR,
    NOW,
    REQUESTS,
    SOON,
    evse_at,
    new_booking,
    site_named,
)

AVAILABILITY = "/public-api/actions/locations/v2.0/101/check-booking-availability"
WEEK = {
    "startAfter": NOW.isoformat(),
    "endBefore": (NOW + timedelta(days=7)).isoformat(),
}
LISTS = {
    "locations": f"{API}/locations/v2.0",
    "charge points": f"{API}/charge-points/v2.0",
    "EVSEs": f"{API}/evses/v2.1",
    "EVSEs with connectors": f"{API}/evses/v2.1?include[]=connectors",
    "EVSEs of a charge point": f"{API}/charge-points/v2.0/1001/evses",
    "EVSEs of a charge point with connectors": (
        f"{API}/charge-points/v2.0/1001/evses?include[]=connectors"
    ),
    "parking spaces": f"{API}/parking-spaces/v1.0",
    "parking spaces with EVSEs": f"{API}/parking-spaces/v1.0?include[]=evses",
    "circuits": f"{API}/circuits/v2.0",
    "circuits with charge points": f"{API}/circuits/v2.0?include[]=chargePointPriorities",
    "electricity rates": f"{API}/electricity-rates/v2.0",
    "prices": f"{API}/electricity-rates/v2.0/1/price-periods",
    "id tags": f"{API}/id-tags/v2.0",
    "id tags by cursor": f"{API}/id-tags/v2.0?cursor=",
    "users": f"{API}/users/v1.0",
    "users by cursor": f"{API}/users/v1.0?cursor=",
    "users with invites": f"{API}/users/v1.0?include[]=partnerInvites",
    "users of a partner": f"{API}/users/v1.0?filter[partnerId]={HUDSON}",
    "partner invites": f"{API}/partner-invites/v1.0",
    "partners": f"{API}/partners/v2.0",
    "booking requests": REQUESTS,
    "bookings": BOOKINGS,
    "partner contracts": f"{API}/partner-contracts/v1.0",
    "partner revenues": f"{API}/partner-revenues/v1.1",
    "partner expenses": f"{API}/partner-expenses/v1.1",
    "partner expenses with a breakdown": f"{API}/partner-expenses/v1.1?withBreakdown=true",
    "hardware logs of a charge point": f"{API}/charge-points/v2.0/1001/hardware-status-logs",
    "network logs": f"{API}/charge-points/v2.0/1001/network-status-logs",
    "hardware logs of an EVSE": f"{API}/evses/v2.0/5001/hardware-status-logs",
    "vendor error codes": f"{API}/vendor-error-codes/v2.0",
    "firmware": f"{API}/firmware-versions/v1.0",
    "firmware with models": f"{API}/firmware-versions/v1.0?include[]=models",
    "roaming connections": f"{API}/roaming-connections/v2.0",
    "roaming operators": f"{API}/roaming-operators/v2.0",
    "roaming tariffs": f"{API}/roaming-tariffs/v2.0",
    "CDRs": f"{API}/cdrs/v2.0",
}
# Of these the document has no 429.
NEVER_TOO_MANY = {
    "circuits",
    "circuits with charge points",
    "electricity rates",
    "partner revenues",
    "partner expenses",
    "partner expenses with a breakdown",
    "roaming tariffs",
}
NOTHING = {
    "locations": f"{API}/locations/v2.0?filter[country]=JP",
    "charge points": f"{API}/charge-points/v2.0?filter[partnerId]=999",
    "EVSEs": f"{API}/evses/v2.1?filter[lastUpdatedAfter]=2030-01-01T00:00:00Z",
    "parking spaces": f"{API}/parking-spaces/v1.0?filter[evseId]=1",
    "id tags of a user": f"{API}/id-tags/v2.0?filter[userId]=1",
    "users": f"{API}/users/v1.0?filter[email]=nobody@hudson.example",
    "users by cursor": f"{API}/users/v1.0?filter[email]=nobody@hudson.example&cursor=",
    "partner invites": f"{API}/partner-invites/v1.0?filter[userId]=1",
    "booking requests": f"{REQUESTS}?filter[externalId]=unheard-of",
    "bookings": f"{BOOKINGS}?filter[userId]=1",
    "sessions": f"{API}/sessions/v1.0?filter[userId]=1",
    "sessions by cursor": f"{API}/sessions/v1.0?filter[status]=active&cursor=",
}
PARTS = {
    "location": f"{API}/locations/v2.0/101",
    "charge point": f"{API}/charge-points/v2.0/1001",
    "EVSE": f"{API}/evses/v2.1/5001",
    "EVSE with connectors": f"{API}/evses/v2.1/5001?include[]=connectors",
    "circuit": f"{API}/circuits/v2.0/701",
    "electricity rate": f"{API}/electricity-rates/v2.0/1",
    "user": f"{API}/users/v1.0/{CARLA.id}",
    "user with invites": f"{API}/users/v1.0/{CARLA.id}?include[]=partnerInvites",
    "user with an open invite": f"{API}/users/v1.0/{PENDING.id}?include[]=partnerInvites",
    "partner": f"{API}/partners/v2.0/{HUDSON}",
    "latest hardware log": f"{API}/evses/v2.0/5001/latest-hardware-status-log",
    "latest network log": f"{API}/charge-points/v2.0/1001/latest-network-status-log",
}
SINGLE = (
    "locations/v2.0",
    "charge-points/v2.0",
    "evses/v2.1",
    "parking-spaces/v1.0",
    "circuits/v2.0",
    "electricity-rates/v2.0",
    "id-tags/v2.0",
    "users/v1.0",
    "partners/v2.0",
    "booking-requests/v1.0",
    "bookings/v1.0",
    "sessions/v1.0",
)


@pytest.fixture(scope="session")
def checker() -> ContractChecker:
    """The vendor's document, to the letter."""
    return ContractChecker()


@pytest.fixture
def get(http, checker):
    """Read something, and check call and answer against the document."""

    def get(path: str, *, status: int = 200) -> Any:
        response = http.get(path)
        assert response.status_code == status, response.text
        checker.check_response(response.request, response)
        return response.json()

    return get


@pytest.fixture
def post(http, checker):
    """Send something, and check the answer against the document."""

    def post(path: str, body: Any, *, status: int = 201) -> Any:
        response = http.post(path, json=body)
        assert response.status_code == status, response.text
        checker.check_response(response.request, response)
        return response.json()

    return post


def fill(world) -> None:
    """Ask for this and that, so that there are requests of each type in each status."""
    first, second = evse_at(world, "Red Hook", 3), evse_at(world, "Adelaide")
    times = {"start_at": SOON, "end_at": SOON + HOUR}
    place = world.charge_points[first.charge_point_id].location_id
    for evse, user in ((first, ANA), (first, BOTH)):
        world.ask(
            type="create",
            user_id=user.id,
            location_id=place,
            evse_id=evse.id,
            **times,
            external_id=f"for {user.id}",
        )
    for criteria in ({"currentType": "ac", "minPower": 11}, {"connectorType": "chaoji"}):
        world.ask(type="create", user_id=ANA.id, location_id=place, criteria=criteria, **times)
    world.add_booking(location_id=place, evse_id=second.id, **times)
    world.ask(type="update", booking_id=1, end_at=SOON + 2 * HOUR, user_id=BOTH.id)
    world.ask(type="update", booking_id=1, start_at=NOW - HOUR)
    world.ask(type="cancel", booking_id=1)
    world.ask(type="cancel", booking_id=1)
    world.manual = True
    world.ask(type="create", user_id=ANA.id, location_id=place, **times)
    world.ask(type="update", booking_id=2, start_at=SOON - HOUR)
    world.ask(type="cancel", booking_id=2, external_id="x" * 255)


@pytest.mark.parametrize("name", LISTS)
def test_lists(world, get, name):
    fill(world)
    assert get(LISTS[name])["data"]


@pytest.mark.parametrize("name", LISTS)
def test_lists_in_pages(world, get, name):
    fill(world)
    url = LISTS[name] + ("&" if "?" in LISTS[name] else "?") + "per_page=1"
    for _ in range(3):
        page = get(url)
        url = page["links"]["next"]
        if url is None:
            break


@pytest.mark.parametrize("name", NOTHING)
def test_empty_lists(world, get, name):
    fill(world)
    assert get(NOTHING[name])["data"] == []


def charge(world) -> None:
    """Let two drivers charge, one of whom has finished."""
    for evse_id, length in ((5001, HOUR), (5002, 5 * HOUR)):
        booking = world.add_booking(
            location_id=101,
            evse_id=evse_id,
            start_at=NOW - 2 * HOUR,
            end_at=NOW - 2 * HOUR + length,
            user_id=ANA.id,
        )
        world.start_session(booking)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["1", "2"]),
        ("cursor=", ["1", "2"]),
        ("cursor=&per_page=1", ["1"]),
        ("filter[status]=active", ["2"]),
        ("filter[status]=finished", ["1"]),
        ("filter[status]=failed", []),
        (f"filter[userId]={ANA.id}", ["1", "2"]),
        (f"filter[userId]={CARLA.id}", []),
        ("filter[evseId]=5002", ["2"]),
        (f"filter[startedAfter]={(NOW - HOUR).isoformat()}".replace("+", "%2B"), []),
        (f"filter[startedBefore]={NOW.isoformat()}".replace("+", "%2B"), ["1", "2"]),
        (f"filter[endedBefore]={NOW.isoformat()}".replace("+", "%2B"), ["1"]),
    ],
)
def test_list_of_sessions(world, get, query, found):
    charge(world)
    assert [each["id"] for each in get(f"{API}/sessions/v1.0?{query}")["data"]] == found


def test_last_page_of_numbers(get):
    last = get(f"{API}/users/v1.0?per_page=7")["links"]["last"]
    assert get(last)["links"]["next"] is None


@pytest.mark.parametrize("name", PARTS)
def test_single_records(get, name):
    assert get(PARTS[name])["data"]


def test_every_location_charge_point_and_evse(world, get):
    for pk in world.locations:
        get(f"{API}/locations/v2.0/{pk}")
    for pk in (each.id for each in world.charge_points.values() if not each.id % 5):
        get(f"{API}/charge-points/v2.0/{pk}")
    for status in ("disabled", "out of order"):
        world.set_evse_status(5001, status)
        get(f"{API}/evses/v2.1/5001?include[]=connectors")


def test_private_and_personal_charge_points(world, get):
    kinds = {each.type: each.id for each in world.charge_points.values()}
    assert kinds.keys() == {"public", "private", "personal"}
    for pk in kinds.values():
        get(f"{API}/charge-points/v2.0/{pk}")


def test_availability(world, post):
    world.add_booking(
        location_id=101, evse_id=5001, start_at=SOON, end_at=SOON + HOUR, user_id=ANA.id
    )
    assert len(post(AVAILABILITY, WEEK, status=200)["data"][0]["availableSlots"]) == 2


@pytest.mark.parametrize("outcome", ["pending", "approved", "rejected"])
@pytest.mark.parametrize("type_", ["create", "create any", "update", "cancel"])
def test_booking_requests(world, post, get, type_, outcome):
    evse = evse_at(world, "Adelaide")
    booking = world.add_booking(
        location_id=site_named(world, "Adelaide").id,
        evse_id=evse.id,
        start_at=SOON + 5 * HOUR,
        end_at=SOON + 6 * HOUR,
        user_id=ANA.id,
    )
    body = {
        "create": new_booking(world, evse),
        "create any": new_booking(
            world, evse, evseId=None, externalId=None, evseCriteria={"minPower": 50}
        ),
        "update": {
            "type": "update",
            "bookingId": booking.id,
            "startAt": SOON.isoformat(),
            "externalId": "ours",
        },
        "cancel": {"type": "cancel", "bookingId": booking.id},
    }[type_]
    if outcome == "pending":
        world.manual = True
    if outcome == "rejected":
        world.set_booking_status(booking, "cancelled")
        world.set_evse_status(evse.id, "out of order")
    answer = post(REQUESTS, body)["data"]
    assert answer["status"] == outcome
    assert get(f"{REQUESTS}/{answer['id']}")["data"] == answer
    assert get(REQUESTS)["data"] == [answer]


@pytest.mark.parametrize("include", ["", "?include[]=bookedEvses"])
@pytest.mark.parametrize(
    "status", ["accepted", "reserved", "completed", "cancelled", "no-show", "failed"]
)
@pytest.mark.parametrize("user_id", [ANA.id, None])
def test_bookings(world, get, status, include, user_id):
    booking = world.add_booking(
        location_id=101, evse_id=5001, start_at=SOON, end_at=SOON + HOUR, user_id=user_id
    )
    if status == "completed":
        world.clock.freeze(SOON + timedelta(minutes=5))
    else:
        world.set_booking_status(booking, status)
    answer = get(f"{BOOKINGS}/{booking.id}{include}")["data"]
    assert answer["status"] == status
    assert ("bookedEvses" in answer) == bool(include)
    assert len(get(f"{BOOKINGS}?filter[status]={status}")["data"]) == 1


@pytest.mark.parametrize("user_id", [ANA.id, None])
def test_sessions(world, get, user_id):
    world.add_booking(
        location_id=101, evse_id=5001, start_at=SOON, end_at=SOON + HOUR, user_id=user_id
    )
    world.clock.freeze(SOON + timedelta(minutes=30))
    session_id = get(f"{BOOKINGS}/1")["data"]["sessionId"]
    assert get(f"{API}/sessions/v1.0/{session_id}")["data"]["status"] == "active"
    (listed,) = get(f"{API}/sessions/v1.0?filter[status]=active&cursor=")["data"]
    assert (listed["id"], listed["bookingId"]) == (str(session_id), 1)
    world.clock.freeze(SOON + HOUR)
    assert get(f"{API}/sessions/v1.0/{session_id}")["data"]["status"] == "finished"


class TestRefusals:
    @pytest.mark.parametrize("name", LISTS)
    def test_without_the_right_token(self, http, get, name):
        http.headers["Authorization"] = "Bearer another"
        get(LISTS[name], status=401)

    @pytest.mark.parametrize("name", [name for name in LISTS if name not in NEVER_TOO_MANY])
    def test_too_many(self, world, get, name):
        world.faults.add("rate-limited")
        get(LISTS[name], status=429)

    @pytest.mark.parametrize("path", SINGLE)
    def test_not_found(self, get, path):
        get(f"{API}/{path}/999999", status=404)

    def test_evses_of_no_charge_point(self, get):
        get(f"{API}/charge-points/v2.0/1/evses", status=404)

    def test_availability_of_no_location(self, post):
        post(AVAILABILITY.replace("101", "1"), WEEK, status=404)

    def test_forbidden(self, world, get):
        world.evse_list_forbidden = world.parking_forbidden = world.id_tags_forbidden = True
        world.power_forbidden = True
        for name in ("EVSEs", "parking spaces", "id tags", "circuits", "prices"):
            get(LISTS[name], status=403)

    @pytest.mark.parametrize(
        "body", [{}, {"type": "create"}, {"type": "update"}, {"type": "cancel", "bookingId": 1}]
    )
    def test_unreadable_request(self, post, body):
        post(REQUESTS, body, status=422)

    @pytest.mark.parametrize("body", [{}, WEEK | {"endBefore": "2026-04-01T00:00:00Z"}])
    def test_unreadable_window(self, post, body):
        post(AVAILABILITY, body, status=422)

    def test_page_too_long(self, get):
        get(f"{LISTS['charge points']}?per_page=101", status=422)

    @pytest.mark.parametrize("path", [REQUESTS, AVAILABILITY])
    def test_posts_without_token_or_too_often(self, world, http, post, path):
        world.faults.add("rate-limited", count=1)
        post(path, {}, status=429)
        http.headers["Authorization"] = "Bearer another"
        post(path, {}, status=401)


def test_ids_of_a_request_are_those_of_the_document(world, post):
    """The document wants integers where users have ids of text."""
    answer = post(REQUESTS, new_booking(world, evse_at(world, "Adelaide")))["data"]
    assert {type(answer[name]) for name in ("id", "userId", "bookingId", "evseId")} == {int}


def test_checker_would_notice(world, http, checker):
    response = http.get(f"{API}/evses/v2.1/5001")
    del (payload := response.json())["data"]["physicalReference"]
    with pytest.raises(AssertionError, match="physicalReference"):
        checker.check_response(response.request, httpx.Response(200, json=payload))
