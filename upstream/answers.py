"""What is read of an answer: a JSON object, what a refusal says, where a slash is wanted."""

import json
import time
from typing import Any

import httpx

from upstream.readers import plain_text

LARGEST_BODY_BYTES = 20_000_000
# What may be said without a body: that it is done, or that it was passed on.
EMPTY = frozenset({httpx.codes.NO_CONTENT, httpx.codes.ACCEPTED})


class Unreadable(Exception):
    """An answer whose body is no JSON object that we are willing to read."""


def read_object(response: httpx.Response, *, deadline: float) -> dict[str, Any]:
    body = _read_body(response, deadline=deadline)
    if response.status_code in EMPTY and not body:
        return {}
    answer = _object_in(body)
    if answer is None:
        raise Unreadable("the answer is not the JSON that was expected")
    return answer


def _object_in(body: bytes) -> dict[str, Any] | None:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return answer if isinstance(answer, dict) else None


def _read_body(response: httpx.Response, *, deadline: float) -> bytes:
    body = bytearray()
    for chunk in response.iter_bytes():
        body += chunk
        if len(body) > LARGEST_BODY_BYTES:
            raise Unreadable("the answer is too large")
        if time.monotonic() > deadline:
            raise Unreadable("the answer took too long")
    return bytes(body)


def refusal_body(response: httpx.Response, *, deadline: float) -> bytes:
    """Return what a refusal says; nothing where it cannot be read, since the refusal stands."""
    try:
        return _read_body(response, deadline=deadline)
    except (httpx.RequestError, Unreadable):
        return b""


def field_errors(said: bytes) -> dict[str, list[str]]:
    """Return a 422's messages by field.

    AMPECO documents `errors` as an object of lists; a single text is taken as a list of one.
    """
    errors = (_object_in(said) or {}).get("errors")
    if not isinstance(errors, dict):
        return {}
    return {
        str(field): [plain_text(text) for text in messages if isinstance(text, str)]
        for field, value in errors.items()
        if isinstance(messages := [value] if isinstance(value, str) else value, list)
    }


def describe(error: Exception) -> str:
    """Return in words what happened, without the texts of httpx, which may name addresses."""
    if isinstance(error, Unreadable):
        return str(error)
    if isinstance(error, httpx.ConnectTimeout | httpx.ConnectError | httpx.ProxyError):
        return "the operator could not be reached"
    if isinstance(error, httpx.PoolTimeout):
        return "no connection was free in time"
    if isinstance(error, httpx.TimeoutException):
        return "the operator did not answer in time"
    if isinstance(error, httpx.DecodingError):
        return "the answer could not be decoded"
    return f"the connection failed ({type(error).__name__})"


def path_but_for_a_slash(request: httpx.Request, response: httpx.Response) -> str | None:
    """Return where a redirect of a read leads, if that differs by a slash at the end only."""
    if request.method != "GET" or not response.has_redirect_location:
        return None
    try:
        path = request.url.join(response.headers["location"]).path
    except (httpx.InvalidURL, ValueError):
        return None
    here = request.url.path
    return path if path != here and path.rstrip("/") == here.rstrip("/") else None
