"""Many processes, an operator that has enough of them, and the calls that it gets over HTTP.

What a single process does is in `tests/ampeco`; here nothing is shared but a real Redis.
"""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise

import pytest

from tests.deploy.own_database import start
from tests.faults.killed import wait_for
from upstream.circuit_breaker import FAILURES_TO_OPEN, FIRST_PAUSE_SECONDS

pytestmark = pytest.mark.redis

PROCESSES = 6
# Asks for something else each time, as portals do, until it is killed.
CALLER = """
import itertools, time
import django
django.setup()
from upstream.errors import UpstreamError
from ampeco.connection import get_client
for number in itertools.count(1):
    time.sleep(0.05)
    try:
        get_client().read_location(number)
    except UpstreamError:
        pass
"""
FOUND = b'{"data": {"id": 7, "name": [], "timezone": "UTC"}}'


class Operator(BaseHTTPRequestHandler):
    """Answers as it is told, and notes when it was asked."""

    answer: tuple[int, dict[str, str]] = (200, {})
    asked: list[tuple[float, int]] = []
    port = 0

    def do_GET(self) -> None:
        status, headers = type(self).answer
        type(self).asked.append((time.monotonic(), status))
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(FOUND))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(FOUND)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def operator() -> Iterator[type[Operator]]:
    Operator.answer, Operator.asked = (200, {}), []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Operator)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    Operator.port = server.server_port
    yield Operator
    server.shutdown()
    thread.join()
    server.server_close()


@contextmanager
def callers(operator: type[Operator], **changes: str) -> Iterator[None]:
    """Run so many processes that call all the time."""
    address = f"http://127.0.0.1:{operator.port}/public-api"
    with ExitStack() as stack:
        for _ in range(PROCESSES):
            process = start(
                *("-c", CALLER),
                database=os.environ["DATABASE_URL"],
                AMPECO_BASE_URL=address,
                **changes,
            )
            stack.callback(process.communicate)
            stack.callback(process.kill)
        yield


def let_call(operator: type[Operator]) -> None:
    """Wait until the processes get what they ask for, all of them."""
    before = len(answers(operator, 200))
    wait_for(lambda: len(answers(operator, 200)) > before + PROCESSES * 5)


def answers(operator: type[Operator], status: int) -> list[float]:
    """Return when it was asked and gave such an answer."""
    return [at for at, given in list(operator.asked) if given == status]


def test_each_pause_that_is_asked_for_costs_few_calls(operator):
    with callers(operator):
        let_call(operator)
        operator.answer = (429, {"Retry-After": "1"})
        wait_for(lambda: answers(operator, 429))
        first = answers(operator, 429)[0]
        wait_for(lambda: answers(operator, 429)[-1] > first + 5)
        operator.answer = (200, {})
        refused = answers(operator, 429)
        pauses = sum(later - sooner > 0.9 for sooner, later in pairwise(refused))
        # Those that were on their way when it began, and then one or two for each pause.
        assert pauses >= 2
        assert len(refused) <= PROCESSES + 2 * pauses
        let_call(operator)


def test_an_outage_costs_few_calls_and_ends_by_itself(operator):
    with callers(operator):
        let_call(operator)
        operator.answer = (503, {})
        wait_for(lambda: len(answers(operator, 503)) >= FAILURES_TO_OPEN)
        opened = answers(operator, 503)[-1]
        wait_for(lambda: answers(operator, 503)[-1] > opened + FIRST_PAUSE_SECONDS / 2)
        # Those that opened it, those that were on their way then, and the call that tries.
        assert len(answers(operator, 503)) <= FAILURES_TO_OPEN + PROCESSES + 1
        operator.answer = (200, {})
        let_call(operator)


def test_processes_together_keep_to_what_was_agreed(operator):
    with callers(operator, AMPECO_CALLS_PER_MINUTE="50"):
        wait_for(lambda: len(operator.asked) >= 40)
        last = operator.asked[39][0]
        wait_for(lambda: time.monotonic() > last + 3)
        # Four fifths: these are no processes that serve pages.
        assert len(operator.asked) == 40
