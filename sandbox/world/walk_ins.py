"""Who charges without a booking: a steady trickle in the months before, and today.

All follows from the seed and from the clock, so that nothing of it has to be remembered: a session
has the same id, times and energy whenever somebody looks.
"""

import random
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import chain
from operator import attrgetter
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.world.cast import RHONE
from sandbox.world.records import Evse, Session, User
from sandbox.world.tariffs import NOT_ALLOWED, snapshot_abroad, snapshot_at, tariff_at

# Of each day's sessions the ids begin anew, far above those that belong to bookings.
FIRST_DAY = date(2016, 1, 1)
IDS_A_DAY = 10_000
# How many a driver has at hand, and the share of charges at another operator's.
USUAL_PLACES = 4
ROAMING_SHARE = 0.03
# From here on of what is drawn for where, somebody charges at the depot of the own company.
AT_DEPOT_FROM = 0.4
# An EVSE and a charge point of another operator's, as AMPECO numbers them; the portal has neither.
ROAMING_EVSE, ROAMING_CHARGE_POINT, ROAMING_KW = 990_001, 99_001, 150
ROAMING_OPERATOR, ROAMING_OPERATOR_ID = "DE*ELS", 41
# What a battery takes, in kWh, and what a van takes at most from AC and DC.
NEED_KWH = (9.0, 68.0)
MOST_KW = {"ac": 11.0, "dc": 115.0}
MEAN_SHARE = 0.8
LONGEST_IDLE = timedelta(minutes=45)


@dataclass(slots=True)
class Days:
    """What was worked out already: the sessions of each day, and those of all days together."""

    by_day: dict[date, list[Session]] = field(default_factory=dict)
    span: tuple[Any, ...] = ()
    all: list[Session] = field(default_factory=list)


def walk_ins(world: Any) -> Sequence[Session]:
    """Return the sessions without a booking that have begun, by their ids."""
    now = world.clock.now()
    if not world.walk_ins_a_day or not world.walk_in_months:
        return []
    # A site may be a day ahead of UTC.
    last = now.date() + timedelta(days=1)
    first = last - timedelta(days=round(world.walk_in_months * 30.44))
    known: Days = world.walk_in_days
    span = (first, last, world.walk_ins_a_day, len(world.users), len(world.evses))
    if known.span != span:
        if known.span[2:] != span[2:]:
            known.by_day.clear()
        people, places = _people(world), _places(world)
        depots = _depots(world)
        days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
        for day in days:
            if day not in known.by_day:
                known.by_day[day] = list(_of_day(world, day, people, places, depots))
        known.all = [session for day in days for session in known.by_day[day]]
        known.span = span
    begun = bisect_right(known.all, _last_id(last - timedelta(days=3)), key=_id_of)
    settled = known.all[:begun]
    return settled + [each for each in known.all[begun:] if each.started_at <= now]


def find_walk_in(world: Any, pk: int) -> Session | None:
    """Return a session without a booking that has begun."""
    if pk < IDS_A_DAY:
        return None
    found = walk_ins(world)
    place = bisect_right(found, pk, key=_id_of) - 1
    return found[place] if place >= 0 and found[place].id == pk else None


def taken_at(session: Session, at: datetime) -> float:
    """Return what a session that nobody measures has drawn by an instant, in kWh."""
    assert session.wants_kwh is not None
    done = session.wants_kwh * _share_at((at - session.started_at) / charging_time(session))
    return round(done, 3)


def power_at(session: Session, at: datetime) -> float:
    """Return what a session that nobody measures draws at an instant, in kW."""
    step = timedelta(seconds=30)
    since, until = max(session.started_at, at - step), at + step
    hours = (until - since) / timedelta(hours=1)
    return max(0.0, taken_at(session, until) - taken_at(session, since)) / hours


def _share_at(progress: float) -> float:
    """Return how much is done after a part of the time: full power at first, less in the end."""
    progress = min(max(progress, 0.0), 1.0)
    if progress <= 0.6:
        return progress * 1.25
    # From full power down to a quarter of it.
    left = (progress - 0.6) / 0.4
    return 0.75 + 0.25 * (1.9 * left - 0.9 * left * left)


def charging_time(session: Session) -> timedelta:
    """Return how long a session that nobody measures draws; then the vehicle only stands there."""
    assert session.wants_kwh is not None
    return timedelta(hours=session.wants_kwh / (session.power_kw * MEAN_SHARE))


def need_kwh(share: float) -> float:
    """Return what a battery takes, from the least to the most as the share goes from 0 to 1."""
    least, most = NEED_KWH
    return round(least + (most - least) * share, 2)


