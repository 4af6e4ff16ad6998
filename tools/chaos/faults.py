"""What goes wrong, in an order that the seed decides.

Four lanes run at the same time, each one thing after the other: the operator, Ampcontrol, the
portal's own processes, and the servers that the portal uses.
"""

import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

import httpx
import redis

from config.services import answers
from tools.chaos.charging import faults as ampcontrol
from tools.chaos.post import PostOffice
from tools.chaos.processes import Process, Supervisor
from tools.services.ports import wait_until
from tools.services.postgres import Cluster

# How long something is wrong, and how long it is quiet afterwards in each lane: in a run of many
# bookings, and in one of few, where each lane goes through its faults once. A process that was
# killed needs some seconds until it works again: only then it can be killed at work.
LASTS_SECONDS = {False: (1.5, 5.0), True: (0.5, 1.5)}
QUIET_SECONDS = {
    "operator": {False: (2.0, 6.0), True: (0.1, 0.5)},
    "processes": {False: (5.0, 12.0), True: (3.0, 4.0)},
    "servers": {False: (3.0, 9.0), True: (0.1, 0.5)},
    "ampcontrol": {False: (2.0, 6.0), True: (0.1, 0.5)},
}
# Each kind of fault of the operator, with what it takes: `sandbox.faults` explains them.
OPERATOR_FAULTS: dict[str, dict[str, object]] = {
    "latency": {"probability": 0.5, "seconds": 3},
    "rate-limited": {"seconds": 4},
    "server-error": {"probability": 0.7},
    "server-error-after": {"probability": 0.7},
    "unauthorized": {"probability": 0.5},
    "cut-before": {"probability": 0.7},
    "cut-after": {"probability": 0.7},
    "slow-body": {"probability": 0.5, "seconds": 3},
}
CREATION = "resources/booking-requests"
# In what operators differ: settings of the simulated one.
DIFFERENT = ("ignores_external_id", "drops_external_id", "leaves_out_booking_id")


@dataclass
class Target:
    """Everything that can fail."""

    supervisor: Supervisor
    database: Cluster
    operator: str
    post: PostOffice
    broker: Process
    cache: Process
    broker_url: str
    cache_url: str

    def named(self, kind: str) -> list[Process]:
        return [
            process for name, process in self.supervisor.processes.items() if name.startswith(kind)
        ]


# What it is called, and what does it for some seconds.
Fault = tuple[str, Callable[[float], None]]


class Lane(threading.Thread):
    """Lets one thing after the other go wrong until it is told to stop, and mends each."""

    def __init__(self, chaos: "Chaos", name: str, faults: list[Fault], *, short: bool) -> None:
        super().__init__(name=f"chaos, {name}", daemon=True)
        self._chaos = chaos
        self._faults = faults
        self._is_short = short
        self._lasts = LASTS_SECONDS[short]
        self._quiet = QUIET_SECONDS[name][short]
        self.problem: Exception | None = None

    def run(self) -> None:
        """Go through all faults, in another order each time; at least once through all."""
        stop, chance = self._chaos.stop_asked, self._chaos.chance(f"faults of {self.name}")
        rounds = 0
        try:
            while not rounds or not (stop.is_set() or self._is_short):
                faults = list(self._faults)
                chance.shuffle(faults)
                for name, fault in faults:
                    if stop.is_set() and rounds:
                        return
                    fault(chance.uniform(*self._lasts))
                    self._chaos.count(name)
                    stop.wait(chance.uniform(*self._quiet))
                rounds += 1
        except Exception as problem:  # noqa: BLE001 - told by whoever waits for this thread
            self.problem = problem


