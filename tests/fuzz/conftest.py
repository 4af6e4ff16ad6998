"""A portal in the middle of its life, for all that can be asked of it."""

import uuid
from datetime import timedelta

import pytest
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.utils.timezone import now

from accounts.models import User
from bookings.models.booking import link_token
from drivers.models import TeamRole
from mirror.models import SyncRun
from reports.models import MailRecipient
from team.invitations import invitation_url
from team.models import Invitation
from tests.factories import (
    BookingRequestFactory,
    CalendarFeedFactory,
    LimitFactory,
    MembershipFactory,
    NotificationFactory,
    OfferFactory,
    UserFactory,
    VehicleFactory,
    WishFactory,
    next_noon,
    secret_of,
)
from tests.many import series_at, tables
from tests.small_operator import *  # noqa: F403 - a site of the operator, and workers by hand
from tests.small_operator import operator_world  # noqa: F401


@pytest.fixture
def people(fleet, staff) -> dict[str, User | None]:
    """Who may ask: nobody, each role of a fleet, and staff who may do everything."""
    members = {role.value: MembershipFactory(fleet=fleet, **role.columns).user for role in TeamRole}
    for user in (members["manager"], staff):
        TOTP.activate(user, generate_totp_secret())
        RecoveryCodes.activate(user)
    return {"anonymous": None, "nobody": UserFactory(), **members, "staff": staff}


@pytest.fixture
def clients(people) -> dict[str, Client]:
    """A browser of each of the people."""
    found = {}
    for name, user in people.items():
        found[name] = Client()
        if user is not None:
            found[name].force_login(user)
    return found


@pytest.fixture
def things(fleet, staff, evse, driver) -> dict[str, str]:
    """What the portal holds, by the name under which it is asked for."""
    request = BookingRequestFactory(
        approved=True,
        booking__accepted=True,
        booking__fleet=fleet,
        booking__driver=driver,
        booking__evse=evse,
        booking__reference="Job 7",
    )
    booking = request.booking
    open_request = BookingRequestFactory(
        pending=True,
        booking__fleet=fleet,
        booking__driver=driver,
        booking__evse=evse,
        booking__start_at=next_noon() + timedelta(days=1),
    )
    refused = BookingRequestFactory(
        rejected=True, kind="cancel", batch=uuid.uuid4(), booking=booking
    )
    member = MembershipFactory(fleet=fleet)
    invitation = Invitation.objects.create(fleet=fleet, email="new@fleet.example", role="viewer")
    feed = CalendarFeedFactory(fleet=fleet)
    wish = WishFactory(fleet=fleet, driver=driver, evse=evse)
    offer = OfferFactory(wish__fleet=fleet, wish__driver=driver, wish__evse=evse)
    vehicle = VehicleFactory(fleet=fleet, usual_driver=driver)
    recipient = MailRecipient.objects.create(fleet=fleet, email="books@fleet.example")
    NotificationFactory(request=open_request)
    SyncRun.objects.get_or_create(
        kind="bookings", defaults={"started_at": now(), "alive_at": now()}
    )
    LogEntry.objects.create(user=staff, action_flag=1, object_repr="x")
    start = next_noon() + timedelta(hours=3)
    return {
        "fleet": str(fleet.pk),
        "site": str(evse.charge_point.location_id),
        "evse": str(evse.pk),
        "driver": str(driver.pk),
        "booking": str(booking.pk),
        "move": str(booking.pk),
        "secret": link_token(booking, driver),
        "feed_secret": secret_of(feed),
        "feed": str(feed.pk),
        "batch": str(refused.batch),
        "wish": str(wish.pk),
        "offer": str(offer.uid),
        **of_many(fleet, evse, driver),
        "vehicle": str(vehicle.pk),
        "limit": str(LimitFactory(fleet=fleet, by_fleet=True).pk),
        "member": str(member.pk),
        "invitation": str(invitation.pk),
        "invitation_secret": invitation_url(invitation).split("/")[-2],
        "stop_secret": recipient.secret,
        "day": f"{start:%Y-%m-%d}",
        "start": f"{start:%Y-%m-%dT%H:%M:%SZ}",
        "submission_key": str(uuid.uuid4()),
    }


def of_many(fleet, evse, driver) -> dict[str, str]:
    """Return a table of bookings with a row, and a series."""
    made = tables(fleet, evse, driver)
    series = series_at(evse, fleet, driver)
    return {"table": made["draft"], "row": made["row"], "series": str(series.pk)}


def some_pk(app_label: str, model: str) -> str:
    """Return the key of a row of a model, or a key of none."""
    row = apps.get_model(app_label, model).objects.order_by("pk").first()
    return str(row.pk) if row else "1"
