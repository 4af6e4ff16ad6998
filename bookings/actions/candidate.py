"""A booking that somebody wants, and what it must satisfy: RULES, in the order of telling.

A new rule is a function here, its place in a list, and a test of it. It is then kept by new
bookings, changes and moves. What may come up between asking and sending is looked at once more
before that: `RECHECKED` in `sync.operator_requests` names those rules.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any

from django.db import OperationalError
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bookings.actions.holdings import as_held, read_holdings, stretch_for
from bookings.models import Booking
from bookings.models.booking import slot_key
from bookings.wording.versions import BookingVersion
from drivers.models import Driver, Fleet
from drivers.permissions import current_drivers, private_access_of, private_partners
from limits.reading import rules_of
from limits.rules import Holding, Wanted, first_breach
from limits.rules import Rule as Limit
from maintenance.planned import Planned, PlannedTimes, first_touching, planned_times
from mirror.work import is_held
from shell.formats import instant, period
from sites import parking
from sites.models import ChargePoint, Evse, Location
from sites.periods import Period, subtract
from sites.selectors import Criteria, bookable_evses
from sites.slots.availability import (
    JUST_NOW_SECONDS,
    AvailabilityUnknown,
    FreeTimes,
    free_evses,
    those_free,
)
from sites.slots.prices.price import Price
from sites.slots.rules import Times, first_problem
from vehicles.fitting import why_not
from vehicles.models import Vehicle


class BookingRefused(Exception):
    """What the portal does not ask for. The message is for the person who wanted it.

    `field` is `slot`, `driver`, `vehicle`, `overlap` or `misfit` (which may be confirmed),
    `booking` (the one that is to be changed, replaced or cancelled, by what it is by now) or `held`
    (whoever is at work on it keeps everybody else waiting); `offer_slots` says that picking another
    slot helps.
    """

    def __init__(self, field: str, message: str, *, offer_slots: bool = False) -> None:
        super().__init__(message)
        self.field = field
        self.message = message
        self.offer_slots = offer_slots


@contextmanager
def refused_while_held() -> Iterator[None]:
    """Refuse what waited in vain for a row that somebody holds; goes around a whole transaction."""
    try:
        yield
    except OperationalError as error:
        if not is_held(error):
            raise
        text = _("Something else is being done with this right now. Please try again in a minute.")
        raise BookingRefused("held", text) from error


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
        return self.end_at - self.start_at

    @property
    def minutes(self) -> int:
        """The length in whole minutes."""
        return int(self.duration.total_seconds() // 60)

    @property
    def local_day(self) -> date:
        return self.start_at.astimezone(self.location.zone).date()


@dataclass(eq=False)
class Candidate:
    """A booking as a fleet wants it; what the rules need to know of it is read once, when needed.

    `previous` is the booking that gets other times or another driver, or with `moves` the one that
    this replaces. What the operator said is free will do for `answer_age` seconds. Whoever has read
    a part already sets it: `chargers`, `driver_is_current`, or what is free at the site then
    (`known_free`), or why that could not be read. `price` is what people are told that it costs.
    `turn` is when what is about to be sent was asked for, and its booking's primary key: what is
    asked for later is not in its way. `confirmed_overlap` is the `overlap_key` of the other
    bookings that somebody was shown and wants this one beside, or True for whatever there is.
    """

    fleet: Fleet
    slot: Slot
    driver: Driver | None = None
    previous: Booking | None = None
    moves: bool = False
    confirmed_overlap: bool | str = False
    vehicle: Vehicle | None = None
    confirmed_misfit: bool = False
    now: datetime = field(default_factory=timezone.now)
    answer_age: float = JUST_NOW_SECONDS
    known_free: FreeTimes | AvailabilityUnknown | None = None
    price: Price | None = None
    turn: tuple[datetime, int] | None = None

    @property
    def price_shown(self) -> dict[str, Any] | None:
        """What a request keeps of the price."""
        return self.price.to_json() if self.price else None

    @property
    def changes(self) -> Booking | None:
        return None if self.moves else self.previous

    @property
    def its_vehicle(self) -> Vehicle | None:
        """The vehicle that it is for; a change leaves that as it is."""
        return self.vehicle or (self.changes.vehicle if self.changes else None)

    @property
    def vehicle_key(self) -> int | None:
        """The key of its vehicle, for which that need not be read."""
        if self.vehicle:
            return self.vehicle.pk
        return self.changes.vehicle_id if self.changes else None

    @cached_property
    def times(self) -> Times:
        old = self.changes
        was = (old.start_at, old.end_at) if old else None
        return Times(self.slot.start_at, self.slot.end_at, self.now, was)

    @cached_property
    def period(self) -> Period:
        return Period.between(self.slot.start_at, self.slot.end_at)

    @property
    def version(self) -> BookingVersion:
        """What the booking would be."""
        assert self.driver is not None
        slot = self.slot
        return BookingVersion(
            self.driver,
            slot.location,
            slot.evse,
            slot.start_at,
            slot.end_at,
            slot.criteria,
            self.vehicle,
        )

    @cached_property
    def slot_key(self) -> str:
        """The text by which the same slot for the same driver is recognised."""
        assert self.driver is not None
        slot = self.slot
        return slot_key(
            driver=self.driver,
            location=slot.location,
            evse=slot.evse,
            wanted=slot.criteria.key,
            start=slot.start_at,
            end=slot.end_at,
        )

    @cached_property
    def chargers(self) -> list[Evse]:
        slot = self.slot
        return meant_chargers(
            self.fleet,
            slot.location,
            slot.evse.pk if slot.evse else None,
            slot.criteria,
            for_vehicle=self.vehicle is not None,
        )

    @cached_property
    def driver_is_current(self) -> bool:
        return self.driver is not None and (
            current_drivers(self.fleet).filter(pk=self.driver.pk).exists()
        )

    @cached_property
    def private_access(self) -> frozenset[int]:
        return private_access_of(self.driver) if self.driver else frozenset()

    @property
    def usable_chargers(self) -> list[Evse]:
        return self.usable(self.chargers)

    @cached_property
    def held_by_fleet(self) -> list[Booking]:
        """The fleet's other bookings that have, or ask for, one of the chargers at that time."""
        # The booking of a request that is about to be sent is not in its own way.
        own = self.slot_key if self.driver and not self.previous else None
        chargers = {evse.pk for evse in self.chargers}
        return [
            booking
            for booking in self._besides_own(self.concerned)
            if booking.evse_id in chargers
            and booking.slot_key != own
            and not self._waits_behind(booking)
        ]

    def _waits_behind(self, booking: Booking) -> bool:
        if self.turn is None or booking.status != Booking.Status.REQUESTED:
            return False
        # Were each in the way of the other, neither would ever be sent.
        return self.turn <= (booking.created_at, booking.pk)

    @cached_property
    def planned(self) -> PlannedTimes:
        """The planned downtime of the site's chargers at that time."""
        return planned_times([self.slot.location], during=self.period)

    def downtime_at(self, evse: Evse) -> Planned | None:
        """Return the first planned downtime of a charger that is in the way of what is wanted.

        What the booking has already it keeps: the operator may have promised it all the same.
        """
        times = self.planned.get(evse.ampeco_id, ())
        old = self.changes
        wanted = subtract([self.period], [old.period]) if times and old else (self.period,)
        found = (first_touching(times, each) for each in wanted)
        return next((each for each in found if each), None)

    @property
    def chargers_left(self) -> list[Evse]:
        """The chargers that may be meant, but for those that cannot be had at that time.

        The fleet has them then, or they are out of use by plan.
        """
        held = {booking.evse_id for booking in self.held_by_fleet}
        return [
            evse for evse in self.chargers if evse.pk not in held and not self.downtime_at(evse)
        ]

    def usable(self, evses: Iterable[Evse]) -> list[Evse]:
        return [evse for evse in evses if self._may_use(evse.charge_point)]

    def _may_use(self, charge_point: ChargePoint) -> bool:
        return charge_point.is_open_to_all or charge_point.ampeco_partner_id in self.private_access

    @cached_property
    def is_free(self) -> bool:
        """Whether a charger that will do is free, as the operator says now.

        What a booking holds already is free for itself. Where the operator has not said yet which
        charger that is, it alone can tell. Raises AvailabilityUnknown.
        """
        slot, old = self.slot, self.changes
        if old and slot.evse is None:
            return True
        chargers = self.usable(self.chargers_left)
        if isinstance(self.known_free, AvailabilityUnknown):
            raise self.known_free
        if self.known_free is not None:
            return bool(those_free(self.known_free, chargers, self.period))
        free = free_evses(
            slot.location,
            evses=chargers,
            start_at=slot.start_at,
            end_at=slot.end_at,
            held=old.period if old else None,
            max_age=self.answer_age,
        )
        return bool(free)

    @cached_property
    def concerned(self) -> list[Booking]:
        """The fleet's bookings that hold a place then, for the driver or at one of the chargers."""
        concerned = Q(evse__in=self.chargers)
        if self.driver:
            concerned |= Q(driver=self.driver)
        if self.vehicle_key:
            concerned |= Q(vehicle=self.vehicle_key)
        return list(
            Booking.objects.filter(
                concerned,
                fleet=self.fleet,
                status__in=Booking.HOLDS_A_PLACE,
                start_at__lt=self.slot.end_at,
                end_at__gt=self.slot.start_at,
            )
            .select_related("fleet", "driver", "location", "evse__charge_point", "vehicle")
            .order_by("start_at", "pk")
        )

    @cached_property
    def bookings_then(self) -> list[Booking]:
        """The fleet's bookings for the driver that hold a place at that time, in order of time."""
        return [booking for booking in self.concerned if booking.driver == self.driver]

    @cached_property
    def booked_already(self) -> Booking | None:
        """The booking that this would be once more.

        An approval may name another charger than was asked for, or the one of any. So a booking for
        the same driver at the same site and time is the same where any charger would do, or where
        it is for the same vehicle.
        """
        return next(
            (
                booking
                for booking in self.bookings_then
                if booking.slot_key == self.slot_key or self._is_had_as(booking)
            ),
            None,
        )

    def _is_had_as(self, booking: Booking) -> bool:
        slot = self.slot
        if booking.location_id != slot.location.pk or booking.period != self.period:
            return False
        any_will_do = slot.evse is None and slot.criteria == Criteria()
        of_vehicle = self.vehicle is not None and booking.vehicle_id == self.vehicle.pk
        return any_will_do or of_vehicle

    @cached_property
    def bookings_of_vehicle_then(self) -> list[Booking]:
        """The fleet's bookings for the vehicle that hold a place at that time."""
        if self.vehicle_key is None:
            return []
        return [booking for booking in self.concerned if booking.vehicle_id == self.vehicle_key]

    @cached_property
    def limits(self) -> tuple[Limit, ...]:
        """The rules that staff or the fleet have set for it."""
        return rules_of(self.fleet)

    @cached_property
    def wanted(self) -> Wanted:
        """What the limits are held against; of any suitable charger each may be the one."""
        slot = self.slot
        evses = [slot.evse] if slot.evse else self.chargers
        return Wanted(
            Period.between(slot.start_at, slot.end_at),
            slot.location.pk,
            frozenset(evse.pk for evse in evses),
            slot.location.zone,
            self.now,
            as_held(self.previous) if self.previous else None,
        )

    @cached_property
    def holdings(self) -> list[Holding]:
        """What else the fleet holds around that time; read only where a limit counts it."""
        counting = [limit for limit in self.limits if limit.counts]
        if not counting:
            return []
        stretch = stretch_for(counting, self.wanted.period)
        return read_holdings(self.fleet, stretch).without(self.previous)

    @property
    def overlapping_bookings(self) -> list[Booking]:
        """The other bookings at that time for the driver, then those for the vehicle."""
        found = {each.pk: each for each in (*self.bookings_then, *self.bookings_of_vehicle_then)}
        return self._besides_own(found.values())

    @property
    def overlap_key(self) -> str:
        """What a form sends back to confirm the other bookings that it was shown, and no more."""
        shown = (
            self.driver and self.driver.pk,
            instant(self.slot.start_at),
            self.slot.minutes,
            sorted(booking.pk for booking in self.overlapping_bookings),
        )
        return hashlib.sha256(repr(shown).encode()).hexdigest()[:16]

    @property
    def overlap_is_confirmed(self) -> bool:
        return self.confirmed_overlap is True or self.confirmed_overlap == self.overlap_key

    @property
    def others_of_driver(self) -> list[Booking]:
        return self._besides_own(self.bookings_then)

    @property
    def others_of_vehicle(self) -> list[Booking]:
        return self._besides_own(self.bookings_of_vehicle_then)

    def _besides_own(self, bookings: Iterable[Booking]) -> list[Booking]:
        own = {self.previous.pk, self.previous.replaces_id} if self.previous else set()
        return [booking for booking in bookings if booking.pk not in own]


