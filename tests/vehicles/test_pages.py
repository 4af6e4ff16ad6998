"""The pages of vehicles: the list, the form, a vehicle's own page; and whose they are."""

import re
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import pytest
from django.urls import reverse

from tests.factories import BookingFactory, DriverFactory, VehicleFactory
from vehicles.facts import is_odd_vin
from vehicles.models import Vehicle

pytestmark = pytest.mark.django_db

LIST = reverse("vehicles:list")
ADD = reverse("vehicles:add")


@pytest.fixture
def as_manager(client, manager):
    client.force_login(manager)
    return client


@pytest.fixture
def van(fleet) -> Vehicle:
    ana = DriverFactory(fleet=fleet, first_name="Ana", last_name="Alvarez")
    return VehicleFactory(fleet=fleet, number="Van 14", plate="HPF 14", usual_driver=ana)


def page_of(vehicle: Vehicle, name: str = "detail") -> str:
    return reverse(f"vehicles:{name}", args=[vehicle.pk])


def facts(**changes: object) -> dict[str, object]:
    return {"number": "Van 7", "version": "0", **changes}


def test_the_list_is_searched_by_number_plate_and_driver(as_manager, fleet, van):
    VehicleFactory(fleet=fleet, number="Truck 1", plate="XYZ 9")
    VehicleFactory(number="Van of others")
    page = as_manager.get(LIST).content.decode()
    assert "Van 14" in page
    assert "Truck 1" in page
    assert "Van of others" not in page
    for query in ("van 14", "hpf", "alvarez"):
        found = as_manager.get(LIST, {"q": query}).content.decode()
        assert "Van 14" in found
        assert "Truck 1" not in found
    assert "No vehicle matches" in as_manager.get(LIST, {"q": "zzz"}).content.decode()


@pytest.mark.parametrize("sort", ["number", "plate", "kind", "site", "driver", "nonsense"])
def test_the_list_is_sorted_and_costs_the_same(
    as_manager, fleet, sort, django_assert_max_num_queries
):
    for number in range(55):
        VehicleFactory(fleet=fleet, number=f"Van {number:02}")
    with django_assert_max_num_queries(12):
        page = as_manager.get(LIST, {"sort": sort})
    assert page.content.decode().count('<tr id="vehicle-') == 50


def test_numbers_are_in_the_order_in_which_people_count(as_manager, fleet):
    for number in ("Van 14", "Van 7", "Truck 100"):
        VehicleFactory(fleet=fleet, number=number)
    page = as_manager.get(LIST).content.decode()
    assert page.index("Truck 100") < page.index("Van 7") < page.index("Van 14")


def test_retired_ones_are_shown_on_request(as_manager, van):
    as_manager.post(page_of(van, "retire"))
    assert "Van 14" not in as_manager.get(LIST).content.decode().split("vehicle-results")[1]
    assert "Van 14" in as_manager.get(LIST, {"retired": "on"}).content.decode()
    assert "Retired" in as_manager.get(page_of(van)).content.decode()
    as_manager.post(page_of(van, "retire"), {"back": "1"})
    van.refresh_from_db()
    assert van.retired_at is None


def test_one_is_not_brought_back_while_its_name_is_taken(as_manager, fleet, van):
    as_manager.post(page_of(van, "retire"))
    VehicleFactory(fleet=fleet, number="van 14")
    answer = as_manager.post(page_of(van, "retire"), {"back": "1"}, follow=True)
    assert "already has a vehicle with this number" in answer.content.decode()
    van.refresh_from_db()
    assert van.is_retired


def test_a_number_is_all_that_is_needed_and_the_page_says_what_is_assumed(as_manager, fleet):
    answer = as_manager.post(ADD, facts(), follow=True)
    vehicle = Vehicle.objects.get(fleet=fleet)
    assert answer.redirect_chain[-1][0] == page_of(vehicle)
    page = answer.content.decode()
    assert "every charger counts as fitting" in page
    assert "Its power is not known" in page


@pytest.mark.parametrize(
    ("typed", "kept"), [("7,4", "7.4"), ("7.4", "7.4"), (" 11 ", "11"), ("1 250", "")]
)
def test_a_comma_is_as_good_as_a_point(as_manager, fleet, typed, kept):
    answer = as_manager.post(ADD, facts(ac_kw=typed))
    vehicle = Vehicle.objects.filter(fleet=fleet).first()
    if kept:
        assert vehicle is not None
        assert vehicle.ac_kw == Decimal(kept)
    else:
        assert vehicle is None
        assert f'value="{typed}"' in answer.content.decode()


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"number": ""}, "Please enter what your fleet calls it"),
        ({"battery_kwh": "1.234,5"}, "without separators of thousands"),
        ({"battery_kwh": "a lot"}, "Enter a number"),
        ({"dc_kw": "-5"}, "greater than or equal to 0"),
        ({"length_cm": "999999"}, "less than or equal to 5000"),
        ({"vin": "IOQ"}, "without I, O and Q"),
        ({"plugs": ["garden-hose"]}, "Select a valid choice"),
        ({"number": "VAN 14"}, "already has a vehicle with this number"),
        ({"plate": "hpf  14"}, "already has a vehicle with this plate"),
        ({"number": "two\nlines"}, "leave out line breaks"),
        ({"reserve_percent": "99"}, "less than or equal to 90"),
    ],
)
def test_what_is_wrong_is_said_beside_the_field_and_nothing_is_lost(as_manager, van, wrong, words):
    answer = as_manager.post(ADD, facts(make="Renault", **wrong))
    page = answer.content.decode()
    assert answer.status_code == 200
    assert words in page
    assert 'value="Renault"' in page
    assert Vehicle.objects.count() == 1


