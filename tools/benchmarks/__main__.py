"""`make bench`: measures what the portal costs and prints it beside what is allowed.

It brings its own simulated operator and a database that is dropped afterwards, on the PostgreSQL of
DATABASE_URL, a local one, or a private one; where there is none, on SQLite. CACHE_URL and
CELERY_BROKER_URL are used where given, and must then serve nothing else: its worker takes whatever
is in the queue. Options: --quick, --bookings N, --workers N, --only NAMES (of those in
sizes.py; growth and load are measured only where they are named).
"""

import os
import signal
import sys
import time

import django

from tools.benchmarks.sizes import read_sizes
from tools.benchmarks.world.place import make_place, wants_sqlite
from tools.demo.run import prepare


def main(words: list[str]) -> int:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda signum, _frame: sys.exit(128 + signum))
    begun = time.monotonic()
    sizes = read_sizes(words, sqlite=wants_sqlite())
    with make_place(sizes) as place:
        if not prepare(place.environment):
            return 1
        os.environ.update(place.environment)
        os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
        django.setup()
        # Only now can models be imported.
        from tools.benchmarks.everything import measure_all

        measure_all(place, sizes=sizes)
    print(f"\nTaken in {time.monotonic() - begun:.0f} s.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
