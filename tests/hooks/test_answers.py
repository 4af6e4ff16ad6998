"""How other platforms are answered: at once, with 202 or 401, whatever is the matter."""

import random

import pytest
from django.core.cache import cache
from django.db import OperationalError, connections
from django.test import Client

from hooks import hints
from mirror import work
from tests.hooks.conftest import AMPCONTROL, AMPECO, NETWORK, post, signature_of, signed, telling

PATHS = (AMPCONTROL, AMPECO)
OTHERS = (
    "/hooks",
    "/hooks/",
    "/hooks/ampeco/",
    "/hooks/ampcontrol/",
    f"{AMPCONTROL}/",
    "/hooks/ampcontrol/an/other/address",
    "/hooks/ampcontrol/unknown-network",
    "/hooks/ampcontrol/%00%0a%ff",
    "/hooks/v9/whatever?x=1",
)
ANYTHING = b'{"event": "optimization", "limit": 48.5}'
# The signatures: printf '%s' BODY | openssl dgst -sha256 -hmac KEY [-binary | base64]
DELIVERY = (
    b'{"notification":"NetworkStatusNotification","chargePointId":1001,'
    b'"networkStatus":"available","timestamp":"2026-03-01T10:00:00Z"}'
)
VECTORS = [
    (AMPCONTROL, ANYTHING, "cba6ecfb49f480da7c3f4795793455973b85acf3bde4c66f961ccac8d360475d"),
    (AMPECO, DELIVERY, "524940504fc7922538905b532b211136bb107f0e42fc2464f0b770fda00e7d0c"),
    (AMPECO, DELIVERY, "UklAUE/HkiU4kFtTKyERNrsQfw5C/CRk8Ldw/aAOfQw="),
]


@pytest.fixture
def _no_database(monkeypatch):
    """A database that lets nobody in."""

    def refuse(*_args, **_kwargs):
        raise OperationalError("The database is away.")

    for connection in connections.all():
        monkeypatch.setattr(connection, "ensure_connection", refuse)
        monkeypatch.setattr(connection, "cursor", refuse)


@pytest.mark.parametrize(("path", "body", "signature"), VECTORS)
def test_what_was_signed_elsewhere_is_taken(path, body, signature, messages):
    assert post(path, body, signature).status_code == 202
    assert messages()


@pytest.mark.parametrize(("path", "body", "signature"), VECTORS)
def test_what_differs_by_a_letter_is_not(path, body, signature, messages):
    wrong = [
        (path, body + b" ", signature),
        (path, body.replace(b"n", b"m", 1), signature),
        (path, body, signature[:-2] + "00"),
        (path, body, signature[:32]),
        (path, body, f"sha256={signature}"),
        (path, body, ""),
        (path, body, "ß\udcff" * 20),
        (path, b"", signature),
    ]
    for each in wrong:
        assert post(*each).status_code == 401, each
    assert messages() == []


def test_each_network_has_a_secret_of_its_own(settings, messages):
    settings.AMPCONTROL_WEBHOOK_SECRETS = {NETWORK: "whsec-depot-1", "n-2": "whsec-depot-2"}
    ours = signature_of(ANYTHING, AMPCONTROL)
    assert post("/hooks/ampcontrol/n-2", ANYTHING, ours).status_code == 401
    assert post("/hooks/ampcontrol/n-3", ANYTHING, ours).status_code == 401
    assert messages() == []


def test_an_empty_secret_signs_nothing(settings, messages):
    """Whoever knows that none is set could sign with it."""
    empty = "f0ef99f5954f1d9c4198617cd7539e66d80a8e45414d2d1f987089ac3b77611b"
    settings.AMPCONTROL_WEBHOOK_SECRETS = {}
    settings.AMPECO_API_TOKEN = ""
    for path in PATHS:
        assert post(path, ANYTHING, empty).status_code == 401
    assert messages() == []


def test_the_secret_counts_instead_of_the_token(settings):
    settings.AMPECO_WEBHOOK_SECRET = "the token before"
    assert signed(AMPECO, DELIVERY).status_code == 401
    settings.AMPECO_WEBHOOK_SECRET, settings.AMPECO_API_TOKEN = "sandbox-token", "a new token"
    assert signed(AMPECO, DELIVERY).status_code == 202


@pytest.mark.parametrize("method", ["get", "head", "put", "patch", "delete", "options", "trace"])
@pytest.mark.parametrize("path", [*PATHS, *OTHERS])
def test_other_methods_hear_which_one_is_meant(method, path):
    answer = getattr(Client(raise_request_exception=False), method)(path)
    assert (answer.status_code, answer["Allow"], answer.content) == (405, "POST", b"")


@pytest.mark.parametrize("path", OTHERS)
def test_other_addresses_are_not_verified_and_never_missing(path):
    assert post(path, ANYTHING, signature_of(ANYTHING, AMPCONTROL)).status_code == 401


@pytest.mark.parametrize("host", ["elsewhere.example", "127.0.0.1:1", "ß.example"])
def test_nobody_is_led_elsewhere(host, settings):
    """As a probe past the proxy comes, or over plain http."""
    settings.SECURE_SSL_REDIRECT = True
    client = Client(raise_request_exception=False, HTTP_HOST=host)
    signature = signature_of(DELIVERY, AMPECO)
    answer = client.post(
        AMPECO, DELIVERY, content_type="text/plain", headers={"X-Signature": signature}
    )
    assert answer.status_code == 202


