"""What Ampcontrol writes, in our words; with the traps of its document."""

from dataclasses import fields
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from ampcontrol.types import (
    Account,
    Alert,
    ChargePoint,
    Connector,
    Event,
    IdTag,
    Network,
    Optimization,
    Point,
    Route,
    Session,
    Telematics,
    Vehicle,
)
from ampcontrol.types.vehicles import SOMEWHERE
from tests.ampcontrol.stand_in import payload
from upstream.readers import UnreadablePayload
from upstream.tag_keys import tag_key

NETWORK = "3b87971f-e7ec-5a73-be26-cee0aafe75fe"
CHARGE_POINT = "42e56909-f84f-5852-a7ad-98f284104af4"
CONNECTOR = "c77a41a0-be89-58a6-867b-5d61b04f2d22"
VEHICLE = "4e389086-efa1-57d4-981b-a63f25630cb8"
PARSERS = {
    "user": Account,
    "network": Network,
    "charge_point": ChargePoint,
    "connector": Connector,
    "vehicle": Vehicle,
    "telematics": Telematics,
    "id_tag": IdTag,
    "route": Route,
    "session": Session,
    "optimization": Optimization,
    "alert": Alert,
    "event": Event,
}


def at(hour: int, minute: int = 0, second: int = 0, micro: int = 0, *, day: int = 1) -> datetime:
    return datetime(2026, 3, day, hour, minute, second, micro, tzinfo=UTC)


# Each thing as the document gives it


def test_an_account():
    account = Account.from_payload(payload("user"))
    assert (account.name, account.type, account.customer) == (
        "chargebook",
        "service",
        "Hudson Freight",
    )


@pytest.mark.parametrize("customer", ["Hudson Freight", {"name": "Hudson Freight"}])
def test_the_customer_of_an_account_alone_or_in_its_record(customer):
    assert Account.from_payload(payload("user", customer=customer)).customer == "Hudson Freight"


def test_a_network():
    assert Network.from_payload(payload("network")) == Network(
        id=NETWORK,
        name="Hudson Depot",
        objective="fleet",
        time_zone="America/New_York",
        max_capacity_kw=Decimal(1000),
        buffer=Decimal("0.05"),
        reserved_kw=None,
        baseload_active=True,
        solar_active=False,
        currency="USD",
        default_energy_price=Decimal("0.21"),
        current_load_kw=Decimal("312.5"),
        current_limit_kw=None,
        latitude=40.7589,
        longitude=-73.9851,
        updated_at=at(17, 21, 33, 462196),
    )


def test_a_charge_point():
    assert ChargePoint.from_payload(payload("charge_point")) == ChargePoint(
        id=CHARGE_POINT,
        network_id=NETWORK,
        ocpp_id="HUD-0001",
        name="Bay 1",
        serial_number="SN-77",
        vendor="Alpitronic",
        model="HYC150",
        max_capacity_kw=Decimal(150),
        ocpp_status="Available",
        online_status="ONLINE",
        online_status_at=at(11, 1),
        active=True,
        latitude=None,
        longitude=None,
        updated_at=at(17, 27, 8, 404196),
    )


def test_a_connector():
    assert Connector.from_payload(payload("connector")) == Connector(
        id=CONNECTOR,
        charge_point_id=CHARGE_POINT,
        number=1,
        current_type="DC",
        plug="CCS1",
        max_capacity_kw=Decimal(150),
        ocpp_status="Charging",
        ocpp_status_at=at(11, 30),
        priority=3,
        current_load_kw=Decimal("88.25"),
        updated_at=at(17, 32, 15, 59072),
    )


def test_a_vehicle_with_a_departure_of_long_ago():
    assert Vehicle.from_payload(payload("vehicle")) == Vehicle(
        id=VEHICLE,
        name="Bus 2",
        vin="4Y1SL65848Z411439",
        customer_number="B-2",
        plate="ABC123",
        group="MorningDeparturesGroup",
        make="Proterra",
        model="ZX5",
        year=2022,
        battery_kwh=Decimal("450.5"),
        max_power_kw=Decimal(150),
        state_of_charge=Decimal(0),
        target_percent=Decimal(90),
        departs_at=datetime(2020, 8, 13, 6, tzinfo=UTC),
        inside_network_id=NETWORK,
        active=True,
        updated_at=at(13, 5, 42, 982026),
    )


def test_telematics_whose_time_has_no_zone():
    assert Telematics.from_payload(payload("telematics")) == Telematics(
        vehicle_id=VEHICLE,
        at=at(11, 56),
        state_of_charge=Decimal("62.5"),
        plugged_in=True,
        charging_state="ChargingDC",
        charging_kw=Decimal("88.5"),
        odometer_km=Decimal("10250.75"),
        range_km=Decimal("150.5"),
        latitude=40.7589,
        longitude=-73.9851,
        source="thirdPartyTelematics",
    )


