"""Two workers at once, and pages meanwhile: the operator is asked once for each answer."""

import threading

import pytest
from django.db import connection

from sandbox.world.cast import BEN
from sandbox.world.tariffs import ALLIANCE_DEPOT, FRANCE, HUDSON_DEPOT, NEW_YORK_SLOW
from tariffs import tasks
from tariffs.models import TariffAnswer
from tests.tariffs.made import tariffs_for

pytestmark = [
    pytest.mark.postgresql,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif("connection.vendor != 'postgresql'", reason="needs PostgreSQL"),
]

GROUPS = [HUDSON_DEPOT, NEW_YORK_SLOW, ALLIANCE_DEPOT, FRANCE]


def test_each_is_asked_once(mirrored, wire):
    tariffs_for(GROUPS, user_id=BEN.id, may_ask=False)
    together = threading.Barrier(3)
    troubles = []

    def work(what) -> None:
        try:
            together.wait(timeout=10)
            what()
        except Exception as error:
            troubles.append(error)
        finally:
            connection.close()

    jobs = [
        tasks.ask_for_tariffs,
        tasks.ask_for_tariffs,
        lambda: tariffs_for(GROUPS, user_id=BEN.id),
    ]
    workers = [threading.Thread(target=work, args=(job,)) for job in jobs]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert troubles == []
    tasks.ask_for_tariffs()
    assert wire.count() == len(GROUPS)
    assert not TariffAnswer.objects.filter(asked_at=None).exists()
