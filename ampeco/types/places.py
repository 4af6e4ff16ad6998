"""Where drivers charge: locations, charge points, EVSEs, connectors, free slots."""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Self

from upstream.readers import (
    Payload,
    UnreadablePayload,
    choice,
    choices,
    clock,
    decimal_number,
    flag,
    instant,
    is_nowhere,
    objects,
    pick_text,
    plain_text,
    real_number,
    required_id,
    section,
    whole_number,
)

# By weekday from when until when, such as “08:00” and “24:00”.
OpeningHours = dict[str, tuple[tuple[str, str], ...] | None]

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
LOCATION_STATUSES = frozenset({"enabled", "disabled"})
PARKING_TYPES = frozenset(
    {
        "ALONG_MOTORWAY",
        "PARKING_GARAGE",
        "PARKING_LOT",
        "ON_DRIVEWAY",
        "ON_STREET",
        "UNDERGROUND_GARAGE",
    }
)
ACCESS_METHODS = frozenset(
    {"OPEN", "TOKEN", "LICENSE_PLATE", "ACCESS_CODE", "INTERCOM", "PARKING_TICKET"}
)
FACILITIES = frozenset(
    {
        "AIRPORT",
        "BIKE_SHARING",
        "BUS_STOP",
        "CAFE",
        "CARPOOL_PARKING",
        "FUEL_STATION",
        "HOTEL",
        "MALL",
        "METRO_STATION",
        "MUSEUM",
        "NATURE",
        "PARKING_LOT",
        "RECREATION_AREA",
        "RESTAURANT",
        "SPORT",
        "SUPERMARKET",
        "TAXI_STAND",
        "TRAIN_STATION",
        "TRAM_STOP",
        "WIFI",
    }
)
CHARGE_POINT_TYPES = frozenset({"public", "private", "personal"})
CHARGE_POINT_STATUSES = frozenset({"enabled", "disabled", "out of order", "demo"})
NETWORK_STATUSES = frozenset(
    {"never_connected", "available", "temporarily_unavailable", "long-term_unavailable"}
)
CHARGE_POINT_HARDWARE_STATUSES = frozenset({"available", "unavailable", "faulted"})
PARTNER_ACCESS_TYPES = frozenset(
    {"private_view_private_use", "private_view_public_use", "public_view_private_use"}
)
CURRENT_TYPES = frozenset({"ac", "dc"})
EVSE_STATUSES = frozenset({"enabled", "disabled", "out of order"})
EVSE_HARDWARE_STATUSES = frozenset(
    {
        "available",
        "preparing",
        "charging",
        "suspendedEV",
        "suspendedEVSE",
        "finishing",
        "reserved",
        "unavailable",
        "faulted",
        "occupied",
    }
)
CONNECTOR_TYPES = frozenset(
    {
        "type1",
        "type2",
        "type3",
        "chademo",
        "ccs1",
        "ccs2",
        "schuko",
        "nacs",
        "cee16",
        "cee32",
        "j1772",
        "inductive",
        "nema-5-20",
        "type-e-french",
        "type-g-british",
        "type-j-swiss",
        "avcon",
        "gb-t-ac",
        "gb-t-dc",
        "chaoji",
        "nema-6-30",
        "nema-6-50",
    }
)
CONNECTOR_FORMATS = frozenset({"socket", "cable"})
CONNECTOR_STATUSES = frozenset({"enabled", "disabled"})
PARKING_SPACE_STATUSES = frozenset({"enabled", "disabled"})
OCCUPANCY_STATUSES = frozenset({"unknown", "available", "occupied"})
VEHICLE_TYPES = frozenset(
    {
        "two_and_three_wheel_vehicles_and_quadricycles",
        "passenger_vehicles",
        "passenger_vehicles_with_trailer",
        "light_duty_vans",
        "heavy_duty_tractor_units_without_trailer",
        "heavy_duty_trucks_without_articulation_point",
        "heavy_duty_trucks_with_trailer_attached",
        "buses_or_motor_coaches",
    }
)
WATTS_PER_KW = 1000
# Beyond any charger there is: a slip of units or digits.
MOST_KW = 100_000