def test_a_wrong_check_digit_is_only_hinted_at(as_manager, fleet):
    answer = as_manager.post(ADD, facts(vin="1m8gdm9axkp042789"), follow=True)
    assert Vehicle.objects.get(fleet=fleet).vin == "1M8GDM9AXKP042789"
    assert "check digit" in answer.content.decode()
    assert not is_odd_vin("1M8GDM9AXKP042788")


def test_what_somebody_else_has_changed_is_not_overwritten_unseen(as_manager, van):
    form = facts(number="Van 14", plate="HPF 14", make="Ours", version="0")
    Vehicle.objects.filter(pk=van.pk).update(make="Theirs", version=1)
    answer = as_manager.post(page_of(van, "change"), form)
    assert "Somebody else has changed" in answer.content.decode()
    van.refresh_from_db()
    assert van.make == "Theirs"
    # Sent again it is meant.
    as_manager.post(page_of(van, "change"), form | {"version": "1"})
    van.refresh_from_db()
    assert (van.make, van.version) == ("Ours", 2)


def version_in(answer) -> str:
    return re.search(r'name="version" value="(\d*)"', answer.content.decode())[1]


@pytest.mark.parametrize(
    "mistake", [{"vin": "IOQ"}, {"number": "Truck 1"}, {"plate": "XYZ 9"}, {"number": ""}]
)
def test_a_mistake_does_not_hide_what_somebody_else_has_changed(as_manager, fleet, van, mistake):
    VehicleFactory(fleet=fleet, number="Truck 1", plate="XYZ 9")
    form = facts(number="Van 14", plate="HPF 14", make="Ours")
    Vehicle.objects.filter(pk=van.pk).update(make="Theirs", version=1)
    wrong = as_manager.post(page_of(van, "change"), form | mistake)
    assert "Somebody else has changed" not in wrong.content.decode()
    told = as_manager.post(page_of(van, "change"), form | {"version": version_in(wrong)})
    assert "Somebody else has changed" in told.content.decode()
    van.refresh_from_db()
    assert van.make == "Theirs"
    # Also where the next one is a mistake: what has been told of has been seen.
    wrong = as_manager.post(page_of(van, "change"), form | mistake | {"version": version_in(told)})
    as_manager.post(page_of(van, "change"), form | {"version": version_in(wrong)})
    van.refresh_from_db()
    assert (van.make, van.version) == ("Ours", 2)


def test_what_was_filled_in_again_after_a_log_in_is_of_what_was_seen(client, manager, van):
    form = facts(number="Van 14", plate="HPF 14", make="Ours", fleet=van.fleet_id)
    goal = client.post(page_of(van, "change"), form).url
    Vehicle.objects.filter(pk=van.pk).update(make="Theirs", version=1)
    client.force_login(manager)
    page = client.get(parse_qs(urlsplit(goal).query)["next"][0])
    assert 'value="Ours"' in page.content.decode()
    told = client.post(page_of(van, "change"), form | {"version": version_in(page)})
    assert "Somebody else has changed" in told.content.decode()


def test_its_page_has_its_bookings(as_manager, fleet, van):
    BookingFactory(fleet=fleet, vehicle=van, accepted=True, location__name="Pier 40")
    BookingFactory(fleet=fleet, accepted=True)
    page = as_manager.get(page_of(van)).content.decode()
    assert page.count("/bookings/") - page.count('/bookings/"') >= 1
    assert "Its next bookings" in page


@pytest.mark.parametrize("name", ["detail", "change", "retire"])
def test_another_fleets_vehicle_is_not_there(as_manager, name):
    theirs = VehicleFactory(number="Theirs")
    assert as_manager.get(page_of(theirs, name)).status_code in {404, 405}
    assert as_manager.post(page_of(theirs, name), facts()).status_code in {404, 405}
    theirs.refresh_from_db()
    assert (theirs.number, theirs.is_retired) == ("Theirs", False)


def test_a_home_site_or_a_driver_of_others_cannot_be_picked(as_manager, fleet):
    stranger = DriverFactory()
    answer = as_manager.post(ADD, facts(usual_driver=str(stranger.pk)))
    assert "Select a valid choice" in answer.content.decode()
    assert not Vehicle.objects.filter(fleet=fleet).exists()
