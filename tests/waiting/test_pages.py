"""The pages of the waiting list: how something gets on it, and what is taken off it."""

import re
import uuid
from datetime import UTC, datetime, time, timedelta
from html import unescape

import pytest
from django.db import connection
from django.template.loader import render_to_string
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.timezone import now

from bookings.models import Booking
from tests.factories import (
    BookingFactory,
    DriverFactory,
    EvseFactory,
    VehicleFactory,
    WishFactory,
    next_noon,
)
from tests.waiting.conftest import look, state_of
from waiting.models import Wish
from waiting.selectors import open_offers

pytestmark = pytest.mark.django_db

NEW = reverse("waiting:new")


def text_of(response) -> str:
    return " ".join(unescape(response.content.decode()).split())


def local_times(name: str, at: datetime, zone) -> dict[str, str]:
    local = at.astimezone(zone)
    return {f"{name}_day": f"{local:%Y-%m-%d}", f"{name}_time": f"{local:%H:%M}"}


@pytest.fixture
def charger():
    return EvseFactory(charge_point__location__name="Pier 40")


@pytest.fixture
def dana(fleet):
    return DriverFactory(fleet=fleet)


@pytest.fixture
def filled_in(charger, dana):
    """What a manager sends who wants an hour in an afternoon."""
    location = charger.charge_point.location
    return {
        "site": location.pk,
        "charger": charger.pk,
        "minutes": "60",
        "driver": dana.pk,
        "how": "offer",
        "reference": "Tour 7",
        **local_times("from", next_noon(), location.zone),
        **local_times("until", next_noon() + timedelta(hours=4), location.zone),
    }


def test_a_wish_is_put_on_the_list_and_is_on_its_page(as_manager, filled_in, dana, charger):
    response = as_manager.post(NEW, filled_in, follow=True)
    wish = Wish.objects.get()
    assert (wish.window_start, wish.window_end) == (next_noon(), next_noon() + timedelta(hours=4))
    assert (wish.evse, wish.driver, wish.minutes, wish.by_itself) == (charger, dana, 60, False)
    page = text_of(response)
    for words in ("This is on the waiting list now.", "Pier 40", dana.display_name, "Tour 7"):
        assert words in page
    assert f'id="wish-{wish.pk}"' in text_of(as_manager.get(reverse("waiting:list")))


def test_the_same_wish_again_is_said_and_not_doubled(as_manager, filled_in):
    as_manager.post(NEW, filled_in)
    page = text_of(as_manager.post(NEW, filled_in))
    assert "This is on the waiting list already." in page
    assert f'href="/waiting/{Wish.objects.get().pk}/"' in page
    # It may wait again once it does not any more.
    as_manager.post(reverse("waiting:cancel", args=[Wish.objects.get().pk]))
    as_manager.post(NEW, filled_in)
    assert sorted(Wish.objects.values_list("state", flat=True)) == ["cancelled", "waiting"]


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        ({"until_day": "2020-01-02", "from_day": "2020-01-01"}, "until_day", "has passed"),
        ({"until_day": "2020-01-01"}, "until_day", "The end must be after the start."),
        ({"until_day": "2190-01-01"}, "until_day", "Please pick a day within a year."),
        ({"until_day": "9999-12-31"}, "until_day", "Please use a year from 2000 to 2199."),
        ({"minutes": "300"}, "minutes", "So long a stay does not fit between the two times."),
        ({"minutes": "6000"}, "minutes", "This length is not valid."),
        ({"charger": "", "radius": "4000"}, "radius", "Please enter at most 100 km."),
        ({"radius": "-1"}, "radius", "Please enter a distance from 0 to 100 km."),
        ({"radius": "5,5"}, "radius", "Please enter a whole number of kilometres, from 0 to 100."),
        ({"radius": "5"}, "radius", "A certain charger is at one site."),
        ({"charger": "", "min_power": "999"}, "min_power", "No charger at this site meets all"),
        ({"driver": ""}, "driver", "Please pick a driver or a vehicle."),
        ({"how": ""}, "how", "Please pick one."),
        ({"from_time": ""}, "from_time", "Please pick a time."),
        ({"earliest": "00:00", "latest": "00:15"}, "earliest", "No start within the window"),
    ],
)
def test_what_makes_no_sense_is_said_beside_the_field(
    as_manager, filled_in, changes, field, sentence
):
    page = text_of(as_manager.post(NEW, filled_in | changes))
    error = page.partition(f'id="id_{field}_error"')[2][:300]
    assert sentence in error
    assert 'value="Tour 7"' in page
    assert not Wish.objects.exists()


