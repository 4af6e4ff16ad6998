"""Who is erased is nowhere any more, and what happened stays."""

from datetime import time, timedelta

import pytest
from django.core import mail
from django.urls import reverse
from django.utils.timezone import now

from ampeco import types
from bookings.models import Booking
from bookings.models.booking import booking_of_link, link_token
from bookings.pages.history.record import read_history
from bookings.pages.history.timeline import history_lines
from bookings.tasks import submit_requests
from calendars.feeds import feed_url
from calendars.models import CalendarFeed
from drivers.models import Driver, FleetDriver
from drivers.permissions import current_drivers
from drivers.upserts import Belonging, store_drivers
from notifications.delivery import deliver_due
from notifications.models import Notification
from privacy.erasure import NotErased, erase_driver, erase_user, let_back
from privacy.models import AuditEntry
from series.models import Series
from sites.models import Evse
from tests.bookings import conftest as bookings_fixtures
from tests.factories import (
    PASSWORD,
    BookingFactory,
    BookingRequestFactory,
    CalendarFeedFactory,
    MembershipFactory,
    NotificationFactory,
    UserFactory,
    WishFactory,
)
from tests.privacy.conftest import places_of

pytestmark = pytest.mark.django_db

operator_world = bookings_fixtures.operator_world
mirrored = bookings_fixtures.mirrored


@pytest.fixture
def as_staff(client, staff):
    client.force_login(staff)
    return client


def read_again(fleet, driver, *, email="xandra.quux@fleet.example"):
    """Store what the operator still tells of a driver."""
    invite = types.PartnerInvite(
        id=1,
        partner_id=fleet.ampeco_partner_id,
        user_id=driver.ampeco_user_id,
        status="accepted",
        accepted_at=None,
        allow_private_charge_points=True,
    )
    user = types.User(
        id=driver.ampeco_user_id,
        email=email,
        first_name="Xandra",
        last_name="Quux",
        locale="de",
        status="enabled",
        partner_invites=(invite,),
    )
    belonging = Belonging(user=user, accepted=(invite,), knows_all=True)
    return store_drivers(fleet, [belonging], now=now())


def test_an_erased_driver_is_nowhere_any_more(quux, past_booking, taken_away, their_feed):
    past_booking(quux)
    before = places_of("quux")
    assert before >= {
        "drivers.Driver.email",
        "drivers.Driver.search_text",
        "bookings.Booking.reference",
        "bookings.Booking.reference_key",
        "bookings.BookingRequest.rejection_reason",
        "bookings.BookingRequestEvent.note",
        "bookings.BookingEvent.note",
        "notifications.Notification.recipient_email",
        "notifications.Notification.subject",
    }

    assert erase_driver(driver=quux, email=" Xandra.QUUX@fleet.example")

    assert places_of("quux") == set()
    assert places_of("xandra") == set()


def test_what_happened_stays_for_the_fleet(quux, past_booking, as_manager):
    booking = past_booking(quux)
    facts = Booking.objects.values("start_at", "end_at", "evse", "fleet", "status", "driver")
    before = facts.get(pk=booking.pk)

    erase_driver(driver=quux, email=quux.email)

    assert facts.get(pk=booking.pk) == before
    assert str(Booking.objects.get().charging_session.energy_kwh) == "41.500"
    told = " ".join(str(line) for line in history_lines(read_history(Booking.objects.get())))
    assert "says the driver Erased driver" in told
    page = as_manager.get(reverse("bookings:detail", args=[booking.pk])).content.decode()
    assert "Erased driver" in page
    export = as_manager.get(reverse("bookings:export"), {"view": "past"}).getvalue().decode()
    assert "Erased driver" in export


def test_their_links_and_calendars_stop_working(client, quux, past_booking, their_feed):
    booking = past_booking(quux)
    just_over = now() - timedelta(hours=1)
    Booking.objects.update(start_at=just_over - timedelta(hours=1), end_at=just_over)
    token = link_token(booking, quux)
    assert booking_of_link(token)

    erase_driver(driver=quux, email=quux.email)

    assert booking_of_link(token) is None
    assert client.get(f"/d/{token}/").status_code == 404
    assert client.get(feed_url(their_feed)).status_code == 404
    assert CalendarFeed.objects.get().revoked_at


@pytest.mark.parametrize("state", ["ahead", "undecided", "taken away", "under way", "mail"])
def test_nobody_is_erased_while_something_is_open(state, fleet, quux, past_booking):
    match state:
        case "ahead":
            BookingFactory(accepted=True, fleet=fleet, driver=quux)
        case "undecided":
            booking = BookingFactory(fleet=fleet, driver=quux, start_at=now() - timedelta(hours=9))
            BookingRequestFactory(pending=True, booking=booking)
        case "taken away":
            BookingRequestFactory(pending=True, kind="update", previous_driver=quux)
        case "under way":
            start = now() - timedelta(minutes=5)
            BookingFactory(
                accepted=True, fleet=fleet, driver=quux, start_at=start, status="reserved"
            )
        case "mail":
            past_booking(quux)
            Notification.objects.filter(recipient_driver=quux).update(
                state="queued", lease_until=now() + timedelta(minutes=1)
            )
    with pytest.raises(NotErased) as refused:
        erase_driver(driver=quux, email=quux.email)

    assert "sent right now" in str(refused.value) if state == "mail" else "#" in str(refused.value)
    quux.refresh_from_db()
    assert quux.last_name == "Quux"
    assert not AuditEntry.objects.exists()


