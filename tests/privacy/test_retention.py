"""What is old no longer tells of anybody; what is not, does."""

from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.contrib.admin.models import LogEntry
from django.core.management import call_command
from django.db.models import SET_NULL
from django.urls import reverse
from django.utils.timezone import now

from accounts.models import User
from batches.models import BatchRow
from bookings.models import Booking
from bookings.pages.history.record import read_history
from bookings.pages.history.timeline import history_lines
from calendars.models import CalendarFeed
from config.celery import app
from drivers.models import Driver, FleetDriver
from energy.models import RemoteRoute, RemoteTag, Session, Telling, VehicleState
from notifications.models import Notification
from privacy import retention
from privacy.models import AuditEntry
from privacy.retention import Cleared, clear_old_data, due
from reports.models import MailRecipient
from series.models import SeriesDate
from team.models import Invitation
from telemetry.sweeps import periods
from tests.energy.factories import (
    AlertFactory,
    DepartureFactory,
    RemoteVehicleFactory,
    SessionFactory,
    link_vehicle,
)
from tests.factories import (
    BookingFactory,
    CalendarFeedFactory,
    DriverFactory,
    MembershipFactory,
    UserFactory,
    VehicleFactory,
)
from tests.privacy.conftest import places_of
from tests.privacy.test_erasure import read_again

pytestmark = pytest.mark.django_db

OLD, YOUNG = 800, 600


def test_old_bookings_name_nobody_any_more(quux, past_booking, as_manager):
    old = past_booking(quux, days_ago=OLD)
    facts = Booking.objects.filter(pk=old.pk).values("start_at", "end_at", "evse", "status")
    before = facts.get()

    cleared = clear_old_data()

    assert (cleared.bookings, cleared.mails, cleared.tables) == (1, 2, 1)
    assert {place.partition(".")[2] for place in places_of("quux")} <= {
        f"Driver.{column}" for column in ("email", "last_name", "search_text")
    }
    for model in Booking._meta.related_objects:
        if model.field.name == "booking" and model.on_delete is not SET_NULL:
            goes = model.related_model in {Notification, BatchRow, SeriesDate}
            assert goes or model.related_model.objects.exists()
    booking = Booking.objects.get()
    assert facts.get() == before
    assert booking.driver.is_erased
    assert booking.created_by is None
    assert str(booking.charging_session.energy_kwh) == "41.500"
    told = " ".join(str(line) for line in history_lines(read_history(booking)))
    assert "Quux" not in told
    page = as_manager.get(reverse("bookings:detail", args=[booking.pk])).content.decode()
    assert "Erased driver" in page
    quux.refresh_from_db()
    assert quux.last_name == "Quux"


def test_what_is_younger_stays_as_it_is(quux, past_booking):
    past_booking(quux, days_ago=YOUNG)
    before = places_of("quux")

    assert not clear_old_data()
    assert places_of("quux") == before


def test_what_is_old_is_a_setting(quux, past_booking, settings):
    past_booking(quux, days_ago=YOUNG)
    settings.RETENTION_MONTHS = 0
    assert not clear_old_data(now=now() + timedelta(days=9999))
    settings.RETENTION_MONTHS = 12
    assert clear_old_data().bookings == 1


def test_many_are_cleared_batch_by_batch(quux, past_booking, other_fleet, monkeypatch):
    monkeypatch.setattr(retention, "AT_ONCE", 2)
    for _ in range(5):  # of the same end
        past_booking(quux, days_ago=OLD)
    same_end = Booking.objects.latest("end_at").end_at
    Booking.objects.update(start_at=same_end - timedelta(hours=1), end_at=same_end)
    BookingFactory(fleet=other_fleet, start_at=now() - timedelta(days=OLD), driver=quux)
    past_booking(quux, days_ago=YOUNG)

    first = clear_old_data(most_batches=1)
    assert (first.bookings, first.mails) == (2, 2)
    while clear_old_data(most_batches=1):
        pass

    assert Booking.objects.filter(driver=quux).count() == 1
    assert Notification.objects.count() == 2


