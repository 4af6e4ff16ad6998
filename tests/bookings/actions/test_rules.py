"""The rules of booking, each by itself: what they need is given, and no database is asked."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bookings.actions.candidate import RULES, SLOT_RULES, Candidate, Slot, first_refusal
from bookings.models import Booking
from drivers.models import Driver, Fleet
from sites.models import ChargePoint, Connector, Evse, Location, ParkingLimits, ParkingSpace
from sites.selectors import Criteria
from sites.slots.availability import AvailabilityUnknown
from tests.small_operator import next_hour
from vehicles.models import Vehicle


@pytest.fixture
def wanted() -> Candidate:
    """A booking that breaks no rule."""
    site = Location(pk=1, name="Pier 40", timezone="America/New_York")
    point = ChargePoint(pk=2, location=site, type="private", ampeco_partner_id=501)
    evse = Evse(pk=3, charge_point=point)
    start = next_hour()
    slot = Slot(site, evse, Criteria(), start, start + timedelta(hours=1))
    driver = Driver(pk=4, status="enabled", first_name="Ana")
    candidate = Candidate(Fleet(pk=5, ampeco_partner_id=501), slot, driver)
    candidate.chargers, candidate.driver_is_current = [evse], True
    candidate.private_access, candidate.is_free = frozenset({501}), True
    candidate.bookings_then, candidate.held_by_fleet = [], []
    candidate.limits, candidate.planned = (), {}
    return candidate


def other_booking(wanted: Candidate) -> Booking:
    slot = wanted.slot
    times = {"start_at": slot.start_at, "end_at": slot.end_at}
    return Booking(pk=6, driver=wanted.driver, location=slot.location, evse=slot.evse, **times)


def test_what_breaks_no_rule_is_not_refused(wanted):
    assert first_refusal(wanted) is None


@pytest.mark.parametrize(
    ("broken", "field", "words"),
    [
        ({"chargers": []}, "slot", "can no longer be booked"),
        ({"driver_is_current": False}, "driver", "left your fleet"),
        ({"driver": Driver(status="disabled")}, "driver", "disabled this driver"),
        ({"private_access": frozenset()}, "driver", "no access"),
        ({"is_free": False}, "slot", "no longer free"),
    ],
)
def test_each_rule_says_what_is_wrong_and_where(wanted, broken, field, words):
    for name, value in broken.items():
        setattr(wanted, name, value)
    refusal = first_refusal(wanted)
    assert refusal is not None
    assert refusal.field == field
    assert words in refusal.message


def test_a_driver_is_not_booked_twice_unless_that_is_confirmed(wanted):
    wanted.bookings_then = [other_booking(wanted)]
    refusal = first_refusal(wanted)
    assert refusal is not None
    assert refusal.field == "overlap"
    assert "Pier 40" in refusal.message
    wanted.confirmed_overlap = True
    assert first_refusal(wanted) is None


def test_what_is_changed_is_in_nobodys_way(wanted):
    wanted.previous = other_booking(wanted)
    wanted.bookings_then = [wanted.previous]
    assert first_refusal(wanted) is None


@pytest.mark.parametrize(
    ("reason", "refused"), [("unreachable", False), ("busy", False), ("refused", True)]
)
def test_an_operator_who_does_not_answer_now_is_asked_again_later(
    wanted, monkeypatch, reason, refused
):
    def free_evses(*_args, **_more):
        raise AvailabilityUnknown(reason)

    del wanted.is_free
    monkeypatch.setattr("bookings.actions.candidate.free_evses", free_evses)
    assert (first_refusal(wanted) is not None) == refused


def test_a_slot_is_judged_without_a_driver(wanted):
    wanted.driver = None
    assert first_refusal(wanted, SLOT_RULES) is None
    assert set(SLOT_RULES) < set(RULES)


def test_whoever_has_a_charger_already_is_named(wanted):
    wanted.held_by_fleet = [other_booking(wanted)]
    refusal = first_refusal(wanted)
    assert refusal is not None
    assert (refusal.field, refusal.offer_slots) == ("slot", True)
    assert "Ana" in refusal.message
    assert "(#6, Requested)" in refusal.message


def test_of_several_that_will_do_the_others_are_left(wanted):
    other = Evse(pk=9, charge_point=wanted.slot.evse.charge_point)
    wanted.chargers = [wanted.slot.evse, other]
    wanted.held_by_fleet = [other_booking(wanted)]
    assert wanted.chargers_left == [other]
    assert first_refusal(wanted) is None


def plugged(evse: Evse, *plugs: str) -> Evse:
    connectors = [Connector(type=plug) for plug in plugs]
    evse._prefetched_objects_cache = {"connectors": connectors, "parking_spaces": []}
    return evse


@pytest.fixture
def van(wanted) -> Vehicle:
    wanted.vehicle = Vehicle(pk=8, fleet=wanted.fleet, number="Van 14", plugs=["ccs2"])
    wanted.bookings_of_vehicle_then = []
    plugged(wanted.slot.evse, "ccs2")
    return wanted.vehicle


def test_a_vehicle_that_fits_is_not_refused(wanted, van):
    assert first_refusal(wanted) is None


def test_what_cannot_be_plugged_in_is_refused_whoever_confirms_it(wanted, van):
    plugged(wanted.slot.evse, "chademo")
    wanted.confirmed_misfit = True
    refusal = first_refusal(wanted)
    assert refusal is not None
    assert refusal.field == "vehicle"
    assert "CHAdeMO" in refusal.message


def test_what_is_only_measured_may_be_confirmed(wanted, van):
    van.length_cm = 1200
    space = ParkingSpace(location=wanted.slot.location, status="enabled")
    space.limits = ParkingLimits(space=space, max_length_cm=600)
    wanted.slot.evse._prefetched_objects_cache["parking_spaces"] = [space]
    refusal = first_refusal(wanted)
    assert refusal is not None
    assert refusal.field == "misfit"
    assert "12.00 m" in refusal.message
    wanted.confirmed_misfit = True
    assert first_refusal(wanted) is None


def test_of_any_charger_each_that_may_be_picked_has_to_fit(wanted, van):
    fits, other = wanted.slot.evse, Evse(pk=9, charge_point=wanted.slot.evse.charge_point)
    wanted.slot = replace(wanted.slot, evse=None)
    wanted.chargers = [fits, plugged(other, "chademo")]
    refusal = first_refusal(wanted)
    assert refusal is not None
    assert refusal.field == "misfit"
    wanted.chargers = [other]
    refusal = first_refusal(wanted)
    assert refusal is not None
    assert refusal.field == "vehicle"


def test_a_vehicle_is_not_booked_twice_unless_that_is_confirmed(wanted, van):
    other = other_booking(wanted)
    other.driver = Driver(pk=44, first_name="Ben")
    wanted.bookings_of_vehicle_then = [other]
    refusal = first_refusal(wanted)
    assert refusal is not None
    assert refusal.field == "overlap"
    assert "Van 14 has another booking" in refusal.message
    wanted.confirmed_overlap = True
    assert first_refusal(wanted) is None
