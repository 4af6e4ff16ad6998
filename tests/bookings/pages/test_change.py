import html
import re
import uuid
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils.timezone import now

from bookings.models import Booking, BookingRequest
from bookings.pages.change_form import ChangeForm, typed_change
from drivers.models import Driver, FleetDriver
from sandbox.world import cast
from shell.formats import instant
from sites.models import Evse
from sites.periods import local_day
from tests.factories import BookingFactory, DriverFactory, MembershipFactory, next_noon
from tests.small_operator import forget_free_times, slot_of

pytestmark = pytest.mark.django_db

NEW_YORK = ZoneInfo("America/New_York")


@pytest.fixture
def booking(ask, slot, workers, operator) -> Booking:
    """A booking that the operator has approved: an hour from noon UTC, seven in New York."""
    request = ask(slot).request
    workers.submit()
    request.refresh_from_db()
    operator.approve(operator.requests[request.ampeco_request_id])
    workers.poll()
    booking = Booking.objects.get()
    assert booking.can_change()
    forget_free_times()
    return booking


@pytest.fixture
def other_driver(booking) -> Driver:
    return Driver.objects.get(ampeco_user_id=cast.BEN.id)


def url(booking: Booking) -> str:
    return f"/bookings/{booking.pk}/change/"


def clock_at(at: datetime) -> str:
    """Return what the site's clock shows: in New York noon UTC is at 07:00 or at 08:00."""
    return f"{at.astimezone(NEW_YORK):%H:%M}"


def typed(booking: Booking, **changes) -> dict[str, str]:
    """Return the form as it is sent, by default with a start two hours later."""
    start_at = booking.start_at + timedelta(hours=2)
    return {
        "day": f"{start_at.astimezone(NEW_YORK):%Y-%m-%d}",
        "time": clock_at(start_at),
        "minutes": "60",
        "driver": str(booking.driver_id),
        "driver_query": "",
        "submission_key": str(uuid.uuid4()),
        "version": str(booking.version),
    } | changes


def page_of(answer) -> str:
    assert answer.status_code == 200
    return html.unescape(answer.content.decode())


def picks(page: str) -> list[str]:
    """Return the instants that the page offers, nearest ones included."""
    return re.findall(r'name="pick" value="([^"]*)"', page)


def updates() -> list[BookingRequest]:
    return list(BookingRequest.objects.filter(kind="update").order_by("pk"))


# What the page shows


def test_the_page_shows_the_booking_and_when_its_charger_is_free(as_manager, booking, operator):
    operator.add_booking(
        location_id=101,
        evse_id=301,
        start_at=booking.end_at,
        end_at=booking.end_at + timedelta(hours=1),
    )
    page = page_of(as_manager.get(url(booking)))
    assert "Current booking" in page
    assert f'value="{clock_at(booking.start_at)}"' in page
    assert "New York time" in page
    assert f'value="{booking.driver_id}" checked' in page
    assert f'name="version" value="{booking.version}"' in page
    offered = picks(page)
    assert instant(booking.start_at) in offered, "what it holds itself counts as free"
    assert instant(booking.start_at + timedelta(minutes=15)) not in offered
    assert instant(booking.end_at + timedelta(hours=1)) in offered


def test_only_its_own_charger_counts(as_manager, booking, operator):
    day = local_day(booking.start_at.astimezone(NEW_YORK).date(), NEW_YORK)
    operator.bookings[booking.ampeco_booking_id].status = "cancelled"
    operator.add_booking(location_id=101, evse_id=301, start_at=day.start_at, end_at=day.end_at)
    assert picks(page_of(as_manager.get(url(booking)))) == [instant(booking.start_at)]


def test_what_the_fleet_has_asked_for_at_the_charger_is_not_free(
    as_manager, booking, evse, ask, operator
):
    """The operator calls it free until it has decided."""
    asked = ask(slot_of(evse, booking.start_at + timedelta(hours=2))).request.booking
    offered = picks(page_of(as_manager.get(url(booking))))
    quarters = [asked.start_at + timedelta(minutes=15 * number) for number in range(-3, 4)]
    assert not {instant(at) for at in quarters} & set(offered)
    assert instant(asked.end_at) in offered
    page = page_of(as_manager.post(url(booking), typed(booking)))
    assert "Your fleet has this charger at that time already: Ana" in page
    assert not updates()


