"""The form of a series, its dates before they are asked for, and its page."""

import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.urls import reverse

from bookings.models import Booking
from series.changing import begin_series, change_series
from series.models import Series, SeriesDate
from series.selectors import series_with_clashes
from tests.factories import BookingFactory, VehicleFactory
from tests.small_operator import forget_free_times

pytestmark = pytest.mark.django_db

State = SeriesDate.State


@pytest.fixture
def typed(fleet, van, tomorrow):
    """What somebody types for the van's workdays in four weeks."""
    return {
        "fleet": str(fleet.pk),
        "site": "Pier 40",
        "vehicle": "van 1",
        "charger": "Bay 301",
        "weekdays": ["0", "1", "2", "3", "4"],
        "start": "20:00",
        "end": "04:00",
        "first_day": tomorrow.isoformat(),
        "weeks": "4",
        "asks_again": "on",
        "submission_key": "6f1c0b0e-52f5-4a5c-9f0c-6a2c33a1a001",
    }


def test_twenty_workdays_from_one_form(as_manager, typed, settings, wire):
    settings.BOOKING_HORIZON_DAYS = 35
    shown = as_manager.post("/series/new/", typed)
    assert shown.context["free"] == 20
    assert not Series.objects.exists()
    answer = as_manager.post("/series/new/", typed | {"seen": shown.context["seen"], "send": "1"})
    series = Series.objects.get()
    assert answer.url == reverse("series:detail", args=[series.pk])
    assert series.dates.filter(state=State.ASKED).count() == 20
    assert set(Booking.objects.values_list("vehicle__number", flat=True)) == {"Van 1"}
    page = as_manager.get(answer.url).content.decode()
    assert page.count("Requested") >= 20
    # Sent again, as by a second click, it is the same series.
    forget_free_times()
    as_manager.post("/series/new/", typed | {"seen": shown.context["seen"], "send": "1"})
    assert Series.objects.count() == 1
    assert Booking.objects.count() == 20


def test_what_was_not_shown_is_not_sent(as_manager, typed):
    answer = as_manager.post("/series/new/", typed | {"seen": "other", "send": "1"})
    assert "other than those that were shown" in answer.content.decode()
    assert not Series.objects.exists()


def test_who_was_signed_out_finds_the_form_filled_in(client, manager, typed, van):
    led = client.post("/series/new/", typed | {"name": "Night vans"})
    client.force_login(manager)
    page = client.get(parse_qs(urlsplit(led.url).query)["next"][0]).content.decode()
    for value in ("Pier 40", "Night vans"):
        assert f'value="{value}"' in page
    assert f'value="{van.pk}" checked' in page
    assert not Series.objects.exists()


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        ({"weeks": "", "last_day": "2199-01-01"}, "last_day", "A series can last 5 years at most"),
        ({"weeks": "", "last_day": "9999-12-31"}, "last_day", "a year from 2000 to 2199"),
        ({"weeks": "300"}, "weeks", "A series can last 5 years at most"),
        ({"weeks": ""}, "weeks", "Please say for how long."),
        ({"weekdays": []}, "weekdays", "at least one weekday"),
        ({"vehicle": ""}, "vehicle", "Please pick a vehicle or a driver."),
        ({"vehicle": "Van 9"}, "vehicle", "No vehicle of your fleet"),
        ({"vehicle": "Van 2"}, "driver", "no usual driver"),
        ({"driver": "nobody"}, "driver", "No driver of your fleet"),
        ({"site": "Nowhere"}, "site", "no site called"),
        ({"charger": "Bay 7"}, "charger", "No charger called"),
        ({"start": "20:05"}, "start", "quarter hour"),
        ({"end": "20:05"}, "end", "quarter hour"),
        ({"first_day": "2020-01-06"}, "first_day", "has passed"),
        ({"first_day": "9998-01-01"}, "first_day", "a year from 2000 to 2199"),
        ({"excluded": "24.12.2027, soon"}, "excluded", "“soon” is no day"),
        ({"excluded": "3/4/2027"}, "excluded", "can be two days"),
    ],
)
def test_what_is_wrong_is_said_beside_the_field(as_manager, fleet, typed, changes, field, sentence):
    VehicleFactory(fleet=fleet, number="Van 2")
    answer = as_manager.post("/series/new/", typed | changes)
    form = answer.context["form"]
    assert sentence in str(form.errors[field])
    assert 'value="Pier 40"' in answer.content.decode() or "site" in changes


def test_a_booking_is_repeated(as_manager, fleet, evse, driver, van, other_fleet):
    booking = BookingFactory(
        accepted=True, fleet=fleet, evse=evse, driver=driver, vehicle=van, reference="Job 7"
    )
    assert f"/series/new/?booking={booking.pk}" in (
        as_manager.get(f"/bookings/{booking.pk}/").content.decode()
    )
    page = as_manager.get(f"/series/new/?booking={booking.pk}").content.decode()
    for value in ("Pier 40", "Job 7"):
        assert f'value="{value}"' in page
    assert f'value="{van.pk}" checked' in page
    assert f'<option value="{evse.pk}" selected>' in page
    theirs = BookingFactory(accepted=True, fleet=other_fleet)
    assert as_manager.get(f"/series/new/?booking={theirs.pk}").status_code == 404


