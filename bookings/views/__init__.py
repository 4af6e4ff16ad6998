"""Pages about bookings."""
