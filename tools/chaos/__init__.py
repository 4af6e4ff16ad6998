"""What holds when everything fails: many bookings, faults at every step, and the books compared."""
