"""When drivers charge: bookings, the requests that make and change them, and their notices."""

from bookings.models.booking import Booking
from bookings.models.notification import Notification
from bookings.models.request import BookingRequest, BookingRequestEvent

__all__ = ["Booking", "BookingRequest", "BookingRequestEvent", "Notification"]
