"""What it costs to say what a slot costs at each of 40 EVSEs."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from ampeco.client import AmpecoClient
from sites.models import Evse, Location
from tariffs.estimates import Estimate, Need
from tariffs.mirroring import sync_tariffs
from tariffs.models import TariffAnswer, TariffGroup
from tariffs.selectors import tariffs_for
from tariffs.tasks import ask_for_tariffs
from tools.benchmarks.report import Figure, count_figure, say, time_figure, timed
from tools.benchmarks.world.data import People, enabled_drivers
from tools.benchmarks.world.desk import Desk

Groups = Sequence[int | None]
EVSES = 40
LENGTH = timedelta(hours=8)
NEED = Need(Decimal(30), Decimal(11))
MOST_CALLS, MOST_QUERIES, MOST_MS = 2, 4, 30


def measure(
    people: People, *, site: Location, client: AmpecoClient, desk: Desk, runs: int
) -> list[Figure]:
    """Price a night at 40 EVSEs of one site, as the operator has their tariff groups.

    Then as if they were in all groups that there are, with what a worker asks for meanwhile.
    """
    say(f"Pricing {EVSES} EVSEs …")
    run = sync_tariffs(client=client)
    if run.state != run.State.FINISHED:
        raise RuntimeError(run.problem)
    evses = Evse.objects.filter(charge_point__location=site).order_by("pk")
    groups = list(evses.values_list("ampeco_tariff_group_id", flat=True)[:EVSES])
    every = list(TariffGroup.objects.order_by("pk").values_list("ampeco_id", flat=True))
    mixed = [every[number % len(every)] for number in range(EVSES)]
    user_id = enabled_drivers(people.fleet)[0].ampeco_user_id
    figures = [count_figure("mirror of tariffs and groups: calls", run.calls, budget=MOST_CALLS)]
    cases: list[tuple[str, Groups]] = [
        (f"price of {EVSES} EVSEs", groups),
        (f"the same in {len(set(mixed))} tariff groups", mixed),
    ]
    for what, wanted in cases:
        TariffAnswer.objects.all().delete()
        cold = _calls(desk, wanted, site, user_id)
        ask_for_tariffs()
        desk.take_calls()
        warm = _calls(desk, wanted, site, user_id)
        figures += [
            count_figure(f"{what}: calls, cold", cold, budget=MOST_CALLS),
            count_figure(f"{what}: calls, warm", warm, budget=0),
        ]
    with CaptureQueriesContext(connection) as captured:
        _price(mixed, site, user_id)
    taken = timed(lambda: _price(mixed, site, user_id), runs=runs)
    return [
        *figures,
        count_figure(f"price of {EVSES} EVSEs: queries", len(captured), budget=MOST_QUERIES),
        time_figure(f"price of {EVSES} EVSEs, warm", taken, budget_ms=MOST_MS),
    ]


def _calls(desk: Desk, groups: Groups, site: Location, user_id: int) -> int:
    desk.take_calls()
    _price(groups, site, user_id)
    return sum(desk.take_calls().values())


def _price(groups: Groups, site: Location, user_id: int) -> list[Estimate | None]:
    """Return what a night costs at EVSEs of these groups."""
    start_at = timezone.now().replace(minute=0, second=0, microsecond=0) + timedelta(days=1)
    tariffs = tariffs_for(groups, user_id=user_id)
    day = start_at.astimezone(site.zone).date()
    end_at, zone = start_at + LENGTH, site.zone
    return [
        tariffs.on(group, day).estimate(start_at=start_at, end_at=end_at, zone=zone, need=NEED)
        for group in groups
    ]