def test_a_round_without_anything_due_does_not_read_what_is_kept(
    quux, past_booking, django_assert_max_num_queries
):
    for days in range(10):
        past_booking(quux, days_ago=YOUNG - days)
        past_booking(quux, days_ago=OLD + days)
    clear_old_data()
    with django_assert_max_num_queries(24) as queries:
        clear_old_data()
    assert not [one for one in queries.captured_queries if one["sql"].startswith("UPDATE")]


def test_drivers_who_left_long_ago_lose_their_names(fleet, quux, past_booking):
    past_booking(quux, days_ago=OLD)
    left = now() - timedelta(days=OLD)
    FleetDriver.objects.update(left_at=left)
    Driver.objects.update(synced_at=left)
    CalendarFeedFactory(fleet=fleet, driver=quux)

    assert clear_old_data().drivers == 1
    assert places_of("quux") == set()

    # It was not the person's wish: they may come back, as somebody new.
    (back,) = read_again(fleet, quux).drivers
    assert (back.last_name, back.pk != quux.pk) == ("Quux", True)


@pytest.mark.parametrize("why", ["still there", "left lately", "has a booking"])
def test_other_drivers_keep_theirs(why, fleet, quux, past_booking):
    Driver.objects.update(synced_at=now() - timedelta(days=OLD))
    left = {"left lately": YOUNG, "has a booking": OLD}
    if why in left:
        FleetDriver.objects.update(left_at=now() - timedelta(days=left[why]))
    if why == "has a booking":
        past_booking(quux, days_ago=YOUNG)
    clear_old_data()

    assert Driver.objects.get(pk=quux.pk).last_name == "Quux"


def test_people_without_a_fleet_are_erased(staff, manager):
    long_ago = now() - timedelta(days=OLD)
    gone = MembershipFactory(user__email="gone.quux@fleet.example").user
    gone.memberships.all().delete()
    EmailAddress.objects.create(user=gone, email=gone.email)
    lately = MembershipFactory().user
    lately.memberships.all().delete()
    User.objects.update(date_joined=long_ago, last_login=long_ago)
    User.objects.filter(pk=lately.pk).update(last_login=now())

    assert clear_old_data().people == 1
    assert places_of("gone.quux") == set()
    assert set(User.objects.exclude(email__startswith="erased-")) == {staff, manager, lately}


@pytest.mark.parametrize(
    ("address", "invited_as", "state", "days", "erased"),
    [
        ("Gone@fleet.example", "gone@fleet.example", "open", 7, 0),
        ("gone@xn--mller-kva.example", "gone@müller.example", "open", 7, 0),
        ("gone@fleet.example", "gone@fleet.example", "open", -1, 1),
        ("gone@fleet.example", "gone@fleet.example", "revoked", 7, 1),
        ("gone@fleet.example", "somebody@fleet.example", "open", 7, 1),
    ],
)
def test_who_is_invited_just_now_is_not_erased(fleet, address, invited_as, state, days, erased):
    """They were taken out of one fleet, and have a week to accept that another one asks them."""
    long_ago = now() - timedelta(days=OLD)
    user = UserFactory(email=address, date_joined=long_ago, last_login=long_ago)
    Invitation.objects.create(
        fleet=fleet,
        email=invited_as,
        role="viewer",
        state=state,
        expires_at=now() + timedelta(days=days),
    )

    assert due().people == erased
    assert clear_old_data().people == erased
    assert User.objects.get(pk=user.pk).is_erased == bool(erased)
    assert Invitation.objects.exists() or erased


def test_calendars_and_histories_go_as_well(fleet, staff, manager):
    long_ago = now() - timedelta(days=OLD)
    CalendarFeedFactory(fleet=fleet, revoked_at=long_ago)
    CalendarFeedFactory(fleet=fleet)
    LogEntry.objects.create(user=staff, action_flag=1, action_time=long_ago, object_repr="x")

    cleared = clear_old_data()

    assert (cleared.calendars, cleared.history) == (1, 1)
    assert CalendarFeed.objects.count() == 1


def test_so_do_recipients_of_reports_that_were_taken_off(fleet):
    for address, days in (("old", OLD), ("young", YOUNG), ("still", None)):
        ended = now() - timedelta(days=days) if days else None
        MailRecipient.objects.create(fleet=fleet, email=f"{address}@x.example", ended_at=ended)

    assert due().recipients == 1
    assert clear_old_data() == Cleared(recipients=1)

    assert set(MailRecipient.objects.values_list("email", flat=True)) == {
        "young@x.example",
        "still@x.example",
    }


