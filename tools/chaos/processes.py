"""Processes that are killed, and started again as whoever runs them in production would."""

import os
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tools.demo.stack import ROOT

LOOK_EVERY_SECONDS = 0.2
# As `restart: unless-stopped` waits a moment.
RESTART_AFTER_SECONDS = 0.5
GRACE_SECONDS = 20


@dataclass
class Process:
    """One process of the portal, or a server that it uses."""

    name: str
    words: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    running: "subprocess.Popen[bytes] | None" = field(default=None, init=False)
    # Whoever runs it has taken it away: it is not started again until it is put back.
    is_away: bool = field(default=True, init=False)

    def start(self) -> None:
        """Start it, in a group of its own so that all of it can be killed."""
        with self.log.open("ab") as output:
            self.running = subprocess.Popen(
                self.words,
                cwd=ROOT,
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.is_away = False

    def send(self, number: int) -> None:
        """Send a signal to all of it; what has ended meanwhile needs none."""
        if self.running is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.running.pid, number)

    def take_away(self) -> None:
        self.is_away = True
        self.send(signal.SIGKILL)
        if self.running is not None:
            self.running.wait()

    def end(self) -> None:
        self.is_away = True
        if self.running is None:
            return
        self.send(signal.SIGCONT)
        self.send(signal.SIGTERM)
        try:
            self.running.wait(timeout=GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            self.send(signal.SIGKILL)
            self.running.wait()


class Supervisor:
    """Starts what has died again, and counts how often; ends everything when its block ends."""

    def __init__(self) -> None:
        self.processes: dict[str, Process] = {}
        self.restarts: Counter[str] = Counter()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "Supervisor":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()
        # Those that were started last use those that were started first.
        for process in reversed(self.processes.values()):
            process.end()

    def add(self, process: Process) -> Process:
        process.start()
        self.processes[process.name] = process
        return process

    def _watch(self) -> None:
        while not self._done.wait(LOOK_EVERY_SECONDS):
            for process in list(self.processes.values()):
                running = process.running
                if process.is_away or running is None or running.poll() is None:
                    continue
                # What it left behind, such as the processes that serve pages, goes with it.
                process.send(signal.SIGKILL)
                time.sleep(RESTART_AFTER_SECONDS)
                if not process.is_away and not self._done.is_set():
                    process.start()
                    self.restarts[process.name] += 1
