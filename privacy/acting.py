"""Who acts at the moment: staff with a page of theirs, or the command line."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
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
    """Who does something: a user's id and address, or the name of a command."""

    user_id: int | None = None
    address: str | None = None
    request_id: str = ""
    command: str = ""


_doer: ContextVar[Doer | None] = ContextVar("privacy_doer", default=None)


def doer() -> Doer | None:
    """Return who acts; None outside of what the audit trail is about."""
    return _doer.get()


def begin(who: Doer | None) -> Token[Doer | None]:
    """Let somebody act in this thread until `end` gets the returned token."""
    return _doer.set(who)


def end(token: Token[Doer | None]) -> None:
    """Go back to who acted before."""
    _doer.reset(token)


@contextmanager
def acting(who: Doer | None) -> Iterator[None]:
    """Let somebody act for the length of a block."""
    token = begin(who)
    try:
        yield
    finally:
        end(token)


def from_command_line(arguments: list[str]) -> Doer | None:
    """Return who acts in a process that was started with these arguments of manage.py."""
    command = arguments[1] if len(arguments) > 1 else ""
    if not command or command.startswith("-") or command in NOBODYS:
        return None
    return Doer(command=command[:100])
