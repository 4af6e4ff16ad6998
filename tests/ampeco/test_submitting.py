import socket
import threading

import httpx
import pytest

from ampeco.client import AmpecoClient
from tests.scripted_operator import CANCEL, NEVER_SENT, PERHAPS_SENT, REQUESTS, TOKEN, named
from upstream.errors import (
    UpstreamError,
    UpstreamForbidden,
    UpstreamNotFound,
    UpstreamRateLimited,
    UpstreamRejected,
    UpstreamUnauthorized,
    UpstreamUnavailable,
)


@pytest.mark.parametrize("failure", NEVER_SENT, ids=named)
def test_request_that_never_left_is_not_ambiguous(client, operator, failure):
    operator.answers("POST", REQUESTS, failure)
    with pytest.raises(UpstreamUnavailable) as error:
        client.cancel_booking_request(CANCEL)
    assert error.value.ambiguous is False
    assert client.calls == 1


@pytest.mark.parametrize("failure", PERHAPS_SENT, ids=named)
def test_request_that_may_have_left_is_ambiguous_and_sent_once(client, operator, failure):
    operator.answers("POST", REQUESTS, failure)
    with pytest.raises(UpstreamUnavailable) as error:
        client.cancel_booking_request(CANCEL)
    assert error.value.ambiguous is True
    assert len(operator.requests) == client.calls == 1


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(500),
        httpx.Response(503, headers={"Retry-After": "1"}),
        httpx.Response(302, headers={"Location": "https://elsewhere.example/"}),
        httpx.Response(201, content=b"<html>"),
        httpx.Response(201, json=[]),
        httpx.Response(201, json={}),
        httpx.Response(201, json={"data": []}),
        httpx.Response(201, json={"data": {"id": None}}),
        lambda: httpx.Response(
            201, headers={"Content-Encoding": "gzip"}, stream=httpx.ByteStream(b"plain")
        ),
    ],
    ids=[
        "500",
        "503",
        "redirect",
        "no JSON",
        "a list",
        "no data",
        "a list as data",
        "no id",
        "no gzip",
    ],
)
def test_request_with_an_unusable_answer_is_ambiguous_and_sent_once(client, operator, answer):
    def once(request):
        return answer() if callable(answer) else answer

    operator.answers("POST", REQUESTS, once, AssertionError("sent twice"))
    with pytest.raises(UpstreamUnavailable) as error:
        client.cancel_booking_request(CANCEL)
    assert error.value.ambiguous is True
    assert len(operator.requests) == client.calls == 1


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, UpstreamRejected),
        (401, UpstreamUnauthorized),
        (403, UpstreamForbidden),
        (404, UpstreamNotFound),
        (422, UpstreamRejected),
        (429, UpstreamRateLimited),
    ],
)
def test_refused_request_is_sent_once(client, operator, clock, status, kind):
    operator.answers("POST", REQUESTS, httpx.Response(status, headers={"Retry-After": "0.2"}))
    with pytest.raises(UpstreamError) as error:
        client.cancel_booking_request(CANCEL)
    assert type(error.value) is kind
    assert client.calls == 1
    assert clock.slept == []


def test_real_connection_that_is_refused_is_not_ambiguous():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    client = AmpecoClient(base_url=f"http://127.0.0.1:{port}/public-api", token=TOKEN)
    with pytest.raises(UpstreamUnavailable) as error:
        client.cancel_booking_request(CANCEL)
    assert error.value.ambiguous is False
    client.close()


def test_real_connection_that_is_cut_after_sending_is_ambiguous():
    received = []

    def receive_and_hang_up(server: socket.socket) -> None:
        connection, _ = server.accept()
        with connection:
            received.append(connection.recv(65536))

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=receive_and_hang_up, args=[server])
        thread.start()
        port = server.getsockname()[1]
        client = AmpecoClient(base_url=f"http://127.0.0.1:{port}/public-api", token=TOKEN)
        with pytest.raises(UpstreamUnavailable) as error:
            client.cancel_booking_request(CANCEL)
        thread.join()
    assert error.value.ambiguous is True
    assert received[0].startswith(b"POST /public-api/resources/booking-requests/v1.0 ")
    client.close()


# Refusals


def test_messages_of_a_422_come_by_field(client, operator):
    operator.answers(
        "POST",
        REQUESTS,
        httpx.Response(
            422,
            json={
                "message": "The given data was invalid.",
                "errors": {"startAt": ["It is past."], "endAt": "One text.", "x": [1], "y": None},
            },
        ),
    )
    with pytest.raises(UpstreamRejected) as error:
        client.cancel_booking_request(CANCEL)
    assert error.value.field_errors == {"startAt": ["It is past."], "endAt": ["One text."], "x": []}


@pytest.mark.parametrize("content", [b"", b"<html>", b"[]", b'{"errors": []}'])
def test_unreadable_refusal_is_a_refusal_all_the_same(client, operator, content):
    operator.answers("POST", REQUESTS, httpx.Response(422, content=content))
    with pytest.raises(UpstreamRejected) as error:
        client.cancel_booking_request(CANCEL)
    assert error.value.field_errors == {}
