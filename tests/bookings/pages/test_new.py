import re
import uuid
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils.timezone import now

from bookings.models import Booking, BookingRequest
from drivers.models import Driver, FleetDriver
from shell.formats import instant
from sites.models import Evse
from tests.factories import BookingFactory, DriverFactory, EvseFactory, MembershipFactory
from tests.small_operator import forget_free_times

pytestmark = pytest.mark.django_db

NEW = "/bookings/new/"
CLEAR = re.compile(r'id="clear-draft" href="([^"]*)"')


def params(slot, **changes) -> dict[str, str]:
    return {
        "site": str(slot.location.pk),
        "evse": str(slot.evse.pk),
        "start": instant(slot.start_at),
        "minutes": str(slot.minutes),
    } | changes


def filled(slot, person, **changes) -> dict[str, str]:
    typed = {
        "driver": str(person.pk),
        "reference": "Job 7",
        "submission_key": str(uuid.uuid4()),
    }
    return params(slot) | typed | changes


def test_the_form_shows_slot_and_drivers(as_manager, slot, driver):
    page = as_manager.get(NEW, params(slot)).content.decode()
    assert "Bay 301" in page
    assert "Pier 40" in page
    assert "Ana Alvarez" in page
    assert "New York time" in page
    assert "Request booking" in page


def test_submitting_saves_and_shows_the_request(as_manager, slot, driver, wire):
    answer = as_manager.post(NEW, filled(slot, driver), follow=True)
    booking = Booking.objects.get()
    assert answer.redirect_chain[-1][0] == reverse("bookings:detail", args=[booking.pk])
    page = answer.content.decode()
    assert "Requested" in page
    assert "Nothing is booked until the operator approves." in page
    assert "Job 7" in page
    assert wire.count("booking-requests") == 0


def test_sending_the_form_twice_leads_to_the_same_page(as_manager, slot, driver):
    data = filled(slot, driver)
    first = as_manager.post(NEW, data)
    second = as_manager.post(NEW, data, follow=True)
    assert second.redirect_chain[-1][0] == first.url
    assert "You have already requested this slot." in second.content.decode()
    assert BookingRequest.objects.count() == 1


def test_searching_without_javascript_keeps_what_was_typed(as_manager, slot, driver):
    data = filled(slot, driver, driver_query="elif", find="1", reference="Cost centre 9")
    page = as_manager.post(NEW, data).content.decode()
    assert "Elif Demir" in page
    assert "Ana Alvarez" in page, "who was chosen stays in sight"
    assert "autofocus" in page.split('id="id_driver_query"')[1].split(">")[0]
    assert "autofocus" not in as_manager.get(NEW, params(slot)).content.decode()
    assert "Cost centre 9" in page
    assert not Booking.objects.exists()


def test_no_driver_is_said_beside_the_field(as_manager, slot, driver):
    data = filled(slot, driver, driver="")
    page = as_manager.post(NEW, data).content.decode()
    assert "Please pick a driver." in page
    assert "Job 7" in page
    assert not Booking.objects.exists()


def test_a_reference_over_its_limit_is_said_and_kept(as_manager, slot, driver):
    data = filled(slot, driver)
    data["reference"] = "x" * 65
    page = as_manager.post(NEW, data).content.decode()
    assert "at most 64 characters" in page
    assert "x" * 65 in page
    assert not Booking.objects.exists()


@pytest.fixture
def other(fleet, driver, slot) -> Booking:
    """Another booking of the driver that overlaps with the slot, elsewhere."""
    start = slot.start_at + timedelta(minutes=30)
    return BookingFactory(fleet=fleet, driver=driver, accepted=True, start_at=start)


def test_a_driver_who_is_booked_then_is_warned_of_and_booked_once_confirmed(
    as_manager, slot, driver, other
):
    data = filled(slot, driver)
    page = as_manager.post(NEW, data).content.decode()
    assert "Ana Alvarez has another booking at that time" in page
    assert f'href="/bookings/{other.pk}/"' in page
    assert "Job 7" in page
    assert f'value="{driver.pk}" checked' in page
    assert Booking.objects.get() == other
    button = page.split('name="confirmed_overlap" value="')[1].split('"')[0]
    as_manager.post(NEW, data | {"confirmed_overlap": button})
    assert Booking.objects.exclude(pk=other.pk).get().reference == "Job 7"