@dataclass(frozen=True, slots=True)
class Location:
    """A place with charge points.

    Localized texts are read in English where there is English. `status` is “unknown” where AMPECO
    gives none (older versions), `opening_hours` is empty and `always_open` None where it says
    nothing; hours are wall-clock times (“HH:MM”) in the location's zone.
    """

    id: int
    name: str
    description: str
    address: str
    street_address: str
    city: str
    region: str
    post_code: str
    country: str
    latitude: float | None
    longitude: float | None
    timezone: str | None
    parking_type: str
    access_methods: tuple[str, ...]
    facilities: tuple[str, ...]
    how_to_get_in: str
    always_open: bool | None
    opening_hours: OpeningHours
    status: str
    roaming_operator_id: int | None
    last_updated_at: datetime | None

    @classmethod
    def from_payload(cls, payload: Payload) -> Self:
        """Read a location as AMPECO gives it, in the shape of 3.108 or 3.110."""
        place = section(payload, "geoposition")
        hours = section(payload, "workingHours")
        latitude = real_number(place.get("latitude"), least=-90, most=90)
        longitude = real_number(place.get("longitude"), least=-180, most=180)
        known = (
            latitude is not None and longitude is not None and not is_nowhere(latitude, longitude)
        )
        return cls(
            id=required_id(payload),
            name=pick_text(payload.get("name")),
            description=pick_text(payload.get("description"))
            or pick_text(payload.get("shortDescription")),
            address=pick_text(payload.get("address")),
            street_address=pick_text(payload.get("streetAddress")),
            city=pick_text(payload.get("city")),
            region=pick_text(payload.get("region")) or pick_text(payload.get("state")),
            post_code=plain_text(payload.get("postCode")) or plain_text(payload.get("postalCode")),
            country=plain_text(payload.get("country")),
            latitude=latitude if known else None,
            longitude=longitude if known else None,
            timezone=plain_text(payload.get("timezone")) or None,
            parking_type=choice(
                payload.get("parkingType"), PARKING_TYPES, field="parking type", absent=""
            ),
            access_methods=choices(
                payload.get("accessMethods"), ACCESS_METHODS, field="access method"
            ),
            facilities=choices(payload.get("facilities"), FACILITIES, field="facility"),
            how_to_get_in=pick_text(payload.get("additionalDescription"))
            or pick_text(payload.get("detailedDescription")),
            always_open=flag(hours.get("isAlwaysOpen")),
            opening_hours=_opening_hours(section(hours, "hours")),
            status=choice(payload.get("status"), LOCATION_STATUSES, field="location status"),
            # The contract demands an integer of every location; 0 is nobody's id.
            roaming_operator_id=whole_number(payload.get("roamingOperatorId")) or None,
            last_updated_at=instant(payload.get("lastUpdatedAt")),
        )


@dataclass(frozen=True, slots=True)
class ChargePoint:
    """The hardware that carries EVSEs.

    Personal ones may have no location. The secrets in AMPECO's answer (network password, PIN,
    sharing code) are not read.
    """

    id: int
    name: str
    type: str
    location_id: int | None
    status: str
    network_status: str
    hardware_status: str
    partner_id: int | None
    partner_access_type: str
    # What it calls itself over OCPP, and what is engraved on it.
    ocpp_id: str
    serial_number: str
    electricity_rate_id: int | None
    last_updated_at: datetime | None

    @classmethod
    def from_payload(cls, payload: Payload) -> Self:
        """Read a charge point as AMPECO gives it."""
        partner = section(payload, "partner")
        boot = section(payload, "lastBootNotification")
        return cls(
            id=required_id(payload),
            name=pick_text(payload.get("name")),
            type=choice(payload.get("type"), CHARGE_POINT_TYPES, field="charge point type"),
            location_id=whole_number(payload.get("locationId")),
            status=choice(
                payload.get("status"), CHARGE_POINT_STATUSES, field="charge point status"
            ),
            network_status=choice(
                payload.get("networkStatus"), NETWORK_STATUSES, field="network status", absent=""
            ),
            hardware_status=choice(
                payload.get("hardwareStatus"),
                CHARGE_POINT_HARDWARE_STATUSES,
                field="charge point hardware status",
                absent="",
            ),
            partner_id=whole_number(partner.get("id")),
            partner_access_type=choice(
                partner.get("accessType"),
                PARTNER_ACCESS_TYPES,
                field="partner access type",
                absent="",
            ),
            ocpp_id=plain_text(section(payload, "network").get("id")),
            serial_number=plain_text(boot.get("chargePointSerialNumber"))
            or plain_text(boot.get("chargeBoxSerialNumber")),
            electricity_rate_id=whole_number(payload.get("electricityRateId")),
            last_updated_at=instant(payload.get("lastUpdatedAt")),
        )


@dataclass(frozen=True, slots=True)
class Connector:
    """A plug of an EVSE."""

    id: int
    type: str
    format: str
    status: str

    @classmethod
    def from_payload(cls, payload: Payload) -> Self:
        """Read a connector as AMPECO gives it; older versions have neither format nor status."""
        return cls(
            id=required_id(payload),
            type=choice(payload.get("type"), CONNECTOR_TYPES, field="connector type"),
            format=choice(
                payload.get("format"), CONNECTOR_FORMATS, field="connector format", absent=""
            ),
            status=choice(
                payload.get("status"), CONNECTOR_STATUSES, field="connector status", absent=""
            ),
        )


