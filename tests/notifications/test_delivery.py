import asyncio
import threading
from datetime import timedelta
from email.utils import parseaddr

import pytest
from django.core.mail.backends.smtp import EmailBackend
from django.db import connection
from django.utils import timezone

from bookings.models import Booking, BookingEvent, BookingRequest
from bookings.wording.attention import reasons_of
from mirror import work
from mirror.work import claim
from notifications.delivery import (
    FEWEST_ATTEMPTS,
    _senders,
    deliver_due,
    pause_seconds,
    send_again,
)
from notifications.models import Notification
from notifications.queue import due
from sites.facts import WEEKDAYS
from tests.factories import BookingRequestFactory, NotificationFactory
from tests.notifications.mail_reading import approve, reject, subject_of, text_of

pytest_plugins = ["tests.smtp_sink", "tests.notifications.mail_cases"]
pytestmark = pytest.mark.django_db

Kind = Notification.Kind
State = Notification.State


# What goes out


def test_an_approval_is_told_to_driver_and_manager(asked, smtp_sink):
    approve(asked)
    assert deliver_due() == 2
    assert [mail.recipients for mail in smtp_sink.received] == [
        ["manager@hudson.example"],
        ["dana@hudson.example"],
    ]
    assert smtp_sink.sessions == 1
    for row in Notification.objects.all():
        assert (row.state, row.kind, row.attempts) == (State.SENT, Kind.APPROVED, 1)
        assert row.sent_at is not None
        assert row.lease_owner is None
        assert row.subject == subject_of(smtp_sink.mails[row.recipient_email])
    assert deliver_due() == 0
    assert len(smtp_sink.received) == 2


def test_settings_that_make_no_sense_do_not_stop_a_worker_for_good(asked, smtp_sink, settings):
    approve(asked)
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = True
    for _ in range(3):
        with pytest.raises(ValueError, match="mutually exclusive"):
            deliver_due()
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    assert deliver_due() == 2


# A charger that is not known yet


@pytest.fixture
def unassigned(asked):
    Booking.objects.filter(pk=asked.booking_id).update(evse=None)
    BookingRequest.objects.filter(pk=asked.pk).update(evse=None)
    request = BookingRequest.objects.get(pk=asked.pk)
    approve(request)
    return request


def test_an_approval_waits_until_its_charger_is_known(unassigned, bay, smtp_sink):
    assert deliver_due() == 0
    assert set(Notification.objects.values_list("attempts", flat=True)) == {0}
    Booking.objects.filter(pk=unassigned.booking_id).update(evse=bay)
    assert deliver_due() == 2
    assert "A-12 (BK-0012)" in text_of(smtp_sink.mails["dana@hudson.example"])


def test_after_ten_minutes_an_approval_goes_out_without_its_charger(unassigned, smtp_sink):
    created = Notification.objects.first().created_at
    assert deliver_due(now=created + timedelta(minutes=9)) == 0
    assert deliver_due(now=created + timedelta(minutes=11)) == 2
    mail = smtp_sink.mails["dana@hudson.example"]
    assert subject_of(mail) == "Approved: Depot Brooklyn, Mon 23 Nov 18:00 – Tue 24 Nov 06:00"
    for mail in smtp_sink.mails.values():
        assert "The operator assigns the charger." in text_of(mail)
        assert "booking's page" in text_of(mail)


def test_a_rejection_waits_for_no_charger(asked, smtp_sink):
    asked.evse = None
    asked.save()
    Booking.objects.filter(pk=asked.booking_id).update(evse=None)
    reject(asked, "No.")
    assert deliver_due() == 1


# When sending fails


def test_a_server_that_is_down_delays_and_does_not_lose(asked, smtp_sink):
    smtp_sink.stop()
    approve(asked)
    start = timezone.now()
    assert deliver_due(now=start) == 0
    tried = Notification.objects.get(attempts=1)
    assert tried.state == State.QUEUED
    assert tried.problem
    assert "@" not in tried.problem
    assert timedelta(0) < tried.next_attempt_at - start < timedelta(seconds=20)
    # The other one was not tried in vain.
    assert Notification.objects.filter(attempts=0, next_attempt_at__lte=start).count() == 1
    smtp_sink.start()
    assert deliver_due(now=start + timedelta(minutes=1)) == 2
    assert deliver_due(now=start + timedelta(minutes=2)) == 0
    assert len(smtp_sink.received) == 2
    assert set(Notification.objects.values_list("state", "problem")) == {(State.SENT, "")}


