"""What is offered instead of a slot, with an operator whose sites lie around New York."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext

from bookings.actions.alternatives import MOST_SITES, MOST_SITES_ASKED, alternatives_for
from bookings.actions.candidate import Candidate, Slot
from bookings.models import Booking, BookingRequest
from sites.periods import Period
from sites.selectors import Criteria
from tests.factories import (
    BookingFactory,
    BookingRequestFactory,
    ChargePointFactory,
    DriverFactory,
    EvseFactory,
    LocationFactory,
)
from tests.sites.slots.availability_stub import AvailabilityStub
from tests.small_operator import slot_of

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 2, 17, 3, 20, tzinfo=UTC)  # Monday 2 March, 12:03:20 in New York
TODAY = datetime(2026, 3, 2, 5, tzinfo=UTC)  # midnight there
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _monday_noon():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def stub():
    stub = AvailabilityStub()
    with stub.in_place():
        yield stub


@pytest.fixture
def depot():
    return LocationFactory(name="Depot", latitude=40.70, longitude=-74.0)


@pytest.fixture
def point(depot):
    return ChargePointFactory(location=depot)


@pytest.fixture
def evse(point, stub):
    return free(stub, EvseFactory(charge_point=point, label="Bay 1"))


@pytest.fixture
def driver(fleet):
    return DriverFactory(fleet=fleet, first_name="Ana")


def clock(hours, day=0):
    """Return an instant by the clocks of New York; days are counted from today."""
    return TODAY + timedelta(days=day, hours=hours)


def free(stub, evse, *stretches):
    """Let a charger be free from hour to hour of the clock in New York; all week without any."""
    spans = stretches or [(0, 7 * 24)]
    stub.free[evse.ampeco_id] = [Period(clock(since), clock(until)) for since, until in spans]
    return evse


def near(stub, latitude, *, name, **evse):
    place = LocationFactory(name=name, latitude=latitude, longitude=-74.0)
    return free(stub, EvseFactory(charge_point__location=place, **evse))


def look(fleet, evse, start=18, *, driver=None, day=1, hours=1, criteria=None, place=None, **more):
    begin = clock(start, day)
    place = place or evse.charge_point.location
    slot = Slot(place, evse, criteria or Criteria(), begin, begin + timedelta(hours=hours))
    return alternatives_for(Candidate(fleet, slot, driver), **more)


def starts(slots):
    return [(slot.start_at - TODAY) / HOUR for slot in slots]


def names(slots):
    return [slot.evse.label for slot in slots]


# The same charger at other times


def test_the_nearest_times_before_and_after_an_hour_apart(fleet, evse, stub):
    free(stub, evse, (24 + 9, 24 + 17.5), (24 + 19.25, 24 + 23))
    found = look(fleet, evse)
    assert starts(found.other_times) == [24 + 15.5, 24 + 16.5, 24 + 19.25, 24 + 20.25]
    assert {slot.duration for slot in found.other_times} == {HOUR}
    assert {slot.evse for slot in found.other_times} == {evse}
    assert not found.has_passed


def test_the_start_that_did_not_work_out_is_not_offered_again(fleet, evse):
    assert clock(18, 1) not in {slot.start_at for slot in look(fleet, evse).other_times}


def test_nothing_begins_before_the_notice_nor_ends_beyond_the_horizon(fleet, evse, stub, settings):
    free(stub, evse, (12, 14.5))
    assert starts(look(fleet, evse, 14, day=0).other_times) == [12.5, 13.5]
    settings.BOOKING_NOTICE_MINUTES = 60
    assert starts(look(fleet, evse, 14, day=0).other_times) == [13.5]
    free(stub, evse)
    cache.clear()
    settings.BOOKING_HORIZON_DAYS = 1
    last = clock(12, 1)
    found = look(fleet, evse, 11, day=1)
    assert found.other_times
    assert all(slot.end_at <= last + timedelta(minutes=4) for slot in found.other_times)


def test_a_start_that_has_passed_is_looked_for_from_now_on_and_tomorrow(fleet, evse):
    found = look(fleet, evse, 11, day=0)
    assert found.has_passed
    assert starts(found.other_times) == [12.25, 13.25, 14.25, 24 + 11]


def test_what_the_fleet_has_asked_for_already_is_not_free(fleet, evse, stub, other_fleet):
    free(stub, evse, (24 + 19, 24 + 22))
    BookingFactory(fleet=fleet, evse=evse, start_at=clock(19, 1))
    BookingFactory(fleet=other_fleet, evse=evse, start_at=clock(21, 1))
    assert starts(look(fleet, evse).other_times) == [24 + 20, 24 + 21]


def test_odd_times_from_elsewhere_become_times_that_can_be_asked_for(fleet, evse, stub):
    free(stub, evse, (24 + 20, 24 + 22))
    begin = clock(18, 1) + timedelta(minutes=7)
    slot = slot_of(evse, begin, minutes=50)
    found = alternatives_for(Candidate(fleet, slot))
    assert [(slot.start_at, slot.minutes) for slot in found.other_times] == [
        (clock(20, 1), 60),
        (clock(21, 1), 60),
    ]


def test_a_charger_out_of_service_is_not_offered_at_any_time(fleet, evse, point, stub):
    evse.status = "out of order"
    evse.save()
    free(stub, EvseFactory(charge_point=point, label="Bay 2"))
    found = look(fleet, evse)
    assert found.other_times == ()
    assert names(found.other_chargers) == ["Bay 2"]


# Other chargers here


def test_other_chargers_must_have_one_of_the_same_plugs_the_strongest_first(
    fleet, evse, point, stub
):
    for label, plug, power in (
        ("weaker", "ccs2", 50),
        ("much stronger", "ccs2", 350),
        ("as strong", "ccs2", 150),
        ("other plug", "type2", 150),
    ):
        free(stub, EvseFactory(charge_point=point, label=label, connector=plug, max_power_kw=power))
    taken = EvseFactory(charge_point=point, label="taken")
    free(stub, taken, (24 + 9, 24 + 18.5))
    found = look(fleet, evse)
    assert names(found.other_chargers) == ["as strong", "much stronger", "weaker"]
    assert starts(found.other_chargers) == [24 + 18] * 3


def test_private_chargers_only_for_drivers_who_may_use_them(fleet, evse, depot, stub, driver):
    private = ChargePointFactory(
        location=depot, type="private", ampeco_partner_id=fleet.ampeco_partner_id
    )
    free(stub, EvseFactory(charge_point=private, label="Ours"))
    assert names(look(fleet, evse, driver=driver).other_chargers) == []
    driver.private_access.create(ampeco_partner_id=fleet.ampeco_partner_id)
    assert names(look(fleet, evse, driver=driver).other_chargers) == ["Ours"]
    assert names(look(fleet, evse, driver=None).other_chargers) == ["Ours"]


def test_once_the_start_has_passed_others_may_begin_a_little_later(fleet, evse, point, stub):
    free(stub, EvseFactory(charge_point=point, label="soon"), (14, 17))
    free(stub, EvseFactory(charge_point=point, label="much later"), (24 + 9, 24 + 17))
    found = look(fleet, evse, 11, day=0)
    assert [(slot.evse.label, slot.start_at) for slot in found.other_chargers] == [
        ("soon", clock(14))
    ]


# Any suitable charger


def test_for_any_charger_the_site_is_offered_at_other_times_and_its_chargers_by_name(
    fleet, evse, point, stub
):
    free(stub, evse, (24 + 20, 24 + 21))
    free(stub, EvseFactory(charge_point=point, label="AC", current_type="ac"), (24 + 17, 24 + 18))
    free(stub, EvseFactory(charge_point=point, label="Weak", max_power_kw=20), (24 + 16, 24 + 17))
    other = EvseFactory(charge_point=point, label="Bay 2")
    free(stub, other, (24 + 18, 24 + 19), (24 + 22, 24 + 23))
    wanted = Criteria(current_type="dc", min_power_kw=100)
    found = look(fleet, None, criteria=wanted, place=point.location)
    assert starts(found.other_times) == [24 + 20, 24 + 22]
    assert {(slot.evse, slot.criteria) for slot in found.other_times} == {(None, wanted)}
    assert names(found.other_chargers) == ["Bay 2"]


# Other sites


def test_other_sites_by_distance_with_the_charger_that_fits_best(fleet, evse, stub):
    near(stub, 40.79, name="Ten km", label="North")
    near(stub, 40.72, name="Two km", label="Close")
    near(stub, 42.5, name="Two hundred km")
    near(stub, 40.71, name="One km", connector="chademo")
    found = look(fleet, evse)
    assert [(offer.slot.location.name, round(offer.km)) for offer in found.other_sites] == [
        ("Two km", 2),
        ("Ten km", 10),
    ]
    assert names(offer.slot for offer in found.other_sites) == ["Close", "North"]
    assert stub.calls == 3, "the site itself and the two that may have something"


def test_sites_that_the_fleet_or_the_driver_may_not_use_are_not_asked(fleet, evse, stub, driver):
    private = {"charge_point__type": "private"}
    near(stub, 40.71, name="Others", **private, charge_point__ampeco_partner_id=999)
    near(
        stub,
        40.72,
        name="Ours",
        **private,
        charge_point__ampeco_partner_id=fleet.ampeco_partner_id,
    )
    assert look(fleet, evse, driver=driver).other_sites == ()
    assert stub.calls == 1
    driver.private_access.create(ampeco_partner_id=fleet.ampeco_partner_id)
    found = look(fleet, evse, driver=driver)
    assert [offer.slot.location.name for offer in found.other_sites] == ["Ours"]


def test_a_few_sites_are_asked_however_many_there_are(fleet, evse, stub):
    for number in range(20):
        free(stub, near(stub, 40.71 + number / 100, name=f"Full {number}"), (0, 1))
    assert look(fleet, evse).other_sites == ()
    assert stub.calls == 1 + MOST_SITES_ASKED
    look(fleet, evse)
    assert stub.calls == 1 + MOST_SITES_ASKED, "the cache knows"


def test_nobody_is_asked_once_enough_is_found(fleet, evse, stub):
    for number in range(6):
        near(stub, 40.71 + number / 100, name=f"Free {number}")
    assert len(look(fleet, evse).other_sites) == MOST_SITES
    assert stub.calls == 1 + MOST_SITES


def test_queries_do_not_grow_with_chargers_and_sites(fleet, evse, stub, driver):
    def queries():
        with CaptureQueriesContext(connection) as captured:
            look(fleet, evse, driver=driver)
        return len(captured)

    near(stub, 40.705, name="One")
    queries()  # reads the fleet's limits, which are remembered from then on
    few = queries()
    for number in range(8):
        near(stub, 40.71 + number / 100, name=f"Free {number}")
        free(stub, EvseFactory(charge_point=evse.charge_point))
    assert queries() == few <= 14


# An operator that does not answer


def test_an_operator_that_does_not_answer_is_asked_no_more(fleet, evse, stub):
    near(stub, 40.71, name="Near")
    stub.status = 429
    found = look(fleet, evse)
    assert "busy" in found.problem
    assert not found
    assert len(set(stub.windows)) == 1


def test_a_site_that_the_operator_does_not_tell_of_does_not_stop_the_others(fleet, evse, stub):
    near(stub, 40.71, name="Near")
    stub.status = 404
    found = look(fleet, evse)
    assert "does not say what is free" in found.problem
    assert found.other_sites == ()
    assert stub.calls == 2


# The pages


@pytest.fixture
def rejected(fleet, evse, driver):
    return BookingRequestFactory(
        rejected=True,
        booking__rejected=True,
        booking__fleet=fleet,
        booking__driver=driver,
        booking__evse=evse,
        booking__start_at=clock(18, 1),
        booking__reference="Job 7 & more",
    ).booking


def links(page):
    return [part.split('"')[0].replace("&amp;", "&") for part in page.split('href="')[1:]]


def test_one_click_fills_the_form(as_manager, rejected, evse, stub):
    free(stub, evse, (24 + 20, 24 + 21))
    page = as_manager.get(
        f"/bookings/{rejected.pk}/alternatives/", headers={"HX-Request": "true"}
    ).content.decode()
    assert "<html" not in page
    (link,) = [each for each in links(page) if each.startswith("/bookings/new/")]
    assert {name: value for name, (value,) in parse_qs(urlsplit(link).query).items()} == {
        "site": str(rejected.location_id),
        "evse": str(evse.pk),
        "start": "2026-03-04T01:00:00Z",
        "minutes": "60",
        "driver": str(rejected.driver_id),
        "reference": "Job 7 & more",
    }
    form = as_manager.get(link).content.decode()
    assert f'value="{rejected.driver_id}" checked' in form
    assert "Job 7 &amp; more" in form


def test_without_scripts_it_is_a_page_of_its_own(as_manager, rejected):
    page = as_manager.get(f"/bookings/{rejected.pk}/alternatives/").content.decode()
    assert "<html" in page
    assert "The same charger at another time" in page
    assert f'href="/bookings/{rejected.pk}/"' in page


def test_the_page_of_a_booking_asks_nobody_and_says_where_to_find_others(
    as_manager, rejected, stub
):
    page = as_manager.get(f"/bookings/{rejected.pk}/").content.decode()
    assert stub.calls == 0
    assert f'hx-get="/bookings/{rejected.pk}/alternatives/"' in page
    assert f'href="/bookings/{rejected.pk}/alternatives/"' in page


@pytest.mark.parametrize(
    ("status", "offered"),
    [
        ("rejected", True),
        ("not-placed", True),
        ("failed", True),
        ("no-show", True),
        ("cancelled", False),
        ("requested", False),
        ("accepted", False),
        ("completed", False),
        ("unknown", False),
    ],
)
def test_which_bookings_offer_others(as_manager, rejected, status, offered):
    Booking.objects.update(status=status)
    page = as_manager.get(f"/bookings/{rejected.pk}/").content.decode()
    assert ('id="alternatives"' in page) is offered


def test_what_the_operator_cancelled_offers_others_but_not_what_the_fleet_did(
    as_manager, rejected, fleet
):
    address = f"/bookings/{rejected.pk}/"
    Booking.objects.update(status="cancelled")
    BookingRequest.objects.update(status="approved")
    assert 'id="alternatives"' in as_manager.get(address).content.decode()
    BookingRequestFactory(booking=rejected, kind="cancel", approved=True)
    assert 'id="alternatives"' not in as_manager.get(address).content.decode()


def test_what_is_long_over_offers_none(as_manager, rejected):
    Booking.objects.update(start_at=clock(10, -3), end_at=clock(11, -3))
    assert 'id="alternatives"' not in as_manager.get(f"/bookings/{rejected.pk}/").content.decode()


def test_nothing_free_is_said(as_manager, rejected, stub):
    stub.free.clear()
    page = as_manager.get(f"/bookings/{rejected.pk}/alternatives/").content.decode()
    assert "Nothing suitable is free around that time" in page


def test_an_operator_that_is_away_makes_a_plain_sentence(as_manager, rejected, stub):
    stub.broken = True
    page = as_manager.get(f"/bookings/{rejected.pk}/alternatives/").content.decode()
    assert "Availability could not be loaded just now." in page
    assert "is not responding" in page
    assert "Pick any slot" in page


def test_a_viewer_gets_none(as_viewer, rejected):
    assert as_viewer.get(f"/bookings/{rejected.pk}/alternatives/").status_code == 403
    assert 'id="alternatives"' not in as_viewer.get(f"/bookings/{rejected.pk}/").content.decode()


NASTY = ["\x00", "9" * 40, "-1", "NaN", "x" * 5000, "٣"]


@pytest.mark.parametrize("value", NASTY, ids=range(len(NASTY)))
@pytest.mark.parametrize("name", ["site", "evse", "start", "minutes", "driver", "move"])
def test_nothing_in_the_address_breaks_the_alternatives_of_a_slot(
    as_manager, rejected, name, value
):
    params = {
        "site": rejected.location_id,
        "evse": rejected.evse_id,
        "start": "2026-03-04T01:00:00Z",
        "minutes": 60,
    }
    answer = as_manager.get("/bookings/new/alternatives/", params | {name: value})
    assert answer.status_code in {200, 404}
