"""The portal as in production, only small: two web servers, three workers, what they use."""

import os
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tools.benchmarks.world.place import demo_ports
from tools.chaos.charging import hints
from tools.chaos.faults import Target
from tools.chaos.post import PostOffice
from tools.chaos.processes import Process, Supervisor
from tools.demo.run import prepare
from tools.demo.stack import ROOT, Stack, make_stack
from tools.services import postgres, valkey
from tools.services.ports import LOOPBACK, answers, free_port, wait_until

WEBS, WORKERS = 2, 3
START_SECONDS = 120
LOCATIONS, CHARGE_POINTS, EVSES, DRIVERS = 60, 150, 300, 250
# What was committed must survive a crash of the server; a power cut need not be survived here.
DURABLE = {"synchronous_commit": "on", "max_connections": "100"}
SETTINGS = {
    "CHARGEBOOK_DEMO": "1",
    "LOG_LEVEL": "INFO",
    "LOG_FORMAT": "json",
    "WEB_CONCURRENCY": "1",
    "WEB_THREADS": "4",
    "DATABASE_POOL_SIZE": "6",
    "POLL_DEADLINE_HOURS": "24",
    "AVAILABILITY_CACHE_SECONDS": "15",
    # As often as possible: what looks for bookings made elsewhere must not take ours for them.
    "BOOKING_SYNC_MINUTES": "1",
    "WAITING_LOOK_SECONDS": "15",
}


@dataclass
class Place:
    """Where it happens."""

    stack: Stack
    environment: dict[str, str]
    portals: list[str]
    target: Target
    folder: Path


@contextmanager
def make_place(folder: Path | None, *, seed: int) -> Iterator[Place]:
    """Start everything, with an empty database; end it afterwards. Logs are left in `folder`."""
    with ExitStack() as stack:
        if folder is None:
            folder = Path(stack.enter_context(TemporaryDirectory(prefix="chargebook-chaos-")))
        folder.mkdir(parents=True, exist_ok=True)
        database = stack.enter_context(postgres.private_cluster(**DURABLE))
        demo = make_stack(folder, demo_ports())
        supervisor = stack.enter_context(Supervisor())
        broker_port, cache_port = free_port(), free_port()
        environment = {
            **os.environ,
            **demo.environment(),
            **SETTINGS,
            **hints.SETTINGS,
            "DATABASE_URL": database.url,
            "CELERY_BROKER_URL": f"{demo.redis_at(broker_port)}/0",
            "CACHE_URL": f"{demo.redis_at(cache_port)}/0",
        }

        def add(name: str, words: list[str], **settings: str) -> Process:
            log = folder / f"{name}.log"
            return supervisor.add(Process(name, words, {**environment, **settings}, log))

        def redis_server(name: str, port: int) -> Process:
            place = folder / name
            place.mkdir(exist_ok=True)
            password = demo.valkey_password
            words = valkey.command(port=port, folder=place, password=password, keep=False)
            return add(name, words)

        broker = redis_server("broker", broker_port)
        cache = redis_server("cache", cache_port)
        post = PostOffice(folder / "arrived", port=demo.mail_port)
        stack.callback(post.close)
        add("operator", operator_words(demo, seed=seed))
        expect_port(demo.operator_port)
        create_database(database.url)
        if not prepare(environment):
            sys.exit("The database could not be prepared.")
        seed_people(environment)
        ports = [free_port() for _ in range(WEBS)]
        python = sys.executable
        celery = [python, "-m", "celery", "--quiet", "-A", "config"]
        for number, port in enumerate(ports, 1):
            words = [python, "-m", "gunicorn", "-c", "python:config.gunicorn", "config.wsgi"]
            add(f"web{number}", words, WEB_BIND=f"{LOOPBACK}:{port}")
        for number in range(1, WORKERS + 1):
            flags = ["--pool=threads", "--concurrency=4", "--loglevel=INFO"]
            add(f"worker{number}", [*celery, "worker", *flags, "-n", f"worker{number}@%h"])
        add("beat", [*celery, "beat", "--pidfile=", "--schedule", str(folder / "schedule")])
        for port in ports:
            expect_port(port)
        target = Target(
            *(supervisor, database, demo.operator, post, broker, cache),
            broker_url=environment["CELERY_BROKER_URL"],
            cache_url=environment["CACHE_URL"],
        )
        portals = [f"http://{LOOPBACK}:{port}" for port in ports]
        yield Place(demo, environment, portals, target, folder)


def operator_words(demo: Stack, *, seed: int) -> list[str]:
    """Return the command of the simulated operator, which decides after a second or so."""
    return [
        *(sys.executable, "-m", "sandbox", "--port", str(demo.operator_port)),
        *("--seed", str(seed), "--decision-delay", "1.5"),
        *("--locations", str(LOCATIONS), "--charge-points", str(CHARGE_POINTS)),
        *("--evses", str(EVSES), "--users", str(DRIVERS), "--depots"),
    ]


def expect_port(port: int) -> None:
    """Wait until something listens on a port; end the run when nothing does."""
    if not wait_until(lambda: answers(port), seconds=START_SECONDS):
        sys.exit(f"Nothing answers on port {port}.")


def create_database(url: str) -> None:
    import psycopg

    server, _, name = url.rpartition("/")
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")


def seed_people(environment: dict[str, str]) -> None:
    words = [sys.executable, "manage.py", "seed_demo"]
    subprocess.run(words, cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL)


def chance_of(seed: int, purpose: str) -> random.Random:
    return random.Random(f"{seed} {purpose}")
