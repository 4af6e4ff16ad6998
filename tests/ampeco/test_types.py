import logging
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ampeco import types
from ampeco.types import (
    Booking,
    BookingRequest,
    ChargePoint,
    Connector,
    Evse,
    EvseAvailability,
    Location,
    NewBookingRequest,
    Partner,
    PartnerInvite,
    Session,
    Slot,
    UnreadablePayload,
    User,
)
from tests.scripted_operator import payload
from upstream import readers
from upstream.readers import clock

PARSERS = {
    "location": Location,
    "charge_point": ChargePoint,
    "evse": Evse,
    "user": User,
    "partner": Partner,
    "booking": Booking,
    "session": Session,
}


def at(hour: int, minute: int = 0, second: int = 0, *, day: int = 1, month: int = 3) -> datetime:
    return datetime(2026, month, day, hour, minute, second, tzinfo=UTC)


UPDATED = at(14, 30, 1, day=28, month=2)


def test_location_of_3_108():
    location = Location.from_payload(payload("location", "3.108"))

    assert location.name == "Hudson Depot"
    assert location.address == "12 Pier Road"
    assert (location.city, location.region) == ("New York", "New York State")
    assert (location.post_code, location.country) == ("10036", "US")
    assert (location.latitude, location.longitude) == (40.7589, -73.9851)
    assert location.timezone == "America/New_York"
    assert location.roaming_operator_id == 31
    assert location.status == "unknown"
    assert location.always_open is None
    assert (location.opening_hours, location.access_methods, location.facilities) == ({}, (), ())
    assert location.last_updated_at is None


def test_location_of_3_110():
    assert Location.from_payload(payload("location", "3.110")) == Location(
        id=7,
        name="Hudson Depot",
        description="Truck depot by the river",
        address="12 Pier Road, New York, NY 10036",
        street_address="12 Pier Road",
        city="New York",
        region="NY",
        post_code="10036",
        country="US",
        latitude=40.7589,
        longitude=-73.9851,
        timezone=None,
        parking_type="PARKING_LOT",
        access_methods=("ACCESS_CODE", "INTERCOM"),
        facilities=("WIFI", "CAFE"),
        how_to_get_in="Gate code at the lodge",
        always_open=False,
        opening_hours={
            "monday": (("06:00", "12:00"), ("13:00", "22:00")),
            "sunday": (("08:00", "20:00"),),
        },
        status="enabled",
        roaming_operator_id=31,
        last_updated_at=UPDATED,
    )


@pytest.mark.parametrize(
    ("start", "end", "hours"),
    [
        ("8:00", "18:00", "08:00 18:00"),
        ("0:00", "24:00", "00:00 24:00"),
        ("08:00:00", "24:00:00", "08:00 24:00"),
        ("8 AM", "6 PM", "08:00 18:00"),
        ("12:00 AM", "12:00 PM", "00:00 12:00"),
        ("8:30 a.m.", "06:15pm", "08:30 18:15"),
        ("8.00", "18h30", "08:00 18:30"),
        ("0800", "1800", "08:00 18:00"),
        ("8 h", "18 Uhr", "08:00 18:00"),
        (8, 18, "08:00 18:00"),
    ],
)
def test_opening_hours_are_read_as_times(start, end, hours):
    assert hours_of(start, end) == {"monday": (tuple(hours.split()),)}


def hours_of(start: object, end: object, **more: object) -> dict:
    hours = {"monday": [{"start": start, "end": end}], **more}
    return Location.from_payload({"id": 1, "workingHours": {"hours": hours}}).opening_hours


@pytest.mark.parametrize(
    "start", ["dawn", "25:00", "24:01", "8:60", "13 AM", "8:00 XM", "-8:00", "8:0", "08:00Z", [8]]
)
def test_hours_that_cannot_be_read_are_not_known_and_not_closed(start):
    assert hours_of(start, "18:00") == {}
    tuesday = [{"start": "09:00", "end": "17:00"}]
    assert hours_of(start, "18:00", tuesday=tuesday, wednesday=[]) == {
        "monday": None,
        "tuesday": (("09:00", "17:00"),),
    }
    assert hours_of("08:00", "12:00", tuesday=[*tuesday, {"start": start, "end": "20:00"}]) == {
        "monday": (("08:00", "12:00"),),
        "tuesday": None,
    }


