"""What counts as a change follows from the facts that are declared, whichever they are."""

from datetime import timedelta

import pytest

from bookings.models import Booking, BookingEvent, BookingRequest
from bookings.wording.versions import CHANGEABLE_FACTS, as_json, same_as, tells_all_of
from drivers.models import Driver
from tests.small_operator import next_hour

START = next_hour()
WAS = {"start_at": START, "end_at": START + timedelta(hours=1), "driver": Driver(pk=1)}
NEW = {
    "start_at": START + timedelta(minutes=15),
    "end_at": START + timedelta(hours=2),
    "driver": Driver(pk=2),
}


def change(*names: str) -> BookingRequest:
    """Return a change of these facts alone."""
    kept = {fact.previous: WAS[fact.name] for fact in CHANGEABLE_FACTS}
    return BookingRequest(kind="update", **WAS | {name: NEW[name] for name in names}, **kept)


def told(*names: str) -> BookingEvent:
    return BookingEvent(changes={name: [as_json(WAS[name]), as_json(NEW[name])] for name in names})


@pytest.mark.parametrize("name", [fact.name for fact in CHANGEABLE_FACTS])
def test_each_fact_makes_a_change_and_has_to_be_told(name):
    assert not same_as(Booking(**WAS), change(name))
    assert same_as(Booking(**WAS | {name: NEW[name]}), change(name))
    assert tells_all_of(told(name), change(name))
    assert not tells_all_of(told(), change(name))
    others = set(WAS) - {name}
    assert not tells_all_of(told(*others), change(*WAS))
    assert tells_all_of(told(*WAS), change(*WAS))


def test_what_asks_for_nothing_new_changes_nothing():
    assert same_as(Booking(**WAS), change())
