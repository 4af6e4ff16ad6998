"""How much there is of everything, and how often it is measured."""

import argparse
from dataclasses import dataclass, replace

# What can be measured, in this order.
SUBJECTS = (
    *("mirror", "batches", "series", "waiting", "calls", "queries", "pages", "polling"),
    *("freshness", "energy", "reports", "sessions", "live", "decisions", "throughput", "memory"),
)
# Only where they are named: they take long, or all of the machine.
UNASKED = ("growth", "load")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """Rows and repetitions of one run; the defaults are those that the budgets speak of."""

    locations: int = 1000
    charge_points: int = 3000
    evses: int = 6000
    drivers: int = 1000
    bookings: int = 1_000_000
    # Within a year.
    sessions: int = 1_000_000
    pending: int = 1000
    live: int = 10_000
    forms: int = 1000
    queued: int = 1000
    runs: int = 60
    samples: int = 20
    workers: int = 1
    # That tell of themselves through Ampcontrol.
    vehicles: int = 1000
    # Bookings and fleets of the growth, which begins with a tenth of them; sites and drivers grow
    # from those above to ten times as many.
    grown: int = 5_000_000
    fleets: int = 1000
    viewers: int = 200
    clicking: int = 20
    only: frozenset[str] = frozenset(SUBJECTS)

    @property
    def upcoming(self) -> int:
        return min(5000, self.bookings // 10)


# Enough to see that everything works.
QUICK = Sizes(
    locations=60,
    charge_points=180,
    evses=360,
    drivers=60,
    bookings=20_000,
    sessions=20_000,
    pending=60,
    live=600,
    forms=40,
    queued=160,
    runs=10,
    samples=4,
    grown=500_000,
    vehicles=200,
    fleets=100,
    viewers=20,
    clicking=4,
)
# Filling SQLite with a million rows takes longer than all the rest.
SQLITE_BOOKINGS = 100_000


def read_sizes(words: list[str], *, sqlite: bool) -> Sizes:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few of everything, within a minute")
    parser.add_argument("--only", metavar="NAMES", help="only these, with a comma between")
    parser.add_argument("--bookings", type=int, metavar="N", help="so many bookings of one fleet")
    parser.add_argument("--queued", type=int, metavar="N", help="so many requests for the workers")
    parser.add_argument("--workers", type=int, metavar="N", help="so many worker processes")
    options = parser.parse_args(words)
    chosen = QUICK if options.quick else Sizes()
    bookings = options.bookings or chosen.bookings
    if sqlite and not options.bookings:
        bookings = min(bookings, SQLITE_BOOKINGS)
    only = frozenset((options.only or "").replace(",", " ").split())
    subjects = (*SUBJECTS, *UNASKED)
    if unknown := only - set(subjects):
        parser.error(f"there is no {', '.join(sorted(unknown))}; there are {', '.join(subjects)}")
    queued = options.queued or chosen.queued
    return replace(
        chosen,
        bookings=bookings,
        queued=queued,
        workers=options.workers or 1,
        only=only or frozenset(SUBJECTS),
    )
