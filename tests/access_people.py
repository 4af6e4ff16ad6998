"""Who asks for the addresses in tests/access.py, and what those are about."""

import uuid
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.test import Client
from django.utils.translation import trans_real

from accounts.models import User
from bookings.models.booking import link_token
from energy.models import Network
from reports.models import MailRecipient
from team.invitations import invitation_url
from team.models import Invitation
from tests.energy.factories import (
    DepartureFactory,
    LineFactory,
    SessionFactory,
    VehicleNowFactory,
    link_evse,
    link_vehicle,
)
from tests.factories import (
    BookingRequestFactory,
    BudgetFactory,
    CalendarFeedFactory,
    ChargePointFactory,
    CostCentreFactory,
    DriverFactory,
    EvseFactory,
    FleetFactory,
    LimitFactory,
    MembershipFactory,
    OfferFactory,
    UserFactory,
    VehicleFactory,
    WishFactory,
    next_noon,
    secret_of,
)
from tests.factories import SessionFactory as ChargedFactory
from tests.languages import OTHERS, Untranslated
from tests.many import series_at, tables


@pytest.fixture
def things(fleet, mirrored_driver, settings) -> dict[str, str]:
    """A private charger of the fleet, a driver who may use it, and a booking."""
    settings.AMPCONTROL_BASE_URL = "https://ampcontrol.example"
    settings.AMPCONTROL_API_TOKEN = "test"
    evse = EvseFactory(charge_point__type="private", charge_point__ampeco_partner_id=501)
    request = BookingRequestFactory(
        approved=True,
        booking__accepted=True,
        booking__fleet=fleet,
        booking__evse=evse,
        booking__reference="Our job 7",
        booking__vehicle=VehicleFactory(fleet=fleet, number="Ownly van"),
    )
    feed = CalendarFeedFactory(fleet=fleet)
    refused = BookingRequestFactory(
        rejected=True, kind="cancel", batch=uuid.uuid4(), booking=request.booking
    )
    recipients = [
        MailRecipient.objects.create(fleet=each, email="books@hudson.example", language="en")
        for each in (fleet, FleetFactory())
    ]
    return {
        "recipient": str(recipients[0].pk),
        "other_recipient": str(recipients[1].pk),
        "stop": recipients[0].secret,
        "fleet": str(fleet.pk),
        "site": str(evse.charge_point.location_id),
        "evse": str(evse.pk),
        "own_charge_point": str(ChargePointFactory(ampeco_partner_id=fleet.ampeco_partner_id).pk),
        "driver": str(mirrored_driver.pk),
        "booking": str(request.booking_id),
        "vehicle": str(request.booking.vehicle_id),
        **of_smart_charging(request.booking.vehicle, evse),
        "link": link_token(request.booking, request.booking.driver),
        "other_link": link_token(request.booking, mirrored_driver),
        "feed": secret_of(feed),
        "feed_pk": str(feed.pk),
        "batch": str(refused.batch),
        **tables(fleet, evse, mirrored_driver),
        "series": str(series_at(evse, fleet, mirrored_driver).pk),
        **of_a_waiting_list(fleet, evse, mirrored_driver),
        **of_a_team(fleet),
        "rule": str(LimitFactory(fleet=fleet, by_fleet=True, most=9).pk),
        "other_rule": str(LimitFactory(by_fleet=True).pk),
        **of_what_was_charged(fleet, mirrored_driver, evse),
        **somebody_elses_log_in(),
        "day": f"{next_noon():%Y-%m-%d}",
        # After the booking, which the fleet is told that it has already.
        "start": f"{next_noon() + timedelta(hours=3):%Y-%m-%dT%H:%M:%SZ}",
        "key": str(uuid.uuid4()),
    }


