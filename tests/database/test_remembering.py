"""That a mirror which is remembered is the one that mirroring makes."""

from datetime import timedelta

import pytest
from django.apps import apps
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from sites.models import Evse
from tests.database import remembering
from tests.small_operator import *  # noqa: F403
from tests.small_operator import operator_world  # noqa: F401

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("still")]


@pytest.fixture(autouse=True)
def _nothing_is_remembered(monkeypatch):
    monkeypatch.setattr(remembering, "_kept", {})


def all_rows() -> dict[str, list[dict]]:
    """Return the rows of all tables, with the place of a row instead of its key."""
    models = apps.get_models(include_auto_created=True)
    places = {
        model: {
            pk: n for n, pk in enumerate(model.objects.order_by("pk").values_list("pk", flat=True))
        }
        for model in models
    }
    found = {}
    for model in models:
        rows = list(model.objects.order_by("pk").values())
        for field in model._meta.concrete_fields:
            of = places.get(field.related_model, places[model] if field.primary_key else None)
            for row in rows if of is not None else ():
                row[field.attname] = of.get(row[field.attname], row[field.attname])
        found[model._meta.label] = rows
    return found


def test_rows_calls_and_what_is_known_of_the_clock_are_the_same(
    fleet, operator, ampeco_client, wire
):
    found, statements = [], []
    for _ in range(2):
        wire.sent.clear()
        operator.calls.clear()
        operator.arrivals = 0
        with transaction.atomic(), CaptureQueriesContext(connection) as asked:
            remembering.mirror(operator, fleet, ampeco_client)
            urls = [str(request.url) for request in wire.sent]
            found.append((all_rows(), urls, ampeco_client.clock.behind(at_least=timedelta(0))))
            transaction.set_rollback(True)
        statements.append([each["sql"] for each in asked if "INSERT" in each["sql"]])

    first, second = found
    assert len(remembering._kept) == 1
    assert first == second
    assert len(first[0]["charging_sites.Evse"]) == 2
    assert len(statements[1]) == len(remembering.MODELS)


def test_an_operator_that_tells_something_else_is_mirrored(fleet, operator, ampeco_client):
    with transaction.atomic():
        remembering.mirror(operator, fleet, ampeco_client)
        transaction.set_rollback(True)
    operator.calls.clear()
    operator.arrivals = 0
    operator.evses[301].label = "Bay by the gate"
    remembering.mirror(operator, fleet, ampeco_client)
    assert Evse.objects.get(ampeco_id=301).label == "Bay by the gate"


def test_beside_rows_that_are_there_it_is_mirrored(fleet, operator, ampeco_client):
    remembering.mirror(operator, fleet, ampeco_client)
    before = list(Evse.objects.order_by("pk").values_list("pk", flat=True))
    operator.calls.clear()
    operator.arrivals = 0
    remembering.mirror(operator, fleet, ampeco_client)
    assert list(Evse.objects.order_by("pk").values_list("pk", flat=True)) == before
