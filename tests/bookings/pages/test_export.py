"""The list of bookings as a file for spreadsheets."""

import csv
import io
import itertools
import re
import socket
import threading
import tracemalloc
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now
from python_calamine import CalamineWorkbook

from bookings import selectors
from bookings.models import Booking, ChargingSession
from bookings.pages import export_lines
from bookings.pages.export_lines import safe_cell
from tests.factories import (
    BookingFactory,
    DriverFactory,
    EvseFactory,
    UserFactory,
    VehicleFactory,
)

URL = "/bookings/export.csv"
SHEET = "/bookings/export.xlsx"
NOON = datetime(2026, 3, 9, 16, tzinfo=UTC)


def rows_of(answer) -> list[dict[str, str]]:
    """Read a file as a program would that knows nothing of the portal."""
    assert answer.status_code == 200
    text = answer.getvalue().decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def booked(fleet, *, count: int) -> list[Booking]:
    """Save many bookings an hour apart, of a few drivers at a few chargers, quickly."""
    evses = [EvseFactory() for _number in range(3)]
    drivers = [DriverFactory(fleet=fleet) for _number in range(3)]
    return Booking.objects.bulk_create(
        Booking(
            fleet=fleet,
            driver=drivers[number % 3],
            evse=evses[number % 3],
            location=evses[number % 3].charge_point.location,
            start_at=NOON - timedelta(hours=number // 2),
            end_at=NOON - timedelta(hours=number // 2 - 1),
            status="completed",
            reference=f"Job {number}",
            reference_key=f"JOB {number}",
        )
        for number in range(count)
    )


# What is in it


@pytest.mark.django_db
def test_a_line_tells_all_of_a_booking(as_manager, fleet, manager):
    manager.name = "Maria Meadows"
    manager.save()
    booking = BookingFactory(
        fleet=fleet,
        driver__first_name="Zoë",
        driver__last_name="O'Brien, Jr.",
        driver__email="zoe@x.example",
        evse__label="Bay 7",
        evse__physical_reference="REF-7",
        evse__charge_point__location__name='Depot "Süd"',
        evse__charge_point__location__address="1 Pier Road, New York",
        start_at=NOON,
        end_at=NOON + timedelta(minutes=90),
        status="completed",
        ampeco_booking_id=5001,
        reference="Job 7",
        created_by=manager,
        created_at=NOON - timedelta(days=2),
        vehicle=VehicleFactory(fleet=fleet, number="Van 14", plate="HPF 14"),
    )
    ChargingSession.objects.create(
        booking=booking,
        ampeco_session_id="9",
        energy_kwh=Decimal("41.5"),
        amount=Decimal("19.92"),
        currency="USD",
    )
    [row] = rows_of(as_manager.get(URL, {"view": "all"}))
    assert row == {
        "Number": str(booking.pk),
        "Status": "Charging started",
        "Start": "2026-03-09T12:00:00-04:00",
        "End": "2026-03-09T13:30:00-04:00",
        "Time zone": "America/New_York",
        "Minutes": "90",
        "Site": 'Depot "Süd"',
        "Address": "1 Pier Road, New York",
        "Charger": "Bay 7",
        "Charger's reference": "REF-7",
        "Driver": "Zoë O'Brien, Jr.",
        "E-mail": "zoe@x.example",
        "Reference": "Job 7",
        "Requested by": "Maria Meadows",
        "Requested at (UTC)": "2026-03-07T16:00:00+00:00",
        "External booking": "no",
        "Operator's number": "5001",
        "Energy (kWh)": "41.500",
        "Cost": "19.9200",
        "Currency": "USD",
        "Vehicle": "Van 14",
        "Plate": "HPF 14",
    }


@pytest.mark.django_db
def test_what_is_not_known_is_empty(as_manager, fleet):
    BookingFactory(fleet=fleet, evse=None, location=EvseFactory().charge_point.location)
    Booking.objects.update(made_elsewhere=True)
    [row] = rows_of(as_manager.get(URL))
    empty = {name for name, text in row.items() if not text}
    assert empty == {
        "Charger",
        "Charger's reference",
        "Reference",
        "Requested by",
        "Operator's number",
        "Energy (kWh)",
        "Cost",
        "Currency",
        "Vehicle",
        "Plate",
    }
    assert row["External booking"] == "yes"


@pytest.mark.django_db
@pytest.mark.usefixtures("still")
def test_the_file_is_named_and_marked_for_spreadsheets(as_manager, fleet):
    fleet.name = "Rhône/Fret & “Söhne”"
    fleet.save()
    answer = as_manager.get(URL)
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    day = f"{now():%Y-%m-%d}"
    assert answer["Content-Disposition"] == (
        f'attachment; filename="rhonefret-sohne-bookings-{day}.csv"'
    )
    content = answer.getvalue()
    assert content.startswith(b"\xef\xbb\xbfNumber,Status,")
    assert content.endswith(b"\r\n")
    fleet.name = "運送"
    fleet.save()
    assert f'"fleet-bookings-{day}.csv"' in as_manager.get(URL)["Content-Disposition"]


DANGEROUS = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "\ttext",
    "\rtext",
    " =1",
    "\u00a0=1",
    "\u200b=1",
    "\ufeff=1",
    "\x00=1",
    '"=1',
    "'=1",
    "“=1",
    "＝1",
    "＋1",
    "－1",
    "＠1",
    "﹦1",
    "−1",
    "=cmd|' /C calc'!A0",
]
HARMLESS = ["", "Job 7", "1-2", "a=b", "7", "x@y.example", "Zoë", "a;b", "'quoted'"]


@pytest.mark.parametrize("text", DANGEROUS)
def test_no_cell_begins_a_formula(text):
    assert safe_cell(text)[0] == "'"
    # Where cells are parted at semicolons, what follows one begins a cell.
    assert f"a;{safe_cell(text)}" == safe_cell(f"a;{text}")


@pytest.mark.parametrize("text", HARMLESS)
def test_harmless_text_stays_as_it_is(text):
    assert safe_cell(text) == text


def test_numbers_stay_numbers_and_lines_stay_lines():
    assert safe_cell(-5) == -5
    assert safe_cell(Decimal("-1.50")) == Decimal("-1.50")
    assert safe_cell("a\r\n=b\tc") == "a  =b c"


@pytest.mark.django_db
def test_every_text_of_a_line_is_made_safe(as_manager, fleet):
    evil = '=HYPERLINK("https://evil.example";"x")'
    BookingFactory(
        fleet=fleet,
        driver__first_name=evil,
        driver__email="=a@x.example",
        evse__label=evil,
        evse__physical_reference="@REF",
        evse__charge_point__location__name=f" {evil}",
        evse__charge_point__location__address="+1 Road",
        reference="-2;=3",
        created_by=UserFactory(name="\t=evil"),
        vehicle=VehicleFactory(fleet=fleet, number="=1+1", plate="@X"),
    )
    answer = as_manager.get(URL)
    content = answer.getvalue().decode("utf-8-sig")
    for separator in (",", ";"):
        for line in csv.reader(io.StringIO(content, newline=""), delimiter=separator):
            for cell in line:
                assert cell.lstrip(' "')[:1] not in {"=", "+", "-", "@"}, cell


# For readers of other languages


COMMA_LANGUAGES = {
    "de": ("Nummer", "41,500"),
    "fr": ("Numéro", "41,500"),
    "nl": ("Nummer", "41,500"),
}


@pytest.fixture
def charged(fleet) -> Booking:
    booking = BookingFactory(
        fleet=fleet,
        evse__charge_point__location__name="Quay; north, 1.5 km",
        start_at=NOON,
        end_at=NOON + timedelta(minutes=90),
        status="completed",
        created_at=NOON - timedelta(days=2),
    )
    ChargingSession.objects.create(
        booking=booking,
        ampeco_session_id="9",
        energy_kwh=Decimal("41.5"),
        amount=Decimal("-19.92"),
        currency="EUR",
    )
    return booking


@pytest.mark.django_db
@pytest.mark.parametrize("language", COMMA_LANGUAGES)
def test_a_file_is_written_as_its_readers_spreadsheet_reads_it(
    as_manager, manager, charged, language
):
    manager.language = language
    manager.save()
    text = as_manager.get(URL, {"view": "all"}).getvalue().decode("utf-8-sig")
    [header, cells] = csv.reader(io.StringIO(text, newline=""), delimiter=";")
    assert len(header) == len(cells) == 22
    assert (header[0], cells[17]) == COMMA_LANGUAGES[language]
    assert cells[18] == "-19,9200"
    assert cells[6] == "Quay; north, 1.5 km"


def sheets_of(answer) -> list[list[list]]:
    """Read an XLSX file with a library that is not ours to write with."""
    assert answer.status_code == 200
    return sheets_in(answer.getvalue())


def sheets_in(content: bytes) -> list[list[list]]:
    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    return [book.get_sheet_by_name(name).to_python() for name in book.sheet_names]


@pytest.mark.django_db
@pytest.mark.parametrize("language", ["en", *COMMA_LANGUAGES])
def test_cells_of_a_spreadsheet_say_what_they_are(as_manager, manager, charged, language):
    manager.language = language
    manager.save()
    answer = as_manager.get(SHEET, {"view": "all"})
    [[header, cells]] = sheets_of(answer)
    assert len(header) == len(cells) == 23
    assert header[-1].endswith("(UTC)")
    assert cells[0] == charged.pk
    assert cells[2:4] == [datetime(2026, 3, 9, 12), datetime(2026, 3, 9, 13, 30)]
    assert cells[4:6] == ["America/New_York", 90]
    assert cells[14] == datetime(2026, 3, 7, 16)
    assert cells[17:] == [41.5, -19.92, "EUR", "", "", datetime(2026, 3, 9, 16)]
    assert answer["Content-Type"].endswith("spreadsheetml.sheet")
    assert answer["Cache-Control"] == "private, no-store"
    assert re.search(r'-bookings-\d{4}-\d\d-\d\d\.xlsx"', answer["Content-Disposition"])


@pytest.mark.django_db
def test_nothing_in_a_spreadsheet_is_a_formula_or_a_link(as_manager, fleet):
    # No PostgreSQL holds a NUL.
    texts = [text for text in DANGEROUS if "\x00" not in text]
    texts += ["https://evil.example", "mailto:x@evil.example", "7", "a\x0bb", "_x000D_"]
    for text in texts:
        evse = EvseFactory(charge_point__location__name=text)
        BookingFactory(fleet=fleet, evse=evse, accepted=True, reference=text)
    content = as_manager.get(SHEET).getvalue()
    [[_header, *lines]] = sheets_in(content)
    assert sorted(line[6] for line in lines) == sorted(texts)
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        sheet = parts.read("xl/worksheets/sheet1.xml").decode()
        assert not [name for name in parts.namelist() if "rels" in name and "sheet" in name]
    assert not re.search(r"<f[ >]|<hyperlink", sheet)


@pytest.mark.django_db
def test_an_empty_list_is_a_spreadsheet_and_a_long_one_has_several_sheets(
    as_manager, fleet, monkeypatch
):
    [[header]] = sheets_of(as_manager.get(SHEET))
    assert header[0] == "Number"
    monkeypatch.setattr(selectors, "BATCH_SIZE", 3)
    monkeypatch.setattr(export_lines, "MOST_ROWS", 5)
    bookings = booked(fleet, count=10)
    sheets = sheets_of(as_manager.get(SHEET, {"view": "past"}))
    assert [len(sheet) for sheet in sheets] == [5, 5, 3]
    assert {tuple(sheet[0]) for sheet in sheets} == {tuple(header)}
    found = [line[0] for sheet in sheets for line in sheet[1:]]
    assert sorted(found) == sorted(booking.pk for booking in bookings)


# Which bookings


@pytest.mark.django_db
def test_it_holds_what_the_list_shows(as_manager, fleet):
    site = EvseFactory(charge_point__location__name="Quayside")
    soon = BookingFactory(fleet=fleet, evse=site, accepted=True, reference="Job 1")
    later = BookingFactory(
        fleet=fleet, rejected=True, reference="Job 2", start_at=now() + timedelta(days=9)
    )
    silva = DriverFactory(fleet=fleet, last_name="Silva")
    past = BookingFactory(fleet=fleet, status="completed", start_at=NOON, slot_key="", driver=silva)
    BookingFactory(accepted=True)
    for query, held in {
        "": [soon],
        "view=upcoming&status=rejected": [later],
        "view=attention": [later],
        "view=past": [past],
        "view=all": [later, soon, past],
        "view=nonsense": [soon],
        "view=all&q=job": [later, soon],
        "view=all&site=quay": [soon],
        "view=all&driver=silva": [past],
        "view=all&status=completed": [past],
        "view=all&since=2026-03-09&until=2026-03-09": [past],
        "view=all&until=2026-03-08": [],
        "view=all&status=nonsense&since=x&until=0001-01-01&at=x&view=all": [later, soon, past],
    }.items():
        rows = rows_of(as_manager.get(f"{URL}?{query}"))
        assert [row["Number"] for row in rows] == [str(one.pk) for one in held], query
        [[_header, *lines]] = sheets_of(as_manager.get(f"{SHEET}?{query}"))
        assert [line[0] for line in lines] == [one.pk for one in held], query
        listed = as_manager.get(f"/bookings/?{query}").context["page"].bookings
        assert listed == held, query


@pytest.mark.django_db
def test_days_begin_and_end_in_the_viewers_zone(as_manager, fleet):
    BookingFactory(fleet=fleet, start_at=datetime(2026, 3, 9, 23, tzinfo=UTC))
    query = {"view": "all", "since": "2026-03-10", "until": "2026-03-10"}
    assert rows_of(as_manager.get(URL, query)) == []
    as_manager.cookies["viewer_tz"] = "Europe/Berlin"
    assert len(rows_of(as_manager.get(URL, query))) == 1


@pytest.mark.django_db
def test_it_is_for_members_and_for_reading(as_viewer, client):
    assert as_viewer.get(URL).status_code == 200
    assert as_viewer.post(URL).status_code == 405
    assert Client().get(URL).url.startswith("/account/login/")


# Many


@pytest.mark.django_db
@pytest.mark.parametrize("view", ["past", "all"])
def test_each_booking_comes_once_however_the_batches_fall(as_manager, fleet, monkeypatch, view):
    bookings = booked(fleet, count=23)
    wanted = [str(b.pk) for b in sorted(bookings, key=lambda b: (b.start_at, b.pk), reverse=True)]
    for size in (1, 2, 5, 22, 23, 24):
        monkeypatch.setattr(selectors, "BATCH_SIZE", size)
        rows = rows_of(as_manager.get(URL, {"view": view}))
        assert [row["Number"] for row in rows] == wanted


@pytest.mark.django_db
def test_coming_ones_come_in_their_order(as_manager, fleet, monkeypatch):
    monkeypatch.setattr(selectors, "BATCH_SIZE", 2)
    bookings = [
        BookingFactory(fleet=fleet, accepted=True, start_at=now() + timedelta(days=1 + n // 2))
        for n in range(7)
    ]
    rows = rows_of(as_manager.get(URL))
    assert [row["Number"] for row in rows] == [str(booking.pk) for booking in bookings]


@pytest.mark.django_db
def test_nothing_is_read_before_it_is_sent_and_a_batch_costs_two_queries(as_manager, fleet):
    booked(fleet, count=3 * selectors.BATCH_SIZE)
    answer = as_manager.get(URL, {"view": "past", "q": "job"})
    lines = iter(answer)
    with CaptureQueriesContext(connection) as captured:
        assert b"Number" in next(lines)
        assert len(captured) == 0
        counts = []
        for chunk in lines:
            assert chunk.count(b"\r\n") == selectors.BATCH_SIZE
            counts.append(len(captured))
    # Which sites, drivers and vehicles the text names is looked up once.
    assert counts == [5, 7, 9]
    assert "JOIN" not in captured[2]["sql"], "the joins touch the rows of one batch only"


@pytest.mark.quantity
@pytest.mark.django_db
def test_a_spreadsheet_costs_two_queries_a_batch_and_no_memory(as_manager, fleet, monkeypatch):
    monkeypatch.setattr(selectors, "BATCH_SIZE", 100)
    peaks, counts = [], []
    for count in (500, 2000):
        booked(fleet, count=count)
        tracemalloc.start()
        with CaptureQueriesContext(connection) as captured:
            answer = as_manager.get(SHEET, {"view": "past"})
        peaks.append(tracemalloc.get_traced_memory()[1])
        counts.append(len(captured))
        tracemalloc.stop()
        answer.getvalue()
    assert counts[1] - counts[0] == 2 * 20
    assert peaks[1] < peaks[0] * 1.5


@pytest.mark.quantity
@pytest.mark.django_db
def test_memory_does_not_grow_with_the_list(as_manager, fleet, monkeypatch):
    monkeypatch.setattr(selectors, "BATCH_SIZE", 100)
    booked(fleet, count=3000)
    lines = iter(as_manager.get(URL, {"view": "past"}))
    list(itertools.islice(lines, 6))
    tracemalloc.start()
    try:
        for _chunk in itertools.islice(lines, 5):
            pass
        early = tracemalloc.get_traced_memory()[1]
        tracemalloc.reset_peak()
        for _chunk in lines:
            pass
        late = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    # Five batches took as much as the twenty after them.
    assert late < early * 1.5


@pytest.mark.django_db
def test_a_client_that_goes_away_ends_the_work(as_manager, fleet, monkeypatch):
    monkeypatch.setattr(selectors, "BATCH_SIZE", 10)
    booked(fleet, count=100)
    answer = as_manager.get(URL, {"view": "past"})
    lines = iter(answer)
    with CaptureQueriesContext(connection) as captured:
        next(lines)
        next(lines)
        # What a server does when the connection is gone.
        answer.close()
        assert list(lines) == []
    assert len(captured) == 2


@pytest.fixture
def slow_reader(live_server) -> Iterator[socket.socket]:
    """A connection to the portal over which little is taken at a time."""
    with socket.socket() as reader:
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        reader.settimeout(60)
        reader.connect((live_server.thread.host, live_server.thread.port))
        yield reader


@pytest.mark.quantity
@pytest.mark.django_db(transaction=True)
def test_it_streams_over_http_and_stops_when_the_reader_hangs_up(
    slow_reader, as_manager, fleet, monkeypatch
):
    """The first lines arrive while most of the list is unread, and the rest is never read."""
    monkeypatch.setattr(selectors, "BATCH_SIZE", 50)
    booked(fleet, count=20_000)
    read, ended = [], threading.Event()

    def watched(*args, **kwargs):
        try:
            for batch in selectors.each_booking(*args, **kwargs):
                read.append(len(batch))
                yield batch
        finally:
            ended.set()

    monkeypatch.setattr(export_lines, "each_booking", watched)
    cookie = f"sessionid={as_manager.cookies['sessionid'].value}"
    ask = f"GET {URL}?view=past HTTP/1.1\r\nHost: localhost\r\nCookie: {cookie}\r\n\r\n"
    slow_reader.sendall(ask.encode())
    with slow_reader.makefile("rb") as answer:
        assert b" 200 " in answer.readline()
        headers = list(iter(answer.readline, b"\r\n"))
        assert not any(header.lower().startswith(b"content-length") for header in headers)
        lines = itertools.islice(answer, 3)
        assert any(b",Job 1," in line for line in lines)
    assert not ended.is_set()
    slow_reader.close()
    assert ended.wait(60)
    assert sum(read) < 20_000
