"""A driver's page, and how a booking for a driver begins there."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.urls import reverse
from django.utils.timezone import now

from drivers.models import Driver, FleetDriver, PrivateAccess
from tests.factories import (
    BookingFactory,
    DriverFactory,
    EvseFactory,
    VehicleFactory,
    next_noon,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana(fleet):
    return DriverFactory(
        fleet=fleet,
        first_name="Ana",
        last_name="Alvarez",
        email="ana@hudson.example",
        private_access=[501],
    )


def page_of(client, driver, **params) -> str:
    response = client.get(reverse("drivers:detail", args=[driver.pk]), params)
    assert response.status_code == 200
    return " ".join(unescape(response.content.decode()).split())


def test_the_list_leads_to_a_page_that_says_who_it_is(as_viewer, fleet, ana):
    EvseFactory(
        charge_point__type="private",
        charge_point__ampeco_partner_id=501,
        charge_point__location__name="Pier 8",
    )
    VehicleFactory(fleet=fleet, number="Van 14", plate="HPF 0014", usual_driver=ana)
    VehicleFactory(fleet=fleet, number="Van 15", usual_driver=ana, retired_at=now())
    listed = as_viewer.get(reverse("drivers:list")).content.decode()
    assert f'href="{reverse("drivers:detail", args=[ana.pk])}"' in listed
    page = page_of(as_viewer, ana)
    for words in ("Ana Alvarez", "ana@hudson.example", "Enabled", "Van 14 (HPF 0014)", "Pier 8"):
        assert words in page
    assert "Van 15" not in page
    # A viewer books for nobody.
    assert "Book for this driver" not in page


def test_it_shows_the_drivers_own_bookings_page_by_page(
    as_manager, fleet, ana, django_assert_max_num_queries
):
    evse = EvseFactory(label="Bay 7")
    coming = [
        BookingFactory(
            fleet=fleet, driver=ana, evse=evse, start_at=next_noon() + timedelta(hours=number)
        )
        for number in range(26)
    ]
    past = BookingFactory(
        fleet=fleet, driver=ana, evse=evse, start_at=next_noon() - timedelta(days=9)
    )
    other = BookingFactory(fleet=fleet, evse=evse)
    with django_assert_max_num_queries(14):
        page = page_of(as_manager, ana)
    assert f'id="booking-{coming[0].pk}"' in page
    assert f'id="booking-{coming[25].pk}"' not in page
    for absent in (past, other):
        assert f'id="booking-{absent.pk}"' not in page
    onwards = re.search(r'href="([^"]*at=a[^"]*)"', page)[1]
    assert f'id="booking-{coming[25].pk}"' in as_manager.get(onwards).content.decode()
    assert f'id="booking-{past.pk}"' in page_of(as_manager, ana, view="past")


def test_a_driver_of_another_fleet_is_not_there(as_other_manager, ana):
    assert as_other_manager.get(reverse("drivers:detail", args=[ana.pk])).status_code == 404


def test_one_who_left_is_still_read_of_but_not_booked_for(as_manager, ana):
    FleetDriver.objects.update(left_at=now())
    page = page_of(as_manager, ana)
    assert "Left your fleet" in page
    assert "Book for this driver" not in page


@pytest.mark.parametrize("how", ["left", "is disabled"])
def test_what_another_company_gave_a_driver_is_not_the_fleets_business(as_manager, ana, how):
    """Of the site the fleet sees the chargers that are open to all."""
    site = EvseFactory(charge_point__location__name="Quai 7").charge_point.location
    EvseFactory(
        charge_point__location=site,
        charge_point__type="private",
        charge_point__ampeco_partner_id=777,
    )
    PrivateAccess.objects.create(driver=ana, ampeco_partner_id=777)
    if how == "left":
        FleetDriver.objects.update(left_at=now())
    else:
        Driver.objects.update(status="disabled")
    page = page_of(as_manager, ana)
    assert "Quai 7" not in page
    assert ("Private chargers" in page) == (how != "left")


def test_the_driver_is_kept_from_the_page_to_the_form(as_manager, operator, ana):
    """By way of the list of sites, its filter, and the slot picker of a site."""
    evse = EvseFactory()
    site = evse.charge_point.location
    book = re.search(r'id="book-for-driver" href="([^"]*)"', page_of(as_manager, ana))[1]
    sites = unescape(as_manager.get(book).content.decode())
    assert "You are booking for Ana Alvarez." in sites
    assert f'<input type="hidden" name="driver" value="{ana.pk}">' in sites
    to_site = re.search(rf'href="({reverse("sites:detail", args=[site.pk])}[^"]*)"', sites)[1]
    picker = as_manager.get(to_site).content.decode()
    assert f'<input type="hidden" name="driver" value="{ana.pk}">' in picker
    slot = {"site": site.pk, "evse": evse.pk, "start": f"{next_noon():%Y-%m-%dT%H:%MZ}"}
    draft = {"driver": ana.pk, "draft": "1", "minutes": 60}
    form = as_manager.get(reverse("bookings:new"), slot | draft).content.decode()
    assert f'value="{ana.pk}" checked>' in form


def test_another_fleets_driver_is_not_named_on_the_list_of_sites(as_other_manager, ana):
    page = as_other_manager.get(reverse("sites:list"), {"driver": ana.pk, "draft": "1"})
    assert "Alvarez" not in page.content.decode()
