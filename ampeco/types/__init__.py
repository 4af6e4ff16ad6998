"""AMPECO's data in our words: frozen, typed, in UTC, kW and kWh.

Everything is read tolerantly: unknown fields are ignored (among them all secrets), unknown enum
values become “unknown”, the shapes of 3.108 and 3.110 are read alike. Texts that AMPECO does not
give are empty, ids and times None.
"""

from ampeco.types.bookings import (
    AuthorizedToken,
    Booking,
    BookingRequest,
    CancelBookingRequest,
    ChangeBookingRequest,
    EvseAvailability,
    EvseCriteria,
    NewBookingRequest,
    ParkingSpaceCriteria,
    Session,
    Slot,
)
from ampeco.types.hardware import FirmwareVersion, Hardware, StatusLog, VendorErrorCode
from ampeco.types.notifications import NotificationSubscription
from ampeco.types.partners import PartnerContract, PartnerExpense, PartnerRevenue
from ampeco.types.people import IdTag, Partner, PartnerInvite, User
from ampeco.types.places import (
    CONNECTOR_TYPES,
    ChargePoint,
    Connector,
    Evse,
    Location,
    ParkingSpace,
)
from ampeco.types.power import Circuit, ElectricityRate, PriceDay, PricePeriod
from ampeco.types.roaming import (
    ChargeDetailRecord,
    RoamingConnection,
    RoamingOperator,
    RoamingTariff,
)
from upstream.paging import Page
from upstream.readers import UnreadablePayload, pick_text

__all__ = [
    "CONNECTOR_TYPES",
    "AuthorizedToken",
    "Booking",
    "BookingRequest",
    "CancelBookingRequest",
    "ChangeBookingRequest",
    "ChargeDetailRecord",
    "ChargePoint",
    "Circuit",
    "Connector",
    "ElectricityRate",
    "Evse",
    "EvseAvailability",
    "EvseCriteria",
    "FirmwareVersion",
    "Hardware",
    "IdTag",
    "Location",
    "NewBookingRequest",
    "NotificationSubscription",
    "Page",
    "ParkingSpace",
    "ParkingSpaceCriteria",
    "Partner",
    "PartnerContract",
    "PartnerExpense",
    "PartnerInvite",
    "PartnerRevenue",
    "PriceDay",
    "PricePeriod",
    "RoamingConnection",
    "RoamingOperator",
    "RoamingTariff",
    "Session",
    "Slot",
    "StatusLog",
    "UnreadablePayload",
    "User",
    "VendorErrorCode",
    "pick_text",
]