class Chaos:
    """All that goes wrong, from `start` to `stop`.

    `storms` are the calls that came each time the operator refused them for being too many.
    """

    def __init__(
        self, target: Target, *, chance: Callable[[str], random.Random], short: bool
    ) -> None:
        self._target = target
        self.chance = chance
        self._victims = chance("victims")
        self._lock = threading.Lock()
        self.stop_asked = threading.Event()
        self.happened: Counter[str] = Counter()
        self.storms: list[int] = []
        self._lanes = [
            Lane(self, name, faults, short=short)
            for name, faults in (
                ("operator", self._operator_faults()),
                ("processes", self._process_faults()),
                ("servers", self._server_faults()),
                ("ampcontrol", ampcontrol.faults(self._control)),
            )
        ]

    def start(self) -> None:
        for lane in self._lanes:
            lane.start()

    def stop(self) -> None:
        """Stop once each fault has happened, and make everything well again.

        Raises what went wrong in a way that was not meant.
        """
        self.stop_asked.set()
        for lane in self._lanes:
            lane.join()
        self._mend()
        for lane in self._lanes:
            if lane.problem is not None:
                raise lane.problem

    def count(self, name: str) -> None:
        with self._lock:
            self.happened[name] += 1

    def _operator_faults(self) -> list[Fault]:
        return [
            *((f"operator: {kind}", partial(self._operator, kind)) for kind in OPERATOR_FAULTS),
            *(
                (f"operator, new requests: {kind}", partial(self._sending, kind))
                for kind in ("cut-after", "server-error-after", "latency")
            ),
            *(
                (f"operator, answers lost: {name}", partial(self._differs, name))
                for name in DIFFERENT
            ),
            ("operator, answers lost: clock half an hour behind", self._clock_is_behind),
            ("operator: few calls a minute allowed", self._few_calls),
            ("operator: stands still", self._operator_freezes),
        ]

    def _process_faults(self) -> list[Fault]:
        return [
            ("worker: kill -9", lambda _: self._kill("worker")),
            ("worker: kill -9", lambda _: self._kill("worker")),
            ("all workers: kill -9", lambda _: self._kill_all("worker")),
            ("worker: stands still", self._worker_freezes),
            ("beat: kill -9", lambda _: self._kill("beat")),
            ("web: kill -9", lambda _: self._kill("web")),
        ]

    def _server_faults(self) -> list[Fault]:
        target = self._target
        return [
            ("broker: flushed", lambda _: self._flush(target.broker_url)),
            ("broker: kill -9, away", lambda seconds: self._away(target.broker, seconds)),
            ("cache: flushed", lambda _: self._flush(target.cache_url)),
            ("cache: kill -9, away", lambda seconds: self._away(target.cache, seconds)),
            ("database: crashes", lambda _: self._database_crashes(0)),
            ("database: crashes, away", self._database_crashes),
            ("mail server: refuses", lambda seconds: self._mood("refuses", seconds)),
            (
                "mail server: takes mails and falls silent",
                lambda seconds: self._mood("cuts", seconds),
            ),
            ("mail server: away", self._no_post),
        ]

    def _operator(self, kind: str, seconds: float) -> None:
        self._control("POST", "faults", {"kind": kind, **OPERATOR_FAULTS[kind]})
        self._storm(seconds) if kind == "rate-limited" else time.sleep(seconds)
        # Those of Ampcontrol have a path, and last on.
        self._control("DELETE", "faults?path=")

    def _sending(self, kind: str, seconds: float) -> None:
        fields = {"probability": 1, "path": CREATION, "method": "POST", "seconds": 12}
        self._control("POST", "faults", {"kind": kind, **fields})
        time.sleep(seconds)
        self._control("DELETE", f"faults?path={CREATION}")

    def _differs(self, name: str, seconds: float) -> None:
        """Let the operator be one that tells less, together with answers that have to be found."""
        self._control("POST", "settings", {name: True})
        self._sending("cut-after", seconds)
        time.sleep(seconds)
        self._control("POST", "settings", {name: False})

    def _clock_is_behind(self, seconds: float) -> None:
        self._control("POST", "clock", {"advance_seconds": -1800})
        self._control("POST", "settings", {"rounds_to_minutes": True})
        self._differs("drops_external_id", seconds)
        self._control("POST", "settings", {"rounds_to_minutes": False})
        self._control("POST", "clock", {})

    def _few_calls(self, seconds: float) -> None:
        self._control("POST", "settings", {"rate_limit": 60})
        self._storm(2 * seconds)
        self._control("POST", "settings", {"rate_limit": None})

    def _storm(self, seconds: float) -> None:
        before = calls_of(self._target.operator)
        time.sleep(seconds)
        self.storms.append(calls_of(self._target.operator) - before)

    def _operator_freezes(self, seconds: float) -> None:
        self._freeze(self._target.supervisor.processes["operator"], seconds)

    def _worker_freezes(self, seconds: float) -> None:
        self._freeze(self._victims.choice(self._target.named("worker")), seconds)

    def _freeze(self, process: Process, seconds: float) -> None:
        process.send(signal.SIGSTOP)
        time.sleep(seconds)
        process.send(signal.SIGCONT)

    def _kill(self, kind: str) -> None:
        self._victims.choice(self._target.named(kind)).send(signal.SIGKILL)

    def _kill_all(self, kind: str) -> None:
        for process in self._target.named(kind):
            process.send(signal.SIGKILL)

    def _flush(self, url: str) -> None:
        with redis.Redis.from_url(url) as server:
            server.flushall()

    def _away(self, process: Process, seconds: float) -> None:
        process.take_away()
        time.sleep(seconds)
        process.start()

    def _database_crashes(self, seconds: float) -> None:
        self._target.database.crash()
        time.sleep(seconds)
        self._target.database.start()

    def _mood(self, mood: str, seconds: float) -> None:
        self._target.post.mailbox.mood = mood  # type: ignore[assignment]
        time.sleep(seconds)
        self._target.post.mailbox.mood = "well"

    def _no_post(self, seconds: float) -> None:
        self._target.post.close()
        time.sleep(seconds)
        self._target.post.open()

    def _control(self, method: str, what: str, body: object = None) -> None:
        address = f"{self._target.operator}/control/{what}"
        httpx.request(method, address, json=body, timeout=60).raise_for_status()

    def _mend(self) -> None:
        with suppress(httpx.HTTPError):
            self._control("DELETE", "faults")
            as_before = dict.fromkeys((*DIFFERENT, "rounds_to_minutes"), False)
            self._control("POST", "settings", {"rate_limit": None, **as_before})
            self._control("POST", "clock", {})
            self._control("POST", "ampcontrol/switches", ampcontrol.WELL)
        self._target.post.open()
        for process in (self._target.broker, self._target.cache):
            if process.is_away:
                process.start()
        urls = (self._target.broker_url, self._target.cache_url)
        wait_until(lambda: all(answers(url) for url in urls), seconds=20)


def calls_of(operator: str) -> int:
    answer = httpx.get(f"{operator}/control/arrivals", timeout=60).raise_for_status()
    calls: int = answer.json()["calls"]
    return calls
