"""What a fleet may read of its waiting list. Every read starts at the fleet."""

import uuid
from typing import Any

from django.db.models import BigIntegerField, Case, QuerySet, Value, When

from drivers.models import Fleet
from mirror.written_once import Keys, written_once
from waiting.models import Offer, Wish

MOST_ON_TODAY = 5
# What the first screen says of an offer; all else would be read for nothing.
ON_TODAY = (
    *("uid", "start_at", "end_at", "expires_at"),
    *("location__name", "location__timezone"),
    *("evse__label", "evse__physical_reference", "evse__ampeco_id"),
    *("wish__vehicle__number", "wish__vehicle__plate"),
    *(
        f"{driver}__{field}"
        for driver in ("wish__driver", "wish__vehicle__usual_driver")
        for field in ("first_name", "last_name", "email")
    ),
)


def wishes_of(fleet: Fleet) -> QuerySet[Wish]:
    return Wish.objects.filter(fleet=fleet).select_related(
        "fleet", "vehicle__usual_driver", "driver", "location", "evse__charge_point", "created_by"
    )


def listed_wishes(fleet: Fleet) -> QuerySet[Wish]:
    """Return all of a fleet's wishes: those that are offered, then the open ones, then the rest."""
    turn = Case(
        When(state=Wish.State.OFFERED, then=Value(0)),
        When(state__in=Wish.OPEN, then=Value(1)),
        default=Value(2),
    )
    return wishes_of(fleet).order_by(turn, "-created_at", "-pk")


def wish_of(fleet: Fleet, pk: int) -> Wish:
    """Return one of a fleet's wishes. Raises Wish.DoesNotExist for any other."""
    return wishes_of(fleet).get(pk=pk)


def offers_of(fleet: Fleet) -> QuerySet[Offer]:
    return Offer.objects.filter(wish__fleet=fleet).select_related(
        "wish__fleet",
        "wish__vehicle__usual_driver",
        "wish__driver",
        "wish__location",
        "location",
        "evse__charge_point",
    )


def offer_of(fleet: Fleet, uid: uuid.UUID) -> Offer:
    """Return one of a fleet's offers. Raises Offer.DoesNotExist for any other."""
    return offers_of(fleet).get(uid=uid)


def open_offers(fleet: Fleet) -> list[Offer]:
    """Return what a fleet is offered at the moment, the most urgent first."""
    # Mostly there are none, and to plan for all that is said of them takes a while.
    keys = _open_keys(fleet=fleet.pk)
    return _on_today(fleet=fleet.pk, keys=keys) if keys else []


@written_once(fleet=BigIntegerField())
def _open_keys(fleet: Any) -> QuerySet[Offer, int]:
    offers = Offer.objects.filter(wish__fleet=fleet, state=Offer.State.OPEN)
    return offers.order_by("expires_at", "pk").values_list("pk", flat=True)[:MOST_ON_TODAY]


@written_once(fleet=BigIntegerField(), keys=Keys())
def _on_today(fleet: Any, keys: Any) -> QuerySet[Offer]:
    offers = Offer.objects.filter(wish__fleet=fleet, pk__among=keys, state=Offer.State.OPEN)
    offers = offers.select_related(
        "wish__vehicle__usual_driver", "wish__driver", "location", "evse"
    ).only(*ON_TODAY)
    return offers.order_by("expires_at", "pk")
