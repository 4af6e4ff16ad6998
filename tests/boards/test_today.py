"""The first screen: what needs attention, what is on, what comes next."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils.timezone import now

from boards.today.reading import MOST_ATTENTION, first_steps, read_today
from bookings.models import Booking, ChargingSession
from tests.factories import (
    BookingFactory,
    BookingRequestFactory,
    DriverFactory,
    EvseFactory,
)

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


@pytest.fixture
def book(fleet):
    """Return a function that makes a booking so many hours from now, approved unless told else."""

    def make(hours: float, **changes) -> Booking:
        changes = {"accepted": True, "start_at": now() + hours * HOUR} | changes
        return BookingFactory(fleet=fleet, **changes)

    return make


def session_of(booking: Booking, **changes) -> ChargingSession:
    return ChargingSession.objects.create(
        booking=booking,
        ampeco_session_id=str(booking.pk),
        **({"status": "active", "started_at": booking.start_at} | changes),
    )


def html(answer) -> str:
    assert answer.status_code == 200
    return answer.content.decode()


def keys(pairs) -> list[int]:
    return [booking.pk for booking, _reason in pairs]


def test_what_comes_next_stands_by_site_and_the_next_site_first(fleet, book):
    here, there = EvseFactory(), EvseFactory()
    late, next_here = book(9, evse=here), book(3, evse=here)
    first = book(1, evse=there)
    book(25, evse=there)
    found = read_today(fleet, now=now()).ahead
    assert [(site.location, site.bookings) for site in found] == [
        (there.charge_point.location, [first]),
        (here.charge_point.location, [next_here, late]),
    ]


def test_what_is_on_is_what_holds_a_charger_at_this_moment(fleet, book):
    held = book(-0.5)
    charging = book(-0.4, status="completed")
    session_of(charging)
    charged = book(-0.3, status="completed")
    session_of(charged, status="finished", stopped_at=now())
    overdue = book(-3, status="completed")
    session_of(overdue)
    for status in ("no-show", "cancelled", "failed", "rejected"):
        book(-0.5, status=status)
    book(-3)
    waiting = book(-0.2, status="requested", ampeco_booking_id=None)
    day = read_today(fleet, now=now())
    assert day.on_now == [overdue, held, charging]
    # Nobody has decided about it, although its time has come.
    assert [booking for site in day.ahead for booking in site.bookings] == [waiting]


def test_what_was_booked_in_the_app_for_longer_than_here_is_on_too(fleet, book, settings):
    settings.BOOKING_MAX_HOURS = 8
    night = book(-9, end_at=now() + HOUR, made_elsewhere=True)
    days = book(-50, end_at=now() + HOUR, made_elsewhere=True)
    assert read_today(fleet, now=now()).on_now == [days, night]


def test_what_needs_attention_comes_with_its_reason_and_all_are_counted(fleet, book):
    request = BookingRequestFactory(
        rejected=True,
        booking__fleet=fleet,
        booking__rejected=True,
        rejection_reason="Works until noon.",
    )
    book(1, needs_attention=True, status="no-show")
    day = read_today(fleet, now=now())
    reasons = {booking.pk: reason for booking, reason in day.attention}
    assert "Works until noon." in reasons[request.booking_id]
    assert day.attention_count == 2
    for hour in range(MOST_ATTENTION):
        book(-hour, needs_attention=True, status="no-show")
    day = read_today(fleet, now=now())
    assert (len(day.attention), day.attention_count) == (MOST_ATTENTION, MOST_ATTENTION + 2)


@pytest.mark.parametrize(
    ("charger", "words"),
    [
        ({"status": "out of order"}, "The charger is out of order."),
        ({"charge_point__status": "out of order"}, "The charger is out of order."),
        ({"status": "disabled"}, "The operator has taken the charger out of service."),
        ({"charge_point__network_status": "temporarily unavailable"}, "The charger is offline."),
        ({"hardware_status": "faulted"}, "The charger reports a fault."),
        ({"charge_point__hardware_status": "unavailable"}, "not available"),
        ({"retired_at": datetime(2026, 1, 1, tzinfo=UTC)}, "The charger is no longer there."),
        ({"hardware_status": "charging"}, ""),
        ({"charge_point__network_status": "never connected"}, ""),
    ],
    ids=str,
)
def test_a_booking_at_a_charger_that_does_not_work_needs_attention(fleet, book, charger, words):
    booking = book(2, evse=EvseFactory(**charger))
    book(30, evse=booking.evse)
    found = read_today(fleet, now=now()).attention
    assert keys(found) == ([booking.pk] if words else [])
    assert all(words in reason for _booking, reason in found)


def test_a_booking_is_named_once_though_two_things_are_wrong_with_it(fleet, book):
    booking = book(2, evse=EvseFactory(status="out of order"), needs_attention=True)
    day = read_today(fleet, now=now())
    assert keys(day.attention) == [booking.pk]


def test_what_is_still_to_come_stands_first_and_the_soonest_on_top(fleet, book):
    marked = {"needs_attention": True, "status": "rejected", "slot_key": ""}
    yesterday, later, soon, today = (book(h, **marked) for h in (-30, 50, 4, -2))
    broken = book(7, evse=EvseFactory(hardware_status="faulted"))
    day = read_today(fleet, now=now())
    assert keys(day.attention) == [each.pk for each in (soon, broken, later, today, yesterday)]
    assert day.attention_shown == day.attention_count == 4


def test_a_charger_that_does_not_work_is_no_good_news(as_manager, book):
    broken = book(7, evse=EvseFactory(hardware_status="faulted"))
    book(8)
    book(170, evse=broken.evse)
    for address in ("/", "/bookings/"):
        page = html(as_manager.get(address))
        rows = page.split('<li class="plan__row">' if address == "/" else "<tr id=")[1:]
        for row in rows:
            is_broken = f"/bookings/{broken.pk}/" in row
            assert ("Charger not working" in row) == is_broken
            assert ("state--good" in row) == (not is_broken)


def test_over_several_zones_the_reader_s_time_tells_the_order(as_manager, book):
    """Monday in Berlin comes before Sunday in New York."""
    as_manager.cookies["viewer_tz"] = "Europe/Berlin"
    book(3)
    (alone,) = html(as_manager.get("/bookings/")).split("<tr id=")[1:]
    assert "Berlin" not in alone
    book(2, evse=EvseFactory(charge_point__location__timezone="Europe/Berlin"))
    rows = html(as_manager.get("/bookings/")).split("<tr id=")[1:]
    assert ["Berlin time" in row and "New York time" in row for row in rows] == [False, True]


def test_nothing_of_another_fleet_is_shown(as_manager, other_fleet, book):
    book(1)
    theirs = [
        BookingFactory(fleet=other_fleet, accepted=True, start_at=now() + HOUR),
        BookingFactory(fleet=other_fleet, accepted=True, start_at=now() - HOUR / 2),
        BookingFactory(fleet=other_fleet, rejected=True),
    ]
    page = html(as_manager.get("/"))
    for booking in theirs:
        assert f"/bookings/{booking.pk}/" not in page


def test_more_rows_cost_no_more_queries(as_manager, fleet, book, django_assert_max_num_queries):
    def fill() -> None:
        for hours in (-0.5, 1, 2):
            book(hours, driver=DriverFactory(fleet=fleet))
        session_of(book(-0.4, status="completed"))
        BookingRequestFactory(rejected=True, booking__fleet=fleet, booking__rejected=True)

    fill()
    as_manager.get("/")
    with django_assert_max_num_queries(14) as first:
        as_manager.get("/")
    for _ in range(3):
        fill()
    with django_assert_max_num_queries(len(first)):
        as_manager.get("/")


def test_a_fleet_without_bookings_sees_the_first_steps(as_manager, fleet, book):
    EvseFactory()
    DriverFactory(fleet=fleet)
    # Of somebody else, and not to be seen.
    EvseFactory(charge_point__type="private", charge_point__ampeco_partner_id=999)
    page = html(as_manager.get("/"))
    assert "Your first booking" in page
    assert "The operator knows 1 driver of your fleet" in page
    assert "You can search 1 site" in page
    assert "Nothing needs your attention" not in page
    # One that is long over is a booking, too.
    book(-500)
    assert first_steps(fleet) is None
    assert "Your first booking" not in html(as_manager.get("/"))


def test_viewers_see_it_and_are_offered_nothing_to_book(as_viewer, book):
    book(1)
    page = html(as_viewer.get("/"))
    assert "The next 24 hours" in page
    for word in ("New booking", "book-at-"):
        assert word not in page


def test_a_calm_day_says_so(as_manager, book):
    book(-500)
    page = html(as_manager.get("/"))
    assert "Nothing needs your attention" in page
    assert "No charger is booked right now." in page
    assert "Nothing is booked for the next 24 hours." in page


def test_it_keeps_up_and_faster_while_something_is_undecided(as_manager, book):
    booking = book(1)
    page = html(as_manager.get("/", headers={"HX-Request": "true"}))
    assert page.strip().startswith('<div id="today"')
    assert 'data-look-every="60s"' in page
    Booking.objects.filter(pk=booking.pk).update(status="requested")
    assert 'data-look-every="2s"' in html(as_manager.get("/"))


def test_back_shows_the_whole_page_again(as_manager):
    headers = {"HX-Request": "true", "HX-History-Restore-Request": "true"}
    answer = as_manager.get("/", headers=headers)
    assert "<!DOCTYPE html>" in html(answer)
    assert "HX-Request" in answer["Vary"]
