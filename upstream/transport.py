"""Sends single calls: token, time-outs, retries, rate limits, and the error for each outcome."""

import json
import logging
import random
import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import httpx
import stamina

from upstream.answers import (
    Unreadable,
    describe,
    field_errors,
    path_but_for_a_slash,
    read_object,
    refusal_body,
)
from upstream.calls import Observer, OperatorClock, tell
from upstream.circuit_breaker import CacheCircuitBreaker
from upstream.errors import (
    UpstreamCircuitOpen,
    UpstreamError,
    UpstreamForbidden,
    UpstreamNotFound,
    UpstreamNotPermitted,
    UpstreamRateLimited,
    UpstreamRejected,
    UpstreamUnauthorized,
    UpstreamUnavailable,
)
from upstream.rate_gate import MemoryGate, RateGate, wait_after_refusal, wait_when_used_up

MOST_ATTEMPTS = 4
CONNECT_SECONDS = 3.0
# The longest silence, and for how long a call that may be repeated is begun again.
SILENCE_SECONDS = 10.0
RETRY_SECONDS = 15.0
# A body may come slowly, but not for ever: so many times the longest silence.
ANSWER_SILENCES = 2
# Refusals that say nothing about the request itself.
PASSING_REFUSALS = frozenset({408, 425})
# What gateways say of a platform that is down.
GATEWAY_FAILURES = frozenset({502, 503, 504})
# Failures after which the request surely never left.
NEVER_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)

# So much of what a refusal says is kept, for code that has to tell refusals apart.
LONGEST_REASON = 1000

Query = Sequence[tuple[str, str]]
# Asked with method, path below the base address, and body before anything is sent; raises for what
# may not be.
Rule = Callable[[str, str, Mapping[str, Any] | None], None]


def id_in_path(value: int | str) -> str:
    """Return an id as part of a path; raises ValueError for what could lead elsewhere."""
    text = str(value)
    if not re.fullmatch(r"[A-Za-z0-9_-]+", text):
        raise ValueError("An id is made of letters, digits, - and _.")
    return text


