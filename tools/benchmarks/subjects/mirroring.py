"""What it costs to mirror the operator's sites."""

import time

from ampeco.client import AmpecoClient
from sites.mirroring.full_walk import sync_sites
from sites.models import ChargePoint, Connector, Evse, Location
from tools.benchmarks.report import Figure, count_figure, say


def measure(client: AmpecoClient) -> list[Figure]:
    say("Mirroring the sites …")
    return [_run(client, full=True, budget=101), _run(client, full=False, budget=3)]


def _run(client: AmpecoClient, *, full: bool, budget: int) -> Figure:
    begun, called = time.perf_counter(), client.calls
    run = sync_sites(client=client, full=full)
    seconds, calls = time.perf_counter() - begun, client.calls - called
    if run.state != run.State.FINISHED:
        raise RuntimeError(run.problem)
    if not full:
        return count_figure(
            "mirror, delta without a change: calls", calls, budget=budget, note=f", {seconds:.2f} s"
        )
    counts = [model._default_manager.count() for model in (Location, ChargePoint, Evse, Connector)]
    what = "full mirror of {} locations, {} charge points, {} EVSEs: calls".format(*counts[:3])
    note = f", {seconds:.1f} s, {sum(counts)} rows"
    return count_figure(what, calls, budget=budget, note=note)
