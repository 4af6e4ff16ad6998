"""Middleware of the log-in: what the back office asks for, and when sessions were last seen."""

from collections.abc import Callable
from typing import Any

from allauth.account.adapter import get_adapter
from django.contrib import messages
from django.contrib.auth import SESSION_KEY, logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from accounts.second_factor import must_set_up
from accounts.sessions import must_confirm, note_seen

# Ways in and out, and the words of the back office's scripts.
OPEN = frozenset({"admin:login", "admin:logout", "admin:jsi18n"})


class GuardBackOffice:
    """Lets staff into the back office with a second factor, and after showing themselves lately."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self,
        request: HttpRequest,
        view: Callable[..., HttpResponse],  # noqa: ARG002
        args: tuple[Any, ...],  # noqa: ARG002
        kwargs: dict[str, Any],  # noqa: ARG002
    ) -> HttpResponse | None:
        """Send staff away who lack something; all others the back office refuses by itself."""
        match = request.resolver_match
        if match is None or "admin" not in match.namespaces or match.view_name in OPEN:
            return None
        if not (request.user.is_authenticated and request.user.is_staff):
            return None
        if must_set_up(request.user):
            return HttpResponseRedirect(reverse("account_security"))
        if must_confirm(request):
            return _confirm_first(request)
        return None


def _confirm_first(request: HttpRequest) -> HttpResponse:
    """Lead over a page that asks who is there; what was about to be sent has to be sent again."""
    back = request.get_full_path() if request.method == "GET" else reverse("admin:index")
    ways = get_adapter().get_reauthentication_methods(request.user)
    if not ways:
        logout(request)
        return HttpResponseRedirect(f"{reverse('account_login')}?{urlencode({'next': back})}")
    messages.info(request, _("You signed in a while ago. Please show once more that it is you."))
    return HttpResponseRedirect(f"{ways[0]['url']}?{urlencode({'next': back})}")


class NoteSessions:
    """Keeps “last seen” of sessions."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer the request, and note that its session is in use where the page asked for it."""
        response = self.get_response(request)
        if (
            request.session.accessed
            and SESSION_KEY in request.session
            and request.user.is_authenticated
        ):
            note_seen(request)
        return response
