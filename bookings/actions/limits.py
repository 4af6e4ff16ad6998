"""A fleet's limits where bookings are made: counted once more as they are saved, over many rows."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

from bookings.actions.candidate import Candidate, fleet_keeps_its_limits
from bookings.actions.holdings import Holdings, as_held, read_holdings, stretch_for
from bookings.models import Booking
from drivers.models import Fleet
from limits import sentences
from limits.reading import rules_of
from limits.rules import (
    Holding,
    Kind,
    Rule,
    bookings_by_day,
    closed_periods,
    first_breach,
    first_of_week,
    hours_used,
    in_scope,
    most_at_a_time,
    overlap,
)
from sites.models import Evse, Location
from sites.periods import Period, local_day, merge, subtract
from sites.slots.availability import FreeTimes
from sites.slots.limits import Note, OwnLimits, last_instant

ONE_DAY = timedelta(days=1)


def hold_to_limits(candidate: Candidate) -> None:
    """Count once more what the fleet holds, with nobody else adding to it until the commit.

    First in the transaction that saves: of two who want the last one, the second waits here and
    then sees what the first has saved. Costs nothing where no limit counts. Raises BookingRefused.
    """
    if not hold_fleet([candidate]):
        return
    candidate.__dict__.pop("holdings", None)
    refusal = fleet_keeps_its_limits(candidate)
    if refusal:
        raise refusal


def hold_fleet(candidates: Sequence[Candidate]) -> bool:
    """Let nobody add to what the fleet of candidates holds until the commit; return whether that is
    so, which it is only where a limit counts it.

    The fleet's row is locked before its bookings, series and wishes, here and by whoever else locks
    several of these.
    """
    if not any(limit.counts for candidate in candidates[:1] for limit in candidate.limits):
        return False
    Fleet.objects.select_for_update(no_key=True).only("pk").get(pk=candidates[0].fleet.pk)
    return True


def breaches_in_order(candidates: Sequence[Candidate]) -> list[str]:
    """Return what limit each of a fleet's candidates breaks when they are booked in this order.

    Empty for one that fits. Those that fit count for the later ones, so of six at once where five
    are allowed it is the sixth that is told so. Reads what the fleet holds once, for all of them.
    The fleet may book elsewhere meanwhile: each is counted again as it is saved.
    """
    if not candidates:
        return []
    limits = candidates[0].limits
    periods = [each.wanted.period for each in candidates]
    held = held_around(candidates[0].fleet, limits, periods)
    taken: list[Holding] = []
    problems = []
    for number, candidate in enumerate(candidates, start=1):
        others = [*held.without(candidate.previous), *taken]
        problem = first_breach(limits, candidate.wanted, others)
        if not problem:
            taken.append(candidate.wanted.as_holding(-number))
        problems.append(problem)
    return problems


def held_around(fleet: Fleet | int, limits: Iterable[Rule], periods: Iterable[Period]) -> Holdings:
    """Return what a fleet holds in the stretches that its limits count around some periods."""
    counting = [limit for limit in limits if limit.counts]
    wanted = merge(periods)
    if not counting or not wanted:
        return Holdings()
    return read_holdings(
        fleet, stretch_for(counting, Period(wanted[0].start_at, wanted[-1].end_at))
    )


# What is shown and offered


def closed_times(
    fleet: Fleet | int,
    location: Location,
    evses: Iterable[Evse],
    *,
    now: datetime,
    but: Booking | None = None,
) -> FreeTimes:
    """Return when a fleet's limits leave nothing to book at chargers, by their AMPECO id.

    From now to the horizon. `but` is a booking that does not count, since it is to be changed.
    """
    return _closed(_limits_at(fleet, location), fleet, location, evses, now=now, but=but)


def _limits_at(fleet: Fleet | int, location: Location) -> list[Rule]:
    return [limit for limit in rules_of(fleet) if limit.concerns(location.pk, None)]


def _closed(
    limits: Sequence[Rule],
    fleet: Fleet | int,
    location: Location,
    evses: Iterable[Evse],
    *,
    now: datetime,
    but: Booking | None = None,
) -> FreeTimes:
    if not limits:
        return {}
    days = Period.between(now, last_instant(now) + ONE_DAY)
    at_once = [limit for limit in limits if limit.kind == Kind.AT_A_TIME]
    held = held_around(fleet, at_once, [days]).without(but)
    has = as_held(but) if but else None
    closed = []
    for limit in limits:
        others = in_scope(limit, held)
        shut = closed_periods(limit, days, zone=location.zone, now=now, others=others)
        if has and in_scope(limit, [has]):
            # What it has already stays its own.
            shut = subtract(shut, [has.period])
        closed.append((limit, shut))
    found = {}
    for evse in evses:
        here = frozenset({evse.pk})
        periods = [
            period for limit, shut in closed if limit.concerns(location.pk, here) for period in shut
        ]
        if periods:
            found[evse.ampeco_id] = merge(periods)
    return found


def own_limits(fleet: Fleet, location: Location, evses: Sequence[Evse], now: datetime) -> OwnLimits:
    """Return what a fleet's limits leave at a site, for the pages that offer slots there."""
    limits = _limits_at(fleet, location)
    if not limits:
        return OwnLimits()
    return OwnLimits(
        closed=_closed(limits, fleet, location, evses, now=now),
        longest=min(longest_stays(fleet, location), default=None),
        notes=lambda day: notes_on(fleet, location, day, now=now),
    )


def longest_stays(fleet: Fleet | int, location: Location) -> list[timedelta]:
    """Return how long a fleet may stay at a site, whatever the charger, by each limit on that."""
    return [
        limit.length
        for limit in _limits_at(fleet, location)
        if limit.kind == Kind.LONGEST and not limit.evses
    ]


def notes_on(fleet: Fleet, location: Location, day: date, *, now: datetime) -> list[Note]:
    """Return a fleet's limits at a site as sentences: what is left on a day, and what holds."""
    limits = _limits_at(fleet, location)
    whole = local_day(day, location.zone)
    held = held_around(fleet, limits, [whole]).rows if limits else []
    today = now.astimezone(location.zone).date()
    return [
        _note(limit, in_scope(limit, held), whole, day, location=location, today=today)
        for limit in limits
        if limit.closed is None
        or overlap(limit.closed, Period(whole.start_at, whole.end_at + ONE_DAY))
    ]


def _note(
    limit: Rule,
    holdings: Sequence[Holding],
    whole: Period,
    day: date,
    *,
    location: Location,
    today: date,
) -> Note:
    if limit.kind in {Kind.AT_A_TIME, Kind.PER_DAY}:
        used = (
            most_at_a_time(holdings, whole)
            if limit.kind == Kind.AT_A_TIME
            else bookings_by_day(holdings).get(day, 0)
        )
        left = max(limit.number - used, 0)
        return Note(sentences.left_of_bookings(limit, left, day, today=today), used_up=not left)
    if limit.kind in {Kind.HOURS_PER_DAY, Kind.HOURS_PER_WEEK}:
        weekly = limit.kind == Kind.HOURS_PER_WEEK
        since = first_of_week(day) if weekly else day
        used_hours = hours_used(holdings, weekly=weekly).get(since, timedelta())
        rest = max(limit.length - used_hours, timedelta())
        text = sentences.left_of_hours(limit, rest, since, today=today, weekly=weekly)
        return Note(text, used_up=not rest)
    return Note(sentences.described(limit, zone=location.zone))
