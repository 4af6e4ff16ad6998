"""The portal's one client per process, built from Django's settings."""

import os
import threading

from django.conf import settings
from django.core.cache import cache

from ampeco.client import AmpecoClient
from ampeco.gate import CacheGate
from telemetry.operator_calls import note_call

GATE_KEY = "ampeco-hold-off-until"


class _Held:
    """What this process holds: a client, the settings that it was built from, a test's client."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.client: AmpecoClient | None = None
        self.built_from: tuple[str, str] | None = None
        self.replacement: AmpecoClient | None = None


_held = _Held()


def get_client() -> AmpecoClient:
    """Return the process's client, with a rate gate that all processes share through the cache."""
    if _held.replacement is not None:
        return _held.replacement
    wanted = (settings.AMPECO_BASE_URL, settings.AMPECO_API_TOKEN)
    with _held.lock:
        if _held.client is None or _held.built_from != wanted:
            _held.client = AmpecoClient(
                base_url=wanted[0],
                token=wanted[1],
                gate=CacheGate(cache, GATE_KEY),
                observer=note_call,
            )
            _held.built_from = wanted
        return _held.client


def set_client(client: AmpecoClient | None) -> None:
    """Make `get_client` return this client, for tests; None goes back to the settings."""
    _held.replacement = client


def _forget_after_fork() -> None:
    """Start afresh in a forked worker: sockets must not be shared, and the lock may be held."""
    global _held
    replacement = _held.replacement
    _held = _Held()
    _held.replacement = replacement


os.register_at_fork(after_in_child=_forget_after_fork)
