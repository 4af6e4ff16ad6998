"""How amounts of money are brought to whole cents and written: a Decimal with its currency."""

from decimal import ROUND_HALF_UP, Decimal

from django.utils.formats import number_format

from shell.kept import kept_by_language

# ISO 4217: currencies by how many digits stand after the decimal sign, where these are not two.
UNUSUAL = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
DIGITS = {currency: digits for digits, several in UNUSUAL.items() for currency in several.split()}
USUAL_DIGITS = 2
# The operator gives prices of a unit with so many.
MOST_DIGITS = 5
MOST_KEPT = 4096


def minor_digits(currency: str) -> int:
    """Return how many digits an amount has after the decimal sign; two where nobody says."""
    return DIGITS.get(currency.upper(), USUAL_DIGITS)


def round_money(amount: Decimal, currency: str) -> Decimal:
    """Return an amount to the minor unit of its currency, half of one away from zero."""
    return _to(amount, minor_digits(currency))


def money(amount: Decimal | None, currency: str) -> str:
    """Return an amount as “1,234.50 USD”, “1,235 JPY”; "" when it is not known."""
    return "" if amount is None else _written(amount, currency, minor_digits(currency))


def amount_of(amount: Decimal, currency: str) -> str:
    """Return an amount as `money` does, without the currency."""
    return _written(amount, "", minor_digits(currency))


def unit_price(price: Decimal | None, currency: str) -> str:
    """Return the price of a unit as “0.395 EUR”: no digit of it is lost, up to the fifth."""
    if price is None:
        return ""
    exponent = _to(price, MOST_DIGITS).normalize().as_tuple().exponent
    told = -exponent if isinstance(exponent, int) else 0
    return _written(price, currency, max(told, minor_digits(currency)))


@kept_by_language(MOST_KEPT)
def _written(amount: Decimal, currency: str, digits: int) -> str:
    number = number_format(_to(amount, digits), decimal_pos=digits, force_grouping=True)
    return f"{number} {currency}".strip()


def _to(amount: Decimal, digits: int) -> Decimal:
    # Adding nothing takes the sign off a negative zero.
    return amount.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP) + 0
