"""What mails say, compared with sentences written by hand."""

import re
from urllib.parse import urlsplit

import pytest
from django.urls import resolve

from bookings.models import Booking, BookingRequest
from bookings.models.booking import booking_of_link
from notifications.compose import compose
from notifications.models import Notification
from tests.factories import EvseFactory, MembershipFactory
from tests.notifications.mail_situations import SITUATIONS

pytest_plugins = ["tests.notifications.mail_cases"]
pytestmark = pytest.mark.django_db

OVERNIGHT = "Depot Brooklyn, Mon 23 Nov 18:00 – Tue 24 Nov 06:00, charger A-12"
LATER = "Depot Brooklyn, Mon 23 Nov 19:00 – Tue 24 Nov 07:00, charger A-12"
B2 = "Mon 23 Nov 2026, 18:00 – Tue 24 Nov 2026, 06:00, Depot Brooklyn, charger B-2 (BK-0020)"
ADDRESS = re.compile(r"https://chargebook\.example\S+")


@pytest.fixture
def write(stage):
    """Return what is written to somebody in a situation; a driver is whoever has the booking."""

    def inner(situation, audience, to=None):
        kind, happen = SITUATIONS[situation]
        return compose(stage.tell(kind, audience, to=to, **happen(stage)))

    return inner


# To managers


