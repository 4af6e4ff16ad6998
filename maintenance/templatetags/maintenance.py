"""How chargers have been doing, as templates show it."""

from datetime import timedelta
from decimal import ROUND_DOWN, Decimal

from django import template
from django.utils.formats import number_format

from maintenance.wording import status_text
from shell import formats

register = template.Library()


@register.filter
def share(value: Decimal | None) -> str:
    """Return a share as “99.2 %”, rounded down: what was not always up is never 100; else “–”."""
    if value is None:
        return "–"
    percent = (value * 100).quantize(Decimal("0.1"), rounding=ROUND_DOWN)
    return f"{number_format(percent, decimal_pos=1)} %"


@register.filter
def status_words(status: str) -> str:
    return status_text(status) if status else "–"


@register.filter
def duration_text(wait: timedelta | None) -> str:
    """Return a mean wait, in seconds below two minutes; “–” where there was none."""
    if wait is None:
        return "–"
    seconds = round(wait.total_seconds())
    return f"{seconds} s" if seconds < 120 else formats.duration(timedelta(minutes=seconds // 60))
