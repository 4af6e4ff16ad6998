"""What happens to a booking, as it shows in a calendar that is fed with the mails about it."""

from datetime import timedelta
from importlib import import_module
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.db import connection

from bookings.models import Actor, Booking, BookingEvent
from bookings.state.booking import change_booking
from bookings.state.moves import move_request, open_cancellation
from calendars.entries import booking_calendar, feed_calendar
from notifications.delivery import deliver_due
from tests.calendars.calendar_programs import READERS, CalendarProgram
from tests.factories import BookingFactory, BookingRequestFactory, DriverFactory, EvseFactory
from tests.notifications.mail_reading import Status, approve
from tests.notifications.mail_situations import OVERNIGHT

pytest_plugins = ["tests.smtp_sink", "tests.notifications.mail_cases"]
pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
START, END = OVERNIGHT


@pytest.fixture(params=READERS)
def read(request):
    return READERS[request.param]


@pytest.fixture
def program(read) -> CalendarProgram:
    return CalendarProgram(read)


class Mailbox:
    """What reaches somebody, file by file, in the order in which it was sent."""

    def __init__(self, sink, address: str) -> None:
        self.sink = sink
        self.address = address
        self.seen = 0

    def fetch(self) -> list[bytes]:
        """Send what waits; return the calendar files that came since the last time."""
        deliver_due()
        mails = self.sink.received[self.seen :]
        self.seen = len(self.sink.received)
        return [
            part.get_payload(decode=True)
            for mail in mails
            if mail.recipients == [self.address]
            for part in mail.message.iter_attachments()
        ]

    def deliver(self, program: CalendarProgram) -> list[bytes]:
        """Fetch what came, give it to a calendar, and return it."""
        files = self.fetch()
        for file in files:
            program.receive(file)
        return files


@pytest.fixture
def danas_mail(smtp_sink, dana) -> Mailbox:
    return Mailbox(smtp_sink, dana.email)


def change(booking: Booking, **wanted) -> None:
    """Ask for a change of a booking, and have it approved."""
    booking.refresh_from_db()
    Booking.objects.filter(pk=booking.pk).update(open_change="update")
    request = BookingRequestFactory(
        pending=True,
        kind="update",
        booking=booking,
        created_by=booking.created_by,
        previous_driver=booking.driver,
        previous_start_at=booking.start_at,
        previous_end_at=booking.end_at,
        **wanted,
    )
    assert move_request(request, to=Status.APPROVED, actor=Actor.OPERATOR)


def cancel(booking: Booking) -> None:
    """Ask for the cancellation of a booking, and have it approved."""
    booking.refresh_from_db()
    request = open_cancellation(
        booking, now=booking.created_at, asked_by=Actor.MANAGER, user=booking.created_by
    )
    assert move_request(request, to=Status.APPROVED, actor=Actor.OPERATOR)


def operator_moves(booking: Booking, **changes) -> None:
    booking = Booking.objects.select_related("fleet", "driver", "location", "evse").get(
        pk=booking.pk
    )
    assert change_booking(booking, what=BookingEvent.What.CHANGED, actor=Actor.OPERATOR, **changes)


def test_one_entry_comes_moves_and_goes(asked, danas_mail, program):
    booking, uid = asked.booking, asked.booking.calendar_uid
    approve(asked)
    danas_mail.deliver(program)
    (entry,) = program.shown.values()
    assert (entry.uid, entry.start, entry.end) == (uid, START, END)
    assert entry.title == "Charging at Depot Brooklyn, charger A-12 (BK-0012)"
    assert entry.where == "Depot Brooklyn, 12 Wallabout St, Brooklyn, NY 11249"

    change(booking, start_at=START + HOUR, end_at=END + HOUR)
    danas_mail.deliver(program)
    (entry,) = program.shown.values()
    assert (entry.uid, entry.start, entry.end) == (uid, START + HOUR, END + HOUR)

    other = EvseFactory(charge_point__location__name="Depot Queens", label="Q-1")
    operator_moves(booking, start_at=START, evse=other, location=other.charge_point.location)
    danas_mail.deliver(program)
    (entry,) = program.shown.values()
    assert (entry.uid, entry.start, entry.end) == (uid, START, END + HOUR)
    assert entry.where.startswith("Depot Queens")

    cancel(booking)
    danas_mail.deliver(program)
    assert program.shown == {}
    assert set(program.newest) == {uid}, "all of it was about one entry"


