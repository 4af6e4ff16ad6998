"""A fleet's team: inviting, joining, roles, removing and leaving with a handover."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now

from accounts.models import User
from bookings.models import Booking
from drivers.models import TeamRole
from drivers.onboarding import add_member
from privacy.erasure import erase_user
from team.models import Invitation
from tests.factories import BookingFactory, CalendarFeedFactory, MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db

LINK = re.compile(r"https://chargebook\.example(/invitation/\S+)")
NEW = {"name": "Zoe Park", "password": "four words of mine"}


@pytest.fixture
def as_admin(fleet_admin):
    client = Client()
    client.force_login(fleet_admin)
    return client


def invite(client, email="zoe@hudson.example", **more):
    data = {"email": email, "role": "manager", "language": "en", **more}
    return client.post("/team/invite/", data, follow=True).content.decode()


def link() -> str:
    return LINK.search(mail.outbox[-1].body)[1]


def roles(fleet) -> dict[str, str]:
    return {each.user.email: each.team_role.value for each in fleet.memberships.all()}


def member(fleet, user) -> int:
    return fleet.memberships.get(user=user).pk


def test_somebody_new_joins_with_name_and_password(as_admin, fleet, fleet_admin, client):
    assert "An invitation was sent to zoe@hudson.example." in invite(as_admin, "Zoe@Hudson.example")
    assert mail.outbox[-1].to == ["zoe@hudson.example"]
    page = client.get(link()).content.decode()
    assert "Hudson Parcel Fleet" in page
    assert Invitation.objects.get().state == "open"
    assert not User.objects.filter(email="zoe@hudson.example").exists()

    weak = client.post(link(), NEW | {"password": "short"}).content.decode()
    assert "too short" in weak
    assert 'value="Zoe Park"' in weak
    answer = client.post(link(), NEW, follow=True)

    assert "Welcome to the team of Hudson Parcel Fleet." in answer.content.decode()
    assert roles(fleet)["zoe@hudson.example"] == "manager"
    zoe = User.objects.get(email="zoe@hudson.example")
    assert (zoe.name, zoe.check_password(NEW["password"])) == ("Zoe Park", True)
    # Once.
    assert Client().get(link()).status_code == 404


def test_somebody_with_an_account_signs_in_and_joins(as_admin, fleet, other_manager, client):
    invite(as_admin, other_manager.email, role="viewer")
    assert "Please sign in first" in client.get(link()).content.decode()
    assert "Please sign in first" in client.post(link(), NEW).content.decode()
    assert other_manager.email not in roles(fleet)
    client.force_login(other_manager)
    assert client.get(link()).status_code == 200
    assert other_manager.email not in roles(fleet)
    client.post(link())
    assert roles(fleet)[other_manager.email] == "viewer"
    assert "Hudson Parcel Fleet" in client.get("/team/").content.decode()


def test_who_is_signed_in_as_another_is_asked_to_switch(as_admin, fleet, manager, client):
    invite(as_admin)
    client.force_login(manager)
    assert "You are signed in as manager@hudson.example" in client.post(link()).content.decode()
    answer = client.post("/account/logout/", {"next": link()})
    assert answer.url == link()
    assert "zoe@hudson.example" not in roles(fleet)


def test_a_link_that_is_old_or_revoked_opens_nothing(as_admin, client):
    invite(as_admin)
    first = link()
    with time_machine.travel(now() + timedelta(days=7, minutes=1), tick=False):
        old = client.get(first)
    assert old.status_code == 404
    as_admin.post(f"/team/invitations/{Invitation.objects.get().pk}/revoke/")
    revoked = client.get(first)
    assert revoked.status_code == 404
    assert "ask the person who invited you" in revoked.content.decode()
    assert client.post(first, NEW).status_code == 404
    assert not User.objects.filter(email="zoe@hudson.example").exists()


@pytest.mark.parametrize(
    ("email", "words"),
    [
        ("MANAGER@hudson.example", "This person is already in the team."),
        ("zoe@hudson.example", "This person has already been invited."),
        ("no e-mail", "This is not an e-mail address."),
    ],
)
def test_who_cannot_be_invited(as_admin, manager, email, words):
    invite(as_admin)
    page = invite(as_admin, email)
    assert words in page
    assert f'value="{email}"' in page
    assert len(mail.outbox) == 1


def test_invitations_are_bounded(as_admin, fleet):
    for number in range(30):
        Invitation.objects.create(fleet=fleet, email=f"{number}@x.example", role="viewer")
    assert "30 people were invited within a day." in invite(as_admin)
    one = Invitation.objects.first()
    for _ in range(2):
        page = as_admin.post(f"/team/invitations/{one.pk}/send/", follow=True).content.decode()
    assert "It was sent a moment ago." in page
    assert len(mail.outbox) == 1


def test_a_role_is_changed_and_the_only_admin_keeps_it(as_admin, fleet, fleet_admin, manager):
    url = "/team/members/{}/role/"
    page = as_admin.post(url.format(member(fleet, fleet_admin)), {"role": "manager"})
    assert "This is the fleet’s only admin." in page.content.decode()
    as_admin.post(url.format(member(fleet, manager)), {"role": "admin"})
    assert roles(fleet)[manager.email] == "admin"
    as_admin.post(url.format(member(fleet, fleet_admin)), {"role": "viewer"})
    assert roles(fleet)[fleet_admin.email] == "viewer"
    assert as_admin.post(url.format(member(fleet, manager)), {"role": "viewer"}).status_code == 403


def test_who_is_removed_hands_over_and_is_out_at_once(as_admin, fleet, fleet_admin, as_manager):
    manager = User.objects.get(email="manager@hudson.example")
    booking = BookingFactory(fleet=fleet, created_by=manager, accepted=True)
    feed = CalendarFeedFactory(fleet=fleet, created_by=manager)
    url = f"/team/members/{member(fleet, manager)}/remove/"
    assert as_manager.get(f"/bookings/{booking.pk}/").status_code == 200

    assert "Please pick who takes over" in as_admin.post(url).content.decode()
    assert manager.email in roles(fleet)
    page = as_admin.post(url, {"heir": fleet_admin.pk}, follow=True)

    assert "1 booking was handed over to" in page.content.decode()
    assert Booking.objects.get().created_by == fleet_admin
    assert as_manager.get(f"/bookings/{booking.pk}/").status_code == 403
    feed.refresh_from_db()
    assert feed.revoked_at is not None


def test_somebody_leaves_but_not_the_only_admin(as_admin, fleet, as_manager):
    assert "This is the fleet’s only admin." in as_admin.post("/team/leave/").content.decode()
    page = as_manager.post("/team/leave/", follow=True)
    assert "You have left the team." in page.content.decode()
    assert roles(fleet) == {"admin@hudson.example": "admin"}


def directly(email, fleet, **_):
    add_member(fleet=fleet, email=email, role=TeamRole.VIEWER)


def by_staff(email, fleet, *, staff, **_):
    client = Client()
    client.force_login(staff)
    rows = [(each.pk, "", each.team_role.value) for each in fleet.memberships.all()]
    rows.append(("", email.upper(), "viewer"))
    data = {"name": fleet.name, "is_active": "on", "memberships-TOTAL_FORMS": len(rows)}
    data["memberships-INITIAL_FORMS"] = len(rows) - 1
    for number, row in enumerate(rows):
        names = zip(("id", "email", "team_role"), row, strict=True)
        data |= {f"memberships-{number}-{name}": value for name, value in names}
        data |= {f"memberships-{number}-fleet": fleet.pk}
    client.post(reverse("admin:drivers_fleet_change", args=[fleet.pk]), data)


@pytest.mark.parametrize("add", [directly, by_staff])
def test_an_invitation_ends_for_who_is_added_directly(as_admin, staff, fleet, client, add):
    """Else they come back by it, with its role, after they were taken out."""
    zoe = UserFactory(email="zoe@hudson.example")
    elsewhere = MembershipFactory(admin=True).fleet
    Invitation.objects.create(fleet=elsewhere, email=zoe.email, role="viewer")
    invite(as_admin, zoe.email, role="admin")
    add(zoe.email, fleet, staff=staff)
    assert roles(fleet)[zoe.email] == "viewer"
    client.force_login(zoe)
    assert client.post(link()).status_code == 404
    as_admin.post(f"/team/members/{member(fleet, zoe)}/remove/")
    assert zoe.email not in roles(fleet)
    assert client.post(link()).status_code == 404
    assert zoe.email not in roles(fleet)
    assert [each.fleet for each in Invitation.objects.filter(state="open")] == [elsewhere]


@pytest.mark.parametrize("leaves", ["removed", "by oneself", "taken out by staff", "erased"])
@pytest.mark.parametrize("age", [timedelta(), timedelta(days=9)])
def test_who_leaves_comes_back_by_no_earlier_invitation(
    as_admin, fleet, viewer, staff, client, leaves, age
):
    """Also by one from before such ones ended by themselves, or to an address that was another's.

    An old one could be sent again.
    """
    url = f"/team/members/{member(fleet, viewer)}/remove/"
    take_out = reverse("admin:drivers_fleetmembership_take_out", args=[member(fleet, viewer)])
    earlier = Invitation.objects.create(
        fleet=fleet, email=viewer.email.title(), role="admin", expires_at=now() - age
    )
    client.force_login(staff if leaves == "taken out by staff" else viewer)
    if leaves == "removed":
        as_admin.post(url)
    elif leaves == "erased":
        erase_user(user=viewer, email=viewer.email, by=None)
    else:
        client.post(take_out if leaves == "taken out by staff" else "/team/leave/")
    assert viewer.email not in roles(fleet)
    assert not Invitation.objects.filter(pk=earlier.pk, state="open").exists()


def test_a_viewer_takes_nothing_over(as_admin, fleet, manager, viewer):
    BookingFactory(fleet=fleet, created_by=manager, accepted=True)
    url = f"/team/members/{member(fleet, manager)}/remove/"
    page = as_admin.post(url, {"heir": viewer.pk}).content.decode()
    assert "This colleague cannot take over." in page
    assert manager.email in roles(fleet)


def test_staff_do_it_in_the_back_office(client, staff, fleet, fleet_admin, manager):
    client.force_login(staff)
    BookingFactory(fleet=fleet, created_by=manager, accepted=True)
    pk = member(fleet, manager)
    take_out = reverse("admin:drivers_fleetmembership_take_out", args=[pk])
    assert client.get(take_out).status_code == 200
    client.post(take_out, {"heir": fleet_admin.pk})
    assert manager.email not in roles(fleet)
    assert Booking.objects.get().created_by == fleet_admin

    change = reverse("admin:drivers_fleetmembership_change", args=[member(fleet, fleet_admin)])
    page = client.post(change, {"team_role": "viewer"}).content.decode()
    assert "This is the fleet’s only admin." in page

    add = reverse("admin:team_invitation_add")
    data = {"fleet": fleet.pk, "email": "Zoe@x.example", "role": "viewer", "language": "de"}
    assert client.post(add, data).status_code == 302
    invitation = Invitation.objects.get()
    assert (invitation.email, invitation.invited_by) == ("zoe@x.example", staff)
    client.post(
        reverse("admin:team_invitation_changelist"),
        {"action": "revoke_invitations", "_selected_action": [invitation.pk]},
    )
    invitation.refresh_from_db()
    assert invitation.state == "revoked"


def test_viewers_see_the_team_without_its_invitations(as_admin, as_viewer, manager):
    invite(as_admin)
    page = as_viewer.get("/team/").content.decode()
    assert "manager@hudson.example" in page
    assert "zoe@hudson.example" not in page


def test_another_fleets_members_are_not_there(as_admin):
    other = MembershipFactory(user=UserFactory())
    assert as_admin.get(f"/team/members/{other.pk}/remove/").status_code == 404


def test_an_invitation_goes_with_the_person_who_is_erased(fleet, other_manager):
    Invitation.objects.create(fleet=fleet, email=other_manager.email, role="viewer")
    kept = Invitation.objects.create(fleet=fleet, email="zoe@hudson.example", role="viewer")
    erase_user(user=other_manager, email=other_manager.email, by=None)
    assert list(Invitation.objects.all()) == [kept]
