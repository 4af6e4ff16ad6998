"""Asks the Redis servers beside the portal how they are; never for long."""

from collections.abc import Iterator
from contextlib import contextmanager

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

PATIENCE_SECONDS = 1.0
# Celery's name for the queue of what beat starts; and that of what is to take rows in between.
SWEEPS_QUEUE = "celery"
ROWS_QUEUE = "rows"


def answers(url: str) -> bool:
    """Return whether the Redis at `url` answers in time; what lives in the process always does."""
    if _lives_in_process(url):
        return True
    try:
        with _connected(url) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


def queue_length(url: str) -> int:
    """Return how many tasks wait at the broker; raises redis.RedisError while it is away."""
    if _lives_in_process(url):
        return 0
    with _connected(url) as client:
        return int(client.llen(SWEEPS_QUEUE)) + int(client.llen(ROWS_QUEUE))


def _lives_in_process(url: str) -> bool:
    return url.startswith(("locmem", "memory"))


@contextmanager
def _connected(url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(
        url,
        socket_connect_timeout=PATIENCE_SECONDS,
        socket_timeout=PATIENCE_SECONDS,
        retry=Retry(NoBackoff(), 0),
    ) as client:
        yield client
