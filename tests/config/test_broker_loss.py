import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from config.celery import app
from scripts import valkey
from scripts.demo_stack import ROOT
from scripts.ports import LOOPBACK, answers, free_port, wait_until

pytestmark = [
    pytest.mark.redis,
    pytest.mark.skipif(valkey.server_path() is None, reason="no Valkey server for this platform"),
]
PATIENCE = 60


@pytest.fixture
def processes() -> Iterator[list[subprocess.Popen]]:
    """What a test starts, killed afterwards."""
    started: list[subprocess.Popen] = []
    yield started
    for process in started:
        process.kill()
        process.wait()


@pytest.fixture
def start_broker(tmp_path, processes) -> tuple[int, Callable[[], subprocess.Popen]]:
    """A port, and how to start a broker that serves on it."""
    port = free_port()

    def start() -> subprocess.Popen:
        process = subprocess.Popen(
            valkey.command(port=port, folder=tmp_path, keep=False), stdout=subprocess.DEVNULL
        )
        processes.append(process)
        assert wait_until(lambda: answers(port), seconds=PATIENCE)
        return process

    return port, start


@pytest.fixture
def line() -> Iterator[socket.socket]:
    """Where held tasks call."""
    with socket.create_server((LOOPBACK, 0)) as listener:
        listener.settimeout(PATIENCE)
        yield listener


def test_a_worker_at_work_outlives_its_broker(start_broker, processes, line, tmp_path):
    """Redis goes away while a task runs, comes back empty, and the worker takes the next task."""
    port, start = start_broker
    url = f"redis://{LOOPBACK}:{port}/0"
    broker = start()
    log = (tmp_path / "worker.log").open("wb")
    worker = subprocess.Popen(
        [
            *(sys.executable, "-m", "celery", "-A", "tests.config.held_worker", "worker"),
            *("--pool=threads", "--concurrency=2", "--without-gossip", "--without-mingle"),
        ],
        cwd=ROOT,
        env=os.environ
        | {"DJANGO_SETTINGS_MODULE": "tests.settings", "CELERY_BROKER_URL": url}
        | {"DATABASE_URL": f"sqlite:///{tmp_path / 'db.sqlite3'}", "CACHE_URL": "locmem://"},
        stdout=log,
        stderr=log,
    )
    log.close()
    processes.append(worker)

    def hold() -> socket.socket:
        with app.connection_for_write(url) as connection:
            app.send_task("tests.hold", [line.getsockname()[1]], connection=connection)
        return line.accept()[0]

    with hold():
        broker.kill()
        broker.wait()
        start()
        with hold():
            assert worker.poll() is None
