"""Who is told what: every occasion, for every choice that a fleet can make."""

import importlib
from datetime import timedelta

import pytest

from bookings.actions.change import request_cancellation
from bookings.models import Actor, Booking, BookingEvent, BookingRequest
from bookings.state.booking import change_booking, note_trouble
from bookings.state.moves import move_request
from bookings.wording.attention import downtime_facts
from notifications import kinds
from notifications.kinds import MAILS
from notifications.kinds.base import Choice, DriverGets, MailKind
from notifications.models import Notification, NotificationPreference
from notifications.recipients import (
    choices_of,
    plan_for_event,
    plan_for_requests,
    plan_reminders,
    save_choices,
)
from tests.factories import (
    BookingFactory,
    BookingRequestFactory,
    DowntimeFactory,
    DriverFactory,
    EvseFactory,
    MembershipFactory,
    OfferFactory,
    WishFactory,
    next_noon,
)
from waiting.state import record

pytestmark = pytest.mark.django_db

Kind = Notification.Kind
Managers = NotificationPreference.Managers
What = BookingEvent.What
Status = BookingRequest.Status
RequestKind = BookingRequest.Kind


@pytest.fixture
def maya(fleet):
    """The manager who books."""
    return MembershipFactory(fleet=fleet, user__email="maya@hudson.example").user


@pytest.fixture
def tom(fleet, maya):
    """The other manager of the fleet."""
    return MembershipFactory(fleet=fleet, user__email="tom@hudson.example").user


@pytest.fixture
def dana(fleet):
    return DriverFactory(fleet=fleet, email="dana@hudson.example")


@pytest.fixture
def ede(fleet):
    return DriverFactory(fleet=fleet, email="ede@hudson.example")


@pytest.fixture
def booking(fleet, maya, tom, dana, viewer) -> Booking:
    """An approved booking of Dana's, which Maya asked for."""
    row = BookingFactory(fleet=fleet, driver=dana, accepted=True, created_by=maya)
    BookingRequestFactory(approved=True, booking=row, created_by=maya)
    return row


@pytest.fixture
def undecided(fleet, maya, tom, dana) -> BookingRequest:
    row = BookingFactory(fleet=fleet, driver=dana, created_by=maya)
    return BookingRequestFactory(pending=True, booking=row, created_by=maya)


def asked(booking: Booking, kind: str, **fields) -> BookingRequest:
    """Return an undecided request about a booking."""
    booking.open_change = kind
    booking.save()
    before = {
        "previous_driver": booking.driver,
        "previous_start_at": booking.start_at,
        "previous_end_at": booking.end_at,
    }
    return BookingRequestFactory(
        pending=True,
        kind=kind,
        booking=booking,
        **((before if kind == "update" else {}) | fields),
    )


def settle(request: BookingRequest, to: str, **changes) -> None:
    changes = {"actor": Actor.OPERATOR} | changes
    if to == Status.APPROVED and request.kind == RequestKind.CREATE:
        changes["ampeco_booking_id"] = 77
    assert move_request(request, to=Status(to), **changes)


def happens(booking: Booking, **changes) -> BookingEvent:
    """Let the operator change a booking."""
    event = change_booking(booking, what=What.CHANGED, actor=Actor.OPERATOR, **changes)
    assert event is not None
    return event


def told(**fields) -> dict[str, str]:
    """Return who is told what, as “audience name”: kind."""
    rows = Notification.objects.filter(**fields)
    found = {f"{row.audience} {row.recipient_email.partition('@')[0]}": row.kind for row in rows}
    assert len(found) == len(rows)
    return found


# Requests


@pytest.mark.parametrize(
    ("to", "failure", "expected"),
    [
        ("approved", "", {"manager maya": "approved", "driver dana": "approved"}),
        ("rejected", "", {"manager maya": "rejected"}),
        ("failed", "slot-gone", {"manager maya": "not-placed"}),
        ("failed", "withdrawn", {}),
        ("stale", "", {}),
    ],
)
def test_a_new_booking(undecided, to, failure, expected):
    BookingRequest.objects.update(status="queued" if failure else "pending")
    undecided.refresh_from_db()
    settle(undecided, to, **({"failure": failure} if failure else {}))
    assert told() == expected


