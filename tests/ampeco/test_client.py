import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

import httpx
import pytest

from ampeco.resources import MOST_UNFILTERED_PAGES
from ampeco.types import (
    CancelBookingRequest,
    ChangeBookingRequest,
    EvseCriteria,
    NewBookingRequest,
    Slot,
)
from tests.scripted_operator import BASE_URL, one, page, payload

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
# The same instant, as somebody in India has it.
NOON_IN_INDIA = NOON.astimezone(timezone(timedelta(hours=5, minutes=30)))

LOCATIONS = "resources/locations/v2.0"
CHARGE_POINTS = "resources/charge-points/v2.0"
EVSES = "resources/evses/v2.1"
USERS = "resources/users/v1.0"
INVITES = "resources/partner-invites/v1.0"
PARTNERS = "resources/partners/v2.0"
REQUESTS = "resources/booking-requests/v1.0"
BOOKINGS = "resources/bookings/v1.0"
SESSIONS = "resources/sessions/v1.0"
AVAILABILITY = "actions/locations/v2.0/7/check-booking-availability"


def only_page(pages):
    (found,) = pages
    return found


@pytest.mark.parametrize(
    ("method", "path", "noun", "include"),
    [
        ("location_pages", LOCATIONS, "location", {}),
        ("charge_point_pages", CHARGE_POINTS, "charge_point", {}),
        ("evse_pages", EVSES, "evse", {"include[]": "connectors"}),
    ],
)
def test_pages_of_places(client, operator, method, path, noun, include):
    operator.answers("GET", path, page([payload(noun, "3.110")]))
    pages = getattr(client, method)

    found = only_page(pages(updated_after=NOON_IN_INDIA))
    assert found.items[0].id == payload(noun, "3.110")["id"]
    assert found.next_link is None
    only_page(pages())
    assert operator.queries == [
        {"filter[lastUpdatedAfter]": "2026-03-01T12:00:00Z", "per_page": "100", **include},
        {"per_page": "100", **include},
    ]


def test_charge_points_of_a_location(client, operator):
    operator.answers("GET", CHARGE_POINTS, page([payload("charge_point", "3.108")]))
    assert only_page(client.charge_point_pages(location_id=7)).items[0].location_id == 7
    assert operator.queries == [{"filter[locationId]": "7", "per_page": "100"}]


def test_evses_of_a_charge_point_know_where_they_belong(client, operator):
    operator.answers("GET", f"{CHARGE_POINTS}/70/evses", page([payload("evse", "3.108")]))
    (evse,) = only_page(client.evse_pages_of_charge_point(70)).items
    assert (evse.id, evse.charge_point_id, len(evse.connectors)) == (15, 70, 2)
    assert operator.queries == [{"include[]": "connectors", "per_page": "100"}]


@pytest.mark.parametrize(
    ("method", "path", "noun", "query"),
    [
        ("read_location", LOCATIONS, "location", {}),
        ("read_charge_point", CHARGE_POINTS, "charge_point", {}),
        ("read_partner", PARTNERS, "partner", {}),
        ("read_booking", BOOKINGS, "booking", {"include[]": "bookedEvses"}),
        ("read_session", SESSIONS, "session", {}),
    ],
)
def test_reading_one(client, operator, method, path, noun, query):
    operator.answers("GET", f"{path}/5", one(payload(noun, "3.110")))
    found = getattr(client, method)(5)
    assert str(found.id) == str(payload(noun, "3.110")["id"])
    assert operator.queries == [query]


def test_reading_one_request(client, operator):
    operator.answers("GET", f"{REQUESTS}/1", one(payload("booking_request", "create approved")))
    assert client.read_booking_request(1).booking_id == 100


# Availability


def test_availability(client, operator):
    slot = {"startAt": "2026-03-01T13:00:00Z", "endAt": "2026-03-01T14:00:00Z"}
    operator.answers(
        "POST",
        AVAILABILITY,
        page([{"evseId": 15, "availableSlots": [slot]}, {"evseId": 16, "availableSlots": []}]),
    )
    first, second = client.check_availability(
        7, start_after=NOON_IN_INDIA, end_before=NOON + timedelta(days=7)
    )
    assert (first.evse_id, second.evse_id) == (15, 16)
    assert first.slots == (
        Slot(start_at=NOON + timedelta(hours=1), end_at=NOON + timedelta(hours=2)),
    )
    assert second.slots == ()
    assert json.loads(operator.requests[0].content) == {
        "startAfter": "2026-03-01T12:00:00Z",
        "endBefore": "2026-03-08T12:00:00Z",
    }


@pytest.mark.parametrize(
    ("start_after", "end_before"),
    [
        (NOON, NOON),
        (NOON, NOON - timedelta(hours=1)),
        (NOON, NOON + timedelta(days=7, seconds=1)),
        (datetime(2026, 3, 1, 12), datetime(2026, 3, 2, 12)),
        # Seven days on the wall, but the clocks go back in between.
        (
            datetime(2026, 10, 30, 12, tzinfo=ZoneInfo("America/New_York")),
            datetime(2026, 11, 6, 12, tzinfo=ZoneInfo("America/New_York")),
        ),
    ],
)
def test_window_that_cannot_be_asked_for(client, start_after, end_before):
    with pytest.raises(ValueError, match=r"window|zone"):
        client.check_availability(7, start_after=start_after, end_before=end_before)
    assert client.calls == 0