def test_showing_free_times_of_another_day_keeps_what_was_typed(as_manager, booking, other_driver):
    day = (booking.start_at + timedelta(days=3)).astimezone(NEW_YORK).date()
    data = typed(booking, day=f"{day}", minutes="150", driver=str(other_driver.pk), show="1")
    for headers in ({}, {"HX-Request": "true"}):
        page = page_of(as_manager.post(url(booking), data, headers=headers))
        assert ("<html" in page) == (not headers)
        assert f'value="{day}"' in page
        assert 'value="150" selected' in page
        assert f'value="{other_driver.pk}" checked' in page
        first = datetime.combine(day, datetime.min.time(), NEW_YORK).astimezone(UTC)
        assert picks(page)[0] == instant(first)
    assert not updates()


def test_a_free_time_fills_in_the_start_and_sends_nothing(as_manager, booking, other_driver):
    start_at = booking.start_at + timedelta(days=1, hours=3)
    data = typed(booking, pick=instant(start_at), driver=str(other_driver.pk))
    page = page_of(as_manager.post(url(booking), data))
    local = start_at.astimezone(NEW_YORK)
    assert f'value="{local:%Y-%m-%d}"' in page
    assert f'value="{local:%H:%M}"' in page
    assert f'name="start" value="{instant(start_at)}"' in page
    assert f'value="{other_driver.pk}" checked' in page
    assert page.count('aria-pressed="true"') == 1
    assert not updates()


def test_a_link_can_fill_in_the_form(as_manager, booking, other_driver):
    start_at = booking.start_at + timedelta(days=2)
    query = {"start": instant(start_at), "minutes": "90", "driver": str(other_driver.pk)}
    page = page_of(as_manager.get(url(booking), query))
    assert f'value="{start_at.astimezone(NEW_YORK):%Y-%m-%d}"' in page
    assert 'value="90" selected' in page
    assert f'value="{other_driver.pk}" checked' in page


def test_a_length_that_is_not_among_the_usual_ones_is_offered_too(as_manager, evse, fleet):
    start_at = next_noon()
    end_at = start_at + timedelta(minutes=275)
    booking = BookingFactory(
        fleet=fleet, accepted=True, evse=evse, start_at=start_at, end_at=end_at
    )
    assert 'value="275" selected' in page_of(as_manager.get(url(booking)))


def test_searching_a_driver_without_javascript(as_manager, booking):
    data = typed(booking, driver_query="elif", find="1")
    page = page_of(as_manager.post(url(booking), data))
    assert "Elif Demir" in page
    assert "Ana Alvarez" in page, "who was chosen stays in sight"
    assert not updates()


@pytest.mark.parametrize(
    ("day", "words"), [(-2, "This day has passed."), (40, "up to 28 days ahead")]
)
def test_days_out_of_reach_show_no_free_times(as_manager, booking, day, words):
    day = (now().astimezone(NEW_YORK) + timedelta(days=day)).date()
    page = page_of(as_manager.post(url(booking), typed(booking, day=f"{day}", show="1")))
    assert words in page
    assert not picks(page)


def test_an_operator_that_is_away_keeps_nobody_from_asking(as_manager, booking, operator):
    operator.faults.add("server-error")
    assert "is not responding" in page_of(as_manager.get(url(booking)))
    as_manager.post(url(booking), typed(booking))
    assert updates()[0].status == "queued"


def test_a_booking_without_a_known_charger_can_still_be_changed(as_manager, booking):
    Booking.objects.update(evse=None)
    assert "not known yet" in page_of(as_manager.get(url(booking)))
    assert as_manager.post(url(booking), typed(booking)).status_code == 302
    assert len(updates()) == 1


# Asking


