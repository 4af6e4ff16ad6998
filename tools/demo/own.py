"""A demo of one's own, for tests and pictures: it disturbs no other, and ends with its user."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tools.demo.stack import DEFAULT_PORTS, ROOT
from tools.services.ports import LOOPBACK, answers_ready, free_port, wait_until

# It prepares a database and reads what the operator has; several begin at once on small machines.
START_SECONDS = 300
STOP_SECONDS = 20
# The demo has settings of its own: not those that a test run put into our environment.
NOT_PASSED_ON = {"DJANGO_SETTINGS_MODULE", "DJANGO_ALLOW_ASYNC_UNSAFE"}


class DemoFailed(Exception):
    """The demo did not start, or did not end well; the message is what it said."""


@dataclass(frozen=True)
class DemoStack:
    """A demo that runs: addresses without a slash at their end, and who may log in."""

    portal: str
    operator: str
    live: str
    logins: list[dict[str, str]]
    folder: Path

    def login(self, email: str) -> dict[str, str]:
        return next(login for login in self.logins if login["email"] == email)


@contextmanager
def own_demo(folder: Path, *, bookings: bool = False) -> Iterator[DemoStack]:
    """Run the whole demo in `folder`, on free ports; end it afterwards.

    With `bookings` it has those that `make demo` begins with, and cost centres and budgets.

    Raises DemoFailed when it does not start within five minutes or ends with an error.
    """
    ports = {name: str(free_port()) for name in DEFAULT_PORTS}
    demo = {"DEMO_DIR": str(folder), "DEMO_BOOKINGS": "yes" if bookings else "no"}
    portal = f"http://{LOOPBACK}:{ports['DEMO_WEB_PORT']}"
    environment = {name: value for name, value in os.environ.items() if name not in NOT_PASSED_ON}
    log = folder / "demo.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "tools.demo.run"],
            cwd=ROOT,
            env={**environment, **ports, **demo},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    ready_file = folder / "ready.json"
    try:
        wait_until(
            lambda: process.poll() is not None or (ready_file.exists() and answers_ready(portal)),
            seconds=START_SECONDS,
        )
        if process.poll() is not None or not ready_file.exists():
            raise DemoFailed(f"The demo did not start:\n{log.read_text()}")
        facts = json.loads(ready_file.read_text())
        yield DemoStack(**facts, folder=folder)
    finally:
        process.send_signal(signal.SIGTERM)
        status = process.wait(timeout=STOP_SECONDS)
    if status:
        raise DemoFailed(log.read_text())