@given(st.integers(0, 24 * 60))
def test_a_time_of_day_is_read_as_it_was_written(minutes):
    hour, minute = divmod(minutes, 60)
    half = "PM" if 12 <= hour < 24 else "AM"
    written = [f"{hour}:{minute:02}", f"{hour:02}:{minute:02}:00", f"{hour:02}{minute:02}"]
    if hour < 24:
        written += [f"{hour % 12 or 12}:{minute:02} {half}", f"{hour}h{minute:02}"]
    assert {clock(text) for text in written} == {f"{hour:02}:{minute:02}"}


@given(st.text(alphabet="0123456789:. apmhuAPMZ+-", max_size=12))
def test_anything_is_a_time_or_is_not(text):
    read = clock(text)
    assert read is None or "00:00" <= read <= "24:00"
    assert read is None or len(read) == 5


def test_position_is_known_as_a_whole_or_not_at_all():
    nowhere = [{"latitude": 0, "longitude": 0}, {"latitude": "0.000000", "longitude": -0.0}]
    for place in (
        {"latitude": 91, "longitude": 0},
        {"latitude": 1},
        None,
        {"latitude": "x"},
        *nowhere,
    ):
        location = Location.from_payload({"id": 1, "geoposition": place})
        assert (location.latitude, location.longitude) == (None, None)


def test_charge_point_of_3_108():
    assert ChargePoint.from_payload(payload("charge_point", "3.108")) == ChargePoint(
        id=70,
        name="Bay 1",
        type="public",
        location_id=7,
        status="enabled",
        network_status="available",
        hardware_status="",
        partner_id=None,
        partner_access_type="",
        ocpp_id="",
        serial_number="",
        electricity_rate_id=None,
        last_updated_at=None,
    )


def test_charge_point_of_3_110_is_read_without_its_secrets():
    charge_point = ChargePoint.from_payload(payload("charge_point", "3.110"))

    assert charge_point == ChargePoint(
        id=70,
        name="Bay 1",
        type="private",
        location_id=7,
        status="out of order",
        network_status="temporarily_unavailable",
        hardware_status="faulted",
        partner_id=501,
        partner_access_type="private_view_private_use",
        ocpp_id="CP-0070",
        serial_number="SN-0070",
        electricity_rate_id=3,
        last_updated_at=UPDATED,
    )
    assert "secret" not in repr(charge_point)
    assert "4711" not in repr(charge_point)


def test_personal_charge_point_may_have_no_location():
    charge_point = ChargePoint.from_payload({"id": 1, "type": "personal", "partner": None})
    assert (charge_point.type, charge_point.location_id) == ("personal", None)


def test_evse_of_3_108_takes_the_power_of_its_strongest_connector():
    evse = Evse.from_payload(payload("evse", "3.108"))

    assert evse.max_power_kw == Decimal(150)
    assert evse.booking_enabled is True
    assert evse.charge_point_id is None
    assert evse.connectors == (
        Connector(id=1, type="ccs1", format="", status=""),
        Connector(id=2, type="chademo", format="", status=""),
    )


def test_evse_of_3_110_takes_watts_though_they_are_labelled_wh():
    assert Evse.from_payload(payload("evse", "3.110")) == Evse(
        id=15,
        charge_point_id=70,
        physical_reference="CP-01-A",
        label="Charger 1 - Port A",
        current_type="dc",
        network_id="1",
        status="out of order",
        hardware_status="suspendedEV",
        booking_enabled=True,
        max_power_kw=Decimal("22.08"),
        tariff_group_id=9,
        connectors=(
            Connector(id=1, type="ccs1", format="cable", status="enabled"),
            Connector(id=2, type="chademo", format="cable", status="disabled"),
        ),
        last_updated_at=UPDATED,
    )


@pytest.mark.parametrize(
    ("power_options", "expected"),
    [
        ({"maxPower": 7400}, Decimal("7.4")),
        ({"maxPower": "11000"}, Decimal(11)),
        ({"maxPower": None}, None),
        ({"maxPower": 0}, None),
        ({"maxPower": -5}, None),
        ({"maxPower": 10**12}, None),
        ({"maxPower": "much"}, None),
        ({"maxPower": float("nan")}, None),
        ({}, None),
        (None, None),
        ([], None),
    ],
)
def test_power(power_options, expected):
    assert Evse.from_payload({"id": 1, "powerOptions": power_options}).max_power_kw == expected


