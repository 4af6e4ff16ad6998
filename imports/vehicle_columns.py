"""The columns of a table of vehicles: how each is read, checked and written."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override

from imports.names import Names, UnknownName
from mirror.search import search_key
from sites.facts import CONNECTOR_TYPES
from spreadsheets.columns import Column
from spreadsheets.table import Cell, text_of
from spreadsheets.values import NotUnderstood, read_number, read_yes_no
from vehicles.actions import plate_key
from vehicles.facts import VIN_SHAPE
from vehicles.models import Vehicle
from vehicles.pages.forms import VehicleForm

Read = Callable[[Cell, Names], Any]
Write = Callable[[Any], Cell]


@dataclass(frozen=True, slots=True)
class VehicleColumn(Column):
    """A column whose key is the vehicle's field."""

    read: Read = lambda cell, _names: text_of(cell).strip()
    write: Write = lambda value: value or ""

    def value(self, cell: Cell, names: Names) -> Any:
        """Return what a cell means for the field. Raises NotUnderstood."""
        try:
            value = self.read(cell, names)
            field = VehicleForm.base_fields.get(self.key)
            if field is not None and not hasattr(field, "queryset") and self.key != "plugs":
                value = field.clean(str(value) if not isinstance(value, bool) else value)
        except UnknownName as unknown:
            raise NotUnderstood(unknown.message) from None
        except ValidationError as error:
            raise NotUnderstood(" ".join(error.messages)) from None
        return value

    def text(self, value: Any) -> str:
        """Return a value of the field as people read it."""
        return text_of(self.write(value))


def _number(cell: Cell, _names: Names) -> Any:
    # Without zeros behind it, as it is compared with what is kept.
    return f"{read_number(cell).normalize():f}"


def _number_cell(value: Any) -> Cell:
    return None if value is None else Decimal(f"{Decimal(value).normalize():f}")


def _whole(cell: Cell, _names: Names) -> Any:
    number = read_number(cell, whole=True)
    if number != number.to_integral_value():
        raise NotUnderstood(_("“%(text)s” is no whole number.") % {"text": text_of(cell)[:40]})
    return f"{number.to_integral_value():f}"


def _yes_no(cell: Cell, _names: Names) -> bool:
    return read_yes_no(cell)


def _vin(cell: Cell, _names: Names) -> str:
    vin = "".join(text_of(cell).split()).upper()
    if not VIN_SHAPE.fullmatch(vin):
        raise NotUnderstood(_("A VIN has digits and letters without I, O and Q, 17 in all."))
    return vin


def _plate(cell: Cell, _names: Names) -> str:
    return plate_key(text_of(cell))


def _kind(cell: Cell, _names: Names) -> str:
    found = kinds().get(search_key(text_of(cell)))
    if found is None:
        text = _("“%(text)s” is no kind of vehicle. There are: %(kinds)s.")
        labels = ", ".join(str(kind.label) for kind in Vehicle.Type)
        raise NotUnderstood(text % {"text": text_of(cell)[:40], "kinds": labels})
    return found


def _plugs(cell: Cell, _names: Names) -> list[str]:
    found = []
    for part in _parts(text_of(cell)):
        plug = plugs().get(_plain(part))
        if plug is None:
            raise NotUnderstood(_("“%(text)s” is no plug.") % {"text": part[:40]})
        found.append(plug)
    return sorted(set(found))


def _parts(text: str) -> list[str]:
    """Return the plugs that a cell lists; a stroke parts them, too, but not within GB/T."""
    parts = []
    for part in re.split(r"[,;]", text):
        is_one = _plain(part) in plugs()
        parts += [part] if is_one else re.split(r"[/+&]|\s(?:and|und|et|en)\s", part)
    return [part.strip() for part in parts if part.strip()]


def _site(cell: Cell, names: Names) -> Any:
    return names.site(text_of(cell))


def _driver(cell: Cell, names: Names) -> Any:
    return names.driver(text_of(cell))


def _plain(text: str) -> str:
    return re.sub(r"[\W_]+", "", search_key(text))


@cache
def kinds() -> dict[str, str]:
    """Return the kinds of vehicles by their names in each language, and by AMPECO's."""
    found: dict[str, str] = {search_key(kind.value): kind.value for kind in Vehicle.Type}
    for language, _name in settings.LANGUAGES:
        with override(language):
            found |= {search_key(str(kind.label)): kind.value for kind in Vehicle.Type}
    return found


@cache
def plugs() -> dict[str, str]:
    """Return the plugs by AMPECO's names and by those that people read, without signs."""
    found = {_plain(plug): plug for plug in CONNECTOR_TYPES}
    for language, _name in settings.LANGUAGES:
        with override(language):
            found |= {_plain(str(label)): plug for plug, label in CONNECTOR_TYPES.items()}
    return found | {"typ2": "type2", "typ1": "type1", "mennekes": "type2", "ccs": "ccs2"}