def test_a_confirmation_counts_for_that_driver_and_time_only(as_manager, slot, driver, other):
    data = filled(slot, driver)
    page = as_manager.post(NEW, data).content.decode()
    button = page.split('name="confirmed_overlap" value="')[1].split('"')[0]
    for change in ({"minutes": "90"}, {"confirmed_overlap": "1"}, {"confirmed_overlap": ""}):
        page = as_manager.post(NEW, data | {"confirmed_overlap": button} | change).content.decode()
        assert "has another booking at that time" in page
    assert Booking.objects.get() == other


def test_a_confirmation_counts_for_the_bookings_that_were_shown(
    as_manager, fleet, slot, driver, other
):
    data = filled(slot, driver)
    page = as_manager.post(NEW, data).content.decode()
    button = page.split('name="confirmed_overlap" value="')[1].split('"')[0]
    came_up = BookingFactory(fleet=fleet, driver=driver, accepted=True, start_at=slot.start_at)
    page = as_manager.post(NEW, data | {"confirmed_overlap": button}).content.decode()
    assert "has 2 other bookings at that time" in page
    assert f'href="/bookings/{came_up.pk}/"' in page
    assert Booking.objects.count() == 2
    button = page.split('name="confirmed_overlap" value="')[1].split('"')[0]
    assert as_manager.post(NEW, data | {"confirmed_overlap": button}).status_code == 302


def test_bookings_of_another_fleet_are_not_told(as_manager, slot, driver, other, other_fleet):
    Booking.objects.update(fleet=other_fleet)
    assert as_manager.post(NEW, filled(slot, driver)).status_code == 302


def test_sending_twice_is_no_overlap_with_oneself(as_manager, slot, driver):
    data = filled(slot, driver)
    assert as_manager.post(NEW, data).url == as_manager.post(NEW, data).url
    again = as_manager.post(NEW, filled(slot, driver))
    assert again.status_code == 302
    assert Booking.objects.count() == 1


def test_another_fleets_driver_is_no_driver(as_manager, slot, other_fleet):
    stranger = DriverFactory(fleet=other_fleet, first_name="Secret")
    page = as_manager.post(NEW, filled(slot, stranger)).content.decode()
    assert "not in your fleet" in page
    assert "Secret" not in page
    assert not Booking.objects.exists()


def test_a_form_of_another_fleet_is_not_taken(as_manager, manager, slot, fleet, other_fleet):
    """Somebody of two fleets has switched in another tab; the driver belongs to both."""
    MembershipFactory(fleet=other_fleet, user=manager)
    both = Driver.objects.get(ampeco_user_id=7005)
    FleetDriver.objects.create(fleet=other_fleet, driver=both)
    page = as_manager.get(NEW, params(slot)).content.decode()
    assert f'name="fleet" value="{fleet.pk}"' in page
    as_manager.post("/drivers/fleet/", {"fleet": other_fleet.pk})
    refused = as_manager.post(NEW, filled(slot, both, fleet=str(fleet.pk)))
    assert refused.status_code == 409
    back = {"fleet": fleet.pk, "next": refused.context["back"]}
    page = as_manager.post("/drivers/fleet/", back, follow=True).content.decode()
    assert "Job 7" in page
    assert f'value="{both.pk}" checked' in page
    assert not Booking.objects.exists()
    as_manager.post(NEW, filled(slot, both, fleet=str(fleet.pk)))
    assert Booking.objects.get().fleet == fleet


@pytest.mark.parametrize("change", [{"status": "out of order"}, {"booking_enabled": False}])
def test_a_charger_disabled_since_is_said_with_others_to_pick_from(
    as_manager, slot, driver, change
):
    Evse.objects.filter(pk=slot.evse.pk).update(**change)
    page = as_manager.post(NEW, filled(slot, driver)).content.decode()
    assert "can no longer be booked" in page
    assert 'id="picker"' in page
    assert not Booking.objects.exists()
    assert "draft=1" in page
    assert "reference=Job+7" in page


def test_a_driver_who_left_since_is_said_beside_the_field(as_manager, slot, driver):
    FleetDriver.objects.filter(driver=driver).update(left_at=now())
    page = as_manager.post(NEW, filled(slot, driver)).content.decode()
    assert "not in your fleet" in page
    assert "Job 7" in page
    assert not Booking.objects.exists()


def test_a_disabled_driver_is_said_beside_the_field(as_manager, slot, driver):
    Driver.objects.filter(pk=driver.pk).update(status="disabled")
    page = as_manager.post(NEW, filled(slot, driver)).content.decode()
    assert "disabled this driver" in page
    assert not Booking.objects.exists()