def test_a_driver_who_withdraws_is_told_of_to_the_manager(undecided):
    BookingRequest.objects.update(status="queued")
    undecided.refresh_from_db()
    settle(undecided, "failed", failure="withdrawn", actor=Actor.DRIVER)
    assert told() == {"manager maya": "cancelled"}


@pytest.mark.parametrize(
    ("kind", "to", "expected"),
    [
        (
            "update",
            "approved",
            {"manager maya": "changed", "manager tom": "changed", "driver dana": "changed"},
        ),
        ("update", "rejected", {"manager tom": "change-refused"}),
        ("update", "failed", {"manager tom": "change-refused"}),
        (
            "cancel",
            "approved",
            {"manager maya": "cancelled", "manager tom": "cancelled", "driver dana": "cancelled"},
        ),
        ("cancel", "rejected", {"manager tom": "cancel-refused"}),
        ("cancel", "failed", {"manager tom": "cancel-refused"}),
    ],
)
def test_a_change_that_the_other_manager_asked_for(booking, tom, kind, to, expected):
    request = asked(booking, kind, created_by=tom)
    if to == "failed":
        BookingRequest.objects.filter(pk=request.pk).update(status="queued")
        request.refresh_from_db()
    settle(request, to)
    assert told() == expected


def test_another_driver(booking, ede):
    settle(asked(booking, "update", driver=ede, created_by=booking.created_by), "approved")
    assert told() == {
        "manager maya": "changed",
        "driver ede": "approved",
        "driver dana": "cancelled",
    }
    to_drivers = Notification.objects.filter(audience="driver").order_by("pk")
    assert [row.recipient_driver.email for row in to_drivers] == [
        "ede@hudson.example",
        "dana@hudson.example",
    ]


@pytest.mark.parametrize(
    ("to", "expected"),
    [
        ("approved", {"manager maya": "cancelled", "driver dana": "cancelled"}),
        ("rejected", {"manager maya": "cancel-refused", "driver dana": "cancel-refused"}),
    ],
)
def test_a_cancellation_that_the_driver_asked_for(booking, to, expected):
    settle(asked(booking, "cancel", asked_by=Actor.DRIVER, created_by=None), to)
    assert told() == expected


def test_a_driver_who_got_the_booking_since_is_not_answered_for_the_former_one(booking, ede):
    request = asked(booking, "cancel", asked_by=Actor.DRIVER, created_by=None)
    happens(booking, driver=ede)
    settle(BookingRequest.objects.get(pk=request.pk), "rejected")
    assert told(request=request) == {"manager maya": "cancel-refused"}


@pytest.mark.parametrize("to", ["approved", "rejected"])
@pytest.mark.parametrize("kind", ["update", "cancel"])
def test_what_was_cancelled_at_the_operator_meanwhile_is_not_told_again(booking, kind, to):
    request = asked(booking, kind, created_by=booking.created_by)
    happens(booking, status=Booking.Status.CANCELLED)
    assert told() == {"manager maya": "cancelled", "driver dana": "cancelled"}
    settle(BookingRequest.objects.get(pk=request.pk), to)
    # That a change is refused is news to who asked for it.
    refused = {"manager maya": "change-refused"} if (kind, to) == ("update", "rejected") else {}
    assert told(request=request) == refused


def test_a_charge_that_has_begun_is_not_told_as_cancelled_or_changed(booking):
    later = {"start_at": booking.start_at.replace(minute=30)}
    for kind, wanted in (("update", later), ("cancel", {})):
        request = asked(booking, kind, created_by=booking.created_by, **wanted)
        if booking.status == Booking.Status.ACCEPTED:
            happens(booking, status=Booking.Status.COMPLETED)
        settle(BookingRequest.objects.get(pk=request.pk), "approved")
    assert told() == {}