def test_asking_leads_to_the_booking_which_shows_that_a_change_is_requested(
    as_manager, manager, booking, other_driver, workers, operator
):
    data = typed(booking, minutes="90", driver=str(other_driver.pk))
    answer = as_manager.post(url(booking), data)
    assert answer.url == f"/bookings/{booking.pk}/"
    (request,) = updates()
    assert request.start_at == booking.start_at + timedelta(hours=2)
    assert request.end_at == request.start_at + timedelta(minutes=90)
    assert request.driver == other_driver
    assert request.created_by == manager
    assert "Change requested" in page_of(as_manager.get(answer.url))
    before = booking.start_at
    booking.refresh_from_db()
    assert booking.start_at == before, "nothing moves until the operator approves"
    workers.submit()
    request.refresh_from_db()
    operator.approve(operator.requests[request.ampeco_request_id])
    workers.poll()
    booking.refresh_from_db()
    assert booking.start_at == request.start_at
    assert booking.driver == other_driver
    assert not booking.open_change


def test_a_booking_with_odd_seconds_is_given_to_another_driver_as_it_is(
    as_manager, booking, other_driver
):
    """The operator's app books from the moment of the click on; the form knows minutes."""
    start_at = booking.start_at + timedelta(minutes=7, seconds=31, microseconds=5)
    end_at = start_at + timedelta(minutes=53, seconds=11)
    Booking.objects.update(start_at=start_at, end_at=end_at, slot_key="", made_elsewhere=True)
    page = page_of(as_manager.get(url(booking)))
    kept = re.search(r'name="start" value="([^"]*)"', page)[1]
    data = {
        "day": re.search(r'name="day" value="([^"]*)"', page)[1],
        "time": re.search(r'name="time" value="([^"]*)"', page)[1],
        "start": kept,
        "minutes": "53",
        "driver": str(other_driver.pk),
    }
    assert as_manager.post(url(booking), typed(booking) | data).status_code == 302
    (request,) = updates()
    assert (request.start_at, request.end_at) == (start_at, end_at)
    assert request.driver == other_driver


def test_a_start_typed_within_a_minute_is_another_one_if_the_minute_is(as_manager, booking):
    start_at = booking.start_at + timedelta(seconds=31)
    Booking.objects.update(start_at=start_at, slot_key="")
    later = clock_at(booking.start_at + timedelta(hours=2))
    as_manager.post(url(booking), typed(booking, start=instant(start_at), time=later))
    (request,) = updates()
    assert request.start_at == booking.start_at + timedelta(hours=2)


def test_the_same_form_sent_twice_leads_to_the_same_page(as_manager, booking):
    data = typed(booking)
    first = as_manager.post(url(booking), data)
    second = as_manager.post(url(booking), data)
    assert first.url == second.url
    assert len(updates()) == 1


# What is refused


def test_the_same_values_are_said_and_nothing_is_sent(as_manager, booking, wire):
    sent = wire.count("booking-requests")
    page = page_of(as_manager.post(url(booking), typed(booking, time=clock_at(booking.start_at))))
    assert "Nothing to change" in page
    assert not updates()
    assert wire.count("booking-requests") == sent


def test_a_time_that_is_taken_is_said_beside_it_with_the_nearest_free_times(
    as_manager, booking, operator, other_driver
):
    taken = booking.start_at + timedelta(hours=2)
    operator.add_booking(
        location_id=101, evse_id=301, start_at=taken, end_at=taken + timedelta(hours=2)
    )
    data = typed(booking, driver=str(other_driver.pk))
    page = page_of(as_manager.post(url(booking), data))
    assert "no longer free at that time" in page
    assert 'aria-invalid="true"' in page
    near = page.split('id="change-nearest"')[1].split('id="show-times"')[0]
    assert picks(near)[-1] == instant(taken - timedelta(hours=1))
    assert len(picks(near)) == 4
    # What Enter presses: not one of them, whatever was typed since.
    first = re.search(r"<button[^>]*>", page.partition('id="change-form"')[2])[0]
    assert 'name="show"' in first
    assert instant(taken) not in picks(page)
    assert f'value="{other_driver.pk}" checked' in page
    assert not updates()


