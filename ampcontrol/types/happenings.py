"""What happened: alerts and events."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from ampcontrol.types.reading import first_of, record_id, text_up_to, word_of
from upstream.readers import Payload, UnreadablePayload, instant

ALERT_NAMES = frozenset(
    {
        "METER_VALUE_LIMIT_VIOLATION",
        "UNEXPECTED_CONNECTOR_AND_PHASE_COMBINATION",
        "CHARGER_DISCONNECTED",
        "INVALID_ID_TAGS",
        "OCPP_MESSAGE_OUT_OF_SYNC",
        "CALL_ERROR",
        "CHARGE_POINT_HIGH_INTERNAL_TEMPERATURE",
        "SUSPENDED_EVSE",
        "SUSPENDED_EV",
        "UNAVAILABLE",
        "FAULTED",
        "CONNECTOR_LOCK_FAILURE",
        "EV_COMMUNICATION_ERROR",
        "GROUND_FAILURE",
        "HIGH_TEMPERATURE",
        "INTERNAL_ERROR",
        "LOCAL_LIST_CONFLICT",
        "OVER_CURRENT_FAILURE",
        "OVER_VOLTAGE",
        "POWER_METER_FAILURE",
        "POWER_SWITCH_FAILURE",
        "READER_FAILURE",
        "RESET_FAILURE",
        "UNDER_VOLTAGE",
        "WEAK_SIGNAL",
        "VENDOR_ERROR_CODE",
        "INCORRECT_SETTINGS",
    }
)
ALERT_CATEGORIES = frozenset(
    {
        "Charge Point",
        "Connector",
        "Vehicle",
        "IdTag",
        "Operations",
        "Maintenance",
        "System Error",
        "Settings Error",
        "Hardware",
        "Software",
    }
)
URGENCIES = frozenset({"Very High", "High", "Medium", "Low", "Very Low"})
ALERT_STATUSES = frozenset({"Triggered", "Acknowledged", "Resolved", "Pending"})
EVENT_CATEGORIES = frozenset({"Optimization", "Delivery"})
# Another scale than that of alerts.
SEVERITIES = frozenset({"Info", "Warning", "Error", "Critical"})

_long_text = text_up_to(500)
_alert_name = word_of(ALERT_NAMES, "alert")
_alert_category = word_of(ALERT_CATEGORIES, "alert category")
_urgency = word_of(URGENCIES, "alert urgency")
_alert_status = word_of(ALERT_STATUSES, "alert status")
_event_category = word_of(EVENT_CATEGORIES, "event category")
_severity = word_of(SEVERITIES, "event urgency")


@dataclass(frozen=True, slots=True)
class Alert:
    """Something that wants attention, such as CHARGER_DISCONNECTED."""

    id: str
    network_id: str
    charge_point_id: str
    connector_id: str
    vehicle_id: str
    # One of the names that the document lists, else “unknown”.
    name: str
    category: str
    # Very High, High, Medium, Low, Very Low.
    urgency: str
    # Triggered, Acknowledged, Resolved, Pending.
    status: str
    description: str
    raised_at: datetime | None
    updated_at: datetime | None

    @classmethod
    def from_payload(cls, payload: Payload) -> Self:
        """Read an alert; raises UnreadablePayload for one without an id."""
        return cls(
            id=_id(payload),
            network_id=record_id(first_of(payload, "networkId", "network")),
            charge_point_id=_charge_point(payload),
            connector_id=_connector(payload),
            vehicle_id=record_id(first_of(payload, "vehicleId", "vehicle")),
            name=_alert_name(payload.get("name")),
            category=_alert_category(payload.get("category")),
            urgency=_urgency(payload.get("urgency")),
            status=_alert_status(payload.get("status")),
            description=_description(payload),
            raised_at=instant(first_of(payload, "start", "eventTime", "created")),
            updated_at=instant(payload.get("updated")),
        )


@dataclass(frozen=True, slots=True)
class Event:
    """A line of Ampcontrol's log of optimizing and delivering, for staff."""

    id: str
    network_id: str
    charge_point_id: str
    connector_id: str
    category: str
    severity: str
    description: str
    at: datetime | None

    @classmethod
    def from_payload(cls, payload: Payload) -> Self:
        """Read an event; raises UnreadablePayload for one without an id."""
        return cls(
            id=_id(payload),
            network_id=record_id(first_of(payload, "networkId", "network")),
            charge_point_id=_charge_point(payload),
            connector_id=_connector(payload),
            category=_event_category(payload.get("category")),
            severity=_severity(payload.get("urgency")),
            description=_description(payload),
            at=instant(first_of(payload, "eventTime", "datetime", "created")),
        )


def _id(payload: Payload) -> str:
    found = record_id(payload.get("id"))
    if not found:
        raise UnreadablePayload("“id” is missing or not an id.")
    return found


def _charge_point(payload: Payload) -> str:
    return record_id(
        first_of(payload, "charger", "chargerId", "chargepointId", "chargePointId", "chargepoint")
    )


def _connector(payload: Payload) -> str:
    """Return the connector's UUID; its OCPP number goes by the same name in places."""
    uuid = record_id(payload.get("connector"))
    other = record_id(payload.get("connectorId"))
    return uuid or ("" if other.isdigit() else other)


def _description(payload: Payload) -> str:
    return _long_text(first_of(payload, "description", "message"))
