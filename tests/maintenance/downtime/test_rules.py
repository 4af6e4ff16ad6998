"""No booking is asked for under planned downtime, whichever way it is wanted."""

from dataclasses import replace
from datetime import time, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now

from batches.checks import check_batch
from batches.proposing import propose_rows
from batches.services import RowWish, create_draft
from bookings.actions.candidate import BookingRefused, Candidate, Slot, no_downtime_is_planned
from bookings.actions.running import ends_of
from bookings.models import Booking
from series.checks import Verdict, check_series
from series.models import Series
from sites.periods import Period
from sites.selectors import Criteria
from tests.factories import DowntimeFactory, VehicleFactory, next_noon
from tests.maintenance.downtime.conftest import HOUR
from tests.small_operator import forget_free_times, slot_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def closed(evse):
    """The first charger is out of use around next noon."""
    return DowntimeFactory(evse=evse)


def test_a_new_booking_is_refused_with_the_reason(closed, ask, slot):
    with pytest.raises(BookingRefused) as refusal:
        ask(slot)
    zone = slot.location.zone
    times = f"{closed.start_at.astimezone(zone):%H:%M}–{closed.end_at.astimezone(zone):%H:%M}"
    assert refusal.value.message.startswith("Maintenance is planned at this charger then: ")
    assert refusal.value.message.endswith(f"{times} (Replacing the cable).")
    assert (refusal.value.field, refusal.value.offer_slots) == ("slot", True)
    assert not Booking.objects.exists()


def test_without_an_end(closed, ask, slot):
    closed.end_at, closed.notice = None, ""
    closed.save()
    with pytest.raises(BookingRefused, match="until further notice"):
        ask(slot)


@pytest.mark.parametrize("hours", [-2, 2])
def test_beside_it_all_is_well(closed, ask, evse, hours):
    """Half-open: what ends as it begins, or begins as it ends, does not touch it."""
    start = closed.start_at - HOUR if hours < 0 else closed.end_at
    assert ask(slot_of(evse, start)).is_new


def test_any_charger_is_one_that_is_in_use(closed, ask, any_slot, operator, workers):
    any_slot = Slot(any_slot.location, None, Criteria(), any_slot.start_at, any_slot.end_at)
    assert ask(any_slot).is_new
    DowntimeFactory(whole=True, charge_point=closed.charge_point)
    any_slot = Slot(any_slot.location, None, Criteria("ac"), any_slot.start_at, any_slot.end_at)
    with pytest.raises(BookingRefused, match="every suitable charger"):
        ask(any_slot)


def test_any_charger_is_not_free_if_the_other_is_taken(closed, ask, any_slot, operator, evse):
    slot = Slot(any_slot.location, None, Criteria(), any_slot.start_at, any_slot.end_at)
    operator.add_booking(
        location_id=101, evse_id=302, start_at=slot.start_at, end_at=slot.end_at, user_id=999
    )
    with pytest.raises(BookingRefused, match="No suitable charger is free"):
        ask(slot)


def test_what_came_up_between_asking_and_sending_is_not_sent(ask, slot, evse, workers, wire):
    request = ask(slot).request
    DowntimeFactory(evse=evse)
    workers.submit()
    request.refresh_from_db()
    assert (request.status, request.failure) == ("failed", "slot-gone")
    assert not [each for each in wire.sent if "booking-requests" in each.url.path]


def test_a_booking_that_stands_keeps_its_time_but_cannot_move_into_it(
    confirmed, manager, driver, evse
):
    DowntimeFactory(evse=evse, start_at=confirmed.end_at, end_at=confirmed.end_at + 2 * HOUR)

    def candidate(start, end):
        slot = Slot(confirmed.location, evse, Criteria(), start, end)
        return Candidate(confirmed.fleet, slot, driver, previous=confirmed)

    assert no_downtime_is_planned(candidate(confirmed.start_at, confirmed.end_at)) is None
    longer = candidate(confirmed.start_at, confirmed.end_at + HOUR)
    assert no_downtime_is_planned(longer) is not None
    DowntimeFactory(evse=evse, start_at=confirmed.start_at, end_at=confirmed.end_at)
    # It lies under downtime itself: a shorter one lies under less of it.
    shorter = candidate(confirmed.start_at, confirmed.end_at - HOUR / 2)
    assert no_downtime_is_planned(shorter) is None


def test_a_running_booking_is_not_offered_time_of_it(follow, evse):
    start = now().replace(minute=0, second=0, microsecond=0)
    booking = follow(start, length=2 * HOUR, status="reserved")
    assert ends_of(booking).later
    DowntimeFactory(evse=evse, start_at=booking.end_at, end_at=booking.end_at + HOUR)
    forget_free_times()
    assert ends_of(booking).later == ()


class TestMany:
    @pytest.fixture
    def row(self, driver, evse):
        start = next_noon()
        return RowWish(
            driver=driver,
            location=evse.charge_point.location,
            evse=evse,
            start_at=start,
            end_at=start + HOUR,
        )

    def test_a_row_of_a_table_says_so(self, closed, fleet, manager, row):
        batch = create_draft(fleet=fleet, user=manager, source="vehicles", rows=[row])
        (check,) = check_batch(batch)
        assert check.problem.startswith("Maintenance is planned at this charger then")
        assert not check.will_be_asked

    def test_many_rows_cost_no_query_each(self, closed, fleet, manager, row):
        def count(number):
            rows = [
                replace(row, start_at=row.start_at + n * HOUR, end_at=row.end_at + n * HOUR)
                for n in range(number)
            ]
            batch = create_draft(fleet=fleet, user=manager, source="vehicles", rows=rows)
            with CaptureQueriesContext(connection) as queries:
                check_batch(batch)
            return sum("maintenance_downtime" in each["sql"] for each in queries)

        assert count(2) == count(6) <= 3

    @pytest.mark.parametrize("is_silent", [False, True])
    def test_proposals_avoid_it(self, closed, fleet, evse, operator, is_silent):
        """Also while the operator does not say what is free."""
        if is_silent:
            operator.faults.add("server-error", path="check-booking-availability")
        van = VehicleFactory(fleet=fleet, plugs=["ccs1", "j1772"], ampeco_type="")
        period = Period.between(next_noon(), next_noon() + HOUR)
        (row,) = propose_rows(fleet, evse.charge_point.location, [(van, period)], now=now())
        assert row.evse is not None
        assert row.evse.ampeco_id == 302

    def test_a_date_of_a_series_says_so(self, fleet, driver, evse):
        zone = evse.charge_point.location.zone
        day = now().astimezone(zone).date() + timedelta(days=1)
        series = Series(
            fleet=fleet,
            weekdays=list(range(7)),
            start_time=time(10),
            end_time=time(12),
            first_day=day,
            last_day=day + timedelta(days=2),
            driver=driver,
            location=evse.charge_point.location,
            evse=evse,
        )
        middle = series.rhythm.occurrence(day + timedelta(days=1), zone)
        DowntimeFactory(evse=evse, start_at=middle.start_at + HOUR, end_at=middle.end_at + HOUR)
        checks = check_series(series)
        assert [check.verdict for check in checks] == [
            Verdict.FREE,
            Verdict.NOT_FREE,
            Verdict.FREE,
        ]
        assert checks[1].text.startswith("Maintenance is planned")
