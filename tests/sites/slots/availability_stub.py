"""An operator that only tells what is free, behind the real client."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import httpx
import stamina

from ampeco.client import AmpecoClient
from ampeco.connection import set_client
from sites.periods import Period

ALWAYS = Period(datetime(2000, 1, 1, tzinfo=UTC), datetime(2900, 1, 1, tzinfo=UTC))
SEVEN_DAYS = timedelta(days=7)


@dataclass
class AvailabilityStub:
    """Answers availability calls from `free` (intervals by EVSE id), or with `status`.

    As AMPECO does, it refuses windows of more than seven days and knows nothing outside them.
    """

    free: dict[int, list[Period]] = field(default_factory=dict)
    status: int = 200
    broken: bool = False
    windows: list[Period] = field(default_factory=list)

    def client(self) -> AmpecoClient:
        return AmpecoClient(
            base_url="http://operator.test/public-api",
            token="t",
            transport=httpx.MockTransport(self._answer),
        )

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Stand in for the operator; the client repeats calls without waiting."""
        client = self.client()
        set_client(client)
        with stamina.set_testing(True, attempts=2, cap=True):
            yield
        set_client(None)
        client.close()

    @property
    def calls(self) -> int:
        return len(self.windows)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        assert request.method == "POST"
        assert request.url.path.endswith("/check-booking-availability")
        body = json.loads(request.content)
        window = Period(_instant(body["startAfter"]), _instant(body["endBefore"]))
        self.windows.append(window)
        if self.broken:
            raise httpx.ConnectError("no route", request=request)
        if self.status != 200:
            return httpx.Response(self.status, json={"message": "no"})
        if window.length > SEVEN_DAYS:
            return httpx.Response(422, json={"message": "Time-frame is limited to 7 days."})
        return httpx.Response(
            200,
            json={
                "data": [
                    {"evseId": evse_id, "availableSlots": [_slot(each) for each in intervals]}
                    for evse_id, intervals in self.free.items()
                ]
            },
        )


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _slot(interval: Period) -> dict[str, str]:
    return {"startAt": interval.start_at.isoformat(), "endAt": interval.end_at.isoformat()}
