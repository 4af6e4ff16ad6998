"""Lists in pages, by cursor and by number, and their filters."""

from datetime import timedelta

import pytest

from sandbox.world.build import build_world
from sandbox.world.cast import ANA, BEN, CARLA, HUDSON, PEOPLE, RHONE
from tests.sandbox.conftest import API, BOOKINGS, HOUR, NOW, REQUESTS, SOON

USERS = f"{API}/users/v1.0"
EVSES = f"{API}/evses/v2.1"
INVITES = f"{API}/partner-invites/v1.0"


@pytest.fixture
def world():
    world = build_world(now=NOW, locations=3)
    for number in range(25):
        world.ask(
            type="create",
            user_id=(ANA, BEN)[number % 2].id,
            location_id=101,
            start_at=SOON + number * HOUR,
            end_at=SOON + (number + 1) * HOUR,
            external_id=f"our-{number}",
        )
    return world


def ids(page) -> list[int]:
    return [int(each["id"]) for each in page["data"]]


def walk(http, url: str) -> list[dict]:
    """Return all pages of a list, following the links as they are given."""
    pages = [http.get(url).json()]
    while link := pages[-1]["links"]["next"]:
        pages.append(http.get(link).json())
        assert len(pages) < 50
    return pages


class TestCursor:
    def test_pages_hold_everything_once(self, http):
        pages = walk(http, f"{REQUESTS}?per_page=10")
        assert [len(page["data"]) for page in pages] == [10, 10, 5]
        assert [pk for page in pages for pk in ids(page)] == list(range(1, 26))
        assert all("total" not in page["meta"] for page in pages)
        assert pages[0]["links"]["prev"] is None

    def test_full_last_page_is_the_last(self, http):
        assert len(walk(http, f"{REQUESTS}?per_page=5")) == 5

    def test_way_back(self, http):
        pages = walk(http, f"{REQUESTS}?per_page=10")
        assert ids(http.get(pages[2]["links"]["prev"]).json()) == ids(pages[1])
        assert ids(http.get(pages[1]["links"]["prev"]).json()) == ids(pages[0])

    def test_nothing_is_skipped_when_records_leave_the_list(self, world, http):
        first = http.get(f"{REQUESTS}?filter[status]=pending&per_page=10").json()
        for pk in ids(first):
            world.reject(world.requests[pk], "Full.")
        rest = walk(http, first["links"]["next"])
        assert [pk for page in rest for pk in ids(page)] == list(range(11, 26))

    def test_newcomers_are_found_at_the_end(self, world, http):
        first = http.get(f"{REQUESTS}?per_page=20").json()
        world.ask(type="create", user_id=ANA.id, location_id=101, start_at=SOON, end_at=SOON)
        assert ids(http.get(first["links"]["next"]).json()) == [21, 22, 23, 24, 25, 26]

    def test_links_keep_filters_and_includes(self, http):
        url = (
            f"{EVSES}?include[]=connectors&filter[lastUpdatedAfter]=2020-01-01T00:00:00Z&per_page=7"
        )
        pages = walk(http, url)
        assert sum(len(page["data"]) for page in pages) == 18
        assert all(each["connectors"] for page in pages for each in page["data"])

    @pytest.mark.parametrize("cursor", ["x", "%", "ZnJvbTo1", "YWZ0ZXI6eA==", "é"])
    def test_cursor_that_is_none(self, http, cursor):
        assert http.get(REQUESTS, params={"cursor": cursor}).status_code == 422


class TestNumbers:
    def test_pages_hold_everything_once(self, http):
        pages = walk(http, f"{USERS}?per_page=10")
        assert [pk for page in pages for pk in ids(page)] == [each.id for each in PEOPLE]
        assert [page["meta"]["current_page"] for page in pages] == [1, 2, 3]
        assert {page["meta"]["total"] for page in pages} == {len(PEOPLE)}
        assert (pages[1]["meta"]["from"], pages[1]["meta"]["to"]) == (11, 20)
        assert http.get(pages[2]["links"]["prev"]).json()["data"] == pages[1]["data"]

    def test_even_an_empty_cursor_makes_it_cursors(self, http):
        pages = walk(http, f"{USERS}?per_page=10&cursor=")
        assert [pk for page in pages for pk in ids(page)] == [each.id for each in PEOPLE]
        assert "total" not in pages[0]["meta"]

    def test_invites_know_no_cursors(self, http):
        meta = http.get(f"{INVITES}?cursor=").json()["meta"]
        assert (meta["current_page"], meta["total"]) == (1, len(http.get(INVITES).json()["data"]))

    def test_page_beyond_the_last(self, http):
        page = http.get(f"{USERS}?page=99").json()
        assert (page["data"], page["links"]["next"]) == ([], None)