def test_a_clash_is_named_on_its_page_and_on_the_first_screen(
    as_manager, nights, manager, operator, tomorrow, fleet
):
    series = nights(name="Night vans")
    occurrence = series.rhythm.occurrence(tomorrow, series.zone)
    theirs = operator.add_booking(
        location_id=101,
        evse_id=301,
        start_at=occurrence.start_at,
        end_at=occurrence.end_at,
        user_id=999,
    )
    begin_series(series, user=manager)
    assert "The series Night vans: 1 date is not booked." in as_manager.get("/").content.decode()
    page = as_manager.get(f"/series/{series.pk}/").content.decode()
    assert "no longer free" in page
    assert "1 date is not booked." in page
    operator.forget_booking(theirs)
    forget_free_times()
    answer = as_manager.post(f"/series/{series.pk}/again/", {"fleet": fleet.pk}, follow=True)
    assert "1 booking was asked for." in answer.content.decode()
    assert "Night vans" not in as_manager.get("/").content.decode()


def test_cancel_one_date_then_the_rest(as_manager, nights, manager, tomorrow, fleet):
    series = nights(4)
    begin_series(series, user=manager)
    address = f"/series/{series.pk}/cancel/"
    page = as_manager.get(address, {"day": tomorrow.isoformat()}).content.decode()
    assert page.count('name="scope"') == 3
    data = {"fleet": fleet.pk, "day": tomorrow.isoformat(), "scope": "one"}
    as_manager.post(address, data)
    assert series.dates.filter(state=State.CANCELLED).count() == 1
    as_manager.post(address, data | {"scope": "all"})
    assert series.dates.filter(state=State.CANCELLED).count() == 4
    assert "Series that have ended" in as_manager.get("/series/").content.decode()


def test_a_change_from_a_day_on(as_manager, nights, manager, tomorrow, fleet, van):
    series = nights(4)
    begin_series(series, user=manager)
    since = tomorrow + timedelta(days=2)
    address = f"/series/{series.pk}/change/"
    page = as_manager.get(address, {"day": since.isoformat()})
    initial = page.context["form"].initial
    data = {
        name: value for name, value in initial.items() if value is not None and value is not False
    }
    data |= {
        "fleet": fleet.pk,
        "weekdays": [str(day) for day in range(7)],
        "start": "20:00",
        "end": "03:00",
        "version": series.version,
        "day": since.isoformat(),
    }
    answer = as_manager.post(address, data)
    assert answer.status_code == 302, answer.context["form"].errors
    assert Series.objects.count() == 2
    stale = as_manager.post(address, data)
    assert "Somebody has changed this series" in stale.content.decode()


@pytest.mark.parametrize("mistake", [{"end": "20:07"}, {"find": "1"}])
def test_who_corrects_a_form_has_not_seen_what_others_changed_meanwhile(
    as_manager, nights, manager, fleet, mistake
):
    series = nights(4)
    begin_series(series, user=manager)
    address = f"/series/{series.pk}/change/"
    data = as_sent(as_manager.get(address)) | {"fleet": fleet.pk, "name": "Mine"}
    series.refresh_from_db()
    change_series(series, nights(4, name="Theirs"), user=manager, seen_version=int(data["version"]))

    shown = as_manager.post(address, data | mistake)
    sent = as_manager.post(address, data | {"version": version_in(shown)})

    assert "Somebody has changed this series" in sent.content.decode()
    series.refresh_from_db()
    assert series.name == "Theirs"
    # Who has been told may.
    assert as_manager.post(address, data | {"version": version_in(sent)}).status_code == 302


def as_sent(page) -> dict:
    """Return what the form of a page sends."""
    initial = page.context["form"].initial
    typed = {name: value for name, value in initial.items() if value or value == 0}
    times = {name: typed[name].strftime("%H:%M") for name in ("start", "end")}
    return typed | times | {"version": version_in(page)}


def version_in(page) -> str:
    return re.search(r'name="version" value="(-?\d+)"', page.content.decode())[1]


def test_public_holidays_are_left_out(as_manager, typed, settings):
    settings.BOOKING_HORIZON_DAYS = 28
    weekdays = [str(day) for day in range(7)]
    data = typed | {"weekdays": weekdays, "weeks": "53", "without_holidays": "on"}
    shown = as_manager.post("/series/new/", data)
    text = [check.text for check in shown.context["checks"]]
    assert "Public holiday: Independence Day." in text
    assert "Public holiday: Christmas Day." in text


def test_a_series_beyond_the_horizon_costs_no_call(as_manager, typed, wire, tomorrow):
    first = tomorrow + timedelta(days=60)
    before = wire.count()
    shown = as_manager.post("/series/new/", typed | {"first_day": first.isoformat()})
    assert len(shown.context["beyond"]) == 20
    assert wire.count() == before


def test_more_series_cost_no_more_queries(
    as_manager, nights, fleet, other_fleet, django_assert_max_num_queries
):
    nights().save()
    with django_assert_max_num_queries(12) as first:
        as_manager.get("/series/")
    for _ in range(5):
        nights().save()
    with django_assert_max_num_queries(len(first)):
        as_manager.get("/series/")
    assert not series_with_clashes(other_fleet, since=nights().first_day).exists()