def _words(value: Any) -> str:
    return _("yes") if value else _("no")


COLUMNS: tuple[VehicleColumn, ...] = (
    VehicleColumn(
        "number",
        gettext_lazy("Number"),
        "vehicle, vehicle number, fahrzeug, fahrzeugnummer, nummer, numéro, véhicule, voertuig,"
        " voertuignummer, name, interne nummer",
    ),
    VehicleColumn(
        "plate",
        gettext_lazy("Plate"),
        "licence plate, license plate, number plate, registration, kennzeichen, immatriculation,"
        " plaque, kenteken",
        _plate,
    ),
    VehicleColumn(
        "vin", gettext_lazy("VIN"), "fin, fahrgestellnummer, numéro de châssis, chassisnummer", _vin
    ),
    VehicleColumn("make", gettext_lazy("Make"), "manufacturer, hersteller, marke, marque, merk"),
    VehicleColumn("model", gettext_lazy("Model"), "modell, modèle, type"),
    VehicleColumn(
        "ampeco_type",
        gettext_lazy("Kind of vehicle"),
        "vehicle type, kind, fahrzeugart, fahrzeugtyp, type de véhicule, voertuigtype, soort",
        _kind,
        lambda value: str(Vehicle.Type(value).label) if value in Vehicle.Type.values else value,
    ),
    VehicleColumn(
        "plugs",
        gettext_lazy("Plugs"),
        "plug, connector, connectors, stecker, steckertyp, prise, prises, connecteur, stekker,"
        " stekkers",
        _plugs,
        lambda value: ", ".join(str(CONNECTOR_TYPES.get(plug, plug)) for plug in value or ()),
    ),
    VehicleColumn(
        "ac_kw",
        gettext_lazy("AC power (kW)"),
        "ac, ac kw, ac leistung, ladeleistung ac, puissance ac, ac vermogen",
        _number,
        _number_cell,
    ),
    VehicleColumn(
        "dc_kw",
        gettext_lazy("DC power (kW)"),
        "dc, dc kw, dc leistung, ladeleistung dc, puissance dc, dc vermogen",
        _number,
        _number_cell,
    ),
    VehicleColumn(
        "battery_kwh",
        gettext_lazy("Battery (kWh)"),
        "battery kwh, batterie, batterie kwh, akku, accu, capacity, kapazität, capacité, batterij",
        _number,
        _number_cell,
    ),
    VehicleColumn(
        "kwh_per_km",
        gettext_lazy("Consumption (kWh per km)"),
        "consumption kwh per km, verbrauch, consommation, verbruik",
        _number,
        _number_cell,
    ),
    VehicleColumn(
        "reserve_percent",
        gettext_lazy("Reserve (%)"),
        "reserve percent, réserve",
        _whole,
        _number_cell,
    ),
    VehicleColumn(
        "length_cm",
        gettext_lazy("Length (cm)"),
        "length cm, länge, longueur, lengte",
        _whole,
        _number_cell,
    ),
    VehicleColumn(
        "height_cm",
        gettext_lazy("Height (cm)"),
        "height cm, höhe, hauteur, hoogte",
        _whole,
        _number_cell,
    ),
    VehicleColumn(
        "width_cm",
        gettext_lazy("Width (cm)"),
        "width cm, breite, largeur, breedte",
        _whole,
        _number_cell,
    ),
    VehicleColumn(
        "weight_kg",
        gettext_lazy("Weight (kg)"),
        "weight kg, gewicht, poids",
        _whole,
        _number_cell,
    ),
    VehicleColumn(
        "needs_drive_through",
        gettext_lazy("Needs a drive-through space"),
        "drive through, durchfahrt, traversant, doorrijplaats",
        _yes_no,
        _words,
    ),
    VehicleColumn(
        "needs_refrigeration",
        gettext_lazy("Needs a refrigeration outlet"),
        "refrigeration, kühlung, réfrigération, koeling",
        _yes_no,
        _words,
    ),
    VehicleColumn(
        "carries_dangerous_goods",
        gettext_lazy("Carries dangerous goods"),
        "dangerous goods, gefahrgut, adr, marchandises dangereuses, gevaarlijke stoffen",
        _yes_no,
        _words,
    ),
    VehicleColumn(
        "home_site",
        gettext_lazy("Home site"),
        "site, depot, dépôt, heimatstandort, standort, site d'attache, thuislocatie, locatie",
        _site,
        lambda site: site.name if site else "",
    ),
    VehicleColumn(
        "usual_driver",
        gettext_lazy("Usual driver"),
        "driver, fahrer, conducteur, chauffeur, bestuurder",
        _driver,
        lambda driver: driver.email if driver else "",
    ),
    VehicleColumn(
        "cost_centre",
        gettext_lazy("Cost centre"),
        "cost center, kostenstelle, centre de coûts, kostenplaats",
    ),
)
