"""A fleet's limits where its managers meet them: said beforehand, and slots not offered."""

import uuid
from datetime import timedelta

import pytest
from django.urls import reverse

from bookings.models import Booking
from shell.formats import instant
from tests.factories import BookingFactory, LimitFactory

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def params_of(slot, **more) -> dict:
    return {
        "site": slot.location.pk,
        "evse": slot.evse.pk,
        "start": instant(slot.start_at),
        "minutes": slot.minutes,
        **more,
    }


def test_what_is_left_stands_on_the_site_the_day_and_both_forms(as_manager, fleet, slot, confirmed):
    LimitFactory(fleet=fleet, most=5)
    site = reverse("sites:detail", args=[slot.location.pk])
    day = f"?day={slot.local_day.isoformat()}"
    for address in (
        f"{site}{day}",
        f"{site}availability/{day}",
        f"{site}day/{day}",
        f"/bookings/{confirmed.pk}/change/",
    ):
        assert "at the same time: 4 of 5 left on" in as_manager.get(address).content.decode()
    form = as_manager.get(reverse("bookings:new"), params_of(slot))
    assert "at the same time: 4 of 5 left on" in form.content.decode()


def test_what_a_rule_of_times_closes_is_not_offered(as_manager, fleet, slot):
    page = reverse("sites:availability", args=[slot.location.pk])
    query = {"day": slot.local_day.isoformat(), "from": "00:00", "evse": slot.evse.pk}
    offered = f"start={instant(slot.start_at).replace(':', '%3A')}"
    assert offered in as_manager.get(page, query).content.decode()
    LimitFactory(
        fleet=None,
        kind="blackout",
        most=None,
        location=slot.location,
        start_at=slot.start_at,
        end_at=slot.end_at,
    )
    closed = as_manager.get(page, query).content.decode()
    assert offered not in closed
    assert "Nothing can be booked:" in closed
    for mode in ({"any": 1}, {"any": 1, "current": "dc"}):
        assert offered not in as_manager.get(page, query | mode).content.decode()


def test_a_length_beyond_the_limit_is_replaced_with_a_sentence(as_manager, fleet, slot):
    LimitFactory(fleet=fleet, kind="longest", most=2)
    page = reverse("sites:availability", args=[slot.location.pk])
    html = as_manager.get(page, {"minutes": 480}).content.decode()
    assert "The longest booking is 2 h. 1 h is used." in html


def test_the_form_says_what_stands_against_it_and_keeps_what_was_typed(
    as_manager, fleet, slot, driver
):
    LimitFactory(fleet=fleet, most=1)
    BookingFactory(fleet=fleet, start_at=slot.start_at)
    page = as_manager.get(reverse("bookings:new"), params_of(slot)).content.decode()
    assert "this would be number 2" in page
    typed = {"driver": driver.pk, "reference": "Job 7", "submission_key": uuid.uuid4()}
    answer = as_manager.post(reverse("bookings:new"), params_of(slot, **typed))
    html = answer.content.decode()
    assert "this would be number 2" in html
    assert "reference=Job+7" in html
    assert Booking.objects.count() == 1
