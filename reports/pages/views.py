"""Pages about a fleet's months and years."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from drivers.permissions import FleetRequest, member_required
from reports.figures import blocks_of, table_of, without_price
from reports.measures import COST, TOPICS, Source, Topic
from reports.models import Dimension
from reports.months import Period, add_months, this_month
from reports.selectors import (
    MOST_YEARS,
    Known,
    count_sessions,
    first_shown,
    is_being_summed,
    known_to,
)
from shell.formats import month_name
from shell.viewer import viewer_zone

MOST_MONTHS = 36


@member_required
@require_safe
def overview(request: FleetRequest) -> HttpResponse:
    """Show the main figures of all topics; one query a topic."""
    known, period = known_to(request.fleet), period_of(request)
    parts = [
        (
            topic,
            blocks_of(
                request.fleet,
                topic,
                period,
                compares_from=known.compares_from(topic.source),
                charts=False,
            ),
        )
        for topic in known.topics
    ]
    context = _frame(request, known, period, first=period.before.start) | {
        "parts": parts,
        "topic": None,
        "compares": True,
    }
    if not all(blocks for _topic, blocks in parts):
        context |= _not_summed(request, period, context)
    return render(request, "reports/overview.html", context)


@member_required
@require_safe
def topic(request: FleetRequest, key: str) -> HttpResponse:
    """Show one topic; 404 for one of which the fleet has no figures."""
    known, period = known_to(request.fleet), period_of(request)
    shown = topic_named(known, key)
    since = known.compares_from(shown.source)
    blocks = blocks_of(request.fleet, shown, period, compares_from=since)
    first = min(period.before.start, add_months(period.twelve()[0], -12))
    context = _frame(request, known, period, first=first) | {
        "topic": shown,
        "blocks": blocks,
        "compares": period.before.start >= since,
        "table": table_of(
            request.fleet,
            shown,
            dimension_of(request, shown),
            period,
            compares_from=since,
            page=request.GET.get("page"),
        ),
        "dimensions": shown.dimensions,
        "unpriced": without_price(request.fleet, period) if shown is COST else 0,
    }
    if shown.source is not Source.SESSIONS:
        context["is_read_in_part"] = False
    if not blocks:
        context |= _not_summed(request, period, context)
    return render(request, "reports/topic.html", context)


def period_of(request: FleetRequest) -> Period:
    chosen = Period.parse(request.GET.get("period", ""))
    return chosen or first_shown(request.fleet)


def topic_named(known: Known, key: str) -> Topic:
    found = TOPICS.get(key)
    if found is None or found.source not in known.sources:
        raise Http404
    return found


def of_sessions(known: Known) -> None:
    """Raise Http404 where a fleet's sessions may not be read."""
    if Source.SESSIONS not in known.sources:
        raise Http404


def dimension_of(request: FleetRequest, topic: Topic) -> Dimension:
    wanted = request.GET.get("by", "")
    return next((each for each in topic.dimensions if each == wanted), topic.dimensions[0])


def _not_summed(request: FleetRequest, period: Period, context: dict[str, Any]) -> dict[str, Any]:
    """Return of how many sessions nothing is shown since their sums are being worked out."""
    return {
        "not_summed": count_sessions(request.fleet, period) if context["is_being_summed"] else 0
    }


def _frame(request: FleetRequest, known: Known, period: Period, *, first: date) -> dict[str, Any]:
    """Return what all pages of reports show around their figures, of which the `first` month is."""
    current = this_month()
    return {
        "known": known,
        "period": period,
        "choices": list(_choices(known.first, current, period)),
        "years": list(_years(known.first, current, period)),
        "is_running": period.has(current),
        "has_next": period.after.start <= current,
        "is_being_summed": is_being_summed(request.fleet, period),
        "has_sessions": Source.SESSIONS in known.sources,
        "is_read_in_part": Source.SESSIONS in known.sources
        and first < known.compares_from(Source.SESSIONS),
        "can_name_recipients": request.membership.can_run_team,
        "now": timezone.now(),
        "zone": viewer_zone(request),
    }


def _choices(first: date, current: date, period: Period) -> Iterator[tuple[str, str]]:
    """Yield the months to choose from, the latest first, by key and name."""
    month = current
    for _number in range(MOST_MONTHS):
        yield f"{month:%Y-%m}", month_name(month)
        if month <= first:
            break
        month = add_months(month, -1)
    if not period.is_year and not month <= period.start <= current:
        yield period.key, period.name


def _years(first: date, current: date, period: Period) -> Iterator[str]:
    years = range(current.year, max(first.year, current.year - MOST_YEARS) - 1, -1)
    yield from (str(year) for year in years)
    if period.is_year and period.start.year not in years:
        yield period.key
