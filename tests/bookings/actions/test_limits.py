"""Limits where bookings are made: what is counted, and that nobody slips through."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now

from bookings.actions.alternatives import alternatives_for
from bookings.actions.candidate import BookingRefused, Candidate, Slot, first_refusal
from bookings.actions.change import request_change
from bookings.actions.create import retry_failed
from bookings.actions.holdings import read_holdings
from bookings.actions.limits import breaches_in_order, hold_to_limits, notes_on, own_limits
from bookings.models import Booking, BookingRequest
from limits.models import Limit
from sites.models import Evse
from sites.periods import Period
from sites.selectors import Criteria
from tests.factories import (
    BookingFactory,
    BookingRequestFactory,
    DriverFactory,
    EvseFactory,
    FleetFactory,
    LimitFactory,
    MembershipFactory,
    next_noon,
)
from tests.small_operator import slot_of

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def refused(ask, slot, **more) -> str:
    with pytest.raises(BookingRefused) as refusal:
        ask(slot, **more)
    return refusal.value.message


@pytest.fixture
def other_evse(evse) -> Evse:
    return Evse.objects.select_related("charge_point__location").get(ampeco_id=302)


@pytest.fixture
def other_driver(fleet):
    return DriverFactory(fleet=fleet, private_access=[501])


def test_a_fleet_that_has_used_its_number_up_gets_no_more_until_one_ends(
    ask, slot, other_evse, other_driver, fleet
):
    LimitFactory(fleet=fleet, most=1)
    first = ask(slot).request.booking
    text = refused(ask, slot_of(other_evse, slot.start_at), driver=other_driver)
    assert "this would be number 2" in text
    assert Booking.objects.count() == 1
    Booking.objects.filter(pk=first.pk).update(status="cancelled", slot_key="")
    assert ask(slot_of(other_evse, slot.start_at), driver=other_driver).is_new


def test_the_same_form_again_is_the_same_booking_and_counts_once(ask, slot, fleet):
    LimitFactory(fleet=fleet, most=1)
    key = uuid.uuid4()
    assert ask(slot, submission_key=key).request == ask(slot, submission_key=key).request
    assert not ask(slot).is_new


def test_another_fleets_limits_are_not_ours_and_one_for_all_is_each_fleets_own(
    ask, slot, other_evse, other_driver
):
    LimitFactory(most=0)
    LimitFactory(fleet=None, most=2)
    BookingFactory(evse=slot.evse, start_at=slot.start_at - HOUR)  # another fleet's
    ask(slot)
    assert ask(slot_of(other_evse, slot.start_at), driver=other_driver).is_new


@pytest.mark.parametrize(
    ("status", "counts"),
    [
        ("requested", True),
        ("accepted", True),
        ("completed", True),
        ("unknown", True),
        ("cancelled", False),
        ("rejected", False),
        ("no-show", False),
    ],
)
def test_what_may_take_place_counts(evse, fleet, status, counts):
    booking = BookingFactory(fleet=fleet, evse=evse, status=status, slot_key="")
    held = read_holdings(fleet, booking.period).rows
    assert [each.unit for each in held] == ([booking.pk] if counts else [])


def test_a_change_under_way_holds_both_times_and_counts_once(ask, confirmed, fleet, manager):
    later = confirmed.start_at + 3 * HOUR
    request_change(
        booking=confirmed,
        user=manager,
        driver=confirmed.driver,
        start_at=later,
        end_at=later + HOUR,
        seen_version=confirmed.version,
        submission_key=uuid.uuid4(),
    )
    around = Period.between(confirmed.start_at, later + HOUR)
    held = read_holdings(fleet, around)
    assert {each.period.start_at for each in held.rows} == {confirmed.start_at, later}
    assert {each.unit for each in held.rows} == {confirmed.pk}
    LimitFactory(fleet=fleet, most=1)
    for start in (confirmed.start_at, later):
        other = DriverFactory(fleet=fleet)
        slot = slot_of(Evse.objects.get(ampeco_id=302), start)
        assert "number 2" in refused(ask, slot, driver=other)


def test_a_move_is_one_with_what_it_replaces(ask, confirmed, other_evse, fleet):
    LimitFactory(fleet=fleet, most=1)
    LimitFactory(fleet=fleet, kind="per-day", most=1)
    moved = ask(
        slot_of(other_evse, confirmed.start_at), replaces=confirmed, seen_version=confirmed.version
    ).request.booking
    held = read_holdings(fleet, confirmed.period)
    assert {each.unit for each in held.rows} == {confirmed.pk}
    assert held.without(moved) == []


def test_a_change_of_times_keeps_the_rules_and_one_of_the_driver_breaks_none(
    confirmed, fleet, manager, other_driver
):
    LimitFactory(fleet=fleet, kind="longest", most=1)
    LimitFactory(fleet=fleet, most=0)
    asked = {
        "booking": confirmed,
        "user": manager,
        "seen_version": confirmed.version,
        "start_at": confirmed.start_at,
    }
    with pytest.raises(BookingRefused, match="at most 1 h in one go"):
        request_change(
            **asked,
            driver=confirmed.driver,
            end_at=confirmed.end_at + HOUR,
            submission_key=uuid.uuid4(),
        )
    assert request_change(
        **asked, driver=other_driver, end_at=confirmed.end_at, submission_key=uuid.uuid4()
    )


def test_what_staff_ask_for_again_keeps_the_limits(ask, slot, fleet, staff, other_driver):
    failed = ask(slot).request
    BookingRequest.objects.filter(pk=failed.pk).update(status="failed", failure="refused")
    Booking.objects.update(status="not-placed", slot_key="")
    failed.refresh_from_db()
    for kind in ("at-a-time", "longest"):
        limit = LimitFactory(fleet=fleet, kind=kind, most=0)
        assert not retry_failed(failed, staff_user=staff)
        limit.delete()
    Limit.objects.create(fleet=fleet, kind="notice", most=1000)
    # It was asked for in time then.
    BookingRequest.objects.update(created_at=now() - timedelta(days=100))
    failed.refresh_from_db()
    assert retry_failed(failed, staff_user=staff)


def test_any_suitable_charger_may_be_one_of_a_closed_group(ask, any_slot, evse, fleet):
    limit = LimitFactory(
        fleet=None,
        kind="blackout",
        most=None,
        location=evse.charge_point.location,
        start_at=any_slot.start_at,
        end_at=any_slot.end_at,
        evses=[evse],
    )
    assert "Nothing can be booked here" in refused(ask, any_slot)
    limit.evses.set([Evse.objects.get(ampeco_id=302)])
    assert ask(any_slot).is_new


def test_of_six_at_once_where_five_are_allowed_the_sixth_is_told_so(slot, fleet):
    LimitFactory(fleet=fleet, most=5)
    BookingFactory(fleet=fleet, start_at=slot.start_at)
    location = slot.location
    evses = EvseFactory.create_batch(6, charge_point=slot.evse.charge_point)
    rows = [
        Candidate(fleet, Slot(location, evse, Criteria(), slot.start_at, slot.end_at), None)
        for evse in evses
    ]
    problems = breaches_in_order(rows)
    assert [bool(text) for text in problems] == [False] * 4 + [True] * 2
    assert "this would be number 6" in problems[4]
    assert breaches_in_order([]) == []


def test_five_hundred_rows_are_read_once(slot, fleet):
    LimitFactory(fleet=fleet, kind="hours-per-week", most=100)
    rows = [Candidate(fleet, slot_of(slot.evse, slot.start_at + n % 6 * HOUR)) for n in range(500)]
    rows[0].limits  # noqa: B018 - remembered from here on
    with CaptureQueriesContext(connection) as captured:
        problems = breaches_in_order(rows)
    assert len(captured) == 2
    assert sum(not text for text in problems) <= 200


def test_where_no_limit_is_set_nothing_is_asked_of_the_database(slot, fleet, driver):
    candidate = Candidate(fleet, slot, driver)
    first_refusal(candidate)
    again = Candidate(fleet, slot, driver)
    with CaptureQueriesContext(connection) as captured:
        assert again.limits == ()
        assert again.holdings == []
        hold_to_limits(again)
    assert len(captured) == 0


# What is shown and offered


def test_what_is_left_is_said_of_the_day(slot, fleet):
    LimitFactory(fleet=fleet, most=5)
    LimitFactory(fleet=fleet, kind="hours-per-day", most=1)
    LimitFactory(fleet=fleet, kind="longest", most=4, note="Ask Tom")
    BookingFactory(fleet=fleet, evse=slot.evse, start_at=slot.start_at)
    notes = notes_on(fleet, slot.location, slot.local_day, now=slot.start_at - HOUR)
    texts = [note.text for note in notes]
    assert "Bookings at the same time: 4 of 5 left today." in texts
    assert "Hours a day: 0 min of 1 h left today." in texts
    assert "A booking may last at most 4 h. (Ask Tom)" in texts
    assert [note.used_up for note in notes] == [False, False, True]


def test_what_a_limit_closes_is_not_offered_instead_either(slot, evse, other_evse, fleet, driver):
    ends = slot.end_at + 12 * HOUR
    LimitFactory(
        fleet=None,
        kind="blackout",
        most=None,
        location=evse.charge_point.location,
        start_at=slot.start_at - 12 * HOUR,
        end_at=ends,
    )
    own = own_limits(fleet, slot.location, [evse, other_evse], now())
    assert set(own.closed) == {301, 302}
    found = alternatives_for(Candidate(fleet, slot, driver))
    assert all(
        each.start_at >= ends or each.end_at <= slot.start_at - 12 * HOUR
        for each in found.other_times
    )
    assert not found.other_chargers


def test_full_hours_are_closed_but_for_what_is_to_be_changed(confirmed, fleet, evse):
    from bookings.actions.limits import closed_times

    LimitFactory(fleet=fleet, most=1)
    closed = closed_times(fleet, evse.charge_point.location, [evse], now=now())
    assert closed[301] == (confirmed.period,)
    assert not closed_times(fleet, evse.charge_point.location, [evse], now=now(), but=confirmed)


# Two at once


def book(number: int, start: Barrier, evses, fleet, user, drivers) -> bool:
    """Book as one of several processes; the operator need not be asked for that."""
    from bookings.actions.create import submit_booking_request

    candidate = Candidate(fleet, slot_of(evses[number], next_noon()), drivers[number])
    candidate.is_free = True
    start.wait(timeout=20)
    try:
        submit_booking_request(candidate, user=user, reference="", submission_key=uuid.uuid4())
    except BookingRefused:
        return False
    finally:
        connections.close_all()
    return True


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_no_more_get_through_than_the_limit_allows():
    fleet = FleetFactory()
    user = MembershipFactory(fleet=fleet).user
    LimitFactory(fleet=fleet, most=3)
    drivers = [DriverFactory(fleet=fleet) for _ in range(6)]
    first = EvseFactory()
    evses = [first, *(EvseFactory(charge_point=first.charge_point) for _ in range(5))]
    evses = list(Evse.objects.select_related("charge_point__location").order_by("pk"))
    start = Barrier(6)
    with ThreadPoolExecutor(6) as several:
        asked = [several.submit(book, n, start, evses, fleet, user, drivers) for n in range(6)]
        got = [each.result(timeout=60) for each in asked]
    assert sorted(got) == [False] * 3 + [True] * 3
    assert Booking.objects.count() == 3
    assert BookingRequestFactory._meta.model.objects.count() == 3
