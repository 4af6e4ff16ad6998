"""Who charges where and when: as a booking is, as it was, or as it was asked to be."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bookings.models import Booking, BookingEvent, BookingRequest
from drivers.models import Driver
from sites.models import Evse, Location
from sites.slots.criteria import Criteria

Kind = BookingRequest.Kind


@dataclass(frozen=True, slots=True)
class Stay:
    """One version of a booking. Without `evse` it is any charger that meets the criteria."""

    driver: Driver
    location: Location
    evse: Evse | None
    start_at: datetime
    end_at: datetime
    criteria: Criteria = field(default_factory=Criteria)

    def differs(self, booking: Booking) -> bool:
        """Whether the booking is for another driver, time or site by now."""
        return (self.driver, self.location, self.start_at, self.end_at) != (
            booking.driver,
            booking.location,
            booking.start_at,
            booking.end_at,
        )


def stay_now(booking: Booking) -> Stay:
    """Return what a booking is."""
    return Stay(
        driver=booking.driver,
        location=booking.location,
        evse=booking.evse,
        start_at=booking.start_at,
        end_at=booking.end_at,
    )


def asked_stay(request: BookingRequest) -> Stay:
    """Return what was asked for; once it is booked, at the charger that the operator picked."""
    is_booked = request.kind != Kind.CREATE or request.status == BookingRequest.Status.APPROVED
    return Stay(
        driver=request.driver,
        location=request.location,
        evse=request.evse or (request.booking.evse if is_booked else None),
        start_at=request.start_at,
        end_at=request.end_at,
        criteria=request.criteria,
    )


def stay_before(request: BookingRequest) -> Stay | None:
    """Return what a booking was when a change of it was asked for; None if none was."""
    if request.kind != Kind.UPDATE:
        return None
    return Stay(
        driver=request.previous_driver or request.driver,
        location=request.location,
        evse=request.evse or request.booking.evse,
        start_at=request.previous_start_at or request.start_at,
        end_at=request.previous_end_at or request.end_at,
    )


def stays_of_event(event: BookingEvent) -> tuple[Stay, Stay]:
    """Return what a booking was before something happened to it, and after.

    What the event does not tell is as it is now. Rows that are gone by now count as not told,
    except for a charger: that is then not known.
    """
    now = stay_now(event.booking)
    before: dict[str, object] = {"evse": now.evse}
    after: dict[str, object] = {"evse": now.evse}
    for name, pair in event.changes.items():
        if name not in READERS:
            continue
        for version, told in zip((before, after), pair, strict=True):
            value = None if told is None else READERS[name](told)
            if value is not None or name == "evse":
                version[name] = value
    return _with(now, after | before), _with(now, after)


def _with(stay: Stay, told: dict[str, Any]) -> Stay:
    known = {name: getattr(stay, name) for name in ("driver", "location", "start_at", "end_at")}
    return Stay(**(known | told))


def _driver(pk: int) -> Driver | None:
    return Driver.objects.filter(pk=pk).first()


def _location(pk: int) -> Location | None:
    return Location.objects.filter(pk=pk).first()


def _evse(pk: int) -> Evse | None:
    return Evse.objects.select_related("charge_point").filter(pk=pk).first()


# How history keeps facts of a booking (bookings.state.booking.as_json), read back.
READERS: dict[str, Callable[[Any], object]] = {
    "driver": _driver,
    "location": _location,
    "evse": _evse,
    "start_at": datetime.fromisoformat,
    "end_at": datetime.fromisoformat,
}
