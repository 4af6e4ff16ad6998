"""Who plugs in where: AMPECO's sessions at the depots' chargers, and vans at night in the yard."""

import random
from datetime import datetime

from sandbox.energy import cast
from sandbox.energy.cast import Car
from sandbox.energy.depots import TARGET, Depots, minutes
from sandbox.energy.records import Charge, Plug, Vehicle, id_of
from sandbox.energy.routine import DAY, Whereabouts, next_departure, whereabouts
from sandbox.world.records import Session

# What strangers drive.
STRANGERS = (
    Car(key="small", name="", battery_kwh=52, ac_kw=7.4, dc_kw=85),
    Car(key="large", name="", battery_kwh=77, ac_kw=11, dc_kw=150),
    Car(key="van", name="", battery_kwh=89, ac_kw=11.3, dc_kw=115),
)
# How long before a trip the plug is pulled.
PULLED_BEFORE = minutes(6)
# Vehicles without a departure of their own before anybody says one.
NO_DEPARTURE = frozenset({"van-14", "van-22", "truck-2", "pool-3", "shunter"})


def chance_of(seed: int, *of: object) -> float:
    return random.Random("/".join(map(str, (seed, *of)))).random()  # noqa: S311


def car_departure(
    depots: Depots, vehicle: Vehicle, at: datetime, where: Whereabouts | None = None
) -> datetime | None:
    """Return when a vehicle is to leave, as far as was said until then.

    It stays what it was until somebody says otherwise, also when it is past. `where` spares
    finding out where it is.
    """
    for since, departure, _target in reversed(vehicle.told):
        if since <= at:
            return departure
    if vehicle.car is None or vehicle.car.key in NO_DEPARTURE:
        return None
    where = where or whereabouts(vehicle.car, at, seed=depots.world.seed)
    back = where.trip.planned_leave if where.on_road else where.trip.back_at
    departure = where.trip.planned_leave if where.on_road else next_departure(vehicle.car, back)
    return departure - DAY if depots.is_on("stale_departures", at) else departure


def target_of(vehicle: Vehicle, at: datetime) -> float:
    return next((target for since, _, target in reversed(vehicle.told) if since <= at), TARGET)


class Arrivals:
    """The charges at the depots, as they become known."""

    def __init__(self, depots: Depots) -> None:
        self.depots = depots
        self.world = depots.world
        self.charges: dict[str, Charge] = {}
        self._read_until = 0
        self._new: list[Charge] = []

    def came_earlier_than(self, at: datetime) -> bool:
        """Read AMPECO's new sessions; return whether one began before an instant."""
        early = False
        while (session := self.world.sessions.get(self._read_until + 1)) is not None:
            self._read_until += 1
            plug = self.depots.plug_of_evse.get(session.evse_id)
            if plug is not None:
                charge = self._charge_of(session, plug)
                early |= charge.started_at < at
        return early

    def read_anew(self) -> None:
        """Forget who plugs in, and read AMPECO's sessions again."""
        self.charges.clear()
        self._read_until = 0
        self.came_earlier_than(datetime.min.replace(tzinfo=self.world.clock.now().tzinfo))

    def forget_before(self, at: datetime) -> None:
        """Forget who left long ago."""
        for key in [key for key, each in self.charges.items() if each.stops_at < at]:
            del self.charges[key]

    def active(self, at: datetime) -> list[Charge]:
        """Return who is plugged in at an instant, in the order in which they came."""
        return [each for each in self.charges.values() if each.started_at <= at < each.stops_at]

    def stand(self, car: Car, where: Whereabouts) -> None:
        """Let a van stand in the yard for the night."""
        assert car.bay is not None and where.trip.plugged_at is not None
        key = f"yard/{car.key}/{where.trip.day}"
        if key in self.charges:
            return
        vehicle = self.depots.vehicle_of[car.key]
        charge = self._add(
            Charge(
                key=key,
                id=id_of("charge", key),
                number=int(where.trip.plugged_at.timestamp()) % 10**9,
                plug=self.depots.bays[car.bay],
                car=car,
                vehicle_id=vehicle.id,
                tag=None,
                started_at=where.trip.plugged_at,
                ends_at=where.until - PULLED_BEFORE,
            )
        )
        for other in list(self.charges.values()):
            if other.car is car and other.session is not None:
                _make_way(charge, other.session)

    def _charge_of(self, session: Session, plug: Plug) -> Charge:
        key = f"session/{session.id}"
        car = cast.BY_DRIVER.get(session.user_id or 0)
        tags = self.world.tags_of(session.user_id) if session.user_id else []
        known = self.depots.tags.get(id_of("tag", tags[0].uid)) if tags else None
        # Nobody is in two places at once: the second has borrowed another one.
        elsewhere = car is not None and any(
            each.car is car
            and each.started_at < session.stops_at
            and session.started_at < each.stops_at
            for each in self.charges.values()
            if each.session is not None
        )
        stranger = car is None or elsewhere
        if car is None or elsewhere:
            number = int(chance_of(self.world.seed, key, "car") * len(STRANGERS))
            car = STRANGERS[number]
        else:
            self._leave_the_yard(car, session)
        return self._add(
            Charge(
                key=key,
                id=id_of("charge", f"{key}/{session.started_at}"),
                number=session.id,
                plug=plug,
                car=car,
                vehicle_id=known.vehicle_id if known and not stranger else None,
                tag=tags[0].uid if tags else None,
                started_at=session.started_at,
                ends_at=session.stops_at,
                session=session,
                ghost=stranger,
            )
        )

    def _leave_the_yard(self, car: Car, session: Session) -> None:
        for charge in self.charges.values():
            if charge.car is car and charge.session is None:
                _make_way(charge, session)

    def _add(self, charge: Charge) -> Charge:
        charge.priorities = self.depots.priorities.setdefault(charge.key, [])
        self.charges[charge.key] = charge
        return charge

    def find(self, pk: str) -> Charge | None:
        return next((each for each in self.charges.values() if each.id == pk), None)


def _make_way(charge: Charge, session: Session) -> None:
    """Let a van not stand in the yard while it charges elsewhere."""
    if session.started_at >= charge.ends_at or session.stops_at <= charge.started_at:
        return
    if session.started_at <= charge.started_at:
        charge.started_at = min(charge.ends_at, session.stops_at)
    else:
        charge.ends_at = session.started_at
