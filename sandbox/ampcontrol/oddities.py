"""What is odd about answers while certain faults are on."""

import re
from typing import Any

from sandbox.faults import Fault

Payload = dict[str, Any]
TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?)\+00:00")
WORDS = ("objective", "ocppStatus", "onlineStatus", "currentType", "plugType", "urgency", "source")


def spoil(payload: Payload, struck: dict[str, Fault]) -> Payload:
    """Return an answer as it comes out with the faults that hit it."""
    if "status-fail" in struck:
        return payload | {"status": "fail", "data": {}}
    if "shifting-pages" in struck and isinstance(payload.get("data"), list):
        # Something was put in before: what was last on the page before comes again.
        payload = payload | {"data": [*payload["data"][:1], *payload["data"]]}
    if "unknown-words" in struck:
        payload = _with_unknown(payload)
    if "naive-times" in struck:
        payload = _naive(payload)
    return payload


def _with_unknown(value: Any) -> Any:
    if isinstance(value, list):
        return [_with_unknown(each) for each in value]
    if not isinstance(value, dict):
        return value
    known = {name: _with_unknown(each) for name, each in value.items()}
    words = {name: "quantum" for name in WORDS if isinstance(value.get(name), str)}
    return known | words | {"unheardOf": {"of": ["anything"]}}


def _naive(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _naive(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_naive(each) for each in value]
    return TIME.sub(r"\1", value) if isinstance(value, str) else value