def test_an_address_refused_for_good_is_given_up_and_the_rest_goes_out(asked, smtp_sink):
    smtp_sink.answers_to_recipient["manager@hudson.example"] = (
        "550 5.1.1 manager@hudson.example: no such mailbox"
    )
    approve(asked)
    assert deliver_due() == 1
    refused = Notification.objects.get(audience="manager")
    assert (refused.state, refused.attempts) == (State.GIVEN_UP, 1)
    assert refused.problem == "The mail server refuses the address (550)."
    assert refused.sent_at is None
    assert list(smtp_sink.mails) == ["dana@hudson.example"]
    assert deliver_due(now=timezone.now() + timedelta(days=1)) == 0


@pytest.mark.parametrize("address", ["dana", "dana@hudson.example, x@y.example", "a@b\nBcc: c@d"])
def test_an_address_that_is_none_is_given_up(address, smtp_sink):
    row = NotificationFactory(recipient_email=address)
    assert deliver_due() == 0
    row.refresh_from_db()
    assert row.state == State.GIVEN_UP
    assert smtp_sink.received == []


def test_a_refusal_that_passes_is_tried_again(asked, smtp_sink):
    smtp_sink.answers_to_recipient["manager@hudson.example"] = "450 4.2.0 greylisted"
    smtp_sink.answers_to_data.append("451 4.3.0 try later")
    approve(asked)
    start = timezone.now()
    assert deliver_due(now=start) == 0
    assert set(Notification.objects.values_list("state", "attempts")) == {(State.QUEUED, 1)}
    assert deliver_due(now=start + timedelta(seconds=5)) == 0
    smtp_sink.answers_to_recipient.clear()
    assert deliver_due(now=start + timedelta(seconds=20)) == 2


def test_an_address_that_does_not_exist_is_told_to_the_fleet_once(asked, smtp_sink, as_manager):
    smtp_sink.answers_to_recipient["dana@hudson.example"] = "550 No such mailbox"
    approve(asked)
    assert deliver_due() == 1
    booking = Booking.objects.get()
    assert booking.needs_attention
    words = "An e-mail to Dana Reyes could not be delivered."
    assert words in as_manager.get("/").content.decode()
    page = as_manager.get(f"/bookings/{booking.pk}/").content.decode()
    assert words in page.split('id="banner-undelivered"')[1]
    assert "Please tell them yourself, and have the address corrected." in page
    as_manager.post(f"/bookings/{booking.pk}/dismiss/")
    change = BookingRequestFactory(booking=booking, kind="update", approved=True)
    NotificationFactory(request=change, kind=Kind.CHANGED, recipient_driver=booking.driver)
    deliver_due()
    assert Notification.objects.filter(state=State.GIVEN_UP).count() == 2
    assert not Booking.objects.get().needs_attention
    assert words not in as_manager.get(f"/bookings/{booking.pk}/").content.decode()


def test_who_was_not_told_of_a_cancellation_that_the_fleet_asked_for(asked, smtp_sink):
    smtp_sink.answers_to_recipient["dana@hudson.example"] = "550 No such mailbox"
    approve(asked)
    deliver_due()
    Booking.objects.update(needs_attention=False, status="cancelled")
    BookingEvent.objects.all().delete()
    booking = Booking.objects.get()
    cancellation = BookingRequestFactory(booking=booking, kind="cancel", approved=True)
    NotificationFactory(request=cancellation, kind=Kind.CANCELLED, recipient_driver=booking.driver)
    deliver_due()
    words = "An e-mail to Dana Reyes could not be delivered."
    assert reasons_of(Booking.objects.all()) == {booking.pk: words}


