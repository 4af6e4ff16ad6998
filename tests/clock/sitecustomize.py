"""Python reads this first where this folder is on PYTHONPATH: it sets the clock of a process.

On its own, since it is read before anything else can be found.
"""

import os
import time


def set_clock(seconds: str) -> None:
    """Move this process's clock by so many seconds; it goes on from there."""
    import time_machine

    time_machine.travel(time.time() + float(seconds), tick=True).start()
    # It stands still until somebody looks, and would be late by what a process takes to begin.
    time.time()


if "TEST_CLOCK_OFFSET" in os.environ:
    set_clock(os.environ["TEST_CLOCK_OFFSET"])
