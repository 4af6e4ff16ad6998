import pytest

from sites.facts import (
    CONNECTOR_TYPES,
    access_labels,
    address_lines,
    connector_label,
    facility_labels,
    hours_text,
    map_url,
    opening_days,
)
from sites.models import Location


@pytest.mark.parametrize(
    ("spans", "text"),
    [
        ([["08:00", "18:00"]], "08:00 to 18:00"),
        ([["08:00", "12:00"], ["13:00", "18:00"]], "08:00 to 12:00, 13:00 to 18:00"),
        ([["22:00", "06:00"]], "22:00 to 06:00 the next day"),
        ([["18:00", "24:00"]], "18:00 to 24:00"),
        ([["00:00", "24:00"]], "All day"),
        ([["00:00", "23:59"]], "All day"),
        ([["00:00", "00:00"]], "All day"),
        ([], "Closed"),
        (None, "Unknown"),
    ],
)
def test_hours_of_a_day_in_words(spans, text):
    assert hours_text(spans) == text


def test_a_week_begins_on_monday_and_days_without_hours_are_closed():
    days = opening_days(Location(opening_hours={"sunday": [["10:00", "12:00"]]}))

    assert [day.name for day in days][0::6] == ["Monday", "Sunday"]
    assert [day.hours for day in days] == ["Closed"] * 6 + ["10:00 to 12:00"]


def test_hours_that_are_not_known_are_not_made_up():
    assert opening_days(Location(opening_hours={})) == []
    days = opening_days(Location(opening_hours={"monday": [["08:00", "18:00"]], "tuesday": None}))
    assert [day.hours for day in days[:3]] == ["08:00 to 18:00", "Unknown", "Closed"]


def test_an_address_is_put_together_from_its_parts_where_there_is_no_full_one():
    parts = {"street_address": "Kai 1", "post_code": "8005", "city": "Zürich"}

    assert address_lines(Location(address="Kai 1, Zürich", **parts)) == ["Kai 1, Zürich"]
    assert address_lines(Location(**parts)) == ["Kai 1", "8005 Zürich"]


def test_a_map_wants_both_coordinates():
    assert "mlat=0.000000&mlon=-74.100000" in map_url(Location(latitude=0, longitude=-74.1))
    assert map_url(Location(latitude=1, longitude=None)) == ""


def test_codes_that_we_do_not_know_can_still_be_read():
    assert connector_label("gb-t-dc") == "GB/T DC"
    assert connector_label("new-plug") == "new plug"
    assert access_labels(["OPEN", "RETINA_SCAN"]) == ["Open to everybody", "Retina scan"]
    assert facility_labels(["WIFI"]) == ["Wi-Fi"]


def test_every_connector_of_the_contract_has_a_name():
    from ampeco.types import CONNECTOR_TYPES as KNOWN

    assert CONNECTOR_TYPES.keys() == KNOWN
