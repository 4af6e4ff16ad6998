import re
from decimal import Decimal

import pytest
from django.urls import reverse

from shell.remembered import forget_everything
from sites.models import ChargePoint, Connector, Evse, Location
from tests.factories import EvseFactory, LocationFactory

pytestmark = pytest.mark.django_db

LIST = reverse("sites:list")


def at(location, **kwargs) -> Evse:
    return EvseFactory(charge_point__location=location, **kwargs)


def site(name, **kwargs):
    location = LocationFactory(name=name)
    at(location, **kwargs)
    return location


def listed(response) -> list[str]:
    return [row.location.name for row in response.context["rows"]]


def detail(location) -> str:
    return reverse("sites:detail", args=[location.pk])


def text_of(response) -> str:
    """Return what a person reads: without tags, with single spaces."""
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


@pytest.fixture
def private_site():
    return site(
        "Private yard",
        charge_point__type=ChargePoint.Type.PRIVATE,
        charge_point__ampeco_partner_id=501,
    )


@pytest.fixture(autouse=True)
def _no_operator(monkeypatch):
    """A page about sites costs no call; the picker's own one is not what is tested here."""
    from ampeco.client import AmpecoClient
    from upstream.errors import UpstreamUnavailable

    def refuse(self, *args, **kwargs):
        raise UpstreamUnavailable("Nobody there.")

    monkeypatch.setattr(AmpecoClient, "check_availability", refuse)


class TestWhoSeesWhat:
    def test_the_wall_between_fleets(self, client, manager, other_manager, private_site):
        site("Public square")

        client.force_login(manager)
        assert listed(client.get(LIST)) == ["Private yard", "Public square"]
        assert client.get(detail(private_site)).status_code == 200

        client.force_login(other_manager)
        response = client.get(LIST)
        assert listed(response) == ["Public square"]
        assert "Private yard" not in response.content.decode()
        assert client.get(detail(private_site)).status_code == 404

    def test_a_private_charger_at_a_shared_site_is_hidden_on_its_page(self, as_other_manager):
        location = site("Shared", label="Bay for all")
        at(
            location,
            label="Bay for one",
            charge_point__type=ChargePoint.Type.PRIVATE,
            charge_point__ampeco_partner_id=501,
        )

        page = as_other_manager.get(detail(location)).content.decode()

        assert "Bay for all" in page
        assert "Bay for one" not in page

    def test_a_viewer_sees_what_a_manager_sees(self, as_viewer, private_site):
        assert listed(as_viewer.get(LIST)) == ["Private yard"]
        assert as_viewer.get(detail(private_site)).status_code == 200

    def test_somebody_without_login_is_sent_to_it(self, client, private_site):
        for url in (LIST, detail(private_site)):
            response = client.get(url)
            assert response.status_code == 302
            assert response.url.startswith(reverse("account_login"))

    def test_a_site_that_does_not_exist_is_a_404(self, as_manager):
        assert as_manager.get(reverse("sites:detail", args=[999])).status_code == 404

    def test_pages_only_read(self, as_manager):
        assert as_manager.post(LIST).status_code == 405