NOT_BOOKABLE: list[object] = [None, False, 0, "yes", [], 2]


@pytest.mark.parametrize("value", NOT_BOOKABLE)
def test_evse_is_bookable_only_where_that_is_said(value):
    assert Evse.from_payload({"id": 1, "bookingEnabled": value}).booking_enabled is False
    assert Evse.from_payload({"id": 1}).booking_enabled is False


def test_slots_are_ordered_merged_and_never_empty():
    def slot(start: str, end: str) -> dict[str, str]:
        return {"startAt": f"2026-03-01T{start}Z", "endAt": f"2026-03-01T{end}Z"}

    availability = EvseAvailability.from_payload(
        {
            "evseId": 15,
            "availableSlots": [
                slot("12:00:00", "14:00:00"),
                slot("08:00:00", "10:00:00"),
                slot("10:00:00", "10:30:00"),  # touches
                slot("13:00:00", "13:30:00"),  # inside
                slot("13:45:00", "15:00:00"),  # overlaps
                slot("16:00:00", "16:00:00"),  # empty
                slot("18:00:00", "17:00:00"),  # inverted
                {"startAt": "2026-03-01T20:00:00Z"},
                "nonsense",
            ],
        }
    )

    assert availability.slots == (
        Slot(start_at=at(8), end_at=at(10, 30)),
        Slot(start_at=at(12), end_at=at(15)),
    )


def test_user_of_3_108():
    user = User.from_payload(payload("user", "3.108"))

    assert (user.id, user.first_name, user.last_name) == (42, "Anna", "")
    assert user.email == "Anna.Kovacs@hudson.example"
    assert (user.locale, user.status) == ("", "enabled")
    assert user.partner_invites is None


def test_user_of_3_110_with_invites():
    user = User.from_payload(payload("user", "3.110"))

    assert (user.id, user.last_name, user.locale, user.status) == (42, "Kovács", "en", "disabled")
    assert user.partner_invites == (
        PartnerInvite(
            id=900,
            partner_id=501,
            user_id=42,
            status="accepted",
            allow_private_charge_points=True,
            accepted_at=datetime(2026, 1, 2, tzinfo=UTC),
        ),
        PartnerInvite(
            id=901,
            partner_id=502,
            user_id=None,
            status="pending",
            allow_private_charge_points=False,
            accepted_at=None,
        ),
    )


def test_user_is_not_told_by_its_representation():
    shown = repr(User.from_payload(payload("user", "3.110")))
    for secret in ("Anna", "Kov", "hudson", "555", "Home", "hash"):
        assert secret not in shown


def test_user_without_invites_differs_from_invites_not_asked_for():
    assert User.from_payload({"id": "1", "partnerInvites": []}).partner_invites == ()


@pytest.mark.parametrize("shape", ["3.108", "3.110"])
def test_partner(shape):
    assert Partner.from_payload(payload("partner", shape)) == Partner(id=501, name="Hudson Parcel")


def test_booking_of_3_108_with_nested_evse():
    booking = Booking.from_payload(payload("booking", "3.108"))

    assert (booking.user_id, booking.status, booking.evse_ids) == (42, "accepted", (15,))
    assert (booking.start_at, booking.end_at) == (at(10), at(11))
    assert booking.session_id is None


def test_booking_of_3_110_with_booked_evses_and_without_user():
    assert Booking.from_payload(payload("booking", "3.110")) == Booking(
        id=100,
        user_id=None,
        location_id=7,
        start_at=at(10),
        end_at=at(11),
        status="no-show",
        evse_ids=(15, 16),
        session_id=5001,
        access_methods=("TOKEN",),
        created_at=UPDATED,
        last_updated_at=UPDATED,
    )


def test_session_of_3_108():
    session = Session.from_payload(payload("session", "3.108"))

    assert (session.id, session.status, session.energy_kwh) == ("5001", "active", Decimal("1.2345"))
    assert (session.amount, session.currency) == (Decimal("4.2"), "USD")
    assert (session.booking_id, session.user_id, session.stopped_at) == (None, None, None)
    assert session.billing_status == ""