def test_week_in_which_clocks_go_forward_is_short_enough(client, operator):
    operator.answers("POST", AVAILABILITY, page([]))
    zone = ZoneInfo("America/New_York")
    assert (
        client.check_availability(
            7,
            start_after=datetime(2026, 3, 6, 12, tzinfo=zone),
            end_before=datetime(2026, 3, 13, 13, tzinfo=zone),
        )
        == []
    )


# People


def user(pk: int, email: str) -> dict[str, object]:
    return {"id": str(pk), "email": email, "status": "enabled", "partnerInvites": []}


def test_user_is_found_whatever_the_case(client, operator):
    operator.answers("GET", USERS, page([user(1, "Anna@Hudson.example")]))
    (found,) = client.find_users_by_email("  anna@hudson.EXAMPLE ")
    assert found.id == 1
    assert operator.queries[0] == {
        "filter[email]": "anna@hudson.EXAMPLE",
        "include[]": "partnerInvites",
        "per_page": "100",
        "cursor": "",
    }
    client.find_users_by_email("anna@hudson.example", partner_id=501)
    assert operator.queries[1]["filter[partnerId]"] == "501"


def test_user_is_looked_for_in_lower_case_too(client, operator):
    def exact(request):
        wanted = request.url.params["filter[email]"]
        return page([user(1, wanted)] if wanted == "anna@hudson.example" else [])

    operator.answers("GET", USERS, exact)
    assert [found.id for found in client.find_users_by_email("Anna@Hudson.example")] == [1]
    assert client.find_users_by_email("nobody@hudson.example") == []
    assert client.calls == 3


def test_users_with_another_email_are_left_out_over_all_pages(client, operator):
    operator.answers(
        "GET",
        USERS,
        page([user(1, "anna@hudson.example.org")], f"{BASE_URL}/{USERS}?cursor=2"),
        page([user(2, "ANNA@hudson.example"), user(3, "")]),
    )
    assert [found.id for found in client.find_users_by_email("anna@hudson.example")] == [2]


def test_empty_email_finds_nobody(client):
    assert client.find_users_by_email("  ") == []
    assert client.calls == 0


def test_operator_that_ignores_the_filter_is_not_read_to_the_end(client, operator):
    def stranger(request):
        number = len(operator.requests)
        return page([user(number, "x@hudson.example")], f"{BASE_URL}/{USERS}?cursor={number}")

    operator.answers("GET", USERS, stranger)
    assert client.find_users_by_email("anna@hudson.example") == []
    assert client.calls == MOST_UNFILTERED_PAGES


def test_users_of_a_partner(client, operator):
    operator.answers(
        "GET",
        USERS,
        page([payload("user", "3.110")], f"{BASE_URL}/{USERS}?cursor=2"),
        page([user(43, "b@hudson.example")]),
    )
    assert [found.id for found in client.users_of_partner(501)] == [42, 43]
    assert operator.queries[0] == {
        "filter[partnerId]": "501",
        "include[]": "partnerInvites",
        "per_page": "100",
        "cursor": "",
    }


def test_invites_are_paged_by_number_and_kept_apart_by_partner(client, operator):
    def invite(pk: int, partner_id: int, status: str = "accepted") -> dict[str, object]:
        return {"id": pk, "partnerId": partner_id, "userId": 42, "status": status}

    operator.answers(
        "GET",
        INVITES,
        page([invite(1, 501), invite(2, 502)], f"{BASE_URL}/{INVITES}?page=2"),
        page([invite(3, 501), invite(4, 501, "pending")]),
    )
    found = list(client.partner_invites(partner_id=501, status="accepted"))
    assert [invite.id for invite in found] == [1, 3]
    assert operator.queries == [
        {"filter[partnerId]": "501", "filter[status]": "accepted", "per_page": "100"},
        {"page": "2"},
    ]


def test_invites_of_a_user(client, operator):
    invites = payload("user", "3.110")["partnerInvites"]
    operator.answers("GET", INVITES, page(invites))
    assert [invite.id for invite in client.partner_invites(user_id=42)] == [900]
    assert [invite.id for invite in client.partner_invites()] == [900, 901]


# Bookings


def test_asking_for_a_booking(client, operator):
    operator.answers("POST", REQUESTS, one(payload("booking_request", "create pending"), 201))
    answer = client.create_booking_request(
        NewBookingRequest(
            user_id=42,
            location_id=7,
            start_at=NOON_IN_INDIA,
            end_at=NOON + timedelta(hours=1),
            external_id="ours",
            criteria=EvseCriteria(current_type="dc", min_power_kw=Decimal(150)),
        )
    )
    assert (answer.id, answer.status) == (1, "pending")
    assert operator.requests[0].headers["Content-Type"] == "application/json"
    assert json.loads(operator.requests[0].content) == {
        "type": "create",
        "userId": 42,
        "locationId": 7,
        "startAt": "2026-03-01T12:00:00Z",
        "endAt": "2026-03-01T13:00:00Z",
        "externalId": "ours",
        "evseCriteria": {"currentType": "dc", "minPower": 150},
    }