@dataclass(frozen=True, slots=True)
class Evse:
    """What is booked. `max_power_kw` is in kW; absent `bookingEnabled` means not bookable."""

    id: int
    charge_point_id: int | None
    physical_reference: str
    label: str
    current_type: str
    network_id: str
    status: str
    hardware_status: str
    booking_enabled: bool
    max_power_kw: Decimal | None
    tariff_group_id: int | None
    connectors: tuple[Connector, ...]
    last_updated_at: datetime | None

    @classmethod
    def from_payload(cls, payload: Payload) -> Self:
        """Read an EVSE as AMPECO gives it; a connector without id is left out."""
        return cls(
            id=required_id(payload),
            charge_point_id=whole_number(payload.get("chargePointId")),
            physical_reference=plain_text(payload.get("physicalReference")),
            label=pick_text(payload.get("label")),
            current_type=choice(payload.get("currentType"), CURRENT_TYPES, field="current type"),
            network_id=plain_text(payload.get("networkId")),
            status=choice(payload.get("status"), EVSE_STATUSES, field="EVSE status"),
            hardware_status=choice(
                payload.get("hardwareStatus"),
                EVSE_HARDWARE_STATUSES,
                field="EVSE hardware status",
                absent="",
            ),
            booking_enabled=flag(payload.get("bookingEnabled")) or False,
            max_power_kw=_max_power_kw(payload),
            tariff_group_id=whole_number(payload.get("tariffGroupId")),
            connectors=_connectors(payload),
            last_updated_at=instant(payload.get("lastUpdatedAt")),
        )

    def at_charge_point(self, charge_point_id: int) -> Self:
        return replace(self, charge_point_id=charge_point_id)


@dataclass(frozen=True, slots=True)
class ParkingSpace:
    """Where a vehicle stands while it charges at one of some EVSEs; AMPECO tells no dimensions.

    `evse_ids` is None where they were not asked for.
    """

    id: int
    label: str
    location_id: int | None
    status: str
    occupancy: str
    is_accessible: bool
    evse_ids: tuple[int, ...] | None
    last_updated_at: datetime | None

    @classmethod
    def from_payload(cls, payload: Payload) -> Self:
        """Read a parking space as AMPECO gives it."""
        evses = payload.get("evses")
        found = [whole_number(each) for each in evses] if isinstance(evses, list) else None
        return cls(
            id=required_id(payload),
            label=pick_text(payload.get("label")),
            location_id=whole_number(payload.get("locationId")),
            status=choice(
                payload.get("status"), PARKING_SPACE_STATUSES, field="parking space status"
            ),
            occupancy=choice(
                payload.get("occupancyStatus"), OCCUPANCY_STATUSES, field="occupancy status"
            ),
            is_accessible=flag(payload.get("disabilitiesAccessible")) or False,
            evse_ids=(
                None
                if found is None
                else tuple(dict.fromkeys(each for each in found if each is not None))
            ),
            last_updated_at=instant(payload.get("lastUpdatedAt")),
        )


def _opening_hours(hours: Payload) -> OpeningHours:
    """Return when a location is open by weekday; a day of which that cannot be read has None."""
    by_day: OpeningHours = {}
    for day in WEEKDAYS:
        said = [(span.get("start"), span.get("end")) for span in objects(hours.get(day))]
        spans = [(clock(start), clock(end)) for start, end in said if start or end]
        if spans:
            read = tuple((start, end) for start, end in spans if start and end)
            by_day[day] = read if len(read) == len(spans) else None
    return by_day if any(by_day.values()) else {}


def _connectors(payload: Payload) -> tuple[Connector, ...]:
    connectors: dict[int, Connector] = {}
    for entry in objects(payload.get("connectors")):
        try:
            connector = Connector.from_payload(entry)
        except UnreadablePayload:
            continue
        connectors.setdefault(connector.id, connector)
    return tuple(connectors.values())


def _max_power_kw(payload: Payload) -> Decimal | None:
    """Return the power in kW. AMPECO labels it Wh, but 150000 is a charger of 150 kW."""
    watts = decimal_number(section(payload, "powerOptions").get("maxPower"))
    if watts is None or watts <= 0:
        of_connectors = [
            power
            for entry in objects(payload.get("connectors"))
            if (power := decimal_number(entry.get("maxPowerWh"))) is not None
        ]
        watts = max(of_connectors, default=None)
    if watts is None or not 0 < watts < MOST_KW * WATTS_PER_KW:
        return None
    return watts / WATTS_PER_KW
