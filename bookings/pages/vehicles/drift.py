"""What the departures of vehicles ask of their bookings that these do not give."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import prefetch_related_objects
from django.utils.translation import gettext as _

from ampcontrol.connection import is_on
from bookings.models import Booking
from bookings.pages.history.banners import Banner
from energy.departures.drift import Drift, Stay, drifts
from energy.need import Charger, as_float
from sites.models import Evse


def drifts_of(bookings: Iterable[Booking], *, now: datetime) -> dict[int, Drift]:
    """Return what is wrong with coming bookings for their vehicles' departures, by primary key.

    Costs four queries for any number, none where the operator has no smart charging.
    """
    if not is_on():
        return {}
    named = [
        each
        for each in bookings
        if each.vehicle is not None and each.status in Booking.COMING and each.end_at > now
    ]
    if not named:
        return {}
    prefetch_related_objects(named, "vehicle__home_site")
    starts = _starts(named)
    return drifts([_stay(each, starts) for each in named], now=now)


def drift_banner(booking: Booking, *, now: datetime) -> Banner | None:
    """Return what a booking's page says of it."""
    drift = drifts_of([booking], now=now).get(booking.pk)
    if drift is None:
        return None
    return Banner(
        key="departure",
        text=_("This booking no longer fits the vehicle’s departure.")
        if drift.change
        else _("This booking does not fit the vehicle’s departure."),
        warns=True,
        details=(*drift.problems, drift.change) if drift.change else drift.problems,
    )


def _starts(bookings: list[Booking]) -> dict[int | None, list[datetime]]:
    """Return when each vehicle's coming bookings start, in order."""
    first = min(each.start_at for each in bookings)
    rows = Booking.objects.filter(
        vehicle__in={each.vehicle_id for each in bookings},
        status__in=Booking.COMING,
        start_at__gt=first,
    )
    starts: dict[int | None, list[datetime]] = {}
    for vehicle, start_at in rows.order_by("start_at").values_list("vehicle_id", "start_at"):
        starts.setdefault(vehicle, []).append(start_at)
    return starts


def _stay(booking: Booking, starts: dict[int | None, list[datetime]]) -> Stay:
    assert booking.vehicle is not None
    later = (at for at in starts.get(booking.vehicle_id, ()) if at > booking.start_at)
    return Stay(
        key=booking.pk,
        vehicle=booking.vehicle,
        start_at=booking.start_at,
        end_at=booking.end_at,
        charger=_charger(booking.evse),
        booked_at=booking.created_at,
        next_start_at=next(later, None),
    )


def _charger(evse: Evse | None) -> Charger | None:
    """Return what a charger gives; None where not even the current is known."""
    if evse is None or evse.current_type == Evse.CurrentType.UNKNOWN:
        return None
    return Charger(kw=as_float(evse.max_power_kw), current=evse.current_type.upper())
