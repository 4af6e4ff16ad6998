"""Which tariff of a group applies on a day, by what the operator said of another day. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from ampeco.types import Tariff


class NotKnown(Exception):
    """Only the operator can tell."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Which tariff the operator said applies to a driver on a day, None for none."""

    tariff_id: int | None
    day: date


def choose(tariffs: Sequence[Tariff], answer: Answer | None, day: date) -> Tariff | None:
    """Return the tariff of a group that applies on a day, None where none does.

    AMPECO looks at the last tariff first. Those after the one that it named, and valid when it did,
    are not for the driver; who is meant by a tariff does not depend on the day. Raises NotKnown
    where a tariff for some drivers was not looked at yet, or was not valid then.
    """
    named = next(
        (number for number, each in enumerate(tariffs) if answer and each.id == answer.tariff_id),
        -1,
    )
    for number in range(len(tariffs) - 1, -1, -1):
        tariff = tariffs[number]
        if not is_valid(tariff, day):
            continue
        if answer is not None and number > named and is_valid(tariff, answer.day):
            continue
        if number == named or not tariff.by_user:
            return tariff
        raise NotKnown
    return None


def is_valid(tariff: Tariff, day: date) -> bool:
    return (tariff.start_date or day) <= day <= (tariff.end_date or day)
