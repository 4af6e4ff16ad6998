"""Vehicles from a table: which are new, which change, and in what."""

import copy
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from drivers.models import Fleet
from imports.names import DENSE, Names
from imports.vehicle_columns import COLUMNS, VehicleColumn
from spreadsheets.columns import Understood, understand
from spreadsheets.spellings import Spellings
from spreadsheets.table import Cell, Row, Table, text_of
from spreadsheets.values import NotUnderstood
from vehicles.actions import VehicleRefused, save_vehicle
from vehicles.models import Vehicle

MOST_ROWS = 1000
# By these a vehicle is known, the surest first.
NAMES = ("vin", "number", "plate")


class Kind(StrEnum):
    """What becomes of a line."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Difference:
    """A fact that changes, in words."""

    label: str
    old: str
    new: str


@dataclass(slots=True)
class VehicleLine:
    """A line of the table: the vehicle as it would be, and in what it differs from what is kept."""

    number: int
    kind: Kind
    vehicle: Vehicle
    differences: list[Difference] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def mark(self) -> str:
        changes = "|".join(f"{each.label}={each.old}>{each.new}" for each in self.differences)
        return f"{self.kind}:{self.vehicle.pk or ''}:{changes}"


@dataclass(frozen=True, slots=True)
class VehicleReading:
    """What was understood of a table of vehicles."""

    understood: Understood
    lines: list[VehicleLine]

    @property
    def missing(self) -> str:
        """Return in a sentence which column is needed and not there; "" where none is."""
        if not set(NAMES) & set(self.understood.places):
            return _("No column has the vehicles' numbers, plates or VINs.")
        return ""

    def of_kind(self, kind: Kind) -> list[VehicleLine]:
        return [line for line in self.lines if line.kind == kind]

    @property
    def new(self) -> list[VehicleLine]:
        return self.of_kind(Kind.NEW)

    @property
    def changed(self) -> list[VehicleLine]:
        return self.of_kind(Kind.CHANGED)

    @property
    def same(self) -> list[VehicleLine]:
        return self.of_kind(Kind.SAME)

    @property
    def wrong(self) -> list[VehicleLine]:
        return self.of_kind(Kind.WRONG)

    @property
    def to_save(self) -> list[VehicleLine]:
        return [line for line in self.lines if line.kind in {Kind.NEW, Kind.CHANGED}]

    @property
    def mark(self) -> str:
        """What somebody has to have seen who lets it be done."""
        text = "\n".join(line.mark for line in self.lines)
        return hashlib.sha256(text.encode()).hexdigest()


def read_vehicles(table: Table, *, fleet: Fleet) -> VehicleReading:
    """Return what a table would do to the fleet's vehicles; an empty cell changes nothing."""
    understood = understand(table, COLUMNS)
    present = [column for column in COLUMNS if column.key in understood.places]
    reader = _Reader(Names(fleet), understood, present)
    return VehicleReading(understood, [reader.line(number, row) for number, row in table.rows])


@transaction.atomic
def save_vehicles(reading: VehicleReading, *, user: User) -> tuple[int, list[str]]:
    """Add and change what a table says; return how many that were, and what could not be."""
    problems = []
    saved = 0
    for line in reading.to_save:
        seen = line.vehicle.version if line.kind == Kind.CHANGED else None
        try:
            with transaction.atomic():
                save_vehicle(line.vehicle, user=user, seen_version=seen)
        except VehicleRefused as refusal:
            text = _("Row %(row)d: %(problem)s")
            problems.append(text % {"row": line.number, "problem": refusal.message})
        else:
            saved += 1
    return saved, problems


class _Reader:
    """Reads line after line, and knows which vehicles earlier lines were about."""

    def __init__(
        self, names: Names, understood: Understood, present: Sequence[VehicleColumn]
    ) -> None:
        self.names, self.understood, self.present = names, understood, present
        # The rows of earlier lines: all of them, by the vehicle's key, and those that are new.
        self.seen = Spellings[int]()
        self.seen_kept: dict[int, int] = {}
        self.seen_new = Spellings[int](dense=DENSE)

    def line(self, number: int, row: Row) -> VehicleLine:
        values, problems = self._values(row)
        named = [(name, values[name]) for name in NAMES if values.get(name)]
        found = self._found(named)
        if not named and not problems:
            problems.append(_("This row has no number, no plate and no VIN."))
        if len(found) > 1:
            both = " / ".join(vehicle.name for vehicle in found)
            problems.append(_("This row names two vehicles: %(both)s.") % {"both": both})
        kept = found[0] if found else None
        earlier = self._earlier(named, kept)
        if earlier is not None:
            problems.append(_("Row %(row)d is about the same vehicle.") % {"row": earlier})
        self._remember(named, kept, number)
        vehicle = self._as_wanted(kept, values)
        if problems:
            return VehicleLine(number, Kind.WRONG, vehicle, problems=problems)
        if kept is None:
            return VehicleLine(number, Kind.NEW, vehicle)
        differences = [
            Difference(str(column.label), old, new)
            for column in self.present
            if column.key in values
            and (old := column.text(getattr(kept, column.key)))
            != (new := column.text(getattr(vehicle, column.key)))
        ]
        return VehicleLine(number, Kind.CHANGED if differences else Kind.SAME, vehicle, differences)

    def _found(self, named: Sequence[tuple[str, str]]) -> list[Vehicle]:
        """Return the vehicles that a row names, each by its very name or else by the only like."""
        found: list[Vehicle] = []
        for kind, name in named:
            those = self.names.spellings.exactly(kind, name)
            if not those:
                like = self.names.spellings.otherwise(kind, name)
                those = like if len(like) == 1 else []
            found += those
        return list(dict.fromkeys(found))

    def _earlier(self, named: Sequence[tuple[str, str]], kept: Vehicle | None) -> int | None:
        """Return the first row about the same vehicle."""
        if kept and kept.pk in self.seen_kept:
            return self.seen_kept[kept.pk]
        rows = [row for kind, name in named for row in self.seen.exactly(kind, name)]
        if kept is None:
            rows += [row for kind, name in named for row in self.seen_new.otherwise(kind, name)]
        return min(rows, default=None)

    def _remember(
        self, named: Sequence[tuple[str, str]], kept: Vehicle | None, number: int
    ) -> None:
        if kept:
            self.seen_kept.setdefault(kept.pk, number)
        for kind, name in named:
            self.seen.add(kind, name, number)
            if kept is None:
                self.seen_new.add(kind, name, number)

    def _as_wanted(self, kept: Vehicle | None, values: dict[str, Any]) -> Vehicle:
        vehicle = copy.copy(kept) if kept else Vehicle(fleet=self.names.fleet)
        for name, value in values.items():
            setattr(vehicle, name, value)
        if not vehicle.number:
            # What a fleet does not number is called by its plate.
            vehicle.number = (vehicle.plate or vehicle.vin)[:32]
        return vehicle

    def _values(self, row: Row) -> tuple[dict[str, Any], list[str]]:
        values: dict[str, Any] = {}
        problems: list[str] = []
        for column in self.present:
            cell: Cell = self.understood.cell(row, column.key)
            if not text_of(cell).strip():
                continue
            try:
                values[column.key] = column.value(cell, self.names)
            except NotUnderstood as problem:
                text = _("%(column)s: %(problem)s")
                problems.append(text % {"column": column.label, "problem": problem.message})
        return values, problems
