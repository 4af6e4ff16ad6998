"""Circuits, electricity rates and their prices, and by what other platforms know things."""

from datetime import date
from decimal import Decimal

import pytest

from ampeco.types import (
    ChargePoint,
    Circuit,
    ElectricityRate,
    IdTag,
    PriceDay,
    PricePeriod,
    UnreadablePayload,
)
from tests.scripted_operator import payload
from upstream.tag_keys import tag_key


def test_a_circuit():
    assert Circuit.from_payload(payload("circuit", "3.110")) == Circuit(
        id=11,
        name="Main switchboard",
        parent_id=None,
        phases="three_phase",
        configuration="star",
        max_voltage="400",
        max_current=Decimal("250.5"),
        limited_elsewhere=True,
        charge_point_ids=(70, 71),
    )


def test_a_circuit_of_which_little_is_said():
    circuit = Circuit.from_payload(
        {"id": 1, "phases": "six_phase", "maxVoltage": None, "chargePointPriorities": [{}, 5]}
    )
    assert (circuit.phases, circuit.configuration) == ("unknown", "star")
    assert (circuit.max_voltage, circuit.max_current) == ("", None)
    assert (circuit.charge_point_ids, circuit.limited_elsewhere) == ((), False)


def test_an_electricity_rate():
    assert ElectricityRate.from_payload(payload("electricity_rate", "3.110")) == ElectricityRate(
        id=3, name="Night tariff", type="admin_defined", default_price=Decimal("0.31")
    )


def test_prices_of_weekdays_and_of_a_date():
    assert PriceDay.from_payload(payload("price_days", "weekdays")) == PriceDay(
        weekday="any", date=None, periods=(PricePeriod("22:00", "06:00", Decimal("0.18")),)
    )
    assert PriceDay.from_payload(payload("price_days", "date")) == PriceDay(
        weekday="",
        date=date(2026, 12, 24),
        periods=(PricePeriod("00:00", "23:59", Decimal("0.12")),),
    )


def test_what_cannot_be_read_of_prices_is_left_out():
    periods = [
        {"startsAt": "25:00", "endsAt": "06:00", "price": 1},
        {"startsAt": "05:00", "endsAt": "06:00", "price": "much"},
        {"startsAt": "06:00", "endsAt": "07:00", "price": "0.2"},
    ]
    read = PriceDay.from_payload({"weekDay": "mon", "periods": periods}).periods
    assert read == (PricePeriod("06:00", "07:00", Decimal("0.2")),)
    for day in ({"weekDay": "someday"}, {"date": "2026-02-30"}, {}):
        with pytest.raises(UnreadablePayload):
            PriceDay.from_payload(day)


@pytest.mark.parametrize(
    ("boot", "serial"),
    [
        ({"chargePointSerialNumber": " SN-1 ", "chargeBoxSerialNumber": "BOX-1"}, "SN-1"),
        ({"chargePointSerialNumber": None, "chargeBoxSerialNumber": "BOX-1"}, "BOX-1"),
        (None, ""),
    ],
)
def test_a_charge_point_is_known_by_its_ocpp_id_and_serial_number(boot, serial):
    charge_point = ChargePoint.from_payload(
        {"id": 1, "network": {"id": " CP-1 "}, "lastBootNotification": boot}
    )
    assert (charge_point.ocpp_id, charge_point.serial_number) == ("CP-1", serial)


def test_of_a_tags_number_only_keys_and_the_end_are_kept():
    tag = IdTag.from_payload(payload("id_tag", "3.110"))
    assert (tag.last_digits, tag.uid_key) == ("E5F6", tag_key("04:a1:b2:c3:d4:e5:f6"))
    assert tag.uid_short_key == ""
    long = IdTag.from_payload({"id": 1, "idTagUid": "DE-ABC-C12345678-9-TRUCK-14"})
    assert long.uid_short_key == tag_key("DEABCC123456789TRUCK")
    assert tag.uid_key not in repr(tag)