def meant_chargers(
    fleet: Fleet,
    location: Location | int,
    evse: int | None,
    criteria: Criteria,
    *,
    for_vehicle: bool = False,
) -> list[Evse]:
    """Return the bookable chargers that may be meant: the one asked for, or all that fit.

    With what a vehicle needs to be told about them, where it is to fit.
    """
    evses = bookable_evses(location, partner_ids=private_partners(fleet))
    if not (criteria.connector_type or for_vehicle):
        evses = evses.prefetch_related(None)
    if for_vehicle or criteria.parking:
        evses = evses.prefetch_related(*parking.PREFETCH)
    if evse is not None:
        return list(evses.filter(pk=evse))
    return [each for each in evses if criteria.fits(each)]


def access_needed(evses: Iterable[Evse]) -> frozenset[int]:
    """Return the partners to whose private chargers a driver needs access, to one of them.

    Nothing where some charger is open to all, or there is none at all.
    """
    charge_points = [evse.charge_point for evse in evses]
    if any(point.is_open_to_all for point in charge_points):
        return frozenset()
    return frozenset(each.ampeco_partner_id for each in charge_points if each.ampeco_partner_id)


Rule = Callable[[Candidate], BookingRefused | None]


def times_are_allowed(candidate: Candidate) -> BookingRefused | None:
    times = candidate.times
    if times.was is not None and not (times.new_start or times.new_end):
        return None
    problem = first_problem(times)
    return BookingRefused("slot", problem, offer_slots=True) if problem else None


