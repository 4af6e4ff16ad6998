"""One search over all that a fleet may see."""

import pytest

from bookings.pages.search_results import MOST_OF_A_KIND, search
from tests.factories import BookingFactory, DriverFactory, EvseFactory, LocationFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def place(db):
    """A site with a charger, which a fleet can see."""
    evse = EvseFactory(charge_point__location=LocationFactory(name="Corning Museum"))
    return evse.charge_point.location


def test_sites_drivers_and_bookings_are_found(fleet, place):
    driver = DriverFactory(fleet=fleet, first_name="Corny", search_text="corny collins")
    booking = BookingFactory(fleet=fleet, reference="Corn 7")
    other = BookingFactory(fleet=fleet, reference="Wheat")
    found = search(fleet, " corn ")
    assert (found.sites, found.drivers, found.bookings) == ([place], [driver], [booking])
    assert found.text == "corn"
    assert other not in found.bookings


@pytest.mark.parametrize("form", ["{}", "#{}"])
def test_a_booking_is_found_by_its_number_once(fleet, form):
    booking = BookingFactory(fleet=fleet)
    booking.reference = booking.reference_key = str(booking.pk)
    booking.save()
    assert search(fleet, form.format(booking.pk)).bookings == [booking]


def test_nothing_of_another_fleet_is_found(fleet, other_fleet):
    DriverFactory(fleet=other_fleet, search_text="corny collins")
    booking = BookingFactory(fleet=other_fleet, reference="Corn 7")
    assert search(fleet, "corn").count == 0
    assert search(fleet, str(booking.pk)).bookings == []


def test_of_each_kind_a_few_are_shown(fleet):
    for number in range(MOST_OF_A_KIND + 2):
        EvseFactory(charge_point__location__name=f"Depot {number}")
        DriverFactory(fleet=fleet, search_text="depot")
        BookingFactory(fleet=fleet, reference="Depot")
    found = search(fleet, "depot")
    assert [len(found.sites), len(found.drivers), len(found.bookings)] == [MOST_OF_A_KIND] * 3


@pytest.mark.parametrize("text", ["", "   ", "\x00", "9" * 500, "#", "٣", "x" * 5000])
def test_whatever_is_typed_gets_an_answer(as_manager, fleet, text):
    answer = as_manager.get("/search/", {"q": text})
    assert answer.status_code == 200


def test_the_page_works_without_a_script_and_the_dialog_gets_the_results_alone(
    as_manager, fleet, place
):
    page = as_manager.get("/search/", {"q": "corning"}).content.decode()
    assert f'href="/sites/{place.pk}/"' in page
    assert 'value="corning"' in page
    part = as_manager.get("/search/", {"q": "corning"}, headers={"HX-Request": "true"})
    assert "<html" not in part.content.decode()
    assert "1 result" in part.content.decode()


def test_what_was_typed_is_shown_as_text(as_manager, fleet):
    page = as_manager.get("/search/", {"q": "<script>alert(1)</script>"}).content.decode()
    assert "<script>alert" not in page
    assert "Nothing matches “&lt;script&gt;" in page
