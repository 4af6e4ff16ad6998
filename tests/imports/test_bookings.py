"""Bookings from a table: what is understood, what is said of the rest, and nothing twice."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import override

from batches.models import Batch
from bookings.models import Booking
from imports.booking_columns import COLUMNS
from imports.bookings import read_bookings
from imports.templates import bookings_template
from imports.upload import UploadForm
from spreadsheets.writing import as_csv, as_workbook
from tests.factories import DriverFactory, VehicleFactory
from tests.small_operator import forget_free_times

pytestmark = pytest.mark.django_db

LANGUAGES = [code for code, _name in settings.LANGUAGES]


@pytest.fixture
def day(site):
    return now().astimezone(site.zone).date() + timedelta(days=3)


def read(fleet, text="", *, file=None, order=None, site=None):
    files = {"file": SimpleUploadedFile("table", file)} if file else {}
    form = UploadForm({"text": text}, files, most_rows=500, columns=COLUMNS)
    assert form.is_valid(), form.errors
    return read_bookings(form.table, fleet=fleet, order=order, default_site=site, now=now())


@pytest.mark.usefixtures("van")
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("write", [as_csv, as_workbook])
def test_the_file_to_fill_in_is_understood_in_every_language(language, write, fleet, site):
    with override(language):
        header, rows = bookings_template(fleet, now=now())
        reading = read(fleet, file=write(header, rows))
        assert reading.missing == ""
        [line] = reading.lines
        assert line.sentences == []
        assert reading.understood.ignored == ()
    row = line.row
    local = [at.astimezone(site.zone) for at in (row.start_at, row.end_at)]
    assert [f"{at:%H:%M}" for at in local] == ["18:00", "06:00"]
    assert (local[1].date() - local[0].date()).days == 1
    assert (row.vehicle.number, row.location, row.evse) == ("Van 1", site, None)


@pytest.mark.usefixtures("van")
@pytest.mark.parametrize(
    "text",
    [
        "Fahrzeug;Datum;Von;Bis;Ladepunkt\nhpf-1;{day:%d.%m.%Y};18.00;6 Uhr;Bay 301",
        "véhicule\tdébut\tfin\tborne\tlieu\nVAN 1\t{day:%Y-%m-%d} 18h\t6h00\tref-301\tPier 40",
        "Driver,Start,Minutes,Site\nana.ruiz@hudson.example,{day:%Y-%m-%dT18:00},720,101",
        "Voertuig|Dag|Van|Tot|Kleur\nVan 1|{day:%d-%m-%Y}|18:00|06:00|rood",
        "Plate;Start;End\nHPF 1;{day:%d.%m.%Y} 6 pm;{next:%d.%m.%Y} 06:00",
    ],
)
def test_however_people_write_it(text, fleet, site, day, driver):
    driver.email = "ana.ruiz@hudson.example"
    driver.save()
    text = text.format(day=day, next=day + timedelta(days=1))
    reading = read(fleet, text, site=site)
    [line] = reading.lines
    assert line.sentences == []
    assert line.will_be_asked
    local = [at.astimezone(site.zone) for at in (line.row.start_at, line.row.end_at)]
    assert [(at.date(), f"{at:%H:%M}") for at in local] == [
        (day, "18:00"),
        (day + timedelta(days=1), "06:00"),
    ]
    assert line.row.driver == driver


@pytest.mark.usefixtures("van")
@pytest.mark.parametrize(
    ("row", "start", "end"),
    [
        ("Van 1;{day};24:00;;04:00", (1, "00:00"), (1, "04:00")),
        ("Van 1;;{day} 24:00;;04:00", (1, "00:00"), (1, "04:00")),
        ("Van 1;{day};20:00;;24:00", (0, "20:00"), (1, "00:00")),
        ("Van 1;{day};20:00;{day};24:00", (0, "20:00"), (1, "00:00")),
        ("Van 1;{day};20:00;;{day} 24:00", (0, "20:00"), (1, "00:00")),
    ],
)
def test_the_end_of_a_day_is_after_it(row, start, end, fleet, site, day):
    text = f"Vehicle;Date;Start;End date;End\n{row.format(day=day)}"
    [line] = read(fleet, text, site=site).lines
    assert line.sentences == []
    for at, (days, clock) in ((line.row.start_at, start), (line.row.end_at, end)):
        local = at.astimezone(site.zone)
        assert (local.date(), f"{local:%H:%M}") == (day + timedelta(days=days), clock)


@pytest.mark.usefixtures("van")
def test_each_row_says_what_is_in_its_way(fleet, site, day):
    twins = [DriverFactory(fleet=fleet, first_name="Kim", last_name="Lee") for _ in range(2)]
    VehicleFactory(fleet=fleet, number="Van 2", home_site=site)
    lines = [
        "Vehicle;Driver;Site;Charger;Date;Start;End;Reference",
        f"Van 9;;;;{day};18:00;06:00",
        f";Kim Lee;Pier 40;;{day};18:00;06:00",
        f"Van 2;;;;{day};18:00;06:00",
        f"Van 1;;Nowhere;;{day};18:00;06:00",
        f"Van 1;;;Bay 7;{day};18:00;06:00",
        "Van 1;;;;30.2.2027;18:00;06:00",
        f"Van 1;;;;{day};;06:00",
        f";;Pier 40;;{day};18:00;06:00",
        f"Van 1;;;;{day};18:10;06:00",
        f"Van 1;;;;{day - timedelta(days=9)};18:00;06:00",
        "Van 1;;;;tomorrow;18:00;06:00",
        f"Van 1;;;;{day};18:00;06:00;{'x' * 65}",
    ]
    reading = read(fleet, "\n".join(lines))
    said = [" ".join(line.sentences) for line in reading.lines]
    expected = [
        "No vehicle of your fleet",
        twins[0].email,
        "no usual driver",
        "no site called “Nowhere”",
        "No charger called “Bay 7”",
        "There is no day",
        "does not say when it begins",
        "neither a vehicle nor a driver",
        "quarter hour",
        "has passed",
        "“tomorrow” is no day",
        "at most 64 characters",
    ]
    assert len(said) == len(expected)
    for sentence, part in zip(said, expected, strict=True):
        assert part in sentence
    assert reading.to_ask == []


@pytest.mark.usefixtures("van")
def test_days_that_can_be_two_are_asked_about_once(send, fleet):
    text = "Vehicle;Date;Start;End\nVan 1;3/4/2027;18:00;06:00\nVan 1;5/4/2027;18:00;06:00"
    page = send("bookings", text=text).content.decode()
    assert page.count('name="order"') == 2
    assert "ask-for-all" not in page
    answer = send("bookings", text=text, order="day-first")
    rows = [line.row for line in answer.context["reading"].lines]
    assert sorted(f"{row.start_at:%d %b}" for row in rows) == ["03 Apr", "05 Apr"]


def test_what_is_no_table_keeps_the_form(send, as_manager):
    page = send("bookings").content.decode()
    assert "Please pick a file, or paste some cells." in page
    file = SimpleUploadedFile("photo.xlsx", b"\x89PNG")
    assert "not a table" in send("bookings", file=file).content.decode()
    many = "Vehicle;Start\n" + "Van 1;18:00\n" * 10_000
    assert "more than 500 rows" in send("bookings", text=many).content.decode()
    large = SimpleUploadedFile("large.csv", b"x" * (4 * 1024 * 1024))
    assert "too large" in send("bookings", file=large).content.decode()
    assert "No column says when" in send("bookings", text="Vehicle\nVan 1").content.decode()


@pytest.mark.usefixtures("van")
def test_nothing_is_sent_before_the_click_and_nothing_twice(send, fleet, day):
    text = f"Vehicle;Charger;Date;Start;End\nVan 1;Bay 301;{day};18:00;20:00"
    shown = send("bookings", text=text)
    assert not Booking.objects.exists()
    assert not Batch.objects.exists()
    seen = shown.context["reading"].mark
    kept = shown.context["as_text"]
    for _click in range(2):
        answer = send("bookings", text=kept, seen=seen, action="ask")
    [booking] = Booking.objects.all()
    assert booking.vehicle.number == "Van 1"
    assert Batch.objects.get().rows.get().booking == booking
    forget_free_times()
    again = send("bookings", file=SimpleUploadedFile("again.csv", text.encode()))
    [line] = again.context["reading"].lines
    assert line.booked == booking
    assert f"#{booking.pk}" in again.content.decode()
    assert "ask-for-all" not in again.content.decode()
    assert answer.status_code in {200, 302}


@pytest.mark.usefixtures("van")
def test_what_has_changed_since_it_was_seen_is_shown_once_more(send, day):
    text = f"Vehicle;Date;Start;End\nVan 1;{day};18:00;20:00"
    page = send("bookings", text=text, seen="n", action="ask").content.decode()
    assert "Something has changed since these rows were shown" in page
    assert not Booking.objects.exists()


@pytest.mark.usefixtures("van")
def test_wrong_rows_are_put_right_in_a_table(send, day):
    text = f"Vehicle;Date;Start;End\nVan 1;{day};18:00;20:00\nVan 9;{day};18:00;20:00"
    answer = send("bookings", text=text, action="table")
    batch = Batch.objects.get()
    assert answer.url == reverse("batches:table", args=[batch.pk])
    assert batch.state == Batch.State.DRAFT
    assert [row.given for row in batch.rows.all()] == [{}, {"Vehicle": "Van 9"}]


def test_a_file_to_fill_in_for_managers_alone(as_viewer):
    assert as_viewer.get(reverse("imports:bookings_template", args=["xlsx"])).status_code == 403


def test_other_endings_are_unknown(as_manager):
    assert as_manager.get(reverse("imports:bookings_template", args=["exe"])).status_code == 404