def test_an_entry_goes_although_the_portal_has_moved(asked, danas_mail, program, settings):
    approve(asked)
    danas_mail.deliver(program)
    settings.SITE_URL = "https://elsewhere.example"
    cancel(asked.booking)
    danas_mail.deliver(program)
    assert program.shown == {}
    assert len(program.newest) == 1


def test_entries_of_before_ids_were_stored_keep_theirs(asked, danas_mail, program, settings):
    Booking.objects.update(calendar_uid="")
    approve(asked)
    danas_mail.deliver(program)
    assert set(program.newest) == {f"{asked.booking.uid}@chargebook.example"}
    others = [BookingFactory(calendar_uid="") for _number in range(3)]
    migration = import_module("bookings.migrations.0003_keep_calendar_uids")
    migration.AT_ONCE = 2
    migration.keep(apps, SimpleNamespace(connection=connection))
    assert {booking.calendar_uid for booking in Booking.objects.exclude(pk=asked.booking_id)} == {
        f"{booking.uid}@chargebook.example" for booking in others
    }
    settings.SITE_URL = "https://elsewhere.example"
    asked.booking.refresh_from_db()
    cancel(asked.booking)
    danas_mail.deliver(program)
    assert program.shown == {}
    assert len(program.newest) == 1


def test_what_comes_late_changes_nothing(asked, danas_mail, program):
    approve(asked)
    approval = danas_mail.deliver(program)
    change(asked.booking, start_at=START + HOUR, end_at=END + HOUR)
    moved = danas_mail.deliver(program)
    for old in approval:
        program.receive(old)
    (entry,) = program.shown.values()
    assert entry.start == START + HOUR
    cancel(asked.booking)
    danas_mail.deliver(program)
    for old in [*moved, *approval]:
        program.receive(old)
    assert program.shown == {}


@pytest.mark.parametrize("status", [Booking.Status.CANCELLED, Booking.Status.FAILED])
def test_what_the_operator_ends_goes(asked, danas_mail, program, status):
    approve(asked)
    danas_mail.deliver(program)
    operator_moves(asked.booking, status=status)
    (file,) = danas_mail.deliver(program)
    assert program.read(file).method == "CANCEL"
    assert program.shown == {}


def test_a_booking_that_changes_hands_changes_calendars(asked, fleet, smtp_sink, danas_mail, read):
    ben = DriverFactory(email="ben@hudson.example", first_name="Ben", fleet=fleet)
    bens_mail = Mailbox(smtp_sink, ben.email)
    danas, bens = CalendarProgram(read), CalendarProgram(read)
    approve(asked)
    danas_mail.deliver(danas)
    change(asked.booking, driver=ben, start_at=START + HOUR, end_at=END + HOUR)
    (taken,) = danas_mail.deliver(danas)
    bens_mail.deliver(bens)
    assert danas.shown == {}
    (entry,) = bens.shown.values()
    assert (entry.start, entry.attendees) == (START + HOUR, (f"mailto:{ben.email}",))
    (told,) = read(taken).entries
    assert (told.start, told.end) == (START, END), "the later time is not hers to know"
    assert "Ben" not in taken.decode()

    change(asked.booking, driver=asked.driver, start_at=START, end_at=END)
    bens_mail.seen = danas_mail.seen
    danas_mail.deliver(danas)
    bens_mail.deliver(bens)
    assert len(danas.shown) == 1
    assert bens.shown == {}


