"""What the simulated operator counts and decides, by its control endpoints."""

import json
from dataclasses import dataclass
from typing import Any
from urllib.request import Request, urlopen

AVAILABILITY = "check-booking-availability"


@dataclass(frozen=True, slots=True)
class Desk:
    """The simulated operator at `url`."""

    url: str

    def take_calls(self) -> dict[str, int]:
        counted: dict[str, int] = self._ask("DELETE", "calls")
        return counted

    def approve(self, ampeco_request_id: int) -> None:
        """Approve a request; raises RuntimeError if the operator's rules are against it."""
        answer = self._ask("POST", f"requests/{ampeco_request_id}", {"approve": True})
        if answer["status"] != "approved":
            raise RuntimeError(f"The operator answered {answer}.")

    def set(self, **changes: Any) -> None:
        self._ask("POST", "settings", changes)

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        request = Request(
            f"{self.url}/control/{path}",
            method=method,
            data=json.dumps(body).encode() if body else None,
            headers={"Content-Type": "application/json"},
        )
        with urlopen(request, timeout=30) as answer:
            return json.load(answer)
