"""How many cores of the processor there are for us."""

import os
from pathlib import Path

# The limit of a control group: the microseconds of each period that it may use, and the period.
LIMIT = Path("/sys/fs/cgroup/cpu.max")


def cores(limit: Path = LIMIT) -> int:
    """Return how many cores this process may keep busy: as its control group says, if it does."""
    there = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    try:
        share, period = limit.read_text().split()
        allowed = int(share) // int(period)
    except (OSError, ValueError):
        # No limit, which is “max”, or another system.
        return there or 1
    return max(1, min(there or 1, allowed))