def test_an_overlap_is_a_warning_that_can_be_confirmed(as_manager, booking, ask, slot, evse):
    other = Evse.objects.get(ampeco_id=302)
    clash = ask(slot_of(other, booking.start_at + timedelta(hours=2, minutes=30))).request.booking
    data = typed(booking)
    page = page_of(as_manager.post(url(booking), data))
    assert "has another booking at that time" in page
    assert f'href="/bookings/{clash.pk}/"' in page
    assert "Change anyway" in page
    assert not updates()
    key = re.search(r'name="confirmed_overlap" value="([^"]*)"', page)[1]
    quarter = clock_at(booking.start_at + timedelta(hours=2, minutes=15))
    later = as_manager.post(url(booking), data | {"time": quarter, "confirmed_overlap": key})
    assert "has another booking at that time" in page_of(later), "another time, another warning"
    third = BookingFactory(
        fleet=booking.fleet, driver=booking.driver, accepted=True, start_at=clash.start_at
    )
    page = page_of(as_manager.post(url(booking), data | {"confirmed_overlap": key}))
    assert f'href="/bookings/{third.pk}/"' in page, "another booking, another warning"
    assert not updates()
    key = re.search(r'name="confirmed_overlap" value="([^"]*)"', page)[1]
    assert as_manager.post(url(booking), data | {"confirmed_overlap": key}).status_code == 302
    assert len(updates()) == 1


def test_another_fleets_booking_of_the_driver_is_not_shown(as_manager, booking, other_fleet, evse):
    BookingFactory(
        fleet=other_fleet,
        driver=booking.driver,
        accepted=True,
        evse__charge_point__location__name="Secret depot",
        start_at=booking.start_at + timedelta(hours=2),
    )
    answer = as_manager.post(url(booking), typed(booking), follow=True)
    assert "Secret depot" not in answer.content.decode()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"day": "soon"}, "Enter a valid date"),
        ({"day": ""}, "Please pick a day."),
        ({"time": "25:00"}, "Enter a valid time"),
        ({"time": ""}, "Please pick a start time."),
        ({"time": "09:07"}, "on a quarter hour"),
        ({"minutes": "long"}, "This length is not valid."),
        ({"minutes": "1500"}, "longest booking is 24 hours"),
        ({"driver": ""}, "Please pick a driver."),
        ({"driver": "999999"}, "not in your fleet"),
        ({"version": ""}, "required"),
        ({"submission_key": "x"}, "valid UUID"),
        ({"day": "2199-01-01"}, "28 days ahead"),
        ({"day": "1999-01-01"}, "from 2000 to 2199"),
    ],
)
def test_bad_input_is_said_and_what_was_typed_is_kept(as_manager, booking, changes, words):
    data = typed(booking) | changes
    page = page_of(as_manager.post(url(booking), data))
    assert words in page
    for name, value in changes.items():
        if name in {"day", "time"} and value:
            assert f'value="{value}"' in page
    assert not updates()
    assert Booking.objects.get().version == booking.version


def test_another_fleets_driver_is_no_driver(as_manager, booking, other_fleet):
    stranger = DriverFactory(fleet=other_fleet, first_name="Secret")
    page = page_of(as_manager.post(url(booking), typed(booking, driver=str(stranger.pk))))
    assert "not in your fleet" in page
    assert "Secret" not in page


def test_a_driver_who_was_disabled_is_said_beside_the_field(as_manager, booking, other_driver):
    Driver.objects.filter(pk=other_driver.pk).update(status="disabled")
    page = page_of(as_manager.post(url(booking), typed(booking, driver=str(other_driver.pk))))
    assert "disabled this driver" in page
    assert not updates()


def test_a_driver_who_left_is_no_longer_offered(as_manager, booking):
    FleetDriver.objects.filter(driver=booking.driver).update(left_at=now())
    page = page_of(as_manager.get(url(booking)))
    assert " checked" not in page
    assert "not in your fleet" in page_of(as_manager.post(url(booking), typed(booking)))


NASTY = ["\x00", "a\x00b", "9" * 5000, "1e400", "NaN", "\ufffd\u202e", "x" * 20_000, "\u0663"]


