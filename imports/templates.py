"""Files to fill in: the columns that are understood, and a line as an example."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from decimal import Decimal

from django.http import Http404, HttpResponse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _

from drivers.models import Fleet
from imports.booking_columns import COLUMNS
from imports.names import Names
from imports.vehicle_columns import COLUMNS as VEHICLE_COLUMNS
from imports.vehicles import MOST_ROWS
from spreadsheets.table import Cell
from spreadsheets.writing import CSV, XLSX, as_csv, as_workbook
from vehicles.models import Vehicle

NIGHT = time(18), time(6)
ONE_DAY = timedelta(days=1)
# What a file to fill in leaves out: a second way to say the same.
SECOND_WAYS = frozenset({"email", "end_day", "minutes"})


def bookings_template(fleet: Fleet, *, now: datetime) -> tuple[list[str], list[Sequence[Cell]]]:
    """Return the header and an example: the coming night for a vehicle or driver of the fleet."""
    names = Names(fleet)
    vehicle = next(iter(names.vehicles), None)
    site = (vehicle.home_site if vehicle else None) or next(iter(names.sites), None)
    driver = (names.usual_driver(vehicle) if vehicle else None) or next(iter(names.drivers), None)
    day = (now.astimezone(site.zone) if site else now).date() + ONE_DAY
    example: dict[str, Cell] = {
        "vehicle": vehicle.number if vehicle else "",
        "driver": driver.email if driver else "ana@fleet.example",
        "site": site.name if site else "",
        "charger": _("any"),
        "day": day,
        "start": NIGHT[0],
        "end": NIGHT[1],
        "reference": _("Night shift"),
    }
    columns = [column for column in COLUMNS if column.key not in SECOND_WAYS]
    return [str(column.label) for column in columns], [[example[each.key] for each in columns]]


def answer_with(
    header: Sequence[str], rows: Sequence[Sequence[Cell]], *, name: str, ending: str
) -> HttpResponse:
    """Send a table as a file; an ending that is none of ours is a 404."""
    kinds = {"xlsx": (as_workbook, XLSX), "csv": (as_csv, CSV)}
    if ending not in kinds:
        raise Http404
    write, content_type = kinds[ending]
    response = HttpResponse(write(header, rows), content_type=content_type)
    response["Content-Disposition"] = content_disposition_header(True, f"{name}.{ending}")
    response["Cache-Control"] = "private, no-store"
    return response


def vehicles_template(fleet: Fleet) -> tuple[list[str], list[Sequence[Cell]]]:
    """Return the header and the fleet's vehicles, to be filled up; an example where it has none."""
    vehicles = Names(fleet).vehicles[:MOST_ROWS] or [_example_vehicle(fleet)]
    rows: list[Sequence[Cell]] = [
        [column.write(getattr(vehicle, column.key)) for column in VEHICLE_COLUMNS]
        for vehicle in vehicles
    ]
    return [str(column.label) for column in VEHICLE_COLUMNS], rows


def _example_vehicle(fleet: Fleet) -> Vehicle:
    return Vehicle(
        fleet=fleet,
        number=_("Van 1"),
        plate="AB 1234",
        ampeco_type=Vehicle.Type.VAN,
        plugs=["ccs2", "type2"],
        ac_kw=11,
        dc_kw=100,
        battery_kwh=75,
        kwh_per_km=Decimal("0.25"),
    )
