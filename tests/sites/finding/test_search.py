"""The list by distance, the map's sites, and favourites, over HTTP."""

import re

import pytest
from django.urls import reverse

from shell.middleware import HEADER
from sites.models import ChargePoint, FavouriteSite
from tests.factories import EvseFactory, LocationFactory, MembershipFactory
from tests.sites.test_views import LIST, detail, listed, site, text_of

pytestmark = pytest.mark.django_db

MAP = reverse("sites:map")
TILES = "https://tiles.example:8443/{z}/{x}/{y}.png?key=1"


def at(name: str, latitude, longitude=-74.0, **kwargs):
    location = LocationFactory(name=name, latitude=latitude, longitude=longitude, **kwargs)
    EvseFactory(charge_point__location=location)
    return location


def star(location) -> str:
    return reverse("sites:favourite", args=[location.pk])


def on_map(answer) -> list[str]:
    return [each[3] for each in answer.json()["sites"]]


@pytest.fixture
def tiles(settings):
    settings.MAP_TILES_URL = TILES
    settings.MAP_TILES_ORIGIN = "https://tiles.example:8443"
    settings.MAP_ATTRIBUTION = "© Some <b>owner</b>"


@pytest.fixture
def private_site():
    return site(
        "Private yard",
        charge_point__type=ChargePoint.Type.PRIVATE,
        charge_point__ampeco_partner_id=501,
    )


class TestNear:
    def test_the_nearest_come_first_with_the_way_there(self, as_manager):
        at("Far", 42.0)
        at("Close", 40.004)
        at("Lost", None, None)

        answer = as_manager.get(LIST, {"near": "40, -74"})

        assert listed(answer) == ["Close", "Far", "Lost"]
        assert [row.distance for row in answer.context["rows"]] == [
            "440 m",
            "222 km",
            "Distance unknown",
        ]
        assert "nearest to 40, -74 first" in text_of(answer)

    def test_pages_keep_the_place_and_go_on_where_the_last_ended(self, as_manager):
        for number in range(30):
            at(f"Depot {30 - number:02}", 40 + number / 10)

        first = as_manager.get(LIST, {"near": "40,-74"})
        second = as_manager.get(LIST, {"near": "40,-74", "page": 2})

        assert listed(first)[0] == "Depot 30"
        assert listed(second) == [f"Depot {number:02}" for number in (5, 4, 3, 2, 1)]
        assert "?near=40%2C-74&amp;page=2" in first.content.decode()

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("Atlantis", "We could not find this place"),
            ("99, 0", "A latitude is from"),
            ("x" * 201, "at most 200 characters"),
            ("a\0b", "Null characters are not allowed"),
        ],
    )
    def test_an_unknown_place_is_said_beside_the_field_and_the_list_is_by_name(
        self, as_manager, text, message
    ):
        at("Beta", 40.0)
        at("Alpha", 50.0)
        answer = as_manager.get(LIST, {"near": text})

        assert listed(answer) == ["Alpha", "Beta"]
        beside = re.search(
            r'<div id="id_near_error"[^>]*>(.*?)</div>', answer.content.decode(), re.DOTALL
        )
        assert message in beside.group(1)

    def test_a_geocoder_that_is_away_leaves_the_list_alone(self, as_manager, settings):
        settings.GEOCODER_URL = "http://127.0.0.1:9"
        at("Alpha", 40.0)
        answer = as_manager.get(LIST, {"near": "New York"}, headers={"HX-Request": "true"})

        assert listed(answer) == ["Alpha"]
        assert "Places cannot be looked up at the moment" in answer.content.decode()

    def test_private_sites_of_others_are_no_places(self, as_manager, as_other_manager, fleet):
        hidden = at("Hidden", 60.0, city="Secretville", search_text="hidden secretville")
        ChargePoint.objects.update(type="private", ampeco_partner_id=fleet.ampeco_partner_id)
        at("Public", 40.0)

        assert "We could not find this place" in text_of(
            as_other_manager.get(LIST, {"near": "Secretville"})
        )
        assert hidden.name not in text_of(as_other_manager.get(LIST, {"near": "60,-74"}))

    def test_the_number_of_queries_does_not_grow(
        self, as_manager, django_assert_max_num_queries, django_assert_num_queries
    ):
        at("Alpha", 40.0)
        as_manager.get(LIST)  # looks whether the fleet owns chargers, which is remembered
        with django_assert_max_num_queries(12) as few:
            as_manager.get(LIST, {"near": "40,-74"})
        for number in range(30):
            at(f"Depot {number}", 41.0)
        with django_assert_num_queries(len(few)):
            as_manager.get(LIST, {"near": "40,-74"})


