"""Pages of series: begin one, see its dates, change or cancel what is to come."""

from collections import Counter
from datetime import date
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from bookings.actions.prices import sum_of, tell_prices
from bookings.models import Booking
from bookings.selectors import bookings_of
from drivers.permissions import FleetRequest, manager_required, member_required
from imports.names import Names
from series.asking import Asked, ask_for_dates
from series.changing import (
    SeriesRefused,
    begin_series,
    cancel_dates,
    change_series,
    take_over,
)
from series.checks import DateCheck, Verdict, check_series
from series.models import Series
from series.pages.forms import SeriesForm, as_repeated, as_typed, empty_form, typed_so_far
from series.pages.picking import Picks
from series.rebooking import Outcome
from series.selectors import counted, dates_of, first_day_ahead, one_series_of, series_of
from shell.kept_forms import typed
from shell.keys import read_key
from sync.open_pages import poll_sooner

MOST_LISTED = 200
# What a cancellation or a change is about.
ONE, FOLLOWING, ALL = "one", "following", "all"
# By these a form tells what was shown. What the operator does not say now is looked at again.
LETTERS = {
    Verdict.FREE: "f",
    Verdict.NOT_SAID: "f",
    Verdict.NOT_FREE: "n",
    Verdict.BEYOND_HORIZON: "h",
    Verdict.PASSED: "p",
    Verdict.EXCLUDED: "x",
    Verdict.BOOKED: "b",
}


@member_required
@require_safe
def series_list(request: FleetRequest) -> HttpResponse:
    """Show the fleet's series: those that go on, then those that have ended."""
    now = timezone.now()
    series = counted(series_of(request.fleet), since=first_day_ahead(now)).order_by(
        "-created_at", "-pk"
    )[:MOST_LISTED]
    current = [each for each in series if each.is_active and getattr(each, "ahead", None)]
    context = {
        "current": current,
        "ended": [each for each in series if each not in current],
    }
    return render(request, "series/list.html", context)


@manager_required
def new(request: FleetRequest) -> HttpResponse:
    """Show the form; then each of the dates it means; and with the click after that, ask."""
    data = typed(request)
    if data is None or "find" in data:
        initial = _initial(request) if data is None else typed_so_far(data)
        return _show_form(request, SeriesForm(fleet=request.fleet, initial=initial))
    form = SeriesForm(data, fleet=request.fleet)
    if not form.is_valid() or request.method != "POST":
        return _show_form(request, form)
    checks = check_series(form.wanted)
    if request.POST.get("seen") != _mark(checks) or "send" not in request.POST:
        has_changed = "send" in request.POST
        return _show_form(request, form, checks=checks, has_changed=has_changed)
    outcome = begin_series(form.wanted, user=request.user)  # type: ignore[arg-type]
    _tell(request, outcome)
    return redirect("series:detail", pk=outcome.series.pk)


@manager_required
@require_safe
def charger_options(request: FleetRequest) -> HttpResponse:
    """Show the chargers of the site that was typed, for the vehicle that was picked."""
    form = SeriesForm(fleet=request.fleet, initial=request.GET.dict())
    return render(request, "series/_charger.html", {"form": form})


@manager_required
@require_safe
def vehicle_options(request: FleetRequest) -> HttpResponse:
    """Show the vehicles that a search finds, for the charger or the site."""
    picks = Picks.of(request.GET, Names(request.fleet))
    return render(request, "vehicles/_options.html", {"vehicles": picks.vehicles()})


@member_required
@require_safe
def detail(request: FleetRequest, pk: int) -> HttpResponse:
    """Show a series with all its dates; htmx asks for the dates alone."""
    series = _series_or_404(request, pk)
    now = timezone.now()
    dates = dates_of(series, now=now)
    poll_sooner([row.booking for row in dates.near if row.booking], now=now)
    context = {"series": series, "dates": dates, "now": now}
    template = "series/_dates.html" if request.htmx else "series/detail.html"
    response = render(request, template, context)
    patch_vary_headers(response, ["HX-Request"])
    return response