def test_a_wish_by_itself_needs_to_know_who_drives(as_manager, filled_in, fleet, dana):
    van = VehicleFactory(fleet=fleet)
    sent = filled_in | {"driver": "", "vehicle": van.pk, "how": "by-itself"}
    assert "Please pick the driver for whom" in text_of(as_manager.post(NEW, sent))
    van.usual_driver = dana
    van.save()
    as_manager.post(NEW, sent)
    assert Wish.objects.get().drives == dana


def test_what_is_of_another_fleet_is_not_there(as_manager, filled_in, other_fleet):
    private = EvseFactory(charge_point__type="private", charge_point__ampeco_partner_id=502)
    for theirs in (
        {"driver": DriverFactory(fleet=other_fleet).pk},
        {"vehicle": VehicleFactory(fleet=other_fleet).pk},
        {"site": private.charge_point.location_id},
        {"booking": BookingFactory(fleet=other_fleet).pk},
    ):
        assert as_manager.post(NEW, filled_in | theirs).status_code == 404
    assert not Wish.objects.exists()


def test_without_a_site_one_is_to_be_picked(as_manager):
    response = as_manager.get(NEW, follow=True)
    assert response.redirect_chain == [(reverse("sites:list"), 302)]


def test_the_slot_picker_and_alternatives_lead_here(as_manager, operator, charger, fleet, dana):
    location = charger.charge_point.location
    url = reverse("sites:detail", args=[location.pk])
    day = next_noon().astimezone(location.zone).date()
    page = unescape(as_manager.get(url, {"day": f"{day}", "minutes": 90}).content.decode())
    form = text_of(as_manager.get(re.search(r'id="picker-wait-instead" href="([^"]*)"', page)[1]))
    assert '<option value="90" selected>' in form
    assert f'name="from_day" value="{day}"' in form
    rejected = BookingFactory(rejected=True, fleet=fleet, evse=charger, driver=dana)
    there = as_manager.get(reverse("bookings:alternatives", args=[rejected.pk]))
    link = re.search(r'id="wait-instead"[^>]*|href="([^"]*waiting[^"]*)"', there.content.decode())
    form = text_of(as_manager.get(NEW, {"booking": rejected.pk}))
    assert link is not None
    assert f'<option value="{charger.pk}" selected>' in form
    assert f'value="{dana.pk}" checked' in form
    # The window is the booking's, and what was asked for fits into it.
    sent = dict(re.findall(r'name="((?:from|until)_(?:day|time))" value="([^"]*)"', form))
    assert sent == {
        **local_times("from", rejected.start_at, location.zone),
        **local_times("until", rejected.end_at, location.zone),
    }


@pytest.mark.parametrize(
    "query", ["day=x", "from=25:00", "minutes=-1", "start=x", "minutes=999999", "min_power=x"]
)
def test_nonsense_in_the_address_gives_a_form_all_the_same(as_manager, charger, query):
    site = charger.charge_point.location_id
    assert as_manager.get(f"{NEW}?site={site}&{query}").status_code == 200


