"""The server of the stream as it runs in production, and pages that listen to it."""

import http.client
import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from urllib.parse import urlencode

import pytest
from django.conf import settings as portal
from django.db import connection

from bookings.state import listeners
from live.announcing import announce
from tests.deploy.own_database import start, url_of
from tools.services.ports import LOOPBACK, answers, free_port, wait_until


class Page:
    """A page that listens: what the server answered, and what it says."""

    def __init__(self, port: int, query: str, headers: dict[str, str], method: str) -> None:
        self._connection = http.client.HTTPConnection(LOOPBACK, port, timeout=20)
        self._connection.request(method, f"/live?{query}", headers=headers)
        self.answer = self._connection.getresponse()
        self.status = self.answer.status

    def hear(self) -> tuple[str, object]:
        """Return the name and the data of the next event.

        Raises TimeoutError when none comes, EOFError when the server has ended the answer.
        """
        lines: list[str] = []
        while len(lines) < 2:
            # A sign of life, said while nothing happens, is no event: a line by itself.
            lines = []
            while line := self._line():
                lines.append(line.partition(": ")[2] if ": " in line else "")
        event, data = lines
        return event, json.loads(data) if data else None

    def _line(self) -> str:
        line = self.answer.readline()
        if not line:
            raise EOFError
        return line.decode().strip()

    def hear_of(self, booking: int) -> list[int]:
        """Hear on until a booking has changed; return all that have by then."""
        told: list[int] = []
        while booking not in told:
            event, data = self.hear()
            told += data["bookings"] if event == "change" else []
        return told

    def close(self) -> None:
        self._connection.close()
        self.answer.close()


@dataclass
class LiveServer:
    port: int
    open: Callable[..., Page]


@contextmanager
def serving() -> Iterator[tuple[int, "subprocess.Popen[str]"]]:
    """Run the server on the database of the tests while the block runs."""
    port = free_port()
    process = start(
        *("manage.py", "serve_live", "--bind", f"{LOOPBACK}:{port}"),
        database=url_of(connection.settings_dict["NAME"]),
        CACHE_URL=portal.CACHE_URL,
    )
    try:
        assert wait_until(lambda: process.poll() is not None or answers(port), seconds=60)
        assert process.poll() is None, process.communicate()[0]
        yield port, process
    finally:
        process.terminate()
        process.communicate(timeout=20)


@pytest.fixture(scope="module")
def live_port(django_db_setup, django_db_blocker) -> Iterator[int]:
    with django_db_blocker.unblock(), serving() as (port, _process):
        yield port


@pytest.fixture
def live(live_port, transactional_db, monkeypatch) -> Iterator[LiveServer]:
    """Return the running server; changes are said to it."""
    monkeypatch.setattr(listeners, "booking_changed", [announce])
    with ExitStack() as stack:

        def open_page(client=None, *, method="GET", headers=None, port=live_port, **query) -> Page:
            name = portal.SESSION_COOKIE_NAME
            cookies = {"Cookie": f"{name}={client.cookies[name].value}"} if client else {}
            page = Page(port, urlencode(query), {**cookies, **(headers or {})}, method)
            stack.callback(page.close)
            return page

        yield LiveServer(live_port, open_page)
