"""Tables: made once, sent once, each row by itself."""

import threading
from datetime import timedelta

import pytest
from django.db import connection, connections
from django.utils.timezone import now

from batches.checks import check_batch
from batches.editing import change_rows
from batches.models import Batch, BatchRow
from batches.services import MOST_ROWS, BatchRefused, send_batch
from bookings.models import Booking, BookingRequest
from limits.models import Limit
from tests.factories import LimitFactory
from tests.small_operator import slot_of

pytestmark = pytest.mark.django_db
State = BatchRow.State


def states(batch: Batch) -> list[str]:
    return list(batch.rows.values_list("state", flat=True))


def test_a_row_without_a_driver_gets_the_vehicles_usual_one(draft, wish, van, driver):
    vehicle, without = van(usual_driver=driver), van()
    batch = draft(wish(driver=None, vehicle=vehicle), wish(driver=None, vehicle=without, after=1))
    assert [row.driver for row in batch.rows.all()] == [driver, None]
    first, second = check_batch(batch)
    assert (first.problem, second.column) == ("", "driver")


def test_a_usual_driver_who_left_is_not_put_in(draft, wish, fleet, van, driver):
    vehicle = van(usual_driver=driver)
    fleet.fleet_drivers.update(left_at=wish().start_at - timedelta(days=9))
    assert draft(wish(driver=None, vehicle=vehicle)).rows.get().driver is None


@pytest.mark.parametrize(("rows", "reason"), [(0, "empty"), (MOST_ROWS + 1, "too-many")])
def test_none_and_too_many_are_refused_with_a_sentence(draft, wish, rows, reason):
    with pytest.raises(BatchRefused) as refusal:
        draft(*[wish()] * rows)
    assert refusal.value.reason == reason
    assert not Batch.objects.exists()
    if rows:
        assert "at most 500" in refusal.value.message


def test_the_same_file_again_is_the_same_table(draft, wish):
    first = draft(wish(), source=Batch.Source.FILE, file_digest="abc")
    assert draft(wish(), source=Batch.Source.FILE, file_digest="abc") == first
    Batch.objects.update(state=Batch.State.DISCARDED)
    assert draft(wish(), source=Batch.Source.FILE, file_digest="abc") != first


def test_a_draft_that_was_edited_is_another_table_than_the_file(draft, wish):
    first = draft(wish(), source=Batch.Source.FILE, file_digest="abc")
    change_rows(first, None, reference="Put right")
    other = draft(wish(), source=Batch.Source.FILE, file_digest="abc")
    assert other != first
    assert other.rows.get().reference == ""


@pytest.mark.parametrize(
    ("status", "ago", "is_same"),
    [
        (Booking.Status.REQUESTED, timedelta(hours=1), True),
        (Booking.Status.ACCEPTED, timedelta(hours=1), True),
        (Booking.Status.UNKNOWN, timedelta(hours=1), True),
        (Booking.Status.REJECTED, timedelta(hours=1), False),
        (Booking.Status.CANCELLED, timedelta(hours=1), False),
        # A second click, and the operator was quick.
        (Booking.Status.REJECTED, timedelta(seconds=5), True),
    ],
)
def test_a_file_that_was_sent_is_sent_again_once_none_of_it_may_come(
    status, ago, is_same, draft, wish, manager
):
    batch = draft(wish(), wish(after=1), source=Batch.Source.FILE, file_digest="abc")
    send_batch(batch, user=manager, seen_version=0)
    first, second = Booking.objects.order_by("pk")
    Booking.objects.filter(pk=first.pk).update(status=Booking.Status.REJECTED)
    Booking.objects.filter(pk=second.pk).update(status=status)
    Batch.objects.update(sent_at=now() - ago)
    again = draft(wish(), wish(after=1), source=Batch.Source.FILE, file_digest="abc")
    assert (again == batch) is is_same


def test_a_warning_that_is_gone_stops_nothing(draft, wish, manager):
    batch = draft(wish())
    row = batch.rows.get()
    assert send_batch(batch, user=manager, seen_version=0, seen={row.pk: "c"}).asked == 1


def test_each_row_becomes_a_request_or_is_refused_by_itself(
    draft, wish, van, manager, workers, django_capture_on_commit_callbacks
):
    vehicle = van()
    batch = draft(
        wish(reference="Tour 1", vehicle=vehicle), wish(driver=None, after=1), wish(after=-24 * 9)
    )
    with django_capture_on_commit_callbacks() as callbacks:
        sent = send_batch(batch, user=manager, seen_version=0)
    assert (sent.asked, sent.refused, sent.is_new) == (1, 2, True)
    assert len(callbacks) == 1
    first, second, third = batch.rows.all()
    assert first.booking.status == Booking.Status.REQUESTED
    assert (first.booking.reference, first.booking.vehicle) == ("Tour 1", vehicle)
    assert first.booking.created_by == manager
    request = first.booking.requests.get()
    assert request.submission_key == first.submission_key
    assert [event.to_status for event in request.events.all()] == ["queued"]
    assert "needs one for each booking" in second.problem
    assert "has passed" in third.problem
    batch.refresh_from_db()
    assert (batch.state, batch.version) == (Batch.State.SENT, 1)
    workers.submit()
    request.refresh_from_db()
    assert request.status == BookingRequest.Status.PENDING


