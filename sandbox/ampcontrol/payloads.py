"""Records as Ampcontrol's JSON."""

from datetime import datetime, timedelta

from sandbox.ampcontrol.queries import Payload, stamp
from sandbox.energy import telematics
from sandbox.energy.alerts import disconnections
from sandbox.energy.cast import NEW_YORK
from sandbox.energy.charges import car_departure, target_of
from sandbox.energy.physics import Physics
from sandbox.energy.power import line
from sandbox.energy.records import Alert, Charge, Charger, Network, Plug, Route, Tag, Vehicle, id_of
from sandbox.energy.telematics import Message
from sandbox.world.records import Evse

KEPT_FACTS = ("VIN", "customerVehicleId", "licensePlate", "group", "make", "model", "year")


def network(physics: Physics, record: Network) -> Payload:
    at = physics.now.at
    site = record.site
    return {
        "id": record.id,
        "created": stamp(record.updated_at),
        "updated": stamp(record.updated_at),
        "name": site.name,
        "maxCapacity": site.max_kw,
        "maxCapacityBuffer": site.buffer,
        "objective": physics.objective_at(record, at),
        "timeZone": NEW_YORK,
        "currentChargingLoad": round(physics.load_of(record), 3),
        "currentLimit": round(line.usable_kw(site, at), 3),
        "latitude": record.latitude,
        "longitude": record.longitude,
        "country": "US",
        "location": None,
        # Theirs alone: whoever reads it may send what chargers obey.
        "webhook": "https://limits.operator.example/ampcontrol",
        "webhookSecret": "never-store-this",
        "connectorMinimumLoad": 1,
        "optimizeWithMeterValue": True,
        "solarActive": False,
        "closeIdleSessions": True,
        "startSessionsWithMeterValues": True,
        "reservedPower": 0,
        "defaultEnergyPrice": site.prices[1],
        "currency": "USD",
        "onTimeDeparture": True,
        "eventLogging": True,
        "enableAnalytics": False,
        "baseloadActive": True,
        "baseloadPeak": site.baseload_kw[1],
        "geofenceRadius": 150,
        "vehicleGroupPriority": "known vehicles",
    }


def charger(physics: Physics, record: Charger) -> Payload:
    now = physics.world.clock.now()
    loads = [physics.power_of(each) for each in _at_charger(physics, record, now)]
    point = physics.world.charge_points.get(record.ampeco_id or 0)
    evses = [physics.world.evses[pk] for pk in point.evse_ids] if point else []
    faulted = bool(evses) and all(each.hardware_status == "faulted" for each in evses)
    offline_since = _offline_since(physics, record, now)
    return {
        "id": record.id,
        "created": stamp(record.updated_at),
        "updated": stamp(offline_since or record.updated_at),
        "networkId": record.network.id,
        "maxCapacity": record.max_kw,
        "customName": record.name,
        "name": record.name,
        "ocppId": record.ocpp_id,
        "serialNumber": record.serial_number,
        "vendor": "Simulated",
        "modelName": "SB 2",
        "firmwareVersion": "2.4.1",
        "protocol": "OCPP 1.6",
        "latitude": record.network.latitude,
        "longitude": record.network.longitude,
        "location": None,
        "currentChargingLoad": round(sum(loads), 3),
        "currentLimit": None,
        "active": bool(loads),
        "allowAllIdTags": False,
        "ocppStatus": "Faulted" if faulted else "Available",
        "ocppStatusUpdate": stamp(record.updated_at),
        "onlineStatus": "OFFLINE" if offline_since else "ONLINE",
        "onlineStatusUpdate": stamp(offline_since or record.updated_at),
        "powerSplit": None,
    }


def _offline_since(physics: Physics, record: Charger, now: datetime) -> datetime | None:
    for start, end in disconnections(physics, record, now - timedelta(days=1), now):
        if start <= now < end:
            return start
    return None


def _at_charger(physics: Physics, record: Charger, now: datetime) -> list[Charge]:
    return [each for each in physics.arrivals.active(now) if each.plug.charger is record]


def connector(physics: Physics, record: Plug) -> Payload:
    now = physics.world.clock.now()
    charge = next((each for each in physics.arrivals.active(now) if each.plug is record), None)
    status, since = _status(physics, record, charge)
    return {
        "id": record.id,
        "created": stamp(record.updated_at),
        "updated": stamp(max(since, record.updated_at)),
        "chargePointId": record.charger.id,
        "connectorId": record.number,
        "name": None,
        "currentType": "DC" if record.current == "dc" else "AC_phase1",
        "voltage": 480.0 if record.current == "dc" else 240.0,
        "maxCapacity": record.max_kw,
        "plugType": record.plug_type,
        "plugPowerLevel": "DCFC" if record.current == "dc" else "Level 2",
        "ocppStatus": status,
        "ocppStatusUpdate": stamp(since),
        "priority": record.priority,
        "currentChargingLoad": round(physics.power_of(charge), 3) if charge else 0.0,
        "currentLimit": None,
        "powerFactor": 1.0,
        "active": charge is not None,
    }


