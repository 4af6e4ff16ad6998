"""What it costs to mirror what drivers charged and paid."""

import time

from ampeco.client import AmpecoClient
from charging.mirroring.reach import SESSIONS
from charging.mirroring.run import TRANSACTIONS, sync_sessions
from drivers.models import Driver
from mirror.models import SyncRun
from tools.benchmarks.report import Figure, count_figure, say
from tools.benchmarks.sizes import Sizes
from tools.benchmarks.world.desk import Desk

MONTHS = 13
DAYS_A_MONTH = 30.44
# On weekends people charge half as often.
OF_A_WEEK = (5 + 2 * 0.5) / 7
PER_PAGE = 100


def measure(client: AmpecoClient, *, desk: Desk, sizes: Sizes) -> list[Figure]:
    """Let drivers have charged for a year, and read that; then read what has changed."""
    days = MONTHS * DAYS_A_MONTH * OF_A_WEEK
    share = sizes.charged / (Driver.objects.count() * days)
    say(f"Mirroring {sizes.charged} sessions …")
    desk.set(walk_ins_a_day=min(1.0, share), walk_in_months=MONTHS)
    # The simulated operator works out once what there is.
    next(client.session_pages(), None)
    figures = [_run(client, full=True), _run(client, full=False)]
    desk.set(walk_ins_a_day=0)
    return figures


def _run(client: AmpecoClient, *, full: bool) -> Figure:
    begun, cpu, called = time.perf_counter(), time.process_time(), client.calls
    run = sync_sessions(client=client)
    seconds, cpu = time.perf_counter() - begun, time.process_time() - cpu
    calls = client.calls - called
    if run is None or run.state != SyncRun.State.FINISHED:
        raise RuntimeError(run.problem if run else "There are no drivers.")
    note = f", {seconds:.1f} s, of which {cpu:.1f} s of the portal's processor"
    if not full:
        return count_figure("charging, delta: calls", calls, budget=20, note=note)
    sessions, payments = (run.counts[noun]["new"] for noun in (SESSIONS, TRANSACTIONS))
    seen = sum(run.counts[noun]["seen"] for noun in (SESSIONS, TRANSACTIONS))
    # A page is never fuller than that, and each month and list ends with one that is not full.
    budget = seen // PER_PAGE + MONTHS + 3
    what = f"charging, {sessions} sessions and {payments} payments of {MONTHS} months: calls"
    return count_figure(what, calls, budget=budget, note=note)
