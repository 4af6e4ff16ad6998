"""What is in the batteries, and the steps in which time goes there."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

STEP = timedelta(minutes=3)
HOURS = STEP / timedelta(hours=1)


@dataclass(slots=True)
class Batteries:
    """What is in each battery in kWh, what each odometer shows, and what each charge has taken."""

    at: datetime
    stored: dict[str, float] = field(default_factory=dict)
    odometers: dict[str, float] = field(default_factory=dict)
    delivered: dict[str, float] = field(default_factory=dict)
    gained: dict[str, float] = field(default_factory=dict)

    def copy(self) -> "Batteries":
        return Batteries(
            self.at,
            dict(self.stored),
            dict(self.odometers),
            dict(self.delivered),
            dict(self.gained),
        )


@dataclass(frozen=True, slots=True)
class Told:
    """How a vehicle was at the end of a step."""

    percent: float
    odometer: float
    on_road: bool
    plugged: bool
    kw: float


def number_of(at: datetime) -> int:
    return int(at.timestamp()) // int(STEP.total_seconds())


def time_of(number: int) -> datetime:
    return datetime.fromtimestamp(number * STEP.total_seconds(), UTC)
