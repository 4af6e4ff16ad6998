"""Pages about one's own log-in: what protects it, where one is signed in, and being throttled."""

import math
from typing import Any
from zoneinfo import ZoneInfo

from allauth.account import app_settings
from allauth.account.adapter import get_adapter as get_account_adapter
from allauth.account.internal.flows.logout import logout
from allauth.account.utils import get_next_redirect_url
from allauth.core import ratelimit
from allauth.core.internal.ratelimit import parse_rates
from allauth.mfa.base.views import IndexView
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.middleware.csrf import REASON_BAD_ORIGIN
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.csrf import csrf_failure
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect

from accounts.models import User
from accounts.notices import mail_factor_link
from accounts.second_factor import may_set_up, must_set_up, use_factor_link
from accounts.sessions import (
    device,
    end_session_of,
    end_sessions,
    sessions_of,
    this_session,
)
from shell.kept_forms import keep
from shell.viewer import viewer_zone

MINUTE = 60
BAD_ORIGIN = REASON_BAD_ORIGIN.partition("%s")[0]
# Under which name the library counts what these pages do.
ACTIONS = {
    "account_login": "login",
    "account_reset_password": "reset_password",
    "account_reset_password_from_key": "reset_password_from_key",
    "account_change_password": "change_password",
    "account_set_password": "change_password",
    "account_reauthenticate": "reauthenticate",
    "account_first_factor": "first_factor",
    "mfa_reauthenticate": "reauthenticate",
    "mfa_reauthenticate_webauthn": "reauthenticate",
}


class SecurityView(IndexView):
    """What protects the log-in: password, second factor, and where one is signed in."""

    template_name = "account/security.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        user = self.request.user
        return {
            **super().get_context_data(**kwargs),
            "must_set_up": must_set_up(user),
            "may_set_up": may_set_up(self.request),
            "link": self.request.GET.get("link", ""),
            "session_count": UserSession.objects.filter(user_id=user.pk).count(),
        }


security = SecurityView.as_view()


@never_cache
@require_safe
def person(request: HttpRequest) -> HttpResponse:
    """Tell a page that comes back from the browser's memory who is signed in now, by number."""
    return HttpResponse(str(request.user.pk or ""), content_type="text/plain")


@login_required
@require_POST
def first_factor(request: HttpRequest) -> HttpResponse:
    """Mail staff the link for their first second factor, or use up the one that they opened."""
    assert isinstance(request.user, User)
    if may_set_up(request):
        return redirect("account_security")
    if link := request.POST.get("link", ""):
        if not use_factor_link(request, link):
            text = _(
                "This link was used already, is too old, or is not yours. Please ask for another."
            )
            messages.error(request, text)
    elif not ratelimit.consume(request, action="first_factor", user=request.user):
        return too_many_requests(request)
    elif mail_factor_link(request, request.user):
        text = _("We have sent an e-mail to %(email)s. Please open its link in this browser.")
        messages.success(request, text % {"email": request.user.email})
    else:
        messages.error(request, _("The e-mail could not be sent. Please try again later."))
    return redirect("account_security")


@login_required
@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Keep in which language somebody reads pages and mails, and go back to where they were."""
    chosen = request.POST.get("language", "")
    if chosen in dict(settings.LANGUAGES):
        user: User = request.user  # type: ignore[assignment]
        User.objects.filter(pk=user.pk).update(language=chosen)
    else:
        messages.error(request, _("Please pick a language."))
    back = request.POST.get("next", "")
    is_ours = get_account_adapter().is_safe_url(back)
    return HttpResponseRedirect(back if back and is_ours else reverse("home"))


@login_required
@require_safe
def sessions(request: HttpRequest) -> HttpResponse:
    assert request.user.is_authenticated
    rows = [
        {
            "session": session,
            "device": device(session.user_agent),
            "is_this": session.session_key == this_session(request),
        }
        for session in sessions_of(request.user)
    ]
    context = {
        "rows": rows,
        "zone": viewer_zone(request) or ZoneInfo("UTC"),
        "now": timezone.now(),
    }
    return render(request, "account/sessions.html", context)


@login_required
@require_POST
def end_session(request: HttpRequest, pk: int) -> HttpResponse:
    session = get_object_or_404(UserSession, pk=pk, user=request.user)
    if session.session_key == this_session(request):
        session.delete()
        logout(request)
        return redirect("account_login")
    end_session_of(session)
    messages.success(request, _("That device has been signed out."))
    return redirect("usersessions_list")


@login_required
@require_POST
def end_other_sessions(request: HttpRequest) -> HttpResponse:
    assert request.user.is_authenticated
    ended = end_sessions(request.user, but=this_session(request))
    text = ngettext(
        "%d other device has been signed out.", "%d other devices have been signed out.", ended
    )
    messages.success(request, text % ended)
    return redirect("usersessions_list")


def too_many_requests(request: HttpRequest) -> HttpResponse:
    """Say that somebody tried too often, and when to try again (429)."""
    match = request.resolver_match
    action = ACTIONS.get(match.view_name if match else "", "")
    rates = parse_rates(app_settings.RATE_LIMITS.get(action))
    seconds = max((rate.duration for rate in rates), default=MINUTE)
    minutes = math.ceil(seconds / MINUTE)
    answer = render(request, "account/too_many.html", {"minutes": minutes}, status=429)
    answer["Retry-After"] = str(math.ceil(seconds))
    return answer


def stale_token(request: HttpRequest, reason: str) -> HttpResponse:
    """Lead on somebody who has signed in elsewhere since this page was opened; refuse others (403).

    Signing in changes what pages prove themselves with. What one of our own sent with the old token
    is never taken, but shown again, filled in.
    """
    not_ours = "Origin" not in request.headers or reason.startswith(BAD_ORIGIN)
    if not_ours or settings.CSRF_COOKIE_NAME not in request.COOKIES:
        return csrf_failure(request, reason)
    goal = _onwards(request)
    if getattr(request, "htmx", False):
        return HttpResponseClientRedirect(goal)
    return HttpResponseRedirect(goal)


def _onwards(request: HttpRequest) -> str:
    match = request.resolver_match
    if not match or match.view_name not in {"account_login", "mfa_login_webauthn"}:
        return keep(request, "signed-in-again" if request.user.is_authenticated else "signed-out")
    goal = get_next_redirect_url(request)
    if not request.user.is_authenticated:
        messages.warning(request, _("Please sign in once more."))
        again = reverse("account_login")
        return f"{again}?{urlencode({'next': goal})}" if goal else again
    words = {"email": request.user.email}
    messages.info(request, _("You are already signed in, as %(email)s.") % words)
    return goal or reverse("home")
