import httpx
import pytest

from tests.scripted_operator import CANCEL, LOCATION, REQUESTS
from upstream.errors import UpstreamUnavailable


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html>Maintenance</html>",
        b'{"data": {"id"',
        b"[1, 2]",
        b'"text"',
        b"\xff\xfe",
        b"null",
        b"[" * 100_000,
    ],
    ids=lambda content: content[:12].decode("latin-1"),
)
def test_unreadable_body_means_unavailable(client, operator, content):
    operator.answers("GET", LOCATION, httpx.Response(200, content=content))
    with pytest.raises(UpstreamUnavailable) as error:
        client.read_location(7)
    assert error.value.status == 200


@pytest.mark.parametrize("answer", [{}, {"data": None}, {"data": []}, {"data": {"name": "x"}}])
def test_answer_without_the_thing_means_unavailable(client, operator, answer):
    operator.answers("GET", LOCATION, httpx.Response(200, json=answer))
    with pytest.raises(UpstreamUnavailable):
        client.read_location(7)


class Endless(httpx.SyncByteStream):
    """A body without end, each piece of which takes some time."""

    def __init__(self, piece: bytes, on_piece=lambda: None) -> None:
        self.piece = piece
        self.on_piece = on_piece
        self.closed = False

    def __iter__(self):
        while True:
            self.on_piece()
            yield self.piece

    def close(self) -> None:
        self.closed = True


def test_body_without_end_is_cut_off(client, operator):
    body = Endless(b" " * 1_000_000)
    operator.answers("POST", REQUESTS, lambda request: httpx.Response(201, stream=body))
    with pytest.raises(UpstreamUnavailable, match="too large") as error:
        client.cancel_booking_request(CANCEL)
    assert error.value.ambiguous is True
    assert body.closed


def test_body_that_trickles_is_cut_off(client, operator, clock):
    def wait() -> None:
        clock.now += 5

    body = Endless(b" ", wait)
    operator.answers("POST", REQUESTS, lambda request: httpx.Response(201, stream=body))
    started = clock.now
    with pytest.raises(UpstreamUnavailable, match="too long"):
        client.cancel_booking_request(CANCEL)
    assert clock.now - started <= 25
    assert body.closed


def test_redirects_are_not_followed(client, operator):
    operator.answers(
        "GET", LOCATION, httpx.Response(301, headers={"Location": "https://elsewhere.example/x"})
    )
    with pytest.raises(UpstreamUnavailable) as error:
        client.read_location(7)
    assert error.value.status == 301
    assert client.calls == 1