@manager_required
def change(request: FleetRequest, pk: int) -> HttpResponse:
    """Change what is to come of a series: all of it, or from a day on."""
    series = _series_or_404(request, pk)
    data = typed(request)
    since = _day(request.GET if data is None else data)
    # Who corrects a form has still not seen what others have changed since it was opened.
    seen = series.version if data is None else _version(data)
    if data is None or "find" in data:
        initial = as_typed(series) if data is None else typed_so_far(data)
        form = SeriesForm(fleet=request.fleet, changes=series, initial=initial)
        return _show_form(request, form, series=series, since=since, seen=seen)
    form = SeriesForm(data, fleet=request.fleet, changes=series)
    if not form.is_valid() or request.method != "POST":
        return _show_form(request, form, series=series, since=since, seen=seen)
    try:
        outcome = change_series(
            series,
            form.wanted,
            user=request.user,  # type: ignore[arg-type]
            seen_version=seen,
            since=since,
        )
    except SeriesRefused as refusal:
        return _show_form(
            request,
            form,
            series=series,
            since=since,
            seen=series.version,
            problem=refusal.message,
        )
    _tell(request, outcome)
    return redirect("series:detail", pk=outcome.series.pk)


@manager_required
def cancel(request: FleetRequest, pk: int) -> HttpResponse:
    """Ask what is to be cancelled; on POST cancel a date, it and what follows, or all to come."""
    series = _series_or_404(request, pk)
    now = timezone.now()
    today = now.astimezone(series.zone).date()
    day = _day(request.POST if request.method == "POST" else request.GET)
    scope = request.POST.get("scope", "")
    is_clear = scope == ALL or (scope in {ONE, FOLLOWING} and day)
    # Since the page was opened: then today's date is not the one that was meant.
    has_passed = scope == ONE and day is not None and day < today
    if request.method != "POST" or not is_clear or has_passed:
        rows = [row for row in _ahead(series, now) if row.may_cancel]
        context = {
            "series": series,
            "day": day,
            "one": [row for row in rows if row.date.day == day],
            "following": [row for row in rows if day and row.date.day >= day],
            "all": rows,
        }
        return render(request, "series/cancel.html", context)
    first = today if scope == ALL or day is None else max(day, today)
    outcome = cancel_dates(
        series,
        user=request.user,  # type: ignore[arg-type]
        first=first,
        last=first if scope == ONE else None,
        now=now,
    )
    _tell(request, outcome)
    return redirect("series:detail", pk=series.pk)


@manager_required
@require_POST
def again(request: FleetRequest, pk: int) -> HttpResponse:
    """Ask once more for what was not free: for one date, or for all."""
    series = _series_or_404(request, pk)
    day = _day(request.POST)
    asked = ask_for_dates(
        series,
        user=request.user,  # type: ignore[arg-type]
        days=[day] if day else None,
    )
    _tell(request, Outcome(series, asked=asked))
    if not asked.asked:
        messages.info(request, _("Nothing has become free yet."))
    return redirect("series:detail", pk=series.pk)


@manager_required
@require_POST
def take(request: FleetRequest, pk: int) -> HttpResponse:
    """Let the series go on in the name of who asks."""
    series = _series_or_404(request, pk)
    take_over(series, user=request.user)  # type: ignore[arg-type]
    messages.success(request, _("The series goes on in your name."))
    return redirect("series:detail", pk=series.pk)


def _series_or_404(request: FleetRequest, pk: int) -> Series:
    try:
        return one_series_of(request.fleet, pk)
    except Series.DoesNotExist:
        raise Http404 from None


def _initial(request: FleetRequest) -> dict[str, Any]:
    """Return what the form is filled in with: like a booking, or for what the address names."""
    booking_pk = request.GET.get("booking", "")
    if booking_pk:
        booking = _booking_or_404(request, booking_pk)
        initial = as_repeated(booking)
        zone = booking.zone
    else:
        named = ("site", "vehicle", "driver", "charger")
        initial = empty_form() | {name: request.GET.get(name, "")[:255] for name in named}
        zone = None
    today = timezone.now().astimezone(zone).date()
    return initial | {"first_day": date.fromordinal(today.toordinal() + 1)}