def test_a_cancellation_is_told_though_an_earlier_one_was_that_came_to_nothing(booking):
    happens(booking, status=Booking.Status.CANCELLED)
    happens(booking, status=Booking.Status.ACCEPTED)
    request = asked(booking, "cancel", created_by=booking.created_by)
    settle(request, "approved")
    assert told(request=request) == {"manager maya": "cancelled", "driver dana": "cancelled"}


def test_another_end_of_a_charge_that_has_begun_is_told(booking):
    sooner = booking.end_at.replace(minute=0) - timedelta(minutes=15)
    request = asked(booking, "update", created_by=booking.created_by, end_at=sooner)
    happens(booking, status=Booking.Status.COMPLETED)
    settle(BookingRequest.objects.get(pk=request.pk), "approved")
    booking.refresh_from_db()
    assert (booking.status, booking.end_at) == (Booking.Status.COMPLETED, sooner)
    assert told() == {"manager maya": "changed", "driver dana": "changed"}


# A booking that was to be cancelled before it was decided


@pytest.fixture
def to_be_cancelled(undecided, tom) -> BookingRequest:
    cancellation = request_cancellation(booking=undecided.booking, asked_by=Actor.MANAGER, user=tom)
    assert cancellation.outcome == "will-be-cancelled"
    settle(BookingRequest.objects.get(pk=undecided.pk), "approved")
    return BookingRequest.objects.get(kind="cancel")


def test_nobody_is_told_of_an_approval_that_is_taken_back_at_once(to_be_cancelled):
    assert told() == {}
    BookingRequest.objects.filter(pk=to_be_cancelled.pk).update(status="pending")
    to_be_cancelled.refresh_from_db()
    settle(to_be_cancelled, "approved")
    assert told() == {"manager maya": "cancelled", "manager tom": "cancelled"}


def test_the_driver_is_told_of_it_when_it_cannot_be_taken_back(to_be_cancelled, undecided):
    BookingRequest.objects.filter(pk=to_be_cancelled.pk).update(status="pending")
    to_be_cancelled.refresh_from_db()
    settle(to_be_cancelled, "rejected")
    assert told() == {"manager tom": "cancel-refused", "driver dana": "approved"}
    assert Notification.objects.get(audience="driver").request == undecided


def test_a_rejection_is_told_even_if_it_was_to_be_cancelled(undecided, tom):
    request_cancellation(booking=undecided.booking, asked_by=Actor.MANAGER, user=tom)
    settle(BookingRequest.objects.get(pk=undecided.pk), "rejected")
    assert told() == {"manager maya": "rejected"}
    row = Notification.objects.get()
    assert row.booking.status == Booking.Status.CANCELLED
    assert not MAILS[Kind(row.kind)].is_obsolete(row, now=row.created_at)


# The operator's doings


@pytest.mark.parametrize("kind", ["cancelled", "failed", "no-show"])
def test_how_the_operator_ends_a_booking(booking, kind):
    happens(booking, status=Booking.Status(kind))
    assert told() == {"manager maya": kind, "driver dana": kind}


@pytest.mark.parametrize(
    ("was", "now"),
    [
        ("accepted", "reserved"),
        ("accepted", "completed"),
        ("accepted", "unknown"),
        ("unknown", "accepted"),
        ("completed", "no-show"),
        ("no-show", "completed"),
        ("failed", "cancelled"),
    ],
)
def test_moves_that_nobody_needs_to_hear_of(booking, was, now):
    booking.status = was
    booking.save()
    happens(booking, status=Booking.Status(now))
    assert told() == {}


def test_a_booking_that_stands_again_is_told(booking):
    happens(booking, status=Booking.Status.CANCELLED)
    event = happens(booking, status=Booking.Status.ACCEPTED)
    assert told(event=event) == {"manager maya": "moved", "driver dana": "moved"}