def test_a_tag_of_whose_number_only_a_key_and_the_end_are_kept():
    tag = IdTag.from_payload(payload("id_tag"))
    assert tag.key == tag_key("FHH92JFNMSK93")
    assert (tag.last_digits, tag.group, tag.vehicle_id) == ("sk93", "RFID", VEHICLE)
    assert "msk93" not in repr(tag).lower()


def test_a_route():
    assert Route.from_payload(payload("route")) == Route(
        id="66666666-0000-4000-8000-000000000001",
        external_id="chargebook-17",
        vehicle_id=VEHICLE,
        vehicle_group="",
        starts_at=at(5, 30, day=2),
        ends_at=at(15, day=2),
        distance_km=Decimal("120.5"),
        energy_kwh=Decimal(180),
        target_percent=Decimal(90),
        status="future",
    )


def test_a_session():
    session = Session.from_payload(payload("session"))
    assert (session.connector_id, session.charge_point_id) == (CONNECTOR, CHARGE_POINT)
    assert session.tag_key == tag_key("FHH92JFNMSK93")
    assert (session.transaction_id, session.priority, session.active) == (92813645, 2, True)
    assert (session.energy_wanted_kwh, session.energy_kwh) == (80, Decimal("33.333"))
    assert (session.started_at, session.ended_at) == (at(11, 0, 0, 757062), None)


def test_a_session_that_does_not_say_whether_it_is_active():
    of_now, over = payload("session"), payload("session", sessionEnd="2026-03-01T11:40:00")
    for each in (of_now, over):
        del each["active"]
    assert Session.from_payload(of_now).active
    assert not Session.from_payload(over).active


def test_an_optimization_whose_connector_is_the_uuid_and_not_the_number():
    optimization = Optimization.from_payload(payload("optimization"))
    assert (optimization.connector_id, optimization.charge_point_id) == (CONNECTOR, CHARGE_POINT)
    assert optimization.points == (Point(at(12), 30.0), Point(at(12, 15), 20.0))
    # The document's own malformed zone: the end stands in the OCPP profile, too.
    assert (optimization.start_at, optimization.end_at) == (at(12), at(12, 30))


def test_an_optimization_of_which_there_is_only_the_ocpp_profile_in_watts():
    optimization = Optimization.from_payload(payload("optimization", profile=None))
    assert optimization.points == (Point(at(12), 30.0), Point(at(12, 15), 20.0))
    assert (optimization.start_at, optimization.end_at) == (at(12), at(12, 30))


def test_limits_in_amperes_tell_no_power():
    told = payload("optimization")
    told["profile"]["unit"] = told["csChargingProfiles"]["chargingSchedule"]["chargingRateUnit"] = (
        "A"
    )
    assert Optimization.from_payload(told).points == ()


def test_an_alert_and_an_event():
    alert, event = Alert.from_payload(payload("alert")), Event.from_payload(payload("event"))
    assert (alert.name, alert.category, alert.urgency, alert.status) == (
        "CHARGER_DISCONNECTED",
        "Charge Point",
        "Very High",
        "Triggered",
    )
    assert (alert.charge_point_id, alert.connector_id) == (CHARGE_POINT, "")
    assert (alert.raised_at, alert.updated_at) == (at(11, 49), at(11, 55))
    assert (event.category, event.severity, event.at) == ("Optimization", "Info", at(11, 48))
    assert (event.charge_point_id, event.connector_id) == (CHARGE_POINT, CONNECTOR)


def test_the_number_of_a_connector_is_not_its_id():
    assert Alert.from_payload(payload("alert", connectorId=1)).connector_id == ""
    assert Alert.from_payload(payload("alert", connectorId="1")).connector_id == ""


# What nobody foresaw


@pytest.mark.parametrize("noun", PARSERS)
def test_fields_that_we_do_not_know_change_nothing(noun):
    parse = PARSERS[noun].from_payload
    assert parse(payload(noun, novelty={"a": [1]}, another=None)) == parse(payload(noun))


@pytest.mark.parametrize("noun", PARSERS)
def test_next_to_nothing_is_enough(noun):
    told = payload(noun)
    needed = {"id", "connectorId"} if noun == "connector" else {"id", "vehicleId", "timestamp"}
    record = PARSERS[noun].from_payload({key: told[key] for key in needed & set(told)})
    assert record


@pytest.mark.parametrize("noun", [noun for noun in PARSERS if noun != "telematics"])
@pytest.mark.parametrize("wrong", [None, "", 17, [], True, "a b", "../x", "x" * 65])
def test_without_an_id_it_is_nothing(noun, wrong):
    with pytest.raises(UnreadablePayload):
        PARSERS[noun].from_payload(payload(noun, id=wrong))


@pytest.mark.parametrize("change", [{"vehicleId": None}, {"timestamp": None}, {"timestamp": "x"}])
def test_telematics_without_vehicle_or_instant_are_nothing(change):
    with pytest.raises(UnreadablePayload):
        Telematics.from_payload(payload("telematics", **change))