class _WithoutQuery(logging.Filter):
    """Cuts the query off the addresses that httpx logs: it may hold a driver's e-mail."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(
                str(part.copy_with(query=None)) if isinstance(part, httpx.URL) else part
                for part in record.args
            )
        return True


logging.getLogger("httpx").addFilter(_WithoutQuery())


class Transport:
    """Sends calls to one operator with one token; safe for use by several threads.

    `timeout` is the longest silence in seconds; connecting gets three seconds at most, a whole
    answer twice the silence. Calls that may be repeated are tried `MOST_ATTEMPTS` times, as long as
    no more than `max_retry_seconds` have passed. A wait that the operator asks for is slept only by
    those, and only up to `max_wait_seconds`; otherwise UpstreamRateLimited is raised.
    `observer` is told of each attempt when it has ended. While `circuit` holds calls back, nothing
    is sent, nor waited for: UpstreamCircuitOpen is raised. `clock` is what the answers tell of the
    operator's clock.

    `permits` is asked of every call, whoever makes it, and raises for those that may not be sent.
    `tells_success` is asked of every answer whether it is one, where a 200 alone does not say so.
    """

    def __init__(
        self,
        *,
        base_url: str,
        token: str,
        transport: httpx.BaseTransport | None,
        gate: RateGate | None,
        timeout: float,
        max_retry_seconds: float,
        max_wait_seconds: float,
        observer: Observer | None = None,
        circuit: CacheCircuitBreaker | None = None,
        permits: Rule | None = None,
        tells_success: Callable[[Mapping[str, Any]], bool] | None = None,
    ) -> None:
        self._base_url = _base_url(base_url)
        self._authorization = _authorization(token)
        self._gate = gate or MemoryGate()
        self._timeout = timeout
        self._max_retry_seconds = max_retry_seconds
        self._max_wait_seconds = max_wait_seconds
        self._observer = observer
        self._circuit = circuit
        self._permits = permits
        self._tells_success = tells_success
        # Paths that are answered only with, or only without, a slash at their end.
        self._moved: dict[str, str] = {}
        self.clock = OperatorClock()
        self._calls = 0
        self._calls_lock = threading.Lock()
        self._http = httpx.Client(
            transport=transport,
            timeout=httpx.Timeout(timeout, connect=min(CONNECT_SECONDS, timeout)),
            follow_redirects=False,
            headers={"Accept": "application/json", "User-Agent": "chargebook"},
        )

    def __repr__(self) -> str:
        return f"<Transport to {self._base_url.host}>"

    @property
    def calls(self) -> int:
        return self._calls

    def close(self) -> None:
        self._http.close()

    def held_back_for(self) -> float:
        """Return for how many seconds no call would be sent; 0 when one may be tried."""
        circuit = self._circuit.pause_left() if self._circuit is not None else 0.0
        return max(circuit, self._gate.closed_for())

    def address(self, path: str, query: Query = ()) -> httpx.URL:
        return httpx.URL(f"{self._base_url}/{path}", params=list(query) or None)

    def follow(self, link: str, *, base: httpx.URL) -> httpx.URL | None:
        """Return where the list at `base` goes on: there, with the query of the operator's link.

        What else the link names is left aside: a proxy may change host, scheme and path, and the
        token goes to the configured origin only. None for a link without a query.
        """
        try:
            query = base.join(link).query
        except (httpx.InvalidURL, ValueError):
            return None
        return base.copy_with(query=query) if query else None

    def get(self, url: httpx.URL, *, operation: str) -> dict[str, Any]:
        return self._repeatedly(lambda: self._get(url, operation))

    def _get(self, url: httpx.URL, operation: str) -> dict[str, Any]:
        """Read; where a redirect differs by a slash at the end only, there, from then on.

        No other redirect is followed, nor any with a body.
        """
        known = self._moved.get(url.path)
        if known is not None:
            url = url.copy_with(path=known)
        try:
            return self._send(self._http.build_request("GET", url), operation, changes=False)
        except _MovedBySlash as moved:
            if known is not None:
                raise
            self._moved[url.path] = moved.path
            url = url.copy_with(path=moved.path)
            return self._send(self._http.build_request("GET", url), operation, changes=False)

    def read(self, path: str, query: Query = (), *, operation: str) -> dict[str, Any]:
        return self.get(self.address(path, query), operation=operation)

    def ask(self, path: str, *, body: Mapping[str, Any], operation: str) -> dict[str, Any]:
        """Send a POST that changes nothing upstream, so that it is repeated like a GET."""
        url = self.address(path)
        return self._repeatedly(
            lambda: self._send(
                self._http.build_request("POST", url, json=body), operation, changes=False
            )
        )

    def post(self, path: str, *, body: Mapping[str, Any] | None, operation: str) -> dict[str, Any]:
        """Send a POST that changes something, once; `body` is None where none is expected."""
        request = self._http.build_request("POST", self.address(path), json=body)
        return self._send(request, operation, changes=True)

    def patch(self, path: str, *, body: Mapping[str, Any], operation: str) -> dict[str, Any]:
        request = self._http.build_request("PATCH", self.address(path), json=body)
        return self._send(request, operation, changes=True)

    def delete(self, path: str, *, operation: str) -> dict[str, Any]:
        request = self._http.build_request("DELETE", self.address(path))
        return self._send(request, operation, changes=True)

    def _repeatedly(self, send: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        attempts = 0

        def pause(error: Exception) -> bool | float:
            """Say whether to try again, and after how long where the operator said so."""
            if isinstance(error, UpstreamRateLimited):
                # A gate that was closed before we came is not waited for.
                never_sent = error.status is None and attempts == 1
                if never_sent or error.retry_after > self._max_wait_seconds:
                    return False
                return error.retry_after + random.uniform(0.01, 0.1)  # noqa: S311
            if isinstance(error, UpstreamUnavailable) and not isinstance(
                error, UpstreamCircuitOpen
            ):
                return error.status is None or not 300 <= error.status < 400
            return False

        may_retry = self._max_retry_seconds > 0
        for attempt in stamina.retry_context(
            on=pause,
            attempts=MOST_ATTEMPTS if may_retry else 1,
            timeout=self._max_retry_seconds if may_retry else None,
            wait_initial=0.2,
            wait_max=2.0,
            wait_jitter=0.3,
        ):
            with attempt:
                attempts += 1
                return send()
        raise AssertionError("Retrying ends with an answer or an error.")

    def _send(self, request: httpx.Request, operation: str, *, changes: bool) -> dict[str, Any]:
        self._require_permission(request, operation)
        began = time.monotonic()
        try:
            self._hold_back(operation)
            answer = self._exchange(request, operation, changes=changes)
        except UpstreamError as error:
            self._note_in_circuit(error, request)
            self._tell(operation, error, began=began)
            raise
        self._note_in_circuit(None, request)
        self._tell(operation, None, began=began)
        return answer

    def _require_permission(self, request: httpx.Request, operation: str) -> None:
        """Raise UpstreamNotPermitted, or what the rule raises, for what may not be sent.

        Judged is what would go over the wire, and not what somebody meant to send.
        """
        base, url = self._base_url, request.url
        below = f"{base.raw_path.decode().rstrip('/')}/"
        path = url.raw_path.decode().partition("?")[0]
        at_home = (url.scheme, url.host, url.port) == (base.scheme, base.host, base.port)
        if not at_home or not path.startswith(below):
            raise UpstreamNotPermitted(
                f"{operation}: calls go to the configured address only.", operation=operation
            )
        if self._permits is None:
            return
        body = json.loads(request.content) if request.content else None
        self._permits(request.method, path.removeprefix(below), body)

    def _hold_back(self, operation: str) -> None:
        """Raise UpstreamCircuitOpen or UpstreamRateLimited where no call may be sent now.

        Whether this one is the call that tries is asked last: it must not be held off after that.
        """
        circuit = self._circuit
        closed_for = circuit.pause_left() if circuit is not None else 0.0
        if closed_for <= 0:
            asked_for = self._gate.enter()
            if asked_for > 0:
                raise UpstreamRateLimited(
                    f"{operation}: held off for {asked_for:.1f} s, as the operator asked.",
                    retry_after=asked_for,
                    operation=operation,
                )
            closed_for = circuit.closed_for() if circuit is not None else 0.0
        if closed_for > 0:
            raise UpstreamCircuitOpen(
                f"{operation}: not tried, since the operator does not answer.",
                retry_after=closed_for,
                operation=operation,
            )

    def _note_in_circuit(self, problem: UpstreamError | None, request: httpx.Request) -> None:
        if self._circuit is None or isinstance(problem, UpstreamCircuitOpen):
            return
        if isinstance(problem, UpstreamUnavailable):
            self._circuit.note_failure(
                f"answers {problem.status}" if problem.status else "no answer",
                address=request.url.path if _may_be_about_it(problem.status) else None,
            )
        elif not isinstance(problem, UpstreamRateLimited) or problem.status is not None:
            self._circuit.note_answer()

    def _tell(self, operation: str, problem: UpstreamError | None, *, began: float) -> None:
        if self._observer is not None:
            tell(self._observer, operation, problem, seconds=time.monotonic() - began)

    def _exchange(self, request: httpx.Request, operation: str, *, changes: bool) -> dict[str, Any]:
        request.headers["Authorization"] = self._authorization
        with self._calls_lock:
            self._calls += 1
        deadline = time.monotonic() + self._timeout * ANSWER_SILENCES
        response: httpx.Response | None = None
        sent_at = time.time()
        try:
            response = self._http.send(request, stream=True)
            told_at = self.clock.note_answer(response.headers, sent_at=sent_at)
            self._note_quota(response, told_at=told_at)
            if response.is_success:
                answer = read_object(response, deadline=deadline)
                if self._tells_success is not None and not self._tells_success(answer):
                    raise UpstreamRejected(
                        f"{operation}: the answer says that it failed.",
                        status=response.status_code,
                        operation=operation,
                    )
                return answer
            if (path := path_but_for_a_slash(request, response)) is not None:
                moved = _MovedBySlash(
                    f"{operation}: the operator answered {response.status_code}.",
                    status=response.status_code,
                    operation=operation,
                )
                moved.path = path
                raise moved
            raise self._refusal(
                response, operation, changes=changes, deadline=deadline, told_at=told_at
            )
        except (httpx.RequestError, httpx.InvalidURL, Unreadable) as error:
            # `from None`: httpx's errors carry the request, and with it token and driver data.
            raise UpstreamUnavailable(
                f"{operation}: {describe(error)}.",
                status=response.status_code if response else None,
                operation=operation,
                ambiguous=changes and not isinstance(error, NEVER_SENT),
            ) from None
        finally:
            if response is not None:
                response.close()

    def _note_quota(self, response: httpx.Response, *, told_at: float) -> None:
        if response.status_code == httpx.codes.TOO_MANY_REQUESTS:
            self._gate.close_for(wait_after_refusal(response.headers, now=told_at))
            return
        wait = wait_when_used_up(response.headers, now=told_at)
        if wait is not None:
            self._gate.close_for(wait)

    def _refusal(
        self,
        response: httpx.Response,
        operation: str,
        *,
        changes: bool,
        deadline: float,
        told_at: float,
    ) -> UpstreamError:
        status = response.status_code
        message = f"{operation}: the operator answered {status}."
        if status == httpx.codes.TOO_MANY_REQUESTS:
            wait = wait_after_refusal(response.headers, now=told_at)
            return UpstreamRateLimited(
                message, retry_after=wait, status=status, operation=operation
            )
        if status in PASSING_REFUSALS or not 400 <= status < 500:
            return UpstreamUnavailable(
                message, status=status, operation=operation, ambiguous=changes
            )
        if status == httpx.codes.UNAUTHORIZED:
            return UpstreamUnauthorized(message, status=status, operation=operation)
        if status == httpx.codes.FORBIDDEN:
            return UpstreamForbidden(message, status=status, operation=operation)
        if status == httpx.codes.NOT_FOUND:
            return UpstreamNotFound(message, status=status, operation=operation)
        said = refusal_body(response, deadline=deadline)
        return UpstreamRejected(
            message,
            status=status,
            operation=operation,
            field_errors=field_errors(said),
            reason=said[: 4 * LONGEST_REASON].decode(errors="replace")[:LONGEST_REASON],
        )


class _MovedBySlash(UpstreamUnavailable):
    """A read was redirected to the same path with, or without, a slash at its end."""

    path = ""


def _may_be_about_it(status: int | None) -> bool:
    """Return whether a failure may be about what was asked for, and not about the operator.

    A gateway's answers (502 to 504) are about what lies behind it.
    """
    return status is not None and status not in GATEWAY_FAILURES


def _base_url(text: str) -> httpx.URL:
    try:
        url = httpx.URL(text.rstrip("/"))
    except httpx.InvalidURL:
        raise ValueError("The base URL is no web address.") from None
    if url.scheme not in {"http", "https"} or not url.host or url.userinfo or url.query:
        raise ValueError("The base URL must be a plain http or https address.")
    return url


def _authorization(token: str) -> str:
    if not token or not token.isascii() or not token.isprintable():
        raise ValueError("The token is empty or has characters that cannot be sent.")
    return f"Bearer {token}"
