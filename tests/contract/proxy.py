"""A proxy that stands between the portal and the operator, and checks what passes through it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from sandbox.server import QuietHandler
from tests.contract.checker import ContractChecker

# What belongs to one connection, or is set anew by whoever sends the message on.
HOP_BY_HOP = {"connection", "content-encoding", "content-length", "keep-alive", "transfer-encoding"}


class ValidatingProxy:
    """Hands calls on to `upstream` and answers back, both unchanged, and holds them to a contract.

    What breaks it is in `violations`, by call; `passed` counts the calls.
    """

    def __init__(self, upstream: str, checker: ContractChecker) -> None:
        self.violations: list[str] = []
        self.passed = 0
        self._checker = checker
        self._lock = threading.Lock()
        self._http = httpx.Client(base_url=upstream, timeout=30)

    def __call__(self, environ, start_response):
        """Answer a call of the portal (WSGI)."""
        return self._carry(Request(environ))(environ, start_response)

    def _carry(self, call: Request) -> Response:
        # The host stays as it was called, so that links in answers lead through here again.
        headers = {
            name: value for name, value in call.headers.items() if name.lower() not in HOP_BY_HOP
        }
        asked = self._http.build_request(
            call.method,
            call.environ["REQUEST_URI"],
            headers=headers,
            content=call.get_data() or None,
        )
        answer = self._http.send(asked)
        with self._lock:
            self.passed += 1
            for check, message in (
                (self._checker.check_request, (asked,)),
                (self._checker.check_response, (asked, answer)),
            ):
                try:
                    check(*message)
                except AssertionError as violation:
                    self.violations.append(str(violation))
        kept = [pair for pair in answer.headers.items() if pair[0].lower() not in HOP_BY_HOP]
        return Response(answer.content, status=answer.status_code, headers=kept)


@contextmanager
def served(app) -> Iterator[str]:
    """Serve an application over HTTP on a free port of this machine; yield its address."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=QuietHandler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
