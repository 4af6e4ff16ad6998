"""Whether the suite can be tried on another day, with TEST_NOW, and passes there."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.utils.timezone import now

from tests import clock

ROOT = Path(__file__).resolve().parents[1]
# A process, and a child of it: what each takes for the present.
ASK = """
import subprocess, sys
from datetime import UTC, datetime
from tests import clock
clock.start()
print(datetime.now(UTC).isoformat(), flush=True)
ask = "from datetime import UTC, datetime; print(datetime.now(UTC).isoformat())"
subprocess.run([sys.executable, "-c", ask], check=True)
"""
# By how many seconds less than it is told a process that begins slowly moves its clock.
SLOW_START = """
import os, time
time.sleep(0.5)
from time_machine import escape_hatch
print(escape_hatch.time.time() + float(os.environ["TEST_CLOCK_OFFSET"]) - time.time())
"""
# These knew which day it was when they were written: they were right until an evening in November,
# and as long as New York had winter time.
ONCE_WRONG = (
    "tests/notifications/test_delivery.py::test_an_approval_waits_until_its_charger_is_known",
    "tests/notifications/test_obsolete.py::test_nothing_waits_for_a_charger_until_after_the_start",
    "tests/bookings/pages/test_change.py::test_the_same_values_are_said_and_nothing_is_sent",
    "tests/test_translations.py::test_a_drivers_page_is_too[accepted-]",
)


def at(instant: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run Python as if it were another time, without the services that this run may have."""
    unset = {clock.OFFSET, "PYTHONPATH", "PYTEST_XDIST_WORKER"}
    unset |= {"DATABASE_URL", "CACHE_URL", "CELERY_BROKER_URL"}
    kept = {name: value for name, value in os.environ.items() if name not in unset}
    return subprocess.run(
        [sys.executable, *words],
        cwd=ROOT,
        env=kept | {"TEST_NOW": instant},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_process_and_its_children_take_it_for_that_time_which_goes_on():
    wanted = datetime(2031, 3, 14, 6, 30, tzinfo=UTC)
    answer = at("2031-03-14T06:30Z", "-c", ASK)
    assert answer.returncode == 0, answer.stderr
    own, childs = map(datetime.fromisoformat, answer.stdout.split())
    assert wanted <= own < childs < wanted + timedelta(minutes=5)


def test_a_process_that_begins_slowly_is_not_late():
    moved = os.environ | {clock.OFFSET: "86400", "PYTHONPATH": clock.FOLDER}
    answer = subprocess.run(
        [sys.executable, "-c", SLOW_START], env=moved, capture_output=True, text=True, check=True
    )
    assert abs(float(answer.stdout)) < 0.25


@pytest.mark.parametrize("text", ["soon", "2027-03-14T06:30", "2027-02-29T12:00Z"])
def test_what_is_no_instant_is_refused(text):
    with pytest.raises(clock.WrongTime, match=f"TEST_NOW is “{text}”, not an instant such as"):
        clock.read_instant(text)


def test_a_run_at_no_instant_ends_with_a_sentence():
    answer = at("soon", "-m", "pytest", "--collect-only", "-q", __file__)
    assert answer.returncode == pytest.ExitCode.USAGE_ERROR
    assert answer.stderr.strip().startswith("ERROR: TEST_NOW is “soon”, not an instant")


@pytest.mark.django_db
def test_the_database_takes_it_for_the_same_time():
    functions = {
        "postgresql": ["now()", "statement_timestamp()", "clock_timestamp()"],
        "sqlite": ["strftime('%Y-%m-%d %H:%M:%f', 'NOW') || '+00:00'"],
    }
    for function in functions[connection.vendor]:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT CAST({function} AS varchar)")
            (said,) = cursor.fetchone()
        told = datetime.fromisoformat(said)
        assert abs(told - now()) < timedelta(minutes=5), function


def test_what_was_wrong_on_a_later_day_is_right_next_summer():
    summer = datetime(now().year + 1, 7, 1, 12, tzinfo=UTC)
    answer = at(summer.isoformat(), "-m", "pytest", "-q", "--no-migrations", *ONCE_WRONG)
    assert answer.returncode == 0, answer.stdout
    assert f"{len(ONCE_WRONG)} passed" in answer.stdout
