"""What a slot costs, as pages say it and as requests keep it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from shell.money import amount_of, money
from sites.slots.prices.appetite import TENTH
from tariffs.estimates import Component, Estimate, Need

# So much of a price another one has to be at most, to be worth a word.
WORTHWHILE = Decimal("0.9")

LABELS: dict[Component, str | Promise] = {
    Component.FLAT: gettext_lazy("Price of a charge"),
    Component.START: gettext_lazy("Start fee"),
    Component.ENERGY: gettext_lazy("Energy"),
    Component.TIME: pgettext_lazy("how long", "Time"),
    Component.IDLE: gettext_lazy("Idle fee"),
    Component.MINIMUM: gettext_lazy("Up to the minimum price"),
}


def price_text(least: Decimal, most: Decimal, currency: str) -> str:
    """Return an amount, or two between which it lies: “8.10 to 12.30 EUR”."""
    if not most:
        return _("Free of charge")
    if least == most:
        return money(most, currency)
    return _("%(least)s to %(most)s") % {
        "least": amount_of(least, currency),
        "most": money(most, currency),
    }


@dataclass(frozen=True, slots=True)
class Price:
    """What a slot is estimated to cost; from `least` to `most` where the operator picks.

    `notes` say what was assumed besides what the estimates themselves assume.
    """

    least: Estimate
    most: Estimate
    need: Need | None = None
    notes: tuple[str, ...] = ()

    @property
    def is_known(self) -> bool:
        return self.least.total is not None and self.most.total is not None

    @property
    def may_not_charge(self) -> bool:
        return self.least.may_not_charge and self.most.may_not_charge

    @property
    def text(self) -> str:
        """The amount with its currency; "" where it cannot be estimated."""
        if self.least.total is None or self.most.total is None:
            return ""
        return price_text(self.least.total, self.most.total, self.most.currency)

    @property
    def is_free(self) -> bool:
        return self.is_known and not self.most.total

    @property
    def parts(self) -> list[tuple[str, str]]:
        """What it is made of, where it is one amount of several parts or with tax."""
        if self.least != self.most:
            return []
        currency = self.most.currency
        return [
            (str(LABELS[part.component]), money(part.amount, currency)) for part in self.most.parts
        ]

    @property
    def tax(self) -> str:
        return money(self.most.tax, self.most.currency) if self.least == self.most else ""

    @property
    def why_not(self) -> str:
        return self.most.why_not

    @property
    def terms(self) -> list[str]:
        return list(dict.fromkeys([*self.least.terms, *self.most.terms]))

    @property
    def assumptions(self) -> list[str]:
        if not self.is_known or self.is_free:
            return []
        told = [*self.notes, *self.least.assumptions, *self.most.assumptions]
        return list(dict.fromkeys(told))

    def to_json(self) -> dict[str, Any] | None:
        """Return what a request keeps of it: no sentences, which have a language."""
        if self.least.total is None or self.most.total is None:
            return None
        kept: dict[str, Any] = {
            "least": str(self.least.total),
            "most": str(self.most.total),
            "currency": self.most.currency,
        }
        if self.need and self.most.kwh is not None:
            energy = self.most.kwh.quantize(TENTH, ROUND_HALF_UP)
            kept |= {"kwh": str(energy), "kw": str(self.need.power_kw)}
        return kept


@dataclass(frozen=True, slots=True)
class PriceShown:
    """What somebody was told a booking would cost when it was asked for."""

    least: Decimal
    most: Decimal
    currency: str
    kwh: Decimal | None = None
    kw: Decimal | None = None

    @property
    def text(self) -> str:
        return price_text(self.least, self.most, self.currency)


def read_shown(kept: object) -> PriceShown | None:
    """Return what a request keeps (`Price.to_json`); None where it keeps nothing, or no sense."""
    if not isinstance(kept, dict):
        return None
    try:
        return PriceShown(
            Decimal(kept["least"]),
            Decimal(kept["most"]),
            str(kept["currency"]),
            Decimal(kept["kwh"]) if "kwh" in kept else None,
            Decimal(kept["kw"]) if "kw" in kept else None,
        )
    except (KeyError, TypeError, ValueError, InvalidOperation):
        return None


def together(estimates: Sequence[Estimate], *, need: Need | None, notes: Iterable[str]) -> Price:
    """Return what a slot costs at one of several chargers, of which the operator picks any.

    Those where the driver may not charge count only where there is no other.
    """
    usable = [each for each in estimates if not each.may_not_charge] or list(estimates)
    if len(usable) > 1:
        totals = [each for each in usable if each.total is not None]
        if len(totals) < len(usable) or len({each.currency for each in usable}) > 1:
            reasons = {each.why_not for each in usable}
            # What holds at each of them does not depend on which it is.
            reason = reasons.pop() if not totals and len(reasons) == 1 else ""
            unknown = Estimate(
                total=None,
                currency="",
                terms=tuple(dict.fromkeys(term for each in usable for term in each.terms)),
                why_not=reason or _("It depends on which charger the operator gives."),
            )
            return Price(unknown, unknown, None, tuple(notes))
        usable = sorted(totals, key=lambda each: each.total or 0)
    return Price(usable[0], usable[-1], need, tuple(notes))


def costs_less(price: Price, than: Price) -> bool:
    """Return whether a price is clearly lower than another one in the same currency."""
    ours, theirs = price.most.total, than.most.total
    if ours is None or theirs is None or price.most.currency != than.most.currency:
        return False
    return ours < theirs and ours <= theirs * WORTHWHILE
