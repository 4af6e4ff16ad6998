"""Many new bookings at once, by the rules of single ones: a query a kind, whatever their number."""

import time
import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import Q

from accounts.models import User
from bookings.actions.candidate import Candidate
from bookings.actions.create import rows_of
from bookings.actions.limits import held_around
from bookings.actions.prices import tell_prices
from bookings.models import Actor, Booking, BookingRequest
from bookings.state.moves import record_creations
from drivers.models import Fleet, PrivateAccess
from drivers.permissions import current_drivers, private_partners
from limits.reading import rules_of
from maintenance.planned import planned_times
from sites.models import Evse
from sites.periods import Period
from sites.selectors import Criteria, all_bookable_evses
from sites.slots.availability import (
    AvailabilityUnknown,
    FreeTimes,
    ask,
    read_availability,
    window_for,
)
from sites.slots.rules import first_problem
from vehicles.criteria import criteria_of
from vehicles.fitting import for_fitting

# The operator is asked about so many sites and weeks, and for so long, before somebody sees a page.
# What is beyond is looked at before it is sent, as every request is.
MOST_CALLS = 24
MOST_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Wish:
    """A booking that is asked for together with others."""

    candidate: Candidate
    reference: str
    submission_key: uuid.UUID


def read_together(fleet: Fleet, candidates: Sequence[Candidate], *, now: datetime) -> None:
    """Read what the rules need to know of candidates for new bookings, and tell it to each.

    Costs some queries, and a call for about each week of each site where no answer in the cache is
    recent enough for the candidates (`answer_age`).
    """
    read_rows(fleet, candidates)
    _tell_limits(fleet, candidates)
    _tell_free_times(candidates, now=now)


def read_rows(fleet: Fleet, candidates: Sequence[Candidate]) -> None:
    """Read what the rules need to know of chargers, drivers and the fleet's other bookings."""
    _tell_chargers(fleet, candidates)
    _tell_downtime(candidates)
    _tell_drivers(fleet, candidates)
    _tell_bookings(fleet, candidates)


def save_together(wishes: Sequence[Wish], *, user: User) -> dict[uuid.UUID, BookingRequest]:
    """Save bookings with their create requests, for workers to send; return them by key.

    All in one transaction, so that nothing is half done. What somebody else asked for in the very
    moment, with the same form or for the same slot and driver, is missing from the answer. For
    callers that have checked the rules.
    """
    known = set(
        BookingRequest.objects.filter(
            submission_key__in=[wish.submission_key for wish in wishes]
        ).values_list("submission_key", flat=True)
    )
    wishes = [wish for wish in wishes if wish.submission_key not in known]
    tell_prices([wish.candidate for wish in wishes], may_ask=False)
    with transaction.atomic():
        try:
            requests = _insert(wishes, user=user)
        except IntegrityError:
            requests = [each for wish in wishes for each in _insert_if_free(wish, user=user)]
    return {request.submission_key: request for request in requests}


def _insert_if_free(wish: Wish, *, user: User) -> list[BookingRequest]:
    try:
        return _insert([wish], user=user)
    except IntegrityError:
        return []


@transaction.atomic
def _insert(wishes: Iterable[Wish], *, user: User) -> list[BookingRequest]:
    pairs = [
        rows_of(
            wish.candidate,
            user=user,
            reference=wish.reference,
            submission_key=wish.submission_key,
        )
        for wish in wishes
    ]
    Booking.objects.bulk_create(booking for booking, _request in pairs)
    requests = BookingRequest.objects.bulk_create(request for _booking, request in pairs)
    record_creations(requests, user=user, actor=Actor.MANAGER)
    return requests


def _tell_chargers(fleet: Fleet, candidates: Iterable[Candidate]) -> None:
    """Tell each candidate which bookable chargers may be meant.

    Where any will do, and nothing is said of what it must offer, the vehicle says it.
    """
    slots = [candidate.slot for candidate in candidates]
    meant = Q(pk__in={slot.evse.pk for slot in slots if slot.evse})
    if open_places := {slot.location.pk for slot in slots if slot.evse is None}:
        meant |= Q(charge_point__location__in=open_places)
    evses = all_bookable_evses(partner_ids=private_partners(fleet)).filter(meant)
    if open_places or any(candidate.vehicle for candidate in candidates):
        evses = for_fitting(evses)
    evses = evses.select_related("charge_point__location").order_by(
        "charge_point__name", "charge_point_id", "network_id", "pk"
    )
    at_sites: dict[int, list[Evse]] = defaultdict(list)
    for evse in evses:
        at_sites[evse.charge_point.location_id].append(evse)
    known: dict[tuple[int, int], Criteria] = {}
    for candidate in candidates:
        slot, vehicle = candidate.slot, candidate.vehicle
        there = at_sites[slot.location.pk]
        if slot.evse is not None:
            candidate.chargers = [each for each in there if each.pk == slot.evse.pk]
            continue
        if vehicle is not None and slot.criteria == Criteria():
            key = (slot.location.pk, vehicle.pk)
            if key not in known:
                known[key] = criteria_of(vehicle, there)
            slot = candidate.slot = replace(slot, criteria=known[key])
        candidate.chargers = [each for each in there if slot.criteria.fits(each)]


def _tell_downtime(candidates: Sequence[Candidate]) -> None:
    """Tell each candidate what is planned at the chargers of all their sites, over all the time."""
    if not candidates:
        return
    periods = [candidate.period for candidate in candidates]
    whole = Period(min(each.start_at for each in periods), max(each.end_at for each in periods))
    planned = planned_times({each.slot.location.pk for each in candidates}, during=whole)
    for candidate in candidates:
        candidate.planned = planned