@pytest.mark.parametrize("what", ["start_at", "end_at", "location", "evse"])
def test_another_time_or_place(booking, what):
    evse = EvseFactory()
    new = {
        "start_at": booking.start_at.replace(minute=30),
        "end_at": booking.end_at.replace(minute=30),
        "location": evse.charge_point.location,
        "evse": evse,
    }
    happens(booking, **{what: new[what]})
    assert told() == {"manager maya": "moved", "driver dana": "moved"}


def test_a_charger_that_is_named_at_last(booking):
    evse = booking.evse
    Booking.objects.update(evse=None)
    booking.refresh_from_db()
    happens(booking, evse=evse)
    assert told() == {}


def test_another_driver_at_the_operator(booking, ede):
    happens(booking, driver=ede)
    assert told() == {"manager maya": "moved", "driver ede": "moved", "driver dana": "cancelled"}


def test_of_several_things_at_once_the_gravest_is_told(booking, ede):
    later = booking.end_at.replace(minute=30)
    event = happens(booking, end_at=later, driver=ede, status=Booking.Status.FAILED)
    # Ede never had it.
    assert told(event=event) == {"manager maya": "failed", "driver dana": "cancelled"}


@pytest.mark.parametrize("begun_before", [True, False])
def test_a_charge_that_the_operator_lets_end_otherwise_is_told(booking, begun_before):
    if begun_before:
        happens(booking, status=Booking.Status.COMPLETED)
    later = booking.end_at.replace(minute=30)
    happens(booking, status=Booking.Status.COMPLETED, end_at=later)
    assert told() == {"manager maya": "moved", "driver dana": "moved"}


def test_a_charge_whose_end_has_passed_is_no_news(booking):
    day = timedelta(days=7)
    Booking.objects.update(start_at=booking.start_at - day, end_at=booking.end_at - day)
    booking.refresh_from_db()
    sooner = booking.end_at - timedelta(minutes=15)
    happens(booking, status=Booking.Status.COMPLETED, end_at=sooner)
    assert told() == {}


def test_a_charge_at_another_charger_is_no_news(booking):
    happens(booking, evse=EvseFactory(), status=Booking.Status.COMPLETED)
    assert told() == {}


@pytest.mark.parametrize(
    ("what", "kind"),
    [(What.RUNNING_LATE, "running-late"), (What.CHARGER_REPORTED, "charger-trouble")],
)
def test_what_a_driver_says_on_the_way_is_told_to_all_managers(booking, what, kind):
    change_booking(booking, what=what, actor=Actor.DRIVER)
    assert told() == {"manager maya": kind, "manager tom": kind}


TOLD = {What.CHANGED, What.RUNNING_LATE, What.CHARGER_REPORTED, What.DOWNTIME}


@pytest.mark.parametrize("what", [each for each in What if each not in TOLD])
@pytest.mark.parametrize("actor", [Actor.OPERATOR, Actor.MANAGER, Actor.DRIVER])
def test_other_events_are_told_to_nobody(booking, what, actor):
    change_booking(booking, what=what, actor=actor)
    assert told() == {}


def test_a_reminder(booking):
    plan_reminders([booking])
    assert told() == {"driver dana": "reminder"}


# Who it is that asked


def test_of_what_was_made_elsewhere_all_managers_are_told(booking):
    Booking.objects.update(created_by=None, made_elsewhere=True)
    booking.refresh_from_db()
    happens(booking, status=Booking.Status.FAILED)
    assert told() == {"manager maya": "failed", "manager tom": "failed", "driver dana": "failed"}


@pytest.mark.parametrize("how", ["switched-off", "left", "viewer"])
def test_instead_of_a_manager_who_is_gone_all_others_are_told(booking, maya, how):
    if how == "switched-off":
        maya.is_active = False
        maya.save()
    elif how == "left":
        maya.memberships.all().delete()
    else:
        maya.memberships.update(role="viewer")
    happens(Booking.objects.get(), status=Booking.Status.CANCELLED)
    assert told() == {"manager tom": "cancelled", "driver dana": "cancelled"}