def test_telematics_of_a_vehicle_that_was_asked_for_need_not_name_it():
    told = payload("telematics", vehicleId=None)
    assert Telematics.from_payload(told, vehicle_id="v-1").vehicle_id == "v-1"


@pytest.mark.parametrize("number", [None, 0.5, "one", -1, 10**9])
def test_a_connector_without_its_number_is_nothing(number):
    with pytest.raises(UnreadablePayload):
        Connector.from_payload(payload("connector", connectorId=number))


def test_words_that_we_do_not_know_are_unknown_and_none_are_empty():
    network = Network.from_payload(payload("network", objective="fleet_with_tou_rates"))
    assert network.objective == "unknown"
    charge_point = ChargePoint.from_payload(payload("charge_point", onlineStatus=None))
    assert charge_point.online_status == ""
    assert Alert.from_payload(payload("alert", name="METEOR")).name == "unknown"


def test_words_are_known_however_they_are_capitalised():
    assert Network.from_payload(payload("network", objective="OFF")).objective == "off"
    connector = Connector.from_payload(payload("connector", plugType="chademo"))
    assert connector.plug == "CHAdeMO"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (1000, 1000),
        ("1000", 1000),
        ("2,000", 2000),
        ("1,234,567.5", Decimal("1234567.5")),
        ("1,5", None),
        ("much", None),
        (-1, None),
        (1e300, None),
        (float("nan"), None),
        (True, None),
        (0.1 + 0.2, Decimal("0.3")),
    ],
)
def test_numbers_however_they_are_written(written, read):
    assert Network.from_payload(payload("network", maxCapacity=written)).max_capacity_kw == read


@pytest.mark.parametrize("percent", [-0.1, 100.1, "full", None])
def test_what_is_no_percentage_is_none(percent):
    assert Vehicle.from_payload(payload("vehicle", stateOfCharge=percent)).state_of_charge is None


@pytest.mark.parametrize(
    ("inside", "read"),
    [
        (True, SOMEWHERE),
        ("true", SOMEWHERE),
        (1, SOMEWHERE),
        (False, ""),
        ("False", ""),
        (0, ""),
        (None, ""),
        ({"id": "n-1"}, "n-1"),
    ],
)
def test_the_depot_that_is_only_told_of_as_a_yes(inside, read):
    assert Vehicle.from_payload(payload("vehicle", insideDepot=inside)).inside_network_id == read


def test_a_network_that_does_not_tell_its_buffer_has_the_documents():
    assert Network.from_payload(payload("network", maxCapacityBuffer=None)).buffer == Decimal(
        "0.02"
    )
    assert Network.from_payload(payload("network", maxCapacityBuffer=0)).buffer == 0


def test_secrets_are_not_read():
    network, account = payload("network"), payload("user")
    text = repr(Network.from_payload(network)) + repr(Account.from_payload(account))
    assert "never-read" not in text
    assert "charging.example" not in text
    assert not {"webhook", "secret"} & {field.name for field in fields(Network)}


def test_what_tells_of_people_and_places_is_not_in_what_is_logged():
    text = repr(Vehicle.from_payload(payload("vehicle")))
    text += repr(Telematics.from_payload(payload("telematics")))
    for part in ("4Y1SL65848Z411439", "ABC123", "40.7589"):
        assert part not in text


# Time series

ROWS = [("2026-03-01T12:15:00", 380.5), ("2026-03-01T12:00:00Z", "400")]
SERIES = [Point(at(12), 400.0), Point(at(12, 15), 380.5)]


@pytest.mark.parametrize(
    "data",
    [
        {"unit": "kW", "data": [{"time": time, "value": value} for time, value in ROWS]},
        {"data": {"data": [{"time": time, "value": value} for time, value in ROWS]}},
        [{"time": time, "value": value} for time, value in ROWS],
        [{"timestamp": time, "value": value} for time, value in ROWS],
        {"profile": {"data": [list(row) for row in ROWS]}},
        [{"data": [list(row) for row in ROWS]}],
        {"time": [time for time, _ in ROWS], "value": [value for _, value in ROWS]},
        {"times": [time for time, _ in ROWS], "values": [value for _, value in ROWS]},
    ],
)
def test_a_time_series_however_it_is_packed(data):
    assert Point.series_from_payload(data) == SERIES


@pytest.mark.parametrize("data", [{}, [], {"data": []}, {"start": "2026-03-01", "data": []}])
def test_a_time_series_of_nothing(data):
    assert Point.series_from_payload(data) == []


@pytest.mark.parametrize("data", [None, "x", 7, {"other": 1}, ["x"], [{"a": 1}, {"b": 2}]])
def test_what_is_no_time_series_is_not_an_empty_one(data):
    with pytest.raises(UnreadablePayload):
        Point.series_from_payload(data)


def test_points_that_cannot_be_read_are_left_out():
    data = [*[list(row) for row in ROWS], ["later", 1], ["2026-03-01T13:00:00", None]]
    assert Point.series_from_payload(data) == SERIES
