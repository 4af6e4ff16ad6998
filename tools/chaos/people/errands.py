"""What people are to do: bookings one by one, tables, series, and what they wait for."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from queue import Queue
from uuid import UUID
from zoneinfo import ZoneInfo

from django.utils import timezone

from drivers.models import Driver, Fleet
from sites.models import Evse
from sites.selectors import all_bookable_evses
from tools.benchmarks.world.data import enabled_drivers
from tools.chaos.books.kept import Slot

LOGIN = "manager@hudson.example"
LENGTH, APART = timedelta(hours=1), timedelta(hours=2)
DAYS_AHEAD = 4
# Slots that two people want: one by one, as a line of a table, on the first date of a series.
WANTED_TWICE, LINE_WANTED_TWICE, SERIES_WANTED_TWICE = 0.04, 0.15, 0.5
# Of so many bookings one each is joined by a table, a series, and something to wait for.
TABLE_EACH, SERIES_EACH, WISH_EACH = 25, 40, 10
LINES = 6
# The last dates of a series lie beyond what the operator takes now.
WEEKS = 5
ONE_WEEK = timedelta(weeks=1)


@dataclass(frozen=True, slots=True)
class Errand:
    """A slot that somebody is to book, as the portal's pages name it."""

    key: UUID
    slot: Slot
    site: int
    evse: int
    driver: int
    zone: str
    # Where it goes if it is moved: a site's id, an EVSE's, and AMPECO's of that.
    elsewhere: tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class TableErrand:
    """A file with bookings; each line has what its columns say."""

    name: str
    slots: list[Slot]
    lines: list[list[str]]


@dataclass(frozen=True, slots=True)
class SeriesErrand:
    """The same hour each week."""

    key: UUID
    days: dict[date, Slot]
    site: int
    evse: int
    driver: str
    start: time
    end: time


@dataclass(frozen=True, slots=True)
class WishErrand:
    """A slot that is to be booked, and that another driver is to wait for: for just that, or in a
    longer window."""

    booking: Errand
    key: UUID
    driver: int
    user: int
    window: tuple[datetime, datetime]
    by_itself: bool


Any = Errand | TableErrand | SeriesErrand | WishErrand


class Slots:
    """Slots two hours apart, each with a driver and a charger of its own: none in two places."""

    def __init__(self, fleet: Fleet, chance: random.Random) -> None:
        self._chance = chance
        self.drivers = enabled_drivers(fleet)
        evses = all_bookable_evses(partner_ids=frozenset())
        self.evses = list(evses.select_related("charge_point__location").order_by("pk"))
        chance.shuffle(self.evses)
        now = timezone.now().replace(minute=0, second=0, microsecond=0)
        self.first = now + timedelta(days=DAYS_AHEAD)
        self._taken = 0
        self._given: list[tuple[Evse, datetime]] = []

    def next(self) -> tuple[Driver, Evse, datetime]:
        turn, place = divmod(self._taken, min(len(self.drivers), len(self.evses)))
        self._taken += 1
        self._given.append((self.evses[place], self.first + turn * APART))
        return self.drivers[place], *self._given[-1]

    def perhaps_wanted_twice(self, share: float) -> tuple[Driver, Evse, datetime]:
        """Return one that nobody else wants, or for its driver what somebody else wants then."""
        driver, evse, start_at = self.next()
        others = [given for given in self._given[:-1] if given[1] == start_at]
        if others and self._chance.random() < share:
            evse, start_at = self._chance.choice(others)
        return driver, evse, start_at

    def spare(self) -> Evse:
        """Return a charger that comes long after the last one."""
        return self.evses[(self._taken + len(self.drivers)) % len(self.evses)]


def make_errands(count: int, chance: random.Random) -> "Queue[Any]":
    """Return so many errands for single bookings, some of which want the same, and what joins them.

    All in an order by chance.
    """
    slots = Slots(Fleet.objects.get(memberships__user__email=LOGIN), chance)
    make_key = key_maker(chance)
    made: list[Any] = []
    last = None
    for _ in range(count):
        driver, evse, start_at = slots.next()
        if last is not None and chance.random() < WANTED_TWICE:
            evse, start_at = last
        made.append(_errand(make_key(), driver, evse, start_at, spare=slots.spare()))
        last = (evse, start_at)
    made += [_table(slots, make_key()) for _ in range(count // TABLE_EACH)]
    made += [_series(slots, make_key()) for _ in range(count // SERIES_EACH)]
    made += [_wish(slots, make_key, chance) for _ in range(count // WISH_EACH)]
    chance.shuffle(made)
    errands: Queue[Any] = Queue()
    for each in made:
        errands.put(each)
    return errands


def key_maker(chance: random.Random) -> Callable[[], UUID]:
    return lambda: UUID(int=chance.getrandbits(128), version=4)


def _errand(key: UUID, driver: Driver, evse: Evse, start_at: datetime, *, spare: Evse) -> Errand:
    location = evse.charge_point.location
    elsewhere = (spare.charge_point.location_id, spare.pk, spare.ampeco_id)
    place_of = (location.pk, evse.pk, driver.pk, str(location.zone))
    return Errand(key, _slot(driver, evse, start_at), *place_of, elsewhere)


def _slot(driver: Driver, evse: Evse, start_at: datetime) -> Slot:
    return Slot(driver.ampeco_user_id, evse.ampeco_id, start_at, start_at + LENGTH)


def _table(slots: Slots, key: UUID) -> TableErrand:
    wanted, lines = [], []
    for number in range(LINES):
        driver, evse, start_at = slots.perhaps_wanted_twice(LINE_WANTED_TWICE)
        location = evse.charge_point.location
        local = start_at.astimezone(location.zone)
        wanted.append(_slot(driver, evse, start_at))
        lines.append(
            [
                driver.email,
                str(location.ampeco_id),
                str(evse.ampeco_id),
                f"{local:%Y-%m-%d}",
                f"{local:%H:%M}",
                str(round(LENGTH.total_seconds() / 60)),
                f"Line {number}",
            ]
        )
    return TableErrand(f"table {key.hex[:12]}", wanted, lines)


def _series(slots: Slots, key: UUID) -> SeriesErrand:
    driver, evse, start_at = slots.perhaps_wanted_twice(SERIES_WANTED_TWICE)
    location = evse.charge_point.location
    first = start_at.astimezone(location.zone)
    days = {}
    for week in range(WEEKS):
        # As the clock shows it, whatever the clocks do meanwhile.
        local = datetime.combine(first.date() + week * ONE_WEEK, first.time(), location.zone)
        starts = local.astimezone(ZoneInfo("UTC"))
        days[local.date()] = _slot(driver, evse, starts)
    end = (first + LENGTH).time()
    return SeriesErrand(
        key, days, location.ampeco_id, evse.ampeco_id, driver.email, first.time(), end
    )


def _wish(slots: Slots, make_key: Callable[[], UUID], chance: random.Random) -> WishErrand:
    driver, evse, start_at = slots.next()
    other, _evse, _start = slots.next()
    booking = _errand(make_key(), driver, evse, start_at, spare=slots.spare())
    longer = chance.choice([timedelta(), LENGTH / 2])
    window = (start_at - longer, start_at + LENGTH + longer)
    by_itself = chance.random() < 0.5
    return WishErrand(booking, make_key(), other.pk, other.ampeco_user_id, window, by_itself)