def test_a_manager_of_another_fleet_is_not_told(booking, maya, tom, other_fleet):
    for user in (maya, tom):
        user.memberships.update(fleet=other_fleet)
    happens(booking, status=Booking.Status.CANCELLED)
    assert told() == {"driver dana": "cancelled"}


def test_somebody_who_drives_and_manages_gets_the_manager_s_mail(booking, dana):
    dana.email = "Maya@Hudson.example"
    dana.save()
    happens(Booking.objects.get(), status=Booking.Status.CANCELLED)
    assert told() == {"manager maya": "cancelled"}


def test_drivers_who_share_an_address_get_one_mail(booking, dana, ede):
    ede.email = dana.email
    ede.save()
    happens(booking, driver=ede)
    assert told() == {"manager maya": "moved", "driver dana": "moved"}
    assert Notification.objects.get(audience="driver").recipient_driver == ede


def test_a_driver_without_an_address_is_not_told(booking, dana):
    dana.email = ""
    dana.save()
    happens(Booking.objects.get(), status=Booking.Status.CANCELLED)
    assert told() == {"manager maya": "cancelled"}


# Never twice


def test_planning_again_adds_nobody(booking, undecided):
    settle(undecided, "approved")
    event = happens(booking, status=Booking.Status.CANCELLED)
    assert (undecided.notifications.count(), event.notifications.count()) == (2, 2)
    plan_for_requests([undecided])
    plan_for_event(event)
    assert Notification.objects.count() == 4


# What a fleet chooses


def test_each_kind_has_a_file_of_its_name():
    files = {type(mail).__module__.rpartition(".")[2]: kind for kind, mail in MAILS.items()}
    assert files == {kind.name.lower(): kind for kind in Kind}


def test_a_kind_without_a_file_fails_at_import(monkeypatch):
    others = [each for each in MailKind.__subclasses__() if each.kind != Kind.NO_SHOW]
    monkeypatch.setattr(MailKind, "__subclasses__", lambda: others, raising=False)
    with pytest.raises(KeyError):
        importlib.reload(kinds)


def occasions(booking: Booking, kind: Kind) -> None:
    """Let happen what a kind of mail tells of, as asked for by Maya."""
    by = {"created_by": booking.created_by}
    match kind:
        case Kind.APPROVED | Kind.REJECTED:
            Booking.objects.update(status="requested")
            booking.requests.all().delete()
            request = BookingRequestFactory(pending=True, booking=booking, **by)
            settle(request, kind)
        case Kind.NOT_PLACED:
            Booking.objects.update(status="requested")
            booking.requests.all().delete()
            settle(BookingRequestFactory(booking=booking, **by), "failed")
        case Kind.CHANGED | Kind.CHANGE_REFUSED:
            to = "approved" if kind == Kind.CHANGED else "rejected"
            settle(asked(booking, "update", start_at=next_noon().replace(minute=5), **by), to)
        case Kind.CANCEL_REFUSED:
            settle(asked(booking, "cancel", **by), "rejected")
        case Kind.CANCELLED:
            settle(asked(booking, "cancel", **by), "approved")
        case Kind.MOVED:
            happens(booking, end_at=booking.end_at.replace(minute=30))
        case Kind.FAILED | Kind.NO_SHOW:
            happens(booking, status=Booking.Status(kind))
        case Kind.REMINDER:
            plan_reminders([booking])
        case Kind.RUNNING_LATE:
            change_booking(booking, what=What.RUNNING_LATE, actor=Actor.DRIVER)
        case Kind.OFFERED | Kind.WAIT_ENDED:
            wish = WishFactory(fleet=booking.fleet, **by)
            what = "ended" if kind == Kind.WAIT_ENDED else "offered"
            record(wish, what=what, offer=OfferFactory(wish=wish))
        case Kind.CHARGER_TROUBLE:
            change_booking(booking, what=What.CHARGER_REPORTED, actor=Actor.DRIVER)
        case Kind.MAINTENANCE:
            downtime = DowntimeFactory(evse=booking.evse)
            note_trouble(booking, what=What.DOWNTIME, changes=downtime_facts(downtime))


