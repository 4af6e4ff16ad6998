"""What slots cost, on the pages where people pick and ask for them: by the operator's tariffs."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.timezone import now

from bookings.models import Booking, BookingRequest
from drivers.models import Driver
from sandbox.world import cast
from sandbox.world.records import ChargePoint, Connector, Location
from sandbox.world.records import Evse as Charger
from sites.mirroring import full_walk
from sites.models import Evse
from tariffs.mirroring import sync_tariffs
from tests.bookings.pages.test_new import filled, params
from tests.factories import VehicleFactory
from tests.priced_operator import *  # noqa: F403
from tests.priced_operator import day_and_night, for_group, part, site, table_of, tariff, text_of
from tests.small_operator import slot_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("still")]

NEW = "/bookings/new/"
PRICE = "/bookings/new/price/"
CHEAPER = "/bookings/new/cheaper/"


# The picker


def test_the_picker_says_what_each_charger_costs(as_manager, slot, operator_prices):
    operator_prices.price(301, tariff(1, pricePerKwh=0.5, connectionFee=1))
    operator_prices.price(302, tariff(2, pricePerKwh=0.3))
    page = text_of(as_manager.get(site(slot)))
    fast = part(page, f'id="picker-charger-{slot.evse.pk}"', 'id="picker-charger-')
    assert "About <strong>16.00 USD</strong>" in fast
    assert "<dt>Energy</dt><dd>15.00 USD</dd>" in fast
    assert "<dt>Start fee</dt><dd>1.00 USD</dd>" in fast
    assert "30.0 kWh at 50 kW" in fast
    # In an hour an AC charger of 11 kW gives no more.
    assert "About <strong>3.30 USD</strong>" in page
    assert "Prices are estimates for the drivers of your fleet" in page


def test_without_prices_the_picker_is_as_before(as_manager, slot, operator, ampeco_client, wire):
    Evse.objects.update(ampeco_tariff_group_id=301)
    operator.forbidden.append("tariffs")
    assert sync_tariffs(client=ampeco_client).state == "finished"
    wire.sent.clear()
    page = text_of(as_manager.get(site(slot)))
    assert "Bay 301" in page
    form = text_of(as_manager.get(NEW, params(slot)))
    for each in (page, form):
        assert 'class="price"' not in each
        assert "Prices are estimates" not in each
        assert "slot-price" not in each
    assert wire.count("tariffs") == 0


def test_a_free_charger_says_so(as_manager, slot, operator_prices):
    operator_prices.price(301, tariff(1, "free"))
    assert "<strong>Free of charge</strong>" in text_of(as_manager.get(site(slot)))
    assert "<strong>Free of charge</strong>" in text_of(as_manager.get(NEW, params(slot)))


def test_what_cannot_be_estimated_shows_its_terms(as_manager, slot, operator_prices):
    kind = "optimised dynamic pricing"
    operator_prices.price(
        301, tariff(1, kind, thresholdPriceForEnergy=0.2, priceForEnergyWhenOptimized=0.29)
    )
    page = text_of(as_manager.get(NEW, params(slot)))
    assert "The price cannot be estimated" in page
    assert "The price follows the electricity market." in page


def test_starts_say_what_they_cost_where_that_differs(as_manager, slot, operator_prices):
    local = slot.start_at.astimezone(slot.location.zone)
    later = f"{local + timedelta(hours=1):%H}:00"
    operator_prices.price(301, day_and_night(local))
    page = text_of(as_manager.get(site(slot)))
    row = part(page, f'id="picker-charger-{slot.evse.pk}"', 'id="picker-charger-')
    assert "<small>15.00 USD</small>" in row
    assert "<small>6.00 USD</small>" in row
    assert f"from {local:%H:%M}</span>" in row
    cheaper = part(page, 'id="picker-cheaper"', "</p>")
    assert f"Bay 301 (REF-301) from {later} for 6.00 USD" in cheaper
    picked = as_manager.get(part(cheaper, 'id="pick-cheaper" href="', '"').replace("&amp;", "&"))
    assert "About <strong>6.00 USD</strong>" in text_of(picked)


def test_where_the_driver_may_not_charge_comes_last_and_offers_nothing(
    as_manager, slot, operator, operator_prices, driver
):
    operator.users[cast.ANA.id].group_ids.append(61)
    allowed = tariff(1, pricePerKwh=0.5)
    operator_prices.price(
        301, allowed, tariff(2, "charging not allowed", restrictions=for_group(61))
    )
    operator_prices.price(302, tariff(3, pricePerKwh=0.3))
    page = text_of(as_manager.get(site(slot, driver=driver.pk, draft=1)))
    assert page.index("Bay 302 (REF-302)</h3>") < page.index("Bay 301 (REF-301)</h3>")
    row = page.split(f'id="picker-charger-{slot.evse.pk}"', 1)[1]
    assert "Ana Alvarez may not charge here: the operator’s tariff does not allow it." in row
    assert "slot-chip" not in row.split("</ul>", 1)[0]
    ben = Driver.objects.get(ampeco_user_id=cast.BEN.id)
    page = text_of(as_manager.get(site(slot, driver=ben.pk, draft=1)))
    assert "may not charge here" not in page
    assert "Prices are estimates for Ben Okafor" in page


def test_a_tariff_call_that_fails_leaves_the_picker_alone(
    as_manager, slot, operator, operator_prices, wire
):
    operator_prices.price(
        301, tariff(1, pricePerKwh=0.5), tariff(2, "free", restrictions=for_group(61))
    )
    operator.faults.add("server-error", count=8, method="GET", path="tariffs")
    page = text_of(as_manager.get(site(slot)))
    assert "slot-chip" in page
    assert 'class="price"' not in page
    assert 'href="/bookings/new/' in page


def test_warm_prices_cost_two_queries_and_no_call(as_manager, slot, operator_prices, wire):
    without = queries(as_manager, site(slot))
    operator_prices.price(
        301, tariff(1, pricePerKwh=0.5), tariff(2, "free", restrictions=for_group(61))
    )
    operator_prices.price(302, tariff(3, pricePerKwh=0.3))
    as_manager.get(site(slot))
    assert wire.count("resources/tariffs") <= 4
    wire.sent.clear()
    assert queries(as_manager, site(slot)) <= without + 2
    form = queries(as_manager, f"{NEW}?" + "&".join(f"{k}={v}" for k, v in params(slot).items()))
    Evse.objects.update(ampeco_tariff_group_id=None)
    assert form <= 2 + queries(
        as_manager, f"{NEW}?" + "&".join(f"{k}={v}" for k, v in params(slot).items())
    )
    assert wire.count("tariffs") == 0


def queries(client, address: str) -> int:
    client.get(address)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


# The form


def test_the_form_follows_driver_and_vehicle(
    as_manager, fleet, slot, operator, operator_prices, driver
):
    operator.users[cast.ANA.id].group_ids.append(61)
    favoured = tariff(2, pricePerKwh=0.2, restrictions=for_group(61))
    operator_prices.price(301, tariff(1, pricePerKwh=0.5), favoured)
    ben = Driver.objects.get(ampeco_user_id=cast.BEN.id)
    assert "6.00 USD" in text_of(as_manager.get(PRICE, params(slot, driver=driver.pk)))
    assert "15.00 USD" in text_of(as_manager.get(PRICE, params(slot, driver=ben.pk)))
    truck = VehicleFactory(fleet=fleet, battery_kwh=95, dc_kw=100, ac_kw=11, plugs=["ccs1"])
    # From 20 % to 80 % are 57 kWh in the battery, and 60 at the meter.
    page = text_of(as_manager.get(PRICE, params(slot, driver=ben.pk, vehicle=truck.pk)))
    assert "30.00 USD" in page
    assert "from 20 % to 80 %" in page
    page = text_of(as_manager.get(NEW, params(slot, draft=1, driver=ben.pk, vehicle=truck.pk)))
    assert "30.00 USD" in part(page, 'id="slot-price"', "</details>")


def test_any_charger_costs_between_two_amounts(as_manager, slot, operator_prices, driver):
    operator_prices.price(301, tariff(1, pricePerKwh=0.5))
    operator_prices.price(303, tariff(2, pricePerKwh=0.3))
    wanted = params(slot, any="1", current="dc", driver=driver.pk)
    del wanted["evse"]
    assert "9.00 to 15.00 USD" in text_of(as_manager.get(PRICE, wanted))


def test_what_cannot_be_seen_tells_no_price(as_manager, as_other_manager, slot, operator_prices):
    evse = Evse.objects.get(ampeco_id=301)
    evse.charge_point.type = "private"
    evse.charge_point.ampeco_partner_id = 999
    evse.charge_point.save()
    for page in (PRICE, CHEAPER):
        assert as_other_manager.get(page, params(slot)).status_code == 404


def test_a_cheaper_charger_at_the_same_time_is_said_and_picked(
    as_manager, slot, operator_prices, driver
):
    operator_prices.price(301, tariff(1, pricePerKwh=0.5))
    operator_prices.price(302, tariff(2, pricePerKwh=0.1))
    operator_prices.price(303, tariff(3, pricePerKwh=0.3))
    page = text_of(as_manager.get(CHEAPER, params(slot, driver=driver.pk, reference="Job 7")))
    # The slow charger costs less still, and gives less.
    assert "Cheaper: Bay 303 (REF-303) at the same time for 9.00 USD instead of 15.00 USD." in page
    url = part(page, 'id="pick-cheaper" href="', '"').replace("&amp;", "&")
    query = parse_qs(urlsplit(url).query)
    assert query["driver"] == [str(driver.pk)]
    assert query["reference"] == ["Job 7"]
    assert "Bay 303" in text_of(as_manager.get(url))


def test_a_cheaper_time_is_said(as_manager, slot, operator_prices, driver):
    operator_prices.price(301, day_and_night(slot.start_at.astimezone(slot.location.zone)))
    page = text_of(as_manager.get(CHEAPER, params(slot, driver=driver.pk)))
    assert "Cheaper: Bay 301 (REF-301)," in page
    assert "for 6.00 USD instead of 15.00 USD." in page


def test_a_little_less_is_not_worth_a_word(as_manager, slot, operator_prices, driver):
    operator_prices.price(301, tariff(1, pricePerKwh=0.5))
    operator_prices.price(303, tariff(3, pricePerKwh=0.46))
    assert "Cheaper" not in text_of(as_manager.get(CHEAPER, params(slot, driver=driver.pk)))


def test_what_is_taken_or_in_another_currency_is_not_cheaper(
    as_manager, slot, operator, operator_prices, driver, ask
):
    operator_prices.price(301, tariff(1, pricePerKwh=0.5))
    operator_prices.price(303, tariff(3, pricePerKwh=0.1, currency="EUR"))
    assert "Cheaper" not in text_of(as_manager.get(CHEAPER, params(slot, driver=driver.pk)))
    operator.tariffs[3].currency = "USD"
    operator.tariffs[3].updated_at = now()
    operator_prices.read()
    page = text_of(as_manager.get(CHEAPER, params(slot, driver=driver.pk)))
    assert "Bay 303 (REF-303) at the same time for 3.00 USD" in page
    other = Evse.objects.select_related("charge_point__location").get(ampeco_id=303)
    ask(slot_of(other, slot.start_at), driver=Driver.objects.get(ampeco_user_id=cast.BEN.id))
    assert "at the same time" not in text_of(as_manager.get(CHEAPER, params(slot)))


# What is kept of it


def test_what_was_shown_is_kept_and_said_on_the_bookings_page(
    as_manager, slot, operator_prices, driver, wire
):
    operator_prices.price(301, tariff(1, pricePerKwh=0.5, connectionFee=1))
    assert "16.00 USD" in text_of(as_manager.get(NEW, params(slot, draft=1, driver=driver.pk)))
    wire.sent.clear()
    page = text_of(as_manager.post(NEW, filled(slot, driver), follow=True))
    assert wire.count("tariffs") == 0
    kept = BookingRequest.objects.get().price_shown
    assert kept == {
        "least": "16.00",
        "most": "16.00",
        "currency": "USD",
        "kwh": "30.0",
        "kw": "50.0",
    }
    shown = part(page, 'id="price-shown"', "</dd>")
    assert "16.00 USD" in shown
    assert "30.0 kWh at 50 kW" in shown
    # It stays what was said, whatever is charged later.
    operator_prices.price(301, tariff(1, pricePerKwh=0.9))
    page = text_of(as_manager.get(reverse("bookings:detail", args=[Booking.objects.get().pk])))
    assert "16.00 USD" in part(page, 'id="price-shown"', "</dd>")


def test_of_a_short_slot_what_it_gives_is_kept_not_what_the_vehicle_needs(
    as_manager, slot, operator_prices, driver
):
    operator_prices.price(302, tariff(1, pricePerKwh=0.5))
    slow = Evse.objects.select_related("charge_point__location").get(ampeco_id=302)
    page = as_manager.post(NEW, filled(slot_of(slow, slot.start_at), driver), follow=True)
    kept = BookingRequest.objects.get().price_shown
    assert (kept["least"], kept["kwh"], kept["kw"]) == ("5.50", "11.0", "11.0")
    assert "11.0 kWh at 11 kW" in part(text_of(page), 'id="price-shown"', "</dd>")


@pytest.mark.parametrize("kept", [{}, [], "x", {"least": "x", "most": "1", "currency": "USD"}])
def test_what_makes_no_sense_is_not_said(as_manager, request_row, kept):
    BookingRequest.objects.update(price_shown=kept)
    page = text_of(as_manager.get(reverse("bookings:detail", args=[request_row.booking_id])))
    assert "price-shown" not in page


def test_without_a_price_nothing_is_kept(as_manager, slot, driver):
    page = text_of(as_manager.post(NEW, filled(slot, driver), follow=True))
    assert BookingRequest.objects.get().price_shown is None
    assert "price-shown" not in page


def test_a_change_keeps_what_it_costs(as_manager, confirmed, operator_prices, workers, operator):
    operator_prices.price(301, tariff(1, pricePerKwh=0.5))
    address = reverse("bookings:change", args=[confirmed.pk])
    page = text_of(as_manager.get(address))
    assert "About <strong>15.00 USD</strong>" in part(page, 'id="change-price"', "</div>")
    start = confirmed.start_at + timedelta(hours=1)
    local = start.astimezone(confirmed.zone)
    form = as_manager.get(address).context["form"]
    answer = as_manager.post(
        address,
        {
            "day": f"{local:%Y-%m-%d}",
            "time": f"{local:%H:%M}",
            "minutes": "30",
            "driver": confirmed.driver_id,
            "version": confirmed.version,
            "submission_key": form["submission_key"].value(),
        },
    )
    assert answer.status_code == 302
    update = BookingRequest.objects.get(kind=BookingRequest.Kind.UPDATE)
    # In half an hour no more than 25 kWh.
    assert update.price_shown["most"] == "12.50"


# Where else slots are picked


def test_alternatives_say_what_they_cost(as_manager, slot, operator_prices, request_row, operator):
    operator_prices.price(301, tariff(1, pricePerKwh=0.5))
    operator_prices.price(303, tariff(3, "free"))
    address = reverse("bookings:alternatives", args=[request_row.booking_id])
    page = text_of(as_manager.get(address))
    assert "About 15.00 USD" in part(page, 'id="other-times"', "</ul>")
    assert "Free of charge" in part(page, 'id="other-chargers"', "</ul>")


def test_a_table_says_what_each_row_costs_and_all_together(
    as_manager, fleet, manager, slot, operator_prices, driver
):
    operator_prices.price(301, tariff(1, pricePerKwh=0.5))
    operator_prices.price(303, tariff(3, pricePerKwh=0.3))
    batch = table_of(fleet, manager, slot, driver)
    page = text_of(as_manager.get(reverse("batches:table", args=[batch.pk])))
    assert "About <strong>15.00 USD</strong>" in page
    assert "About <strong>9.00 USD</strong>" in page
    assert "About <strong>24.00 USD</strong> together" in part(page, 'id="batch-cost"')


def test_a_series_says_what_its_dates_cost(as_manager, slot, operator_prices, driver):
    operator_prices.price(301, tariff(1, pricePerKwh=0.5))
    local = slot.start_at.astimezone(slot.location.zone)
    page = as_manager.get(reverse("series:new"))
    answer = as_manager.post(
        reverse("series:new"),
        {
            "site": slot.location.name,
            "charger": slot.evse.name,
            "driver": driver.email,
            "weekdays": [str(local.weekday())],
            "start": f"{local:%H:%M}",
            "end": f"{local + timedelta(hours=1):%H:%M}",
            "first_day": f"{local:%Y-%m-%d}",
            "weeks": "2",
            "submission_key": page.context["form"]["submission_key"].value(),
        },
    )
    shown = text_of(answer)
    assert "About 15.00 USD" in part(shown, f'id="day-{local:%Y-%m-%d}"')
    assert "30.00 USD" in part(shown, 'id="dates-cost"', "</p>")


def test_a_site_near_by_that_costs_less_is_said(
    as_manager, slot, operator, operator_prices, driver, ampeco_client
):
    long_ago = now() - timedelta(days=30)
    operator.add_location(
        Location(102, {"en": "Pier 61"}, "US", 40.75, -74.0, "America/New_York", long_ago)
    )
    operator.add_charge_point(ChargePoint(202, "CP-2", 102, long_ago))
    plugs = [Connector(3100, "ccs1")]
    operator.add_evse(Charger(310, 202, "REF-310", "Bay 310", "dc", 150, plugs, long_ago))
    full_walk.sync_sites(client=ampeco_client, full=True)
    operator_prices.price(301, tariff(1, pricePerKwh=0.5), read=False)
    operator_prices.price(303, tariff(1, pricePerKwh=0.5), read=False)
    operator_prices.price(310, tariff(2, pricePerKwh=0.2))
    page = text_of(as_manager.get(CHEAPER, params(slot, driver=driver.pk)))
    assert "Cheaper near by: Bay 310 (REF-310) at Pier 61, 5.6 km away" in page
    assert "for 6.00 USD instead of 15.00 USD" in page