def test_a_mail_that_waited_brings_what_is_true_by_then(asked, danas_mail, program, smtp_sink):
    approve(asked)
    change(asked.booking, start_at=START + HOUR, end_at=END + HOUR)
    danas_mail.deliver(program)
    (entry,) = program.shown.values()
    assert entry.start == START + HOUR
    assert len(smtp_sink.received) == 4


def test_whoever_drives_is_not_asked_to_accept(asked, danas_mail, read):
    approve(asked)
    (content,) = danas_mail.fetch()
    file = read(content)
    (entry,) = file.entries
    assert file.method == "REQUEST"
    assert entry.organizer == "mailto:chargebook@localhost"
    assert entry.attendees == ("mailto:dana@hudson.example",)
    unfolded = content.decode().replace("\r\n ", "")
    (attendee,) = [line for line in unfolded.split("\r\n") if line.startswith("ATTENDEE")]
    assert ";PARTSTAT=ACCEPTED;" in attendee
    assert ";RSVP=FALSE:" in attendee


def test_the_other_form_of_the_text_is_the_same_file(asked, dana, smtp_sink):
    approve(asked)
    deliver_due()
    mail = smtp_sink.mails[dana.email]
    (form,) = [
        part
        for part in mail.walk()
        if part.get_content_type() == "text/calendar" and not part.get_filename()
    ]
    assert form.get_param("method") == "REQUEST"
    (attached,) = mail.iter_attachments()
    lines = form.get_payload(decode=True).decode().splitlines()
    assert lines == attached.get_payload(decode=True).decode().splitlines()


def test_a_manager_who_books_for_others_may_add_an_entry(asked, manager, smtp_sink, read, program):
    mailbox = Mailbox(smtp_sink, manager.email)
    approve(asked)
    (content,) = mailbox.deliver(program)
    assert read(content).method == "PUBLISH"
    assert read(content).entries[0].attendees == ()
    cancel(asked.booking)
    (content,) = mailbox.deliver(program)
    assert read(content).method == "CANCEL"
    assert program.shown == {}


def test_a_file_and_a_mail_are_about_the_same_entry(asked, danas_mail, program):
    approve(asked)
    danas_mail.deliver(program)
    booking = Booking.objects.get(pk=asked.booking_id)
    program.receive(booking_calendar(booking, for_driver=True))
    program.receive(booking_calendar(booking, for_driver=False))
    assert len(program.shown) == 1


def test_a_feed_is_read_as_many_entries(asked, dana, bay, read, fleet):
    approve(asked)
    requested = BookingRequestFactory(booking__fleet=fleet, booking__evse=bay, booking__driver=dana)
    gone = BookingRequestFactory(
        booking__fleet=fleet,
        booking__evse=bay,
        booking__driver=dana,
        booking__status="cancelled",
        booking__slot_key="",
    )
    bookings = [
        Booking.objects.get(pk=pk)
        for pk in (asked.booking_id, requested.booking_id, gone.booking_id)
    ]
    file = read(feed_calendar(bookings, name="Hudson\nParcel; Fleet"))
    assert file.name == "Hudson Parcel; Fleet"
    titles = {entry.status: entry.title for entry in file.entries}
    assert titles == {
        "CONFIRMED": "Dana Reyes charges at Depot Brooklyn, charger A-12 (BK-0012)",
        "TENTATIVE": "Requested: Dana Reyes charges at Depot Brooklyn, charger A-12 (BK-0012)",
        "CANCELLED": "Cancelled: Dana Reyes charges at Depot Brooklyn, charger A-12 (BK-0012)",
    }
    assert len({entry.uid for entry in file.entries}) == 3


def test_an_empty_feed_is_a_calendar_too(read):
    assert read(feed_calendar([], name="Nothing yet")).entries == []