def test_asking_for_a_change_and_a_cancellation(client, operator):
    operator.answers(
        "POST",
        REQUESTS,
        one(payload("booking_request", "update rejected"), 201),
        one(payload("booking_request", "cancel pending"), 201),
    )
    change = client.change_booking_request(
        ChangeBookingRequest(booking_id=100, external_id="a", start_at=NOON)
    )
    cancel = client.cancel_booking_request(CancelBookingRequest(booking_id=100, external_id="b"))

    assert (change.type, cancel.type) == ("update", "cancel")
    assert [json.loads(request.content) for request in operator.requests] == [
        {
            "type": "update",
            "bookingId": 100,
            "externalId": "a",
            "startAt": "2026-03-01T12:00:00Z",
        },
        {"type": "cancel", "bookingId": 100, "externalId": "b"},
    ]


def test_filters_of_booking_requests(client, operator):
    operator.answers("GET", REQUESTS, page([payload("booking_request", "create pending")]))
    found = only_page(
        client.booking_request_pages(
            status="pending",
            user_id=42,
            location_id=7,
            external_id="ours",
            created_after=NOON,
            created_before=NOON,
            start_after=NOON,
            start_before=NOON,
            end_after=NOON,
            end_before=NOON_IN_INDIA,
        )
    )
    assert found.items[0].id == 1
    times = ("createdAfter", "createdBefore", "startAfter", "startBefore", "endAfter", "endBefore")
    assert operator.queries == [
        {
            "filter[status]": "pending",
            "filter[userId]": "42",
            "filter[locationId]": "7",
            "filter[externalId]": "ours",
            **{f"filter[{name}]": "2026-03-01T12:00:00Z" for name in times},
            "per_page": "100",
        }
    ]


def test_filters_of_bookings(client, operator):
    operator.answers("GET", BOOKINGS, page([payload("booking", "3.108")]))
    found = only_page(client.booking_pages(location_id=7, end_after=NOON, start_before=NOON))
    assert found.items[0].evse_ids == (15,)
    assert operator.queries == [
        {
            "filter[locationId]": "7",
            "filter[startBefore]": "2026-03-01T12:00:00Z",
            "filter[endAfter]": "2026-03-01T12:00:00Z",
            "per_page": "100",
        }
    ]


def test_sessions_that_run_since(client, operator):
    operator.answers("GET", SESSIONS, page([payload("session", "3.110")]))
    (session,) = only_page(client.session_pages(status="active", started_after=NOON_IN_INDIA)).items
    assert (session.id, session.booking_id, session.billing_status) == ("5001", 100, "completed")
    assert operator.queries == [
        {
            "filter[status]": "active",
            "filter[startedAfter]": "2026-03-01T12:00:00Z",
            "per_page": "100",
            "cursor": "",
        }
    ]


def request_with(pk: int, external_id: str | None) -> dict[str, object]:
    found = payload("booking_request", "create pending") | {"id": pk}
    del found["externalId"]
    return found if external_id is None else found | {"externalId": external_id}


def test_requests_are_found_by_external_id_over_all_pages(client, operator):
    following = f"{BASE_URL}/{REQUESTS}?cursor="
    operator.answers(
        "GET",
        REQUESTS,
        *(page([request_with(pk, "ours")], f"{following}{pk}") for pk in range(1, 8)),
        page([request_with(8, "ours")]),
    )
    assert [found.id for found in client.find_booking_requests("ours")] == list(range(1, 9))
    assert operator.queries[0] == {"filter[externalId]": "ours", "per_page": "100"}


@pytest.mark.parametrize("strange", [None, "OURS", "ours2"])
def test_request_of_somebody_else_is_not_ours(client, operator, strange):
    operator.answers("GET", REQUESTS, page([request_with(1, strange), request_with(2, "ours")]))
    assert [found.id for found in client.find_booking_requests("ours")] == [2]


def test_looking_for_a_request_ends_where_the_filter_is_ignored(client, operator):
    def all_of_them(request):
        number = len(operator.requests)
        mine = "ours" if number == 2 else None
        return page([request_with(number, mine)], f"{BASE_URL}/{REQUESTS}?cursor={number}")

    operator.answers("GET", REQUESTS, all_of_them)
    assert [found.id for found in client.find_booking_requests("ours")] == [2]
    assert client.calls == MOST_UNFILTERED_PAGES


def test_unexpected_call_of_the_make_believe_operator_is_an_error(client):
    with pytest.raises(AssertionError, match="Nobody expects"):
        client.read_partner(1)


def test_closed_client_sends_nothing(client, operator):
    operator.answers("GET", f"{LOCATIONS}/7", httpx.Response(500))
    client.close()
    with pytest.raises(RuntimeError):
        client.read_location(7)
    assert operator.requests == []
