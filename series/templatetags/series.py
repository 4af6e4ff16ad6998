"""Template filters of the pages of series."""

from datetime import date

from django import template
from django.utils.dates import WEEKDAYS_ABBR
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from series.models import Series

register = template.Library()
WORKDAYS = [0, 1, 2, 3, 4]


@register.filter
def rhythm_text(series: Series) -> str:
    """Return on which weekdays and when, such as “Mon, Tue, 18:00–06:00”."""
    if len(series.weekdays) == 7:
        days = _("Every day")
    elif series.weekdays == WORKDAYS:
        days = _("Mondays to Fridays")
    else:
        days = ", ".join(str(WEEKDAYS_ABBR[day]) for day in series.weekdays)
    return f"{days}, {series.start_time:%H:%M}–{series.end_time:%H:%M}"


@register.filter
def day_with_year(day: date) -> str:
    """Return a day as “Mon 2 Mar 2026”."""
    # Translators: Django's date format of a day with its year.
    return date_format(day, pgettext("format", "D j M Y"))


@register.filter
def span_text(series: Series) -> str:
    """Return from when to when."""
    return _("%(first)s to %(last)s") % {
        "first": day_with_year(series.first_day),
        "last": day_with_year(series.last_day),
    }