def most_kw(evse: Evse) -> float:
    """Return the power that both a charger and a van bear."""
    return min(float(evse.power_kw), MOST_KW[evse.current_type])


def _last_id(until: date) -> int:
    return ((until - FIRST_DAY).days + 1) * IDS_A_DAY - 1


def _people(world: Any) -> list[tuple[User, bool]]:
    """Return who charges, and whether in France."""
    people = []
    for user in sorted(world.users.values(), key=_id_of):
        partners = {each.partner_id for each in user.invites if each.status == "accepted"}
        if partners and user.status == "enabled":
            people.append((user, RHONE in partners))
    return people


def _places(world: Any) -> dict[bool, list[tuple[Evse, ZoneInfo]]]:
    """Return where people charge: in France, and elsewhere."""
    places: dict[bool, list[tuple[Evse, ZoneInfo]]] = {True: [], False: []}
    for evse in world.evses.values():
        location_id = world.charge_points[evse.charge_point_id].location_id
        if location_id is None or world.locations[location_id].status != "enabled":
            continue
        site = world.locations[location_id]
        if site.country in {"US", "FR"} and site.timezone:
            places[site.country == "FR"].append((evse, ZoneInfo(site.timezone)))
    return places


def _depots(world: Any) -> dict[int, list[tuple[Evse, ZoneInfo]]]:
    """Return the private chargers of each partner."""
    depots: dict[int, list[tuple[Evse, ZoneInfo]]] = {}
    for evse in world.evses.values():
        point = world.charge_points[evse.charge_point_id]
        site = world.locations.get(point.location_id or 0)
        if point.type == "private" and site is not None and site.timezone:
            depots.setdefault(point.partner_id, []).append((evse, ZoneInfo(site.timezone)))
    return depots


def _private_at(user: User) -> list[int]:
    """Return at which partners' private chargers somebody may charge, first the own company's."""
    return [each.partner_id for each in user.invites if each.status == "accepted" and each.private][
        :1
    ]


def _of_day(
    world: Any,
    day: date,
    people: Sequence[tuple[User, bool]],
    places: dict[bool, list[tuple[Evse, ZoneInfo]]],
    depots: dict[int, list[tuple[Evse, ZoneInfo]]],
) -> Iterable[Session]:
    chance = random.Random(f"{world.seed}/walk-ins/{day}")  # noqa: S311
    # Half as much on weekends.
    share = world.walk_ins_a_day * (0.5 if day.weekday() > 4 else 1)
    for number, (user, in_france) in enumerate(people[:IDS_A_DAY]):
        drawn, minute, need, idle, where, place = (chance.random() for _ in range(6))
        at_hand = places[in_france] or places[False]
        if drawn >= share or not at_hand:
            continue
        first = (user.id * 7 + int(place * USUAL_PLACES) * 13) % len(at_hand)
        in_turn = chain(at_hand[first:], at_hand[:first])
        evse, zone = next(each for each in in_turn if _may_charge(world, user, each[0]))
        roaming = where < ROAMING_SHARE
        own = [each for partner in _private_at(user) for each in depots.get(partner, ())]
        if own and where >= AT_DEPOT_FROM:
            evse, zone = own[int(place * len(own))]
        local = datetime.combine(day, time(5), tzinfo=zone).astimezone(UTC)
        kw = min(float(ROAMING_KW), MOST_KW["dc"]) if roaming else most_kw(evse)
        session = Session(
            id=(day - FIRST_DAY).days * IDS_A_DAY + number,
            booking_id=None,
            user_id=user.id,
            evse_id=ROAMING_EVSE if roaming else evse.id,
            charge_point_id=ROAMING_CHARGE_POINT if roaming else evse.charge_point_id,
            started_at=(local + timedelta(hours=17 * minute)).replace(microsecond=0),
            stops_at=local,
            power_kw=kw,
            wants_kwh=need_kwh(need),
            cpo=ROAMING_OPERATOR if roaming else "",
        )
        session.tariff_snapshot_id = (
            snapshot_abroad(world)
            if roaming
            else snapshot_at(world, evse, user.id, session.started_at)
        )
        stays = charging_time(session) + LONGEST_IDLE * idle**3
        session.stops_at = (session.started_at + stays).replace(microsecond=0)
        yield session


def _may_charge(world: Any, user: User, evse: Evse) -> bool:
    tariff = tariff_at(world, evse, user.id)
    return tariff is None or tariff.type != NOT_ALLOWED


_id_of = attrgetter("id")
