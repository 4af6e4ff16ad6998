"""Whether this instance lives and is ready, for load balancers and people: `/health/…`."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from ampcontrol.connection import PLATFORM as AMPCONTROL
from ampcontrol.connection import is_on as has_ampcontrol
from ampeco.connection import PLATFORM as OPERATOR
from config.gauges import last_syncs, wanted_since
from config.services import answers
from drivers.sync import EVERY
from mirror.runs import LOCATIONS, last_finished, left_out_of
from sites.models import Location
from telemetry import sweeps
from upstream.connection import Connection

# A copy of the operator's records may be so many periods of its sweep old, and this at least.
PERIODS = 3
LEAST_LIMIT = timedelta(minutes=15)

Check = dict[str, Any]


@never_cache
@require_safe
def live(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    """Answer 200 as long as the process serves at all; touches nothing else."""
    return JsonResponse({"status": "live"})


@never_cache
@require_safe
def ready(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    """Answer 200, or 503 when this web process cannot do its work: without a database.

    `wrong` names all that is not as it should be. What other processes do (workers, beat) and what
    pages can do without (cache, broker, the operator) makes the portal `degraded` and leaves it
    ready: to take the web servers away would bring none of it back. Gives no addresses and no error
    texts away.
    """
    checks: dict[str, Check] = {
        "cache": {"ok": answers(settings.CACHE_URL)},
        "broker": {"ok": answers(settings.CELERY_BROKER_URL)},
        "operator": platform(OPERATOR),
    }
    if has_ampcontrol():
        checks["ampcontrol"] = platform(AMPCONTROL)
    try:
        connection.ensure_connection()
        checks |= {**dict(copies()), **dict(sweeping())}
        checks["database"] = {"ok": True}
    except DatabaseError:
        checks["database"] = {"ok": False}
    wrong = sorted(name for name, check in checks.items() if not check["ok"])
    status = "unready" if "database" in wrong else "degraded" if wrong else "ready"
    body = {"status": status, "wrong": wrong, "checks": checks}
    return JsonResponse(body, status=503 if status == "unready" else 200)


def platform(connection: Connection[Any]) -> Check:
    since = connection.silent_since()
    if since is not None:
        return {"ok": False, "seconds": max(0, int((timezone.now() - since).total_seconds()))}
    return {"ok": not connection.is_refused()}


def copies() -> Iterator[tuple[str, Check]]:
    """Yield how old our copies of the operator's records are; None stands for never read.

    While nobody waits for one, it is not late, nor while what it is wanted for is younger than its
    age may be.
    """
    last = last_syncs()
    now = timezone.now()
    periods = {
        "sites": timedelta(minutes=settings.SYNC_DELTA_MINUTES),
        "drivers": EVERY,
        "bookings": timedelta(minutes=settings.BOOKING_SYNC_MINUTES),
        "energy": timedelta(minutes=1),
    }
    for name, since in wanted_since().items():
        ends = [at for kind, at in last.items() if kind.startswith(name) and at is not None]
        seconds = (now - max(ends)).total_seconds() if ends else None
        limit = max(LEAST_LIMIT, PERIODS * periods[name]).total_seconds()
        due = since is not None and (now - since).total_seconds() > limit
        is_late = due if seconds is None else since is not None and seconds > limit
        check = _aged(seconds, limit, ok=not is_late)
        if name == "sites" and all_sites_left_out():
            check |= {"ok": False, "all_left_out": True}
        yield f"copy of {name}", check


def all_sites_left_out() -> bool:
    """Return whether there is no site because the last run left out all of the operator's."""
    if Location.objects.filter(retired_at=None).exists():
        return False
    run = last_finished()
    return run is not None and bool(left_out_of(run.counts, LOCATIONS))


def sweeping() -> Iterator[tuple[str, Check]]:
    for state in sweeps.states():
        ok = not state.is_late
        yield f"sweep {state.name}", _aged(state.seconds, state.limit_seconds, ok=ok)


def _aged(seconds: float | None, limit: float, *, ok: bool) -> Check:
    return {
        "ok": ok,
        "seconds": None if seconds is None else max(0, int(seconds)),
        "limit_seconds": int(limit),
    }


urlpatterns = [
    path("live", live, name="health-live"),
    path("ready", ready, name="health-ready"),
]
