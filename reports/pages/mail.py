"""Pages about the monthly report by e-mail: who gets it, and how a recipient ends it."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import language_for
from drivers.permissions import FleetRequest, admin_required
from drivers.team import NotChanged
from reports.mails.recipients import (
    end_recipient,
    ended_of,
    name_recipient,
    recipient_by_secret,
    recipients_of,
)
from reports.models import MailRecipient
from reports.pages.mail_forms import RecipientForm
from shell.formats import as_zone
from shell.kept_forms import typed
from shell.secret_links import nothing_here, secret_link
from shell.viewer import viewer_zone

MOST_ENDED = 10


@admin_required
@require_http_methods(["GET", "HEAD", "POST"])
def recipients(request: FleetRequest) -> HttpResponse:
    """Show who gets a fleet's month, and name somebody."""
    data = request.POST if request.method == "POST" else typed(request)
    form = RecipientForm(data, fleet=request.fleet, user=request.user)  # type: ignore[arg-type]
    if request.method == "POST" and form.is_valid():
        try:
            recipient = name_recipient(
                fleet=request.fleet,
                user=form.cleaned_data["member"],
                email=form.cleaned_data["email"],
                language=form.cleaned_data["language"],
                by=request.user,  # type: ignore[arg-type]
            )
        except NotChanged as refusal:
            form.add_error(None, refusal.message)
        else:
            text = _("%(address)s gets the report from now on.")
            messages.success(request, text % {"address": recipient.address})
            return redirect("reports:mail")
    context = {
        "form": form,
        "recipients": recipients_of(request.fleet).select_related("created_by").order_by("pk"),
        "ended": ended_of(request.fleet)[:MOST_ENDED],
        "day": settings.REPORT_MAIL_DAY,
        "zone": viewer_zone(request) or as_zone(None),
        "now": timezone.now(),
    }
    return render(request, "reports/mail.html", context)


@admin_required
@require_POST
def end(request: FleetRequest, pk: int) -> HttpResponse:
    """Send no more to one of a fleet's recipients."""
    rows = MailRecipient.objects.select_related("user")
    recipient = get_object_or_404(rows, pk=pk, fleet=request.fleet)
    end_recipient(recipient, by=request.user)  # type: ignore[arg-type]
    text = _("%(address)s no longer gets the report.")
    messages.success(request, text % {"address": recipient.address})
    return redirect("reports:mail")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@csrf_exempt
@secret_link
def stop(request: HttpRequest, secret: str) -> HttpResponse:
    """Let a recipient end it, by the link in the mail; looking at the page changes nothing.

    Mail programs send the form by themselves (RFC 8058), without having seen the page.
    """
    recipient = recipient_by_secret(secret)
    if recipient is None:
        return nothing_here(request)
    if request.method == "POST":
        end_recipient(recipient, by=None)
        recipient.refresh_from_db()
    user = recipient.user
    with translation.override(language_for(user.language if user else recipient.language)):
        response = render(request, "reports/stop.html", {"recipient": recipient})
        response["Content-Language"] = translation.get_language()
    return response