def _tell_drivers(fleet: Fleet, candidates: Iterable[Candidate]) -> None:
    """Tell each candidate whether its driver is of the fleet, and what they may use."""
    drivers = {candidate.driver.pk for candidate in candidates if candidate.driver}
    current = set(current_drivers(fleet).filter(pk__in=drivers).values_list("pk", flat=True))
    access: dict[int, set[int]] = defaultdict(set)
    granted = PrivateAccess.objects.filter(driver__in=drivers)
    for driver, partner in granted.values_list("driver_id", "ampeco_partner_id"):
        access[driver].add(partner)
    for candidate in candidates:
        if candidate.driver:
            candidate.driver_is_current = candidate.driver.pk in current
            candidate.private_access = frozenset(access[candidate.driver.pk])


def _tell_bookings(fleet: Fleet, candidates: Sequence[Candidate]) -> None:
    """Tell each candidate the fleet's bookings that hold a place then and concern it."""
    if not candidates:
        return
    drivers = {candidate.driver.pk for candidate in candidates if candidate.driver}
    vehicles = {candidate.vehicle.pk for candidate in candidates if candidate.vehicle}
    places = {candidate.slot.location.pk for candidate in candidates}
    at_chargers = Q(evse__isnull=False, location__in=places)
    bookings = (
        Booking.objects.filter(
            at_chargers | Q(driver__in=drivers) | Q(vehicle__in=vehicles),
            fleet=fleet,
            status__in=Booking.HOLDS_A_PLACE,
            start_at__lt=max(candidate.slot.end_at for candidate in candidates),
            end_at__gt=min(candidate.slot.start_at for candidate in candidates),
        )
        .select_related("fleet", "driver", "location", "evse__charge_point")
        .order_by("start_at", "pk")
    )
    of_chargers: dict[int, list[Booking]] = defaultdict(list)
    of_drivers: dict[int, list[Booking]] = defaultdict(list)
    of_vehicles: dict[int, list[Booking]] = defaultdict(list)
    for booking in bookings:
        of_drivers[booking.driver_id].append(booking)
        if booking.vehicle_id is not None:
            of_vehicles[booking.vehicle_id].append(booking)
        if booking.evse_id is not None:
            of_chargers[booking.evse_id].append(booking)
    for candidate in candidates:
        lists = [of_chargers.get(evse.pk, ()) for evse in candidate.chargers]
        if candidate.driver:
            lists.append(of_drivers.get(candidate.driver.pk, ()))
        if candidate.vehicle:
            lists.append(of_vehicles.get(candidate.vehicle.pk, ()))
        slot = candidate.slot
        concerned = {
            booking.pk: booking
            for each in lists
            for booking in each
            if booking.start_at < slot.end_at and booking.end_at > slot.start_at
        }
        candidate.concerned = sorted(
            concerned.values(), key=lambda booking: (booking.start_at, booking.pk)
        )


def _tell_limits(fleet: Fleet, candidates: Sequence[Candidate]) -> None:
    """Tell each candidate the fleet's limits, and what else the fleet holds that they count."""
    limits = rules_of(fleet)
    held = held_around(fleet, limits, [candidate.period for candidate in candidates])
    for candidate in candidates:
        candidate.limits = limits
        candidate.holdings = held.without(candidate.previous)


def _tell_free_times(candidates: Iterable[Candidate], *, now: datetime) -> None:
    """Tell each candidate what is free at its site then, or why that could not be read."""
    answers: dict[tuple[int, Period], FreeTimes | AvailabilityUnknown] = {}
    silence: AvailabilityUnknown | None = None
    until = time.monotonic() + MOST_SECONDS
    for candidate in candidates:
        is_known = candidate.known_free is not None
        if is_known or not candidate.chargers or first_problem(candidate.times):
            continue
        key = _what_to_ask(candidate, now=now)
        if key not in answers:
            if len(answers) >= MOST_CALLS or time.monotonic() > until:
                silence = silence or AvailabilityUnknown("busy")
            answers[key] = silence or _ask(candidate, key[1], now=now)
            told = answers[key]
            # A site may be refused by itself. Where nobody answers, nobody does about others.
            if isinstance(told, AvailabilityUnknown) and told.reason != "refused":
                silence = told
        candidate.known_free = answers[key]


def _what_to_ask(candidate: Candidate, *, now: datetime) -> tuple[int, Period]:
    """Return the site and the window that others share; the period itself where it is longer."""
    location, period = candidate.slot.location, candidate.period
    window = window_for(candidate.slot.local_day, zone=location.zone, now=now)
    fits = window.start_at <= period.start_at and period.end_at <= window.end_at
    return location.pk, window if fits else period


def _ask(candidate: Candidate, window: Period, *, now: datetime) -> FreeTimes | AvailabilityUnknown:
    slot, oldest, planned = candidate.slot, candidate.answer_age, candidate.planned
    try:
        if window == candidate.period:
            return ask(slot.location, window)
        told = read_availability(slot.location, day=slot.local_day, now=now, planned=planned)
        if (now - told.read_at).total_seconds() > oldest:
            told = read_availability(
                slot.location, day=slot.local_day, now=now, fresh=True, planned=planned
            )
    except AvailabilityUnknown as unknown:
        return unknown
    return told.free