def charger_is_bookable(candidate: Candidate) -> BookingRefused | None:
    if candidate.chargers:
        return None
    if candidate.changes:
        message = _(
            "This charger can no longer be booked. The booking can be moved to another one."
        )
    elif candidate.slot.evse:
        message = _("This charger can no longer be booked. Please pick another one.")
    else:
        message = _("No charger at this site meets these requirements. Please change them.")
    return BookingRefused("slot", message, offer_slots=not candidate.changes)


def no_downtime_is_planned(candidate: Candidate) -> BookingRefused | None:
    """Where any charger will do, one that is in use then is enough."""
    if candidate.changes and candidate.slot.evse is None:
        return None
    found = [candidate.downtime_at(evse) for evse in candidate.chargers]
    if not all(found):
        return None
    first = found[0]
    assert first is not None
    text = (
        _("Maintenance is planned at this charger then: %(when)s%(reason)s.")
        if candidate.slot.evse
        else _("Maintenance is planned at every suitable charger then, first: %(when)s%(reason)s.")
    )
    words = {
        "when": period(first.start_at, first.end_at, candidate.slot.location.zone)
        if first.end_at
        else _("until further notice"),
        "reason": f" ({first.notice})" if first.notice else "",
    }
    return BookingRefused("slot", text % words, offer_slots=True)


