"""What it costs to say what a slot costs at each of 40 EVSEs, as pages do."""

from collections.abc import Sequence
from datetime import timedelta

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from ampeco.client import AmpecoClient
from drivers.models import Driver
from sites.models import Evse, Location
from sites.slots.prices.appetite import Appetite
from sites.slots.prices.price import Price
from sites.slots.prices.reading import read_prices
from tariffs.mirroring import sync_tariffs
from tariffs.models import TariffAnswer, TariffGroup
from tariffs.tasks import ask_for_tariffs
from tools.benchmarks.report import Figure, count_figure, say, time_figure, timed
from tools.benchmarks.world.data import People, enabled_drivers
from tools.benchmarks.world.desk import Desk

EVSES = 40
LENGTH = timedelta(hours=8)
MOST_CALLS, MOST_QUERIES, MOST_MS = 2, 1, 30


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
    evses = list(
        Evse.objects.filter(charge_point__location=site)
        .select_related("charge_point__location")
        .order_by("pk")[:EVSES]
    )
    driver = enabled_drivers(people.fleet)[0]
    figures = [count_figure("mirror of tariffs and groups: calls", run.calls, budget=MOST_CALLS)]
    figures += _calls(f"price of {EVSES} EVSEs", desk, evses, driver)
    groups = list(TariffGroup.objects.order_by("pk").values_list("ampeco_id", flat=True))
    for number, evse in enumerate(evses):
        # In memory only.
        evse.ampeco_tariff_group_id = groups[number % len(groups)]
    figures += _calls(f"the same in {len(groups)} tariff groups", desk, evses, driver)
    with CaptureQueriesContext(connection) as captured:
        _price(evses, driver)
    taken = timed(lambda: _price(evses, driver), runs=runs)
    return [
        *figures,
        count_figure(f"price of {EVSES} EVSEs, warm: queries", len(captured), budget=MOST_QUERIES),
        time_figure(f"price of {EVSES} EVSEs, warm", taken, budget_ms=MOST_MS),
    ]


def _calls(what: str, desk: Desk, evses: Sequence[Evse], driver: Driver) -> list[Figure]:
    """Return what it costs when nothing is known of the driver, and when a worker has asked."""
    TariffAnswer.objects.all().delete()
    desk.take_calls()
    _price(evses, driver)
    cold = sum(desk.take_calls().values())
    ask_for_tariffs()
    desk.take_calls()
    _price(evses, driver)
    warm = sum(desk.take_calls().values())
    return [
        count_figure(f"{what}: calls, cold", cold, budget=MOST_CALLS),
        count_figure(f"{what}: calls, warm", warm, budget=0),
    ]


def _price(evses: Sequence[Evse], driver: Driver) -> list[Price | None]:
    """Return what a night costs at each."""
    start_at = timezone.now().replace(minute=0, second=0, microsecond=0) + timedelta(days=1)
    prices = read_prices((evse, driver) for evse in evses)
    return [
        prices.of(
            [evse],
            driver=driver,
            appetite=Appetite(),
            start_at=start_at,
            end_at=start_at + LENGTH,
            zone=evse.charge_point.location.zone,
        )
        for evse in evses
    ]
