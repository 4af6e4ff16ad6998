"""Whoever was mailed a calendar entry gets its changes and its end, whoever asked for them."""

import pytest

from bookings.models import Actor, Booking, BookingEvent, BookingRequest
from bookings.state.booking import change_booking
from bookings.state.moves import move_request, open_cancellation
from notifications.delivery import deliver_due
from notifications.kinds import MAILS
from notifications.kinds.base import Choice
from notifications.models import Notification, NotificationPreference
from notifications.recipients import save_choices
from tests.calendars.calendar_programs import CalendarProgram, read_by_vobject
from tests.factories import BookingRequestFactory, DriverFactory, EvseFactory, MembershipFactory
from tests.notifications.mail_reading import approve, text_of, unfolded_calendar
from tests.notifications.mail_situations import HOUR, OVERNIGHT

pytest_plugins = ["tests.smtp_sink", "tests.notifications.mail_cases"]
pytestmark = pytest.mark.django_db

Kind = Notification.Kind
Managers = NotificationPreference.Managers
START, END = OVERNIGHT
LATER = {"start_at": START + HOUR, "end_at": END + HOUR}


@pytest.fixture
def tom(fleet):
    return MembershipFactory(fleet=fleet, user__email="tom@hudson.example").user


@pytest.fixture
def ben(fleet):
    return DriverFactory(email="ben@hudson.example", first_name="Ben", fleet=fleet)


@pytest.fixture
def choose(fleet):
    def inner(kind: Kind, managers: Managers, *, driver: bool = True) -> None:
        save_choices(fleet, {kind: Choice(managers, driver)})

    return inner


@pytest.fixture
def booking(smtp_sink, asked, tom, choose) -> Booking:
    """An approved booking, whose entry both managers and the driver were mailed."""
    choose(Kind.APPROVED, Managers.ALL)
    approve(asked)
    assert deliver_due() == 3
    return read(asked.booking)


def read(booking: Booking) -> Booking:
    related = ("fleet", "driver", "location", "evse__charge_point", "created_by")
    return Booking.objects.select_related(*related).get(pk=booking.pk)


def ask_for_change(booking: Booking, **wanted) -> BookingRequest:
    Booking.objects.filter(pk=booking.pk).update(open_change="update")
    return BookingRequestFactory(
        pending=True,
        kind="update",
        booking=booking,
        created_by=booking.created_by,
        previous_driver=booking.driver,
        previous_start_at=booking.start_at,
        previous_end_at=booking.end_at,
        **wanted,
    )


def change(booking: Booking, **wanted) -> None:
    settle(ask_for_change(read(booking), **wanted))


def settle(request: BookingRequest, **changes) -> None:
    to = BookingRequest.Status.APPROVED
    assert move_request(request, to=to, actor=Actor.OPERATOR, **changes)


def cancel(booking: Booking, asked_by: Actor = Actor.MANAGER) -> None:
    booking = read(booking)
    user = booking.created_by if asked_by == Actor.MANAGER else None
    now = booking.created_at
    settle(open_cancellation(booking, now=now, asked_by=asked_by, user=user))


def operator_changes(booking: Booking, **changes) -> None:
    what = BookingEvent.What.CHANGED
    assert change_booking(read(booking), what=what, actor=Actor.OPERATOR, **changes)


def told() -> dict[str, str]:
    """Return who waits to be told what."""
    rows = list(Notification.objects.filter(state="queued"))
    found = {row.recipient_email.partition("@")[0]: str(row.kind) for row in rows}
    assert len(found) == len(rows)
    return found


ALL_THREE = {"manager", "tom", "dana"}


@pytest.mark.parametrize(
    ("happen", "kind"),
    [
        (lambda b: change(b, **LATER), "changed"),
        (lambda b: cancel(b), "cancelled"),
        (lambda b: cancel(b, Actor.DRIVER), "cancelled"),
        (lambda b: cancel(b, Actor.PORTAL), "cancelled"),
        (lambda b: operator_changes(b, **LATER), "moved"),
        (lambda b: operator_changes(b, status=Booking.Status.CANCELLED), "cancelled"),
        (lambda b: operator_changes(b, status=Booking.Status.FAILED), "failed"),
    ],
)
@pytest.mark.parametrize("chosen", [Managers.ASKED, Managers.NOBODY])
def test_who_has_the_entry_is_told(booking, choose, happen, kind, chosen):
    choose(Kind(kind), chosen, driver=False)
    happen(booking)
    assert told() == dict.fromkeys(ALL_THREE, kind)


@pytest.mark.parametrize(("happen", "kind"), [(change, "changed"), (operator_changes, "moved")])
def test_who_has_the_entry_is_told_of_another_end_once_the_driver_charges(
    booking, choose, happen, kind
):
    choose(Kind(kind), Managers.NOBODY, driver=False)
    operator_changes(booking, status=Booking.Status.COMPLETED)
    happen(booking, end_at=END - HOUR)
    assert told() == dict.fromkeys(ALL_THREE, kind)
    assert deliver_due() == len(ALL_THREE)


def test_what_changes_no_entry_is_told_only_to_whom_it_may_concern(booking):
    operator_changes(booking, status=Booking.Status.NO_SHOW)
    assert told() == dict.fromkeys({"manager", "dana"}, "no-show")