@pytest.mark.parametrize("value", NASTY, ids=range(len(NASTY)))
def test_nothing_that_is_typed_breaks_the_form(as_manager, booking, value):
    names = [*typed(booking), "start", "pick", "confirmed_overlap"]
    for number, name in enumerate(names, NASTY.index(value)):
        data = typed(booking) | {name: value}
        # One way in for each pair; each name and each value meets all three.
        match number % 3:
            case 0:
                as_manager.get(url(booking), data)
            case 1:
                as_manager.post(url(booking), data | {"show": "1"})
            case 2:
                as_manager.post(url(booking), data | {"driver": ""})
    assert not updates()


# Two people at once


def test_who_comes_second_is_told_what_happened(
    as_manager, fleet, client, booking, workers, operator
):
    colleague = MembershipFactory(fleet=fleet, user__name="Cleo Colleague").user
    seen = typed(booking, time="15:00")
    client.force_login(colleague)
    client.post(url(booking), typed(booking, time="11:00"))
    (first,) = updates()
    as_manager.force_login(booking.created_by)
    page = page_of(as_manager.post(url(booking), seen))
    assert "Change requested by Cleo Colleague" in page
    assert "11:00–12:00" in page
    assert 'value="15:00"' in page, "what was typed is kept"
    assert len(updates()) == 1
    workers.submit()
    first.refresh_from_db()
    operator.approve(operator.requests[first.ampeco_request_id])
    workers.poll()
    page = page_of(as_manager.post(url(booking), seen))
    assert "This booking has changed since you opened the page" in page
    assert "11:00–12:00" in page, "as it is now"
    assert 'value="15:00"' in page
    version = re.search(r'name="version" value="(\d+)"', page)[1]
    answer = as_manager.post(url(booking), seen | {"version": version})
    assert answer.status_code == 302, "now it was seen"
    assert updates()[-1].previous_start_at == first.start_at


def test_an_error_beside_a_field_does_not_hide_that_the_booking_has_changed(as_manager, booking):
    seen = typed(booking)
    Booking.objects.update(version=booking.version + 1)
    page = page_of(as_manager.post(url(booking), seen | {"driver": ""}))
    assert f'name="version" value="{booking.version}"' in page
    assert "has changed since" in page_of(as_manager.post(url(booking), seen))


# What may not be changed


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({"status": "cancelled"}, "can no longer be changed"),
        ({"status": "completed"}, "can no longer be changed"),
        ({"status": "no-show"}, "can no longer be changed"),
        ({"status": "requested"}, "has not decided yet"),
        ({"open_change": "update"}, "has not decided yet"),
        ({"open_change": "cancel"}, "Cancellation requested"),
        ({"open_change": "move"}, "Move requested"),
        ({"start_at": now() - timedelta(minutes=20)}, "This booking has already started"),
        (
            {"start_at": now() - timedelta(days=3), "end_at": now() - timedelta(days=2)},
            "has already started",
        ),
        ({"ampeco_booking_id": None}, "not given this booking a number yet"),
    ],
)
def test_what_may_not_be_changed_is_refused_with_the_reason(as_manager, booking, state, words):
    Booking.objects.update(**state)
    answers = [as_manager.get(url(booking)), as_manager.post(url(booking), {"show": "1"})]
    if "open_change" not in state:
        answers.append(as_manager.post(url(booking), typed(booking)))
    for answer in answers:
        assert answer.status_code == 409
        assert words in answer.content.decode()
        assert "Request the change" not in answer.content.decode()
    assert not updates()


def test_a_fragment_that_is_refused_leads_to_the_whole_page(as_manager, booking):
    Booking.objects.update(status="cancelled")
    data = typed(booking, show="1")
    answer = as_manager.post(url(booking), data, headers={"HX-Request": "true"})
    assert answer["HX-Redirect"] == url(booking)


def test_who_may_not_change_it(as_viewer, client, booking, other_manager):
    assert as_viewer.get(url(booking)).status_code == 403
    assert as_viewer.post(url(booking), typed(booking)).status_code == 403
    client.force_login(other_manager)
    assert client.get(url(booking)).status_code == 404
    assert client.post(url(booking), typed(booking)).status_code == 404
    assert not updates()