def test_session_of_3_110_costs_what_is_paid_with_tax():
    session = Session.from_payload(payload("session", "3.110"))

    assert (session.energy_kwh, session.amount) == (Decimal("61.25"), Decimal("24.6"))
    assert (session.booking_id, session.user_id) == (100, 42)
    assert session.billing_status == "completed"
    assert (session.started_at, session.stopped_at) == (at(10, 2), at(10, 58))


@pytest.mark.parametrize(("noun", "parser"), PARSERS.items())
def test_unknown_fields_and_values_do_no_harm(noun, parser):
    strange = payload(noun, "3.110")
    required = {"id", "locationId", "startAt", "endAt"} if noun == "booking" else {"id"}
    for key in strange.keys() - required:
        strange[key] = {"something": ["entirely", {"new": 1}]}
    strange["brandNew"] = {"deep": [1, 2, 3]}

    assert parser.from_payload(strange).id == parser.from_payload(payload(noun, "3.110")).id


@pytest.mark.parametrize(("noun", "parser"), PARSERS.items())
def test_what_has_no_id_cannot_be_read(noun, parser):
    nameless = payload(noun, "3.110")
    unusable: list[object] = [None, "", [], {}, True]
    for value in unusable:
        nameless["id"] = value
        with pytest.raises(UnreadablePayload):
            parser.from_payload(nameless)


@pytest.mark.parametrize(
    ("parser", "field", "attribute"),
    [
        (Location, "status", "status"),
        (Location, "parkingType", "parking_type"),
        (ChargePoint, "type", "type"),
        (ChargePoint, "status", "status"),
        (ChargePoint, "networkStatus", "network_status"),
        (Evse, "currentType", "current_type"),
        (Evse, "status", "status"),
        (Evse, "hardwareStatus", "hardware_status"),
        (Connector, "type", "type"),
        (User, "status", "status"),
        (BookingRequest, "status", "status"),
        (BookingRequest, "type", "type"),
        (Session, "status", "status"),
    ],
)
def test_unknown_enum_value_is_read_as_unknown(parser, field, attribute):
    assert getattr(parser.from_payload({"id": 1, field: "brand-new"}), attribute) == "unknown"


def test_unknown_enum_value_is_logged_once(caplog, monkeypatch):
    monkeypatch.setattr(readers, "_surprises", set())
    with caplog.at_level(logging.WARNING, logger="ampeco"):
        for _ in range(3):
            Evse.from_payload({"id": 1, "status": "vaporised"})
    assert [record.getMessage() for record in caplog.records] == [
        "The operator gives 'vaporised' as EVSE status; it is read as unknown."
    ]


def test_unknown_members_of_a_list_are_left_out():
    location = Location.from_payload({"id": 1, "accessMethods": ["TOKEN", "RETINA", "TOKEN", 3]})
    assert location.access_methods == ("TOKEN",)


def test_all_types_are_frozen_and_slotted():
    found = [kind for kind in vars(types).values() if isinstance(kind, type) and is_dataclass(kind)]
    assert Location in found
    assert NewBookingRequest in found
    for kind in found:
        assert vars(kind)["__dataclass_params__"].frozen
        assert set(vars(kind)["__slots__"]) == {field.name for field in fields(kind)}


def test_session_tells_what_it_came_to_and_of_its_card_only_the_end():
    session = Session.from_payload(payload("session", "with all"))
    assert (session.amount, session.amount_without_tax) == (Decimal("24.6"), Decimal("20.5"))
    assert (session.peak_kw, session.tax_percent) == (Decimal("149.5"), 20)
    assert (session.extends_id, session.extended_by_id, session.receipt_id) == (5000, 5003, 91)
    assert session.id_tag_end == "177A"
    assert "177A" not in repr(session)
    assert [part.price for part in session.price_breakdown] == [Decimal("24.5"), Decimal("0.1")]
    assert session.price_breakdown[0].price_per_unit_without_tax == Decimal("0.3333")


def test_what_started_a_session_remotely_is_no_card():
    assert Session.from_payload(payload("session", "3.110")).id_tag_end == ""


def test_part_without_a_price_is_left_out():
    bare = payload("session", "with all") | {"priceBreakdown": [{"type": "energy"}, {"x": 1}, 3]}
    assert Session.from_payload(bare).price_breakdown == ()
