"""What is counted and timed, and where the counters live: in the cache's Redis.

Prometheus's own way to count over processes is a folder that all of them share. Containers and
machines share none, workers have no address to be asked at, and a web server that replaces its
processes fills it with files. Here one answer tells of the whole portal, whoever gives it.

A process collects what it counts and hands it on every two seconds, so that counting costs no call
to Redis. While that is away it keeps collecting. What a killed process had not handed on is lost,
and an emptied cache begins at zero, which Prometheus takes for a restart.

Gauges, which tell how things stand, are read from the database when somebody asks: `config.gauges`.
"""

import atexit
import json
import logging
import os
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import redis
from django.conf import settings
from django_redis import get_redis_connection
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric

logger = logging.getLogger(__name__)

KEY = "chargebook:counters"
SECONDS_BETWEEN = 2.0


class Store:
    """Numbers by name that only ever grow; safe for use by several threads."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Begin at zero: in a test, or in a forked process, whose parent keeps what it counted."""
        self._lock = threading.Lock()
        self._collected: defaultdict[str, float] = defaultdict(float)
        # What counts when the cache lives in the process itself.
        self._kept: defaultdict[str, float] = defaultdict(float)
        self._thread: threading.Thread | None = None
        self._ended = threading.Event()

    def add(self, amounts: Mapping[str, float]) -> None:
        """Add to some numbers."""
        with self._lock:
            for name, amount in amounts.items():
                self._collected[name] += amount
            if self._thread is None and not _lives_in_process():
                self._thread = threading.Thread(
                    target=self._hand_on_for_ever, name="telemetry", daemon=True
                )
                self._thread.start()

    def read(self) -> dict[str, float]:
        """Return all numbers of the portal; raises redis.RedisError while Redis is away."""
        self.hand_on()
        if _lives_in_process():
            return dict(self._kept)
        numbers: dict[bytes, bytes] = get_redis_connection("default").hgetall(KEY)
        return {name.decode(): float(number) for name, number in numbers.items()}

    def hand_on(self) -> None:
        """Add what this process collected to what all of them did.

        Raises redis.RedisError when Redis is away; nothing is lost then, or, when its answer got
        lost on the way, counted twice.
        """
        with self._lock:
            amounts, self._collected = self._collected, defaultdict(float)
        if not amounts:
            return
        if _lives_in_process():
            for name, amount in amounts.items():
                self._kept[name] += amount
            return
        try:
            with get_redis_connection("default").pipeline() as pipeline:
                for name, amount in amounts.items():
                    pipeline.hincrbyfloat(KEY, name, amount)
                pipeline.execute()
        except redis.RedisError:
            with self._lock:
                for name, amount in amounts.items():
                    self._collected[name] += amount
            raise

    def end(self) -> None:
        self._ended.set()
        with suppress(redis.RedisError):
            self.hand_on()

    def _hand_on_for_ever(self) -> None:
        while not self._ended.wait(SECONDS_BETWEEN):
            with suppress(redis.RedisError):
                self.hand_on()


def _lives_in_process() -> bool:
    return settings.CACHE_URL.startswith("locmem")


STORE = Store()
atexit.register(STORE.end)
os.register_at_fork(after_in_child=STORE.forget)


WEB_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
CALL_BUCKETS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0)
TASK_BUCKETS = (0.01, 0.05, 0.25, 1.0, 5.0, 30.0, 120.0, 600.0)
SUM = "sum"
OVER = "+Inf"


@dataclass(frozen=True, kw_only=True)
class Counter:
    """Counts something by the values of its labels."""

    name: str
    about: str
    labels: tuple[str, ...]

    def add(self, amount: float = 1.0, /, **labels: str) -> None:
        STORE.add({_field(self.name, _values(self.labels, labels)): amount})

    def family(self, numbers: "Numbers") -> Metric:
        """Return all that was counted, as Prometheus wants it."""
        family = CounterMetricFamily(self.name, self.about, labels=self.labels)
        counted = list(numbers.of(self.name, labels=len(self.labels)))
        if not counted and not self.labels:
            # What begins to be told with its first count looks as if it had never grown.
            counted = [((), {"": 0.0})]
        for values, parts in counted:
            family.add_metric(values, parts[""])
        return family


@dataclass(frozen=True, kw_only=True)
class Timer:
    """Sorts durations in seconds into buckets, by the values of its labels."""

    name: str
    about: str
    labels: tuple[str, ...]
    buckets: tuple[float, ...]

    def note(self, seconds: float, /, **labels: str) -> None:
        values = _values(self.labels, labels)
        bucket = next((str(limit) for limit in self.buckets if seconds <= limit), OVER)
        STORE.add({_field(self.name, values, bucket): 1.0, _field(self.name, values, SUM): seconds})

    def family(self, numbers: "Numbers") -> Metric:
        """Return all durations, as Prometheus wants them."""
        family = HistogramMetricFamily(self.name, self.about, labels=self.labels)
        for values, parts in numbers.of(self.name, labels=len(self.labels)):
            so_far = 0.0
            buckets = []
            for bucket in (*map(str, self.buckets), OVER):
                so_far += parts.get(bucket, 0.0)
                buckets.append((bucket, so_far))
            family.add_metric(values, buckets=buckets, sum_value=parts.get(SUM, 0.0))
        return family