def test_a_table_keeps_the_fleets_limits_row_after_row(draft, wish, fleet, manager):
    LimitFactory(fleet=fleet, kind=Limit.Kind.PER_DAY, most=2)
    batch = draft(*(wish(after=hour) for hour in range(-1, 3)))
    assert send_batch(batch, user=manager, seen_version=0).asked == 2
    assert [row.state for row in batch.rows.all()] == ["asked", "asked", "refused", "refused"]
    assert "2 bookings a day" in batch.rows.last().problem


def test_sent_twice_is_sent_once(draft, wish, manager):
    batch = draft(wish(), wish(after=1))
    first = send_batch(batch, user=manager, seen_version=0)
    again = send_batch(batch, user=manager, seen_version=0)
    assert (first.is_new, again.is_new, again.asked) == (True, False, 2)
    assert BookingRequest.objects.count() == 2


def test_what_dies_half_way_leaves_a_draft(draft, wish, manager, monkeypatch):
    """As when the process is killed after the bookings are written, before the table is."""
    batch = draft(wish(), wish(after=1))

    def die(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(Batch, "save", die)
    with pytest.raises(KeyboardInterrupt):
        send_batch(batch, user=manager, seen_version=0)
    monkeypatch.undo()
    assert not Booking.objects.exists()
    assert states(batch) == [State.PROPOSED] * 2
    assert send_batch(batch, user=manager, seen_version=0).asked == 2


def test_a_table_changed_since_it_was_seen_is_not_sent(draft, wish, manager):
    batch = draft(wish())
    Batch.objects.update(version=3)
    with pytest.raises(BatchRefused, match="Somebody has changed") as refusal:
        send_batch(batch, user=manager, seen_version=0)
    assert refusal.value.reason == "stale"
    batch.refresh_from_db()
    assert send_batch(batch, user=manager, seen_version=3).asked == 1


def test_rows_that_changed_since_they_were_seen_are_named_and_nothing_is_sent(
    draft, wish, manager, operator
):
    batch = draft(wish(), wish(after=3))
    _first, second = batch.rows.all()
    operator.add_booking(
        location_id=101, evse_id=301, start_at=second.start_at, end_at=second.end_at
    )
    with pytest.raises(BatchRefused, match="1 row is no longer") as refusal:
        send_batch(batch, user=manager, seen_version=0, seen={})
    assert refusal.value.changed == {second.pk}
    assert not Booking.objects.exists()
    sent = send_batch(batch, user=manager, seen_version=0, seen={second.pk: "n"})
    assert (sent.asked, sent.refused) == (1, 1)


def test_the_same_table_of_somebody_else_books_nothing_twice(draft, wish, manager, fleet_admin):
    mine, theirs = draft(wish(), wish(after=1)), draft(wish(), wish(after=2))
    send_batch(mine, user=manager, seen_version=0)
    sent = send_batch(theirs, user=fleet_admin, seen_version=0)
    assert sent.asked == 2
    assert Booking.objects.count() == 3
    same = theirs.rows.first()
    assert same.booking == mine.rows.first().booking
    assert "had asked for this already" in same.problem


def test_of_two_tables_that_overlap_the_second_is_shown_what_the_first_has_taken(
    draft, wish, other_driver, manager, fleet_admin
):
    mine = draft(wish(), wish(after=2))
    theirs = draft(wish(after=0.5, driver=other_driver), wish(after=4, driver=other_driver))
    send_batch(mine, user=manager, seen_version=0, seen={})
    taken, _free = theirs.rows.all()
    with pytest.raises(BatchRefused, match="1 row is no longer") as refusal:
        send_batch(theirs, user=fleet_admin, seen_version=0, seen={})
    assert refusal.value.changed == {taken.pk}
    assert Booking.objects.count() == 2
    sent = send_batch(theirs, user=fleet_admin, seen_version=0, seen={taken.pk: "n"})
    assert (sent.asked, sent.refused) == (1, 1)
    taken.refresh_from_db()
    assert "has this charger at that time already" in taken.problem


def test_a_table_of_which_nothing_can_be_asked_for_stays_a_draft(draft, wish, manager):
    batch = draft(wish(driver=None))
    with pytest.raises(BatchRefused, match="None of these bookings"):
        send_batch(batch, user=manager, seen_version=0)
    assert states(batch) == [State.PROPOSED]


def test_who_asks_by_form_in_the_very_moment_keeps_no_other_row_from_being_asked_for(
    draft, wish, manager, ask, evse
):
    batch = draft(wish(), wish(after=1))
    slot = slot_of(evse, batch.rows.first().start_at)
    made = []

    def meanwhile(execute, sql, params, many, context):
        if sql.startswith("SELECT") and '"submission_key" IN' in sql and not made:
            made.append(None)
            made.append(ask(slot).request)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(meanwhile):
        send_batch(batch, user=manager, seen_version=0)
    first, second = batch.rows.all()
    assert (first.state, second.state) == (State.ASKED, State.ASKED)
    assert first.booking == made[1].booking
    assert Booking.objects.count() == 2


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has one writer at a time")
def test_two_people_who_send_the_same_at_once_book_it_once(draft, wish, manager, fleet_admin):
    tables = [(draft(wish(), wish(after=1)), user) for user in (manager, fleet_admin)]
    tables.append(tables[0])
    failures = []

    def send(batch, user):
        try:
            send_batch(batch, user=user, seen_version=0)
        except BatchRefused as refusal:
            failures.append(refusal.message)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=send, args=each) for each in tables]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # The other person is shown that all of it is booked by now, with each of two clicks.
    assert {text[:29] for text in failures} == {"None of these bookings can be"}
    assert Booking.objects.count() == 2
