"""What applies to whom: resolved by the operator, in few calls."""

from datetime import date, timedelta
from decimal import Decimal

import httpx
import pytest
from django.utils.timezone import now

from mirror.models import SyncRun
from sandbox.world.cast import ANA, BEN, CARLA, JULES
from sandbox.world.tariffs import (
    ADELAIDE_SLOW,
    ALLIANCE_DEPOT,
    FRANCE,
    HAMBURG,
    HUDSON_DEPOT,
    NEW_YORK_FAST,
    NEW_YORK_SLOW,
    RHONE_DEPOT,
)
from tariffs import tasks
from tariffs.estimates import Need
from tariffs.models import TariffAnswer
from tariffs.services import note_tax_rates
from tests.tariffs.made import PARIS, tariffs_for

pytestmark = pytest.mark.django_db

NEED = Need(Decimal(20), Decimal(10))


@pytest.fixture
def today() -> date:
    return now().date()


def id_of(tariffs, group, day) -> int | None:
    tariff = tariffs.on(group, day).tariff
    return tariff.id if tariff else None


def test_nobody_favoured_costs_no_call(mirrored, wire, today):
    tariffs = tariffs_for([NEW_YORK_FAST, ADELAIDE_SLOW, HAMBURG], user_id=ANA.id)
    assert id_of(tariffs, NEW_YORK_FAST, today) == 301
    assert id_of(tariffs, ADELAIDE_SLOW, today) == 312
    assert wire.count() == 0
    assert not TariffAnswer.objects.exists()


def test_tariff_by_the_day_of_the_slot(mirrored, today):
    # There is a campaign from in 10 days on, for 14 days and the last.
    tariffs = tariffs_for([NEW_YORK_FAST], user_id=ANA.id)
    found = [id_of(tariffs, NEW_YORK_FAST, today + timedelta(days=n)) for n in (9, 10, 24, 25)]
    assert found == [301, 313, 313, 301]


@pytest.mark.parametrize(
    ("driver", "depot", "slow"), [(ANA, 304, 314), (BEN, 303, 302), (JULES, 308, 314)]
)
def test_by_driver(mirrored, wire, today, driver, depot, slow):
    groups = [HUDSON_DEPOT, NEW_YORK_SLOW]
    cold = tariffs_for(groups * 20, user_id=driver.id)
    assert wire.count("tariffs/v1.0") == wire.count() == 2
    warm = tariffs_for(groups * 20, user_id=driver.id)
    assert wire.count() == 2
    for tariffs in (cold, warm):
        assert id_of(tariffs, HUDSON_DEPOT, today) == depot
        assert id_of(tariffs, NEW_YORK_SLOW, today) == slow


def test_two_in_the_foreground_and_the_rest_when_it_is_known(mirrored, wire, today):
    groups = [HUDSON_DEPOT, NEW_YORK_SLOW, ALLIANCE_DEPOT, FRANCE, RHONE_DEPOT]
    tariffs = tariffs_for(groups, user_id=CARLA.id)
    assert wire.count() == 2
    assert [bool(id_of(tariffs, group, today)) for group in groups].count(True) == 2

    tasks.ask_for_tariffs()
    assert wire.count() == 5
    tariffs = tariffs_for(groups, user_id=CARLA.id)
    assert wire.count() == 5
    assert [id_of(tariffs, group, today) for group in groups] == [303, 302, 309, 305, 308]


def test_without_asking(mirrored, wire, today):
    tariffs = tariffs_for([HUDSON_DEPOT], user_id=BEN.id, may_ask=False)
    assert wire.count() == 0
    assert id_of(tariffs, HUDSON_DEPOT, today) is None
    tasks.ask_for_tariffs()
    tariffs = tariffs_for([HUDSON_DEPOT], user_id=BEN.id, may_ask=False)
    assert id_of(tariffs, HUDSON_DEPOT, today) == 303


def test_groups_that_nobody_knows(mirrored, wire, today):
    tariffs = tariffs_for([ADELAIDE_SLOW, 999], user_id=BEN.id)
    assert [id_of(tariffs, group, today) for group in (ADELAIDE_SLOW, 999, None)] == [
        312,
        None,
        None,
    ]
    assert wire.count() == 0


def test_no_tariff_is_an_answer_too(operator, mirrored, wire, today):
    operator.tariff_groups[HUDSON_DEPOT].tariff_ids.remove(308)
    tariffs_for([HUDSON_DEPOT], user_id=JULES.id)
    tariffs = tariffs_for([HUDSON_DEPOT], user_id=JULES.id)
    assert wire.count() == 1
    assert id_of(tariffs, HUDSON_DEPOT, today) is None