class Numbers:
    """The stored numbers, sorted by measure and labels."""

    def __init__(self, stored: dict[str, float]) -> None:
        self._by_name: dict[str, dict[tuple[str, ...], dict[str, float]]] = {}
        for field, number in stored.items():
            name, values, part = json.loads(field)
            by_labels = self._by_name.setdefault(name, {})
            by_labels.setdefault(tuple(values), {})[part] = number

    def of(self, name: str, *, labels: int) -> Iterator[tuple[tuple[str, ...], dict[str, float]]]:
        """Yield label values and parts of a measure; none that an older version counted."""
        for values, parts in sorted(self._by_name.get(name, {}).items()):
            if len(values) == labels:
                yield values, parts


def _values(names: Sequence[str], labels: dict[str, str]) -> list[str]:
    if set(names) != set(labels):
        raise ValueError(f"The labels are {', '.join(names)}, not {', '.join(labels)}.")
    return [str(labels[name]) for name in names]


def _field(name: str, values: list[str], part: str = "") -> str:
    return json.dumps([name, values, part])


REQUEST_MOVES = Counter(
    name="chargebook_booking_request_moves",
    about="Booking requests that came into a state, by kind.",
    labels=("kind", "state"),
)
OPERATOR_CALLS = Counter(
    name="chargebook_operator_calls",
    about="Calls to the operator's platform, each attempt for itself, by what came of them. "
    "“held-off” was not sent, since the operator had asked for a pause.",
    labels=("operation", "outcome"),
)
OPERATOR_CALL_SECONDS = Timer(
    name="chargebook_operator_call_seconds",
    about="How long calls to the operator's platform took that were sent.",
    labels=("operation",),
    buckets=CALL_BUCKETS,
)
OPERATOR_PAUSES = Counter(
    name="chargebook_operator_pause_seconds",
    about="Seconds of pause that the operator's refusals (429) asked for.",
    labels=(),
)
AMPCONTROL_CALLS = Counter(
    name="chargebook_ampcontrol_calls",
    about="Calls to Ampcontrol, each attempt for itself, by what came of them, as those to the "
    "operator's platform.",
    labels=("operation", "outcome"),
)
AMPCONTROL_CALL_SECONDS = Timer(
    name="chargebook_ampcontrol_call_seconds",
    about="How long calls to Ampcontrol took that were sent.",
    labels=("operation",),
    buckets=CALL_BUCKETS,
)
AMPCONTROL_PAUSES = Counter(
    name="chargebook_ampcontrol_pause_seconds",
    about="Seconds of pause that Ampcontrol's refusals (429) asked for.",
    labels=(),
)
MAILS = Counter(
    name="chargebook_mails",
    about="Mails about bookings, by kind and by outcome (docs/operating.md).",
    labels=("kind", "outcome"),
)
TASK_RUNS = Counter(
    name="chargebook_task_runs",
    about="Tasks that workers ran, sweeps among them, by outcome: succeeded, failed.",
    labels=("task", "outcome"),
)
TASK_SECONDS = Timer(
    name="chargebook_task_seconds",
    about="How long tasks took.",
    labels=("task",),
    buckets=TASK_BUCKETS,
)
WEB_REQUESTS = Counter(
    name="chargebook_web_requests",
    about="Pages and fragments that were answered, by view, method and status.",
    labels=("view", "method", "status"),
)
WEB_SECONDS = Timer(
    name="chargebook_web_seconds",
    about="How long answers took, by view.",
    labels=("view",),
    buckets=WEB_BUCKETS,
)
LIVE_STREAMS = Counter(
    name="chargebook_live_streams",
    about="Streams to open pages: opened, refused; of those opened closed or dropped.",
    labels=("outcome",),
)
LIVE_EVENTS = Counter(
    name="chargebook_live_events",
    about="Events that told an open page of changes.",
    labels=(),
)
MEASURES: tuple[Counter | Timer, ...] = (
    REQUEST_MOVES,
    OPERATOR_CALLS,
    OPERATOR_CALL_SECONDS,
    OPERATOR_PAUSES,
    AMPCONTROL_CALLS,
    AMPCONTROL_CALL_SECONDS,
    AMPCONTROL_PAUSES,
    MAILS,
    TASK_RUNS,
    TASK_SECONDS,
    WEB_REQUESTS,
    WEB_SECONDS,
    LIVE_STREAMS,
    LIVE_EVENTS,
)


def families() -> Iterator[Metric]:
    """Yield all that was counted; raises redis.RedisError while Redis is away."""
    numbers = Numbers(STORE.read())
    for measure in MEASURES:
        yield measure.family(numbers)
