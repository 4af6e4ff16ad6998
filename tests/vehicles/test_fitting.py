"""Whether a vehicle fits a charger: pure, on rows that no database has."""

import random
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import pytest

from ampeco.types import CONNECTOR_TYPES
from drivers.models import Driver, PrivateAccess
from sites.models import ChargePoint, Connector, Evse, Location, ParkingLimits, ParkingSpace
from vehicles.criteria import criteria_of
from vehicles.fitting import misfit, why_not
from vehicles.models import Vehicle

SITE = Location(pk=1, name="Depot", timezone="Europe/Berlin")
OPEN = ChargePoint(pk=2, location=SITE, type="public")


def prefetched(row: Any, **related: Iterable[Any]) -> Any:
    """Give a row what a query would have read with it."""
    row._prefetched_objects_cache = {name: list(rows) for name, rows in related.items()}
    return row


def charger(
    *plugs: str,
    current: str = "dc",
    power: int = 150,
    spaces: Iterable[ParkingSpace] = (),
    point: ChargePoint = OPEN,
) -> Evse:
    evse = Evse(pk=3, charge_point=point, current_type=current, max_power_kw=Decimal(power))
    connectors = [Connector(type=plug) for plug in plugs]
    return prefetched(evse, connectors=connectors, parking_spaces=spaces)


def space(status: str = "enabled", **limits: Any) -> ParkingSpace:
    made = ParkingSpace(location=SITE, label="P 1", status=status)
    if limits:
        made.limits = ParkingLimits(space=made, **limits)
    return made


def van(**facts: Any) -> Vehicle:
    known = {"plugs": ["ccs2"], "ac_kw": Decimal(11), "dc_kw": Decimal(100), **facts}
    return Vehicle(number="Van 14", **known)


@pytest.mark.parametrize(
    ("vehicle", "evse", "words"),
    [
        (van(), charger("ccs2"), ""),
        (van(), charger("type2", current="ac", power=22), ""),
        (van(plugs=["ccs1"]), charger("j1772", current="ac", power=7), ""),
        (van(), charger("chademo"), "CHAdeMO"),
        (van(plugs=["type2"]), charger("ccs2"), "CCS2"),
        (van(plugs=[]), charger("chademo"), ""),
        (van(), charger(), ""),
        (van(dc_kw=0), charger("ccs2"), "DC"),
        (van(ac_kw=0), charger("type2", current="ac", power=22), "AC"),
    ],
)
def test_a_plug_or_a_current_that_does_not_match_is_certain(vehicle, evse, words):
    found = why_not(vehicle, evse)
    assert bool(found) == bool(words)
    if found:
        assert words in found.text
        assert found.is_certain


@pytest.mark.parametrize(
    ("facts", "limits", "words"),
    [
        ({"length_cm": 590}, {"max_length_cm": 500}, "5.90 m"),
        ({"height_cm": 270}, {"max_height_cm": 210}, "2.70 m"),
        ({"width_cm": 210}, {"max_width_cm": 200}, "2.10 m"),
        ({"weight_kg": 4250}, {"max_weight_kg": 3500}, "4250 kg"),
        (
            {"ampeco_type": Vehicle.Type.TRUCK},
            {"vehicle_types": [Vehicle.Type.CAR.value]},
            "other kinds",
        ),
        ({"needs_drive_through": True}, {"drive_through": False}, "drive through"),
        ({"needs_refrigeration": True}, {"refrigeration_outlet": False}, "refrigeration"),
        ({"carries_dangerous_goods": True}, {"dangerous_goods": False}, "Dangerous goods"),
    ],
)
def test_what_is_known_of_the_parking_space_counts_but_is_not_certain(facts, limits, words):
    found = why_not(van(**facts), charger("ccs2", spaces=[space(**limits)]))
    assert found is not None
    assert words in found.text
    assert not found.is_certain
    # Neither a vehicle nor a space of which that is not known is in the way.
    assert misfit(van(), charger("ccs2", spaces=[space(**limits)])) == ""
    assert misfit(van(**facts), charger("ccs2", spaces=[space()])) == ""


