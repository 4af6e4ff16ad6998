"""Where somebody is signed in: noting it, listing it, ending it; in which language pages speak.

And what the back office asks of staff.
"""

import re
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.authentication import get_authentication_records
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY, logout
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.db.models import Exists, OuterRef
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from accounts.devices import remember_device
from accounts.models import User, language_for
from accounts.second_factor import may_set_up, must_set_up
from accounts.session_store import digest_of
from shell.addresses import plain_address
from shell.kept_forms import KEPT_SECONDS, keep

# How exact “last seen” is: a session is written down at most so often.
SEEN_SECONDS = 300
SIGNED_IN_AT = "signed_in_at"
# What is written down where nobody can tell the address.
NOWHERE = "0.0.0.0"  # noqa: S104 - no address to listen on

# In this order, as browsers also name those that they descend from.
BROWSERS = [
    ("Edge", r"\bEdgA?i?O?S?/"),
    ("Opera", r"\bOPR/"),
    ("Samsung Internet", r"SamsungBrowser/"),
    ("Firefox", r"\b(Firefox|FxiOS)/"),
    ("Chrome", r"\b(HeadlessChrome|Chrome|Chromium|CriOS)/"),
    ("Safari", r"\bSafari/"),
]
SYSTEMS = [
    ("Android", r"\bAndroid\b"),
    ("iPhone", r"\biPhone\b"),
    ("iPad", r"\biPad\b"),
    ("Windows", r"\bWindows\b"),
    ("ChromeOS", r"\bCrOS\b"),
    ("macOS", r"\bMacintosh\b"),
    ("Linux", r"\bLinux\b"),
]


def note_sign_in(request: HttpRequest, user: User) -> None:
    """Note in the session when it began, and whose it is; pages find both by that note.

    It ends with the browser, if its owner asks no more.
    """
    request.session[SIGNED_IN_AT] = time.time()
    if request.session.get("_session_expiry", KEPT_SECONDS) == KEPT_SECONDS:
        request.session.set_expiry(0)
    if session := this_session(request):
        note_session(request, user)
        cache.add(_seen_key(session), 1, SEEN_SECONDS)
    request.signed_in_as = user.email  # type: ignore[attr-defined]


def confirmed_at(request: HttpRequest) -> float:
    """Return when this session's person last showed who they are, in seconds of the clock."""
    moments = [request.session.get(SIGNED_IN_AT, 0.0)]
    moments += [record["at"] for record in get_authentication_records(request, request.user)]
    return max(moments)


def note_seen(request: HttpRequest) -> None:
    """Note that a session is in use, from which address and browser, every five minutes.

    While the cache is away nothing is noted.
    """
    session = this_session(request)
    if session and cache.add(_seen_key(session), 1, SEEN_SECONDS):
        note_session(request, request.user)


def note_session(request: HttpRequest, user: Any) -> None:
    """Write down who uses a session, and from where."""
    seen = {
        "user": user,
        "last_seen_at": timezone.now(),
        "ip": plain_address(request) or NOWHERE,
        "user_agent": request.META.get("HTTP_USER_AGENT", "").replace("\x00", "")[:200],
    }
    UserSession.objects.update_or_create(session_key=this_session(request), defaults=seen)


def this_session(request: HttpRequest) -> str:
    """Return under what the database knows the session of a request."""
    return digest_of(request.session.session_key)


def _seen_key(session: str) -> str:
    return f"session-seen:{session}"


def sessions_of(user: User) -> list[UserSession]:
    """Return where somebody is signed in, the latest first; what is over is forgotten."""
    rows = {row.session_key: row for row in UserSession.objects.filter(user=user)}
    hashes = [user.get_session_auth_hash(), *user.get_session_auth_fallback_hash()]
    live = Session.objects.filter(session_key__in=rows, expire_date__gt=timezone.now())
    for session in live:
        if session.get_decoded().get(HASH_SESSION_KEY) in hashes:
            del rows[session.session_key]
    UserSession.objects.filter(pk__in=[row.pk for row in rows.values()]).delete()
    return list(UserSession.objects.filter(user=user).order_by("-last_seen_at"))


