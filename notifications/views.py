"""Pages about mails: who gets which, and what was sent to whom."""

from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from drivers.one_at_a_time import one_at_a_time
from drivers.permissions import FleetRequest, manager_required, member_required
from notifications.forms import SentForm, SettingsForm, lead_time_text
from notifications.sent_list import list_sent
from notifications.settings_actions import save_settings
from shell.kept_forms import typed
from shell.keys import RowCursor
from shell.viewer import viewer_zone


@member_required
@require_http_methods(["GET", "HEAD", "POST"])
def mail_settings(request: FleetRequest) -> HttpResponseBase:
    if request.method == "POST":
        return save(request)
    form = SettingsForm(typed(request), fleet=request.fleet, user=request.user)  # type: ignore[arg-type]
    return _show(request, form)


@manager_required
@one_at_a_time
def save(request: FleetRequest) -> HttpResponse:
    form = SettingsForm(request.POST, fleet=request.fleet, user=request.user)  # type: ignore[arg-type]
    if not form.is_valid():
        return _show(request, form)
    save_settings(
        fleet=request.fleet,
        user=request.user,  # type: ignore[arg-type]
        choices=form.chosen(),
        reminder_minutes=form.cleaned_data["reminder_minutes"],
        language=form.cleaned_data["language"],
    )
    messages.success(request, _("Saved. This applies to e-mails from now on."))
    return redirect("notifications:settings")


@member_required
@require_safe
def sent(request: FleetRequest) -> HttpResponse:
    form = SentForm(request.GET)
    form.is_valid()
    page = list_sent(
        request.fleet,
        narrowed=form.cleaned_data,
        cursor=RowCursor.parse(request.GET.get("at", "")),
    )
    context = {
        "form": form,
        "page": page,
        "is_narrowed": any(request.GET.get(name) for name in form.fields),
        "zone": viewer_zone(request) or ZoneInfo("UTC"),
        "now": timezone.now(),
    }
    return render(request, "notifications/sent.html", context)


def _show(request: FleetRequest, form: SettingsForm) -> HttpResponse:
    context = {
        "form": form,
        "rows": list(form.rows()),
        "lead_time": lead_time_text(request.fleet.reminder_minutes),
        "can_manage": request.membership.can_book,
    }
    return render(request, "notifications/settings.html", context)