class TestMap:
    def test_all_sites_that_match_in_short(self, as_manager):
        pier = at("Quay", 40.123456, -74.5)
        EvseFactory(charge_point__location=pier)
        EvseFactory(charge_point__location=pier, booking_enabled=False)
        at("Beta", 41.0)
        at("Quay, lost", None, None)

        told = as_manager.get(MAP, {"q": "quay", "near": "Atlantis", "page": "7"}).json()

        assert told["sites"] == [[pier.pk, 40.12346, -74.5, "Quay", 2]]
        assert told["note"] == "1 site is not on the map: the operator does not say where it is."

    def test_a_private_site_is_on_its_fleets_map_only(
        self, client, manager, other_manager, private_site
    ):
        site("Public square")
        for user, names in (
            (manager, ["Private yard", "Public square"]),
            (other_manager, ["Public square"]),
        ):
            client.force_login(user)
            answer = client.get(MAP)
            assert on_map(answer) == names
            assert ("Private yard" in answer.content.decode()) == (user == manager)

    def test_private_chargers_of_others_are_not_counted(self, as_other_manager, private_site):
        EvseFactory(charge_point__location=private_site)
        assert as_other_manager.get(MAP).json()["sites"][0][4] == 1

    def test_wrong_filters_are_left_out(self, as_manager):
        site("Alpha")
        assert on_map(as_manager.get(MAP, {"power": "lots", "connector": "hose"})) == ["Alpha"]

    def test_queries_are_constant(
        self, as_manager, django_assert_max_num_queries, django_assert_num_queries
    ):
        site("Alpha")
        as_manager.get(MAP, {"current": "dc"})  # what is remembered for some seconds
        with django_assert_max_num_queries(10) as few:
            as_manager.get(MAP, {"current": "dc"})
        for number in range(30):
            site(f"Depot {number}")
        with django_assert_num_queries(len(few)):
            as_manager.get(MAP, {"current": "dc"})

    def test_pictures_of_the_tiles_are_allowed_where_the_map_is_and_nowhere_else(
        self, as_manager, tiles
    ):
        location = site("Alpha")
        page = as_manager.get(LIST, {"q": "alp", "near": "40,-74"})

        assert "img-src 'self' data: https://tiles.example:8443;" in page[HEADER]
        content = page.content.decode()
        assert f'data-sites="{MAP}?q=alp"' in content
        assert 'data-near="40.00000,-74.00000"' in content
        assert "© Some &lt;b&gt;owner&lt;/b&gt;" in content
        for other in (detail(location), MAP, "/bookings/"):
            assert "tiles.example" not in as_manager.get(other)[HEADER]

    def test_without_tiles_there_is_no_map(self, as_manager):
        page = as_manager.get(LIST)
        assert "img-src 'self' data:;" in page[HEADER]
        assert "site-map" not in page.content.decode()


PRESSED = re.compile(r'id="favourite-\d+"[^>]* aria-pressed="true"')


class TestFavourites:
    def test_a_star_is_kept_per_person_and_leads_back(self, client, manager, viewer):
        location = site("Pier")
        client.force_login(viewer)
        back = f"{LIST}?q=pier"
        answer = client.post(star(location), {"favourite": "1", "next": back})
        client.post(star(location), {"favourite": "1"})

        assert (answer.status_code, answer.url) == (302, back)
        assert [each.user for each in FavouriteSite.objects.all()] == [viewer]
        assert PRESSED.search(client.get(detail(location)).content.decode())
        client.force_login(manager)
        assert not PRESSED.search(client.get(LIST).content.decode())

    def test_it_is_taken_back(self, as_manager, manager):
        location = site("Pier")
        FavouriteSite.objects.create(user=manager, location=location)
        as_manager.post(star(location), {"favourite": "0"})
        assert not FavouriteSite.objects.exists()

    def test_htmx_gets_the_star_alone(self, as_manager):
        location = site("Pier")
        answer = as_manager.post(
            star(location), {"favourite": "1", "next": LIST}, headers={"HX-Request": "true"}
        )
        content = answer.content.decode()

        assert content.lstrip().startswith('<form class="favourite"')
        assert 'aria-pressed="true"' in content
        assert f'name="next" value="{LIST}"' in content

    @pytest.mark.parametrize(
        "back", ["https://evil.example/", "//evil.example", "javascript:1", ""]
    )
    def test_it_leads_nowhere_else(self, as_manager, back):
        location = site("Pier")
        answer = as_manager.post(star(location), {"favourite": "1", "next": back})
        assert answer.url == detail(location)

    def test_a_site_that_the_fleet_may_not_see_is_not_there(self, as_other_manager, private_site):
        assert as_other_manager.post(star(private_site), {"favourite": "1"}).status_code == 404
        assert not FavouriteSite.objects.exists()

    def test_they_come_first_and_can_be_all_there_is(self, as_manager, manager):
        at("Alpha", 40.0)
        omega = at("Omega", 50.0)
        FavouriteSite.objects.create(user=manager, location=omega)

        assert listed(as_manager.get(LIST)) == ["Omega", "Alpha"]
        assert listed(as_manager.get(LIST, {"near": "40,-74"})) == ["Alpha", "Omega"]
        assert listed(as_manager.get(LIST, {"favourites": "on"})) == ["Omega"]
        assert on_map(as_manager.get(MAP, {"favourites": "on"})) == ["Omega"]

    def test_none_yet_is_said(self, as_manager):
        site("Alpha")
        assert "No favourites yet" in text_of(as_manager.get(LIST, {"favourites": "on"}))

    def test_the_first_screen_has_them_unless_they_are_hidden_from_the_fleet(
        self, as_other_manager, other_manager, other_fleet, private_site
    ):
        from tests.factories import BookingFactory

        BookingFactory(fleet=other_fleet)
        assert "quick-sites" not in as_other_manager.get("/").content.decode()
        for number in range(8):
            FavouriteSite.objects.create(user=other_manager, location=site(f"Depot {number}"))
        FavouriteSite.objects.create(user=other_manager, location=private_site)

        page = as_other_manager.get("/").content.decode()

        assert page.count('id="quick-site-') == 6
        assert "Private yard" not in page

    def test_who_is_erased_leaves_none(self, staff):
        from privacy.erasure import erase_user

        user = MembershipFactory().user
        FavouriteSite.objects.create(user=user, location=site("Pier"))
        erase_user(user=user, email=user.email, by=staff)
        assert not FavouriteSite.objects.exists()