def test_a_lost_answer_repeats_the_same_message_id(asked, smtp_sink):
    reject(asked, "No.")
    smtp_sink.lose_next_answer = True
    assert deliver_due() == 0
    assert deliver_due(now=timezone.now() + timedelta(minutes=29)) == 0
    assert deliver_due(now=timezone.now() + timedelta(minutes=31)) == 1
    first, second = smtp_sink.received
    assert first.message["Message-ID"] == second.message["Message-ID"]


def test_a_mail_is_given_up_after_a_day_of_trying(asked, smtp_sink):
    smtp_sink.stop()
    reject(asked, "No.")
    row = Notification.objects.get()
    at = row.created_at
    while row.state == State.QUEUED:
        at = max(at, row.next_attempt_at)
        deliver_due(now=at)
        row.refresh_from_db()
    assert row.state == State.GIVEN_UP
    assert timedelta(hours=24) <= at - row.created_at < timedelta(hours=24, minutes=16)
    assert row.problem


def test_a_mail_that_lay_for_a_day_without_workers_is_still_tried(asked, smtp_sink):
    smtp_sink.stop()
    reject(asked, "No.")
    monday = timezone.now() + timedelta(days=3)
    assert deliver_due(now=monday) == 0
    row = Notification.objects.get()
    assert row.state == State.QUEUED
    assert row.attempts < FEWEST_ATTEMPTS
    smtp_sink.start()
    assert deliver_due(now=monday + timedelta(minutes=1)) == 1


def test_a_mail_that_cannot_be_written_does_not_stop_the_others(asked, brooklyn, smtp_sink, caplog):
    bad = NotificationFactory(created_at=timezone.now() - timedelta(hours=1))
    site = bad.booking.location
    site.always_open, site.opening_hours = False, dict.fromkeys(WEEKDAYS, 7)
    site.save()
    approve(asked)
    assert deliver_due() == 2
    bad.refresh_from_db()
    assert (bad.state, bad.problem) == (State.QUEUED, "The e-mail could not be written.")
    assert "could not be written" in caplog.text


@pytest.mark.parametrize(("attempts", "least", "most"), [(1, 15, 19), (3, 60, 75), (90, 720, 900)])
def test_the_pause_grows_from_a_quarter_minute_to_a_quarter_hour(attempts, least, most):
    for _ in range(50):
        assert least <= pause_seconds(attempts) <= most


# A server that is slow to say that it took a mail


@pytest.fixture
def slow(smtp_sink, settings):
    """The server takes each mail, and says so only after the portal's patience for other answers.

    Calling it lets the answers come; until then it holds them back for longer than any test takes.
    """
    settings.EMAIL_TIMEOUT = 0.2
    take, go = smtp_sink.handle_DATA, threading.Event()

    async def take_slowly(*args) -> str:
        answer = await take(*args)
        await asyncio.to_thread(go.wait, 2 * settings.EMAIL_TIMEOUT)
        await asyncio.to_thread(go.wait, 20 if settings.EMAIL_ANSWER_SECONDS < 1 else 0)
        return answer

    smtp_sink.handle_DATA = take_slowly
    yield go.set
    go.set()


def test_a_late_answer_is_waited_for_and_the_mail_goes_out_once(asked, smtp_sink, slow):
    approve(asked)
    assert deliver_due() == 2
    assert deliver_due(now=timezone.now() + timedelta(hours=3)) == 0
    assert len(smtp_sink.received) == 2
    assert set(Notification.objects.values_list("state", "doubts")) == {(State.SENT, 0)}


def test_the_row_says_that_it_perhaps_goes_before_it_does(asked, smtp_sink, settings):
    """And the claim on it lasts longer than the answer is waited for."""
    reject(asked, "No.")
    handed_over: list[Notification] = []

    def look(execute, sql, params, many, context):
        result = execute(sql, params, many, context)
        if 'SET "doubts"' in sql and not handed_over:
            assert not smtp_sink.received
            handed_over.append(Notification.objects.get())
        return result

    began = timezone.now()
    with connection.execute_wrapper(look):
        assert deliver_due() == 1
    (row,) = handed_over
    assert row.is_perhaps_sent
    assert row.lease_until - began > timedelta(seconds=settings.EMAIL_ANSWER_SECONDS)
    assert not Notification.objects.get().is_perhaps_sent


