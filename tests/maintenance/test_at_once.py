"""Two workers that read how chargers do at the same moment read each charge point once."""

import threading

import pytest
from django.db import connection

from maintenance.mirroring.health import read_health
from maintenance.models import Health
from sites.mirroring.full_walk import sync_sites
from sites.models import ChargePoint
from tests.factories import FleetFactory

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]


def test_each_charge_point_is_read_once(operator, ampeco_client, wire):
    sync_sites(client=ampeco_client, full=True)
    fleet = FleetFactory(ampeco_partner_id=424242)
    places = list(ChargePoint.objects.order_by("pk").values_list("pk", flat=True)[:5])
    ChargePoint.objects.filter(pk__in=places).update(ampeco_partner_id=fleet.ampeco_partner_id)
    together = threading.Barrier(2)
    troubles: list[Exception] = []

    def work() -> None:
        try:
            together.wait(timeout=10)
            read_health(client=ampeco_client)
        except Exception as error:
            troubles.append(error)
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert troubles == []
    assert Health.objects.filter(read_at__isnull=False, lease_owner=None).count() == 5
    assert wire.count("network-status-logs") == 5
