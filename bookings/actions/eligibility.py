"""Whether a slot may be booked for a driver: rules, chargers, access, availability."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from django.utils.translation import gettext as _

from bookings.models import Booking
from drivers.models import Driver, Fleet
from drivers.selectors import current_drivers, private_access_of, private_partner_ids
from sites.models import ChargePoint, Evse, Location
from sites.periods import Period
from sites.selectors import bookable_evses
from sites.slots import rules
from sites.slots.availability import AvailabilityUnknown, free_evses
from sites.slots.criteria import Criteria


class BookingRefused(Exception):
    """A booking that the portal does not ask for. The message is for the person who asked.

    `field` is `slot`, `driver`, `overlap` (which may be confirmed) or `booking` (the one that is to
    be changed or replaced); `offer_slots` says that picking another slot helps.
    """

    def __init__(self, field: str, message: str, *, offer_slots: bool = False) -> None:
        super().__init__(message)
        self.field = field
        self.message = message
        self.offer_slots = offer_slots


@dataclass(frozen=True, slots=True)
class Slot:
    """Where and when: a certain EVSE, or any at the location that meets the criteria."""

    location: Location
    evse: Evse | None
    criteria: Criteria
    start_at: datetime
    end_at: datetime

    @property
    def duration(self) -> timedelta:
        """How long the charger is asked for."""
        return self.end_at - self.start_at

    @property
    def minutes(self) -> int:
        """The length in whole minutes."""
        return int(self.duration.total_seconds() // 60)

    @property
    def local_day(self) -> date:
        """The day of the start, in the zone of the site."""
        return self.start_at.astimezone(self.location.zone).date()


def check_slot(*, fleet: Fleet, slot: Slot, now: datetime) -> None:
    """Raise BookingRefused when the times or the charger cannot be booked (no upstream call)."""
    problem = rules.first_broken_time_rule(slot.start_at, slot.end_at, now=now)
    if problem:
        raise BookingRefused("slot", problem, offer_slots=True)
    if not candidates(fleet=fleet, slot=slot):
        message = (
            _("This charger can no longer be booked. Please pick another one.")
            if slot.evse
            else _("No charger at this site fits any more. Please change what it must offer.")
        )
        raise BookingRefused("slot", message, offer_slots=True)


def check_driver(*, fleet: Fleet, driver: Driver, slot: Slot) -> None:
    """Raise BookingRefused when the driver may not be booked for, or may not use the charger."""
    if not current_drivers(fleet).filter(pk=driver.pk).exists():
        raise BookingRefused("driver", _("This driver has left your fleet."))
    if driver.status != Driver.Status.ENABLED:
        raise BookingRefused("driver", _("The operator has disabled this driver."))
    if not usable_evses(driver, candidates(fleet=fleet, slot=slot)):
        raise BookingRefused(
            "driver",
            _("This driver has no access to these private chargers. Ask their owner for it."),
        )


def check_availability(
    *, fleet: Fleet, slot: Slot, driver: Driver, held: Period | None = None
) -> None:
    """Raise BookingRefused when the slot is taken, or the operator does not let us book at all.

    `held` is what a booking holds at the charger already, for whoever wants to change it.
    """
    usable = usable_evses(driver, candidates(fleet=fleet, slot=slot))
    try:
        free = free_evses(
            slot.location,
            evses=usable,
            start_at=slot.start_at,
            end_at=slot.end_at,
            fresh=True,
            held=held,
        )
    except AvailabilityUnknown as error:
        if error.reason in {"unreachable", "busy"}:
            return
        raise BookingRefused("slot", error.message) from error
    if not free:
        message = (
            _("This charger is no longer free at that time. Please pick another slot.")
            if slot.evse
            else _("No charger that fits is free at that time any more. Please pick another slot.")
        )
        raise BookingRefused("slot", message, offer_slots=True)


def held_by(booking: Booking) -> Period:
    """Return the stretch that a booking holds at its charger: it is free for the booking itself."""
    return Period(booking.start_at.astimezone(UTC), booking.end_at.astimezone(UTC))


def candidates(*, fleet: Fleet, slot: Slot) -> list[Evse]:
    """Return the EVSEs that the slot may mean: the one asked for, or all that meet the criteria."""
    evses = bookable_evses(slot.location, partner_ids=private_partner_ids(fleet))
    if slot.evse:
        return list(evses.filter(pk=slot.evse.pk).prefetch_related(None))
    return [evse for evse in evses if slot.criteria.fits(evse)]


def usable_evses(driver: Driver, evses: Iterable[Evse]) -> list[Evse]:
    """Return those at which a driver may charge: private charge points want the owner's leave."""
    partner_ids = private_access_of(driver)
    return [evse for evse in evses if _may_use(evse.charge_point, partner_ids=partner_ids)]


def _may_use(charge_point: ChargePoint, *, partner_ids: frozenset[int]) -> bool:
    return (
        charge_point.type != ChargePoint.Type.PRIVATE
        or charge_point.partner_access_type == "private_view_public_use"
        or charge_point.ampeco_partner_id in partner_ids
    )
