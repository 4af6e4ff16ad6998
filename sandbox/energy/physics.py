"""What power flows where: computed up to the present whenever somebody asks.

Time goes in steps of three minutes. Power is shared out anew every quarter of an hour, and at the
step after somebody has plugged in, left, reached the target, or said what should be different. All
follows from the seed, from what was asked for, and from the clock: it does not matter how often
somebody looks.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox.energy import cast
from sandbox.energy.cast import Car
from sandbox.energy.charges import Arrivals, chance_of
from sandbox.energy.depots import Depots, instant
from sandbox.energy.power import line
from sandbox.energy.power.batteries import HOURS, STEP, Batteries, Told, number_of
from sandbox.energy.power.battery import LOSSES, fill
from sandbox.energy.power.sharing import OFF, Taker, share
from sandbox.energy.power.wishes import most_of, taker_of
from sandbox.energy.records import Charge, Network, Step
from sandbox.energy.routine import Whereabouts, whereabouts
from sandbox.world.records import Session

PER_QUARTER = line.QUARTER // STEP
DAY = timedelta(days=1)
KEPT_DAYS = 3
LEAST_SHARE = 0.06  # below it nobody drives on
# Who has no bay fills up elsewhere, slowly and not to the brim: kW, and the share of the battery.
ELSEWHERE = {"van": (7.0, 0.55), "truck": (60.0, 0.75)}
TRUCK_KWH = 150
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


class Physics:
    """The flow of power at the depots, and what is in the vehicles' batteries."""

    def __init__(self, depots: Depots) -> None:
        self.depots = depots
        self.world = depots.world
        self.arrivals = Arrivals(depots)
        self.now = Batteries(LONG_AGO)
        self._start = Batteries(LONG_AGO)
        self._midnights: list[Batteries] = []
        # By the number of a step: by the key of a charge.
        self.steps: dict[int, dict[str, Step]] = {}
        self.told: dict[str, dict[int, Told]] = {}
        # By network: the limits in force, when they were made, and for what.
        self.limits: dict[str, dict[str, float]] = {}
        self.shared_at: dict[str, datetime] = {}
        self._shared_for: dict[str, Any] = {}
        # What flows in the step that is not over yet.
        self._running: dict[str, float] = {}
        self._where: dict[str, Whereabouts] = {}
        self._wake()

    # Asking

    def look(self) -> None:
        """Compute what has happened until now. Call it before reading anything."""
        now = self.world.clock.now()
        if not self._start.at <= now <= self.now.at + KEPT_DAYS * DAY:
            self._begin(now)
        elif self.arrivals.came_earlier_than(self.now.at) or now < self.now.at:
            self._go_back()
        while self.now.at + STEP <= now:
            self._step()
        self._note_routines(self.now.at)
        self._running = self._powers(self.now.at)
        self.arrivals.forget_before(self._start.at - DAY)
        if self.now.at - self._start.at >= KEPT_DAYS * DAY:
            self._let_go_of_old()

    def measured_kwh(self, session: Session) -> float | None:
        """Return what AMPECO's session has delivered by now, or None where nobody measures."""
        if session.evse_id not in self.depots.plug_of_evse:
            return None
        self.look()
        key = f"session/{session.id}"
        if session.started_at < self._start.at and key not in self.now.delivered:
            return None
        return self.energy_of(key)

    def curve_of(self, session: Session) -> list[tuple[datetime, float, float]]:
        """Return when a session had drawn how many kWh, and the kW then; [] where not measured."""
        if session.evse_id not in self.depots.plug_of_evse:
            return []
        self.look()
        key, points, done = f"session/{session.id}", [], 0.0
        first, last = number_of(session.started_at), number_of(self.now.at)
        for number in range(first, last + 1):
            step = self.steps.get(number, {}).get(key)
            if step is None:
                if number == first:
                    # Too long ago: forgotten.
                    return []
                continue
            at = session.started_at + (number - first) * STEP
            points.append((at, done, step.kw))
            done += step.kwh
        return [*points, (points[-1][0] + STEP, done, 0.0)] if points else []

    def energy_of(self, key: str) -> float:
        """Return what the meter has counted for a charge by now, in kWh."""
        charge = self.arrivals.charges.get(key)
        done = self.now.delivered.get(key, 0.0)
        return done + (self._running_kwh(charge) if charge else 0.0)

    def power_of(self, charge: Charge) -> float:
        """Return what a charge takes now, in kW."""
        now = self.world.clock.now()
        if not charge.started_at <= now < charge.stops_at or charge.started_at > self.now.at:
            return 0.0
        return self._running.get(charge.key, 0.0)

    def percent_of(self, charge: Charge) -> float:
        """Return how full a battery that charges is now."""
        kwh = self._running_kwh(charge) * LOSSES[charge.plug.current]
        return min(100.0, (self.stored_of(charge) + kwh) / charge.car.battery_kwh * 100)

    def load_of(self, network: Network) -> float:
        return sum(
            self.power_of(charge)
            for charge in self.arrivals.active(self.world.clock.now())
            if charge.plug.charger.network is network
        )

    def _running_kwh(self, charge: Charge) -> float:
        """Return what was delivered in the step that is not over yet."""
        if charge.started_at > self.now.at or charge.stops_at <= self.now.at:
            return 0.0
        until = min(self.world.clock.now(), charge.stops_at)
        kw = self._running.get(charge.key, 0.0)
        hours = (until - self.now.at) / timedelta(hours=1)
        return fill(
            charge.car, self.stored_of(charge), current=charge.plug.current, kw=kw, hours=hours
        )

    # Memory

    def _wake(self) -> None:
        kept = self.depots.kept("batteries").get("")
        if kept:
            self._start = Batteries(**(kept | {"at": instant(kept["at"])}))
            self.now = self._start.copy()

    def _keep(self) -> None:
        start = self._start
        self.depots.keep(
            "batteries",
            {
                "at": start.at.isoformat(),
                "stored": start.stored,
                "odometers": start.odometers,
                "delivered": start.delivered,
                "gained": start.gained,
            },
        )

    def _begin(self, now: datetime) -> None:
        """Begin anew at the midnight before the last, with what chance puts into batteries."""
        at = now.replace(hour=0, minute=0, second=0, microsecond=0) - DAY
        days = abs(at - LONG_AGO) / DAY
        self._start = Batteries(at, delivered=self.now.delivered, gained=self.now.gained)
        for car in cast.CARS:
            least = 0.25 if car.bay is None and car.battery_kwh < TRUCK_KWH else 0.45
            share_filled = least + 0.3 * chance_of(self.world.seed, car.key, at.date())
            self._start.stored[car.key] = car.battery_kwh * share_filled
            bought = 400 * chance_of(self.world.seed, car.key, "bought")
            self._start.odometers[car.key] = 900 + car.km * (days + bought)
        self._keep()
        self._go_back()

    def _go_back(self) -> None:
        """Compute again from where it began: something has happened earlier than was known."""
        self.now = self._start.copy()
        for known in (self.steps, self.told, self.limits, self.shared_at, self._shared_for):
            known.clear()
        self._where.clear()
        self._midnights.clear()
        self.arrivals.read_anew()

    def _let_go_of_old(self) -> None:
        until = self.now.at - DAY
        self._start = next(each for each in reversed(self._midnights) if each.at <= until)
        self._midnights = [each for each in self._midnights if each.at > self._start.at]
        first = number_of(self._start.at)
        self.steps = {n: found for n, found in self.steps.items() if n >= first}
        known = {*cast.BY_KEY, *self.arrivals.charges}
        for each in (self._start, self.now):
            each.stored = {key: kwh for key, kwh in each.stored.items() if key in known}
        for key, told in self.told.items():
            self.told[key] = {n: each for n, each in told.items() if n >= first}
        self._keep()

    # Going on

    def _step(self) -> None:
        at = self.now.at
        if at.hour == at.minute == 0 and at > self._start.at:
            self._midnights.append(self.now.copy())
        self._note_routines(at)
        self._fill_by_hand(at)
        powers = self._powers(at)
        number = number_of(at)
        taken: dict[str, Step] = {}
        charging: dict[str, float] = {}
        for charge in self.arrivals.active(at):
            limit = self._limit(charge)
            hours = HOURS * min(1.0, (charge.stops_at - at) / STEP)
            stored = self.stored_of(charge)
            current = charge.plug.current
            kwh = fill(
                charge.car, stored, current=current, kw=powers.get(charge.key, 0.0), hours=hours
            )
            gain = kwh * LOSSES[current]
            battery = self._battery(charge)
            self.now.stored[battery] = min(charge.car.battery_kwh, stored + gain)
            self.now.delivered[charge.key] = self.now.delivered.get(charge.key, 0.0) + kwh
            self.now.gained[charge.key] = self.now.gained.get(charge.key, 0.0) + gain
            percent = self.now.stored[battery] / charge.car.battery_kwh * 100
            taken[charge.key] = Step(kwh / HOURS, kwh, percent, limit)
            if not charge.ghost:
                charging[charge.car.key] = kwh / HOURS
        self.steps[number] = taken
        for car in cast.CARS:
            self._drive(car, number, charging)
        self.now.at = at + STEP

    def _note_routines(self, at: datetime) -> None:
        for car in cast.CARS:
            where = self._where.get(car.key)
            if where is None or where.until <= at:
                where = self._where[car.key] = whereabouts(car, at, seed=self.world.seed)
                if where.plugged and car.bay in self.depots.bays:
                    self.arrivals.stand(car, where)

    def _fill_by_hand(self, at: datetime) -> None:
        for key, log in self.depots.filled.items():
            for since, percent in log:
                if at - STEP < since <= at:
                    self.now.stored[key] = cast.BY_KEY[key].battery_kwh * percent / 100

    def _drive(self, car: Car, number: int, charging: dict[str, float]) -> None:
        """Let a vehicle that is on the road use its battery, and one that is elsewhere fill it."""
        where = self._where[car.key]
        stored, kw = self.now.stored[car.key], charging.get(car.key, 0.0)
        at_plug = car.key in charging
        plugged = at_plug
        least = LEAST_SHARE * car.battery_kwh
        if where.on_road and not at_plug:
            length = max(STEP, where.trip.back_at - where.trip.left_at)
            km = min(car.km * (STEP / length), max(0.0, stored - least) / car.kwh_per_km)
            self.now.stored[car.key] = stored - km * car.kwh_per_km
            self.now.odometers[car.key] += km
        elif where.plugged and not at_plug and car.bay is None:
            # At home, or in another yard: no line of ours.
            most, until = ELSEWHERE["truck" if car.battery_kwh > TRUCK_KWH else "van"]
            plugged = True
            if stored < until * car.battery_kwh:
                kwh = fill(car, stored, current="ac", kw=most, hours=HOURS)
                self.now.stored[car.key] = stored + kwh * LOSSES["ac"]
                kw = kwh / HOURS
        percent = self.now.stored[car.key] / car.battery_kwh * 100
        on_road = where.on_road and not at_plug
        self.told.setdefault(car.key, {})[number] = Told(
            percent, self.now.odometers[car.key], on_road, plugged, kw
        )

    # Sharing

    def _battery(self, charge: Charge) -> str:
        return charge.key if charge.ghost else charge.car.key

    def stored_of(self, charge: Charge) -> float:
        """Return what is in the battery of a charge at the end of the last step, in kWh."""
        battery = self._battery(charge)
        if battery not in self.now.stored:
            drawn = chance_of(self.world.seed, charge.key)
            self.now.stored[battery] = charge.car.battery_kwh * (0.15 + 0.4 * drawn)
        return self.now.stored[battery]

    def _limit(self, charge: Charge) -> float:
        return self.limits.get(charge.plug.charger.network.id, {}).get(charge.key, 0.0)

    def _powers(self, at: datetime) -> dict[str, float]:
        """Return what each charge takes in the step that begins now, in kW."""
        powers = {}
        active = self.arrivals.active(at)
        for network in self.depots.networks.values():
            charges = [each for each in active if each.plug.charger.network is network]
            self._share_if_due(network, charges, at)
            limits = self.limits[network.id]
            for charge in charges:
                most = most_of(self.depots, charge, at, self.stored_of(charge))
                powers[charge.key] = min(limits.get(charge.key, 0.0), most)
        return powers

    def objective_at(self, network: Network, at: datetime) -> str:
        return OFF if self.depots.is_on("objective_off", at) else network.site.objective

    def _share_if_due(self, network: Network, charges: list[Charge], at: datetime) -> None:
        objective = self.objective_at(network, at)
        takers = [self.taker_of(each, at, self.stored_of(each)) for each in charges]
        asked = (objective, [replace(each, most_kw=0) for each in takers])
        due = number_of(at) % PER_QUARTER == 0 and self.shared_at.get(network.id) != at
        if not due and self._shared_for.get(network.id) == asked:
            return
        self.limits[network.id] = share(
            takers, line.usable_kw(network.site, at), objective=objective
        )
        self.shared_at[network.id] = at
        self._shared_for[network.id] = asked

    def taker_of(self, charge: Charge, at: datetime, stored_kwh: float) -> Taker:
        """Return what a charge wants at an instant, with so much in its battery."""
        where = self._where.get(charge.car.key)
        where = where if where and at < where.until else None
        return taker_of(self.depots, charge, at, stored_kwh, where)

    def takers_of(self, network: Network) -> list[tuple[Charge, Taker]]:
        """Return who is plugged in at a network now, with what each wants."""
        at = self.now.at
        return [
            (charge, self.taker_of(charge, at, self.stored_of(charge)))
            for charge in self.arrivals.active(at)
            if charge.plug.charger.network is network
        ]
