"""The connection to the operator: the one client a process has, and whether the operator answers.

A process that serves pages (`config.wsgi`) says so: somebody waits for each of its calls, so it
gives up sooner than a worker does, and may use what the workers leave of the calls a minute.

Whether the operator refuses our token, or does not answer at all, is known to all processes through
the cache.
"""

import logging
import os
import threading
from datetime import UTC, datetime

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext

from ampeco.client import RETRY_SECONDS, SILENCE_SECONDS, AmpecoClient
from upstream.call_quota import SHARE_OF_LOOKS, SHARE_OF_WORKERS, CacheCallQuota
from upstream.calls import note_call
from upstream.circuit_breaker import CacheCircuitBreaker
from upstream.errors import UpstreamError
from upstream.rate_gate import CacheGate

GATE_KEY = "ampeco-hold-off-until"
CIRCUIT_KEY = "ampeco-circuit"
ALLOWANCE_KEY = "ampeco-calls"

# What a page may wait for one call, in seconds: the longest silence, and how long it is tried
# again. With an answer that trickles it is PAGE_RETRY_SECONDS and twice the silence at most.
PAGE_SILENCE_SECONDS = 6.0
PAGE_RETRY_SECONDS = 3.0


class _Held:
    """What this process holds: a client, the settings that it was built from, a test's client."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.client: AmpecoClient | None = None
        self.built_from: tuple[str, str] | None = None
        self.replacement: AmpecoClient | None = None
        self.serves_pages = False


_held = _Held()


def get_client() -> AmpecoClient:
    """Return the process's client, whose pauses all processes share through the cache."""
    if _held.replacement is not None:
        return _held.replacement
    wanted = (settings.AMPECO_BASE_URL, settings.AMPECO_API_TOKEN)
    with _held.lock:
        if _held.client is None or _held.built_from != wanted:
            _held.client = AmpecoClient(
                base_url=wanted[0],
                token=wanted[1],
                gate=CacheGate(cache, GATE_KEY, allowance=_allowance()),
                observer=note_call,
                circuit=CacheCircuitBreaker(cache, CIRCUIT_KEY),
                timeout=PAGE_SILENCE_SECONDS if _held.serves_pages else SILENCE_SECONDS,
                max_retry_seconds=PAGE_RETRY_SECONDS if _held.serves_pages else RETRY_SECONDS,
            )
            _held.built_from = wanted
        return _held.client


def serve_pages() -> None:
    _held.serves_pages = True
    _held.client = None


def _allowance() -> CacheCallQuota | None:
    per_minute = settings.AMPECO_CALLS_PER_MINUTE
    if not per_minute:
        return None
    share = 1.0 if _held.serves_pages else SHARE_OF_WORKERS
    return CacheCallQuota(cache, ALLOWANCE_KEY, per_minute=per_minute, share=share)


def has_calls_to_spare() -> bool:
    """Return whether there are calls for what is merely worth a look, and the operator answers."""
    if get_client().held_back_for() > 0:
        return False
    per_minute = settings.AMPECO_CALLS_PER_MINUTE
    if not per_minute:
        return True
    quota = CacheCallQuota(cache, ALLOWANCE_KEY, per_minute=per_minute, share=SHARE_OF_LOOKS)
    return quota.has_some()


def set_client(client: AmpecoClient | None) -> None:
    """Make `get_client` return this client, for tests; None goes back to the settings."""
    _held.replacement = client


def _forget_after_fork() -> None:
    """Start afresh in a forked worker: sockets must not be shared, and the lock may be held."""
    global _held
    before, _held = _held, _Held()
    _held.replacement = before.replacement
    _held.serves_pages = before.serves_pages


os.register_at_fork(after_in_child=_forget_after_fork)


logger = logging.getLogger(__name__)

REFUSED_KEY = "operator-refuses-token"
# Long enough to span the pause between two calls, short enough to clear soon after a mend.
REFUSED_SECONDS = 120


def note_refused() -> None:
    cache.set(REFUSED_KEY, True, REFUSED_SECONDS)


def note_accepted() -> None:
    cache.delete(REFUSED_KEY)


def is_refused() -> bool:
    return bool(cache.get(REFUSED_KEY))


def silent_since() -> datetime | None:
    """Return since when (UTC) nobody calls the operator because it does not answer, or None."""
    opened_at = CacheCircuitBreaker(cache, CIRCUIT_KEY).state().opened_at
    return datetime.fromtimestamp(opened_at, tz=UTC) if opened_at is not None else None


def why_silent() -> str:
    """Return in a few words what was wrong with the last answer, for staff; "" when nothing was."""
    return CacheCircuitBreaker(cache, CIRCUIT_KEY).state().why


def look_again(client: AmpecoClient) -> None:
    """Try a call that costs little, if the operator is left alone and one may be tried.

    Else nobody would find out that it answers again until somebody opens a page.
    """
    if silent_since() is None or client.held_back_for() > 0:
        return
    try:
        next(client.location_pages(updated_after=timezone.now()), None)
    except UpstreamError as error:
        logger.info("The operator still does not answer: %s", error)


def operator_notice() -> str:
    """Return the sentence that every page shows while the operator refuses us, or nothing.

    While it does not answer: what still works, since nobody can do anything about it.
    """
    if is_refused():
        return gettext("Booking is temporarily unavailable. The operator has been notified.")
    if silent_since():
        return gettext(
            "The operator’s system is not responding at the moment. Free times cannot be "
            "shown; what you send is saved and passed on as soon as it responds again."
        )
    return ""


def back_office_label(request: HttpRequest) -> list[str] | None:  # noqa: ARG001
    """Return the label that staff see at the head of the back office while something is wrong."""
    if is_refused():
        return [gettext("AMPECO refuses the portal's token (401 or 403)"), "danger"]
    since = silent_since()
    if since:
        words = gettext("AMPECO does not work (%(why)s): calls are held back since %(time)s UTC")
        return [words % {"time": f"{since:%H:%M}", "why": why_silent()}, "danger"]
    return None
