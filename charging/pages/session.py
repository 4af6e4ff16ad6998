"""A session's page: who, where and what, its course, its price and how it was paid."""

from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers
from django_htmx.http import HttpResponseClientRefresh

from bookings.pages.history.record import price_shown_of
from charging.models import Session
from charging.pages import words
from charging.pages.course import course_of
from charging.pages.history import history_of
from charging.pages.lists import LOOK_EVERY
from charging.pages.receipts import receipt_address, receipt_facts
from charging.pages.tariff import tariff_of
from charging.selectors.filters import session_of
from drivers.permissions import FleetRequest, member_required
from shell.formats import as_zone
from shell.viewer import viewer_zone


@member_required
@require_safe
@vary_on_headers("HX-Request")
def detail(request: FleetRequest, pk: int) -> HttpResponse:
    """Show a session; htmx gets what moves alone, while it goes on."""
    session = session_or_404(request, pk)
    reader_zone = viewer_zone(request)
    zone = session.location.zone if session.location else as_zone(reader_zone)
    # By the minute, so that a page that looks again does not draw all anew.
    now = timezone.now().replace(second=0, microsecond=0)
    context: dict[str, Any] = {
        "session": session,
        "zone": zone,
        "course": course_of(session, zone=zone, now=max(now, session.started_at)),
        "look_every": "" if session.has_ended else LOOK_EVERY,
    }
    if request.htmx and not request.htmx.history_restore_request:
        if session.has_ended:
            # Only while it goes on a page looks; the rest of it, such as the price, has come now.
            return HttpResponseClientRefresh()
        return render(request, "charging/_session.html", context)
    context |= {
        "reason": words.reason(session.stop_reason),
        "parts": _parts(session),
        "tax": _tax(session),
        "price_shown": price_shown_of(session.booking) if session.booking else None,
        "tariff": tariff_of(session),
        "transactions": list(session.transactions.order_by("made_at", "pk")),
        "receipt": receipt_facts(session),
        "history": history_of(session),
        "reader_zone": reader_zone or "UTC",
    }
    return render(request, "charging/detail.html", context)


@member_required
@require_safe
def receipt(request: FleetRequest, pk: int) -> HttpResponse:
    """Lead to the operator's receipt, whose address is good for a short while only."""
    session = session_or_404(request, pk)
    address = receipt_address(session)
    if not address:
        messages.error(request, _("The operator does not give out this receipt at the moment."))
        return redirect("charging:detail", pk=pk)
    response = HttpResponseRedirect(address)
    response["Cache-Control"] = "private, no-store"
    response["Referrer-Policy"] = "no-referrer"
    return response


def session_or_404(request: FleetRequest, pk: int) -> Session:
    """Return one of the fleet's sessions; any other is a 404."""
    try:
        return session_of(request.fleet, pk)
    except Session.DoesNotExist:
        raise Http404 from None


def _parts(session: Session) -> list[dict[str, Any]]:
    """Return the rows of the price's breakdown."""
    return [
        {
            "name": words.price_part(part.get("type", "")),
            "quantity": words.quantity(part.get("quantity"), part.get("unit", "")),
            "each": words.plain_number(part.get("price_per_unit")),
            "price": words.plain_number(part.get("price")),
            "tax": words.percent(part.get("tax_percent")),
        }
        for part in session.price_breakdown
        if isinstance(part, dict)
    ]


def _tax(session: Session) -> Decimal | None:
    if session.amount is None or session.amount_without_tax is None:
        return None
    return session.amount - session.amount_without_tax
