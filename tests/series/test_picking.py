"""What the form of a series offers: what does not fit last, with why; never all of a fleet."""

import re

import pytest
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext

from series.changing import begin_series
from series.models import Series
from sites.models import Evse
from tests.factories import DriverFactory, EvseFactory, VehicleFactory
from vehicles.pages.offer import MOST_SHOWN

pytestmark = pytest.mark.django_db

REASON = "This charger gives AC, which the vehicle does not take."
PART = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def truck(fleet, driver):
    """A vehicle for the first charger alone."""
    return VehicleFactory(
        fleet=fleet, number="Truck 9", usual_driver=driver, plugs=["ccs1"], ac_kw=0
    )


@pytest.fixture
def slow(evse):
    return Evse.objects.get(ampeco_id=302)


@pytest.fixture
def typed(fleet, tomorrow):
    """What somebody types, but for who charges and where."""
    return {
        "fleet": str(fleet.pk),
        "site": "Pier 40",
        "weekdays": ["0", "1", "2", "3", "4"],
        "start": "20:00",
        "end": "04:00",
        "first_day": tomorrow.isoformat(),
        "weeks": "4",
        "submission_key": "6f1c0b0e-52f5-4a5c-9f0c-6a2c33a1a002",
    }


def text_of(answer) -> str:
    return re.sub(r"\s+", " ", answer.content.decode().replace("&#x27;", "'"))


def options_of(text: str) -> list[str]:
    """Return the chargers of the list as they are read, in their order."""
    drawn = text.split('id="id_charger"')[1].split("</select>")[0]
    return re.findall(r"<option[^>]*>([^<]*)</option>", drawn)


class TestChargers:
    def test_what_does_not_fit_comes_last_with_why(self, as_manager, evse, slow, truck):
        page = text_of(as_manager.get("/series/new/", {"site": "Pier 40", "vehicle": "truck 9"}))
        assert options_of(page) == [
            "Any charger that fits",
            evse.name,
            f"{slow.name}: {REASON}",
        ]
        assert '<optgroup label="Does not fit">' in page

    def test_they_follow_the_site_and_the_vehicle(self, as_manager, evse, slow, truck):
        address = "/series/new/chargers/"
        assert options_of(text_of(as_manager.get(address, **PART))) == ["Any charger that fits"]
        named = {"site": "pier 40", "charger": slow.pk}
        part = text_of(as_manager.get(address, named, **PART))
        assert "<html" not in part
        assert f'<option value="{slow.pk}" selected>' in part
        assert REASON not in part
        part = text_of(as_manager.get(address, named | {"vehicle": truck.pk}, **PART))
        assert options_of(part)[-1] == f"{slow.name}: {REASON}"
        # A vehicle that was typed and not picked counts as well.
        part = text_of(as_manager.get(address, named | {"vehicle_query": "truck 9"}, **PART))
        assert options_of(part)[-1] == f"{slow.name}: {REASON}"
        # At another site it is not there, and any is picked.
        other = EvseFactory(charge_point__location__name="Elsewhere")
        part = text_of(as_manager.get(address, named | {"site": "Elsewhere"}, **PART))
        assert options_of(part) == ["Any charger that fits", other.name]
        assert "selected" not in part

    @pytest.mark.parametrize("there", ["elsewhere", "nowhere"])
    def test_what_is_none_of_the_site_is_said(self, as_manager, typed, truck, there):
        other = EvseFactory(charge_point__location__name="Elsewhere")
        key = other.pk if there == "elsewhere" else 999
        answer = as_manager.post("/series/new/", typed | {"vehicle": truck.pk, "charger": key})
        assert answer.context["form"].errors["charger"] == [
            "This charger cannot be booked here. Please pick another one."
        ]

    def test_a_name_that_means_none_stays_beside_what_is_said_of_it(self, as_manager, typed, truck):
        data = typed | {"vehicle": truck.pk, "charger": "Bay 7"}
        page = text_of(as_manager.post("/series/new/", data))
        assert "No charger called “Bay 7” can be booked at Pier 40." in page
        assert '<option value="Bay 7" selected>Bay 7</option>' in page

    def test_what_was_picked_is_what_is_booked(self, as_manager, typed, truck, evse, settings):
        settings.BOOKING_HORIZON_DAYS = 35
        data = typed | {"vehicle": truck.pk, "charger": evse.pk}
        shown = as_manager.post("/series/new/", data)
        as_manager.post("/series/new/", data | {"seen": shown.context["seen"], "send": "1"})
        series = Series.objects.get()
        assert (series.vehicle, series.evse) == (truck, evse)


