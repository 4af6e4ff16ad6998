"""The page on which somebody who was invited joins a team. Looking at it changes nothing."""

from allauth.account.utils import perform_login
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts.models import User
from drivers.fleet_forms import SESSION_KEY
from drivers.models import TeamRole
from shell.secret_links import secret_link
from team.forms import NewAccountForm
from team.invitations import (
    Gone,
    account_of,
    invitation_of,
    join,
    join_with_new_account,
)
from team.models import Invitation
from upstream.emails import email_key


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
@secret_link
def invitation(request: HttpRequest, secret: str) -> HttpResponse:
    """Ask somebody who was invited to join; what opens nothing is one plain page (404)."""
    try:
        found = invitation_of(secret)
        if request.user.is_authenticated:
            assert isinstance(request.user, User)
            if email_key(request.user.email) != email_key(found.email):
                return _show(request, found, "other-account")
            return _as_oneself(request, found, request.user)
        if account_of(found) is not None:
            return _show(request, found, "sign-in")
        return _as_somebody_new(request, found)
    except Gone:
        return render(request, "team/gone.html", status=404)


def _as_oneself(request: HttpRequest, found: Invitation, user: User) -> HttpResponse:
    if request.method != "POST":
        return _show(request, found, "join")
    join(found, user=user)
    return _welcome(request, found)


def _as_somebody_new(request: HttpRequest, found: Invitation) -> HttpResponse:
    data = request.POST if request.method == "POST" else None
    form = NewAccountForm(data, email=found.email, name=found.name)
    if data is None or not form.is_valid():
        return _show(request, found, "new", form=form)
    user = join_with_new_account(
        found, name=form.cleaned_data["name"], password=form.cleaned_data["password"]
    )
    perform_login(request, user, email_verification="none")
    return _welcome(request, found)


def _welcome(request: HttpRequest, found: Invitation) -> HttpResponse:
    request.session[SESSION_KEY] = found.fleet_id
    text = _("Welcome to the team of %(fleet)s.")
    messages.success(request, text % {"fleet": found.fleet.name})
    return redirect("home")


def _show(
    request: HttpRequest, found: Invitation, step: str, *, form: NewAccountForm | None = None
) -> HttpResponse:
    context = {
        "invitation": found,
        "role": TeamRole(found.role).label,
        "step": step,
        "form": form,
    }
    return render(request, "team/join.html", context)