@pytest.mark.parametrize("url", [REQUESTS, USERS, INVITES, BOOKINGS, EVSES])
@pytest.mark.parametrize(
    ("size", "status"), [("1", 200), ("100", 200), ("101", 422), ("0", 422), ("x", 422)]
)
def test_page_sizes(http, url, size, status):
    answer = http.get(url, params={"per_page": size})
    assert answer.status_code == status
    if status == 422:
        assert "per_page" in answer.json()["errors"]


class TestFilters:
    @pytest.mark.parametrize(
        "email",
        [ANA.email, ANA.email.lower(), ANA.email.upper()],
    )
    def test_users_by_email_in_any_case(self, http, email):
        found = http.get(USERS, params={"filter[email]": email}).json()["data"]
        assert [(each["id"], each["email"]) for each in found] == [(str(ANA.id), ANA.email)]
        assert "partnerInvites" not in found[0]

    @pytest.mark.parametrize("email", ["ana", "nobody@hudson.example", "%"])
    def test_users_by_another_email(self, http, email):
        assert http.get(USERS, params={"filter[email]": email}).json()["data"] == []

    @pytest.mark.parametrize("partner", [HUDSON, RHONE])
    def test_users_of_a_partner(self, http, partner):
        url = f"{USERS}?filter[partnerId]={partner}&include[]=partnerInvites"
        users = http.get(url).json()["data"]
        assert {int(each["id"]) for each in users} == {
            each.id for each in PEOPLE if partner in each.partners + each.pending
        }
        carla = [each for each in users if each["id"] == str(CARLA.id)]
        assert all(len(each["partnerInvites"]) == 2 for each in carla)

    def test_requests(self, world, http):
        world.approve(world.requests[3])
        world.reject(world.requests[4], "Full.")

        def found(**filters) -> list[int]:
            params = {f"filter[{name}]": value for name, value in filters.items()}
            return ids(http.get(REQUESTS, params=params).json())

        assert found(status="approved") == [3]
        assert found(status="rejected", userId=BEN.id) == [4]
        assert found(status="rejected", userId=ANA.id) == []
        assert found(externalId="our-7") == [8]
        assert found(externalId="our-77") == []
        assert found(locationId=102) == []
        third = (SOON + 2 * HOUR).isoformat()
        assert found(startAfter=third, endBefore=(SOON + 5 * HOUR).isoformat()) == [3, 4, 5]
        assert found(startBefore=third) == [1, 2, 3]
        assert found(createdAfter=(NOW + HOUR).isoformat()) == []
        assert len(found(createdBefore=NOW.isoformat())) == 25

    def test_ignored_external_id(self, world, http):
        world.ignores_external_id = True
        answer = http.get(REQUESTS, params={"filter[externalId]": "our-7"}).json()
        assert len(answer["data"]) == 25

    def test_bookings_of_a_window(self, world, http):
        for number in range(5):
            world.add_booking(
                location_id=101,
                evse_id=5001,
                start_at=SOON + number * HOUR,
                end_at=SOON + (number + 1) * HOUR,
            )
        params = {
            "filter[endAfter]": (SOON + timedelta(minutes=90)).isoformat(),
            "filter[startBefore]": (SOON + timedelta(minutes=190)).isoformat(),
        }
        assert ids(http.get(BOOKINGS, params=params).json()) == [2, 3, 4]

    @pytest.mark.parametrize(
        "query",
        [
            f"{REQUESTS}?filter[status]=lost",
            f"{REQUESTS}?filter[userId]=ana",
            f"{BOOKINGS}?filter[status]=lost",
            f"{BOOKINGS}?filter[startAfter]=noon",
            f"{EVSES}?filter[lastUpdatedAfter]=2026-01-01",
        ],
    )
    def test_filters_that_make_no_sense(self, http, query):
        assert http.get(query).status_code == 422

    def test_charge_points(self, http, world):
        url = f"{API}/charge-points/v2.0?filter[locationId]=102"
        assert ids(http.get(url).json()) == world.locations[102].charge_point_ids