def test_an_answer_that_never_comes_is_said_and_repeated_seldom(
    asked, as_manager, smtp_sink, slow, settings
):
    settings.EMAIL_ANSWER_SECONDS = 0.2
    reject(asked, "No.")
    sent_page = "/bookings/sent/"
    row = Notification.objects.get()
    at, tried_at = timezone.now(), []
    while row.state == State.QUEUED:
        assert deliver_due(now=at) == 0
        tried_at.append(at)
        row.refresh_from_db()
        for page in (sent_page, f"/bookings/{asked.booking_id}/"):
            text = as_manager.get(page).content.decode()
            assert "erhaps sent" in text
            assert "The mail server did not confirm that it took the e-mail." in text
        assert deliver_due(now=at + timedelta(minutes=29)) == 0
        at = row.next_attempt_at
    assert (row.state, row.doubts) == (State.PERHAPS_SENT, 3)
    assert len(smtp_sink.received) == len(tried_at) == 3
    assert len({mail.message["Message-ID"] for mail in smtp_sink.received}) == 1
    assert deliver_due(now=at + timedelta(days=1)) == 0
    slow()
    settings.EMAIL_ANSWER_SECONDS = 600
    assert send_again([row.pk]) == 1
    assert deliver_due() == 1
    row.refresh_from_db()
    assert (row.state, row.doubts) == (State.SENT, 0)


def test_later_mails_do_not_wait_for_one_that_was_perhaps_sent(asked, smtp_sink):
    approve(asked)
    Notification.objects.filter(audience="driver").update(
        doubts=1, next_attempt_at=timezone.now() + timedelta(hours=1)
    )
    driver = Notification.objects.get(audience="driver")
    later = NotificationFactory(booking=asked.booking, recipient_email=driver.recipient_email)
    assert due(timezone.now()).filter(pk=later.pk).exists()
    # But for one that is just being sent.
    Notification.objects.filter(pk=driver.pk).update(
        lease_until=timezone.now() + timedelta(minutes=5)
    )
    assert not due(timezone.now()).filter(pk=later.pk).exists()


def test_a_server_that_hangs_does_not_take_all_threads(asked, smtp_sink):
    reject(asked, "No.")
    with _senders, _senders:
        assert deliver_due() == 0
    assert deliver_due() == 1


# Many at once


@pytest.mark.parametrize("ends_with_a_word", [True, False])
def test_a_session_that_the_server_ends_is_begun_anew(smtp_sink, ends_with_a_word):
    smtp_sink.most_in_a_session, smtp_sink.ends_with_a_word = 2, ends_with_a_word
    NotificationFactory.create_batch(5)
    assert deliver_due() == 5
    assert (len(smtp_sink.received), smtp_sink.sessions) == (5, 3)
    assert set(Notification.objects.values_list("state", "attempts")) == {(State.SENT, 1)}


def test_a_server_that_takes_nothing_at_all_is_asked_once(smtp_sink):
    smtp_sink.answers_to_data += ["421 4.3.2 shutting down"] * 2
    NotificationFactory.create_batch(2)
    assert deliver_due() == 0
    assert smtp_sink.sessions == 2
    assert set(Notification.objects.values_list("state", "attempts", "doubts")) == {
        (State.QUEUED, 1, 0)
    }


def test_of_a_batch_one_is_refused_one_in_doubt_and_the_others_go_out(smtp_sink):
    rows = NotificationFactory.create_batch(4)
    refused, doubtful = rows[0], rows[2]
    smtp_sink.answers_to_recipient[refused.recipient_email] = "550 No such mailbox"
    take = smtp_sink.handle_DATA

    async def lose_one(server, session, envelope) -> str:
        smtp_sink.lose_next_answer = envelope.rcpt_tos == [doubtful.recipient_email]
        return await take(server, session, envelope)

    smtp_sink.handle_DATA = lose_one
    assert deliver_due() == 2
    assert list(Notification.objects.order_by("pk").values_list("state", "doubts")) == [
        (State.GIVEN_UP, 0),
        (State.SENT, 0),
        (State.QUEUED, 1),
        (State.SENT, 0),
    ]
    assert len(smtp_sink.received) == 3
    assert not Notification.objects.exclude(lease_owner=None).exists()