class TestVehicles:
    def test_what_does_not_fit_comes_last_with_why(self, as_manager, slow, truck, van):
        VehicleFactory(fleet=truck.fleet, number="Aardvark", plugs=["ccs1"], ac_kw=0)
        named = {"site": "Pier 40", "charger": slow.pk}
        part = text_of(as_manager.get("/series/new/vehicles/", named, **PART))
        assert "<html" not in part
        places = [part.index(number) for number in ("Van 1", "Aardvark", "Truck 9")]
        assert places == sorted(places)
        assert part.count("form-check is-misfit") == 2
        assert part.count(REASON) == 2
        # At the site as a whole there is one for each.
        part = text_of(as_manager.get("/series/new/vehicles/", {"site": "Pier 40"}, **PART))
        assert "is-misfit" not in part

    def test_they_stand_in_the_form_as_well(self, as_manager, slow, truck, van):
        named = {"site": "Pier 40", "charger": slow.name, "vehicle": "Van 1"}
        page = text_of(as_manager.get("/series/new/", named))
        assert re.search(rf'value="{van.pk}" checked', page)
        assert REASON in page

    def test_another_fleets_is_neither_shown_nor_taken(self, as_manager, typed, driver, evse):
        theirs = VehicleFactory(number="Theirs 1")
        for name in ("vehicle", "vehicle_query"):
            for key in (theirs.pk, "Theirs 1"):
                part = as_manager.get("/series/new/vehicles/", {name: key}, **PART)
                assert "No vehicle in your fleet matches" in text_of(part) or name == "vehicle"
                assert f'value="{theirs.pk}"' not in text_of(part)
        answer = as_manager.post("/series/new/", typed | {"vehicle": theirs.pk})
        assert "not in your fleet" in str(answer.context["form"].errors["vehicle"])
        assert not Series.objects.exists()

    def test_one_that_is_picked_and_another_that_is_typed_is_asked_about(
        self, as_manager, typed, truck, van
    ):
        data = typed | {"vehicle": truck.pk, "vehicle_query": "van 1"}
        answer = as_manager.post("/series/new/", data)
        (problem,) = answer.context["form"].errors["vehicle"]
        assert "Truck 9" in problem
        assert "Van 1" in problem
        page = text_of(answer)
        assert 'name="vehicle_query" value="van 1"' in page
        assert re.search(rf'value="{truck.pk}" checked', page)
        # What only searches says nothing against what is picked.
        data = typed | {"vehicle": truck.pk, "vehicle_query": "van"}
        assert not as_manager.post("/series/new/", data).context["form"].errors

    def test_what_is_only_typed_counts(self, as_manager, typed, van):
        answer = as_manager.post("/series/new/", typed | {"vehicle_query": "van 1"})
        assert answer.context["form"].wanted.vehicle == van

    def test_a_series_whose_vehicle_was_retired_says_so(self, as_manager, nights, manager, van):
        series = nights(vehicle=van)
        begin_series(series, user=manager)
        address = f"/series/{series.pk}/change/"
        page = text_of(as_manager.get(address))
        assert re.search(rf'value="{van.pk}" checked', page)
        van.retired_at = series.created_at
        van.save()
        assert 'name="vehicle_query" value="Van 1"' in text_of(as_manager.get(address))


def test_without_scripts_a_search_leaves_all_as_it_was(as_manager, typed, slow, truck):
    data = typed | {"vehicle_query": "truck", "reference": "Tour 4711", "end": "", "find": "1"}
    page = text_of(as_manager.post("/series/new/", data))
    assert "Truck 9" in page
    assert slow.name in page
    for value in ("Pier 40", "truck", "Tour 4711", "20:00"):
        assert f'value="{value}"' in page
    assert page.count("checked") >= 5
    assert "field__error" not in page
    assert not Series.objects.exists()


def test_a_large_fleet_costs_no_more(as_manager, fleet, evse, truck):
    def ask(address: str) -> tuple[int, str]:
        named = {"site": "Pier 40", "vehicle_query": "van", "charger": str(evse.pk)}
        with CaptureQueriesContext(connection) as queries:
            text = text_of(as_manager.get(address, named))
        return len(queries), text

    for address in ("/series/new/", "/series/new/chargers/", "/series/new/vehicles/"):
        few, _text = ask(address)
        for _each in range(12):
            VehicleFactory(fleet=fleet, usual_driver=DriverFactory(fleet=fleet))
            EvseFactory(charge_point=evse.charge_point)
        many, text = ask(address)
        assert many <= few + 1, address
        assert text.count('name="vehicle" id=') <= MOST_SHOWN + 1


def test_names_and_keys_of_any_kind_are_taken(as_manager, evse):
    for junk in ("٣", "9" * 30, "\x00", "a" * 5000, "-1"):
        query = QueryDict(mutable=True)
        query.update({"site": junk, "vehicle": junk, "charger": junk, "vehicle_query": junk})
        for address in ("/series/new/", "/series/new/chargers/", "/series/new/vehicles/"):
            assert as_manager.get(f"{address}?{query.urlencode()}").status_code == 200, junk
