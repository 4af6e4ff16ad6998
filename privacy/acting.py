"""Who acts at the moment: staff with a page of theirs, or the command line."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

# Commands that serve, mirror or set up: nobody's decision about anybody.
NOBODYS = frozenset(
    {
        "check",
        "collectstatic",
        "compilemessages",
        "makemessages",
        "makemigrations",
        "migrate",
        "runserver",
        "sandbox",
        "seed_demo",
        "sync_drivers",
        "sync_sites",
        "test",
    }
)


@dataclass(frozen=True, slots=True)
class Doer:
    """Who does something: a user's id and address, or the name of a command.

    Somebody `of_fleet` is no staff, and sets what staff may set as well.
    """

    user_id: int | None = None
    address: str | None = None
    request_id: str = ""
    command: str = ""
    of_fleet: bool = False


# None outside of what the audit trail is about.
DOER: ContextVar[Doer | None] = ContextVar("privacy_doer", default=None)


@contextmanager
def acting(who: Doer | None) -> Iterator[None]:
    """Let somebody act for the length of a block."""
    token = DOER.set(who)
    try:
        yield
    finally:
        DOER.reset(token)


def from_command_line(arguments: list[str]) -> Doer | None:
    command = arguments[1] if len(arguments) > 1 else ""
    if not command or command.startswith("-") or command in NOBODYS:
        return None
    return Doer(command=command[:100])
