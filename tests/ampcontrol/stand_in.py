"""A make-believe Ampcontrol that answers only what a test tells it to and keeps what it got."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

ORIGIN = "https://api.ampcontrol.example"
TOKEN = "sesame-of-ampcontrol"
PAYLOADS = json.loads(
    (Path(__file__).parent / "payloads" / "answers.json").read_text(encoding="utf-8")
)

Answer = httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]


def payload(noun: str, **changes: Any) -> dict[str, Any]:
    """Return a hand-made record in the shape that the document gives, with some fields changed."""
    record = json.loads(json.dumps(PAYLOADS[noun]))
    return {**record, **changes}


def data(found: Any, *, total: int = 0) -> httpx.Response:
    """Return an answer; its `total` lies."""
    return httpx.Response(200, json={"status": "success", "data": found, "total": total})


class Platform(httpx.BaseTransport):
    """Answers by method and path, in order, the last answer again and again."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        self._answers: dict[tuple[str, str], list[Answer]] = {}

    def answers(self, method: str, path: str, *answers: Answer) -> None:
        self._answers[method, f"/v2/{path}"] = list(answers)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.requests.append(request)
        key = (request.method, request.url.path)
        if key not in self._answers:
            raise AssertionError(f"Nobody expects {request.method} {request.url.path}.")
        waiting = self._answers[key]
        answer = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, httpx.Response):
            # A response of httpx is used up by reading it, so each request gets its own.
            return httpx.Response(
                answer.status_code, headers=answer.headers, content=answer.content
            )
        return answer(request)

    @property
    def queries(self) -> list[dict[str, str]]:
        return [dict(request.url.params) for request in self.requests]

    @property
    def bodies(self) -> list[Any]:
        return [
            json.loads(request.content) if request.content else None for request in self.requests
        ]

    @property
    def sent(self) -> list[tuple[str, str]]:
        return [(request.method, request.url.path) for request in self.requests]
