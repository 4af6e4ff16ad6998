"""What goes wrong with Ampcontrol in a run, in a lane of its own."""

import time
from collections.abc import Callable
from functools import partial

PATH = "/ampcontrol/"
# Each kind of fault, with what it takes: `sandbox.faults` explains them.
FAULTS: dict[str, dict[str, object]] = {
    "latency": {"probability": 0.5, "seconds": 3},
    "rate-limited": {"seconds": 4},
    "server-error": {"probability": 0.7},
    "server-error-after": {"probability": 0.7},
    "unauthorized": {"probability": 0.5},
    "cut-before": {"probability": 0.7},
    "cut-after": {"probability": 0.7},
    "slow-body": {"probability": 0.5, "seconds": 3},
    "status-fail": {"probability": 0.7},
    "unknown-words": {},
    "naive-times": {},
}
SWITCHES = ("objective_off", "unlinked_tags", "stale_departures")
FEW_CALLS = 5
WELL: dict[str, object] = {**dict.fromkeys(SWITCHES, False), "rate_limit": None}

Control = Callable[[str, str, object], None]
Fault = tuple[str, Callable[[float], None]]


def faults(control: Control) -> list[Fault]:
    """Return what goes wrong with Ampcontrol alone."""

    def strike(kind: str, seconds: float) -> None:
        control("POST", "faults", {"kind": kind, "path": PATH, **FAULTS[kind]})
        time.sleep(seconds)
        control("DELETE", f"faults?path={PATH}", None)

    def switch(name: str, value: object, seconds: float) -> None:
        control("POST", "ampcontrol/switches", {name: value})
        time.sleep(seconds)
        control("POST", "ampcontrol/switches", {name: WELL[name]})

    return [
        *((f"ampcontrol: {kind}", partial(strike, kind)) for kind in FAULTS),
        *((f"ampcontrol: {name}", partial(switch, name, True)) for name in SWITCHES),
        ("ampcontrol: few calls a minute allowed", partial(switch, "rate_limit", FEW_CALLS)),
    ]
