"""The sites that somebody wants at hand."""

from typing import Any

from django.db.models import BigIntegerField, QuerySet

from drivers.models import Fleet
from drivers.permissions import private_partners
from mirror.written_once import written_once
from sites.models import FavouriteSite, Location
from sites.selectors import visible_locations


def favourites_of(user_pk: int | None) -> frozenset[int]:
    return frozenset(_marked(user=user_pk))


@written_once(user=BigIntegerField())
def _marked(user: Any) -> QuerySet[FavouriteSite, int]:
    return FavouriteSite.objects.filter(user=user).values_list("location_id", flat=True)


def favourite_sites(fleet: Fleet, *, user_pk: int | None, limit: int) -> list[Location]:
    marked = favourites_of(user_pk)
    if not marked:
        return []
    visible = visible_locations(partner_ids=private_partners(fleet))
    return list(visible.filter(pk__in=marked).order_by("name", "pk")[:limit])


def mark_favourite(location: Location, *, user_pk: int, wanted: bool) -> None:
    """Make a site a favourite of somebody, or no longer; saying so twice changes nothing."""
    if wanted:
        FavouriteSite.objects.get_or_create(user_id=user_pk, location=location)
    else:
        FavouriteSite.objects.filter(user=user_pk, location=location).delete()