@pytest.mark.parametrize(
    ("situation", "subject", "sentences"),
    [
        ("approved", f"Approved: {OVERNIGHT}", ["approved the booking for Dana Reyes at Depot"]),
        ("approved-instead", f"Approved: {OVERNIGHT}", ["whose cancellation has been requested"]),
        (
            "approved-and-replaced",
            f"Approved: {OVERNIGHT}",
            ["another booking, which is cancelled"],
        ),
        (
            "approved-too-late",
            f"Approved: {OVERNIGHT}",
            ["The booking has changed again since then. Its page shows the current status."],
        ),
        (
            "rejected",
            f"Rejected: {OVERNIGHT}",
            ["> The bay is serviced.\n> Ask for B-2.\n", "Nothing is booked."],
        ),
        ("rejected-silently", f"Rejected: {OVERNIGHT}", ["gave no reason", "Nothing is booked."]),
        (
            "move-rejected",
            f"Rejected: {OVERNIGHT}",
            ["The booking that was to be moved stays as it was: ", "charger B-2 (BK-0020)."],
        ),
        (
            "not-placed-refused",
            f"Could not be booked: {OVERNIGHT}",
            ["The operator's system refused the request.", "> The bay is serviced."],
        ),
        (
            "changed",
            f"Changed: {LATER}",
            [
                "You requested this.",
                "  Mon 23 Nov 2026, 19:00\n  until Tue 24 Nov 2026, 07:00 (next day)\n",
                "  Before: Mon 23 Nov 2026, 18:00 – Tue 24 Nov 2026, 06:00\n",
            ],
        ),
        (
            "changed-driver",
            f"Changed: {OVERNIGHT}",
            ["the change to the booking for Ben Ito", "  Ben Ito\n  Before: Dana Reyes\n"],
        ),
        (
            "change-rejected",
            f"Not changed: {OVERNIGHT}",
            [
                "rejected the change to the booking for Dana Reyes at Depot Brooklyn and says:",
                "> Ask for B-2.",
                "The booking stays as it was:",
                "  Mon 23 Nov 2026, 18:00\n",
                "made\n  Mon 23 Nov 2026, 19:00 – Tue 24 Nov 2026, 07:00\n  Ben Ito\n",
            ],
        ),
        (
            "change-failed",
            f"Not changed: {OVERNIGHT}",
            ["The start had passed before the request could be sent.", "stays as it was:"],
        ),
        ("move-ended", f"Not changed: {OVERNIGHT}", ["> No bay is free.", "stays as it was:"]),
        ("cancelled-by-manager", f"Cancelled: {OVERNIGHT}", ["You requested this."]),
        (
            "cancelled-by-driver",
            f"Cancelled: {OVERNIGHT}",
            ["Dana Reyes requested this on the driver's page."],
        ),
        ("cancelled-by-staff", f"Cancelled: {OVERNIGHT}", ["The operator's staff requested this."]),
        ("cancelled-by-portal", f"Cancelled: {OVERNIGHT}", ["Depot Brooklyn is cancelled."]),
        (
            "cancelled-by-move",
            f"Cancelled: {OVERNIGHT}",
            [f"It was moved: another booking replaces it, {B2}."],
        ),
        (
            "withdrawn-by-driver",
            f"Cancelled: {OVERNIGHT}",
            ["was withdrawn before it was sent to the operator", "on the driver's page"],
        ),
        (
            "cancelled-by-operator",
            f"Cancelled: {OVERNIGHT}",
            ["by the driver in the operator's app, or by the operator."],
        ),
        ("gone", f"Cancelled: {OVERNIGHT}", ["The operator's system no longer knows it."]),
        (
            "cancel-rejected",
            f"Not cancelled: {OVERNIGHT}",
            ["> The bay is serviced.", "The booking remains valid:"],
        ),
        (
            "cancel-failed",
            f"Not cancelled: {OVERNIGHT}",
            ["The booking had ended or been cancelled in the meantime."],
        ),
        (
            "cancel-rejected-after-move",
            f"Not cancelled: {OVERNIGHT}",
            [f"another booking, which is approved: {B2}. Both are valid now."],
        ),
        (
            "moved",
            f"Changed by the operator: {LATER}",
            ["  Before: Mon 23 Nov 2026, 18:00 – Tue 24 Nov 2026, 06:00\n"],
        ),
        (
            "moved-elsewhere",
            "Changed by the operator: Depot Queens, Mon 23 Nov 19:00 – Tue 24 Nov 07:00, "
            "charger Q-1",
            ["  Before: Depot Brooklyn\n", "  Before: A-12 (BK-0012)\n"],
        ),
        (
            "revived",
            f"Changed by the operator: {OVERNIGHT}",
            ["The booking is valid again. Its previous status was “Cancelled”."],
        ),
        (
            "failed",
            f"Charger could not be held: {OVERNIGHT}",
            ["could not hold the charger for Dana Reyes at Depot Brooklyn"],
        ),
        ("no-show", f"No-show: {OVERNIGHT}", ["Charging did not start in time"]),
        (
            "reminder",
            f"Reminder: {OVERNIGHT}",
            [
                "The booking for Dana Reyes at Depot Brooklyn starts on Mon 23 Nov 2026, 18:00.",
                "  A-12 (BK-0012)\n",
                "  Gate on the north side.\n",
            ],
        ),
        ("reminder-cancel", f"Reminder: {OVERNIGHT}", ["is not decided yet."]),
        (
            "running-late",
            f"Running late: {OVERNIGHT}",
            [
                "Dana Reyes will be late for the booking at Depot Brooklyn, by about 20 minutes.",
                "> Stuck in the tunnel.",
                "This does not change the booking:",
            ],
        ),
        (
            "running-late-briefly",
            f"Running late: {OVERNIGHT}",
            ["Dana Reyes will be late for the booking at Depot Brooklyn."],
        ),
        (
            "charger-trouble",
            f"Charger trouble: {OVERNIGHT}",
            [
                "Dana Reyes reports from Depot Brooklyn: Another vehicle blocks the charger.",
                "> White van, XY 12",
            ],
        ),
        (
            "maintenance",
            f"Maintenance planned: {OVERNIGHT}",
            [
                "At Depot Brooklyn the operator plans maintenance of the charger:",
                "17:00–19:00",
                "Replacing the cable",
                "The booking still stands, but Dana Reyes may find the charger out of use.",
            ],
        ),
    ],
)
def test_what_managers_read(write, situation, subject, sentences):
    mail = write(situation, "manager")
    assert mail.subject == subject
    for sentence in sentences:
        assert sentence in mail.body
    assert "  Dana Reyes\n" in mail.body or "  Ben Ito\n" in mail.body
    assert mail.reply_to == []


# To drivers


