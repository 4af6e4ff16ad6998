"""What must be so of Ampcontrol once everything works again."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import httpx
from django.db.models import F
from django.utils import timezone

from energy.mirroring.due import all_jobs, troubled
from energy.models import Network, PassedOn, Reading, RemoteVehicle
from energy.tasks import sync_energy
from mirror.models import SyncRun
from tools.chaos.charging.departures import Departures, onlooker, untold
from tools.chaos.charging.hints import Hints
from tools.services.ports import wait_until

# How long it may take until all is read and told once more: what could not be is tried again after
# some minutes, and a run that a killed worker has left is taken up after five.
WITHIN_SECONDS = 600
# A short run lets that time pass at once, as soon as nobody can be at work on it any more.
QUIET_SECONDS, PASSED = 20, timedelta(minutes=6)
OFTEN = {Reading.Kind.SESSIONS, Reading.Kind.TELEMATICS}
TAKEN = "202"


def read_first() -> None:
    """Read what of Ampcontrol there is, so that there is something to keep up to date."""
    for _run in range(3):
        sync_energy()


def differences(
    operator: str, *, since: datetime, hints: Hints, departures: Departures, short: bool
) -> list[str]:
    """Return in sentences what is not as it should be once Ampcontrol works again.

    `since` is when it did; what is read and told after that is waited for.
    """

    client = onlooker()

    def outstanding() -> list[str]:
        return [*unread(since), *untold(client)]

    found = complaints(asked(operator, "/tripwire"), hints.answers)
    if not departures.said["set"]:
        found.append("Nobody ever said when a vehicle leaves.")
    if short and not wait_until(lambda: not outstanding(), seconds=QUIET_SECONDS, every=1):
        let_time_pass()
    wait_until(lambda: not outstanding(), seconds=WITHIN_SECONDS, every=1)
    found += [*outstanding(), *unlike(asked(operator, ""))]
    client.close()
    return found


def complaints(tripped: list[dict[str, str]], answers: Mapping[str, int]) -> list[str]:
    """Return what was sent that nobody may send, and what Ampcontrol may never hear."""
    found = [
        f"Nobody may send Ampcontrol {each['method']} {each['path']}: {each['why']}."
        for each in tripped
    ]
    found += [
        f"A hint was answered with {answer}, {count} times."
        for answer, count in answers.items()
        if answer.isdigit() and answer != TAKEN
    ]
    if not answers.get(TAKEN):
        found.append("No hint was ever taken.")
    return found


def unread(since: datetime) -> list[str]:
    """Return what of Ampcontrol was not read, or not without trouble, since an instant."""
    now = timezone.now()
    found = [f"Ampcontrol: {job.spec.kind} cannot be read." for job in troubled(now)]
    if not Network.objects.exists():
        found.append("Ampcontrol: no network is known.")
    for job in all_jobs(now):
        read_at = job.row.read_at if job.row else None
        if job.spec.kind in OFTEN and (read_at is None or read_at < since):
            found.append(f"Ampcontrol: {job.spec.kind} were not read since it works again.")
    return found


def unlike(state: dict[str, Any]) -> list[str]:
    """Return what the portal's copy of Ampcontrol has too much or too little."""
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


def let_time_pass() -> None:
    """Move what is still to be read and told back in time, and the runs of the killed."""
    running = SyncRun.objects.filter(kind=SyncRun.Kind.ENERGY, state=SyncRun.State.RUNNING)
    quiet = timezone.now() - timedelta(seconds=QUIET_SECONDS)
    running.filter(alive_at__lt=quiet).update(alive_at=F("alive_at") - PASSED)
    Reading.objects.exclude(problem="").update(due_at=F("due_at") - PASSED)
    PassedOn.objects.update(
        next_attempt_at=F("next_attempt_at") - PASSED, lease_until=F("lease_until") - PASSED
    )


def asked(operator: str, what: str) -> Any:
    return httpx.get(f"{operator}/control/ampcontrol{what}", timeout=60).raise_for_status().json()
