"""Sums with what vehicles left, and what they were given of the energy that was wanted.

What Ampcontrol told is kept for some weeks only: a month whose states have gone is not summed anew.
"""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count, F, OuterRef, Q, Subquery, Sum
from django.utils import timezone

from drivers.models import Fleet
from energy.models import Departure, Link, PastLink, VehicleState
from energy.selectors.walls import sessions_of
from reports.models import Dimension, MonthMade, PromiseTotal
from reports.months import add_months
from reports.summing.keeping import held, replace
from reports.summing.sessions import WATT_HOURS, exact
from shell.formats import as_zone

# A vehicle tells only what has changed, so one that stands for a day is still what it told.
STILL_TRUE = timedelta(days=1)


def can_be_summed(month: date, *, now: datetime) -> bool:
    """Whether nothing of a month has been cleared yet."""
    return _begin(month) - STILL_TRUE > now - timedelta(weeks=settings.ENERGY_WEEKS)


def sum_promises(fleet: Fleet, month: date, *, now: datetime) -> list[PromiseTotal]:
    """Return the sums of a month, not yet saved; few queries, however many vehicles there are."""
    whole = PromiseTotal(fleet=fleet, month=month, dimension=Dimension.ALL)
    parts: dict[int, PromiseTotal] = {}

    def part_of(vehicle: int) -> PromiseTotal:
        return parts.setdefault(
            vehicle,
            PromiseTotal(fleet=fleet, month=month, dimension=Dimension.VEHICLE, subject=vehicle),
        )

    for row in _departures(fleet, month, now=now):
        for total in (whole, part_of(row["vehicle_id"])):
            total.departures += row["all_of_them"]
            total.known += row["all_known"]
            total.ready += row["all_ready"]
    vehicles = _vehicles(fleet)
    for row in _charges(fleet, month):
        vehicle = vehicles.get(row["vehicle_remote_id"], 0)
        for total in (whole, part_of(vehicle)):
            total.charges += row["all_of_them"]
            total.wanted_kwh += exact(row["all_wanted"], WATT_HOURS)
            total.delivered_kwh += exact(row["all_delivered"], WATT_HOURS)
    return [whole, *parts.values()] if parts else []


def keep_promises(fleet: Fleet, month: date, *, now: datetime | None = None) -> bool:
    """Sum a month anew; return False where somebody else is at it."""
    now = now or timezone.now()
    with held(fleet, month, MonthMade.What.PROMISES, wait=False) as made:
        if made is None:
            return False
        replace(made, PromiseTotal, [*sum_promises(fleet, month, now=now)], now=now)
    return True


def _departures(fleet: Fleet, month: date, *, now: datetime) -> Iterator[dict[str, Any]]:
    told = (
        VehicleState.objects.filter(
            vehicle=OuterRef("vehicle"),
            at__lte=OuterRef("leaves_at"),
            at__gt=OuterRef("leaves_at") - STILL_TRUE,
            state_of_charge__isnull=False,
        )
        .order_by("-at")
        .values("state_of_charge")[:1]
    )
    rows = Departure.objects.filter(
        vehicle__fleet=fleet,
        cancelled_at=None,
        target_percent__isnull=False,
        leaves_at__gte=_begin(month),
        leaves_at__lt=min(_begin(add_months(month, 1)), now),
    )
    yield from map(
        dict,
        rows.annotate(told=Subquery(told))
        .order_by()
        .values("vehicle_id")
        .annotate(
            all_of_them=Count("pk"),
            all_known=Count("pk", filter=Q(told__isnull=False)),
            all_ready=Count("pk", filter=Q(told__gte=F("target_percent"))),
        ),
    )


def _charges(fleet: Fleet, month: date) -> Iterator[dict[str, Any]]:
    rows = sessions_of(fleet).filter(
        ended_at__gte=_begin(month),
        ended_at__lt=_begin(add_months(month, 1)),
        energy_kwh__isnull=False,
        energy_wanted_kwh__gt=0,
    )
    yield from map(
        dict,
        rows.order_by()
        .values("vehicle_remote_id")
        .annotate(
            all_of_them=Count("pk"),
            all_wanted=Sum("energy_wanted_kwh"),
            all_delivered=Sum("energy_kwh"),
        ),
    )


def _vehicles(fleet: Fleet) -> dict[str, int]:
    """Return which vehicle each of Ampcontrol's is, or was while it was this fleet's."""
    past = PastLink.objects.filter(fleet=fleet).values_list("remote_id", "vehicle_id")
    links = Link.objects.filter(fleet=fleet, kind=Link.Kind.VEHICLE, state=Link.State.CONFIRMED)
    found = dict(past)
    found |= {
        remote_id: vehicle
        for remote_id, vehicle in links.values_list("remote_id", "vehicle_id")
        if vehicle is not None
    }
    return found


def _begin(month: date) -> datetime:
    return datetime.combine(month, time(), as_zone(None))