def test_a_change_keeps_the_place_in_the_line(as_manager, filled_in):
    as_manager.post(NEW, filled_in)
    wish = Wish.objects.get()
    url = reverse("waiting:change", args=[wish.pk])
    page = as_manager.get(url).content.decode()
    assert f'name="version" value="{wish.version}"' in page
    as_manager.post(url, filled_in | {"minutes": "120", "version": wish.version})
    turn = wish.turn_at
    wish.refresh_from_db()
    assert (wish.minutes, wish.turn_at) == (120, turn)
    # From a page that was opened before nothing is changed, until whoever sends it has been told.
    stale = text_of(as_manager.post(url, filled_in | {"version": 0}))
    assert "This has changed since you opened the page." in stale
    wish.refresh_from_db()
    assert wish.minutes == 120
    told = re.search(r'name="version" value="(\d+)"', stale)[1]
    as_manager.post(url, filled_in | {"version": told})
    wish.refresh_from_db()
    assert wish.minutes == 60


def test_who_waits_no_longer_gets_nothing(as_manager, wait, cancel, evse):
    wish = wait()
    as_manager.post(reverse("waiting:cancel", args=[wish.pk]))
    assert state_of(wish) == "cancelled"
    cancel()
    look(evse)
    assert not wish.offers.exists()


# Offers


@pytest.fixture
def offer(wait, cancel, evse):
    wish = wait()
    cancel()
    look(evse)
    return wish.offers.get()


def url_of(offer) -> str:
    return reverse("waiting:offer", args=[offer.uid])


def test_an_offer_says_honestly_what_it_is_and_is_on_the_first_screen(as_manager, offer):
    page = text_of(as_manager.get(url_of(offer)))
    assert "It is not reserved at the operator" in page
    assert f'href="{url_of(offer)}"' in text_of(as_manager.get(reverse("home")))
    # All that is said of it there is read at once.
    [shown] = open_offers(offer.wish.fleet)
    with CaptureQueriesContext(connection) as captured:
        assert render_to_string("waiting/_offers.html", {"offers": [shown]})
    assert len(captured) == 0


@pytest.mark.parametrize("who", ["as_manager", "as_viewer"])
def test_an_offer_on_the_first_screen_leads_where_its_reader_may_go(request, offer, who):
    as_reader = request.getfixturevalue(who)
    link = re.search(r'id="offer-\d+" href="([^"]+)"', as_reader.get("/").content.decode())[1]
    assert as_reader.get(link).status_code == 200


def test_an_offer_taken_is_a_booking(as_manager, offer, confirmed):
    response = as_manager.post(url_of(offer), {"driver": offer.wish.driver_id})
    booking = Booking.objects.exclude(pk=confirmed.pk).get()
    assert response["Location"] == reverse("bookings:detail", args=[booking.pk])
    assert (booking.driver, booking.start_at) == (offer.wish.driver, offer.start_at)
    assert state_of(offer.wish) == "asked"
    # A second click leads to the same one.
    assert as_manager.post(url_of(offer))["Location"] == response["Location"]
    assert Booking.objects.count() == 2


def test_an_offer_that_is_gone_is_said_and_waited_for_again(as_manager, offer, operator, evse):
    operator.add_booking(
        location_id=101, evse_id=301, start_at=offer.start_at, end_at=offer.end_at, user_id=7002
    )
    from tests.small_operator import forget_free_times

    forget_free_times()
    page = text_of(as_manager.post(url_of(offer)))
    assert "This charger is no longer free at that time." in page
    assert "This offer is over." in page
    assert state_of(offer.wish) == "waiting"


def test_an_offer_that_is_over_cannot_be_taken(as_manager, offer):
    offer.expires_at = now()
    offer.save()
    assert "This offer is over." in text_of(as_manager.post(url_of(offer)))
    assert Booking.objects.count() == 1


def test_an_offer_let_pass_goes_to_the_next(as_manager, offer, wait, evse):
    second = wait()
    as_manager.post(reverse("waiting:let_pass", args=[offer.uid]))
    assert state_of(offer.wish) == "waiting"
    look(evse)
    assert (state_of(offer.wish), state_of(second)) == ("waiting", "offered")


