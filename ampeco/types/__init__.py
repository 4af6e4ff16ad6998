"""AMPECO's data in our words: frozen, typed, in UTC, kW and kWh.

Everything is read tolerantly: unknown fields are ignored (among them all secrets), unknown enum
values become “unknown”, the shapes of 3.108 and 3.110 are read alike. Texts that AMPECO does not
give are empty, ids and times None.
"""

from ampeco.types.bookings import (
    Booking,
    BookingRequest,
    CancelBookingRequest,
    ChangeBookingRequest,
    EvseAvailability,
    EvseCriteria,
    NewBookingRequest,
    Session,
    Slot,
)
from ampeco.types.people import Partner, PartnerInvite, User
from ampeco.types.places import (
    CONNECTOR_TYPES,
    ChargePoint,
    Connector,
    Evse,
    Location,
)
from upstream.paging import Page
from upstream.readers import UnreadablePayload, pick_text

__all__ = [
    "CONNECTOR_TYPES",
    "Booking",
    "BookingRequest",
    "CancelBookingRequest",
    "ChangeBookingRequest",
    "ChargePoint",
    "Connector",
    "Evse",
    "EvseAvailability",
    "EvseCriteria",
    "Location",
    "NewBookingRequest",
    "Page",
    "Partner",
    "PartnerInvite",
    "Session",
    "Slot",
    "UnreadablePayload",
    "User",
    "pick_text",
]
