"""How states of charge, their age, prices and such are written."""

from datetime import datetime, timedelta
from decimal import Decimal

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from shell.formats import age_text

DAY = timedelta(days=1)


def percent(share: Decimal | float | None) -> str:
    """Return what is in a battery as “62 %”; "" when it is not known."""
    if share is None:
        return ""
    return _("%(number)s %%") % {"number": number_format(round(share), decimal_pos=0)}


def charge_text(
    share: Decimal | float | None, source: str, at: datetime | None, now: datetime
) -> str:
    """Return a state of charge with its source and age: “62 % · telematics, 4 min ago”."""
    if share is None:
        return _("unknown")
    told = ", ".join(filter(None, [source, age_text(at, now)]))
    return f"{percent(share)} · {told}" if told else percent(share)


def price(amount: Decimal | float | None, currency: str) -> str:
    """Return what a kWh costs as “0.125 USD”, with as many decimals as it needs, at least two."""
    if amount is None:
        return ""
    value = round(Decimal(str(amount)), 4)
    places = next(n for n in (2, 3, 4) if n == 4 or round(value, n) == value)
    return f"{number_format(value, decimal_pos=places)} {currency}".strip()
