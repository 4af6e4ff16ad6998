"""What every log line of the work at hand carries: the id of the request it belongs to and more."""

import re
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar, Token

REQUEST_ID = "request_id"
# What proxies send: hexadecimal digits, UUIDs, AWS's `Root=1-…`. Nothing that could break a line.
ACCEPTABLE = re.compile(r"[A-Za-z0-9._=-]{8,64}")

Facts = Mapping[str, str | int]

_facts: ContextVar[Facts] = ContextVar("telemetry_facts", default={})  # noqa: B039 - never changed


def facts() -> Facts:
    """Return what is bound at the moment, by name."""
    return _facts.get()


def request_id() -> str:
    """Return the id of the request that is being worked on, or nothing outside of one."""
    return str(_facts.get().get(REQUEST_ID, ""))


def bind(**more: str | int) -> Token[Facts]:
    """Add facts to this thread's log lines until `unbind` gets the returned token back."""
    return _facts.set({**_facts.get(), **more})


def unbind(token: Token[Facts]) -> None:
    """Go back to what was bound before; in the thread that bound it."""
    _facts.reset(token)


@contextmanager
def bound(**more: str | int) -> Iterator[None]:
    """Add facts to the log lines of a block."""
    token = bind(**more)
    try:
        yield
    finally:
        unbind(token)


def accept_request_id(offered: str | None) -> str:
    """Return an id that came from outside if it is one, else a new one."""
    if offered and ACCEPTABLE.fullmatch(offered):
        return offered
    return uuid.uuid4().hex