def test_old_answer_counts_until_there_is_another(operator, mirrored, wire, today, settings):
    tariffs_for([HUDSON_DEPOT], user_id=BEN.id)
    old = now() - timedelta(hours=settings.TARIFF_ANSWER_HOURS + 1)
    TariffAnswer.objects.update(asked_at=old)
    operator.users[BEN.id].group_ids.append(61)
    wire.sent.clear()
    tariffs = tariffs_for([HUDSON_DEPOT], user_id=BEN.id)
    assert id_of(tariffs, HUDSON_DEPOT, today) == 303
    assert wire.count() == 0
    tasks.ask_for_tariffs()
    assert id_of(tariffs_for([HUDSON_DEPOT], user_id=BEN.id), HUDSON_DEPOT, today) == 304


def test_one_page_alone_waits_for_an_operator_that_does_not_answer(mirrored, wire, today):
    def fail(_request):
        raise httpx.ReadTimeout("slow")

    wire.intercept = fail
    tariffs_for([HUDSON_DEPOT], user_id=BEN.id)
    tried = wire.count()
    tariffs = tariffs_for([HUDSON_DEPOT, NEW_YORK_SLOW], user_id=CARLA.id)
    assert id_of(tariffs, HUDSON_DEPOT, today) is None
    assert wire.count() == tried


def test_operator_that_does_not_answer(operator, mirrored, wire, today):
    def fail(_request):
        raise httpx.ReadTimeout("slow")

    wire.intercept = fail
    tariffs = tariffs_for([HUDSON_DEPOT, NEW_YORK_SLOW], user_id=BEN.id)
    assert id_of(tariffs, HUDSON_DEPOT, today) is None
    # One attempt, repeated as any other; and none at once for the page after it, nor a worker.
    tried = wire.count()
    assert len({str(request.url) for request in wire.sent}) == 1
    wire.intercept = None
    assert (
        not tariffs_for([HUDSON_DEPOT], user_id=BEN.id, may_ask=False)
        .on(HUDSON_DEPOT, today)
        .tariff
    )
    assert wire.count() == tried
    TariffAnswer.objects.update(lease_until=None)
    tasks.ask_for_tariffs()
    assert id_of(tariffs_for([HUDSON_DEPOT], user_id=BEN.id), HUDSON_DEPOT, today) == 303


def test_nothing_mirrored_yet(db, operator, wire, today):
    tariffs = tariffs_for([HUDSON_DEPOT], user_id=BEN.id)
    assert tariffs.on(HUDSON_DEPOT, today).tariff is None
    assert wire.count() == 0


def test_constant_number_of_queries(mirrored, django_assert_num_queries):
    groups = [HUDSON_DEPOT, NEW_YORK_SLOW, FRANCE, ADELAIDE_SLOW]
    tariffs_for(groups, user_id=BEN.id)
    tasks.ask_for_tariffs()
    with django_assert_num_queries(1):
        tariffs_for(groups, user_id=BEN.id)


def test_estimate_with_the_tax_of_earlier_charges(mirrored, today):
    note_tax_rates({ADELAIDE_SLOW: Decimal(20)})
    note_tax_rates({ADELAIDE_SLOW: Decimal(10)})
    start = now().replace(minute=0, second=0, microsecond=0) + timedelta(days=1)
    slot = {"start_at": start, "end_at": start + timedelta(hours=2), "zone": PARIS, "need": NEED}
    applies = tariffs_for([ADELAIDE_SLOW], user_id=BEN.id).on(ADELAIDE_SLOW, today)
    found = applies.estimate(**slot)
    # 20 x 0.45, and 4 half hours x 0.20; of 9.80 a tenth more is 9.80 / 11
    assert (found.total, found.tax, found.currency) == (Decimal("9.80"), Decimal("0.89"), "AUD")
    nothing = tariffs_for([999], user_id=BEN.id).on(999, today)
    assert nothing.estimate(**slot) is None


def test_worker_leaves_it_while_there_are_no_calls(mirrored, wire, settings, monkeypatch):
    tariffs_for([HUDSON_DEPOT], user_id=BEN.id, may_ask=False)
    monkeypatch.setattr("tariffs.answers.has_calls_to_spare", lambda: False)
    tasks.ask_for_tariffs()
    tariffs_for([HUDSON_DEPOT], user_id=BEN.id)
    assert wire.count() == 0
    assert SyncRun.objects.filter(kind="tariffs").count() == 1
