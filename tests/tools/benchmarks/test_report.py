"""What the table says of what was measured."""

import pytest
from django.db import connection
from django.urls import reverse

from tools.benchmarks import yardstick
from tools.benchmarks.processor import cpu_seconds, own_backend
from tools.benchmarks.report import Figure, Taken, cpu_text, ratio_text, timed
from tools.benchmarks.sizes import Sizes
from tools.benchmarks.subjects import growth, load

pytestmark = pytest.mark.django_db


def test_a_page_is_told_in_milliseconds_and_in_bare_pages():
    figure = Figure("a page", "", "", None, cpu_ms=10.0, database_ms=2.5)
    assert (cpu_text(figure), ratio_text(figure, 2.5)) == ("10.0 + 2.5", "5.0 ×")
    without = Figure("a page", "", "", None, cpu_ms=10.0)
    assert (cpu_text(without), ratio_text(without, 2.5)) == ("10.0", "4.0 ×")
    calls = Figure("calls", "", "3", None)
    assert (cpu_text(calls), ratio_text(calls, 2.5)) == ("", "")


def test_the_yardstick_is_as_large_as_a_list_of_the_portal():
    taken = yardstick.measure()
    assert len(taken.cpu) == yardstick.RUNS
    size = len(yardstick.page(None).content)
    assert 44_000 < size < 48_000
    assert reverse("home") == "/", "the portal's addresses are back"


def test_the_time_of_the_processor_is_that_of_the_action():
    taken = timed(lambda: sum(range(200_000)), runs=5)
    assert len(taken.wall) == len(taken.cpu) == 5
    assert 0 < taken.cpu_ms < 1000


@pytest.mark.postgresql
def test_what_postgresql_takes_is_counted_for_our_connection():
    def work() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT sum(n) FROM generate_series(1, 300000) AS n")

    [pid] = own_backend()
    before = cpu_seconds([pid])
    taken = timed(work, runs=3)
    assert cpu_seconds([pid]) > before
    assert taken.database_ms > 0


def test_growth_is_judged_without_what_the_machine_was_busy_with():
    tenth = Taken(wall=[10.0] * 20, cpu=[8.0] * 20)
    whole = Taken(wall=[30.0] * 20, cpu=[14.0] * 20, database=80.0)
    quiet, busy = (Taken(wall=[each], cpu=[each]) for each in (5.0, 10.0))
    assert growth._figure("a list", (tenth, quiet), (whole, busy)).within
    assert not growth._figure("a list", (tenth, quiet), (whole, quiet)).within


def test_who_waits_too_long_under_load_is_told():
    told = {
        "clicks": [40.0] * 20,
        "cores": {"web": 0.5, "worker": 0.25},
        "pending": 1000,
        "sizes": Sizes(),
    }
    seen, click, cores = load.figures_of([0.8] * 99 + [1.4], **told)
    assert seen.within
    assert "p95 40 ms" in click.measured
    assert cores.measured == "0.75: web 0.50, worker 0.25"
    assert not load.figures_of([0.8] * 99 + [1.6], **told)[0].within
    assert not load.figures_of([1.2] * 100, **told)[0].within
