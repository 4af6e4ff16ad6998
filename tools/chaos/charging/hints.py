"""Both platforms tell the portal of changes while everything fails, Ampcontrol by its webhook."""

import hmac
import random
import threading
import time
from collections import Counter
from hashlib import sha256

import httpx

from sandbox.energy.cast import SITES
from sandbox.energy.records import id_of

EVERY_SECONDS = 0.5
NETWORKS = [id_of("network", site.key) for site in SITES]
SECRET = "a secret of the chaos run"
SETTINGS = {
    "AMPCONTROL_WEBHOOK_SECRETS": ",".join(f"{network}={SECRET}" for network in NETWORKS),
}


class Hints(threading.Thread):
    """Says again and again that a network has changed, as Ampcontrol does, and notes the answers.

    A web server that was killed gives none; its proxy would say 202.
    """

    def __init__(self, portals: list[str]) -> None:
        super().__init__(name="chaos, hints", daemon=True)
        self._portals = portals
        self._chance = random.Random(0)
        self._ended = threading.Event()
        self.answers: Counter[str] = Counter()

    def run(self) -> None:
        with httpx.Client(timeout=30) as http:
            while not self._ended.wait(EVERY_SECONDS):
                self._say(http)

    def stop(self) -> None:
        self._ended.set()
        self.join()

    def _say(self, http: httpx.Client) -> None:
        network, portal = self._chance.choice(NETWORKS), self._chance.choice(self._portals)
        body = f'{{"at": {time.time()}}}'.encode()
        signature = hmac.new(SECRET.encode(), body, sha256).hexdigest()
        try:
            answer = http.post(
                f"{portal}/hooks/ampcontrol/{network}",
                content=body,
                headers={"X-Webhook-Signature": signature},
            )
            self.answers[str(answer.status_code)] += 1
        except httpx.HTTPError as error:
            self.answers[type(error).__name__] += 1
