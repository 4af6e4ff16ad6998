"""`make chaos`: many bookings while everything fails, then the books are compared.

Two web servers, three workers and beat run on a PostgreSQL, a broker, a cache, an operator and a
mail server of their own. Exit status 1 where the books differ. Options: --bookings N, --seed N,
--short, --keep FOLDER (logs stay there).
"""

import argparse
import os
import signal
import sys
import time
from collections import Counter
from functools import partial
from pathlib import Path

import django

from tools.chaos.place import chance_of, make_place

MANY, FEW = 2_000, 80


def main() -> int:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda signum, _frame: sys.exit(128 + signum))
    parser = argparse.ArgumentParser(prog="make chaos")
    parser.add_argument("--bookings", type=int, metavar="N")
    parser.add_argument("--seed", type=int, default=1, metavar="N")
    parser.add_argument("--short", action="store_true", help=f"{FEW} bookings instead of {MANY}")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="leave the logs there")
    options = parser.parse_args()
    count = options.bookings or (FEW if options.short else MANY)
    print(f"{count} bookings, seed {options.seed}. Starting everything …", flush=True)
    begun = time.monotonic()
    with make_place(options.keep, seed=options.seed) as place:
        os.environ.update(place.environment)
        os.environ["DATABASE_POOL_SIZE"] = "2"
        django.setup()
        # Only now can models be imported.
        from tools.chaos.run import run

        chance = partial(chance_of, options.seed)
        result = run(place, count=count, chance=chance, short=options.short)
        result.restarts = Counter(place.target.supervisor.restarts)
        result.print()
    print(f"\nTaken in {time.monotonic() - begun:.0f} s, seed {options.seed}.")
    if result.differences:
        print(f"\nThe books differ in {len(result.differences)} places.")
        return 1
    print("\nThe books agree.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
