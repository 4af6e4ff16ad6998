"""Ampcontrol beside the operator in a run: what goes wrong with it, what it says, what must agree.

It fails in a lane of its own. Beside that the portal is told of changes by both platforms, and no
call may ever reach Ampcontrol that the portal may not send.
"""

import hmac
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from functools import partial
from hashlib import sha256
from typing import Any

import httpx

from sandbox.energy.cast import SITES
from sandbox.energy.records import id_of
from tools.services.ports import wait_until

NETWORKS = [id_of("network", site.key) for site in SITES]
SECRET = "a secret of the chaos run"
SETTINGS = {
    "AMPCONTROL_WEBHOOK_SECRETS": ",".join(f"{network}={SECRET}" for network in NETWORKS),
}
PATH = "/ampcontrol/"
# Each kind of fault, with what it takes: `sandbox.faults` explains them.
FAULTS: dict[str, dict[str, object]] = {
    "latency": {"probability": 0.5, "seconds": 3},
    "rate-limited": {"seconds": 4},
    "server-error": {"probability": 0.7},
    "server-error-after": {"probability": 0.7},
    "unauthorized": {"probability": 0.5},
    "cut-before": {"probability": 0.7},
    "cut-after": {"probability": 0.7},
    "slow-body": {"probability": 0.5, "seconds": 3},
    "status-fail": {"probability": 0.7},
    "unknown-words": {},
    "naive-times": {},
}
SWITCHES = ("objective_off", "unlinked_tags", "stale_departures")
FEW_CALLS = 5
WELL: dict[str, object] = {**dict.fromkeys(SWITCHES, False), "rate_limit": None}
HINTS_EVERY_SECONDS = 0.5
# How long it may take until all of it is read once more: there is a reading a minute, and what
# could not be read is tried again after two.
READ_WITHIN_SECONDS = 240

Control = Callable[[str, str, object], None]
Fault = tuple[str, Callable[[float], None]]


def faults(control: Control) -> list[Fault]:
    """Return what goes wrong with Ampcontrol alone."""

    def strike(kind: str, seconds: float) -> None:
        control("POST", "faults", {"kind": kind, "path": PATH, **FAULTS[kind]})
        time.sleep(seconds)
        control("DELETE", f"faults?path={PATH}", None)

    def switch(name: str, value: object, seconds: float) -> None:
        control("POST", "ampcontrol/switches", {name: value})
        time.sleep(seconds)
        control("POST", "ampcontrol/switches", {name: WELL[name]})

    return [
        *((f"ampcontrol: {kind}", partial(strike, kind)) for kind in FAULTS),
        *((f"ampcontrol: {name}", partial(switch, name, True)) for name in SWITCHES),
        ("ampcontrol: few calls a minute allowed", partial(switch, "rate_limit", FEW_CALLS)),
    ]


class Hints(threading.Thread):
    """Says again and again that a network has changed, as Ampcontrol does, and notes the answers.

    A web server that was killed gives none; its proxy would say 202.
    """

    def __init__(self, portals: list[str]) -> None:
        super().__init__(name="chaos, hints", daemon=True)
        self._portals = portals
        self._chance = random.Random(0)
        self._ended = threading.Event()
        self.answers: Counter[str] = Counter()

    def run(self) -> None:
        with httpx.Client(timeout=30) as http:
            while not self._ended.wait(HINTS_EVERY_SECONDS):
                self._say(http)

    def stop(self) -> None:
        self._ended.set()
        self.join()

    def _say(self, http: httpx.Client) -> None:
        network, portal = self._chance.choice(NETWORKS), self._chance.choice(self._portals)
        body = f'{{"at": {time.time()}}}'.encode()
        signature = hmac.new(SECRET.encode(), body, sha256).hexdigest()
        try:
            answer = http.post(
                f"{portal}/hooks/ampcontrol/{network}",
                content=body,
                headers={"X-Webhook-Signature": signature},
            )
            self.answers[str(answer.status_code)] += 1
        except httpx.HTTPError as error:
            self.answers[type(error).__name__] += 1


def differences(operator: str, *, since: datetime, hints: Hints) -> list[str]:
    """Return in sentences what is not as it should be once Ampcontrol works again.

    `since` is when it did; what is read of it after that is waited for.
    """
    tripped = asked(operator, "tripwire")
    found = [
        f"Nobody may send Ampcontrol {each['method']} {each['path']}: {each['why']}"
        for each in tripped
    ]
    found += [
        f"A hint of Ampcontrol's was answered with {answer}, {count} times."
        for answer, count in hints.answers.items()
        if answer.isdigit() and answer != "202"
    ]
    if not hints.answers["202"]:
        found.append("No hint of Ampcontrol's was ever taken.")
    wait_until(lambda: not unread(since), seconds=READ_WITHIN_SECONDS, every=1)
    found += unread(since)
    return found + unlike(asked(operator, ""))


def unread(since: datetime) -> list[str]:
    """Return what of Ampcontrol was not read, or not without trouble, since an instant."""
    from django.utils import timezone

    from energy.mirroring.due import all_jobs, troubled
    from energy.models import Network, Reading

    now = timezone.now()
    found = [f"Ampcontrol: {job.row.kind} cannot be read." for job in troubled(now) if job.row]
    if not Network.objects.exists():
        found.append("Ampcontrol: no network is known.")
    for job in all_jobs(now):
        if job.spec.kind in {Reading.Kind.SESSIONS, Reading.Kind.TELEMATICS} and (
            job.row is None or job.row.read_at is None or job.row.read_at < since
        ):
            found.append(f"Ampcontrol: {job.spec.kind} were not read since it works again.")
    return found


def unlike(state: dict[str, Any]) -> list[str]:
    """Return what the portal's copy of Ampcontrol has too much or too little."""
    from energy.models import Network, RemoteVehicle

    found = []
    for noun, model in (("networks", Network), ("vehicles", RemoteVehicle)):
        known = model._default_manager.filter(retired_at=None)
        copied = set(known.values_list("remote_id", flat=True))
        theirs = {each["id"] for each in state[noun]}
        if missing := theirs - copied:
            found.append(f"Ampcontrol: the copy lacks {len(missing)} {noun}.")
        if extra := copied - theirs:
            found.append(f"Ampcontrol: the copy has {len(extra)} {noun} too many.")
    return found


def asked(operator: str, what: str) -> Any:
    address = f"{operator}/control/ampcontrol{'/' if what else ''}{what}"
    return httpx.get(address, timeout=60).raise_for_status().json()