class TestList:
    def test_a_row_tells_what_can_be_booked(self, as_manager):
        location = site("Pier", max_power_kw=150, connector="ccs2")
        at(location, max_power_kw=22, connector="type2")
        at(location, max_power_kw=350, connector="chademo", booking_enabled=False)

        page = text_of(as_manager.get(LIST))

        assert "2 chargers · CCS2, Type 2 · up to 150 kW" in page
        assert "1 Pier Road, New York, NY 10001" in page
        assert "New York time" in page
        assert "1 site" in page

    def test_a_row_says_when_nothing_can_be_booked(self, as_manager):
        site("Pier", booking_enabled=False)

        assert "Nothing can be booked here at the moment" in text_of(as_manager.get(LIST))

    def test_search_and_filters_narrow_the_list(self, as_manager):
        site("Alpha", connector="ccs2", current_type="dc", max_power_kw=150)
        site("Beta", connector="type2", current_type="ac", max_power_kw=22)

        assert listed(as_manager.get(LIST)) == ["Alpha", "Beta"]
        assert listed(as_manager.get(LIST, {"q": "new york alp"})) == ["Alpha"]
        assert listed(as_manager.get(LIST, {"connector": "type2"})) == ["Beta"]
        assert listed(as_manager.get(LIST, {"current": "dc"})) == ["Alpha"]
        assert listed(as_manager.get(LIST, {"power": "50"})) == ["Alpha"]
        assert listed(as_manager.get(LIST, {"power": "50", "current": "ac"})) == []

    @pytest.mark.parametrize(
        ("name", "value", "message"),
        [
            ("power", "lots", "Please enter a power between 0 and 9999 kW"),
            ("power", "-1", "Please enter a power between 0 and 9999 kW"),
            ("power", "NaN", "Please enter a power between 0 and 9999 kW"),
            ("power", "1e9", "Please enter a power between 0 and 9999 kW"),
            ("connector", "garden-hose", "No charger you can book has this connector"),
            ("current", "xc", "Please pick AC or DC"),
            ("q", "x" * 101, "at most 100 characters"),
            ("q", "a\x00b", "Null characters are not allowed"),
        ],
    )
    def test_a_wrong_filter_is_said_so_beside_it_and_left_out(
        self, as_manager, name, value, message
    ):
        site("Alpha")
        response = as_manager.get(LIST, {name: value})

        assert listed(response) == ["Alpha"]
        beside = re.search(
            rf'<div id="id_{name}_error"[^>]*>(.*?)</div>', response.content.decode(), re.DOTALL
        )
        assert message in beside.group(1)

    def test_a_wrong_filter_leaves_the_others_alone(self, as_manager):
        site("Alpha", current_type="ac")
        site("Beta", current_type="dc")

        assert listed(as_manager.get(LIST, {"power": "lots", "current": "dc"})) == ["Beta"]

    def test_what_was_asked_for_stays_in_the_form(self, as_manager):
        site("Alpha", current_type="dc", connector="ccs2")
        page = as_manager.get(LIST, {"q": 'al"p', "current": "dc", "power": "lots"})

        content = page.content.decode()
        assert 'value="al&quot;p"' in content
        assert '<option value="dc" selected>' in content
        assert 'value="lots"' in content

    def test_pages_keep_the_search(self, as_manager):
        for number in range(30):
            site(f"Depot {number:02}")

        first = as_manager.get(LIST, {"q": "depot"})
        second = as_manager.get(LIST, {"q": "depot", "page": 2})

        assert len(listed(first)) == 25
        assert listed(second) == [f"Depot {number}" for number in range(25, 30)]
        assert "?q=depot&amp;page=2" in first.content.decode()
        assert "30 sites" in text_of(first)
        assert listed(as_manager.get(LIST, {"page": "nonsense"})) == listed(first)
        assert listed(as_manager.get(LIST, {"page": "99"})) == listed(second)

    def test_htmx_gets_the_results_and_the_messages_alone(self, as_manager):
        site("Alpha")
        response = as_manager.get(
            LIST, {"q": "alpha", "power": "lots", "connector": ""}, headers={"HX-Request": "true"}
        )
        content = response.content.decode()

        assert content.lstrip().startswith('<div id="site-results">')
        assert "<html" not in content
        assert re.search(
            r'id="id_power_error"[^>]*hx-swap-oob="true"[^>]*>.*?<p[^>]*>Please', content, re.DOTALL
        )
        assert response["HX-Replace-Url"] == f"{LIST}?q=alpha&power=lots"
        assert "HX-Request" in response["Vary"]

    def test_htmx_going_back_gets_the_whole_page(self, as_manager):
        response = as_manager.get(
            LIST, headers={"HX-Request": "true", "HX-History-Restore-Request": "true"}
        )

        assert "<html" in response.content.decode()

    def test_empty_lists_say_why(self, as_manager):
        assert "No sites yet" in text_of(as_manager.get(LIST))
        site("Alpha")
        assert "No site matches" in text_of(as_manager.get(LIST, {"q": "zzz"}))

    def test_the_number_of_queries_does_not_grow(
        self, as_manager, django_assert_max_num_queries, django_assert_num_queries
    ):
        site("Alpha")
        with django_assert_max_num_queries(12) as few:
            as_manager.get(LIST, {"current": "dc"})
        for number in range(30):
            at(site(f"Depot {number:02}"))
        forget_everything()
        with django_assert_num_queries(len(few)):
            page = text_of(as_manager.get(LIST, {"current": "dc"}))
        assert "31 sites" in page

    def test_a_site_that_is_hidden_is_gone_at_once(self, as_manager):
        for name in ("Alpha", "Beta"):
            site(name)
        as_manager.get(LIST)
        Location.objects.filter(name="Alpha").update(status=Location.Status.DISABLED)
        page = text_of(as_manager.get(LIST))
        assert "Beta" in page
        assert "Alpha" not in page


