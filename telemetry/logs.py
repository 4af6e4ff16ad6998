"""What is told of the work at hand: log lines, with a line and a count for each answer and move.

Every line is scrubbed as a whole, tracebacks included. Its fields are those that are bound, and
those given with `extra=` whose name is in FIELDS.
"""

import json
import logging
import math
import re
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar, Token
from datetime import UTC, datetime
from typing import Any

from django.db.models.signals import post_save
from django.http import HttpRequest, HttpResponse

from telemetry.measures import REQUEST_MOVES, WEB_REQUESTS, WEB_SECONDS

logger = logging.getLogger(__name__)

REQUEST_ID = "request_id"
# What proxies send: hexadecimal digits, UUIDs, AWS's `Root=1-…`. Nothing that could break a line.
ACCEPTABLE = re.compile(r"[A-Za-z0-9._=-]{8,64}")

Facts = Mapping[str, str | int]

_facts: ContextVar[Facts] = ContextVar("telemetry_facts", default={})  # noqa: B039 - never changed


def facts() -> Facts:
    return _facts.get()


def request_id() -> str:
    return str(_facts.get().get(REQUEST_ID, ""))


def bind(**more: str | int) -> Token[Facts]:
    """Add facts to this thread's log lines until `unbind` gets the returned token back."""
    return _facts.set({**_facts.get(), **more})


def unbind(token: Token[Facts]) -> None:
    """Go back to what was bound before; in the thread that bound it."""
    _facts.reset(token)


@contextmanager
def bound(**more: str | int) -> Iterator[None]:
    """Add facts to the log lines of a block."""
    token = bind(**more)
    try:
        yield
    finally:
        unbind(token)


def accept_request_id(offered: str | None) -> str:
    if offered and ACCEPTABLE.fullmatch(offered):
        return offered
    return uuid.uuid4().hex


# Shorter ones would cut holes into ordinary words.
SHORTEST_SECRET = 8
# Path segments this long are tokens, not names.
LONGEST_SEGMENT = 20

E_MAIL = re.compile(r"""[^\s@<>"'`()\[\]{},;:=/\\]+@[^\s@<>"'`()\[\]{},;:=/\\]+\.[^\W\d_]{2,}""")
# Pages that a link opens without a log-in: a driver's page, a calendar, a new password.
SECRET_LINK = re.compile(r"(/(?:d|calendar|key|invitation|join)/)[^/\s\"'<>]+")
# PostgreSQL repeats the values of a row that it refuses.
DATABASE_DETAIL = re.compile(r"DETAIL:.*?(?=\n[A-Z]+:|\n\n|\nTraceback|\Z)", re.DOTALL)


class Scrubber:
    """Cleans texts of e-mail addresses, secret links, refused rows and the secrets it is given."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets = sorted(
            {secret for secret in secrets if len(secret) >= SHORTEST_SECRET}, key=len, reverse=True
        )

    def clean(self, text: str) -> str:
        """Return the text without what must not leave the portal."""
        for secret in self._secrets:
            text = text.replace(secret, "[secret]")
        if "DETAIL:" in text:
            text = DATABASE_DETAIL.sub("DETAIL: [left out]", text)
        if "@" in text:
            text = E_MAIL.sub("[e-mail]", text)
        if "/" in text:
            text = SECRET_LINK.sub(r"\1[secret]", text)
        return text


def short_path(path: str) -> str:
    return "/".join(
        segment if len(segment) <= LONGEST_SEGMENT else "[…]" for segment in path.split("/")
    )


FIELDS = (
    REQUEST_ID,
    "task",
    "booking_id",
    "booking_request_id",
    "notification_id",
    "kind",
    "status",
    "method",
    "view",
    "seconds",
)
FORMATS = ("json", "lines")


def fields_of(record: logging.LogRecord) -> Facts:
    """Return the fields of a record; in its message goes the pattern of an address for the address.

    Where a record has several handlers, all of them find what the first one found.
    """
    given = record.__dict__
    if "fields" not in given:
        extra = {
            name: given[name]
            for name in FIELDS
            if isinstance(given.get(name), str | int | float) and given[name] != ""
        }
        request = given.get("request")
        if request is not None:
            _name_route(record, request)
            # Django logs some refusals when the middleware is done already.
            offered = getattr(request, REQUEST_ID, "")
            extra |= {REQUEST_ID: offered} if offered else {}
        given["fields"] = {**facts(), **extra}
    return given["fields"]


class Seldom(logging.Filter):
    """Lets one line of a kind through in half a minute, without its traceback.

    For those who repeat with every attempt that a server is away.
    """

    SECONDS = 30.0

    def __init__(self) -> None:
        super().__init__()
        self._last: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Let a line pass unless one of its kind has passed just now."""
        kind = str(record.msg)
        if abs(record.created - self._last.get(kind, -math.inf)) < self.SECONDS:
            return False
        self._last[kind] = record.created
        record.exc_info = record.exc_text = None
        return True


def _name_route(record: logging.LogRecord, request: Any) -> None:
    path = getattr(request, "path", None)
    if path is None or not isinstance(record.args, tuple):
        return
    match = getattr(request, "resolver_match", None)
    safe = f"/{match.route}" if match else short_path(path)
    record.args = tuple(safe if arg == path else arg for arg in record.args)