def test_one_space_that_will_do_is_enough_and_one_out_of_service_is_none():
    small, large = space(max_length_cm=500), space(max_length_cm=700)
    long = van(length_cm=600)
    assert misfit(long, charger("ccs2", spaces=[small, large])) == ""
    assert "5.00 m" in misfit(long, charger("ccs2", spaces=[small, space(status="disabled")]))
    assert "out of service" in misfit(van(), charger("ccs2", spaces=[space(status="disabled")]))


def test_a_private_charger_wants_access_for_the_usual_driver():
    private = ChargePoint(pk=5, location=SITE, type="private", ampeco_partner_id=501)
    evse = charger("ccs2", point=private)
    ana = prefetched(Driver(pk=7, first_name="Ana"), private_access=[])
    found = why_not(van(usual_driver=ana), evse)
    assert found is not None
    assert found.is_about_driver
    assert "Ana" in found.text
    prefetched(ana, private_access=[PrivateAccess(ampeco_partner_id=501)])
    assert why_not(van(usual_driver=ana), evse) is None
    assert why_not(van(), evse) is None


def test_criteria_leave_room_below_and_above_the_power_of_the_vehicle():
    dc = criteria_of(van())
    assert (dc.current_type, dc.connector_type) == ("dc", "ccs2")
    assert (dc.min_power_kw, dc.max_power_kw) == (50, 200)
    ac = criteria_of(van(plugs=["type2"], ac_kw=Decimal("7.4")))
    assert (ac.current_type, ac.connector_type) == ("ac", "type2")
    assert (ac.min_power_kw, ac.max_power_kw) == (Decimal("3.7"), 22)


def test_criteria_of_a_vehicle_of_which_nothing_is_known_ask_for_nothing():
    unknown = criteria_of(Vehicle(number="Van 1"))
    assert unknown.key == "//"
    assert unknown.fits(charger("chademo"))


def test_all_eight_facts_of_a_vehicle_are_asked_of_its_parking_space():
    truck = van(
        weight_kg=18000,
        height_cm=400,
        length_cm=1200,
        width_cm=255,
        ampeco_type=Vehicle.Type.TRUCK,
        needs_drive_through=True,
        needs_refrigeration=True,
        carries_dangerous_goods=True,
    )
    assert len(criteria_of(truck).parking.to_payload()) == 8
    # An operator who knows no parking space at this site could only refuse.
    assert not criteria_of(truck, [charger("ccs2")]).parking
    assert criteria_of(truck, [charger("ccs2", spaces=[space()])]).parking


def test_whatever_fits_a_vehicle_some_charger_of_the_site_meets_its_criteria():
    """Property: over random vehicles and sites, “any that fits” never rules out all that fits."""
    chance = random.Random(14)
    plugs = sorted(CONNECTOR_TYPES)
    for _round in range(300):
        vehicle = van(
            plugs=chance.sample(plugs, chance.randint(0, 3)),
            ac_kw=chance.choice([None, Decimal(0), Decimal("3.7"), Decimal(22)]),
            dc_kw=chance.choice([None, Decimal(0), Decimal(50), Decimal(350)]),
            length_cm=chance.choice([None, 480, 1200]),
        )
        evses = [
            charger(
                *chance.sample(plugs, chance.randint(1, 3)),
                current=chance.choice(["ac", "dc", "unknown"]),
                power=chance.choice([4, 11, 22, 50, 150, 400]),
                spaces=chance.choice([[], [space(max_length_cm=600)]]),
            )
            for _evse in range(chance.randint(1, 6))
        ]
        fitting = [evse for evse in evses if not misfit(vehicle, evse)]
        criteria = criteria_of(vehicle, evses)
        assert bool(fitting) <= any(criteria.fits(evse) for evse in fitting)
        if criteria.connector_type and criteria.current_type:
            met = [evse for evse in evses if criteria.fits(evse)]
            certain = [why for evse in met if (why := why_not(vehicle, evse)) and why.is_certain]
            # What is asked for by its connector can be plugged in.
            assert not certain