def test_a_slot_taken_since_offers_fresh_slots_and_keeps_what_was_typed(
    as_manager, slot, driver, operator
):
    as_manager.get(f"/sites/{slot.location.pk}/")
    operator.add_booking(location_id=101, evse_id=301, start_at=slot.start_at, end_at=slot.end_at)
    forget_free_times()
    page = as_manager.post(NEW, filled(slot, driver)).content.decode()
    assert "no longer free at that time" in page
    assert 'id="picker"' in page
    grid = grid_of(page)
    taken = f"evse={slot.evse.pk}&start={instant(slot.start_at)}"
    assert taken not in grid.replace(f"&driver={driver.pk}&reference=Job+7&draft=1", "")
    assert not Booking.objects.exists()
    links = re.findall(rf'href="({NEW}\?[^"]*start={instant(slot.end_at)}[^"]*)"', grid_of(page))
    form = as_manager.get(links[0]).content.decode()
    assert "Job 7" in form
    assert f'value="{driver.pk}" checked' in form
    assert "Kept from before" in form
    cleared = as_manager.get(CLEAR.search(form)[1].replace("&amp;", "&")).content.decode()
    assert "Job 7" not in cleared
    assert "Kept from" not in cleared
    assert "checked" not in cleared.split('id="driver-options"')[1].split("</form>")[0]


def grid_of(page: str) -> str:
    return page.split('id="picker"')[1].replace("%3A", ":").replace("&amp;", "&")


def test_what_was_given_up_fills_no_later_booking(as_manager, slot, driver, operator):
    operator.add_booking(location_id=101, evse_id=301, start_at=slot.start_at, end_at=slot.end_at)
    assert "Job 7" in as_manager.post(NEW, filled(slot, driver)).content.decode()
    later = params(slot, start=instant(slot.start_at + timedelta(hours=3)))
    form = as_manager.get(NEW, later).content.decode()
    assert "Job 7" not in form
    assert f'value="{driver.pk}" checked' not in form


def test_another_day_of_the_refusal_still_carries_it(as_manager, slot, driver, operator):
    operator.add_booking(location_id=101, evse_id=301, start_at=slot.start_at, end_at=slot.end_at)
    page = as_manager.post(NEW, filled(slot, driver)).content.decode()
    day = re.search(r'id="picker-day-4" href="([^"]*)" hx-get="([^"]*)"', page)
    for address in day.groups():
        other = grid_of(as_manager.get(address.replace("&amp;", "&")).content.decode())
        assert re.search(rf'href="{NEW}\?[^"]*reference=Job\+7', other)


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({}, "The driver and the reference that you entered are kept."),
        ({"reference": ""}, "The driver that you picked is kept."),
        ({"driver": "", "reference": ""}, None),
    ],
)
def test_what_is_kept_is_said_and_nothing_else(as_manager, slot, driver, typed, words):
    Evse.objects.filter(pk=slot.evse.pk).update(booking_enabled=False)
    page = as_manager.post(NEW, filled(slot, driver, **typed)).content.decode()
    shown = as_manager.get(NEW, params(slot)).content.decode()
    notice = page.split('id="slot-problem"')[1].split("</div>")[0]
    assert "can no longer be booked" in notice
    assert (words in notice) if words else ("kept" not in notice)
    assert "kept" not in shown.split('id="slot-problem"')[1].split("</div>")[0]


def test_a_slot_taken_since_leads_to_what_is_free_instead(as_manager, slot, driver, operator, wire):
    operator.add_booking(location_id=101, evse_id=301, start_at=slot.start_at, end_at=slot.end_at)
    page = as_manager.post(NEW, filled(slot, driver)).content.decode()
    assert wire.count("availability") == 1, "to check the slot, which tells the picker too"
    address = page.split('hx-get="/bookings/new/alternatives/')[1].split('"')[0]
    found = as_manager.get(
        f"/bookings/new/alternatives/{address.replace('&amp;', '&')}",
        headers={"HX-Request": "true"},
    ).content.decode()
    assert wire.count("availability") == 1
    assert f"start={instant(slot.end_at)}".replace(":", "%3A") in found
    assert f"driver={driver.pk}" in found
    assert "reference=Job+7" in found


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"start": "soon"}, "This date or time is not valid."),
        ({"start": "2026-11-23T18:00"}, "This date or time is not valid."),
        ({"start": "9999-12-31T23:00:00Z"}, "This date or time is not valid."),
        ({"minutes": "long"}, "This length is not valid."),
        ({"evse": ""}, "pick a charger"),
    ],
)
def test_a_tampered_slot_leads_back_to_the_site_with_a_sentence(as_manager, slot, changes, words):
    answer = as_manager.get(NEW, params(slot, **changes), follow=True)
    assert answer.redirect_chain[-1][0] == f"/sites/{slot.location.pk}/"
    assert words in answer.content.decode()


