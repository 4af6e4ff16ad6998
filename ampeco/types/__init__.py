"""AMPECO's data in our words: frozen, typed, in UTC, kW and kWh.

Everything is read tolerantly: unknown fields are ignored (among them all secrets), unknown enum
values become “unknown”, the shapes of 3.108 and 3.110 are read alike. Texts that AMPECO does not
give are empty, ids and times None.
"""

from ampeco.types.billing import Receipt, Transaction
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
    Slot,
)
from ampeco.types.control import ControlAnswer
from ampeco.types.downtime import DowntimeNotice, DowntimePeriod, NewDowntime
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
from ampeco.types.sessions import Consumption, PricePart, Session
from ampeco.types.tariffs import Tariff, TariffGroup, TariffSnapshot
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
    "Consumption",
    "ControlAnswer",
    "DowntimeNotice",
    "DowntimePeriod",
    "ElectricityRate",
    "Evse",
    "EvseAvailability",
    "EvseCriteria",
    "FirmwareVersion",
    "Hardware",
    "IdTag",
    "Location",
    "NewBookingRequest",
    "NewDowntime",
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
    "PricePart",
    "PricePeriod",
    "Receipt",
    "RoamingConnection",
    "RoamingOperator",
    "RoamingTariff",
    "Session",
    "Slot",
    "StatusLog",
    "Tariff",
    "TariffGroup",
    "TariffSnapshot",
    "Transaction",
    "UnreadablePayload",
    "User",
    "VendorErrorCode",
    "pick_text",
]
