"""What staff see first, and the pages behind its figures that no table of ours holds."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, URLResolver, path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.back_office import require_permission, staff_page
from ampeco.connection import PLATFORM, get_client
from backoffice import figures
from backoffice.calls import operations, total_of
from backoffice.live import read
from backoffice.money import money_of, month_of, words_of
from drivers.models import Fleet
from maintenance.pages.staff import charge_point_state, site_state

DAYS_OF_CDRS = 30
# Of months that are looked at. Before and after the first and the last of all there is none.
YEARS = range(2000, 2101)


@dataclass(frozen=True, slots=True)
class Card:
    """Figures that belong together; `nothing` is said where there are none."""

    key: str
    title: str
    figures: list[figures.Figure]
    nothing: str = ""


def add_pages(site: AdminSite) -> None:
    """Give the back office its first page and the pages about the operator."""
    site.index_template = "backoffice/admin_index.html"
    others = site.get_urls

    def get_urls() -> list[URLPattern | URLResolver]:
        own = [
            path("operator/calls/", site.admin_view(calls), name="operator_calls"),
            path(
                "chargers/<int:pk>/", site.admin_view(charge_point_state), name="charge_point_state"
            ),
            path("sites/<int:pk>/", site.admin_view(site_state), name="site_state"),
            path("operator/roaming/", site.admin_view(roaming), name="operator_roaming"),
            path("operator/fleets/<int:pk>/money/", site.admin_view(money), name="operator_money"),
        ]
        return [*own, *others()]

    site.get_urls = get_urls  # type: ignore[method-assign]


def first_page(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add to the first page what this person may see of how things go."""
    now = timezone.now()
    may_see = request.user.has_perm
    cards = []
    if may_see("bookings.view_bookingrequest"):
        cards += _cards_of_requests(now)
    fleets = {fleet.pk: fleet for fleet in Fleet.objects.all()}
    if may_see("bookings.view_booking"):
        found = [figures.no_shows(now, fleets)]
        cards.append(Card("no-shows", _("No-shows, last 7 days"), found))
        context["fleets_by_use"] = figures.fleets_by_use(now, fleets)
    if may_see("notifications.view_notification"):
        cards.append(
            Card("mails", _("E-mails given up, last 7 days"), [figures.mails_given_up(now)])
        )
    if may_see("mirror.view_syncrun"):
        context["syncs"] = figures.syncs()
        counted = operations()
        context["calls"] = None if counted is None else total_of(counted)
        context["silent_since"] = PLATFORM.silent_since()
    return context | {"cards": cards, "now": now, "may_see_money": may_see("drivers.view_fleet")}


def _cards_of_requests(now: datetime) -> list[Card]:
    return [
        Card("undecided", _("Undecided requests"), figures.open_requests()),
        Card(
            "failed",
            _("Failed requests, last 7 days"),
            figures.failed_requests(now),
            nothing=_("None has failed."),
        ),
        Card(
            "rejected",
            _("Rejections by reason, last 7 days"),
            figures.rejections(now),
            nothing=_("None was rejected."),
        ),
    ]


@require_safe
def calls(request: HttpRequest) -> HttpResponse:
    """Show what came of the calls to the operator, by call."""
    require_permission(request, "mirror.view_syncrun")
    found = operations()
    context = {
        "title": _("Calls to the operator"),
        "operations": found,
        "total": total_of(found or []),
    }
    return staff_page(request, "backoffice/admin_calls.html", context)


@require_safe
def roaming(request: HttpRequest) -> HttpResponse:
    """Show what the operator shares with others."""
    require_permission(request, "mirror.view_syncrun")
    client = get_client()
    since = timezone.now() - timedelta(days=DAYS_OF_CDRS)
    operators = read(client.roaming_operator_pages)
    names: dict[int | None, str] = {one.id: one.name for one in operators.items}
    tariffs = read(client.roaming_tariff_pages)
    cdrs = read(lambda: client.cdr_pages(received_after=since))
    context = {
        "title": _("Roaming"),
        "connections": read(client.roaming_connection_pages),
        "operators": operators,
        "tariffs": tariffs,
        "tariff_rows": [(one, names.get(one.operator_id, "")) for one in tariffs.items],
        "cdrs": cdrs,
        "cdr_rows": [(one, names.get(one.operator_id, "")) for one in cdrs.items],
    }
    return staff_page(request, "backoffice/admin_roaming.html", context)


@require_safe
def money(request: HttpRequest, pk: int) -> HttpResponse:
    """Show what the operator has agreed with a fleet, and a month of what each gets and owes."""
    require_permission(request, "drivers.view_fleet")
    fleet = get_object_or_404(Fleet, pk=pk)
    found = money_of(fleet, month=_month(request), client=get_client())
    context = {
        "title": _("Contract and money: %(fleet)s") % {"fleet": fleet.name},
        "fleet": fleet,
        "money": found,
        "revenue_rows": [(one, words_of(one.origin)) for one in found.revenues.items],
        "expense_rows": [(one, words_of(one.origin)) for one in found.expenses.items],
        "is_this_month": found.next_month > timezone.now(),
    }
    return staff_page(request, "backoffice/admin_money.html", context)


def _month(request: HttpRequest) -> datetime:
    """Return the month that is asked for, such as “2026-11”; this one where none can be read."""
    this_month = month_of(timezone.now())
    try:
        named = datetime.fromisoformat(f"{request.GET.get('month', '')}-01T00:00+00:00")
    except ValueError:
        return this_month
    return month_of(named) if named.year in YEARS else this_month
