"""Which vehicle charges where: pure functions on plain data.

A charger has one vehicle at a time, and only one that fits while it is free. As many vehicles as
can be get a place, each the least powerful charger that is enough for it, so that strong ones are
left for those who need them. The same question has the same answer, whatever comes in which order.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from sites.periods import Period, covers


@dataclass(frozen=True, slots=True)
class Charger:
    """A charger and when a fleet can have it."""

    key: int
    power_kw: Decimal
    free: tuple[Period, ...]


@dataclass(frozen=True, slots=True)
class Need:
    """A vehicle that is to charge then; `misfits` says by charger why some will not do."""

    key: int
    period: Period
    enough_kw: Decimal = Decimal(0)
    misfits: Mapping[int, str] = field(default_factory=dict)


class Unplaced(StrEnum):
    """Why a vehicle gets no charger."""

    NOTHING_FITS = "nothing-fits"
    NOT_FREE = "not-free"
    OTHERS_HAVE_IT = "others-have-it"


@dataclass(frozen=True, slots=True)
class Placement:
    """The charger for a vehicle, or why there is none."""

    need: Need
    charger: int | None
    why: Unplaced | None = None


def propose(needs: Sequence[Need], chargers: Sequence[Charger]) -> list[Placement]:
    """Return a charger for each need where there is one, in the order of the needs."""
    return _Plan(needs, chargers).made()


class _Plan:
    """Who is where so far, by key of charger; needs are known by their place in the question."""

    def __init__(self, needs: Sequence[Need], chargers: Sequence[Charger]) -> None:
        self.needs = needs
        self.fitting = [[c for c in chargers if c.key not in need.misfits] for need in needs]
        self.options = [
            _by_preference(need, [c for c in fitting if covers(c.free, need.period)])
            for need, fitting in zip(needs, self.fitting, strict=True)
        ]
        self.at_charger: dict[int, list[int]] = defaultdict(list)
        self.placed: dict[int, int] = {}

    def made(self) -> list[Placement]:
        # Those with the least choice first, then those who need the most power.
        order = sorted(
            range(len(self.needs)),
            key=lambda at: (
                len(self.options[at]),
                -self.needs[at].enough_kw,
                self.needs[at].period,
                self.needs[at].key,
            ),
        )
        for at in order:
            self._place(at, tried=set())
        return [self._placement(at) for at in range(len(self.needs))]

    def _place(self, at: int, *, tried: set[int]) -> bool:
        """Give a need its best charger that nobody has then, or one whose vehicle can go elsewhere.

        `tried` are the chargers that somebody has been asked to leave already.
        """
        for key in self.options[at]:
            if not self._in_the_way(at, key):
                self._put(at, key)
                return True
        for key in self.options[at]:
            others = self._in_the_way(at, key)
            if key in tried or len(others) > 1:
                continue
            tried.add(key)
            other = others[0]
            self.at_charger[key].remove(other)
            del self.placed[other]
            self._put(at, key)
            if self._place(other, tried=tried):
                return True
            self.at_charger[key].remove(at)
            del self.placed[at]
            self._put(other, key)
        return False

    def _put(self, at: int, key: int) -> None:
        self.at_charger[key].append(at)
        self.placed[at] = key

    def _in_the_way(self, at: int, key: int) -> list[int]:
        period = self.needs[at].period
        return [
            other
            for other in self.at_charger[key]
            if self.needs[other].period.start_at < period.end_at
            and period.start_at < self.needs[other].period.end_at
        ]

    def _placement(self, at: int) -> Placement:
        need, key = self.needs[at], self.placed.get(at)
        if key is not None:
            return Placement(need, key)
        if not self.fitting[at]:
            return Placement(need, None, Unplaced.NOTHING_FITS)
        why = Unplaced.OTHERS_HAVE_IT if self.options[at] else Unplaced.NOT_FREE
        return Placement(need, None, why)


def _by_preference(need: Need, chargers: Sequence[Charger]) -> list[int]:
    """Return what is enough, the least powerful first; then what is not, the strongest first."""
    enough = [c for c in chargers if c.power_kw >= need.enough_kw]
    less = [c for c in chargers if c.power_kw < need.enough_kw]
    ranked = [
        *sorted(enough, key=lambda c: (c.power_kw, c.key)),
        *sorted(less, key=lambda c: (-c.power_kw, c.key)),
    ]
    return [charger.key for charger in ranked]
