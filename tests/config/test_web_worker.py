"""Clients that go past the proxy and take their time: everybody else is answered all the same."""

import os
import re
import socket
import subprocess
import sys
from contextlib import ExitStack
from typing import BinaryIO

import pytest
from django.conf import settings

from config.web_worker import MOST_BYTES, MOST_BYTES_UNFINISHED
from spreadsheets.table import MOST_BYTES as MOST_OF_A_FILE
from tools.services.ports import answers, free_port, wait_until

THREADS = 2
MANY = 10 * THREADS
GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
CONFIG = """
from config.gunicorn import *
from config import web_worker
web_worker.READ_SECONDS = web_worker.SEND_SECONDS = {seconds}
worker_connections = {connections}
"""


@pytest.fixture
def serve(tmp_path):
    """Start a server, which gives clients so many seconds."""
    with ExitStack() as stack:

        def started(*, seconds: float = 600, connections: int = 1000) -> "Clients":
            port = free_port()
            config = tmp_path / "gunicorn_config.py"
            config.write_text(CONFIG.format(seconds=seconds, connections=connections))
            words = ["-m", "gunicorn", "-c", str(config), "tests.config.echo"]
            server = subprocess.Popen(
                [sys.executable, *words],
                cwd=settings.BASE_DIR,
                env={
                    "PATH": os.environ["PATH"],
                    "PYTHONPATH": str(settings.BASE_DIR),
                    "WEB_BIND": f"127.0.0.1:{port}",
                    "WEB_CONCURRENCY": "1",
                    "WEB_THREADS": str(THREADS),
                },
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            stack.callback(server.wait)
            stack.callback(server.kill)
            assert wait_until(lambda: answers(port), seconds=30)
            return stack.enter_context(Clients(port))

        yield started


class Client(socket.socket):
    answers: BinaryIO


class Clients(ExitStack):
    def __init__(self, port: int) -> None:
        super().__init__()
        self.port = port

    def one(self, *sends: bytes, room: int | None = None) -> "Client":
        client = self.enter_context(Client())
        if room:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
        client.settimeout(30)
        client.connect(("127.0.0.1", self.port))
        client.answers = self.enter_context(client.makefile("rb"))
        for part in sends:
            client.sendall(part)
        return client

    def ask(self, *sends: bytes) -> tuple[bytes, bytes]:
        return answer(self.one(*sends))


def answer(client: Client) -> tuple[bytes, bytes]:
    """Return the status line and the body of one answer."""
    file = client.answers
    status, length = file.readline().strip(), 0
    while line := file.readline().strip():
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    return status, file.read(length)


OK = b"HTTP/1.1 200 OK"


@pytest.mark.parametrize(
    "part",
    [
        b"",
        b"GET / HT",
        b"GET / HTTP/1.1\r\nHost: x\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 90000\r\n\r\n" + b"a" * 80_000,
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
    ],
    ids=["nothing", "line", "head", "body", "large body", "chunk"],
)
def test_who_sends_slowly_keeps_nobody_waiting(serve, part):
    clients = serve()
    slow = [clients.one(part) for _number in range(MANY)]
    for _number in range(3):
        assert clients.ask(GET) == (OK, b"0")
    for client in slow:
        client.sendall(b"a" if part else b"G")
    assert clients.ask(GET) == (OK, b"0")


def test_who_takes_no_answer_keeps_nobody_waiting(serve):
    clients = serve()
    large = b"GET /150000 HTTP/1.1\r\nHost: x\r\n\r\n"
    for _number in range(MANY):
        clients.one(large, room=2048)
    assert clients.ask(GET) == (OK, b"0")


def test_who_takes_no_large_answer_is_let_go(serve):
    clients = serve(seconds=1)
    for _number in range(THREADS):
        clients.one(b"GET /9000000 HTTP/1.1\r\nHost: x\r\n\r\n", room=2048)
    assert clients.ask(GET) == (OK, b"0")


def test_who_does_not_close_keeps_nobody_waiting(serve):
    clients = serve()
    last = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    for _number in range(MANY):
        assert clients.ask(last) == (OK, b"0")
    assert clients.ask(GET) == (OK, b"0")


def test_who_takes_too_long_is_let_go(serve):
    clients = serve(seconds=1)
    slow = clients.one(GET[:20])
    assert slow.recv(1) == b""


def test_where_there_are_too_many_the_oldest_go(serve):
    clients = serve(connections=THREADS + 12)
    slow = [clients.one(GET[:20]) for _number in range(40)]
    assert clients.ask(GET) == (OK, b"0")
    assert slow[0].recv(1) == b""
    slow[-1].sendall(GET[20:])
    assert answer(slow[-1]) == (OK, b"0")


def test_requests_come_in_pieces_one_after_another_and_together(serve):
    clients = serve()
    post = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 300000\r\n\r\n"
    pieces = [bytes([each]) for each in GET] + [post, *[b"a" * 1000] * 300]
    client = clients.one(*pieces)
    assert answer(client) == (OK, b"0")
    assert answer(client) == (OK, b"300000")
    client.sendall(GET + GET)
    assert answer(client)[0] == answer(client)[0] == OK
    chunked = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert clients.ask(chunked, b"5\r\nabcde\r\n", b"0\r\n\r\n") == (OK, b"5")
    assert clients.ask(b"GET /2000000 HTTP/1.1\r\nHost: x\r\n\r\n") == (OK, b"x" * 2_000_000)


@pytest.mark.parametrize("framing", ["length", "chunks"])
def test_what_the_proxy_and_the_imports_take_comes_through(serve, framing):
    proxy = (settings.BASE_DIR / "deploy" / "nginx.conf").read_text(encoding="utf-8")
    of_proxy = max(map(int, re.findall(r"client_max_body_size (\d+)m;", proxy))) * 1024 * 1024
    assert of_proxy > MOST_OF_A_FILE
    clients = serve()
    for size in (MOST_OF_A_FILE, of_proxy):
        head, body = b"Content-Length: %d" % size, b"a" * size
        if framing == "chunks":
            head, body = b"Transfer-Encoding: chunked", b"%x\r\n%s\r\n0\r\n\r\n" % (size, body)
        post = b"POST / HTTP/1.1\r\nHost: x\r\n%s\r\n\r\n" % head
        assert clients.ask(post, body) == (OK, b"%d" % size)


def test_where_they_are_too_large_together_the_oldest_go(serve):
    clients = serve()
    size = MOST_BYTES - 1000
    post = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % size
    few = MOST_BYTES_UNFINISHED // MOST_BYTES
    slow = [clients.one(post, b"a" * (size - 1)) for _number in range(few + 1)]
    assert slow[0].recv(1) == b""
    slow[-1].sendall(b"a")
    assert answer(slow[-1]) == (OK, b"%d" % size)


@pytest.mark.parametrize(
    "request_",
    [
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (MOST_BYTES + 1),
        b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 70_000,
    ],
    ids=["body", "head"],
)
def test_what_is_too_large_is_refused_at_once(serve, request_):
    status, _body = serve().ask(request_)
    assert status == b"HTTP/1.1 413 Content Too Large"