@pytest.mark.parametrize("path", PATHS)
def test_no_session_no_cookie_no_token(path):
    client = Client(enforce_csrf_checks=True, raise_request_exception=False)
    client.cookies["sessionid"] = "a session that nobody has"
    signature = signature_of(DELIVERY, path)
    answer = client.post(
        path,
        DELIVERY,
        content_type="application/json",
        headers={"X-Signature": signature, "X-Webhook-Signature": signature},
    )
    assert (answer.status_code, answer.content) == (202, b"")
    assert not answer.cookies
    assert "Cookie" not in answer.get("Vary", "")


@pytest.mark.usefixtures("_no_database")
@pytest.mark.parametrize("path", PATHS)
def test_while_the_database_is_away(path, messages):
    assert post(path, DELIVERY, "00").status_code == 401
    assert signed(path, DELIVERY).status_code == 202
    assert messages()


@pytest.mark.parametrize("path", PATHS)
def test_while_broker_and_cache_are_away(path, monkeypatch, settings):
    settings.CACHES = {
        "default": {
            **settings.CACHES["default"],
            "BACKEND": "config.caches.GuardedRedisCache",
            "LOCATION": "redis://127.0.0.1:1/0",
            "OPTIONS": {"IGNORE_EXCEPTIONS": True, "SOCKET_CONNECT_TIMEOUT": 1},
        }
    }
    monkeypatch.setattr(work._Broker, "away_until", float("inf"))
    for _ in range(3):
        assert signed(path, DELIVERY).status_code == 202


def test_while_ampcontrol_is_switched_off(settings, messages):
    settings.AMPCONTROL_BASE_URL = ""
    assert signed(AMPCONTROL, ANYTHING).status_code == 202
    assert messages() == []


@pytest.mark.parametrize("path", PATHS)
def test_a_body_that_is_too_large(path, messages):
    assert signed(path, b"{" + b" " * 600 * 1024 + b"}").status_code == 401
    assert signed(path, b"{" + b" " * 400 * 1024 + b"}").status_code == 202
    assert path == AMPCONTROL or messages() == []


class Broken:
    """What a server gives to read of a client that sends slowly, and then goes."""

    def __init__(self) -> None:
        self.asked = 0

    def read(self, size: int = -1) -> bytes:
        self.asked += 1
        if self.asked == 1:
            return b'{"notif'
        raise OSError("The client has gone.")

    readline = read


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("length", ["100", "-5", "", "many", "1" * 30])
def test_a_body_that_never_comes_to_its_end(path, length, messages):
    client = Client(raise_request_exception=False)
    answer = client.generic("POST", path, b"", **{"wsgi.input": Broken(), "CONTENT_LENGTH": length})
    assert answer.status_code == 401
    assert messages() == []


def test_garbage_is_answered_and_sets_nothing_off(messages):
    """Well signed, since who does so may be at fault as well."""
    chance = random.Random(7)
    bodies = [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'"text"',
        b"1e999",
        b"[" * 100_000,
        b'{"notification":' + b"[" * 50_000,
        '{"notification": "é"}'.encode("utf-16"),
        b'{"notification": null}',
        b'{"notification": ["NetworkStatusNotification"]}',
        telling("BootNotification", chargePointId=1001),
        telling("session.start.stop.notification"),
        telling("session.start.stop.notification", evseId=True, sessionId={}),
        telling("session.start.stop.notification", evseId=-1, sessionId="1; DROP"),
        telling("session.start.stop.notification", evseId=10**400, sessionId=2**63),
        telling("parkingSpace.occupancyStatus.changed", parkingSpaceId=1.5),
        b'{"notification": "parkingSpace.occupancyStatus.changed", "parkingSpaceId": NaN}',
        b'{"notification": "parkingSpace.occupancyStatus.changed", "parkingSpaceId": '
        + b"9" * 5000
        + b"}",
        *(chance.randbytes(chance.randrange(1, 300)) for _ in range(200)),
    ]
    for number in range(300):
        text = bytearray(telling("session.start.stop.notification", evseId="x", sessionId=None))
        for _ in range(1 + number % 4):
            text[chance.randrange(20, len(text))] = chance.randrange(256)
        bodies.append(bytes(text))
    for body in bodies:
        assert signed(AMPECO, body).status_code == 202, body[:100]
        assert post(AMPECO, body).status_code == 401
    assert messages() == []


def test_what_is_told_is_written_down_nowhere(caplog, messages):
    caplog.set_level("DEBUG")
    body = telling(
        "session.start.stop.notification", evseId=5001, sessionId=77, idTag="TAG-4711", userId=42
    )
    assert signed(AMPECO, body).status_code == 202
    assert post(AMPECO, body, "not-the-signature").status_code == 401
    said = "\n".join(record.getMessage() for record in caplog.records)
    for secret in ("TAG-4711", "not-the-signature", signature_of(body, AMPECO)):
        assert secret not in said
        assert all(secret not in str(message) for message in messages())
    assert [record.levelname for record in caplog.records if "202" in record.getMessage()] == [
        "DEBUG"
    ]
    assert cache.get(f"hint:{hints.Target.EVSE}:5001") is True