def fleet_keeps_its_limits(candidate: Candidate) -> BookingRefused | None:
    """Counted once more, with nobody beside it, as it is saved: `bookings.actions.limits`."""
    if not candidate.limits:
        return None
    problem = first_breach(candidate.limits, candidate.wanted, candidate.holdings)
    return BookingRefused("slot", problem, offer_slots=True) if problem else None


def fleet_has_no_other_booking_there(candidate: Candidate) -> BookingRefused | None:
    """The operator calls a charger free until it has decided, so it is not asked about that."""
    if candidate.changes and candidate.slot.evse is None:
        return None
    if candidate.chargers_left or not candidate.held_by_fleet:
        return None
    first = candidate.held_by_fleet[0]
    text = (
        _(
            "Your fleet has this charger at that time already: %(driver)s, %(when)s (%(booking)s, "
            "%(status)s)."
        )
        if candidate.slot.evse
        else _(
            "Your fleet has every suitable charger at that time already, the first: %(driver)s, "
            "%(when)s (%(booking)s, %(status)s)."
        )
    )
    words = {
        "driver": first.driver.display_name,
        "when": period(first.start_at, first.end_at, first.zone),
        "booking": first,
        "status": first.get_status_display(),
    }
    return BookingRefused("slot", text % words, offer_slots=True)


def driver_is_of_the_fleet(candidate: Candidate) -> BookingRefused | None:
    if candidate.driver_is_current:
        return None
    return BookingRefused("driver", _("This driver has left your fleet."))


