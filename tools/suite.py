"""Runs the tests: `python -m tools.suite WHICH [what pytest understands]`.

`here`      all that this machine can run: the suite on SQLite, what is particular to PostgreSQL or
            Redis if PostgreSQL can be had, what needs a browser if there is one
`services`  the suite on PostgreSQL and Redis, as in production; CI runs it in the stead of SQLite's
`sqlite`    what differs on SQLite with a cache in memory, after a run of `services`
`browser`   the browser tests
`days`      some of the tests that take dates as if it were each of DAYS; `--whole`: `here` on each

With SUITE=services, `here` is `services`: what else there is follows by itself.
"""

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import UTC, datetime
from urllib.parse import urlsplit

from tools.demo.stack import ROOT
from tools.frontend.browser import headless_path
from tools.services import postgres, template, valkey

# pytest's exit status when tests failed, and when nothing was selected.
FAILED, NO_TESTS = 1, 5
# In CI, so few that fail among all others are run again by themselves, and named: thousands of
# tests on a busy machine meet each other now and then. More are no accident.
FEW = 3
SERVICES = "postgresql or redis"
# What differs where Django or SQLite does in Python, or not at all, what PostgreSQL does: words in
# any case, upserts, windows and subqueries, JSON, numbers and texts that are too large, migrations,
# writers that wait for each other, claims without row locks; and what counts in the cache where
# that is no Redis. The same pages and forms run on SQLite in the demo of the browser tests, and a
# part of what takes dates on DAYS.
ON_SQLITE = (
    "tests/accounts/test_admin.py",
    "tests/accounts/test_throttle.py",
    "tests/boards/test_calendar.py",
    "tests/bookings/pages/test_search.py",
    "tests/bookings/state/test_random_lives.py",
    "tests/bookings/test_trip.py",
    "tests/config/test_health.py",
    "tests/deploy/test_indexes.py",
    "tests/drivers/test_admin.py",
    "tests/drivers/test_sync.py",
    "tests/e2e",
    "tests/faults/test_killed.py",
    "tests/faults/test_many_hands.py",
    "tests/fuzz",
    "tests/mirror",
    "tests/privacy/test_erasure.py",
    "tests/privacy/test_retention.py",
    "tests/sites/finding",
    "tests/sites/mirroring",
    "tests/sync/test_refresh.py",
    "tests/team",
    "tests/telemetry/test_store.py",
)
# More than there are cores, since some tests wait for other processes, most of all where these are
# servers. Each has databases of its own in a Redis, of which that has 16.
CORES = os.cpu_count() or 1
PROCESSES = str(min(6, CORES + 1))
PROCESSES_WITH_SERVICES = str(min(6, CORES + 2))
# A demo takes a few hundred megabytes.
PROCESSES_WITH_DEMO = str(min(4, CORES + 1))
# In UTC: morning at the demo's sites in New York, afternoon at those in Europe.
MIDDAY = 14
# On which the suite has to pass as it does today: TEST_NOW of each run.
DAYS = (
    "2027-01-01T00:05Z",  # a year has just begun
    "2027-01-31T23:00Z",  # a month ends, and has ended in Paris; a Sunday
    "2027-03-14T06:30Z",  # half an hour before New York's clocks go forward
    "2027-03-28T00:30Z",  # half an hour before Europe's clocks go forward
    "2027-10-31T00:30Z",  # half an hour before Europe's clocks go back
    "2027-11-07T05:30Z",  # half an hour before New York's clocks go back
    "2027-12-31T23:50Z",  # a year ends meanwhile
    "2028-02-29T12:00Z",  # a leap day
)


def pytest(*words: str, environment: dict[str, str] | None = None) -> int:
    """Run pytest; return its exit status, where having selected nothing is none of the failures.

    What has run out of work takes over from who has most: the longest tests come first.
    """
    command = [sys.executable, "-m", "pytest", "--dist", "worksteal", *words]

    def run(*more: str) -> int:
        whole = {**os.environ, **(environment or {})}
        return subprocess.run([*command, *more], cwd=ROOT, env=whole, check=False).returncode

    status = run()
    if status == FAILED and os.environ.get("CI") and 0 < len(failed := last_failed()) <= FEW:
        heading("Failed among the others; once more by themselves: " + ", ".join(failed))
        status = run("--last-failed", "-n", "0")
    return 0 if status == NO_TESTS else status


