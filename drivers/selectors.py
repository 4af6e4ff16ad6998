"""What a fleet may read of its drivers. Every read starts at the fleet."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Case, QuerySet, Value, When

from drivers.models import Driver, Fleet, PrivateAccess
from mirror.search import search_key


def current_drivers(fleet: Fleet) -> QuerySet[Driver]:
    """Return the drivers who belong to a fleet now, disabled ones included."""
    return Driver.objects.filter(fleet_drivers__fleet=fleet, fleet_drivers__left_at__isnull=True)


def private_partners(fleet: Fleet) -> QuerySet[Any, int]:
    """Return the partners whose private charge points a fleet may see and book, as a subquery.

    Its own, and those that invited at least one of its current, enabled drivers to them.
    """
    drivers = current_drivers(fleet).filter(status=Driver.Status.ENABLED)
    invited = PrivateAccess.objects.filter(driver__in=drivers.values("pk"))
    own = Fleet.objects.filter(pk=fleet.pk).order_by()
    return own.values_list("ampeco_partner_id", flat=True).union(
        invited.values_list("ampeco_partner_id", flat=True)
    )


def private_partner_ids(fleet: Fleet) -> frozenset[int]:
    """Return the same, read."""
    return frozenset(private_partners(fleet))


def private_access_of(driver: Driver) -> frozenset[int]:
    """Return the partners that let this driver use their private charge points."""
    return frozenset(driver.private_access.values_list("ampeco_partner_id", flat=True))


def driver_of(fleet: Fleet, pk: int) -> Driver:
    """Return one of a fleet's current drivers. Raises Driver.DoesNotExist for any other."""
    return current_drivers(fleet).get(pk=pk)


def matching_drivers(fleet: Fleet, query: str) -> QuerySet[Driver]:
    """Return current drivers whose name or e-mail has each word; enabled ones first, by name."""
    drivers = current_drivers(fleet)
    for word in search_key(query).split():
        drivers = drivers.filter(search_text__contains=word)
    enabled_first = Case(When(status=Driver.Status.ENABLED, then=Value(0)), default=Value(1))
    return drivers.order_by(enabled_first, "last_name", "first_name", "pk")


@dataclass(frozen=True, slots=True)
class DriverOffer:
    """A few drivers to pick one from: what `drivers/_driver_options.html` shows."""

    drivers: list[Driver]
    more: int
    query: str
    chosen: int | None


def offer_drivers(fleet: Fleet, query: str, *, chosen: str, limit: int = 8) -> DriverOffer:
    """Return the drivers that match, and how many more there are.

    `chosen` is the primary key that was picked before, as a form sent it; it stays among the
    drivers whatever is searched for, unless it names none of this fleet.
    """
    matching = matching_drivers(fleet, query)
    drivers = list(matching[:limit])
    total = matching.count() if len(drivers) == limit else len(drivers)
    picked = _picked(fleet, chosen)
    if picked and picked not in drivers:
        matches = matching.filter(pk=picked.pk).exists()
        drivers = [picked, *drivers[: limit - 1]]
        total += 0 if matches else 1
    return DriverOffer(
        drivers=drivers,
        more=total - len(drivers),
        query=query,
        chosen=picked.pk if picked else None,
    )


def _picked(fleet: Fleet, chosen: str) -> Driver | None:
    # More digits than a key can have would not fit into a query.
    if not (chosen.isascii() and chosen.isdigit() and len(chosen) <= 18):
        return None
    return current_drivers(fleet).filter(pk=int(chosen)).first()
