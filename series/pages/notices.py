"""What of series needs attention, for the first screen."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db.models import BigIntegerField, DateField, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from boards.today.notices import Notice
from drivers.models import Fleet
from mirror.written_once import written_once
from series.models import Series
from series.selectors import first_day_ahead, series_with_clashes

MOST_NAMED = 5


@written_once(fleet=BigIntegerField(), since=DateField())
def _first_with_clashes(fleet: Any, since: Any) -> QuerySet[Series]:
    return series_with_clashes(fleet, since=since)[: MOST_NAMED + 1]


def say_clashes(fleet: Fleet, now: datetime) -> Iterator[Notice]:
    """Yield a notice for each series of which a date to come is not booked."""
    found = _first_with_clashes(fleet=fleet.pk, since=first_day_ahead(now))
    for series in found[:MOST_NAMED]:
        url = reverse("series:detail", args=[series.pk])
        clashes = getattr(series, "clashes", 0)
        if not clashes:
            text = _("The series %(name)s waits for somebody to take it over.")
            yield Notice(text % {"name": series}, url)
            continue
        text = ngettext(
            "The series %(name)s: %(count)d date is not booked.",
            "The series %(name)s: %(count)d dates are not booked.",
            clashes,
        )
        yield Notice(text % {"name": series, "count": clashes}, url)
    if len(found) > MOST_NAMED:
        yield Notice(_("More series have dates that are not booked."), reverse("series:list"))
