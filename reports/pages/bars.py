"""Months as bars: places for SVG, in percent of the whole, which the style sheet colours.

Beside each bar stands, hatched, that of a year before; a table next to the drawing has the values.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils.formats import number_format

# Of the whole height: what the bars take. Below stand the months.
DRAWN = 86.0
# Of the place of a month: what a pair of bars takes.
PAIR = 0.76
RULES = 2


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar; `look` is the word by which the style sheet knows it."""

    x: str
    y: str
    width: str
    height: str
    look: str


@dataclass(frozen=True, slots=True)
class Label:
    """A text at a place of an edge."""

    place: str
    text: str
    is_strong: bool = False


@dataclass(frozen=True, slots=True)
class Bars:
    """A drawing of bars, with the months below and values at the left."""

    bars: tuple[Bar, ...]
    months: tuple[Label, ...]
    values: tuple[Label, ...]


@dataclass(frozen=True, slots=True)
class Pair:
    """A month, its value and that of a year before; `is_chosen` if the page is about it."""

    month: str
    value: Decimal | None
    before: Decimal | None
    is_chosen: bool = False


def draw(pairs: Sequence[Pair]) -> Bars | None:
    """Draw pairs side by side; None where there is nothing to be seen."""
    top = _round_top(max(value or 0 for each in pairs for value in (each.before, each.value)))
    if not top:
        return None
    place = 100 / len(pairs)
    bars, months = [], []
    for number, each in enumerate(pairs):
        left, half = number * place + place * (1 - PAIR) / 2, place * PAIR / 2
        if each.before:
            bars.append(_bar(left, half, each.before / top, "before"))
        if each.value:
            bars.append(_bar(left + half, half, each.value / top, "now"))
        months.append(Label(f"{(number + 0.5) * place:.2f}%", each.month, each.is_chosen))
    values = tuple(
        Label(f"{DRAWN * (1 - step / RULES):.2f}%", _plain(top * step / RULES))
        for step in range(1, RULES + 1)
    )
    return Bars(tuple(bars), tuple(months), values)


def _bar(left: float, width: float, share: Decimal, look: str) -> Bar:
    height = float(share) * DRAWN
    return Bar(f"{left:.2f}%", f"{DRAWN - height:.2f}%", f"{width:.2f}%", f"{height:.2f}%", look)


def _plain(value: Decimal) -> str:
    """Return a round number without a unit, and without digits that say nothing."""
    exponent = value.normalize().as_tuple().exponent
    digits = -exponent if isinstance(exponent, int) and exponent < 0 else 0
    return number_format(value, decimal_pos=digits, force_grouping=True)


def _round_top(highest: Decimal | int) -> Decimal:
    """Return the next of 1, 2, 4, 5, 6, 8 times a power of ten; 0 where there is nothing."""
    if highest <= 0:
        return Decimal(0)
    power = Decimal(10) ** Decimal(highest).adjusted()
    return next(power * step for step in (1, 2, 4, 5, 6, 8, 10) if power * step >= highest)
