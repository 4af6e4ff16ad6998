"""Whether this instance lives and is ready, for load balancers and people: `/health/…`."""

from typing import Any

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.models import Max
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from redis.backoff import NoBackoff
from redis.retry import Retry

from mirror.models import SyncRun

PATIENCE_SECONDS = 1.0


@never_cache
@require_safe
def live(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    """Answer 200 as long as the process serves at all; touches nothing else."""
    return JsonResponse({"status": "live"})


@never_cache
@require_safe
def ready(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    """Answer 200, or 503 with the names of the services that do not answer.

    Says how many seconds ago sites and drivers were last read; an old mirror is information, not a
    failure. Gives no addresses and no error texts away.
    """
    wrong: list[str] = []
    last_sync: dict[str, int | None] = {}
    try:
        last_sync = last_sync_ages()
    except DatabaseError:
        wrong.append("database")
    wrong += [
        name
        for name, url in (("cache", settings.CACHE_URL), ("broker", settings.CELERY_BROKER_URL))
        if not answers(url)
    ]
    body: dict[str, Any] = {
        "status": "unready" if wrong else "ready",
        "wrong": wrong,
        "seconds_since_sync": last_sync,
    }
    return JsonResponse(body, status=503 if wrong else 200)


def last_sync_ages() -> dict[str, int | None]:
    """Return how many seconds ago the last finished run of each mirror ended; None: never."""
    connection.ensure_connection()
    finished = dict(
        SyncRun.objects.filter(state=SyncRun.State.FINISHED)
        .order_by()
        .values_list("kind")
        .annotate(Max("finished_at"))
    )
    now = timezone.now()
    return {
        kind: int((now - finished[kind]).total_seconds()) if finished.get(kind) else None
        for kind in SyncRun.Kind.values
    }


def answers(url: str) -> bool:
    """Return whether the Redis at `url` answers in time; what lives in the process always does."""
    if url.startswith(("locmem", "memory")):
        return True
    try:
        with redis.Redis.from_url(
            url,
            socket_connect_timeout=PATIENCE_SECONDS,
            socket_timeout=PATIENCE_SECONDS,
            retry=Retry(NoBackoff(), 0),
        ) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


urlpatterns = [
    path("live", live, name="health-live"),
    path("ready", ready, name="health-ready"),
]
