"""Other platforms at the door: signed calls, and the workers that do what they set off."""

import hmac
import json
from collections.abc import Callable
from hashlib import sha256
from queue import Empty

import pytest
from django.test import Client

from config.celery import app
from config.services import ROWS_QUEUE, SWEEPS_QUEUE

NETWORK = "7c1f6b2e-0d7e-4c57-9f4e-2f1d7b1c5a01"
AMPCONTROL = f"/hooks/ampcontrol/{NETWORK}"
AMPECO = "/hooks/ampeco"
KEYS = {AMPCONTROL: "whsec-depot-1", AMPECO: "sandbox-token"}

Message = tuple[object, ...]


@pytest.fixture(autouse=True)
def _secrets(settings):
    settings.AMPCONTROL_BASE_URL = "https://api.ampcontrol.example"
    settings.AMPCONTROL_API_TOKEN = "ampcontrol-token"
    settings.AMPCONTROL_WEBHOOK_SECRETS = {NETWORK: KEYS[AMPCONTROL]}
    settings.AMPECO_API_TOKEN = KEYS[AMPECO]
    settings.AMPECO_WEBHOOK_SECRET = ""


@pytest.fixture
def messages() -> Callable[[], list[Message]]:
    """Return a function that takes the messages that wait for workers, as (task, arguments…)."""
    take_messages()
    return take_messages


def take_messages() -> list[Message]:
    found: list[Message] = []
    with app.connection_for_read() as connection:
        for name in (ROWS_QUEUE, SWEEPS_QUEUE):
            queue = connection.SimpleQueue(app.amqp.queues[name])
            try:
                while True:
                    message = queue.get_nowait()
                    found.append((message.headers["task"], *message.payload[0]))
                    message.ack()
            except Empty:
                queue.close()
    return found


def post(path: str, body: bytes, signature: str = "", **headers):
    """Call as another platform does."""
    named = {"X-Signature": signature, "X-Webhook-Signature": signature, **headers}
    return Client(raise_request_exception=False).post(
        path, body, content_type="application/json", headers=named
    )


def signature_of(body: bytes, path: str) -> str:
    return hmac.new(KEYS[path].encode(), body, sha256).hexdigest()


def signed(path: str, body: bytes, **headers):
    return post(path, body, signature_of(body, path), **headers)


def telling(kind: str, **fields) -> bytes:
    return json.dumps({"notification": kind, **fields}).encode()