def _status(physics: Physics, record: Plug, charge: Charge | None) -> tuple[str, datetime]:
    evse: Evse | None = physics.world.evses.get(record.evse_id or 0)
    if evse is not None and evse.status != "enabled":
        return ("Faulted" if evse.hardware_status == "faulted" else "Unavailable"), evse.updated_at
    if charge is None:
        return "Available", record.updated_at
    if physics.power_of(charge) > 0:
        return "Charging", charge.started_at
    if charge.started_at > physics.now.at:
        return "Preparing", charge.started_at
    full = physics.percent_of(charge) >= 99.9
    return ("SuspendedEV" if full else "SuspendedEVSE"), charge.started_at


def vehicle(physics: Physics, record: Vehicle) -> Payload:
    car = record.car
    message = telematics.last_message(physics, record)
    told = record.told_charge
    # Who has never told anything has 0.0.
    percent, percent_at = (message.percent, message.at) if message else (0.0, record.created_at)
    if told and told[0] >= percent_at:
        percent = told[1]
    where = telematics.network_of(physics, record) if message else None
    facts: Payload = dict.fromkeys(KEPT_FACTS)
    if car is not None:
        facts = {
            "VIN": car.vin or None,
            "customerVehicleId": car.customer_number or None,
            "licensePlate": car.plate or None,
            "group": car.group or None,
            "make": car.make or None,
            "model": car.model or None,
            "year": car.year,
            "batteryCapacity": car.battery_kwh,
            "maxChargingPower": car.dc_kw or car.ac_kw,
        }
    departure = car_departure(physics.depots, record, at=physics.world.clock.now())
    charging = any(
        each.vehicle_id == record.id for each in physics.arrivals.active(physics.world.clock.now())
    )
    changed = max(record.updated_at, message.at) if message else record.updated_at
    return {
        "id": record.id,
        "created": stamp(record.created_at),
        "updated": stamp(changed),
        "name": record.name,
        **facts,
        "stateOfCharge": percent,
        "targetStateOfCharge": target_of(record, physics.world.clock.now()),
        "departureTime": stamp(departure),
        "insideDepot": where.id if where else None,
        "location": None,
        "active": charging,
        **record.facts,
    }


def message(record: Message, vehicle_id: str, place: Network | None) -> Payload:
    charging = "ChargingDC" if record.kw > 25 else "ChargingAC"
    return {
        "id": id_of("telematics", f"{vehicle_id}/{record.at.isoformat()}"),
        "vehicleId": vehicle_id,
        "timestamp": stamp(record.at),
        "stateOfCharge": record.percent,
        "plugConnected": record.plugged,
        "dataConnected": True,
        "ignition": record.on_road,
        "chargingState": charging if record.kw > 0 else "NotCharging",
        "chargingPower": round(record.kw, 2),
        "odometer": record.odometer,
        "rangeRemaining": None,
        "latitude": place.latitude if place else None,
        "longitude": place.longitude if place else None,
        "source": "thirdPartyTelematics",
    }


def tag(physics: Physics, record: Tag) -> Payload:
    return {
        "id": record.id,
        "created": stamp(record.updated_at),
        "updated": stamp(record.updated_at),
        "value": record.value,
        "priority": 3,
        "group": "RFID",
        "customGroup": record.custom_group or None,
        "vehicleId": None if physics.depots.is_on("unlinked_tags") else record.vehicle_id,
        "listVersion": 1,
    }


def session(physics: Physics, record: Charge) -> Payload:
    now = physics.world.clock.now()
    over = record.stops_at <= now
    kwh = physics.energy_of(record.key)
    unlinked = record.session is not None and physics.depots.is_on("unlinked_tags")
    priority = record.priorities[-1][1] if record.priorities else record.plug.priority
    return {
        "id": record.id,
        "created": stamp(record.started_at),
        "updated": stamp(record.stops_at if over else physics.now.at),
        "connectorId": record.plug.id,
        "chargePointId": record.plug.charger.id,
        "chargingRateUnit": "kW",
        "vehicleId": None if unlinked else record.vehicle_id,
        "idTag": record.tag,
        "transactionId": record.number,
        "energyToCharge": None,
        "energyConsumption": round(kwh, 3),
        "maximumChargingTimeDate": None,
        "maxChargingPowerOfVehicle": None,
        "priority": priority,
        "active": not over,
        "sessionStart": stamp(record.started_at),
        "sessionEnd": stamp(record.stops_at) if over else None,
    }


def alert(record: Alert) -> Payload:
    return {
        "id": record.id,
        "created": stamp(record.raised_at),
        "updated": stamp(record.updated_at),
        "start": stamp(record.raised_at),
        "end": stamp(record.ends_at if record.status == "Resolved" else None),
        "name": record.name,
        "category": record.category,
        "urgency": record.urgency,
        "status": record.status,
        "description": record.description,
        "notes": record.notes or None,
        "networkId": record.network.id,
        "chargePointId": record.charger.id if record.charger else None,
        "connectorId": record.plug.id if record.plug else None,
        "vehicleId": record.vehicle_id,
    }


def route(record: Route, now: datetime) -> Payload:
    status = "past" if record.end_at <= now else "live" if record.start_at <= now else "future"
    return {
        "id": record.id,
        "created": stamp(record.updated_at),
        "updated": stamp(record.updated_at),
        "externalId": record.external_id or None,
        "vehicleId": record.vehicle_id,
        "vehicleGroup": record.vehicle_group,
        "start": stamp(record.start_at),
        "end": stamp(record.end_at),
        "demand": dict(record.demand),
        "status": status,
    }
