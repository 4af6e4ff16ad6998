import logging
import pickle
import threading
import traceback

import httpx
import pytest

from tests.scripted_operator import LOCATION, TOKEN, USERS, good_location, named, page
from upstream.errors import (
    UpstreamError,
    UpstreamForbidden,
    UpstreamNotFound,
    UpstreamRateLimited,
    UpstreamRejected,
    UpstreamUnauthorized,
    UpstreamUnavailable,
)


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(401, json={"message": f"Token {TOKEN} of anna@hudson.example"}),
        httpx.Response(422, json={"errors": {"email": ["anna@hudson.example is wrong"]}}),
        httpx.Response(500, text="anna@hudson.example"),
        httpx.Response(429),
        httpx.Response(200, text="anna@hudson.example"),
        httpx.Response(200, json={"data": [{"email": "anna@hudson.example"}]}),
        httpx.ReadTimeout("anna@hudson.example"),
        httpx.ConnectError("anna@hudson.example"),
        httpx.RemoteProtocolError("anna@hudson.example"),
    ],
    ids=lambda answer: getattr(answer, "status_code", named(answer)),
)
def test_logs_and_errors_tell_no_secrets(client, operator, caplog, answer):
    operator.answers("GET", USERS, answer)
    email = "@".join(["anna", "hudson.example"])  # not as it stands in the traceback's lines
    shown = ""
    with caplog.at_level(logging.DEBUG):
        try:
            client.find_users_by_email(email)
        except UpstreamError as error:
            shown = f"{error} {error!r} " + "".join(traceback.format_exception(error))
            assert error.operation == "find_users_by_email"
            assert error.__suppress_context__ or error.__context__ is None
    shown += caplog.text
    assert "anna@" not in shown
    assert TOKEN not in shown


def test_httpx_own_log_has_no_query(client, operator, caplog):
    operator.answers("GET", USERS, page([]))
    with caplog.at_level(logging.INFO, logger="httpx"):
        client.find_users_by_email("anna@hudson.example")
    assert "HTTP Request: GET https://operator.example/public-api/resources/users/v1.0 " in (
        caplog.text
    )


def test_clients_show_neither_token_nor_path(client):
    assert repr(client) == "<AmpecoClient over <Transport to operator.example>>"


@pytest.mark.parametrize(
    "error",
    [
        UpstreamError("x", status=1, operation="o"),
        UpstreamUnavailable("x", ambiguous=True, operation="o"),
        UpstreamRateLimited("x", retry_after=3, operation="o"),
        UpstreamRejected("x", field_errors={"a": ["b"]}, operation="o"),
        UpstreamForbidden("x", status=403, operation="o"),
    ],
    ids=named,
)
def test_errors_survive_the_way_between_processes(error):
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), vars(again)) == (type(error), str(error), vars(error))


def test_error_tree():
    assert issubclass(UpstreamForbidden, UpstreamUnauthorized)
    assert issubclass(UpstreamUnauthorized, UpstreamRejected)
    assert issubclass(UpstreamNotFound, UpstreamRejected)
    for kind in (UpstreamUnavailable, UpstreamRateLimited, UpstreamRejected):
        assert issubclass(kind, UpstreamError)
    assert not issubclass(UpstreamRateLimited, UpstreamRejected)


def test_calls_are_counted_over_threads(client, operator):
    operator.answers("GET", LOCATION, good_location())
    threads = [threading.Thread(target=client.read_location, args=[7]) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert client.calls == 20
