"""Tells those who subscribed what has happened: signed, and again where it was not taken."""

import hmac
import json
import threading
import urllib.error
import urllib.request
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from sandbox.api.notifications import Subscription, subscriptions_of
from sandbox.notices.watching import Notice, Watch
from sandbox.world.world import World

# AMPECO sets how often and when for each operator; these are ours.
MOST_ATTEMPTS = 3
PAUSE = timedelta(seconds=5)
LOOKS_EVERY_SECONDS = 0.5
PATIENCE_SECONDS = 10.0
REMEMBERED = 100
TENANT = "sandbox"

# Sends a body with headers to an address; returns the status, or 0 where nobody answered.
Send = Callable[[str, bytes, Mapping[str, str]], int]


@dataclass(slots=True)
class Delivery:
    """A notification on its way to one address, and how that went."""

    at: datetime
    notice: Notice
    subscription: Subscription
    due_at: datetime
    attempts: int = 0
    status: int | None = None

    @property
    def is_open(self) -> bool:
        return not self.was_taken and self.attempts < MOST_ATTEMPTS

    @property
    def was_taken(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


class Notifier:
    """Watches a world and sends what happens there to those who subscribed to it."""

    def __init__(self, world: World) -> None:
        self.deliveries: deque[Delivery] = deque(maxlen=REMEMBERED)
        self._world = world
        self._watch: Watch | None = None
        self._ended = threading.Event()

    def work(self, *, send: "Send | None" = None) -> int:
        """Look what happened, and send what is due; return how much that was.

        Before somebody subscribes nothing is watched.
        """
        send = send or post
        with self._world.lock:
            wanted = subscriptions_of(self._world)
            if not wanted:
                self._watch = None
                return 0
            self._world.tick()
            if self._watch is None:
                self._watch = Watch(self._world)
            now = self._world.clock.now()
            for notice in self._watch.look():
                for subscription in wanted:
                    if notice["notification"] in subscription.notifications:
                        self.deliveries.append(Delivery(now, notice, subscription, due_at=now))
            due = [each for each in self.deliveries if each.is_open and each.due_at <= now]
        for delivery in due:
            _deliver(delivery, send, now=now)
        return len(due)

    def start(self) -> None:
        """Work until `stop`, in a thread of its own."""
        threading.Thread(target=self._work_on, name="notifications", daemon=True).start()

    def stop(self) -> None:
        self._ended.set()

    def _work_on(self) -> None:
        while not self._ended.wait(LOOKS_EVERY_SECONDS):
            self.work()


def notifier_of(world: World) -> Notifier:
    """Return who tells what happens in a world; the same one for each who asks."""
    known = world.notifier
    if isinstance(known, Notifier):
        return known
    world.notifier = made = Notifier(world)
    return made


def post(url: str, body: bytes, headers: Mapping[str, str]) -> int:
    """Send over the network; whatever the answer says but its status is left unread."""
    request = urllib.request.Request(url, body, dict(headers), method="POST")  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:  # noqa: S310
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code
    except OSError:
        return 0


def _deliver(delivery: Delivery, send: Send, *, now: datetime) -> None:
    body = json.dumps(delivery.notice, ensure_ascii=False).encode()
    key = delivery.subscription.key.encode()
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "AMPECO",
        "X-Signature": hmac.new(key, body, sha256).hexdigest(),
        "X-Timestamp": f"{now.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}",
        "X-Tenant": TENANT,
    }
    delivery.attempts += 1
    delivery.status = send(delivery.subscription.callback_url, body, headers)
    delivery.due_at = now + PAUSE * delivery.attempts