class ScrubbedFormatter(logging.Formatter):
    """Formats as its parent does, without personal data and the given secrets."""

    def __init__(self, *args: Any, secrets: Sequence[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._scrubber = Scrubber(secrets)


class Lines(ScrubbedFormatter):
    """One readable line a record, its fields at the end."""

    def __init__(self, *, secrets: Sequence[str] = ()) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s", secrets=secrets)

    def format(self, record: logging.LogRecord) -> str:
        fields_of(record)
        return self._scrubber.clean(super().format(record))

    def formatMessage(self, record: logging.LogRecord) -> str:
        told = " ".join(f"{name}={value}" for name, value in fields_of(record).items())
        line = super().formatMessage(record)
        return f"{line} [{told}]" if told else line


class Json(ScrubbedFormatter):
    """One JSON object a record, on one line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the object: when, how bad, who, what, the fields, the traceback."""
        fields = fields_of(record)
        entry: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, tz=UTC).isoformat(),
            "level": record.levelname,
            "logger": record.name,
            "message": self._scrubber.clean(record.getMessage()),
        }
        for name, value in fields.items():
            entry[name] = self._scrubber.clean(value) if isinstance(value, str) else value
        if record.exc_info:
            entry["traceback"] = self._scrubber.clean(self.formatException(record.exc_info))
        return json.dumps(entry, ensure_ascii=False, default=str)


def logging_config(*, form: str, level: str, secrets: Sequence[str] = ()) -> dict[str, Any]:
    """Return the description of logging that `logging.config` wants: all to standard error.

    `form` is one of FORMATS; `secrets` are texts that no line may contain.
    """
    formatter = Json if form == "json" else Lines
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"seldom": {"()": Seldom}},
        "formatters": {"line": {"()": formatter, "secrets": [s for s in secrets if s]}},
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["console"], "level": level},
        "loggers": {
            # They come with handlers of their own.
            **{name: {"handlers": [], "propagate": True} for name in ("django", "gunicorn.error")},
            "httpx": {"level": "WARNING"},
            "mail.log": {"level": "WARNING"},
            "stamina": {"level": "ERROR"},
            # They tell that the cache is away, that the broker is, and that a proxy says nothing.
            "django_redis.cache": {"filters": ["seldom"]},
            "shell.addresses": {"filters": ["seldom"]},
            # Both tell that Redis is away, too, the second also that the database is.
            "live.announcing": {"filters": ["seldom"]},
            "live.hub": {"filters": ["seldom"]},
            "celery.beat": {"level": "WARNING", "filters": ["seldom"]},
            "celery.worker.strategy": {"level": "WARNING"},
            "celery.app.trace": {"level": "WARNING"},
        },
    }


METHODS = frozenset({"GET", "HEAD", "POST", "OPTIONS"})
ONLY_LOOK = frozenset({"GET", "HEAD", "OPTIONS"})
# Other platforms tell of every vehicle that is plugged in anywhere: nothing changes here by that.
MERELY_TOLD = 202


class WatchRequests:
    """Gives each request an id, its own or the proxy's, and counts and times its answer.

    The id is on every log line of the request and of the tasks that it starts, and goes back as
    `X-Request-ID`. What changes something is told with a line of its own; who only looks is not.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        began = time.monotonic()
        request_id = accept_request_id(request.headers.get("X-Request-ID"))
        request.request_id = request_id  # type: ignore[attr-defined]
        with bound(request_id=request_id):
            response = self.get_response(request)
            note_answer(request, response, seconds=time.monotonic() - began)
        response["X-Request-ID"] = request_id
        return response


def note_answer(request: HttpRequest, response: HttpResponse, *, seconds: float) -> None:
    """Count an answer; files that are served well are not of interest."""
    match = request.resolver_match
    if match is None and response.status_code < 400:
        return
    view = match.view_name if match else "none"
    method = request.method if request.method in METHODS else "other"
    assert method is not None
    status = response.status_code
    WEB_REQUESTS.add(view=view, method=method, status=str(status))
    WEB_SECONDS.note(seconds, view=view)
    logger.log(
        logging.DEBUG if method in ONLY_LOOK or status == MERELY_TOLD else logging.INFO,
        "%s %s answered with %d.",
        method,
        view,
        status,
        extra={
            "method": method,
            "view": view,
            "status": status,
            "seconds": round(seconds, 3),
        },
    )


def watch_booking_requests() -> None:
    """Connect to the history of requests, which gets a line with every move, and only there.

    Whoever writes it need not know that it is watched. A transaction that is rolled back afterwards
    leaves a line and a count too many, beside the error that says so.
    """
    post_save.connect(
        note_move, sender="bookings.BookingRequestEvent", dispatch_uid="telemetry-booking-requests"
    )


def note_move(instance: Any, created: bool, **_: Any) -> None:
    """Write a log line with the ids that belong to a move, and count it."""
    if not created:
        return
    request = instance.request
    REQUEST_MOVES.add(kind=request.kind, state=instance.to_status)
    logger.info(
        "Booking request %s (%s) is %s.",
        request.pk,
        request.kind,
        instance.to_status,
        extra={
            "booking_request_id": request.pk,
            "booking_id": request.booking_id,
            "kind": str(request.kind),
            "status": str(instance.to_status),
        },
    )
