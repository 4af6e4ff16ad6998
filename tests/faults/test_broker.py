"""The broker and the cache go away, or lose all they had: the table of requests is what counts."""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import redis
from celery import Celery
from django.db import connection

from bookings.models import BookingRequest
from config.celery import app as portal
from mirror import work as enqueue
from tests.deploy.own_database import start, url_of
from tests.factories import next_noon
from tests.faults.conftest import reconcile
from tests.faults.killed import wait_for
from tests.small_operator import slot_of
from tools.services import valkey
from tools.services.ports import answers, free_port


@pytest.fixture
def nobody_there(monkeypatch) -> Iterator[None]:
    """Let messages go to a broker at an address where nobody listens."""
    app = Celery(set_as_current=False)
    # Celery prefers this variable to what it is told.
    monkeypatch.setenv("CELERY_BROKER_URL", f"redis://127.0.0.1:{free_port()}/0")
    app.conf.broker_transport_options = {"max_retries": 1, "interval_start": 0}
    app.set_current()
    yield
    portal.set_current()
    enqueue._Broker.away_until = 0.0


@pytest.mark.django_db(transaction=True)
def test_an_absent_broker_is_waited_for_once_and_not_with_each_message(nobody_there, caplog):
    for number in range(50):
        enqueue.wake(f"bookings.tasks.number_{number}")
    told = [each for each in caplog.messages if "The broker is away" in each]
    assert len(told) == 1, caplog.messages[:3]


class Redis:
    """A server of its own, which may be killed, started again (empty) and flushed."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.folder = folder
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://:of-this-test@127.0.0.1:{self.port}"

    def start(self) -> None:
        words = valkey.command(
            port=self.port, folder=self.folder, password="of-this-test", keep=False
        )
        self.process = subprocess.Popen(words, stdout=subprocess.DEVNULL)
        wait_for(lambda: answers(self.port))

    def kill(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


@contextmanager
def worker_and_beat(folder: Path, **environment: str) -> Iterator[None]:
    """Run a worker and a beat; fail when one of them has not lived until the end."""
    database = url_of(str(connection.settings_dict["NAME"]))
    celery = ("-m", "celery", "-A", "config")
    beat = ("beat", "--schedule", str(folder / "beat"), "--pidfile", "")
    processes = [
        start(*celery, "worker", "--pool", "solo", database=database, **environment),
        start(*celery, *beat, database=database, **environment),
    ]
    try:
        yield
        assert [process.poll() for process in processes] == [None, None]
    finally:
        for process in processes:
            process.kill()
            process.communicate()


@pytest.mark.postgresql
@pytest.mark.redis
@pytest.mark.django_db(transaction=True)
def test_messages_that_are_lost_cost_time_only(ask, evse, operator, door, tmp_path, fleet):
    """No message of the requests below ever reaches the worker: sweeps find them."""
    operator.manual, operator.decision_delay = False, 0
    server = Redis(tmp_path)
    server.start()
    hours = iter(range(1, 20))

    def ask_for_one() -> BookingRequest:
        return ask(slot_of(evse, next_noon() + timedelta(hours=next(hours)))).request

    def is_approved(request: BookingRequest) -> bool:
        request.refresh_from_db()
        return request.status == "approved"

    try:
        with worker_and_beat(
            tmp_path,
            CELERY_BROKER_URL=f"{server.url}/0",
            CACHE_URL=f"{server.url}/1",
            AMPECO_BASE_URL=f"http://127.0.0.1:{door.port}/public-api",
        ):
            first = ask_for_one()
            wait_for(lambda: is_approved(first))

            server.kill()
            second = ask_for_one()
            server.start()
            wait_for(lambda: is_approved(second))

            with redis.Redis.from_url(server.url) as client:
                client.flushall()
            third = ask_for_one()
            wait_for(lambda: is_approved(third))
    finally:
        server.kill()
    reconcile(operator)
