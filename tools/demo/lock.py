"""At most one demo at a time in a folder."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class DemoRunning(Exception):
    """A demo is running in this folder."""


@contextmanager
def demo_lock(folder: Path, *, note: str = "") -> Iterator[None]:
    """Hold the folder for one demo; `note` tells others where it is.

    The demo's processes inherit the lock, so that one whose supervisor was killed still counts.
    Raises DemoRunning.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise DemoRunning(f"The demo is running already. {file.read()}".strip()) from None
        file.truncate(0)
        file.write(note)
        file.flush()
        yield