def test_a_mail_that_waits_is_not_sent(quux, past_booking, settings):
    past_booking(quux)
    Notification.objects.filter(recipient_driver=quux).update(state="queued")

    erase_driver(driver=quux, email=quux.email)
    deliver_due()

    assert Notification.objects.get(recipient_driver=quux).state == "dropped"
    assert mail.outbox == []


def test_what_was_asked_for_in_the_same_moment_is_not_placed(
    fleet, quux, manager, mirrored, operator
):
    """Its row may be committed after the erasure has looked for it."""
    erase_driver(driver=quux, email=quux.email)
    evse = Evse.objects.filter(booking_enabled=True).first()
    booking = BookingFactory(fleet=fleet, driver=quux, evse=evse, created_by=manager)
    request = BookingRequestFactory(booking=booking, created_by=manager)

    submit_requests()

    request.refresh_from_db()
    assert (request.status, request.failure) == ("failed", "driver-not-allowed")
    assert not operator.requests
    assert [each.recipient_email for each in booking.notifications.all()] == [manager.email]


def test_erasing_again_changes_nothing(quux, past_booking):
    booking = past_booking(quux)
    assert erase_driver(driver=quux, email=quux.email)
    generation = Booking.objects.get(pk=booking.pk).link_generation

    assert not erase_driver(driver=quux, email="anything")

    assert Booking.objects.get(pk=booking.pk).link_generation == generation
    assert AuditEntry.objects.filter(action="erased").count() == 1


def test_another_e_mail_erases_nobody(quux):
    with pytest.raises(NotErased) as refused:
        erase_driver(driver=quux, email="other@fleet.example")

    assert refused.value.field == "email"
    assert Driver.objects.get().last_name == "Quux"


def test_the_trail_says_who_erased_whom_without_a_name(quux, past_booking):
    past_booking(quux)
    erase_driver(driver=quux, email=quux.email)

    entry = AuditEntry.objects.get()
    assert (entry.action, entry.object_type) == ("erased", "drivers.driver")
    assert entry.object_id == str(quux.pk)
    assert entry.counts == {"bookings": 1, "calendars": 0, "charges": 0, "mails": 1}


def test_the_mirror_does_not_bring_anybody_back(fleet, quux):
    erase_driver(driver=quux, email=quux.email)

    stored = read_again(fleet, quux)

    assert (stored.drivers, stored.joined) == ([], 0)
    assert places_of("quux") == set()
    assert not current_drivers(fleet).exists()
    assert not quux.private_access.exists()


def test_who_is_let_back_comes_as_somebody_new(fleet, quux, past_booking):
    booking = past_booking(quux)
    erase_driver(driver=quux, email=quux.email)

    assert let_back(quux)
    assert not let_back(quux)
    (back,) = read_again(fleet, quux).drivers

    assert back.pk != quux.pk
    assert list(current_drivers(fleet)) == [back]
    assert Booking.objects.get(pk=booking.pk).driver.is_erased


def test_on_the_page_the_e_mail_must_be_typed(as_staff, staff, quux):
    page = reverse("admin:drivers_driver_personal_data", args=[quux.pk])
    assert "Erase for good" in as_staff.get(page).content.decode()
    for email in ("", "xandra@elsewhere.example"):
        answer = as_staff.post(page, {"do": "erase", "email": email})
        assert answer.status_code == 200
        assert email in answer.content.decode()
        assert not Driver.objects.get().is_erased

    as_staff.post(page, {"do": "erase", "email": quux.email})

    assert Driver.objects.get().is_erased
    entry = AuditEntry.objects.get(action="erased")
    assert (entry.user_id, entry.actor) == (staff.pk, "staff")
    assert "Let them back" in as_staff.get(page).content.decode()
    assert as_staff.get(reverse("admin:drivers_driver_change", args=[quux.pk])).status_code == 200
    as_staff.post(page, {"do": "let-back"})
    assert Driver.objects.get().ampeco_user_id == -quux.pk


def test_the_page_says_what_is_in_the_way(as_staff, fleet, quux):
    booking = BookingFactory(accepted=True, fleet=fleet, driver=quux)
    page = reverse("admin:drivers_driver_personal_data", args=[quux.pk])

    assert f"(#{booking.pk})" in as_staff.get(page).content.decode()
    answer = as_staff.post(page, {"do": "erase", "email": quux.email})
    assert f"(#{booking.pk})" in answer.content.decode()
    assert not Driver.objects.get(pk=quux.pk).is_erased


