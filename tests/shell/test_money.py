from decimal import Decimal
from fractions import Fraction

import pytest
from django.template import engines
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from shell.money import minor_digits, money, round_money, unit_price

amounts = st.decimals(-(10**9), 10**9, places=6)
currencies = st.sampled_from(["EUR", "USD", "JPY", "KWD", "CLF", "XXX", ""])


@pytest.mark.parametrize(
    ("currency", "digits"),
    [("EUR", 2), ("usd", 2), ("JPY", 0), ("KRW", 0), ("KWD", 3), ("CLF", 4), ("", 2), ("ZZZ", 2)],
)
def test_minor_digits_follow_iso_4217(currency, digits):
    assert minor_digits(currency) == digits


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        ("12.3", "USD", "12.30 USD"),
        ("1234567.895", "EUR", "1,234,567.90 EUR"),
        ("0.005", "EUR", "0.01 EUR"),
        ("2.675", "EUR", "2.68 EUR"),
        ("-2.675", "EUR", "-2.68 EUR"),
        ("-0.004", "EUR", "0.00 EUR"),
        ("1234.5", "JPY", "1,235 JPY"),
        ("1.2345", "KWD", "1.235 KWD"),
        ("0", "EUR", "0.00 EUR"),
        ("7", "", "7.00"),
    ],
)
def test_an_amount_is_written_in_the_digits_of_its_currency(amount, currency, text):
    assert money(Decimal(amount), currency) == text


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "1,234.50 EUR"),
        ("de", "1.234,50 EUR"),
        ("nl", "1.234,50 EUR"),
        ("fr", "1\N{NO-BREAK SPACE}234,50 EUR"),
    ],
)
def test_signs_are_those_of_the_language(language, text):
    with translation.override(language):
        assert money(Decimal("1234.5"), "EUR") == text


def test_what_is_not_known_is_not_written_as_nothing_to_pay():
    assert money(None, "EUR") == unit_price(None, "EUR") == ""


@pytest.mark.parametrize(
    ("price", "currency", "text"),
    [
        ("0.39", "EUR", "0.39 EUR"),
        ("0.4", "EUR", "0.40 EUR"),
        ("0.395", "EUR", "0.395 EUR"),
        ("0.123456", "EUR", "0.12346 EUR"),
        ("45", "JPY", "45 JPY"),
        ("45.5", "JPY", "45.5 JPY"),
        ("0", "EUR", "0.00 EUR"),
        ("100", "EUR", "100.00 EUR"),
    ],
)
def test_the_price_of_a_unit_keeps_its_digits(price, currency, text):
    assert unit_price(Decimal(price), currency) == text


def test_templates_write_money():
    template = engines["django"].from_string(
        "{% load portal %}{{ amount|money:'EUR' }}, {{ price|unit_price:'EUR' }}"
    )
    text = template.render({"amount": Decimal("1234.5"), "price": Decimal("0.395")})
    assert text == "1,234.50 EUR, 0.395 EUR"


@given(amounts, currencies)
def test_rounding_moves_by_half_a_minor_unit_at_most(amount, currency):
    found = round_money(amount, currency)
    unit = Fraction(1, 10 ** minor_digits(currency))
    assert abs(Fraction(found) - Fraction(amount)) <= unit / 2
    assert Fraction(found) / unit == int(Fraction(found) / unit)
    assert round_money(found, currency) == found
    # Half of a unit goes away from zero, on both sides alike.
    assert round_money(-amount, currency) == -found
    if abs(Fraction(found) - Fraction(amount)) == unit / 2:
        assert abs(found) > abs(amount)
