"""The portal's one client per process, built from Django's settings.

A process that serves pages (`config.wsgi`) says so: somebody waits for each of its calls, so it
gives up sooner than a worker does, and may use what the workers leave of the calls a minute.
"""

import os
import threading

from django.conf import settings
from django.core.cache import cache

from ampeco.client import RETRY_SECONDS, SILENCE_SECONDS, AmpecoClient
from upstream.call_quota import SHARE_OF_WORKERS, CacheCallQuota
from upstream.calls import note_call
from upstream.circuit_breaker import CacheCircuitBreaker
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
    """Note that this process serves pages, before its first call."""
    _held.serves_pages = True
    _held.client = None


def _allowance() -> CacheCallQuota | None:
    per_minute = settings.AMPECO_CALLS_PER_MINUTE
    if not per_minute:
        return None
    share = 1.0 if _held.serves_pages else SHARE_OF_WORKERS
    return CacheCallQuota(cache, ALLOWANCE_KEY, per_minute=per_minute, share=share)


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