def test_what_a_round_leaves_is_given_back(smtp_sink):
    NotificationFactory.create_batch(3)
    assert deliver_due(seconds=0) == 1
    left = Notification.objects.filter(state=State.QUEUED)
    assert set(left.values_list("lease_owner", "attempts", "doubts")) == {(None, 0, 0)}
    assert deliver_due() == 2


def test_a_mail_is_written_as_its_booking_is_once_the_ones_before_have_gone(smtp_sink, monkeypatch):
    monkeypatch.setattr(work, "FRESH_SECONDS", 0)
    NotificationFactory()
    second = NotificationFactory(kind=Kind.REMINDER)

    def look(execute, sql, params, many, context):
        if 'SET "doubts"' in sql:
            Booking.objects.filter(pk=second.booking_id).update(status="cancelled")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(look):
        assert deliver_due() == 1
    second.refresh_from_db()
    assert second.state == State.DROPPED


def test_many_mails_are_read_together(smtp_sink, django_assert_max_num_queries):
    NotificationFactory.create_batch(12)
    # Look, claim, read, look again; and of each mail: that it goes, and that it went.
    with django_assert_max_num_queries(20 + 2 * 12):
        assert deliver_due() == 12
    assert smtp_sink.sessions == 1


# Several senders


def test_a_claimed_mail_is_left_alone_until_the_claim_runs_out(asked, smtp_sink):
    reject(asked, "No.")
    now = timezone.now()
    claim(Notification.objects.all(), now=now, seconds=180, limit=10)
    assert deliver_due(now=now) == 0
    assert smtp_sink.received == []
    assert deliver_due(now=now + timedelta(seconds=181)) == 1
    assert len(smtp_sink.received) == 1


class SecondSender(EmailBackend):
    """A way to the server on which, before the first mail goes out, another sender runs."""

    sent_by_other: list[int] = []
    runs = False

    def open(self):
        if self.connection is None and not SecondSender.runs:
            SecondSender.runs = True
            try:
                SecondSender.sent_by_other.append(deliver_due())
            finally:
                SecondSender.runs = False
        return super().open()


def test_a_sender_that_comes_in_between_takes_only_what_is_free(asked, smtp_sink, settings):
    settings.EMAIL_BACKEND = f"{__name__}.SecondSender"
    SecondSender.sent_by_other = []
    approve(asked)
    # The first had claimed one of two when the second came.
    assert deliver_due(limit=1) == 1
    assert SecondSender.sent_by_other == [1]
    assert sorted(mail.recipients[0] for mail in smtp_sink.received) == [
        "dana@hudson.example",
        "manager@hudson.example",
    ]
    assert set(Notification.objects.values_list("state", "attempts")) == {(State.SENT, 1)}


def test_a_mail_that_was_sent_between_the_look_and_the_claim_is_not_sent_again(asked, smtp_sink):
    reject(asked, "No.")
    sent_by_other: list[int] = []

    def be_second(execute, sql, params, many, context):
        if sql.startswith("UPDATE") and "lease_until" in sql and not sent_by_other:
            sent_by_other.append(0)
            sent_by_other.append(deliver_due())
        return execute(sql, params, many, context)

    with connection.execute_wrapper(be_second):
        assert deliver_due() == 0
    assert sent_by_other == [0, 1]
    assert len(smtp_sink.received) == 1


@pytest.mark.postgresql
@pytest.mark.skipif(connection.vendor != "postgresql", reason="needs PostgreSQL")
@pytest.mark.django_db(transaction=True)
def test_four_senders_at_once_send_each_mail_once(smtp_sink):
    rows = NotificationFactory.create_batch(25)
    ready = threading.Barrier(4)
    sent = []

    def work():
        try:
            ready.wait(timeout=30)
            sent.append(deliver_due(limit=100))
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    assert sum(sent) == 25
    ids = [mail.message["Message-ID"] for mail in smtp_sink.received]
    assert len(ids) == len(set(ids)) == 25
    assert {parseaddr(mail.message["To"])[1] for mail in smtp_sink.received} == {
        row.recipient_email for row in rows
    }
    assert not Notification.objects.exclude(state=State.SENT, attempts=1).exists()
