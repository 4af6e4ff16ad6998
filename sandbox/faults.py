"""What can go wrong with the operator, switched on by hand."""

import random
import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

KINDS = (
    "latency",  # answers after `seconds`
    "rate-limited",  # 429 with Retry-After of `seconds`
    "server-error",  # 500 without processing
    "server-error-after",  # 500 although the call was processed
    "unauthorized",  # 401
    "cut-before",  # the connection is cut, nothing was processed
    "cut-after",  # the connection is cut, the call was processed
    "slow-body",  # the body trickles in over `seconds`
    "late",  # the connection is cut, and the call is processed `seconds` later
)
# What else can go wrong with answers of Ampcontrol.
ENERGY_KINDS = (
    *KINDS,
    "status-fail",  # 200 with the status “fail”
    "shifting-pages",  # a list begins with a record more at each call
    "unknown-words",  # words and fields that nobody has heard of
    "naive-times",  # times without a zone
)
FIELDS: dict[str, Callable[[Any], Any]] = {
    "probability": float,
    "count": int,
    "path": str,
    "method": str,
    "seconds": float,
}


class ConnectionCut(ConnectionError):
    """The connection was cut. In-process callers see this where a socket would be closed."""


@dataclass(slots=True)
class Fault:
    """One thing that goes wrong, for the next `count` calls or by `probability`.

    `path` is a part of the paths concerned, `method` an HTTP method; empty means all.
    """

    kind: str
    probability: float = 1.0
    count: int | None = None
    path: str = ""
    method: str = ""
    seconds: float = 1.0
    hits: int = 0


@dataclass
class Faults:
    """The faults that are switched on."""

    seed: int = 1
    active: list[Fault] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)  # noqa: S311
        self._lock = threading.Lock()

    def add(self, kind: str, **fields: Any) -> Fault:
        """Switch a fault on. Raises ValueError for a kind or a field that makes no sense."""
        if kind not in ENERGY_KINDS:
            raise ValueError(f"{kind} is not one of {', '.join(ENERGY_KINDS)}.")
        fault = Fault(kind, **_checked(fields))
        with self._lock:
            self.active.append(fault)
        return fault

    def clear(self, path: str | None = None) -> None:
        """Switch the faults of a part of the paths off, or all."""
        with self._lock:
            self.active = [each for each in self.active if path not in {None, each.path}]

    def strike(
        self, method: str, path: str, *, kinds: Collection[str] = ENERGY_KINDS
    ) -> list[Fault]:
        """Return the faults of some kinds that hit a call, and count them."""
        struck = []
        with self._lock:
            for fault in list(self.active):
                if fault.kind not in kinds or (fault.method and fault.method != method):
                    continue
                if fault.path not in path or self._random.random() >= fault.probability:
                    continue
                fault.hits += 1
                struck.append(fault)
                if fault.count is not None and fault.hits >= fault.count:
                    self.active.remove(fault)
        return struck

    @classmethod
    def parse(cls, text: str) -> dict[str, Any]:
        """Read `kind,name=value,…` from a command line into the arguments of `add`.

        Raises ValueError for what `add` would not take.
        """
        kind, *pairs = text.split(",")
        fields = {name: value for name, _, value in (pair.partition("=") for pair in pairs)}
        cls().add(kind, **fields)
        return {"kind": kind, **_checked(fields)}


def _checked(fields: dict[str, Any]) -> dict[str, Any]:
    checked: dict[str, Any] = {}
    for name, value in fields.items():
        if name not in FIELDS:
            raise ValueError(f"A fault has no “{name}”, only {', '.join(FIELDS)}.")
        try:
            checked[name] = None if value is None and name == "count" else FIELDS[name](value)
        except (TypeError, ValueError):
            raise ValueError(f"“{value}” is no {name} of a fault.") from None
    if not 0 <= checked.get("probability", 1) <= 1 or not 0 <= checked.get("seconds", 0) <= 600:
        raise ValueError("The probability lies between 0 and 1, the seconds between 0 and 600.")
    if checked.get("count") is not None and checked["count"] < 1:
        raise ValueError("The count is at least 1.")
    return checked