def test_the_audit_trail_stays_longer_and_notes_it():
    for days in (OLD, 1200):
        AuditEntry.objects.create(
            action="acted", actor="staff", name=str(days), at=now() - timedelta(days=days)
        )

    assert clear_old_data() == Cleared(audit_entries=1)

    assert [each.name for each in AuditEntry.objects.order_by("pk")] == [str(OLD), "retention"]
    entry = AuditEntry.objects.latest("pk")
    assert (entry.action, entry.actor, entry.counts) == ("cleared", "portal", {"audit_entries": 1})


def test_a_dry_run_counts_and_changes_nothing(quux, past_booking, capsys):
    past_booking(quux, days_ago=OLD)
    before = places_of("quux")

    call_command("apply_retention", "--dry-run")

    out = capsys.readouterr().out
    assert "bookings: 1 due" in out
    assert "mails: 2 due" in out
    assert places_of("quux") == before
    call_command("apply_retention")
    assert "bookings: 1 cleared" in capsys.readouterr().out
    assert due() == Cleared()


def test_the_sweep_is_one_that_is_watched(quux, past_booking):
    past_booking(quux, days_ago=OLD)
    assert periods()["clear-old-data"] == timedelta(hours=1)

    app.loader.import_default_modules()
    app.tasks["privacy.tasks.clear_old_data"].apply()

    assert not Booking.objects.filter(driver=quux).exists()


def test_a_booking_of_nobody_is_not_the_operators_to_rename(quux, past_booking):
    """The operator still tells whose it was: that is not taken over again."""
    from ampeco import types
    from sync.compare import differences

    booking = past_booking(quux, days_ago=OLD)
    clear_old_data()
    booking = Booking.objects.get(pk=booking.pk)
    found = types.Booking(
        id=booking.ampeco_booking_id,
        user_id=quux.ampeco_user_id,
        location_id=booking.location.ampeco_id,
        start_at=booking.start_at.replace(microsecond=0),
        end_at=booking.end_at.replace(microsecond=0),
        status="completed",
        evse_ids=(booking.evse.ampeco_id,),
        session_id=None,
        access_methods=(),
        created_at=None,
        last_updated_at=None,
    )

    assert not differences(booking, found)
    assert DriverFactory().pk


def test_what_smart_charging_told_goes_after_some_weeks(settings):
    settings.RETENTION_MONTHS, settings.ENERGY_WEEKS = 0, 4
    old, young = now() - timedelta(weeks=5), now() - timedelta(weeks=3)
    vehicle = VehicleFactory()
    for at in (old, young):
        VehicleState.objects.create(vehicle=vehicle, at=at, source="telematics")
        SessionFactory(active=False, started_at=at - timedelta(hours=1), ended_at=at)
        SessionFactory(active=True, started_at=at)
        AlertFactory(status="Resolved", raised_at=at)
        AlertFactory(status="Triggered", raised_at=at)
        RemoteRoute.objects.create(remote_id=f"{at}", read_at=at, starts_at=at, ends_at=at)
        RemoteVehicleFactory(retired_at=at)
        DepartureFactory(vehicle=vehicle, leaves_at=at, closed_at=at)
        DepartureFactory(vehicle=vehicle, leaves_at=at + timedelta(hours=1))
        for settled_at in (at, None):
            Telling.objects.create(
                key=f"{at} {settled_at}", kind="alert", created_at=at, settled_at=settled_at
            )
        RemoteTag.objects.create(remote_id=f"{at}", read_at=at, retired_at=at)
    link_vehicle(vehicle, RemoteVehicleFactory(retired_at=old))

    expected = due()
    cleared = clear_old_data()

    assert cleared == expected
    assert (cleared.vehicle_states, cleared.energy_sessions) == (1, 1)
    assert (cleared.alerts, cleared.routes) == (1, 1)
    assert (cleared.departures, cleared.tellings) == (1, 1)
    assert (cleared.vanished_vehicles, cleared.vanished_tags) == (1, 1)
    assert VehicleState.objects.get().at == young
    assert Session.objects.count() == 3
    assert not clear_old_data()