def test_a_tampered_slot_keeps_driver_and_reference_for_the_next_one(as_manager, slot, driver):
    answer = as_manager.post(NEW, filled(slot, driver, start="soon"), follow=True)
    assert "draft=1" in answer.redirect_chain[-1][0]
    assert f"driver={driver.pk}&" in grid_of(answer.content.decode())
    assert "reference=Job+7" in grid_of(answer.content.decode())
    assert not Booking.objects.exists()


NASTY = ["\x00", "a\x00b", "9" * 5000, "1e400", "NaN", "0E+999999", "\ufffd\u202e", "x" * 20_000]


@pytest.mark.parametrize("value", NASTY, ids=range(len(NASTY)))
def test_nothing_that_is_typed_breaks_the_form(as_manager, slot, driver, value):
    names = [*filled(slot, driver), "any", "current", "connector", "min_power", "driver_query"]
    for number, name in enumerate(names, NASTY.index(value)):
        data = filled(slot, driver, **{name: value})
        # One way in for each pair; each name and each value meets all three.
        match number % 3:
            case 0:
                answer = as_manager.get(NEW, data)
            case 1:
                answer = as_manager.post(NEW, data | {"find": "1"})
            case _:
                nobody = {} if name == "driver" else {"driver": ""}
                answer = as_manager.post(NEW, data | nobody)
        assert answer.status_code in {200, 302, 404}, name
    assert not Booking.objects.exists()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"minutes": "-60"}, "end must be after the start"),
        ({"minutes": "0"}, "end must be after the start"),
        ({"minutes": "1500"}, "longest booking is 24 hours"),
        ({"start": "2020-01-01T12:00:00Z"}, "has passed"),
        ({"start": "2199-01-01T12:00:00Z"}, "28 days ahead"),
    ],
)
def test_times_that_break_a_rule_are_said_with_slots_to_pick_from(
    as_manager, slot, driver, changes, words
):
    for answer in (
        as_manager.get(NEW, params(slot, **changes)),
        as_manager.post(NEW, filled(slot, driver, **changes)),
    ):
        assert answer.status_code == 200
        assert words in answer.content.decode()
    assert not Booking.objects.exists()


@pytest.mark.parametrize("site", ["", "0", "999999", "x", "9" * 30])
def test_a_site_that_is_not_there_is_a_404(as_manager, slot, site):
    assert as_manager.get(NEW, params(slot, site=site)).status_code == 404


def test_a_charger_of_another_site_is_a_404(as_manager, slot):
    elsewhere = EvseFactory()
    assert as_manager.get(NEW, params(slot, evse=str(elsewhere.pk))).status_code == 404


def test_the_operator_refusing_us_is_said_and_nothing_is_saved(as_manager, slot, driver, operator):
    operator.faults.add("unauthorized")
    page = as_manager.post(NEW, filled(slot, driver)).content.decode()
    assert "temporarily unavailable" in page
    assert "Job 7" in page
    assert not Booking.objects.exists()


def test_an_operator_that_is_away_does_not_lose_the_request(as_manager, slot, driver, operator):
    operator.faults.add("server-error")
    as_manager.post(NEW, filled(slot, driver))
    assert BookingRequest.objects.get().status == "queued"


def test_any_charger_that_fits(as_manager, any_slot, driver):
    data = filled(
        _with_evse(any_slot), driver, evse="", any="1", current="dc", connector="", min_power=""
    )
    as_manager.post(NEW, data)
    request = BookingRequest.objects.get()
    assert request.evse is None
    assert request.wanted_current_type == "dc"


def _with_evse(slot):
    from dataclasses import replace

    return replace(slot, evse=Evse.objects.first())


def test_who_may_not_book_is_told_so(as_viewer, slot, driver):
    assert as_viewer.get(NEW, params(slot)).status_code == 403
    assert as_viewer.post(NEW, filled(slot, driver)).status_code == 403
    assert not Booking.objects.exists()


def test_strangers_log_in_first(client, slot):
    assert client.get(NEW, params(slot)).url.startswith("/account/login/")
