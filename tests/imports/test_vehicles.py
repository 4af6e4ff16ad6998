"""Vehicles from a table: what is new, what changes, and that the same file changes nothing."""

from decimal import Decimal

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils.translation import override

from imports.templates import vehicles_template
from imports.upload import UploadForm
from imports.vehicle_columns import COLUMNS
from imports.vehicles import Kind, read_vehicles
from spreadsheets.writing import as_csv, as_workbook
from tests.factories import VehicleFactory
from vehicles.models import Vehicle

pytestmark = pytest.mark.django_db

LANGUAGES = [code for code, _name in settings.LANGUAGES]


def read(fleet, text="", *, file=None):
    files = {"file": SimpleUploadedFile("table", file)} if file else {}
    form = UploadForm({"text": text}, files, most_rows=1000, columns=COLUMNS)
    assert form.is_valid(), form.errors
    return read_vehicles(form.table, fleet=fleet)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("write", [as_csv, as_workbook])
def test_the_fleets_own_file_changes_nothing(language, write, fleet, van):
    VehicleFactory(
        fleet=fleet,
        number="=Truck",
        ampeco_type="heavy_duty_trucks_without_articulation_point",
        plugs=["ccs2", "gb-t-dc"],
        battery_kwh=Decimal("77.4"),
        kwh_per_km=Decimal("1.215"),
        weight_kg=18_000,
        needs_drive_through=True,
        vin="WDB9634031L123456",
    )
    with override(language):
        header, rows = vehicles_template(fleet)
        reading = read(fleet, file=write(header, rows))
        assert reading.understood.ignored == ()
        assert [line.problems for line in reading.lines] == [[], []]
        assert {line.kind for line in reading.lines} == {Kind.SAME}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_new_fleet_gets_an_example_that_is_understood(language, fleet):
    with override(language):
        header, rows = vehicles_template(fleet)
        [line] = read(fleet, file=as_csv(header, rows)).lines
    assert (line.kind, line.problems) == (Kind.NEW, [])
    assert line.vehicle.kwh_per_km == Decimal("0.25")


def test_new_changed_and_wrong_rows(fleet, van):
    text = (
        "Nummer;Kennzeichen;Akku (kWh);Stecker;Gewicht (kg);Gefahrgut\n"
        "van 1;;77,4;CCS2 / Typ 2;3.500;ja\n"
        "Van 2;B-XY 12;75;CCS2;;\n"
        "Van 3;;much;;;\n"
        "Van 2;;;;;\n"
        ";;75;;;"
    )
    reading = read(fleet, text)
    assert [line.kind for line in reading.lines] == ["changed", "new", "wrong", "wrong", "wrong"]
    changed = {each.label: (each.old, each.new) for each in reading.lines[0].differences}
    assert changed == {
        "Number": ("Van 1", "van 1"),
        "Battery (kWh)": ("75", "77.4"),
        "Plugs": ("", "CCS2, Type 2"),
        "Weight (kg)": ("", "3500"),
        "Carries dangerous goods": ("no", "yes"),
    }
    assert "is no number" in reading.lines[2].problems[0]
    assert "Row 3 is about the same vehicle" in reading.lines[3].problems[0]


@pytest.mark.parametrize(
    ("kept", "given"),
    [
        ({"number": "1-12"}, {"Number": "11-2"}),
        ({"number": "1-12"}, {"Number": "112"}),
        ({"number": "A", "plate": "M-AB 1"}, {"Number": "B", "Plate": "MA-B 1"}),
    ],
)
def test_dashes_that_stand_elsewhere_make_another_vehicle(kept, given, fleet):
    VehicleFactory(fleet=fleet, **{"plate": ""} | kept)
    text = f"{';'.join(given)}\n{';'.join(given.values())}"
    [line] = read(fleet, text).lines
    assert (line.kind, line.problems) == (Kind.NEW, [])


def test_vehicles_whose_names_differ_by_dashes_alone_are_told_apart(fleet):
    kept = [VehicleFactory(fleet=fleet, number=name) for name in ("1-12", "11-2", "Z 1", "Z-1")]
    lines = read(fleet, "Number;DC\n11-2;50\n1-12;50\nz-1;60\nZ 1;60\nZ1;70").lines
    assert [line.problems for line in lines] == [[]] * 5
    assert [line.vehicle.pk for line in lines] == [*(kept[at].pk for at in (1, 0, 3, 2)), None]


def test_a_vehicle_is_known_however_its_dashes_and_spaces_are_written(fleet):
    van = VehicleFactory(fleet=fleet, number="Van 1", plate="AB-12-34")
    for given in ("Number\nvan-1", "Number\nVan1", "Plate\nAB1234", "Plate\nab 12 34"):
        [line] = read(fleet, f"{given}").lines
        assert line.vehicle.pk == van.pk
    lines = read(fleet, "Number\nVan 2\nvan-2\n2-22\n22-2").lines
    assert [line.kind for line in lines] == ["new", "wrong", "new", "new"]
    assert "Row 2 is about the same vehicle" in lines[1].problems[0]


def test_one_click_saves_and_the_next_changes_nothing(send, fleet, van):
    text = "Number;Plate;DC (kW);Home site;Driver\nVan 1;;150;Pier 40;\nVan 2;XY 2;100;101;"
    shown = send("vehicles", text=text)
    assert Vehicle.objects.count() == 1
    reading = shown.context["reading"]
    send("vehicles", text=shown.context["as_text"], seen=reading.mark, action="save")
    assert Vehicle.objects.get(number="Van 1").dc_kw == 150
    assert Vehicle.objects.get(number="Van 2").home_site.name == "Pier 40"
    again = send("vehicles", text=text)
    assert {line.kind for line in again.context["reading"].lines} == {Kind.SAME}
    assert "save-vehicles" not in again.content.decode()


def test_what_was_not_seen_is_not_saved(send, van):
    page = send("vehicles", text="Number;DC\nVan 1;150", seen="other", action="save")
    assert "Something has changed since these rows were shown" in page.content.decode()
    van.refresh_from_db()
    assert van.dc_kw is None


def test_vehicles_of_another_fleet_are_not_known(fleet, other_fleet):
    VehicleFactory(fleet=other_fleet, number="Van 1", plate="ABC 1")
    [line] = read(fleet, "Number;Plate\nVan 1;ABC 1").lines
    assert line.kind == Kind.NEW
