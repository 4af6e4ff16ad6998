"""The web server's worker: threads answer requests that are there, and never wait for a client.

gunicorn's own hands a connection to a thread when its first byte comes, and the thread waits for
the rest: as many slow clients as there are threads, and nobody is answered. Here a single loop
gathers all requests without waiting, and lets go of the oldest unfinished ones where there are too
many. An answer is in the kernel's hands at once unless it is large, and else may take a while.
"""

import errno
import re
import selectors
import socket
import time
from contextlib import suppress
from functools import partial
from typing import Any

from gunicorn.workers.gthread import TConn, ThreadWorker

# How long a request may take to come, and an answer that the kernel has no room for to be taken.
READ_SECONDS = 15.0
SEND_SECONDS = 15.0
# A request, as the proxy allows it (deploy/nginx.conf) and a little more; and all unfinished ones.
MOST_BYTES = 4 * 1024 * 1024 + 64 * 1024
MOST_BYTES_UNFINISHED = 32 * 1024 * 1024
# Room in the kernel for an answer: nearly every page, and files as they are compressed.
ANSWER_BYTES = 512 * 1024
PIECE = 64 * 1024

HEAD_END = b"\r\n\r\n"
LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,18})[ \t]*\r\n", re.IGNORECASE)
CHUNKED = re.compile(rb"\r\ntransfer-encoding:", re.IGNORECASE)
TOO_LARGE = b"HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class TooLarge(Exception):
    """A request is larger than any that the portal takes."""


class BoundSocket(socket.socket):
    """A socket on which "blocking" ends after a while, as if the client had gone."""

    def setblocking(self, flag: bool) -> None:
        self.settimeout(SEND_SECONDS if flag else 0.0)

    def sendall(self, *args: Any) -> None:
        try:
            super().sendall(*args)
        except TimeoutError:
            raise BrokenPipeError(errno.EPIPE, "The client takes no answer.") from None

    def sendfile(self, *args: Any, **kwargs: Any) -> int:
        try:
            return super().sendfile(*args, **kwargs)
        except TimeoutError:
            raise BrokenPipeError(errno.EPIPE, "The client takes no answer.") from None


class Connection(TConn):
    """A client's connection, and what has come of its next request."""

    def __init__(self, cfg: Any, sock: socket.socket, client: Any, server: Any) -> None:
        bound = BoundSocket(fileno=sock.detach())
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, ANSWER_BYTES)
        super().__init__(cfg, bound, client, server)
        self.gathered = bytearray()

    def gather(self) -> bool:
        """Take what has come; return whether a thread can go on without waiting.

        Raises TooLarge.
        """
        if self.parser is not None:
            self.gathered += self.parser.unreader.take_buffered()
        self.sock.setblocking(False)
        try:
            while not is_whole(self.gathered):
                piece = self.sock.recv(PIECE)
                if not piece:
                    return True
                self.gathered += piece
        except BlockingIOError:
            return False
        except OSError:
            # The parser meets it too.
            return True
        return True

    def hand_over(self) -> None:
        """Give the parser what was gathered."""
        self.init()
        self.data_ready = True
        self.parser.unreader.unread(bytes(self.gathered))
        self.gathered.clear()

    def close(self, graceful: bool = False) -> None:
        """Close it without waiting for the other side; gunicorn's would stop the loop for it."""
        with suppress(OSError):
            if graceful:
                self.sock.shutdown(socket.SHUT_WR)
                self.sock.setblocking(False)
                # What is left unread would have the kernel take the answer back.
                while self.sock.recv(PIECE):
                    pass
        with suppress(OSError):
            self.sock.close()


def is_whole(request: bytearray) -> bool:
    """Return whether a request has come to its end. Raises TooLarge."""
    end = request.find(HEAD_END)
    if end < 0:
        if len(request) > PIECE:
            raise TooLarge
        return False
    head = bytes(request[: end + len(HEAD_END)])
    if CHUNKED.search(head):
        is_there = request.endswith(b"0" + HEAD_END)
    else:
        length = LENGTH.search(head)
        wanted = end + len(HEAD_END) + (int(length[1]) if length else 0)
        if wanted > MOST_BYTES:
            raise TooLarge
        is_there = len(request) >= wanted
    if not is_there and len(request) > MOST_BYTES:
        raise TooLarge
    return is_there


class Worker(ThreadWorker):
    """Threads for whole requests, one loop for all that are not."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Until when they may take, the oldest first.
        self.unfinished: dict[Connection, float] = {}

    def accept(self, listener: socket.socket) -> None:
        try:
            sock, client = listener.accept()
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.ECONNABORTED, errno.EWOULDBLOCK):
                raise
            return
        self.nr_conns += 1
        self.enqueue_req(Connection(self.cfg, sock, client, listener.getsockname()))

    def enqueue_req(self, conn: Connection) -> None:
        """Hand a connection to the threads as soon as its request is there."""
        if self._is_ready(conn):
            self._hand_to_threads(conn)
        elif conn.sock.fileno() >= 0:
            self.unfinished[conn] = time.monotonic() + READ_SECONDS
            self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._on_more, conn))
            self._make_room()

    def _on_more(self, conn: Connection, _sock: Any) -> None:
        ready = self._is_ready(conn)
        if ready and conn in self.unfinished:
            del self.unfinished[conn]
            self.poller.unregister(conn.sock)
            self._hand_to_threads(conn)
        self._make_room()

    def _is_ready(self, conn: Connection) -> bool:
        try:
            return conn.gather()
        except TooLarge:
            with suppress(OSError):
                conn.sock.send(TOO_LARGE)
            self._let_go(conn)
            return False

    def _hand_to_threads(self, conn: Connection) -> None:
        conn.hand_over()
        super().enqueue_req(conn)

    def _make_room(self) -> None:
        """Let go of the oldest unfinished requests where they are too many or too large."""
        held = sum(len(conn.gathered) for conn in self.unfinished)
        most = self.worker_connections - self.cfg.threads - 1
        while self.unfinished and (held > MOST_BYTES_UNFINISHED or self.nr_conns >= most):
            oldest = next(iter(self.unfinished))
            held -= len(oldest.gathered)
            self._let_go(oldest)

    def murder_pending(self) -> None:
        """Let go of those who took too long; called every second."""
        now = time.monotonic()
        for conn in [conn for conn, until in self.unfinished.items() if until <= now]:
            self._let_go(conn)

    def _let_go(self, conn: Connection) -> None:
        if self.unfinished.pop(conn, None) is not None:
            self.poller.unregister(conn.sock)
        self.nr_conns -= 1
        conn.close(graceful=True)
