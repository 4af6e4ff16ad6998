"""What a fleet may read of its tables. Every read starts at the fleet."""

from typing import Any

from django.db.models import BigIntegerField, Count, Q, QuerySet

from batches.models import Batch, BatchRow
from drivers.models import Fleet
from drivers.permissions import private_partners
from mirror.written_once import written_once
from sites.models import Location
from sites.selectors import visible_locations
from vehicles.models import Vehicle

LATEST = 50
MOST_DRAFTS = 3


def batch_of(fleet: Fleet, pk: int) -> Batch:
    """Return one of a fleet's tables. Raises Batch.DoesNotExist for any other, or a discarded."""
    found = fleet.batches.exclude(state=Batch.State.DISCARDED)
    return found.select_related("fleet", "created_by").get(pk=pk)


def drafts_of(fleet: Fleet) -> QuerySet[Batch]:
    """Return the tables that are not sent yet, the latest first, with how many rows they have."""
    return _counted(fleet, Batch.State.DRAFT)


@written_once(fleet=BigIntegerField())
def _latest_drafts(fleet: Any) -> QuerySet[Batch]:
    return drafts_of(fleet)[:MOST_DRAFTS]


def latest_drafts_of(fleet: Fleet) -> list[Batch]:
    """Return the few tables that the first screen leads to."""
    return _latest_drafts(fleet=fleet.pk)


def sent_of(fleet: Fleet) -> QuerySet[Batch]:
    return _counted(fleet, Batch.State.SENT)


def _counted(fleet: Fleet, state: Batch.State) -> QuerySet[Batch]:
    wanted = ~Q(rows__state=BatchRow.State.LEFT_OUT)
    return (
        Batch.objects.filter(fleet=fleet, state=state)
        .select_related("created_by")
        .annotate(number=Count("rows", filter=wanted))
        .order_by("-created_at", "-pk")
    )


def home_sites(fleet: Fleet, *, limit: int) -> list[Location]:
    """Return the sites at which vehicles of a fleet are at home, those with the most first."""
    counted = _at_home(fleet=fleet.pk)
    keys = [pk for pk, _number in sorted(counted, key=lambda each: (-each[1], each[0]))]
    if not keys:
        return []
    visible = visible_locations(partner_ids=private_partners(fleet)).in_bulk(keys[:limit])
    return [visible[pk] for pk in keys if pk in visible]


@written_once(fleet=BigIntegerField())
def _at_home(fleet: Any) -> QuerySet[Vehicle, tuple[int, int]]:
    at_home = Vehicle.objects.filter(fleet=fleet, retired_at=None, home_site__isnull=False)
    return at_home.order_by().values_list("home_site").annotate(number=Count("pk"))
