"""Clears what smart charging told long ago, by the batch; `privacy.retention` calls it."""

from datetime import datetime

from django.db.models import Exists, Model, OuterRef, Q, QuerySet

from energy.models import (
    Alert,
    Departure,
    Link,
    PastLink,
    RemoteRoute,
    RemoteTag,
    RemoteVehicle,
    Session,
    Telling,
    VehicleState,
)

AT_ONCE = 500


def old_states(before: datetime) -> QuerySet[VehicleState]:
    return VehicleState.objects.filter(at__lt=before).order_by("at")


def old_sessions(before: datetime) -> QuerySet[Session]:
    """Return sessions that ended long ago; without an end, that nobody has told of since."""
    over = Q(ended_at__lt=before) | Q(ended_at=None, read_at__lt=before)
    return Session.objects.filter(over, active=False).order_by("ended_at")


def old_alerts(before: datetime) -> QuerySet[Alert]:
    """Return alerts that were raised long ago and are resolved, or told of no more."""
    over = Q(status="Resolved") | Q(retired_at__isnull=False)
    return Alert.objects.filter(over, raised_at__lt=before).order_by("raised_at")


def old_routes(before: datetime) -> QuerySet[RemoteRoute]:
    """Return trips that are long over."""
    return RemoteRoute.objects.filter(ends_at__lt=before).order_by("ends_at")


def old_departures(before: datetime) -> QuerySet[Departure]:
    """Return departures that are long over, and that Ampcontrol no longer holds by us."""
    over = Departure.objects.filter(leaves_at__lt=before, closed_at__isnull=False)
    return over.order_by("leaves_at")


def old_tellings(before: datetime) -> QuerySet[Telling]:
    """Return what Ampcontrol was told long ago, or was not."""
    return Telling.objects.filter(created_at__lt=before, settled_at__isnull=False).order_by("pk")


def old_vehicles(before: datetime) -> QuerySet[RemoteVehicle]:
    """Return vehicles that vanished from Ampcontrol long ago and were never linked."""
    links = Link.objects.filter(kind=Link.Kind.VEHICLE, remote_id=OuterRef("remote_id"))
    past = PastLink.objects.filter(remote_id=OuterRef("remote_id"))
    return RemoteVehicle.objects.filter(~Exists(links), ~Exists(past), retired_at__lt=before)


def old_tags(before: datetime) -> QuerySet[RemoteTag]:
    """Return cards that vanished from Ampcontrol long ago and are linked with none of ours."""
    links = Link.objects.filter(kind=Link.Kind.TAG, remote_id=OuterRef("remote_id"))
    return RemoteTag.objects.filter(~Exists(links), retired_at__lt=before)


def clear(rows: QuerySet[Model]) -> int:
    """Delete a batch of rows, the oldest first; return how many."""
    keys = list(rows.values_list("pk", flat=True)[:AT_ONCE])
    rows.model._base_manager.filter(pk__in=keys).delete()
    return len(keys)
