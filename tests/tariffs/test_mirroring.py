"""Tariffs and groups are mirrored in few calls; a token that may not leaves prices out."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import httpx
import pytest
from django.utils.timezone import now

from ampeco import types
from mirror.models import SyncRun
from mirror.runs import RunUnderWay
from sandbox.world.tariffs import HUDSON_DEPOT, NEW_YORK_SLOW
from sites.mirroring.full_walk import sync_sites
from sites.models import Evse
from tariffs import tasks
from tariffs.mirroring import is_due, sync_tariffs
from tariffs.models import Tariff, TariffAnswer, TariffGroup
from tests.operator_fixture import spoil

pytestmark = pytest.mark.django_db


def test_everything_in_two_calls(operator, ampeco_client, wire):
    run = sync_tariffs(client=ampeco_client)
    assert (run.state, run.problem, run.calls) == ("finished", "", 2)
    assert wire.count() == 2
    assert run.counts["tariffs"]["new"] == Tariff.objects.count() == len(operator.tariffs)
    assert TariffGroup.objects.count() == len(operator.tariff_groups)
    group = TariffGroup.objects.get(ampeco_id=HUDSON_DEPOT)
    assert group.tariff_ids == [308, 303, 304]
    tariff = Tariff.objects.get(ampeco_id=303)
    assert (tariff.type, tariff.currency, tariff.by_user) == (
        "duration+energy time of day",
        "USD",
        True,
    )
    assert types.Tariff.from_payload(tariff.payload).pricing.night_per_kwh == Decimal("0.17")


def test_chargers_know_their_group(operator, ampeco_client, wire):
    sync_sites(client=ampeco_client, full=True)
    for evse in Evse.objects.all():
        assert evse.ampeco_tariff_group_id == operator.evses[evse.ampeco_id].tariff_group_id


def test_in_pages_and_taken_up_where_it_broke_off(operator, ampeco_client, wire):
    for number in range(1000, 1110):
        operator.tariffs[number] = replace(operator.tariffs[312], id=number)

    def break_after_the_first_page(_request):
        if wire.count() > 1:
            raise httpx.ReadTimeout("slow")

    wire.intercept = break_after_the_first_page
    run = sync_tariffs(client=ampeco_client)
    assert run.state == "broken-off"
    assert Tariff.objects.count() == 100

    wire.intercept = None
    wire.sent.clear()
    again = sync_tariffs(client=ampeco_client)
    assert (again.pk, again.state) == (run.pk, "finished")
    assert Tariff.objects.filter(retired_at=None).count() == len(operator.tariffs) == 126
    # The rest of the tariffs, and the groups.
    assert wire.count() == 2


def test_what_vanishes_is_retired_and_comes_back(operator, ampeco_client, mirrored):
    gone = operator.tariffs.pop(312)
    operator.tariff_groups[28].tariff_ids.clear()
    run = sync_tariffs(client=ampeco_client)
    assert Tariff.objects.get(ampeco_id=312).retired_at
    assert run.counts["tariffs"]["retired"] == 1
    operator.tariffs[312] = gone
    sync_tariffs(client=ampeco_client)
    assert Tariff.objects.get(ampeco_id=312).retired_at is None


def test_what_cannot_be_read_for_once_is_not_retired(operator, ampeco_client, mirrored, wire):
    spoil(wire, "/tariffs/v1.0", (312, {"id": "?"}))
    operator.tariff_groups.pop(28)
    sync_tariffs(client=ampeco_client)
    assert Tariff.objects.get(ampeco_id=312).retired_at is None
    assert TariffGroup.objects.get(ampeco_id=28).retired_at


@pytest.mark.parametrize("of", ["group", "tariff"])
def test_operator_is_asked_again_where_something_changed(operator, ampeco_client, mirrored, of):
    for group in (HUDSON_DEPOT, NEW_YORK_SLOW):
        TariffAnswer.objects.create(
            ampeco_group_id=group, ampeco_user_id=1, wanted_at=now(), asked_at=now()
        )
    if of == "group":
        operator.tariff_groups[HUDSON_DEPOT].tariff_ids.pop()
    else:
        operator.tariffs[303].restrictions["applyToUsersOfPartners"] = [502]
        operator.tariffs[303].name = "For others"
    sync_tariffs(client=ampeco_client)
    answers = dict(TariffAnswer.objects.values_list("ampeco_group_id", "asked_at"))
    assert answers[HUDSON_DEPOT] is None
    assert answers[NEW_YORK_SLOW]


def test_token_that_may_not(operator, ampeco_client, mirrored):
    operator.forbidden = ["tariffs"]
    run = sync_tariffs(client=ampeco_client)
    assert run.state == "finished"
    assert run.problem == (
        "The operator does not let this token read tariffs (403): no prices are shown."
    )
    assert not Tariff.objects.filter(retired_at=None).exists()
    assert not TariffGroup.objects.filter(retired_at=None).exists()
    operator.forbidden = []
    sync_tariffs(client=ampeco_client)
    assert TariffGroup.objects.filter(retired_at=None).count() == len(operator.tariff_groups)


def test_operator_that_does_not_answer(operator, ampeco_client, mirrored):
    operator.faults.add("server-error")
    run = sync_tariffs(client=ampeco_client)
    assert (run.state, run.problem) == (
        "broken-off",
        "The operator's system did not answer as it should.",
    )
    assert Tariff.objects.filter(retired_at=None).exists()


def test_rhythm(operator, ampeco_client, wire, settings):
    tasks.sync_tariffs()
    tasks.sync_tariffs()
    assert wire.count() == 2
    assert SyncRun.objects.filter(kind="tariffs").count() == 1
    later = now() + timedelta(minutes=settings.TARIFF_SYNC_MINUTES + 1)
    assert is_due(later)
    SyncRun.objects.update(state="broken-off", started_at=now(), alive_at=now())
    assert not is_due(now())
    assert is_due(now() + timedelta(minutes=16))


def test_not_twice_at_once(operator, ampeco_client, wire):
    SyncRun.objects.create(
        kind="tariffs", state="running", started_at=now(), alive_at=now(), phase="tariffs"
    )
    with pytest.raises(RunUnderWay):
        sync_tariffs(client=ampeco_client)
    assert wire.count() == 0