def last_failed() -> list[str]:
    """Return the tests that failed in the last run, as pytest keeps them for --last-failed."""
    kept = ROOT / ".pytest_cache" / "v" / "cache" / "lastfailed"
    return sorted(json.loads(kept.read_text())) if kept.exists() else []


@contextmanager
def services(**options: str) -> Iterator[dict[str, str]]:
    """Yield the settings of PostgreSQL and Redis: those given, else private ones.

    A private PostgreSQL has the `options` and does not wait for the disk; where none is installed,
    a local one serves.
    The tests empty their cache, so a Redis that was not named for them is never used.
    """
    with ExitStack() as stack:
        database = (
            postgres.given_server()
            or (None if postgres.binaries() else postgres.local_server())
            or stack.enter_context(postgres.private_server(**options))
        )
        cache = os.environ.get("CACHE_URL", "")
        broker = os.environ.get("CELERY_BROKER_URL", "")
        if not cache or not broker:
            server = stack.enter_context(valkey.private_server())
            cache = cache or f"{server}/1"
            broker = broker or f"{server}/0"
        yield {"DATABASE_URL": database, "CACHE_URL": cache, "CELERY_BROKER_URL": broker}


@contextmanager
def prepared(
    migrating: AbstractContextManager[dict[str, str]], words: list[str]
) -> Iterator[dict[str, str]]:
    """Yield the setting of a migrated database; meanwhile the tests are read for the first time.

    Else each of the parallel processes would do both, at the same time as the others: what pytest
    makes of a test's assertions is kept once somebody has read it.
    """
    command = [sys.executable, "-m", "pytest", "--collect-only", "-p", "no:cacheprovider", *words]
    nowhere = subprocess.DEVNULL
    with (
        subprocess.Popen(command, cwd=ROOT, stdout=nowhere, stderr=nowhere) as reading,
        migrating as environment,
    ):
        reading.wait()
        yield environment


def heading(text: str) -> None:
    print(f"\n== {text}", flush=True)


def run_services(words: list[str], *, only_particular: bool) -> int:
    """Run the suite, or only what is particular to them, on PostgreSQL and Redis."""
    chosen = SERVICES if only_particular else "not browser and not stack"
    with services() as environment:
        url = environment["DATABASE_URL"]
        place = urlsplit(url)
        print(f"PostgreSQL at {place.hostname}:{place.port or 5432}", flush=True)
        if only_particular and not any((ROOT / word.partition("::")[0]).exists() for word in words):
            words = [*particular_files(), *words]
        with prepared(template.migrated_postgresql(url), words) as migrated:
            return pytest(
                *("-n", PROCESSES_WITH_SERVICES, "-m", chosen),
                *("-p", "tests.config.own_redis"),
                *words,
                environment=environment | migrated,
            )


def particular_files() -> list[str]:
    """Return the files in which a test needs one of the services: each process reads them all."""
    marks = tuple(f"mark.{service}" for service in SERVICES.split(" or "))
    files = sorted((ROOT / "tests").rglob("test_*.py"))
    texts = {path: path.read_text(encoding="utf-8") for path in files}
    return [str(path) for path, text in texts.items() if any(mark in text for mark in marks)]


def run_sqlite(words: list[str]) -> int:
    """Run what differs on SQLite with a cache in memory, and the whole demo, which is on it."""
    chosen = f"not browser and not ({SERVICES})"
    return run_on_sqlite(chosen, [*ON_SQLITE, *words])


