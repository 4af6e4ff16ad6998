"""Series in the back office: found by number, booking and driver, and changed by nobody there."""

import re

import pytest
from django.urls import reverse

from bookings.models import Booking
from series.changing import begin_series

pytestmark = pytest.mark.django_db

LIST = reverse("admin:series_series_changelist")


@pytest.fixture
def begun(nights, manager):
    series = nights(3, name="Night run")
    begin_series(series, user=manager)
    return series


def test_staff_look_at_a_series_and_its_dates(admin_client, begun):
    address = reverse("admin:series_series_change", args=[begun.pk])
    page = admin_client.get(address).content.decode()
    assert page.count("Asked for") >= 3
    assert admin_client.post(address, {"name": "Mine"}).status_code == 403
    assert admin_client.get(reverse("admin:series_series_add")).status_code == 403


@pytest.mark.parametrize("by", ["number", "booking", "key", "driver", "vehicle", "nothing"])
def test_a_series_is_found(admin_client, begun, van, by):
    begun.vehicle = van
    begun.save()
    words = {
        "number": begun.pk,
        "booking": Booking.objects.last().pk,
        "key": begun.submission_key,
        "driver": begun.driver.email,
        "vehicle": "van 1",
        "nothing": "nobody at all",
    }
    page = admin_client.get(LIST, {"q": words[by]}).content.decode()
    address = reverse("admin:series_series_change", args=[begun.pk])
    assert len(re.findall(rf'href="{address}', page)) == (by != "nothing")


def test_the_list_costs_the_same_however_long(
    admin_client, nights, manager, django_assert_max_num_queries
):
    for _ in range(6):
        nights(1).save()
    with django_assert_max_num_queries(12):
        admin_client.get(LIST)