def test_who_asked_once_for_a_change_hears_of_the_end(booking, manager, tom, choose):
    choose(Kind.APPROVED, Managers.ASKED)
    Notification.objects.filter(recipient_user=tom).delete()
    Booking.objects.update(open_change="update")
    settle(
        BookingRequestFactory(
            pending=True,
            kind="update",
            booking=booking,
            created_by=tom,
            previous_start_at=START,
            previous_end_at=END,
            **LATER,
        )
    )
    deliver_due()
    cancel(booking)
    assert told() == dict.fromkeys(ALL_THREE, "cancelled")


def test_who_had_it_removed_hears_that_it_stands_again(booking):
    operator_changes(booking, status=Booking.Status.CANCELLED)
    deliver_due()
    operator_changes(booking, status=Booking.Status.ACCEPTED)
    assert told() == dict.fromkeys(ALL_THREE, "moved")


def test_a_colleague_s_calendar_follows(booking, tom, smtp_sink):
    program = CalendarProgram(read_by_vobject)

    def deliver() -> None:
        seen = len(smtp_sink.received)
        deliver_due()
        for mail in smtp_sink.received[seen:]:
            if mail.recipients == [tom.email]:
                for part in mail.message.iter_attachments():
                    program.receive(part.get_payload(decode=True))

    for part in smtp_sink.mails[tom.email].iter_attachments():
        program.receive(part.get_payload(decode=True))
    change(booking, **LATER)
    deliver()
    assert [entry.start for entry in program.shown.values()] == [START + HOUR]
    cancel(booking)
    deliver()
    assert program.shown == {}


@pytest.mark.parametrize(
    ("how", "hears"), [("viewer", True), ("left", False), ("switched-off", False)]
)
def test_who_left_hears_nothing_who_may_look_does(booking, tom, smtp_sink, how, hears):
    if how == "viewer":
        tom.memberships.update(role="viewer")
    elif how == "left":
        tom.memberships.all().delete()
    else:
        tom.is_active = False
        tom.save()
    cancel(booking)
    assert ("tom" in told()) == hears
    deliver_due()
    if hears:
        assert "because you have its calendar entry" in text_of(smtp_sink.mails[tom.email])


def test_the_entry_goes_to_the_address_that_somebody_has_by_now(booking, tom, dana):
    tom.email = "thomas@hudson.example"
    tom.save()
    dana.email = "reyes@hudson.example"
    dana.save()
    cancel(booking)
    assert set(told()) == {"manager", "thomas", "reyes"}


def test_who_was_never_mailed_it_is_not(booking, tom, choose):
    Notification.objects.filter(recipient_user=tom).update(state="dropped")
    cancel(booking)
    assert set(told()) == {"manager", "dana"}


def test_a_booking_that_replaces_one_reaches_those_who_have_that_one(booking, tom, choose):
    choose(Kind.APPROVED, Managers.ASKED, driver=False)
    Booking.objects.filter(pk=booking.pk).update(open_change="move")
    request = BookingRequestFactory(
        pending=True,
        booking__fleet=booking.fleet,
        booking__driver=booking.driver,
        booking__replaces=booking,
        booking__created_by=booking.created_by,
        booking__evse=EvseFactory(),
        created_by=booking.created_by,
    )
    settle(request, ampeco_booking_id=78)
    assert told() == dict.fromkeys(ALL_THREE, "approved")


def test_a_driver_between_two_others_is_told_too(booking, ben, fleet, smtp_sink):
    """The operator gives it to Ben while a change to Ede is undecided, which is then approved."""
    ede = DriverFactory(email="ede@hudson.example", first_name="Ede", fleet=fleet)
    request = ask_for_change(booking, driver=ede, **LATER)
    operator_changes(booking, driver=ben)
    deliver_due()
    request.refresh_from_db()
    settle(request)
    assert (told()["ben"], told()["ede"]) == ("cancelled", "approved")
    deliver_due()
    mail = smtp_sink.mails[ben.email]
    text = text_of(mail)
    assert "given to another driver" in text
    assert "18:00" in text
    assert "19:00" not in text, "the later time is not his to know"
    lines = unfolded_calendar(mail)
    assert {"METHOD:CANCEL", f"DTSTART:{START:%Y%m%dT%H%M%SZ}"} <= set(lines)


def test_kinds_that_bring_an_entry_say_so():
    assert {kind for kind, mail in MAILS.items() if mail.brings_entry} == {
        Kind.APPROVED,
        Kind.CHANGED,
        Kind.MOVED,
    }


def test_who_asked_is_told_to_whoever_has_the_booking_now(booking, ben, smtp_sink):
    now = booking.created_at
    request = open_cancellation(booking, now=now, asked_by=Actor.DRIVER, user=None)
    operator_changes(booking, driver=ben)
    settle(BookingRequest.objects.get(pk=request.pk))
    deliver_due()
    text = text_of(smtp_sink.mails[ben.email])
    assert "Your booking at Depot Brooklyn is cancelled." in text
    assert "You requested this" not in text
    assert "Dana Reyes requested this" in text_of(smtp_sink.mails["manager@hudson.example"])