def run_on_sqlite(chosen: str, words: list[str]) -> int:
    command = ("-n", PROCESSES, "-m", chosen, *words)
    if template.given_sqlite():
        # Who made it for several runs has let the tests be read, too.
        return pytest(*command)
    with prepared(template.migrated_sqlite(), words) as migrated:
        return pytest(*command, environment=migrated)


def run_browser(words: list[str]) -> int:
    """Run the browser tests, in processes with a demo and a browser each: one waits while two work.

    Two cannot share a demo: tests let its operator fail, or decide by hand. It is the middle of the
    day unless TEST_NOW says otherwise: late in the evening few starts are left to choose from.
    """
    midday = datetime.now(UTC).replace(hour=MIDDAY, minute=0, second=0, microsecond=0)
    names_some = any((ROOT / word.partition("::")[0]).exists() for word in words)
    files = [] if names_some else browser_files()
    now = {"TEST_NOW": os.environ.get("TEST_NOW", midday.isoformat())}
    with template.migrated_sqlite() as migrated:
        return pytest(
            *("-n", PROCESSES_WITH_DEMO, "-m", "browser", *files, *words),
            environment=now | migrated,
        )


def browser_files() -> list[str]:
    """Return the files in which a test is for a browser: to read the others takes its time."""
    files = sorted((ROOT / "tests").rglob("test_*.py"))
    return [str(path) for path in files if "mark.browser" in path.read_text(encoding="utf-8")]


def run_days(words: list[str]) -> int:
    """Run what takes dates on all DAYS, one process for each; or all that this machine can run."""
    if "--whole" in words:
        words = [word for word in words if word != "--whole"]
        worst = 0
        for day in DAYS:
            heading(f"As if it were {day}")
            os.environ["TEST_NOW"] = day
            worst = max(worst, run_here(words))
        return worst
    with ThreadPoolExecutor(CORES) as pool:
        return max(pool.map(run_dated, range(len(DAYS)), [words] * len(DAYS)))


def run_dated(number: int, words: list[str]) -> int:
    """Run a part of the tests that take dates on one of DAYS; say at its end how it went."""
    chosen = f"not browser and not stack and not quantity and not ({SERVICES})"
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"),
            *("-p", "tests.clock.dated", "--no-migrations", "-m", chosen, *words),
        ],
        cwd=ROOT,
        env={**os.environ, "TEST_NOW": DAYS[number], "TEST_DAY": str(number)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    heading(f"Tests that take dates, as if it were {DAYS[number]}")
    print(done.stdout, flush=True)
    return 0 if done.returncode == NO_TESTS else done.returncode


def why_no_browser() -> str | None:
    """Return what the browser tests lack, or None."""
    if importlib.util.find_spec("playwright") is None:
        return "Playwright is not installed"
    if headless_path() is None:
        return "there is no Chromium"
    return None


def run_here(words: list[str]) -> int:
    """Run what this machine can run, and name what it cannot."""
    if os.environ.get("SUITE") == "services":
        return run_services(words, only_particular=False)
    heading("Tests that need no server")
    worst = run_on_sqlite(f"not browser and not ({SERVICES})", words)
    skipped = []
    if postgres.given_server() or postgres.local_server() or postgres.binaries():
        heading("Tests that need PostgreSQL or Redis")
        worst = max(worst, run_services(words, only_particular=True))
    else:
        skipped.append(
            "tests marked postgresql or redis: there is no PostgreSQL (make test-services)"
        )
    lack = why_no_browser()
    if lack is None:
        heading("Tests that need a browser")
        worst = max(worst, run_browser(words))
    else:
        skipped.append(f"tests marked browser: {lack} (make e2e)")
    for line in skipped:
        print(f"SKIPPED {line}")
    return worst


def main(words: list[str]) -> int:
    """Run what the first word names; return the exit status."""
    match words:
        case ["here", *rest]:
            return run_here(rest)
        case ["services", *rest]:
            return run_services(rest, only_particular=False)
        case ["sqlite", *rest]:
            return run_sqlite(rest)
        case ["browser", *rest]:
            return run_browser(rest)
        case ["days", *rest]:
            return run_days(rest)
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
