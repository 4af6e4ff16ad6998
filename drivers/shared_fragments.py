"""Parts of pages that keep up: drawn once for all who see the same, and not at all while they do.

Each change of a fleet's bookings gives the fleet a new mark (`live.announcing`). A part is kept, in
the memory of its process, for the members with the same rights and language, under the mark that
was read before anything it shows. Who shows the newest is told so before anybody asks the database
who that is; for SIGN_OF_LIFE_SECONDS, after which log-in and rights are looked at once more. Where
nothing tells of changes there are no marks, and nothing is kept.
"""

import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers
from django.utils.translation import get_language

from drivers.permissions import FleetRequest
from shell.viewer import viewer_zone

# What only the clock changes, or a charger's state, may be so old.
KEPT_SECONDS = 5.0
MOST_KEPT = 64
# For so long a page may be told that nothing has changed without a look at who asks.
SIGN_OF_LIFE_SECONDS = 5
# A fleet in which nothing happens for so long shares nothing until the next change.
MARK_SECONDS = 3600
SEEN_HEADER = "X-Seen"

View = Callable[..., HttpResponse]


def renew_marks(fleets: Iterable[int]) -> None:
    """Note that what pages of fleets show has changed; once it is committed."""
    cache.set_many({_mark_key(fleet): secrets.token_hex(8) for fleet in fleets}, MARK_SECONDS)


def shared_fragment(view: View) -> View:
    """Share the part of a page that htmx asks for among those of a fleet who see the same.

    `request.fleet_mark` is what the part says it has seen when it looks again.
    """

    @wraps(view)
    def inner(request: FleetRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        mark = cache.get(_mark_key(request.fleet.pk), "") if settings.LIVE_URL else ""
        request.fleet_mark = mark  # type: ignore[attr-defined]
        is_part = request.htmx and not request.htmx.history_restore_request
        if not mark or not is_part or getattr(request, "kept_form", None):
            return view(request, *args, **kwargs)
        key = _key_of(request, mark)
        content = PARTS.get(key)
        if content is None:
            response = view(request, *args, **kwargs)
            if response.status_code != 200:
                return response
            # A form's token is of one person alone.
            if b"csrfmiddlewaretoken" not in response.content:
                PARTS.keep(key, response.content)
        else:
            response = HttpResponse(content)
            patch_vary_headers(response, ["HX-Request"])
        looked = (request.fleet.pk, time.time())
        cache.set(_look_key(request), looked, SIGN_OF_LIFE_SECONDS)
        return response

    return inner


class AnswerUnchanged:
    """Tells a part of a page that looks again that nothing has changed (204), for some seconds.

    Only in the same session and at the same address as the look before, which was let in.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        seen = request.headers.get(SEEN_HEADER, "")
        if seen and request.method == "GET" and _is_newest(request, seen):
            return HttpResponse(status=204, headers={"Cache-Control": "private, no-store"})
        return self.get_response(request)


class Parts:
    """The last parts that this process has drawn."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._parts: OrderedDict[tuple[Any, ...], tuple[float, bytes]] = OrderedDict()

    def get(self, key: tuple[Any, ...]) -> bytes | None:
        drawn_at, content = self._parts.get(key, (0.0, b""))
        return content if time.time() - drawn_at < KEPT_SECONDS else None

    def keep(self, key: tuple[Any, ...], content: bytes) -> None:
        with self._lock:
            self._parts[key] = (time.time(), content)
            self._parts.move_to_end(key)
            while len(self._parts) > MOST_KEPT:
                self._parts.popitem(last=False)


PARTS = Parts()


def _key_of(request: FleetRequest, mark: str) -> tuple[Any, ...]:
    """Return all that a part depends on besides what the mark stands for."""
    zone = viewer_zone(request)
    membership = request.membership
    who = (request.fleet.pk, membership.role, membership.is_admin)
    return (mark, *who, get_language(), zone and zone.key, request.get_full_path())


def _is_newest(request: HttpRequest, seen: str) -> bool:
    if not settings.LIVE_URL or settings.SESSION_COOKIE_NAME not in request.COOKIES:
        return False
    fleet, looked_at = cache.get(_look_key(request)) or (0, 0.0)
    is_fresh = abs(time.time() - looked_at) < SIGN_OF_LIFE_SECONDS
    return is_fresh and cache.get(_mark_key(fleet)) == seen


def _mark_key(fleet: int) -> str:
    return f"fleet-mark:{fleet}"


def _look_key(request: HttpRequest) -> str:
    session = request.COOKIES.get(settings.SESSION_COOKIE_NAME, "")
    return f"looked:{session}:{request.get_full_path()}"