@pytest.mark.parametrize(
    ("situation", "subject", "sentences"),
    [
        ("approved", f"Approved: {OVERNIGHT}", ["approved a booking for you at Depot Brooklyn."]),
        (
            "changed",
            f"Changed: {LATER}",
            ["a change to your booking", "Maria Okafor requested this.", "Before: "],
        ),
        (
            "change-rejected",
            f"Not changed: {OVERNIGHT}",
            ["a change to your booking", "stays as it"],
        ),
        ("cancelled-by-manager", f"Cancelled: {OVERNIGHT}", ["Maria Okafor requested this."]),
        ("cancelled-by-driver", f"Cancelled: {OVERNIGHT}", ["You requested this on your page."]),
        (
            "cancelled-by-operator",
            f"Cancelled: {OVERNIGHT}",
            ["cancelled on the operator's side. If you did not do that yourself"],
        ),
        ("cancelled-by-move", f"Cancelled: {OVERNIGHT}", [f"replaces it, {B2}."]),
        ("cancel-rejected", f"Not cancelled: {OVERNIGHT}", ["The booking remains valid:"]),
        ("moved", f"Changed by the operator: {LATER}", ["changed your booking at", "Before: "]),
        ("failed", f"Charger could not be held: {OVERNIGHT}", ["Please ask your fleet manager"]),
        ("no-show", f"No-show: {OVERNIGHT}", ["counts your booking as a no-show"]),
        (
            "reminder",
            f"Reminder: {OVERNIGHT}",
            [
                "Your booking at Depot Brooklyn starts on Mon 23 Nov 2026, 18:00.",
                "  A-12 (BK-0012)\n",
                "  PIN at the intercom.\n",
            ],
        ),
    ],
)
def test_what_drivers_read(write, stage, situation, subject, sentences):
    mail = write(situation, "driver", stage.dana)
    assert mail.subject == subject
    for sentence in sentences:
        assert sentence in mail.body
    assert mail.reply_to == [stage.manager.email]
    assert "  Dana Reyes\n" not in mail.body


@pytest.mark.parametrize("situation", ["changed-driver", "moved-to-driver"])
def test_who_loses_a_booking_learns_nothing_of_who_gets_it(write, stage, situation):
    mail = write(situation, "driver", stage.dana)
    assert mail.subject == f"No longer yours: {OVERNIGHT}"
    assert "Ben" not in mail.body
    assert ADDRESS.findall(mail.body) == []
    assert "because this booking was for you" in mail.body


def test_who_loses_a_booking_learns_nothing_of_where_it_went(stage):
    elsewhere = EvseFactory(charge_point__location__name="Depot Queens", label="Q-1")
    event = stage.event(driver=stage.ben, evse=elsewhere, location=elsewhere.charge_point.location)
    mail = compose(stage.tell("cancelled", "driver", to=stage.dana, event=event))
    assert mail.subject == f"No longer yours: {OVERNIGHT}"
    entry = mail.alternatives[1].content
    assert "SUMMARY:Cancelled: Charging at Depot Brooklyn\\, charger A-12 (BK-0012)" in entry
    for text in (mail.body, entry):
        assert "Queens" not in text
        assert "Q-1" not in text


@pytest.mark.parametrize("situation", ["changed-driver", "moved-to-driver"])
def test_who_gets_a_booking_is_told_as_of_a_new_one(write, stage, situation):
    mail = write(situation, "driver", stage.ben)
    assert mail.subject == f"Approved: {OVERNIGHT}"
    assert mail.body.startswith("A charging booking is now yours\n")
    assert "Dana" not in mail.body


# Links and reasons


@pytest.mark.parametrize("situation", SITUATIONS)
def test_each_mail_leads_where_its_reader_may_go(write, stage, situation):
    booking = stage.booking
    mail = write(situation, "driver")
    (page,) = ADDRESS.findall(mail.body)
    match = resolve(urlsplit(page).path)
    assert match.view_name == "driver-page:show"
    assert booking_of_link(match.kwargs["secret"], now=booking.start_at) == booking
    assert page in mail.alternatives[0].content


@pytest.mark.parametrize("situation", SITUATIONS)
def test_a_managers_mail_leads_to_the_booking(write, stage, situation):
    mail = write(situation, "manager")
    page, *others = ADDRESS.findall(mail.body)
    assert resolve(urlsplit(page).path).kwargs == {"pk": stage.booking.pk}
    assert {resolve(urlsplit(other).path).view_name for other in others} <= {"sites:detail"}
    wanting = {"rejected", "not-placed", "failed", "no-show", "cancelled-by-operator"}
    if situation in wanting:
        assert len(others) == 1


