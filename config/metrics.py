"""`/metrics`: all that is counted, timed and waiting, as Prometheus reads it."""

import re
import secrets
from collections.abc import Iterator

import redis
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client.core import Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector, CollectorRegistry

from config import gauges
from telemetry import measures

BEARER = re.compile(r"Bearer +(\S+)", re.IGNORECASE)


class Everything(Collector):
    """Counters from the cache and gauges from the database; without either, the rest of it."""

    def collect(self) -> Iterator[Metric]:
        yield from gauges.families()
        try:
            yield from measures.families()
        except redis.RedisError:
            # `chargebook_service_up` tells of it.
            return


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Answer whoever knows METRICS_TOKEN; without one there is no such page."""
    if not settings.METRICS_TOKEN:
        raise Http404
    offered = BEARER.fullmatch(request.headers.get("Authorization", "").strip())
    if offered is None or not _is_token(offered[1]):
        answer = HttpResponse("The token is missing or wrong.\n", status=401)
        answer["WWW-Authenticate"] = "Bearer"
        return answer
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Everything())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_PLAIN_0_0_4)


def _is_token(offered: str) -> bool:
    return secrets.compare_digest(offered.encode(), settings.METRICS_TOKEN.encode())
