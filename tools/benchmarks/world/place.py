"""Where it is measured: servers, a database that is made and dropped, the simulated operator."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit, urlunsplit

import psycopg
import yaml
from psycopg import sql

from tools.benchmarks.report import say
from tools.benchmarks.sizes import Sizes
from tools.demo.stack import DEFAULT_PORTS, ROOT, Stack, make_stack
from tools.services import postgres, valkey
from tools.services.ports import answers, free_port, wait_until
from tools.suite import services

PATIENCE_SECONDS = 60
# What is recommended for production (.env.example), not the demo's single process.
WEB = {"WEB_CONCURRENCY": "2", "WEB_THREADS": "4", "DATABASE_POOL_SIZE": "8"}
# A .env file or the shell may set them otherwise, and the figures depend on them.
DEFAULTS = {
    "AVAILABILITY_CACHE_SECONDS": "15",
    "POLL_INTERVAL_SECONDS": "1",
    "POLL_DEADLINE_HOURS": "24",
    "BOOKING_HORIZON_DAYS": "28",
    "BOOKING_MAX_HOURS": "24",
    "BOOKING_NOTICE_MINUTES": "0",
    "SYNC_DELTA_MINUTES": "60",
    "BOOKING_SYNC_MINUTES": "15",
    "LOG_LEVEL": "ERROR",
}


@dataclass(frozen=True, kw_only=True)
class Place:
    """The stack that is measured, and the environment of its processes."""

    stack: Stack
    environment: dict[str, str]


def wants_sqlite() -> bool:
    if os.environ.get("DATABASE_URL", "").startswith("sqlite"):
        return True
    return not (postgres.given_server() or postgres.local_server() or postgres.binaries())


@contextmanager
def make_place(sizes: Sizes) -> Iterator[Place]:
    """Start servers and the operator, and make an empty database; all of it is gone afterwards."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="chargebook-bench-")))
        if wants_sqlite():
            server = stack.enter_context(valkey.private_server())
            settings = {
                "DATABASE_URL": f"sqlite:///{folder / 'bench.sqlite3'}",
                "CACHE_URL": os.environ.get("CACHE_URL") or f"{server}/1",
                "CELERY_BROKER_URL": os.environ.get("CELERY_BROKER_URL") or f"{server}/0",
            }
        else:
            settings = stack.enter_context(services(**options_of_compose()))
            settings["DATABASE_URL"] = stack.enter_context(own_database(settings["DATABASE_URL"]))
        demo = make_stack(folder, demo_ports())
        environment = {**os.environ, **demo.environment(), **settings, **WEB, **DEFAULTS}
        stack.enter_context(operator(demo, environment, sizes=sizes))
        yield Place(stack=demo, environment=environment)


def options_of_compose() -> dict[str, str]:
    """Return the options with which Compose runs PostgreSQL."""
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    words = compose["services"]["postgres"]["command"]
    return dict(word.split("=", 1) for word in words if "=" in word)


def demo_ports() -> dict[str, int]:
    return {name: free_port() for name in DEFAULT_PORTS}


@contextmanager
def own_database(server: str) -> Iterator[str]:
    """Make a database on a PostgreSQL server, yield its URL, and drop it."""
    name = f"chargebook_bench_{os.getpid()}"
    maintenance = urlunsplit(urlsplit(server)._replace(path="/postgres"))
    with psycopg.connect(maintenance, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    try:
        yield urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
    finally:
        with psycopg.connect(maintenance, autocommit=True) as connection:
            connection.execute(
                sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name))
            )


@contextmanager
def operator(demo: Stack, environment: dict[str, str], *, sizes: Sizes) -> Iterator[None]:
    """Serve the simulated operator, where a person decides, while the block runs."""
    words = [
        *(sys.executable, "-m", "tools.benchmarks.world.operator", "--manual"),
        *("--port", str(demo.operator_port), "--smtp-port", str(demo.mail_port)),
        *("--mail-dir", str(demo.folder / "mails"), f"--token={demo.operator_token}"),
        *("--locations", str(sizes.locations), "--charge-points", str(sizes.charge_points)),
        *("--evses", str(sizes.evses), "--users", str(sizes.drivers)),
    ]
    with running(words, environment, log=demo.folder / "operator.log"):
        if not wait_until(lambda: answers(demo.operator_port), seconds=PATIENCE_SECONDS):
            raise RuntimeError("The simulated operator did not start.")
        yield


@contextmanager
def running(
    words: list[str] | str, environment: dict[str, str], *, log: Path
) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a program, or a line for the shell, while the block runs; yield its process.

    What it says goes to `log`, which is shown when the block fails.
    """
    with log.open("wb") as output:
        # In a session of its own, so that Ctrl-C reaches this process alone, which then ends it.
        process = subprocess.Popen(
            words,
            cwd=ROOT,
            env=environment,
            shell=isinstance(words, str),
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            yield process
        except Exception:
            say(f"{log.name}:\n{log.read_text(errors='replace')[-4000:]}")
            raise
        finally:
            process.terminate()
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
