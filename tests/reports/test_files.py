"""Files of reports, read back as a spreadsheet reads them."""

import csv
import io
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import translation
from openpyxl import load_workbook

from charging.models import CostCentre, Session
from charging.services import mark_months
from reports.files.book import period_book
from reports.months import Period
from tests.factories import BookingFactory, DriverFactory, SessionFactory

pytestmark = pytest.mark.django_db

OCTOBER = Period(date(2025, 10, 1), 1)
AT = datetime(2025, 10, 5, 12, 0, tzinfo=UTC)


@pytest.fixture
def charged(fleet):
    """Two sessions in euros, one in dollars, one without a price, one of another month."""
    dana = DriverFactory(fleet=fleet, first_name="=cmd()", last_name="Reyes")
    centre = CostCentre.objects.create(fleet=fleet, code="+4100", name="Parcels")
    rows = [
        SessionFactory(
            fleet=fleet,
            driver=dana,
            cost_centre=centre,
            started_at=AT,
            amount=Decimal("12.10"),
            reference="@home",
        ),
        SessionFactory(fleet=fleet, driver=dana, started_at=AT, amount=Decimal("0.35")),
        SessionFactory(fleet=fleet, started_at=AT, amount=Decimal("7.77"), currency="USD"),
        SessionFactory(
            fleet=fleet, started_at=AT, amount=None, amount_without_tax=None, currency=""
        ),
        SessionFactory(fleet=fleet, started_at=AT.replace(month=9)),
    ]
    mark_months((fleet.pk, row.local_day) for row in rows)
    return rows


def sheets_of(data: bytes) -> dict[str, list[tuple[object, ...]]]:
    book = load_workbook(io.BytesIO(data))
    return {sheet.title: list(sheet.iter_rows(values_only=True)) for sheet in book}


def rows_of(response) -> list[list[str]]:
    text = response.getvalue().decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline="")))


def test_the_sheets_agree_with_each_other(fleet, charged):
    with period_book(fleet, OCTOBER) as file:
        sheets = sheets_of(file.read())
    header, *cost = sheets["Cost"]
    assert header[:3] == ("Month", "Currency", "Cost with tax")
    assert [row[:3] for row in cost] == [
        ("October 2025", "EUR", 12.45),
        ("October 2025", "USD", 7.77),
    ]
    header, *sessions = sheets["Charging sessions"]
    assert len(sessions) == 4
    amount, currency = header.index("Cost with tax"), header.index("Currency")
    for _month, each, whole, *_rest in cost:
        parts = [Decimal(str(row[amount])) for row in sessions if row[currency] == each]
        assert sum(parts) == Decimal(str(whole))
    for title in ("Cost, Driver", "Cost, Vehicle", "Cost, Site", "Cost, Cost centre"):
        rows = [row for row in sheets[title][1:] if row[1] == "EUR"]
        assert sum(Decimal(str(row[2])) for row in rows) == Decimal("12.45"), title


def test_what_looks_like_a_formula_stays_text(fleet, charged):
    with period_book(fleet, OCTOBER) as file:
        book = load_workbook(io.BytesIO(file.read()))
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert {"=cmd() Reyes", "@home", "+4100 – Parcels"} <= {cell.value for cell in cells}
    assert {cell.data_type for cell in cells} <= {"s", "n", "d"}


def test_numbers_are_numbers_and_moments_are_those_of_the_site(fleet, charged):
    with period_book(fleet, OCTOBER) as file:
        sheets = sheets_of(file.read())
    header, first, *_rest = sheets["Charging sessions"]
    row = dict(zip(header, first, strict=True))
    assert row["Start"] == datetime(2025, 10, 5, 8, 0)
    assert row["Time zone"] == "America/New_York"
    assert (row["Energy (kWh)"], row["Cost with tax"], row["Currency"]) == (30, 12.1, "EUR")


def test_the_words_are_those_of_the_language(fleet, charged):
    with translation.override("de"), period_book(fleet, OCTOBER) as file:
        sheets = sheets_of(file.read())
    assert any("Oktober 2025" in row for rows in sheets.values() for row in rows)


def test_more_sessions_than_fit_are_said_to_be_missing(fleet, charged):
    with period_book(fleet, OCTOBER, most_sessions=2) as file:
        rows = sheets_of(file.read())["Charging sessions"]
    assert len(rows) == 4
    assert "CSV" in str(rows[-1][0])
    # The sums are those of all.
    with period_book(fleet, OCTOBER, most_sessions=4) as file:
        assert "CSV" not in str(sheets_of(file.read())["Charging sessions"][-1][0])


def test_a_year_has_its_months(fleet, charged):
    with period_book(fleet, Period(date(2025, 1, 1), 12)) as file:
        use = sheets_of(file.read())["Use"]
    assert [row[:2] for row in use[1:2]] == [("2025", 5)]
    assert [row[1] for row in use[2:]] == [0] * 8 + [1, 4, 0, 0]


def test_sessions_as_csv(client, manager, fleet, charged):
    client.force_login(manager)
    response = client.get(reverse("reports:sessions_csv"), {"period": "2025-10"})
    header, *rows = rows_of(response)
    assert len(rows) == 4
    assert rows[0][header.index("Driver")] == "'=cmd() Reyes"
    assert rows[0][header.index("Cost with tax")] == "12.1000"
    assert 'filename="hudson-parcel-fleet-sessions-2025-10.csv"' in response["Content-Disposition"]


def test_many_sessions_come_once_each_and_in_order(client, manager, fleet, monkeypatch):
    monkeypatch.setattr("reports.files.sessions.AT_ONCE", 3)
    # Some at the same instant.
    rows = [SessionFactory(fleet=fleet, started_at=AT.replace(hour=n // 4)) for n in range(11)]
    client.force_login(manager)
    response = client.get(reverse("reports:sessions_csv"), {"period": "2025-10"})
    header, *lines = rows_of(response)
    numbers = [line[header.index("Operator's number")] for line in lines]
    assert numbers == [row.ampeco_id for row in rows]


def test_the_table_as_csv(client, manager, fleet, charged):
    client.force_login(manager)
    address = reverse("reports:table_csv", args=["cost"])
    _header, *rows = rows_of(client.get(address, {"period": "2025-10", "by": "cost-centre"}))
    assert [row[:3] for row in rows] == [
        ["'+4100 – Parcels", "EUR", "12.1000"],
        ["Without a cost centre", "EUR", "0.3500"],
        ["Without a cost centre", "USD", "7.7700"],
    ]


def test_a_file_has_what_changed_a_moment_ago(client, manager, fleet, charged):
    client.force_login(manager)
    first = client.get(reverse("reports:workbook"), {"period": "2025-10"}).getvalue()
    assert sheets_of(first)["Cost"][1][2] == 12.45
    Session.objects.filter(pk=charged[1].pk).update(amount=Decimal("1.35"))
    mark_months([(fleet.pk, charged[1].local_day)])
    again = client.get(reverse("reports:workbook"), {"period": "2025-10"}).getvalue()
    assert sheets_of(again)["Cost"][1][2] == 13.45


def test_another_fleets_rows_are_in_no_file(client, other_manager, other_fleet, charged):
    BookingFactory(fleet=other_fleet, start_at=AT)
    client.force_login(other_manager)
    assert rows_of(client.get(reverse("reports:sessions_csv"), {"period": "2025-10"}))[1:] == []
    sheets = sheets_of(client.get(reverse("reports:workbook"), {"period": "2025-10"}).getvalue())
    assert len(sheets["Charging sessions"]) == len(sheets["Cost"]) == 1