def test_staff_without_the_right_neither_export_nor_erase(client, quux):
    from django.contrib.auth.models import Permission

    clerk = UserFactory(is_staff=True)
    page = reverse("admin:drivers_driver_personal_data", args=[quux.pk])
    clerk.user_permissions.add(Permission.objects.get(codename="view_driver"))
    client.force_login(clerk)
    assert client.get(page).status_code == 403
    clerk.user_permissions.add(Permission.objects.get(codename="export_person"))
    assert client.get(page).status_code == 200
    assert client.post(page, {"do": "erase", "email": quux.email}).status_code == 403
    assert not Driver.objects.get().is_erased


def test_an_erased_user_is_nowhere_any_more(quux_logs_in, past_booking, client):
    user = quux_logs_in
    booking = BookingFactory(created_by=user)
    NotificationFactory(
        audience="manager",
        recipient_user=user,
        recipient_email=user.email,
        subject="Quux",
        state="sent",
        request__booking=booking,
    )
    client.login(username=user.email, password=PASSWORD)
    assert places_of("quux")

    assert erase_user(user=user, email=user.email, by=None)
    assert not erase_user(user=user, email=user.email, by=None)

    assert places_of("quux") == set()
    assert places_of("203.0.113.5") == set()
    user.refresh_from_db()
    assert (user.display_name, user.is_active, user.has_usable_password()) == (
        "Erased user",
        False,
        False,
    )
    assert not user.memberships.exists()
    assert Booking.objects.get(pk=booking.pk).created_by == user
    assert client.get(reverse("bookings:list")).status_code == 302


@pytest.mark.parametrize("by_staff", [True, False])
def test_what_an_erased_user_looked_after_is_everybodys(fleet, staff, by_staff):
    user = MembershipFactory(fleet=fleet, admin=True).user
    MembershipFactory(fleet=fleet, admin=True)
    booking = BookingFactory(fleet=fleet, created_by=user, accepted=True)
    wish = WishFactory(fleet=fleet, created_by=user)
    weekly = Series.objects.create(
        fleet=fleet,
        location=booking.evse.charge_point.location,
        start_time=time(8),
        end_time=time(10),
        first_day=now().date(),
        last_day=now().date(),
        created_by=user,
    )
    feed = CalendarFeedFactory(fleet=fleet, created_by=user)

    assert erase_user(user=user, email=user.email, by=staff if by_staff else None)

    for row in (booking, wish, weekly, feed):
        row.refresh_from_db()
    assert (booking.created_by, wish.created_by, weekly.created_by) == (None, None, None)
    assert feed.revoked_at
    event = booking.events.get(what="handed-over")
    assert (event.actor, event.user) == (("staff", staff) if by_staff else ("portal", None))
    who = "the operator’s staff" if by_staff else "the portal"
    assert f"Handed over from Erased user to all managers of the fleet by {who}" in {
        line.text for line in history_lines(read_history(booking))
    }


@pytest.mark.parametrize("another_admin_of", ["", "team", "elsewhere"])
@pytest.mark.parametrize("others", [True, False])
def test_a_team_is_not_left_without_an_admin(fleet, other_fleet, staff, others, another_admin_of):
    user = MembershipFactory(fleet=fleet, admin=True).user
    MembershipFactory(fleet=other_fleet, user=user)
    if others:
        MembershipFactory(fleet=fleet, viewer=True)
    if another_admin_of:
        of = fleet if another_admin_of == "team" else other_fleet
        MembershipFactory(fleet=of, admin=True)
    feed = CalendarFeedFactory(fleet=other_fleet, created_by=user)
    is_refused = others and another_admin_of != "team"

    if is_refused:
        with pytest.raises(NotErased, match="only admin"):
            erase_user(user=user, email=user.email, by=staff)
    else:
        erase_user(user=user, email=user.email, by=staff)

    user.refresh_from_db()
    feed.refresh_from_db()
    assert (user.is_erased, user.memberships.count()) == ((False, 2) if is_refused else (True, 0))
    assert bool(feed.revoked_at) != is_refused


def test_staff_erase_users_on_their_page(as_staff, staff, manager):
    page = reverse("admin:accounts_user_erase", args=[manager.pk])
    assert as_staff.get(page).status_code == 200
    assert "not the person" in as_staff.post(page, {"email": "x@y.example"}).content.decode()
    as_staff.post(page, {"email": manager.email})

    manager.refresh_from_db()
    assert manager.is_erased
    own = reverse("admin:accounts_user_erase", args=[staff.pk])
    assert "Nobody erases their own" in as_staff.post(own, {"email": staff.email}).content.decode()
    assert not type(staff).objects.get(pk=staff.pk).is_erased


def test_superusers_are_erased_by_superusers_alone(staff):
    clerk = UserFactory(is_staff=True)
    with pytest.raises(NotErased):
        erase_user(user=staff, email=staff.email, by=clerk)


def test_a_driver_is_not_a_fleets_any_more(fleet, quux):
    erase_driver(driver=quux, email=quux.email)

    assert FleetDriver.objects.get().left_at
