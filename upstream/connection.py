"""The one client that a process has of a platform, and what all processes know of that platform.

A process that serves pages (`config.wsgi`) says so: somebody waits for each of its calls, so it
gives up sooner than a worker does, and may use what the workers leave of the calls a minute.

Whether a platform refuses our token, or does not answer at all, is known to all processes through
the cache.
"""

import os
import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Generic, Protocol, TypeVar

from django.core.cache import cache

from upstream.call_quota import SHARE_OF_LOOKS, SHARE_OF_WORKERS, CacheCallQuota
from upstream.circuit_breaker import CacheCircuitBreaker
from upstream.rate_gate import CacheGate
from upstream.transport import RETRY_SECONDS, SILENCE_SECONDS

# What a page may wait for one call, in seconds: the longest silence, and for how long it is tried
# again. With an answer that trickles it is PAGE_RETRY_SECONDS and twice the silence at most.
PAGE_SILENCE_SECONDS = 6.0
PAGE_RETRY_SECONDS = 3.0
# Long enough to span the pause between two calls, short enough to clear soon after a mend.
REFUSED_SECONDS = 120


class HeldBack(Protocol):
    """A client that knows whether its calls would be sent."""

    def held_back_for(self) -> float:
        """Return for how many seconds nothing would be sent; 0 when a call may be tried."""
        ...


Client = TypeVar("Client", bound=HeldBack)


@dataclass(frozen=True, slots=True)
class Keys:
    """Under which names all processes share what they know of a platform."""

    gate: str
    circuit: str
    calls: str
    refused: str


@dataclass(frozen=True, slots=True)
class Terms:
    """On what terms this process calls a platform: what a client is built with."""

    gate: CacheGate
    circuit: CacheCircuitBreaker
    timeout: float
    max_retry_seconds: float


class Held(Generic[Client]):
    """What this process holds: a client, the settings that it was built from, a test's client."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.client: Client | None = None
        self.built_from: Hashable = None
        self.replacement: Client | None = None
        self.serves_pages = False


class Connection(Generic[Client]):
    """The connection to one platform.

    `build` makes the client, anew when `wanted`, the settings that it depends on, changes.
    `per_minute` is how many calls a minute there are, 0 for no limit.
    """

    def __init__(
        self,
        keys: Keys,
        *,
        build: Callable[[Terms], Client],
        wanted: Callable[[], Hashable],
        per_minute: Callable[[], int],
    ) -> None:
        self.keys = keys
        self._build = build
        self._wanted = wanted
        self._per_minute = per_minute
        self.held: Held[Client] = Held()
        os.register_at_fork(after_in_child=self._forget_after_fork)

    def get_client(self) -> Client:
        """Return the process's client, whose pauses all processes share through the cache."""
        held = self.held
        if held.replacement is not None:
            return held.replacement
        wanted = self._wanted()
        with held.lock:
            if held.client is None or held.built_from != wanted:
                held.client = self._build(self._terms())
                held.built_from = wanted
            return held.client

    def set_client(self, client: Client | None) -> None:
        """Make `get_client` return this client, for tests; None goes back to the settings."""
        self.held.replacement = client

    def serve_pages(self) -> None:
        self.held.serves_pages = True
        self.held.client = None

    def has_calls_to_spare(self) -> bool:
        """Return whether there are calls for what is merely worth a look, and it answers."""
        if self.get_client().held_back_for() > 0:
            return False
        quota = self._quota(SHARE_OF_LOOKS)
        return quota is None or quota.has_some()

    # What all processes know

    def note_refused(self) -> None:
        cache.set(self.keys.refused, True, REFUSED_SECONDS)

    def note_accepted(self) -> None:
        cache.delete(self.keys.refused)

    def is_refused(self) -> bool:
        return bool(cache.get(self.keys.refused))

    def silent_since(self) -> datetime | None:
        """Return since when (UTC) nobody calls because it does not answer, or None."""
        opened_at = self.circuit().state().opened_at
        return datetime.fromtimestamp(opened_at, tz=UTC) if opened_at is not None else None

    def why_silent(self) -> str:
        """Return in a few words what was wrong with the last answer, for staff; "" for nothing."""
        return self.circuit().state().why

    def pause_left(self) -> float:
        """Return for how many seconds all calls are held back because it asked for that."""
        return CacheGate(cache, self.keys.gate).closed_for()

    def circuit(self) -> CacheCircuitBreaker:
        return CacheCircuitBreaker(cache, self.keys.circuit)

    def _terms(self) -> Terms:
        pages = self.held.serves_pages
        allowance = self._quota(1.0 if pages else SHARE_OF_WORKERS)
        return Terms(
            gate=CacheGate(cache, self.keys.gate, allowance=allowance),
            circuit=self.circuit(),
            timeout=PAGE_SILENCE_SECONDS if pages else SILENCE_SECONDS,
            max_retry_seconds=PAGE_RETRY_SECONDS if pages else RETRY_SECONDS,
        )

    def _quota(self, share: float) -> CacheCallQuota | None:
        per_minute = self._per_minute()
        if not per_minute:
            return None
        return CacheCallQuota(cache, self.keys.calls, per_minute=per_minute, share=share)

    def _forget_after_fork(self) -> None:
        """Start afresh in a forked worker: no socket may be shared, and the lock may be held."""
        before, self.held = self.held, Held()
        self.held.replacement = before.replacement
        self.held.serves_pages = before.serves_pages