# By kind: whether drivers may be told, and whom of the managers one tells who chooses nobody.
# Written by hand.
BOTH, ASKED = {"manager maya", "manager tom"}, {"manager maya"}
TABLE = {
    "approved": ("choice", set()),
    "rejected": ("never", set()),
    "not-placed": ("never", set()),
    "changed": ("choice", set()),
    "change-refused": ("never", set()),
    "cancelled": ("always", set()),
    "cancel-refused": ("never", set()),
    "moved": ("always", set()),
    "failed": ("always", set()),
    "no-show": ("choice", set()),
    "reminder": ("choice", set()),
    "running-late": ("never", BOTH),
    "offered": ("never", ASKED),
    "wait-ended": ("never", set()),
    "charger-trouble": ("never", BOTH),
    "maintenance": ("never", ASKED),
}


@pytest.mark.parametrize("driver", [True, False])
@pytest.mark.parametrize("managers", Managers)
@pytest.mark.parametrize("kind", TABLE)
def test_what_a_fleet_has_chosen_is_what_is_told(booking, kind, managers, driver):
    NotificationPreference.objects.create(
        fleet=booking.fleet, kind=kind, managers=managers, driver=driver
    )
    occasions(booking, kind)
    drivers, at_least = TABLE[kind]
    expected = {
        Managers.NOBODY: at_least,
        Managers.ASKED: ASKED,
        Managers.ALL: BOTH,
        # Not offered for these: what holds without a choice.
        Managers.ADMINS: set() if kind == Kind.REMINDER else at_least | ASKED,
    }[managers]
    if drivers == "always" or (drivers == "choice" and driver):
        expected = expected | {"driver dana"}
    assert told() == dict.fromkeys(expected, kind)


def test_all_but_those_about_budgets_are_in_the_table():
    beside = {Kind.MONTH_REPORT, *(kind for kind in Kind if MAILS[kind].budgets)}
    assert set(Kind) - beside == set(TABLE)


def test_another_fleet_s_choice_is_its_own(booking, other_fleet):
    choice = Choice(Managers.NOBODY, driver=False)
    save_choices(other_fleet, {Kind.NO_SHOW: choice})
    happens(booking, status=Booking.Status.NO_SHOW)
    assert told() == {"manager maya": "no-show", "driver dana": "no-show"}
    assert choices_of(other_fleet)[Kind.NO_SHOW] == choice


def test_a_driver_who_asked_is_answered_whatever_the_fleet_chooses(booking, fleet):
    assert MAILS[Kind.CANCEL_REFUSED].driver is DriverGets.IF_ASKED
    save_choices(fleet, {kind: Choice(Managers.NOBODY, driver=False) for kind in MAILS})
    settle(asked(booking, "cancel", asked_by=Actor.DRIVER, created_by=None), "rejected")
    assert told() == {"driver dana": "cancel-refused"}


def test_only_what_differs_from_the_default_is_kept(fleet):
    defaults = choices_of(fleet)
    save_choices(fleet, defaults)
    assert not NotificationPreference.objects.exists()
    save_choices(fleet, {Kind.APPROVED: Choice(Managers.ALL, driver=False)})
    assert choices_of(fleet)[Kind.APPROVED] == Choice(Managers.ALL, driver=False)
    save_choices(fleet, defaults)
    assert not NotificationPreference.objects.exists()


def test_who_gets_a_mail_costs_the_same_for_many_managers(booking, django_assert_num_queries):
    for _ in range(20):
        MembershipFactory(fleet=booking.fleet)
    save_choices(booking.fleet, {Kind.RUNNING_LATE: Choice(Managers.ALL, driver=False)})
    event = BookingEvent.objects.create(
        booking=booking, what=What.RUNNING_LATE, actor=Actor.DRIVER, changes={}
    )
    with django_assert_num_queries(3):
        plan_for_event(event)
    assert len(told()) == 22