def test_another_driver_may_be_picked_for_an_offer(as_manager, offer, fleet, other_fleet):
    theirs = DriverFactory(fleet=other_fleet)
    assert as_manager.post(url_of(offer), {"driver": theirs.pk}).status_code == 404
    off = DriverFactory(fleet=fleet, status="disabled")
    page = text_of(as_manager.post(url_of(offer), {"driver": off.pk}))
    assert "The operator has disabled this driver." in page
    assert state_of(offer.wish) == "offered"


def test_the_list_costs_the_same_however_long(as_manager, fleet, django_assert_max_num_queries):
    WishFactory.create_batch(25, fleet=fleet)
    with django_assert_max_num_queries(9):
        page = text_of(as_manager.get(reverse("waiting:list")))
    assert page.count('id="wish-') == 25


def test_a_time_that_the_clocks_skip_is_said(as_manager, filled_in, charger):
    """In New York, on the second Sunday of March, from 2:00 to 3:00."""
    year = next_noon().year + (next_noon().month > 2)
    day = next(
        datetime.combine(datetime(year, 3, date, tzinfo=UTC), time(), UTC)
        for date in range(8, 15)
        if datetime(year, 3, date, tzinfo=UTC).weekday() == 6
    )
    sent = {"from_day": f"{day:%Y-%m-%d}", "from_time": "02:30"}
    sent |= {"until_day": f"{day:%Y-%m-%d}", "until_time": "23:00"}
    page = text_of(as_manager.post(NEW, filled_in | sent))
    assert "There is no 02:30 on this day" in page


def test_a_form_sent_twice_is_one_wish_though_the_first_is_fulfilled_meanwhile(
    as_manager, filled_in
):
    typed = filled_in | {"submission_key": str(uuid.uuid4())}
    first = as_manager.post(NEW, typed)
    # Between a form and its repetition, which somebody sends who got no answer.
    Wish.objects.update(state=Wish.State.FULFILLED, key="")
    again = as_manager.post(NEW, typed)
    assert again["Location"] == first["Location"]
    assert Wish.objects.count() == 1


def test_a_form_to_wait_has_a_key_of_its_own_and_keeps_it(as_manager, charger, filled_in):
    page = as_manager.get(NEW, {"site": charger.charge_point.location_id}).content.decode()
    key = re.search(r'name="submission_key" value="([^"]+)"', page)[1]
    typed = filled_in | {"submission_key": key, "minutes": ""}
    assert f'name="submission_key" value="{key}"' in as_manager.post(NEW, typed).content.decode()


def test_the_page_of_a_wish_looks_again_as_long_as_it_is_open(as_manager, filled_in):
    as_manager.post(NEW, filled_in)
    wish = Wish.objects.get()
    address = reverse("waiting:detail", args=[wish.pk])
    assert "data-look-every" in text_of(as_manager.get(address))
    part = as_manager.get(address, headers={"HX-Request": "true"})
    assert "data-look-every" in text_of(part)
    assert "<html" not in text_of(part)
    as_manager.post(reverse("waiting:cancel", args=[wish.pk]))
    assert "data-look-every" not in text_of(as_manager.get(address))


def test_what_does_not_fit_is_listed_last_with_why(as_manager, filled_in, fleet, charger):
    charger.connectors.update(type="ccs1")
    van = VehicleFactory(fleet=fleet, number="Van 1", plugs=["ccs2"])
    named = {"site": charger.charge_point.location_id, "evse": charger.pk, "vehicle": van.pk}
    page = text_of(as_manager.get(NEW, named))
    assert page.count('<optgroup label="Does not fit">') == 2
    reason = "This charger has CCS1, the vehicle takes CCS2."
    assert f"{charger.name}: {reason}" in page
    assert f"{van.name}: {reason}" in page


def test_a_vehicle_does_not_wait_for_a_charger_that_it_does_not_fit(
    as_manager, filled_in, fleet, charger
):
    charger.connectors.update(type="ccs1")
    van = VehicleFactory(fleet=fleet, number="Van 1", plugs=["ccs2"])
    page = text_of(as_manager.post(NEW, filled_in | {"vehicle": van.pk}))
    assert f"{van.name} would never get this charger. This charger has CCS1" in page
    assert not Wish.objects.exists()
