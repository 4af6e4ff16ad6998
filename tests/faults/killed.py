"""A worker of its own process that is killed at a chosen point, with an operator over real HTTP."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlencode
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import psycopg
from django.db import connection
from werkzeug.serving import make_server

from sandbox.app import create_app
from sandbox.server import QuietHandler
from sandbox.world.world import World
from tests.deploy.own_database import start, url_of

PATIENCE = 60.0
WORKER = "import django; django.setup(); from {room} import tasks; tasks.{task}()"


@dataclass
class Stop:
    """A call that is stopped at the operator until the test lets it go."""

    method: str
    part: str
    processed: bool
    reached: threading.Event = field(default_factory=threading.Event)
    go: threading.Event = field(default_factory=threading.Event)

    def let_go(self) -> None:
        """Let the call end: processed, it gets its answer; otherwise it never arrives."""
        self.go.set()


@dataclass
class Door:
    """The operator over HTTP. Calls may be stopped at it, before or after they are processed."""

    application: WSGIApplication
    stop: Stop | None = None
    port: int = 0

    def stop_at(self, method: str, part: str, *, processed: bool) -> Stop:
        """Stop the next call of a method to a path that contains `part`."""
        self.stop = Stop(method, part, processed)
        return self.stop

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a call."""
        stop = self.stop
        if (
            stop is None
            or environ["REQUEST_METHOD"] != stop.method
            or stop.part not in environ["PATH_INFO"]
        ):
            return self.application(environ, start_response)
        self.stop = None
        answer: Iterable[bytes] = [b""]
        if stop.processed:
            answer = list(self.application(environ, start_response))
        stop.reached.set()
        stop.go.wait(PATIENCE)
        if not stop.processed:
            start_response("503 Service Unavailable", [("Content-Length", "0")])
        return answer


@contextmanager
def serve(world: World, *, token: str) -> Iterator[Door]:
    """Serve a world on loopback, the same that the test's own workers reach without a network."""
    door = Door(create_app(world, token=token))
    server = make_server("127.0.0.1", 0, door, threaded=True, request_handler=QuietHandler)
    door.port = server.port
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield door
    if door.stop:
        door.stop.let_go()
    server.shutdown()
    thread.join()
    server.server_close()


def wait_for(what: Callable[[], object]) -> None:
    """Wait until something is true; fail when it does not become so."""
    until = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < until, "It did not come to that."
        time.sleep(0.02)


@contextmanager
def worker(
    task: str, *, door: Door, room: str = "bookings", **changes: str
) -> Iterator[Callable[..., None]]:
    """Run a sweep in a process of its own; yields what sends it a signal, to kill it by default."""
    process = start(
        "-c",
        WORKER.format(room=room, task=task),
        database=url_of(str(connection.settings_dict["NAME"])),
        AMPECO_BASE_URL=f"http://127.0.0.1:{door.port}/public-api",
        **changes,
    )

    def kill(number: signal.Signals = signal.SIGKILL) -> None:
        assert process.poll() is None, process.communicate()[0]
        os.kill(process.pid, number)
        if number != signal.SIGSTOP:
            process.wait()

    try:
        yield kill
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


FROZEN = """
import django; django.setup()
import os, signal
from django.db import transaction
from bookings.models import Booking, BookingRequest
with transaction.atomic():
    rows = {model}.objects.filter(pk={pk})
    rows.select_for_update().get()
    os.kill(os.getpid(), signal.SIGSTOP)
    rows.update(status="failed")
"""


@contextmanager
def frozen(model: str, pk: int, *, options: str = "") -> Iterator[Callable[[], str]]:
    """Hold a row in a transaction of a process that is stopped there; yields what wakes it up.

    It then goes on with its transaction, and its last words are returned. `options` are those of
    its session in PostgreSQL.
    """
    database = url_of(str(connection.settings_dict["NAME"]))
    process = start(
        "-c",
        FROZEN.format(model=model, pk=pk),
        database=f"{database}?{urlencode({'options': options})}",
    )
    stopped, status = os.waitpid(process.pid, os.WUNTRACED)
    assert stopped, os.WIFSTOPPED(status)

    def wake() -> str:
        process.send_signal(signal.SIGCONT)
        return process.communicate()[0]

    try:
        yield wake
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()


@contextmanager
def held(table: str) -> Iterator[Callable[[], None]]:
    """Hold a table's rows; yields what waits until somebody wants to write one of them.

    At the end whoever waits is cut off: its statement is not carried out any more.
    """
    name = str(connection.settings_dict["NAME"])
    waiting = (
        "FROM pg_stat_activity WHERE datname = %s AND wait_event_type = 'Lock'"
        " AND pid <> pg_backend_pid()"
    )
    with (
        psycopg.connect(url_of(name)) as holder,
        psycopg.connect(url_of("postgres"), autocommit=True) as server,
    ):
        holder.execute(f"SELECT id FROM {table} FOR UPDATE")  # type: ignore[arg-type]

        def somebody_waits() -> bool:
            row = server.execute(f"SELECT count(*) {waiting}", [name]).fetchone()
            return bool(row and row[0])

        yield lambda: wait_for(somebody_waits)
        server.execute(f"SELECT pg_terminate_backend(pid, 5000) {waiting}", [name])
        holder.rollback()
