"""The list of sessions as a file for spreadsheets."""

import csv
import io
from datetime import timedelta
from decimal import Decimal

import pytest

from charging.models import Session
from charging.selectors import listing
from tests.charging.charged import last_month, this_month
from tests.factories import (
    CostCentreFactory,
    DriverFactory,
    EvseFactory,
    SessionFactory,
    VehicleFactory,
)

pytestmark = pytest.mark.django_db

URL = "/charging/export.csv"


def rows_of(answer) -> list[dict[str, str]]:
    """Read a file as a program would that knows nothing of the portal."""
    assert answer.status_code == 200
    text = answer.getvalue().decode("utf-8-sig")
    delimiter = ";" if text.partition("\n")[0].count(";") else ","
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter))


def test_a_line_tells_all_of_a_session(as_viewer, fleet):
    session = SessionFactory(
        fleet=fleet,
        driver=DriverFactory(
            fleet=fleet, first_name="Zoë", last_name="O'Brien, Jr.", email="zoe@x.example"
        ),
        evse=EvseFactory(
            label="Bay 7",
            charge_point__location__name='Depot "Süd"',
            charge_point__location__timezone="America/New_York",
        ),
        vehicle=VehicleFactory(fleet=fleet, number="Van 14", plate="HPF 14"),
        cost_centre=CostCentreFactory(fleet=fleet, code="=CC", name="Parcels"),
        reference="Tour; 4711",
        started_at=this_month(10),
        amount=Decimal("12.3400"),
    )
    (row,) = rows_of(as_viewer.get(URL))
    start = session.started_at.astimezone(session.location.zone)
    expected = {
        "Operator's number": session.ampeco_id,
        "Status": "Finished",
        "Start": start.isoformat(timespec="seconds"),
        "Time zone": "America/New_York",
        "Site": 'Depot "Süd"',
        "Charger": "Bay 7",
        "Driver": "Zoë O'Brien, Jr.",
        "E-mail": "zoe@x.example",
        "Vehicle": "Van 14",
        "Plate": "HPF 14",
        # No spreadsheet takes it for a formula.
        "Cost centre": "'=CC",
        "Cost centre's name": "Parcels",
        "Reference": "Tour; 4711",
        "Booking": "",
        "Currency": "EUR",
        "Payment": "Paid",
    }
    assert {name: row[name] for name in expected} == expected
    assert Decimal(row["Cost with tax"]) == Decimal("12.34")
    assert Decimal(row["Energy (kWh)"]) == 30


def test_it_has_what_the_list_shows(as_manager, fleet):
    wanted = SessionFactory(fleet=fleet, started_at=this_month(10), reference="Tour 1")
    SessionFactory(fleet=fleet, started_at=this_month(10), reference="Else")
    SessionFactory(fleet=fleet, started_at=last_month(), reference="Tour 2")
    SessionFactory(started_at=this_month(10), reference="Tour 3")
    rows = rows_of(as_manager.get(URL, {"q": "tour"}))
    assert [row["Operator's number"] for row in rows] == [wanted.ampeco_id]


def test_sums_of_the_file_are_those_of_the_page(as_manager, fleet, monkeypatch):
    monkeypatch.setattr(listing, "BATCH_SIZE", 4)
    at = this_month(10)
    for number in range(11):
        # Some begin in the same moment.
        SessionFactory(
            fleet=fleet,
            started_at=at + timedelta(minutes=number // 3),
            amount=Decimal("0.1") * number,
            currency="EUR" if number % 2 else "USD",
        )
    rows = rows_of(as_manager.get(URL))
    assert len({row["Operator's number"] for row in rows}) == len(rows) == 11
    costs = as_manager.get("/charging/").context["total"].costs
    for cost in costs:
        of_file = [row for row in rows if row["Currency"] == cost.currency]
        assert sum(Decimal(row["Cost with tax"]) for row in of_file) == cost.amount


def test_germans_get_commas_and_semicolons(as_manager, fleet, manager):
    manager.language = "de"
    manager.save()
    SessionFactory(fleet=fleet, started_at=this_month(10), amount=Decimal("12.34"))
    answer = as_manager.get(URL)
    text = answer.getvalue().decode("utf-8-sig")
    assert ";12,34" in text
    assert Session.objects.count() == 1


def test_a_session_without_a_site_is_in_utc(as_manager, fleet):
    SessionFactory(fleet=fleet, started_at=this_month(10), evse=None, location=None)
    (row,) = rows_of(as_manager.get(URL))
    assert row["Time zone"] == "UTC"
    assert row["Start"].endswith("+00:00")