def test_a_manager_who_did_not_ask_is_told_why(stage, fleet):
    colleague = MembershipFactory(fleet=fleet, user__email="co@hudson.example").user
    row = stage.tell("reminder", "manager", to=colleague)
    assert "because you manage the bookings of Hudson Parcel Fleet" in compose(row).body
    request = stage.change(start_at=stage.booking.start_at, end_at=stage.booking.end_at)
    told = stage.tell("changed", "manager", to=colleague, request=request)
    assert "Maria Okafor requested this." in compose(told).body


def test_a_booking_made_elsewhere_was_requested_by_nobody(stage):
    stage.save(made_elsewhere=True, created_by=None)
    mail = compose(stage.tell("reminder", "driver"))
    assert "Booked\n  In the operator's app\n" in mail.body
    assert "Requested by" not in mail.body
    assert mail.reply_to == []
    assert "reply to this e-mail" not in mail.body


def test_a_move_that_is_rejected_once_the_driver_charges_leaves_what_was_booked(stage):
    kind, happen = SITUATIONS["move-rejected"]
    about = happen(stage)
    stage.booking.replaces.status = Booking.Status.COMPLETED
    stage.booking.replaces.save()
    mail = compose(stage.tell(kind, "manager", **about))
    assert "The booking that was to be moved stays as it was" in mail.body
    assert "Nothing is booked." not in mail.body


@pytest.mark.parametrize("how", ["left", "viewer", "switched-off"])
def test_answers_of_drivers_go_to_nobody_who_manages_the_fleet_no_more(stage, how):
    if how == "left":
        stage.manager.memberships.all().delete()
    elif how == "viewer":
        stage.manager.memberships.update(role="viewer")
    else:
        stage.manager.is_active = False
        stage.manager.save()
    mail = compose(stage.tell("reminder", "driver"))
    assert mail.reply_to == []
    assert "reply to this e-mail" not in mail.body


def test_what_waited_tells_what_happened_then(stage):
    request = stage.change(start_at=stage.booking.start_at, end_at=stage.booking.end_at)
    row = stage.tell("changed", "driver", request=request)
    stage.save(start_at=stage.booking.start_at.replace(hour=22))
    mail = compose(Notification.objects.get(pk=row.pk))
    assert mail.subject == f"Changed: {OVERNIGHT}"
    assert "The booking has changed again since then." in mail.body


def test_a_driver_who_has_lost_the_booking_by_then_gets_no_link(stage):
    request = stage.request("create")
    row = stage.tell("approved", "driver", request=request)
    stage.save(driver=stage.ben)
    mail = compose(Notification.objects.get(pk=row.pk))
    assert "It is no longer yours." in mail.body
    assert ADDRESS.findall(mail.body) == []
    assert [form.mimetype for form in mail.alternatives][1].startswith(
        "text/calendar; method=CANCEL"
    )


def test_a_booking_that_is_over_is_not_said_to_stand(stage):
    request = stage.request("cancel", "failed", failure=BookingRequest.Failure.BOOKING_OVER)
    mail = compose(stage.tell("cancel-refused", "manager", request=request))
    assert "stands" not in mail.body


ENTRIES = {
    "approved": ("REQUEST", "PUBLISH"),
    "changed": ("REQUEST", "PUBLISH"),
    "moved": ("REQUEST", "PUBLISH"),
    "cancelled-by-manager": ("CANCEL", "CANCEL"),
    "cancelled-by-operator": ("CANCEL", "CANCEL"),
    "failed": ("CANCEL", "CANCEL"),
    "withdrawn-by-driver": (None, None),
    "rejected": (None, None),
    "change-rejected": (None, None),
    "cancel-rejected": (None, None),
    "no-show": (None, None),
    "reminder": (None, None),
    "running-late": (None, None),
    "charger-trouble": (None, None),
    "maintenance": (None, None),
}


@pytest.mark.parametrize("situation", ENTRIES)
@pytest.mark.parametrize("audience", ["driver", "manager"])
def test_which_mails_carry_an_entry(write, situation, audience):
    mail = write(situation, audience)
    methods = [part.get_param("method") for part in mail.attachments]
    expected = dict(zip(("driver", "manager"), ENTRIES[situation], strict=True))[audience]
    assert methods == ([expected] if expected else [])