class TestDetail:
    def test_facts_that_a_driver_needs(self, as_manager):
        location = LocationFactory(
            name="Pier",
            always_open=False,
            opening_hours={"monday": [["08:00", "12:00"], ["13:00", "18:00"]]},
            access_methods=["TOKEN", "SOMETHING_NEW"],
            parking_type="UNDERGROUND_GARAGE",
            facilities=["CAFE"],
            how_to_get_in="Ring at gate 3.\nThen left.",
        )
        at(location)

        response = as_manager.get(detail(location))
        page = text_of(response)

        assert "1 Pier Road, New York, NY 10001" in page
        assert "Monday 08:00 to 12:00, 13:00 to 18:00 Tuesday Closed" in page
        assert "Charging card or token, Something new" in page
        assert "Underground garage" in page
        assert "Café" in page
        assert "Ring at gate 3. Then left." in page
        assert (
            "https://www.openstreetmap.org/?mlat=40.700000&amp;mlon=-74.000000"
            in response.content.decode()
        )

    def test_what_is_not_known_is_said_to_be(self, as_manager):
        location = LocationFactory(
            address="",
            street_address="",
            city="",
            latitude=None,
            longitude=None,
            always_open=None,
            timezone="",
        )
        at(location)

        response = as_manager.get(detail(location))
        page = text_of(response)

        for fact in ("Address", "Opening hours", "Access", "How to get in", "Parking"):
            assert f"{fact} Unknown" in page
        assert "Facilities Unknown" in page
        assert "This one is assumed" in page
        assert "openstreetmap" not in response.content.decode()

    def test_always_open(self, as_manager):
        assert "Open around the clock" in text_of(as_manager.get(detail(site("Pier"))))

    @pytest.mark.parametrize(
        ("overrides", "words"),
        [
            ({}, "Can be booked"),
            ({"status": "out of order"}, "Out of order"),
            ({"charge_point__status": "out of order"}, "Out of order"),
            ({"status": "disabled"}, "Cannot be booked online"),
            ({"booking_enabled": False}, "Cannot be booked online"),
            ({"charge_point__status": "demo"}, "Cannot be booked online"),
        ],
    )
    def test_each_charger_tells_its_state_in_words(self, as_manager, overrides, words):
        location = site("Pier", label="Bay 7", physical_reference="Bay 7", **overrides)

        assert f"Bay 7 {words}" in text_of(as_manager.get(detail(location)))

    def test_a_charger_tells_current_connectors_and_power(self, as_manager):
        location = site("Pier", max_power_kw=Decimal("49.5"))
        Connector.objects.create(
            evse=Evse.objects.get(), ampeco_id=1, type="chademo", status="enabled"
        )
        at(location, current_type="unknown", max_power_kw=None, connector="ufo-plug")

        page = text_of(as_manager.get(detail(location)))

        assert "DC · CCS2, CHAdeMO · 49.5 kW" in page
        assert "Current unknown · ufo plug · Power unknown" in page

    def test_only_bookable_chargers_go_to_the_picker(self, as_manager):
        location = site("Pier")
        at(location, status="out of order")

        picker = as_manager.get(detail(location)).context["picker"]

        assert [evse.status for evse in picker.shown] == ["enabled"]

    def test_texts_of_the_operator_are_escaped(self, as_manager):
        location = LocationFactory(
            name="<b>Pier</b>", description="<script>x</script>", how_to_get_in="<i>Ring</i>"
        )
        at(location, label="<u>1</u>")

        content = as_manager.get(detail(location)).content.decode()

        for tag in ("<b>Pier", "<script>x", "<i>Ring", "<u>1"):
            assert tag not in content

    def test_the_number_of_queries_does_not_grow(
        self, as_manager, django_assert_max_num_queries, django_assert_num_queries
    ):
        location = site("Pier")
        as_manager.get(detail(location))  # reads the fleet's limits, which are remembered
        with django_assert_max_num_queries(12) as few:
            as_manager.get(detail(location))
        for _ in range(20):
            at(location)
        with django_assert_max_num_queries(len(few)):
            as_manager.get(detail(location))


def test_a_site_of_another_operator_is_shown_without_free_times(as_manager):
    elsewhere = LocationFactory(name="Elsewhere", is_roaming=True)
    at(elsewhere, booking_enabled=False)

    page = as_manager.get(detail(elsewhere)).content.decode()
    row = as_manager.get("/sites/").content.decode()

    assert "This site belongs to another operator." in page
    assert 'id="picker"' not in page
    assert "/day/" not in page
    assert "Another operator’s site · not bookable" in row