def driver_is_active(candidate: Candidate) -> BookingRefused | None:
    if candidate.driver and candidate.driver.status == Driver.Status.ENABLED:
        return None
    return BookingRefused("driver", _("The operator has disabled this driver."))


def driver_has_access(candidate: Candidate) -> BookingRefused | None:
    if candidate.usable_chargers:
        return None
    return BookingRefused(
        "driver",
        _(
            "This driver has no access to these private chargers. Please ask their owner for "
            "access."
        ),
    )


def vehicle_fits(candidate: Candidate) -> BookingRefused | None:
    """What cannot be plugged in is refused; the rest may be known better by who asks.

    Where any charger will do, each that the operator may pick has to fit.
    """
    vehicle = candidate.vehicle
    if vehicle is None:
        return None
    found = [why_not(vehicle, evse) for evse in candidate.chargers]
    reasons = [misfit for misfit in found if misfit and not misfit.is_about_driver]
    if not reasons:
        return None
    certain = [misfit for misfit in reasons if misfit.is_certain]
    if len(certain) == len(found):
        text = _("%(vehicle)s cannot charge there. %(reason)s")
        words = {"vehicle": vehicle.number, "reason": certain[0].text}
        return BookingRefused("vehicle", text % words)
    if candidate.confirmed_misfit:
        return None
    if candidate.slot.evse is None:
        text = _("The operator may pick a charger that does not fit %(vehicle)s. %(reason)s")
    else:
        text = _("%(vehicle)s may not fit there. %(reason)s")
    return BookingRefused("misfit", text % {"vehicle": vehicle.number, "reason": reasons[0].text})


def slot_is_free(candidate: Candidate) -> BookingRefused | None:
    """While the operator does not answer, a slot passes: it is looked at again before sending."""
    try:
        if candidate.is_free:
            return None
    except AvailabilityUnknown as unknown:
        if unknown.reason in {"unreachable", "busy"}:
            return None
        return BookingRefused("slot", unknown.message)
    message = (
        _("This charger is no longer free at that time. Please pick another slot.")
        if candidate.slot.evse
        else _("No suitable charger is free at that time any more. Please pick another slot.")
    )
    return BookingRefused("slot", message, offer_slots=True)


def driver_is_not_booked_twice(candidate: Candidate) -> BookingRefused | None:
    found = candidate.overlapping_bookings
    if not found or candidate.overlap_is_confirmed:
        return None
    first = found[0]
    vehicle = candidate.its_vehicle
    if vehicle and first.driver != candidate.driver:
        return BookingRefused("overlap", _tell_overlap(vehicle.number, found))
    return BookingRefused("overlap", _tell_overlap(first.driver.display_name, found))


def vehicle_is_not_booked_twice(candidate: Candidate) -> BookingRefused | None:
    """The part of the rule above that concerns what gets another vehicle, and nothing else."""
    found = candidate.others_of_vehicle
    if candidate.confirmed_overlap is True or candidate.vehicle is None or not found:
        return None
    return BookingRefused("overlap", _tell_overlap(candidate.vehicle.number, found))


def _tell_overlap(who: str, found: Sequence[Booking]) -> str:
    first = found[0]
    text = ngettext(
        "%(driver)s has another booking at that time: %(when)s, %(where)s.",
        "%(driver)s has %(count)d other bookings at that time, the first: %(when)s, %(where)s.",
        len(found),
    )
    words = {
        "count": len(found),
        "driver": who,
        "when": period(first.start_at, first.end_at, first.zone),
        "where": first.location.name,
    }
    return text % words


# What is wrong with a slot, whoever drives.
SLOT_RULES: tuple[Rule, ...] = (
    times_are_allowed,
    charger_is_bookable,
    no_downtime_is_planned,
    fleet_keeps_its_limits,
    fleet_has_no_other_booking_there,
)
RULES: tuple[Rule, ...] = (
    *SLOT_RULES,
    driver_is_of_the_fleet,
    driver_is_active,
    driver_has_access,
    vehicle_fits,
    slot_is_free,
    driver_is_not_booked_twice,
)


def first_refusal(candidate: Candidate, rules: Iterable[Rule] = RULES) -> BookingRefused | None:
    """Return what the first rule that is broken says, or None."""
    return next((refusal for rule in rules if (refusal := rule(candidate))), None)
