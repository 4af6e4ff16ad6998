"""Parts of pages that keep up: drawn once for all who see the same, and not at all while they do.

Each change of a fleet's bookings gives the fleet a new mark (`live.announcing`), and so does
whatever its members send; what staff send gives all fleets one. A part is kept, in the memory of
its process, for the members with the same rights and language, under the marks that were read
before anything it shows. So what people do is seen at once, and what the clock, the operator or a
charger does KEPT_SECONDS later. Who shows the newest is told so before anybody asks the database
who that is; for SIGN_OF_LIFE_SECONDS, after which log-in and rights are looked at once more. Where
nothing tells of changes there are no marks, and nothing is kept.
"""

import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable
from contextlib import suppress
from functools import wraps
from typing import Any, TypeVar

from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers
from django.utils.translation import get_language

from drivers.permissions import FleetRequest
from shell.middleware import ONLY_LOOK
from shell.viewer import viewer_zone

# What only the clock changes, or a charger's state, may be so old.
KEPT_SECONDS = 5.0
MOST_KEPT = 200
# For so long a page may be told that nothing has changed without a look at who asks.
SIGN_OF_LIFE_SECONDS = 5
MARK_SECONDS = 3600
# What staff change may be shown to any fleet.
ALL_FLEETS = "mark-of-all-fleets"
SEEN_HEADER = "X-Seen"
# What htmx is told beside a part, as where it is to be found.
TOLD_BESIDE = "HX-"

T = TypeVar("T")
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
        marks = _marks_of(request)
        request.fleet_mark = marks[0] if marks else ""  # type: ignore[attr-defined]
        is_part = request.htmx and not request.htmx.history_restore_request
        if not marks or not is_part:
            return view(request, *args, **kwargs)
        key = _key_of(request, marks)
        if kept := PARTS.get(key):
            content, headers = kept
            response = HttpResponse(content, headers=headers)
            patch_vary_headers(response, ["HX-Request"])
        else:
            response = view(request, *args, **kwargs)
            if response.status_code != 200:
                return response
            if _may_be_shared(request, response.content):
                beside = {k: v for k, v in response.items() if k.startswith(TOLD_BESIDE)}
                PARTS.keep(key, (response.content, beside))
        # A part that does not say what it has seen does not ask whether that is the newest.
        if SEEN_HEADER.encode() in response.content:
            looked = (request.fleet.pk, time.time())
            cache.set(_look_key(request), looked, SIGN_OF_LIFE_SECONDS)
        return response

    return inner


def shared(request: FleetRequest, name: str, make: Callable[[], T], *also: Hashable) -> T:
    """Return what `make` returns, which is made once for those of a fleet who see the same.

    It is a part of the page that is asked for, by a name, and depends on what it is `also` kept by.
    Whoever gets it must leave it as it is.
    """
    marks = _marks_of(request)
    if not marks:
        return make()
    key = _key_of(request, marks, name, *also)
    part: T | None = PARTS.get(key)
    if part is None:
        part = make()
        if _may_be_shared(request, part):
            PARTS.keep(key, part)
    return part


def do_not_share(request: HttpRequest) -> None:
    """Note that what is drawn for a request is for this once: it tells of a failure, say."""
    request.is_for_once = True  # type: ignore[attr-defined]


class NoteChanges:
    """Gives new marks to fleets whose members, or to all when staff, have sent something."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if settings.LIVE_URL and request.method not in ONLY_LOOK:
            # While the database is away nothing has changed, and the answer has said so.
            with suppress(DatabaseError):
                _note_change(request)
        return response


def _note_change(request: HttpRequest) -> None:
    if getattr(getattr(request, "user", None), "is_staff", False):
        cache.set(ALL_FLEETS, secrets.token_hex(8), MARK_SECONDS)
    elif fleet := getattr(request, "fleet", None):
        renew_marks([fleet.pk])


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
    """The last parts that this process has drawn; none that is too old takes up memory."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._parts: OrderedDict[tuple[Any, ...], tuple[float, Any]] = OrderedDict()

    def get(self, key: tuple[Any, ...]) -> Any:
        drawn_at, part = self._parts.get(key, (0.0, None))
        return part if time.time() - drawn_at < KEPT_SECONDS else None

    def __len__(self) -> int:
        return len(self._parts)

    def keep(self, key: tuple[Any, ...], part: Any) -> None:
        now = time.time()
        with self._lock:
            self._parts[key] = (now, part)
            self._parts.move_to_end(key)
            while len(self._parts) > MOST_KEPT or self._oldest() <= now - KEPT_SECONDS:
                self._parts.popitem(last=False)

    def _oldest(self) -> float:
        drawn_at, _part = next(iter(self._parts.values()))
        return drawn_at


PARTS = Parts()


def _marks_of(request: FleetRequest) -> tuple[str, str] | None:
    """Return the marks of the fleet and of all fleets, read once; None where nothing is shared."""
    if not settings.LIVE_URL or getattr(request, "kept_form", None):
        return None
    if not hasattr(request, "marks"):
        key = _mark_key(request.fleet.pk)
        marks = cache.get_many([key, ALL_FLEETS])
        mark = marks.get(key) or _first_mark(key)
        request.marks = (mark, marks.get(ALL_FLEETS, "")) if mark else None  # type: ignore[attr-defined]
    marks_read: tuple[str, str] | None = request.marks  # type: ignore[attr-defined]
    return marks_read


def _first_mark(key: str) -> str:
    """Return a mark for a fleet that has none; "" while the cache is away."""
    mark = secrets.token_hex(8)
    return mark if cache.add(key, mark, MARK_SECONDS) else cache.get(key, "")


def _may_be_shared(request: HttpRequest, part: Any) -> bool:
    if getattr(request, "is_for_once", False):
        return False
    # A form's token is of one person alone.
    token: Any = b"csrfmiddlewaretoken" if isinstance(part, bytes) else "csrfmiddlewaretoken"
    return not (isinstance(part, bytes | str) and token in part)


def _key_of(request: FleetRequest, marks: tuple[str, str], *of: Hashable) -> tuple[Any, ...]:
    """Return all that a part depends on besides what the marks stand for."""
    zone = viewer_zone(request)
    membership = request.membership
    who = (request.fleet.pk, membership.role, membership.is_admin)
    return (*marks, *who, get_language(), zone and zone.key, request.get_full_path(), *of)


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
