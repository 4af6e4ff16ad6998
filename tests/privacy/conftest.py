"""A driver of whom everything is kept that can be, and ways to look for it."""

from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.apps import apps
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.utils.timezone import now

from batches.models import Batch, BatchRow
from bookings.models import (
    Booking,
    BookingDowntime,
    BookingEvent,
    BookingRequest,
    BookingRequestEvent,
    ChargerReport,
    ChargingSession,
)
from notifications.models import Notification
from remote.models import RemoteAction, RemoteActionEvent
from tests.factories import (
    BookingFactory,
    BookingRequestFactory,
    CalendarFeedFactory,
    DowntimeFactory,
    DriverFactory,
    MembershipFactory,
    NotificationFactory,
    WishFactory,
)
from waiting.models import WishEvent
from waiting.state import record

# In each value that tells of the person: what must be in an export, and nowhere after an erasure.
TRACE = "Quux"


@pytest.fixture
def quux(fleet):
    """A driver with something in every column that may tell of them."""
    return DriverFactory(
        fleet=fleet,
        private_access=[501],
        email="xandra.quux@fleet.example",
        first_name="Xandra",
        last_name=TRACE,
        locale="de",
        search_text="xandra quux xandra.quux@fleet.example",
    )


@pytest.fixture
def past_booking(fleet, manager):
    """Return what makes a booking that is over, with all that can belong to it."""

    def past_booking(driver, *, days_ago: int = 30) -> Booking:
        start = now() - timedelta(days=days_ago)
        booking = BookingFactory(
            accepted=True,
            fleet=fleet,
            driver=driver,
            start_at=start,
            status=Booking.Status.COMPLETED,
            reference=f"For {TRACE}",
            slot_key="",
            created_by=manager,
            created_at=start,
        )
        request = BookingRequestFactory(
            approved=True, booking=booking, rejection_reason=f"{TRACE} is known", created_by=manager
        )
        BookingRequestEvent.objects.create(
            request=request, to_status="approved", actor="operator", note=f"{TRACE} it is"
        )
        event = BookingEvent.objects.create(
            booking=booking,
            what=BookingEvent.What.RUNNING_LATE,
            actor="driver",
            driver=driver,
            note=f"{TRACE} is late",
        )
        trouble = BookingEvent.objects.create(
            booking=booking,
            what=BookingEvent.What.CHARGER_REPORTED,
            actor="driver",
            driver=driver,
            changes={"report": [None, "blocked"]},
        )
        ChargerReport.objects.create(
            booking=booking,
            event=trouble,
            driver=driver,
            what="blocked",
            message=f"{TRACE} cannot get in",
        )
        BookingEvent.objects.create(
            booking=booking,
            what=BookingEvent.What.CHANGED,
            actor="operator",
            changes={"driver": [driver.pk, driver.pk]},
        )
        ChargingSession.objects.create(
            booking=booking, ampeco_session_id=f"s{booking.pk}", energy_kwh="41.500"
        )
        BookingDowntime.objects.create(
            booking=booking,
            downtime=DowntimeFactory(evse=booking.evse, start_at=start),
            over_at=start,
        )
        action = RemoteAction.objects.create(
            booking=booking,
            kind=RemoteAction.Kind.START,
            status=RemoteAction.Status.REFUSED,
            driver=driver,
            evse=booking.evse,
            said=f"{TRACE} has not paid",
            asked_by="manager",
            user=manager,
        )
        RemoteActionEvent.objects.create(
            action=action, to_status="queued", actor="manager", user=manager
        )
        NotificationFactory(
            request=request,
            recipient_driver=driver,
            recipient_email=driver.email,
            subject=f"Approved: {TRACE}",
            state=Notification.State.SENT,
            created_at=start,
        )
        NotificationFactory(
            request=None,
            booking=booking,
            event=event,
            kind=Notification.Kind.RUNNING_LATE,
            audience=Notification.Audience.MANAGER,
            recipient_user=manager,
            recipient_email=manager.email,
            subject=f"Running late: {TRACE}",
            state=Notification.State.SENT,
            created_at=start,
        )
        wish = WishFactory(
            fleet=fleet,
            driver=driver,
            window_start=start,
            reference=f"For {TRACE}",
            created_by=manager,
        )
        record(wish, what=WishEvent.What.REJECTED, note=f"{TRACE} is known")
        batch = Batch.objects.create(
            fleet=fleet, name=f"Tours of {TRACE}", source=Batch.Source.FILE, created_at=start
        )
        BatchRow.objects.create(
            batch=batch,
            position=1,
            driver=driver,
            booking=booking,
            reference=f"For {TRACE}",
            given={"Driver": TRACE},
            problem=f"{TRACE} has another booking",
        )
        return booking

    return past_booking


@pytest.fixture
def taken_away(fleet, quux):
    """A booking that is ahead and was the driver's until it was changed to another one."""
    booking = BookingFactory(accepted=True, fleet=fleet, driver=DriverFactory(fleet=fleet))
    request = BookingRequestFactory(
        approved=True,
        kind=BookingRequest.Kind.UPDATE,
        booking=booking,
        previous_driver=quux,
        rejection_reason=f"Not for {TRACE}",
    )
    NotificationFactory(
        request=request,
        kind=Notification.Kind.CANCELLED,
        recipient_driver=quux,
        recipient_email="an.old.address.of.quux@fleet.example",
        subject=f"No longer yours, {TRACE}",
        state=Notification.State.SENT,
    )
    return booking


@pytest.fixture
def their_feed(fleet, quux):
    return CalendarFeedFactory(fleet=fleet, driver=quux)


@pytest.fixture
def quux_logs_in(fleet):
    """A manager of whom everything is kept."""
    user = MembershipFactory(
        fleet=fleet, user__email="manager.quux@fleet.example", user__name=f"Max {TRACE}"
    ).user
    user.language = "de"
    user.save()
    EmailAddress.objects.create(user=user, email=user.email, verified=True)
    Authenticator.objects.create(user=user, type="totp", data={"secret": TRACE})
    UserSession.objects.create(
        user=user, ip="203.0.113.5", user_agent=f"{TRACE} browser", session_key=TRACE
    )
    LogEntry.objects.create(
        user=user,
        content_type=ContentType.objects.get_for_model(user),
        object_id=user.pk,
        object_repr=user.email,
        action_flag=CHANGE,
        change_message=f"{TRACE} changed",
    )
    return user


def places_of(text: str) -> set[str]:
    """Return in which columns of the whole database a text stands, in any case."""
    found = set()
    for model in apps.get_models(include_auto_created=True):
        for row in model._base_manager.values():
            for column, value in row.items():
                if text.casefold() in str(value).casefold():
                    found.add(f"{model._meta.label}.{column}")
    return found
