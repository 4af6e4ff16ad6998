"""What accounts tell the rooms above them."""

from django.dispatch import Signal

# `user` was switched off, or is no longer staff; sent in the transaction that does it.
rights_taken = Signal()