def end_sessions(user: User, *, but: str | None = None) -> int:
    """Sign somebody out everywhere but in `but`, as `this_session` says; return from how many."""
    ended = 0
    for session in UserSession.objects.filter(user=user).exclude(session_key=but or ""):
        end_session_of(session)
        ended += 1
    return ended


def end_session_of(noted: UserSession) -> None:
    Session.objects.filter(session_key=noted.session_key).delete()
    noted.delete()


def forget_sessions_that_ended() -> int:
    """Remove expired sessions, and what was noted of them; return how many notes that were."""
    Session.objects.filter(expire_date__lt=timezone.now()).delete()
    still_there = Session.objects.filter(session_key=OuterRef("session_key"))
    # Those that began just now may not be committed yet.
    settled = timezone.now() - timedelta(hours=1)
    gone = UserSession.objects.filter(~Exists(still_there), created_at__lt=settled)
    removed, _by_model = gone.delete()
    return removed


def must_confirm(request: HttpRequest) -> bool:
    return time.time() - confirmed_at(request) > settings.STAFF_SESSION_HOURS * 3600


def device(user_agent: str) -> str:
    """Return a browser and its system as people call them: “Firefox on Windows”."""
    browser = next((name for name, sign in BROWSERS if re.search(sign, user_agent)), "")
    system = next((name for name, sign in SYSTEMS if re.search(sign, user_agent)), "")
    if browser and system:
        return _("%(browser)s on %(system)s") % {"browser": browser, "system": system}
    return browser or system or _("Unknown device")


# Ways in and out, and the words of the back office's scripts.
OPEN = frozenset({"admin:login", "admin:logout", "admin:jsi18n"})
# Where somebody gets a second factor.
SET_UP = frozenset({"mfa_activate_totp", "mfa_add_webauthn"})


class GuardBackOffice:
    """Lets staff into the back office with a second factor, and after showing themselves lately.

    The way to the first one is kept as well.
    """

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
        if match is not None and match.view_name in SET_UP and not may_set_up(request):
            return HttpResponseRedirect(reverse("account_security"))
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
    """Lead over a page that asks who is there; what was about to be sent is filled in again."""
    back = request.get_full_path() if request.method == "GET" else keep(request, "not-yet")
    ways = get_adapter().get_reauthentication_methods(request.user)
    if not ways:
        logout(request)
        return HttpResponseRedirect(f"{reverse('account_login')}?{urlencode({'next': back})}")
    messages.info(request, _("You signed in a while ago. Please confirm once more that it is you."))
    return HttpResponseRedirect(f"{ways[0]['url']}?{urlencode({'next': back})}")


class NoteSessions:
    """Keeps “last seen” of sessions, and tells browsers what begins and ends with them.

    What somebody sees who is signed in, no cache keeps; at the log-out the browser forgets pages
    that it still has, for who presses “back”; and devices learn that somebody signed in on them.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if (
            request.session.accessed
            and SESSION_KEY in request.session
            and request.user.is_authenticated
        ):
            note_seen(request)
            patch_cache_control(response, private=True, no_store=True)
        if getattr(request, "signed_out", False):
            # Not the cookies: those of all hosts of the domain would go, the operator's own too.
            response["Clear-Site-Data"] = '"cache"'
            patch_cache_control(response, private=True, no_store=True)
        if email := getattr(request, "signed_in_as", ""):
            remember_device(request, response, email)
        return response


# What programs read has no language, and must not wait for the database to learn who asks.
WITHOUT_WORDS = ("/health/", "/metrics", "/theme.css")


def language_of(request: HttpRequest) -> str:
    """Return the language of a page: the person's, else the nearest that the browser asks for.

    The back office is in the portal's own, since not all of it is translated.
    """
    if request.path_info.startswith(reverse("admin:index")):
        return settings.LANGUAGE_CODE
    chosen = getattr(request.user, "language", "")
    return language_for(chosen) if chosen else translation.get_language_from_request(request)


class SpeakTheirLanguage:
    """Has each page written in the language of who reads it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer the request; what is read while it streams has its words by then."""
        if request.path_info.startswith(WITHOUT_WORDS):
            return self.get_response(request)
        language = language_of(request)
        with translation.override(language):
            response = self.get_response(request)
        patch_vary_headers(response, ["Accept-Language", "Cookie"])
        response.headers.setdefault("Content-Language", language)
        return response
