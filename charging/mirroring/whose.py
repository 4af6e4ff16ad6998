"""Whose a session is: which driver, fleet, vehicle and cost centre. What is not certain is empty.

All that a page of sessions needs to know is read at once, in a few statements.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Q

from ampeco.types import Session as Record
from bookings.models import Booking
from charging.mirroring.vehicles import VehiclesOfSessions
from charging.models import CostCentre
from drivers.models import Driver, Fleet, FleetDriver
from sites.models import Evse
from vehicles.models import Vehicle

# A fleet's drivers that are read so soon after it was made belonged to it before as well.
FIRST_DRIVERS = timedelta(days=1)
# The mirror of drivers notes an invite some time after it was accepted.
NOTED_LATE = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose a session is."""

    driver: Driver
    fleet_id: int
    booking: Booking | None
    vehicle: Vehicle | None


@dataclass(slots=True)
class Belongings:
    """What is ours of what a page of sessions names, by AMPECO's ids."""

    drivers: dict[int, Driver]
    fleets: dict[int, list[FleetDriver]]
    bookings: dict[int, Booking]
    evses: dict[int, Evse]
    vehicles: VehiclesOfSessions
    partners: dict[int, int]
    # Of how many sessions several fleets might be the one, and nothing tells which.
    undecided: int = field(default=0)

    @classmethod
    def of(cls, records: Sequence[Record]) -> "Belongings":
        """Read all of it; drivers are locked in the order in which the mirror of drivers does."""
        bookings = {
            booking.ampeco_booking_id: booking
            for booking in Booking.objects.filter(
                ampeco_booking_id__in=_ids(one.booking_id for one in records)
            ).select_related("vehicle")
            if booking.ampeco_booking_id is not None
        }
        booked = [booking.driver_id for booking in bookings.values()]
        named = _ids(one.user_id for one in records)
        drivers = list(
            Driver.objects.select_for_update(no_key=True)
            .filter(_named(named) | _keyed(booked))
            .order_by("ampeco_user_id")
        )
        belonging: dict[int, list[FleetDriver]] = defaultdict(list)
        of_active = FleetDriver.objects.filter(driver__in=drivers, fleet__is_active=True)
        for row in of_active.select_related("fleet").order_by("pk"):
            belonging[row.driver_id].append(row)
        fleets = {row.fleet for rows in belonging.values() for row in rows}
        evses = {
            evse.ampeco_id: evse
            for evse in Evse.objects.filter(
                ampeco_id__in=_ids(one.evse_id for one in records)
            ).select_related("charge_point__location")
        }
        return cls(
            drivers={driver.ampeco_user_id: driver for driver in drivers},
            fleets=belonging,
            bookings=bookings,
            evses=evses,
            vehicles=VehiclesOfSessions.of(
                records, drivers=drivers, evses=evses, fleet_ids=[fleet.pk for fleet in fleets]
            ),
            partners={fleet.ampeco_partner_id: fleet.pk for fleet in fleets},
        )

    def owner_of(self, record: Record, *, stored_in: int | None) -> Owner | None:
        """Return whose a session is; None where it is nobody's of ours.

        One that is stored already stays in its fleet, unless a booking says otherwise.
        """
        booking = self.bookings.get(record.booking_id or 0)
        driver = self.drivers.get(record.user_id or 0)
        if driver is None and booking is not None:
            driver = next(one for one in self.drivers.values() if one.pk == booking.driver_id)
        if driver is None or record.started_at is None:
            return None
        if booking is not None:
            fleet_ids = [booking.fleet_id]
        elif stored_in is not None:
            fleet_ids = [stored_in]
        else:
            fleet_ids = self._fleets_at(driver, record.started_at)
        if not fleet_ids:
            return None
        evse = self.evses.get(record.evse_id or 0)
        vehicle = self.vehicles.of_session(record, driver=driver, fleet_ids=fleet_ids, evse=evse)
        fleet_id = _one_of(fleet_ids, vehicle, self._fleet_of_charger(evse))
        if fleet_id is None:
            self.undecided += 1
            return None
        return Owner(driver, fleet_id, booking, vehicle)

    def _fleets_at(self, driver: Driver, at: datetime) -> list[int]:
        """Return for which fleets somebody drove at an instant."""
        return [
            row.fleet_id
            for row in self.fleets[driver.pk]
            if (row.left_at is None or at < row.left_at) and at >= _belongs_since(row)
        ]

    def _fleet_of_charger(self, evse: Evse | None) -> int | None:
        partner = evse.charge_point.ampeco_partner_id if evse else None
        return self.partners.get(partner or 0)


def cost_centres_of(fleet_ids: Collection[int]) -> dict[tuple[int, str], CostCentre]:
    """Return the cost centres of fleets that are in use, by fleet and code, whatever its case."""
    rows = CostCentre.objects.filter(fleet__in=fleet_ids, retired_at=None)
    return {(row.fleet_id, code_key(row.code)): row for row in rows}


def _one_of(
    fleet_ids: Collection[int], vehicle: Vehicle | None, of_charger: int | None
) -> int | None:
    """Return which of several fleets it is: that of the vehicle, or else of the charger."""
    if vehicle is not None:
        return vehicle.fleet_id
    if len(fleet_ids) == 1:
        return next(iter(fleet_ids))
    return of_charger if of_charger in fleet_ids else None


def code_key(code: str) -> str:
    return code.strip().upper()


def _belongs_since(row: FleetDriver) -> datetime:
    """Return from when on somebody's sessions are the fleet's: what was before is not its business.

    When an invite was accepted before the portal knew the fleet, it does not know.
    """
    fleet: Fleet = row.fleet
    if row.added_at <= fleet.created_at + FIRST_DRIVERS:
        return datetime.min.replace(tzinfo=row.added_at.tzinfo)
    return row.added_at - NOTED_LATE


def _ids(found: Iterable[int | None]) -> list[int]:
    return sorted({one for one in found if one is not None})


def _named(user_ids: list[int]) -> Q:
    return Q(ampeco_user_id__in=[pk for pk in user_ids if pk > 0])


def _keyed(keys: list[int]) -> Q:
    return Q(pk__in=keys)
