"""What a slot costs in words: of one charger, and where the operator picks one of several."""

from decimal import Decimal

import pytest

from sites.slots.prices.price import price_text, together
from tariffs.estimates import Estimate

MARKET = "The price follows the electricity market."


@pytest.mark.parametrize(
    ("least", "most", "currency", "text"),
    [
        ("1200", "1500", "JPY", "1,200 to 1,500 JPY"),
        ("1.255", "2.5", "KWD", "1.255 to 2.500 KWD"),
        ("1.2", "2.5", "EUR", "1.20 to 2.50 EUR"),
    ],
)
def test_both_ends_of_a_range_have_the_digits_of_its_currency(least, most, currency, text):
    assert price_text(Decimal(least), Decimal(most), currency) == text


def unknown(why_not: str) -> Estimate:
    return Estimate(total=None, currency="EUR", why_not=why_not)


def known(total: str) -> Estimate:
    return Estimate(total=Decimal(total), currency="EUR")


@pytest.mark.parametrize(
    ("estimates", "why_not"),
    [
        ([unknown(MARKET), unknown(MARKET)], MARKET),
        ([unknown(MARKET), unknown("It is by the minute.")], "It depends on which charger"),
        ([unknown(MARKET), known("3")], "It depends on which charger"),
        ([known("3"), known("4")], ""),
    ],
)
def test_what_holds_at_each_charger_does_not_depend_on_which_it_is(estimates, why_not):
    price = together(estimates, need=None, notes=())
    assert price.why_not.startswith(why_not)
    assert bool(price.why_not) == bool(why_not)
