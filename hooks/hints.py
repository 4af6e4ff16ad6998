"""What a notification sets off: that what it names is read again, and nothing else.

Nothing that it says is believed or kept, so that a replay, a flood or a lie costs a reading that is
due sooner or later anyway. What is said again while a message about the same thing waits adds
nothing. No database is asked here: who sends is answered while there is none.
"""

import json
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any

from django.core.cache import cache

from ampcontrol.connection import is_on
from mirror.work import send_now
from upstream.readers import whole_number

READ_AGAIN = "hooks.tasks.read_again"
# For so long a message is taken to wait for a worker where none has said that it began.
WAITS_SECONDS = 5


class Target(StrEnum):
    """What may be worth reading again: a network of Ampcontrol's, or something of AMPECO's."""

    NETWORK = "network"

    EVSE = "evse"
    CHARGE_POINT = "charge-point"
    PARKING_SPACE = "parking-space"
    SESSION = "session"
    # What has changed at any site.
    SITES = "sites"


STARTS_AND_STOPS = (("sessionId", Target.SESSION), ("evseId", Target.EVSE))
# What AMPECO calls a notification, and where in it stands what it is about.
NAMED: dict[str, tuple[tuple[str, Target], ...]] = {
    "session.start.stop.notification": STARTS_AND_STOPS,
    # The same, as older versions call it.
    "SessionStartStopNotification": STARTS_AND_STOPS,
    # Only those that are about a charge point as a whole name no EVSE.
    "HardwareStatusNotification": (("evseId", Target.EVSE),),
    "NetworkStatusNotification": (),
    "parkingSpace.occupancyStatus.changed": (("parkingSpaceId", Target.PARKING_SPACE),),
}
OF_CHARGE_POINTS = frozenset({"HardwareStatusNotification", "NetworkStatusNotification"})
# What the portal subscribes to.
WANTED = tuple(name for name in NAMED if name != "SessionStartStopNotification")


def hear_of_network(network_remote_id: str) -> None:
    """Let a network of Ampcontrol be read, unless that is switched off."""
    if is_on():
        _hear(Target.NETWORK, network_remote_id)


def hear_of(body: bytes) -> None:
    """Let be read again what a notification of AMPECO is about, if anything."""
    for target, about in targets_in(body):
        _hear(target, about)


def note_taken(target: Target, about: int | str) -> None:
    """Note that a worker begins to read: what is said from here on needs another look."""
    cache.delete(_waits_key(target, about))


def targets_in(body: bytes) -> Iterator[tuple[Target, int]]:
    """Yield what a notification is about, with AMPECO's ids."""
    payload = _object_in(body)
    kind = payload.get("notification")
    if not isinstance(kind, str) or kind not in NAMED:
        return
    named = False
    for field, target in NAMED[kind]:
        about = whole_number(payload.get(field))
        if about is not None and about > 0:
            named = True
            yield target, about
    if kind in OF_CHARGE_POINTS:
        about = whole_number(payload.get("chargePointId"))
        if not named and about is not None and about > 0:
            yield Target.CHARGE_POINT, about
        yield Target.SITES, 0


def _object_in(body: bytes) -> Mapping[str, Any]:
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return payload if isinstance(payload, dict) else {}


def _hear(target: Target, about: int | str) -> None:
    key = _waits_key(target, about)
    if cache.add(key, True, WAITS_SECONDS) is False:
        return
    if not send_now(READ_AGAIN, str(target), about):
        cache.delete(key)


def _waits_key(target: Target, about: int | str) -> str:
    return f"hint:{target}:{about}"