def test_the_page_asks_the_database_a_constant_number_of_times(
    as_manager, booking, fleet, django_assert_max_num_queries
):
    for _number in range(20):
        DriverFactory(fleet=fleet)
    with django_assert_max_num_queries(13):
        page_of(as_manager.get(url(booking)))


# When clocks change


def next_change(zone: ZoneInfo, hours: int):
    """Return the next day of a zone that lasts so many hours."""
    day = (now().astimezone(zone) + timedelta(days=2)).date()
    while local_day(day, zone).length != timedelta(hours=hours):
        day += timedelta(days=1)
    return day


@pytest.fixture
def _far_ahead(settings):
    settings.BOOKING_HORIZON_DAYS = 400


@pytest.mark.usefixtures("_far_ahead")
def test_a_time_that_the_clocks_skip_is_said(as_manager, booking):
    day = next_change(NEW_YORK, 23)
    page = page_of(as_manager.post(url(booking), typed(booking, day=f"{day}", time="02:30")))
    assert "There is no 02:30 on this day: the clocks go from 02:00 straight to 03:00." in page
    assert "Clocks go forward by 1 h on this day." in page
    assert 'value="02:30"' in page
    near = page.split('id="change-nearest"')[1].split('id="show-times"')[0]
    three = datetime.combine(day, datetime.min.time(), NEW_YORK).astimezone(UTC)
    assert instant(three + timedelta(hours=2)) in picks(near), "03:00, the hour after 01:59"
    assert not updates()


@pytest.mark.usefixtures("_far_ahead")
def test_of_a_time_that_comes_twice_both_are_offered(as_manager, booking):
    day = next_change(NEW_YORK, 25)
    midnight = datetime.combine(day, datetime.min.time(), NEW_YORK).astimezone(UTC)
    first, second = midnight + timedelta(hours=1.5), midnight + timedelta(hours=2.5)
    data = typed(booking, day=f"{day}", time="01:30", start=instant(booking.start_at))
    page = page_of(as_manager.post(url(booking), data))
    assert "so 01:30 comes twice" in page
    assert "The first 01:30 EDT" in page
    assert "The second 01:30 EST" in page
    assert re.findall(r'name="start" value="([^"]*)"', page) == [instant(first), instant(second)]
    assert not updates()
    assert as_manager.post(url(booking), data | {"start": instant(second)}).status_code == 302
    assert updates()[0].start_at == second


@pytest.mark.usefixtures("_far_ahead")
def test_free_times_of_an_hour_that_comes_twice_carry_instants(as_manager, booking):
    day = next_change(NEW_YORK, 25)
    midnight = datetime.combine(day, datetime.min.time(), NEW_YORK).astimezone(UTC)
    page = page_of(as_manager.post(url(booking), typed(booking, day=f"{day}", show="1")))
    assert len(picks(page)) == 100
    second = midnight + timedelta(hours=2.5)
    page = page_of(as_manager.post(url(booking), typed(booking, pick=instant(second))))
    assert re.search(rf'name="start" value="{instant(second)}" checked', page)
    sent = typed(booking, day=f"{day}", time="01:30", start=instant(second))
    as_manager.post(url(booking), sent)
    assert updates()[0].start_at == second


def test_the_present_start_in_such_an_hour_needs_no_choice(booking):
    booking.start_at = datetime(2026, 11, 1, 6, 30, tzinfo=UTC)
    booking.end_at = booking.start_at + timedelta(hours=1)
    form = ChangeForm(typed_change(booking, {}, sent=False), booking=booking)
    assert form.is_valid(), form.errors
    assert form.start_at == booking.start_at


def test_a_length_counts_hours_that_pass_not_those_of_the_clock(booking):
    data = typed(booking, day="2027-03-14", time="01:00", minutes="120")
    form = ChangeForm(data, booking=booking)
    assert form.is_valid(), form.errors
    start_at, end_at = form.cleaned_data["start_at"], form.cleaned_data["end_at"]
    assert (start_at, end_at) == (
        datetime(2027, 3, 14, 6, tzinfo=UTC),
        datetime(2027, 3, 14, 8, tzinfo=UTC),
    )
    assert end_at.astimezone(NEW_YORK).hour == 4
