"""Who acts when something happens to a booking: in the same transaction, in the order of the list.

State knows nobody above it. Whoever has to act in the transaction that makes a change (to write a
mail that must not get lost, say) adds a function here, in the `ready` of its app.
"""

from collections.abc import Callable, Sequence

from bookings.models import Booking, BookingEvent, BookingRequest

# Requests are settled, and their bookings have followed.
requests_settled: list[Callable[[Sequence[BookingRequest]], None]] = []
# A line of history was written besides requests.
event_recorded: list[Callable[[BookingEvent], None]] = []
# The first booking is about to be deleted, since the second one is the same.
booking_merged: list[Callable[[Booking, Booking], None]] = []
# What pages show of a booking has changed: itself, its requests, its session, its mails.
booking_changed: list[Callable[[Booking], None]] = []
