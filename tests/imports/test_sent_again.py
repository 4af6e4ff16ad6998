"""The same file once more, and what has changed since it was shown: what goes is what was seen."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.urls import reverse
from django.utils.timezone import now

from batches.editing import change_rows
from batches.models import Batch
from bookings.models import Booking
from sites.slots.availability import cache_key, pack, unpack, window_for
from tests.factories import DriverFactory
from tests.small_operator import forget_free_times

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("van")]


@pytest.fixture
def day(site):
    return now().astimezone(site.zone).date() + timedelta(days=3)


@pytest.fixture
def text(day):
    return f"Vehicle;Charger;Date;Start;End\nVan 1;Bay 301;{day};18:00;20:00"


@pytest.fixture
def ask(send):
    """Return a function that looks at a table and asks for what it shows."""

    def ask(text):
        shown = send("bookings", text=text).context
        return send("bookings", text=text, seen=shown["reading"].mark, action="ask")

    return ask


def let_answers_age(site):
    """As half a minute later: good enough to look, too old to send."""
    days = (now().date() + timedelta(days=offset) for offset in range(-1, 30))
    for window in {window_for(day, zone=site.zone, now=now()) for day in days}:
        key = cache_key(site, window)
        if packed := cache.get(key):
            known = unpack(packed, window)
            aged = replace(known, read_at=known.read_at - timedelta(seconds=30))
            cache.set(key, pack(aged))


def test_dates_read_the_other_way_make_another_table(send):
    text = "Vehicle;Date;Start;End\nVan 1;3/4/2027;18:00;06:00"
    for order in ("month-first", "day-first", "day-first"):
        send("bookings", text=text, order=order, action="table")
    starts = [batch.rows.get().start_at for batch in Batch.objects.order_by("pk")]
    assert [f"{at:%d %b}" for at in starts] == ["04 Mar", "03 Apr"]


def test_what_was_edited_meanwhile_is_not_sent_in_place_of_what_is_shown(send, ask, text, day):
    for action in ("table", "ask"):
        shown = send("bookings", text=text).context
        send("bookings", text=text, seen=shown["reading"].mark, action=action)
        if action == "table":
            change_rows(Batch.objects.get(), None, reference="Not this one")
    assert Booking.objects.get().reference == ""
    assert Batch.objects.order_by("pk").first().state == Batch.State.DRAFT


def test_a_table_that_was_put_right_is_not_given_out_for_the_file(send, text):
    send("bookings", text=text, action="table")
    send("bookings", text=text, action="table")
    change_rows(Batch.objects.get(), None, reference="Put right")
    send("bookings", text=text, action="table")
    assert [batch.rows.get().reference for batch in Batch.objects.order_by("pk")] == [
        "Put right",
        "",
    ]


def test_what_was_rejected_can_be_asked_for_again_with_the_same_file(ask, text, workers, operator):
    ask(text)
    workers.submit()
    [asked] = operator.requests.values()
    operator.reject(asked, "Under repair.")
    workers.poll()
    Batch.objects.update(sent_at=now() - timedelta(days=1))
    forget_free_times()
    ask(text)
    assert [booking.status for booking in Booking.objects.order_by("pk")] == [
        "rejected",
        "requested",
    ]


def test_another_driver_of_the_vehicle_is_shown_before_it_is_booked(send, text, fleet, van):
    seen = send("bookings", text=text).context["reading"].mark
    ben = DriverFactory(fleet=fleet, private_access=[fleet.ampeco_partner_id])
    van.usual_driver = ben
    van.save()
    answer = send("bookings", text=text, seen=seen, action="ask")
    assert "Something has changed since these rows were shown" in answer.content.decode()
    assert not Booking.objects.exists()
    send("bookings", text=text, seen=answer.context["reading"].mark, action="ask")
    assert Booking.objects.get().driver == ben


def test_what_was_taken_meanwhile_stops_the_others_until_it_was_seen(
    send, as_manager, text, day, site, operator
):
    text = f"{text}\nVan 1;Bay 301;{day};21:00;22:00"
    reading = send("bookings", text=text).context["reading"]
    row = reading.lines[1].row
    operator.add_booking(location_id=101, evse_id=301, start_at=row.start_at, end_at=row.end_at)
    let_answers_age(site)
    answer = send("bookings", text=text, seen=reading.mark, action="ask")
    assert answer.url == reverse("batches:table", args=[Batch.objects.get().pk])
    page = as_manager.get(answer.url).content.decode()
    assert "1 row is no longer as it was shown. Nothing was sent" in page
    assert not Booking.objects.exists()


def test_a_driver_who_is_free_again_stops_nothing(ask, fleet, driver, day):
    """The last row overlaps the one before it, for which no charger is left: that is not sent."""
    others = DriverFactory.create_batch(2, fleet=fleet, private_access=[fleet.ampeco_partner_id])
    rows = [
        f"{others[0].email};Bay 301;{day};18:00;20:00",
        f"{others[1].email};Bay 302;{day};18:00;20:00",
        f"{driver.email};any;{day};18:00;21:00",
        f"{driver.email};Bay 301;{day};20:00;21:00",
    ]
    rows = [f"{row};Pier 40" for row in rows]
    ask("\n".join(["Driver;Charger;Date;Start;End;Site", *rows]))
    assert Batch.objects.get().state == Batch.State.SENT
    assert Booking.objects.count() == 3