def _booking_or_404(request: FleetRequest, pk: str) -> Booking:
    key = read_key(pk)
    if key is None:
        raise Http404
    booking = bookings_of(request.fleet).filter(pk=key).first()
    if booking is None:
        raise Http404
    return booking


def _show_form(
    request: FleetRequest,
    form: SeriesForm,
    *,
    series: Series | None = None,
    since: date | None = None,
    seen: int | None = None,
    checks: list[DateCheck] | None = None,
    has_changed: bool = False,
    problem: str = "",
) -> HttpResponse:
    context: dict[str, Any] = {
        "form": form,
        "series": series,
        "since": since,
        "seen_version": seen,
        "problem": problem,
        "has_changed": has_changed,
        "names": form.names,
        "vehicles": form.picks.vehicles(),
    }
    if checks is not None:
        context |= _shown(checks)
    return render(request, "series/form.html", context)


def _shown(checks: list[DateCheck]) -> dict[str, Any]:
    tell_prices(check.candidate for check in checks if check.candidate)
    numbers = Counter(check.verdict for check in checks)
    return {
        "checks": [each for each in checks if each.verdict != Verdict.BEYOND_HORIZON],
        "beyond": [each for each in checks if each.verdict == Verdict.BEYOND_HORIZON],
        "free": sum(check.will_be_asked for check in checks),
        "cost": sum_of(check.price for check in checks if check.will_be_asked),
        "not_free": numbers[Verdict.NOT_FREE],
        "seen": _mark(checks),
        "is_shown": True,
    }


def _mark(checks: list[DateCheck]) -> str:
    """What somebody has to have seen who sends the form: each date with what becomes of it."""
    first = checks[0].day.isoformat() if checks else ""
    return first + "".join(LETTERS[check.verdict] for check in checks)


def _ahead(series: Series, now: Any) -> list[Any]:
    dates = dates_of(series, now=now)
    return sorted([*dates.near, *dates.beyond], key=lambda row: row.date.day)


def _day(given: Any) -> date | None:
    try:
        return date.fromisoformat(given.get("day", ""))
    except ValueError:
        return None


def _version(data: Any) -> int:
    given = data.get("version", "")
    return int(given) if given.isascii() and given.isdecimal() and len(given) < 10 else -1


def _tell(request: FleetRequest, outcome: Outcome) -> None:
    """Say what came of it."""
    asked: Asked = outcome.asked
    if asked.asked:
        text = ngettext(
            "%(count)d booking was asked for.", "%(count)d bookings were asked for.", asked.asked
        )
        messages.success(request, text % {"count": asked.asked})
    if asked.not_free:
        text = ngettext(
            "%(count)d date is not free.", "%(count)d dates are not free.", asked.not_free
        )
        messages.warning(request, text % {"count": asked.not_free})
    if outcome.changed:
        text = ngettext(
            "A change of %(count)d booking was asked for.",
            "Changes of %(count)d bookings were asked for.",
            outcome.changed,
        )
        messages.success(request, text % {"count": outcome.changed})
    if outcome.later:
        text = ngettext(
            "%(count)d booking is changed once the operator has decided it.",
            "%(count)d bookings are changed once the operator has decided them.",
            outcome.later,
        )
        messages.info(request, text % {"count": outcome.later})
    if outcome.cancelled:
        text = ngettext(
            "%(count)d booking is being cancelled.",
            "%(count)d bookings are being cancelled.",
            outcome.cancelled,
        )
        messages.success(request, text % {"count": outcome.cancelled})
    if outcome.problems:
        text = ngettext(
            "%(count)d booking stays as it was: %(problem)s",
            "%(count)d bookings stay as they were. The first: %(problem)s",
            len(outcome.problems),
        )
        words = {"count": len(outcome.problems), "problem": outcome.problems[0]}
        messages.warning(request, text % words)
