"""What is said of each row of a table: by the rules, and beside the others."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now

from batches.checks import check_batch
from batches.models import BatchRow
from bookings.actions import together
from bookings.models import Booking
from sites.models import Evse
from tests.factories import BookingFactory

pytestmark = pytest.mark.django_db


def problems(batch) -> list[str]:
    return [check.problem for check in check_batch(batch)]


def test_a_charger_is_booked_by_one_row_at_a_time(draft, wish, other_driver):
    half = wish(driver=other_driver, after=0.5)
    first, second, third = check_batch(draft(wish(), half, wish(after=1)))
    assert (first.problem, third.problem) == ("", "")
    assert second.problem == "Row 1 has this charger then."
    assert (second.column, second.will_be_asked, second.mark) == ("evse", False, "n")


def test_a_vehicle_is_in_one_place_at_a_time(draft, wish, van, other_driver):
    vehicle = van()
    other = Evse.objects.get(ampeco_id=302)
    batch = draft(wish(vehicle=vehicle), wish(vehicle=vehicle, evse=other, driver=other_driver))
    assert problems(batch) == ["", "Row 1 has this vehicle then."]


def test_a_driver_may_be_booked_twice_by_somebody_who_knows(draft, wish):
    other = Evse.objects.get(ampeco_id=302)
    first, second = check_batch(draft(wish(), wish(evse=other)))
    assert (first.mark, second.mark) == ("", "c")
    assert second.will_be_asked
    assert second.warnings == ["Row 1 has this driver then, too."]


def test_a_driver_with_another_booking_then_is_told_of(draft, wish, fleet, driver):
    there = Evse.objects.select_related("charge_point__location").get(ampeco_id=302)
    BookingFactory(accepted=True, fleet=fleet, driver=driver, evse=there)
    (check,) = check_batch(draft(wish()))
    assert check.will_be_asked
    assert "has another booking at that time" in check.warnings[0]


def test_rows_left_out_take_nothing_from_the_others(draft, wish, other_driver):
    batch = draft(wish(), wish(driver=other_driver))
    batch.rows.filter(position=1).update(state=BatchRow.State.LEFT_OUT)
    left_out, other = check_batch(batch)
    assert (left_out.will_be_asked, other.will_be_asked) == (False, True)


def test_rows_for_any_charger_take_what_is_left(draft, wish, other_driver):
    any_row, any_other = wish(evse=None), wish(evse=None, driver=other_driver)
    small = wish(evse=Evse.objects.get(ampeco_id=302), driver=other_driver)
    assert problems(draft(any_row, any_other)) == ["", ""]
    assert problems(draft(any_row, small)) == ["", ""]
    said = problems(draft(any_row, wish(), small))
    assert said == ["Other rows of this table need every charger that would do then.", "", ""]


def test_any_charger_twice_for_one_driver_is_no_second_booking(draft, wish):
    assert problems(draft(wish(evse=None), wish(evse=None)))[1].startswith(
        "Row 1 asks for the same"
    )


@pytest.mark.parametrize(
    ("changes", "column"),
    [
        ({"location": None}, "location"),
        ({"start_at": None}, "start_at"),
        ({"driver": None}, "driver"),
    ],
)
def test_what_is_missing_is_said_in_its_column(draft, wish, changes, column):
    (check,) = check_batch(draft(wish(**changes)))
    assert check.problem
    assert check.column == column


@pytest.mark.parametrize("minutes", [0, -15])
def test_a_row_that_ends_no_later_than_it_begins_is_said_to_do_so(draft, wish, minutes):
    start_at = wish().start_at
    end_at = start_at + timedelta(minutes=minutes)
    wrong, other = check_batch(draft(wish(start_at=start_at, end_at=end_at), wish(after=2)))
    assert (wrong.column, wrong.problem) == ("start_at", "The end must be after the start.")
    assert (wrong.will_be_asked, other.will_be_asked) == (False, True)


def test_what_the_fleet_has_already_is_named_and_not_asked_for_again(
    draft, wish, fleet, driver, evse
):
    booking = BookingFactory(accepted=True, fleet=fleet, driver=driver, evse=evse)
    (check,) = check_batch(draft(wish()))
    assert (check.booked, check.will_be_asked, check.problem) == (booking, False, "")


@pytest.mark.parametrize("decided", [False, True])
@pytest.mark.parametrize("named", [False, True])
def test_what_was_asked_for_is_not_asked_for_again_whichever_charger_it_got(
    draft, wish, ask, slot, van, workers, operator, decided, named
):
    van = van()
    booking = ask(slot if named else replace(slot, evse=None), vehicle=van).request.booking
    if decided:
        workers.submit()
        (asked,) = operator.requests.values()
        operator.decide(asked)
        workers.poll()
        if named:
            # The operator moved it.
            Booking.objects.update(slot_key="", evse=Evse.objects.get(ampeco_id=302))
    row = {"start_at": booking.start_at, "end_at": booking.end_at, "vehicle": van}
    (check,) = check_batch(draft(wish(**row) if named else wish(evse=None, **row)))
    assert (check.booked, check.will_be_asked) == (booking, False)


def test_a_slot_that_is_not_free_is_said_to_be_so(draft, wish, operator):
    batch = draft(wish())
    row = batch.rows.get()
    operator.add_booking(location_id=101, evse_id=301, start_at=row.start_at, end_at=row.end_at)
    (check,) = check_batch(batch)
    assert (check.free, check.will_be_asked) == (False, False)
    assert "no longer free" in check.problem


def test_while_the_operator_is_silent_rows_pass_and_say_so(draft, wish, operator):
    batch = draft(wish(), wish(after=2))
    operator.faults.add("server-error", count=9)
    first, second = check_batch(batch)
    assert (first.free, first.will_be_asked, second.will_be_asked) == (None, True, True)
    assert first.warnings == ["The operator’s system is not responding."]


def test_a_vehicle_that_does_not_fit_is_told_why(draft, wish, van):
    (check,) = check_batch(draft(wish(vehicle=van(plugs=["ccs2"]))))
    assert (check.column, check.will_be_asked) == ("vehicle", False)
    assert "This charger has CCS1, the vehicle takes CCS2." in check.problem


def test_a_retired_vehicle_is_not_booked(draft, wish, van):
    (check,) = check_batch(draft(wish(vehicle=van(retired_at=now()))))
    assert "is retired" in check.problem


def test_any_charger_means_any_that_fits_the_vehicle(draft, wish, van, other_driver):
    dc_only = van(ac_kw=0)
    rows = [
        wish(evse=None, vehicle=dc_only),
        wish(evse=None, vehicle=van(ac_kw=0), driver=other_driver),
    ]
    first, second = check_batch(draft(*rows))
    assert [evse.ampeco_id for evse in first.candidate.chargers] == [301]
    assert first.candidate.slot.criteria.max_power_kw
    assert "need every charger that would do" in second.problem


def test_what_is_not_asked_about_is_said_and_looked_at_before_it_is_sent(
    draft, wish, wire, monkeypatch
):
    monkeypatch.setattr(together, "MOST_CALLS", 1)
    calls = len(wire.sent)
    near, far = check_batch(draft(wish(), wish(after=24 * 12)))
    assert (near.free, far.free, far.will_be_asked) == (True, None, True)
    assert far.warnings == ["The operator’s system is busy. Please try again in a minute."]
    assert len(wire.sent) == calls + 1


def test_a_long_table_costs_no_more_queries_and_one_call(draft, wish, wire, van, driver):
    def rows(number):
        some = [wish(after=hours, vehicle=van(usual_driver=driver)) for hours in range(number)]
        return [*some, wish(after=number, evse=None, vehicle=van())]

    small, large = draft(*rows(2)), draft(*rows(40))
    calls = len(wire.sent)
    # The fleet's limits are kept for a while.
    check_batch(small)
    with CaptureQueriesContext(connection) as few:
        check_batch(small)
    with CaptureQueriesContext(connection) as many:
        check_batch(large)
    assert len(many) == len(few) <= 13
    assert len(wire.sent) == calls + 1
