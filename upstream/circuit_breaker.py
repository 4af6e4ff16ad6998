"""Leaves an operator alone that does not answer, in all processes at once.

After some failures in a row nobody calls for a while (the circuit is open). Then a single call
tries whether it works again, and either all may call, or nobody may for a longer while. So an
outage costs few calls, a page fails at once instead of waiting, and all goes on by itself.
"""

import logging
import random
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace

from django.core.cache.backends.base import BaseCache

logger = logging.getLogger(__name__)

FAILURES_TO_OPEN = 6
# Failures further apart than this are not in a row.
WINDOW_SECONDS = 60.0
FIRST_PAUSE_SECONDS = 5.0
LONGEST_PAUSE_SECONDS = 60.0
# Processes must not all come back at the same moment, nor at that of other portals.
JITTER = 0.2
# How long the one call that tries may take; longer than the client waits for any answer.
TRIAL_SECONDS = 30.0
# What those wait who are not the one that tries.
AFTER_TRIAL_SECONDS = 1.0
KEPT_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class State:
    """What is known; instants are in seconds since 1970. `opened_at` is None while all may call.

    `why` says what the last failure was; `address` where all failures so far were met, if at one.
    """

    failures: int = 0
    failed_at: float = 0.0
    opened_at: float | None = None
    until: float = 0.0
    pause: float = 0.0
    why: str = ""
    address: str | None = None


CLOSED = State()


class CacheCircuitBreaker:
    """A circuit for all processes that share a cache; where that is away, for those of one process.

    Two that fail at the same moment may count as one: it opens a little later then.
    """

    def __init__(
        self, cache: BaseCache, key: str, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._cache = cache
        self._key = key
        self._clock = clock
        self._known = CLOSED
        self._lock = threading.Lock()
        self._trial_until = 0.0

    def state(self) -> State:
        """Return what is known, in this process or through the cache."""
        stored = self._cache.get(self._key)
        if isinstance(stored, dict):
            try:
                self._known = State(**stored)
            except TypeError:
                # Another version of the portal wrote it.
                self._known = CLOSED
        return self._known

    def pause_left(self) -> float:
        """Return for how many seconds nobody may call; 0 as soon as one may try."""
        state = self.state()
        return 0.0 if state.opened_at is None else self._left(state)

    def _left(self, state: State) -> float:
        # A clock of another machine that is wrong must not hold us back for long.
        return min(max(0.0, state.until - self._clock()), LONGEST_PAUSE_SECONDS * (1 + JITTER))

    def closed_for(self) -> float:
        """Return for how many seconds calls are held back; 0 when this one may go.

        Once the pause is over one caller is let through to try, and nobody else until it has ended.
        """
        state = self.state()
        if state.opened_at is None:
            return 0.0
        left = self._left(state)
        if left > 0:
            return left
        return 0.0 if self._may_try(state) else AFTER_TRIAL_SECONDS

    def note_answer(self) -> None:
        """Note that the operator gave an answer, whatever it was."""
        state = self._known
        if state == CLOSED:
            return
        self._store(CLOSED)
        if state.opened_at is not None:
            logger.warning(
                "The operator answers again after %.0f s.", self._clock() - state.opened_at
            )

    def note_failure(self, why: str = "", *, address: str | None = None) -> None:
        """Note that the operator gave none that is of use.

        `why` is for staff, in a few words. `address` is given where the failure may be about what
        was asked for: a single one that fails however often, as one record may that the operator
        cannot read, does not count for the operator.
        """
        state, now = self.state(), self._clock()
        if state.opened_at is not None:
            # One that was on its way when it opened says nothing new.
            if now >= state.until:
                pause = min(state.pause * 2, LONGEST_PAUSE_SECONDS)
                until = _after(now, pause)
                self._store(replace(state, failed_at=now, until=until, pause=pause, why=why))
            return
        in_a_row = state.failures > 0 and now - state.failed_at <= WINDOW_SECONDS
        failures = state.failures + 1 if in_a_row else 1
        if in_a_row and state.address != address:
            # All failures at the first address count as one.
            failures = failures if state.address is None else 2
            address = None
        if failures < FAILURES_TO_OPEN or address is not None:
            self._store(State(failures, now, why=why, address=address))
            return
        pause = FIRST_PAUSE_SECONDS
        until = _after(now, pause)
        self._store(State(failures, now, opened_at=now, until=until, pause=pause, why=why))
        logger.error("The operator does not answer: %d calls in a row failed (%s).", failures, why)

    def _may_try(self, state: State) -> bool:
        """Return whether this caller is the one that tries; each pause allows one."""
        with self._lock:
            now = self._clock()
            if self._trial_until > now:
                return False
            # A key for each pause: the trial of an earlier one may not have ended.
            if self._cache.add(f"{self._key}-trial-{state.until:.3f}", 1, timeout=TRIAL_SECONDS):
                self._trial_until = 0.0
                return True
            if self._cache.get(self._key) is not None:
                return False
            # The cache is away or was emptied: each process tries for itself.
            self._trial_until = now + TRIAL_SECONDS
            return True

    def _store(self, state: State) -> None:
        self._known = state
        self._trial_until = 0.0
        self._cache.set(self._key, asdict(state), timeout=KEPT_SECONDS)


def _after(now: float, pause: float) -> float:
    return now + pause * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311
