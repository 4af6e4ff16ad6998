"""When drivers charge: bookings, the requests that make and change them, and their sessions."""

from bookings.models.actors import Actor
from bookings.models.booking import Booking
from bookings.models.downtime import BookingDowntime
from bookings.models.event import BookingEvent
from bookings.models.report import ChargerReport
from bookings.models.request import BookingRequest, BookingRequestEvent
from bookings.models.session import ChargingSession

__all__ = [
    "Actor",
    "Booking",
    "BookingDowntime",
    "BookingEvent",
    "BookingRequest",
    "BookingRequestEvent",
    "ChargerReport",
    "ChargingSession",
]
