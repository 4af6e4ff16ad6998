"""The kinds of links: which rows they join, and what is read of these."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Model, QuerySet

from drivers.models import IdTag
from energy.links import records
from energy.models import (
    Link,
    Network,
    RemoteChargePoint,
    RemoteConnector,
    RemoteTag,
    RemoteVehicle,
)
from sites.models import ChargePoint, Evse, Location
from vehicles.models import Vehicle

Kind = Link.Kind


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a kind: its rows, how they are read for matching, where words are looked for."""

    model: type[Model]
    record: Callable[..., Any]
    columns: tuple[str, ...]
    searched: tuple[str, ...]
    retires: bool = True
    joined: tuple[str, ...] = ()

    def living(self) -> QuerySet[Any]:
        rows = self.model._default_manager.select_related(*self.joined)
        return rows.filter(retired_at=None) if self.retires else rows

    def records(self) -> list[Any]:
        rows: Iterable[tuple[Any, ...]] = self.living().values_list(*self.columns)
        return [self.record(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class Pairing:
    """A kind: the field of ours, both sides, and what may be several on either."""

    ours: str
    there: Side
    here: Side
    several_here: bool = False
    several_there: bool = False


PAIRINGS: dict[str, Pairing] = {
    Kind.NETWORK: Pairing(
        ours="location",
        there=Side(
            Network,
            records.NetworkThere,
            ("remote_id", "latitude", "longitude"),
            ("name",),
        ),
        here=Side(
            Location,
            records.SiteHere,
            ("pk", "latitude", "longitude"),
            ("name", "city", "address"),
        ),
        several_here=True,
    ),
    Kind.CHARGE_POINT: Pairing(
        ours="charge_point",
        there=Side(
            RemoteChargePoint,
            records.ChargePointThere,
            ("remote_id", "ocpp_id", "serial_number"),
            ("name", "ocpp_id", "serial_number", "network__name"),
            joined=("network",),
        ),
        here=Side(
            ChargePoint,
            records.ChargePointHere,
            ("pk", "ocpp_id", "serial_number"),
            ("name", "ocpp_id", "serial_number", "location__name"),
            joined=("location",),
        ),
    ),
    Kind.CONNECTOR: Pairing(
        ours="evse",
        there=Side(
            RemoteConnector,
            records.ConnectorThere,
            ("remote_id", "charge_point__remote_id", "number"),
            ("charge_point__name", "charge_point__ocpp_id", "charge_point__network__name"),
            joined=("charge_point__network",),
        ),
        here=Side(
            Evse,
            records.EvseHere,
            ("pk", "charge_point_id", "network_id"),
            ("label", "physical_reference", "charge_point__name", "charge_point__location__name"),
            joined=("charge_point__location",),
        ),
        several_there=True,
    ),
    Kind.VEHICLE: Pairing(
        ours="vehicle",
        there=Side(
            RemoteVehicle,
            records.VehicleThere,
            ("remote_id", "vin", "customer_number", "plate", "group"),
            ("name", "customer_number", "plate", "vin", "group"),
        ),
        here=Side(
            Vehicle,
            records.VehicleHere,
            ("pk", "vin", "number", "plate", "fleet"),
            ("number", "plate", "vin", "fleet__name"),
            joined=("fleet",),
        ),
    ),
    Kind.TAG: Pairing(
        ours="tag",
        there=Side(
            RemoteTag,
            records.TagThere,
            ("remote_id", "key"),
            ("last_digits", "group"),
        ),
        here=Side(
            IdTag,
            records.TagHere,
            ("pk", "uid_key", "uid_short_key"),
            ("last_digits", "label", "driver__first_name", "driver__last_name", "driver__email"),
            retires=False,
            joined=("driver",),
        ),
    ),
}
