"""A PostgreSQL for the tests: the one that is there, or a private one that is gone afterwards."""

import os
import pwd
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

import psycopg

from tools.services.ports import LOOPBACK, free_port

LOCAL_SERVER = "postgres://postgres@127.0.0.1:5432"
# Losing its data in a power cut is fine, waiting for the disk is not.
SERVER_OPTIONS = {
    "listen_addresses": LOOPBACK,
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
}


def given_server() -> str | None:
    url = os.environ.get("DATABASE_URL", "")
    return url if url.startswith(("postgres://", "postgresql://")) else None


def local_server() -> str | None:
    """Return a database URL of this machine's PostgreSQL if it lets us make databases.

    The name is this process's own: test runs that share the server must not drop each other's.
    """
    try:
        with psycopg.connect(f"{LOCAL_SERVER}/postgres", connect_timeout=2) as connection:
            row = connection.execute(
                "SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user"
            ).fetchone()
    except psycopg.OperationalError:
        return None
    return f"{LOCAL_SERVER}/chargebook_{os.getpid()}" if row and row[0] else None


def binaries() -> Path | None:
    """Return the folder with PostgreSQL's server programs, the newest that is installed."""
    debian = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"),
        key=lambda path: int(path.parent.parent.name),
    )
    found = debian[-1] if debian else shutil.which("initdb")
    return Path(found).resolve().parent if found else None


@dataclass(frozen=True)
class Cluster:
    """A PostgreSQL of our own that runs: the URL of a database in it, and how it is controlled."""

    url: str
    control: list[str]
    start_words: list[str]

    def crash(self) -> None:
        """Let it die at once, without a word to anybody; what was committed is recovered."""
        as_owner([*self.control, "--mode", "immediate", "stop"])

    def start(self) -> None:
        """Start it, and wait until it has recovered."""
        as_owner([*self.control, *self.start_words])


@contextmanager
def private_server(**options: str) -> Iterator[str]:
    """Serve an empty PostgreSQL while the block runs; yield the URL of a database in it."""
    with private_cluster(**options) as cluster:
        yield cluster.url


@contextmanager
def private_cluster(**options: str) -> Iterator[Cluster]:
    """Serve an empty PostgreSQL while the block runs, with some options other than usual here.

    PostgreSQL refuses to run as root; then it runs as the user `postgres` that its package makes.
    """
    folder_of_programs = binaries()
    if folder_of_programs is None:
        sys.exit(
            "PostgreSQL is neither running nor installed here: install it "
            "(Debian: apt-get install postgresql) or set DATABASE_URL."
        )
    folder = Path(mkdtemp(prefix="chargebook-pg-"))
    port = free_port()
    place = {"port": str(port), "unix_socket_directories": str(folder)}
    flags = " ".join(
        f"-c {name}={value}" for name, value in (SERVER_OPTIONS | options | place).items()
    )
    data = str(folder / "data")
    control = [str(folder_of_programs / "pg_ctl"), "--pgdata", data, "--wait", "--silent"]
    try:
        if os.getuid() == 0:
            owner = pwd.getpwnam("postgres")
            os.chown(folder, owner.pw_uid, owner.pw_gid)
        as_owner(
            [
                *(str(folder_of_programs / "initdb"), "--pgdata", data, "--username", "postgres"),
                *("--auth", "trust", "--no-sync", "--encoding", "UTF8", "--locale", "C.UTF-8"),
            ]
        )
        cluster = Cluster(
            f"postgres://postgres@{LOOPBACK}:{port}/chargebook",
            control,
            ["--log", str(folder / "log"), "--options", flags, "start"],
        )
        cluster.start()
        try:
            yield cluster
        finally:
            as_owner([*control, "--mode", "fast", "stop"])
    finally:
        shutil.rmtree(folder)


def as_owner(words: list[str]) -> None:
    """Run a program of PostgreSQL's, as the user `postgres` when this is root."""
    if os.getuid() == 0:
        words = ["su", "postgres", "-s", "/bin/sh", "-c", shlex.join(words)]
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL, cwd="/")