def of_what_was_charged(fleet, driver, evse) -> dict[str, str]:
    """Return a session, a cost centre and a budget of the fleet; a budget of another one."""
    return {
        "charging": str(
            ChargedFactory(fleet=fleet, driver=driver, evse=evse, reference="Our job 8").pk
        ),
        "cost_centre": str(CostCentreFactory(fleet=fleet, code="Ownly centre").pk),
        "budget": str(BudgetFactory(fleet=fleet).pk),
        "other_budget": str(BudgetFactory().pk),
    }


def of_smart_charging(vehicle, evse) -> dict[str, str]:
    """Return a vehicle's departure and session, and another fleet's; the site has a line."""
    link_evse(evse)
    (network,) = Network.objects.all()
    LineFactory(network=network, values=[400])
    of = {}
    for whose, each in (("", vehicle), ("other_", VehicleFactory())):
        VehicleNowFactory(vehicle=each)
        remote_id = link_vehicle(each).remote_id
        session = SessionFactory(network=network, vehicle_remote_id=remote_id)
        of[f"{whose}departure"] = str(DepartureFactory(vehicle=each).pk)
        of[f"{whose}charged"] = str(session.pk)
        of[f"{whose}energy_session"] = session.remote_id
    return of


def of_a_waiting_list(fleet, evse, driver) -> dict[str, str]:
    """Return a wish, and an offer that is over."""
    wish = WishFactory(fleet=fleet, evse=evse, driver=driver)
    offer = OfferFactory(wish=wish, state="let-pass")
    return {"wish": str(wish.pk), "offer": str(offer.uid)}


def of_a_team(fleet) -> dict[str, str]:
    """Return a member of a team and of another one, and invitations: an open one, one revoked."""
    mail = {"fleet": fleet, "role": "viewer"}
    invitation = Invitation.objects.create(email="new@fleet.example", **mail)
    revoked = Invitation.objects.create(email="old@fleet.example", state="revoked", **mail)
    return {
        "member": str(MembershipFactory(fleet=fleet).pk),
        "stranger": str(MembershipFactory().pk),
        "invitation_pk": str(invitation.pk),
        "invitation": invitation_url(invitation).split("/")[-2],
        "revoked": invitation_url(revoked).split("/")[-2],
    }


def somebody_elses_log_in() -> dict[str, str]:
    """Return a session and a passkey that are nobody's of PEOPLE."""
    owner = UserFactory(email="owner@elsewhere.example")
    session = UserSession.objects.create(
        user=owner, ip="192.0.2.1", session_key="k" * 32, user_agent="Firefox/140"
    )
    passkey = Authenticator.objects.create(
        user=owner, type=Authenticator.Type.WEBAUTHN, data={"name": "Ownly", "credential": {}}
    )
    return {"session": str(session.pk), "passkey": str(passkey.pk)}


@pytest.fixture
def mirrored_driver(fleet):
    return DriverFactory(fleet=fleet, private_access=[501], first_name="Ownly")


@pytest.fixture
def people(manager, viewer, fleet_admin, other_manager, staff) -> dict[str, User | None]:
    return {
        "anonymous": None,
        "driver": None,
        "nobody": UserFactory(email="nobody@fleet.example"),
        "staff": staff,
        "stranger": other_manager,
        "viewer": viewer,
        "manager": manager,
        "admin": fleet_admin,
    }


@pytest.fixture
def browser(people, things):
    """A browser as one of PEOPLE has it, before they ask for something."""

    def start(name: str) -> Client:
        client = Client(raise_request_exception=False)
        if people[name] is not None:
            client.force_login(people[name])
        if name == "driver":
            assert client.get(f"/d/{things['link']}/").status_code == 200
        return client

    return start


@pytest.fixture
def _operator_away(operator):
    """Availability cannot be read, which keeps nobody from a page."""
    operator.faults.add("rate-limited", seconds=60)


@pytest.fixture
def untranslated(monkeypatch) -> Untranslated:
    noted = Untranslated()
    for language in OTHERS:
        monkeypatch.setattr(trans_real.translation(language), "_fallback", noted)
    return noted
