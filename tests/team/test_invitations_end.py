"""Nobody comes back by an invitation that they sent while they had more rights."""

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from drivers.models import FleetMembership, TeamRole
from drivers.onboarding import add_member
from drivers.team import change_role
from privacy.erasure import erase_user
from team.invitations import invitation_url, invite
from team.models import Invitation
from tests.factories import CalendarFeedFactory, MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def boss(fleet) -> FleetMembership:
    return MembershipFactory(fleet=fleet, user__email="boss@hudson.example", admin=True)


@pytest.fixture
def ana(fleet, boss) -> FleetMembership:
    """An admin who has other fleets, too, and invites a second address of hers."""
    return MembershipFactory(fleet=fleet, user__email="ana@hudson.example", admin=True)


def invited(membership: FleetMembership, email: str = "ana.two@mail.example") -> Invitation:
    return invite(
        fleet=membership.fleet,
        email=email,
        name="",
        role=TeamRole.ADMIN,
        language="en",
        by=membership.user,
        staff=False,
    )


def opened(invitation: Invitation) -> int:
    path = invitation_url(invitation).removeprefix(settings.SITE_URL)
    return Client().get(path).status_code


def state_of(invitation: Invitation) -> str:
    return Invitation.objects.get(pk=invitation.pk).state


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def of_an_admin(ana, boss, staff, role):
    signed_in(boss.user).post(f"/team/members/{ana.pk}/role/", {"role": role})


def on_the_members_page(ana, boss, staff, role):
    url = reverse("admin:drivers_fleetmembership_change", args=[ana.pk])
    signed_in(staff).post(url, {"team_role": role})


def on_the_fleets_page(ana, boss, staff, role):
    fleet = ana.fleet
    data = {"name": fleet.name, "is_active": "on"}
    data |= {"memberships-TOTAL_FORMS": 2, "memberships-INITIAL_FORMS": 2}
    for number, (one, its_role) in enumerate([(ana, role), (boss, "admin")]):
        row = {"id": one.pk, "fleet": fleet.pk, "email": one.user.email, "team_role": its_role}
        data |= {f"memberships-{number}-{name}": value for name, value in row.items()}
    signed_in(staff).post(reverse("admin:drivers_fleet_change", args=[fleet.pk]), data)


def by_a_command(ana, boss, staff, role):
    add_member(fleet=ana.fleet, email=ana.user.email, role=TeamRole(role))


@pytest.mark.parametrize("role", ["manager", "viewer"])
@pytest.mark.parametrize(
    "demote", [of_an_admin, on_the_members_page, on_the_fleets_page, by_a_command]
)
def test_an_admin_who_is_demoted_does_not_come_back_by_a_second_address(
    fleet, ana, boss, staff, demote, role
):
    theirs, other = invited(ana), invited(boss, "zoe@hudson.example")
    elsewhere = invited(MembershipFactory(user=ana.user, admin=True))
    assert opened(theirs) == 200
    demote(ana, boss, staff, role)
    ana.refresh_from_db()
    assert ana.team_role == role
    assert (opened(theirs), state_of(theirs)) == (404, "revoked")
    assert (opened(other), opened(elsewhere)) == (200, 200)


@pytest.mark.parametrize(
    "demote", [of_an_admin, on_the_members_page, on_the_fleets_page, by_a_command]
)
def test_a_viewers_calendars_do_not_come_back_with_the_role(fleet, ana, boss, staff, demote):
    feed = CalendarFeedFactory(fleet=fleet, created_by=ana.user)
    demote(ana, boss, staff, "viewer")
    feed.refresh_from_db()
    assert feed.revoked_at is not None


def test_who_is_switched_off_does_not_come_back_by_a_second_address(fleet, ana, boss, staff):
    theirs, elsewhere = invited(ana), invited(MembershipFactory(user=ana.user, admin=True))
    other = invited(boss, "zoe@hudson.example")
    url = reverse("admin:accounts_user_change", args=[ana.user.pk])
    signed_in(staff).post(url, {"email": ana.user.email, "name": "Ana"})
    ana.user.refresh_from_db()
    assert not ana.user.is_active
    assert [state_of(each) for each in (theirs, elsewhere, other)] == [*["revoked"] * 2, "open"]
    # Nor once the account is on again.
    signed_in(staff).post(url, {"email": ana.user.email, "name": "Ana", "is_active": "on"})
    assert opened(theirs) == 404


def test_who_is_no_longer_staff_comes_into_no_team(fleet, ana, staff):
    clerk = UserFactory(email="clerk@operator.example", is_staff=True)
    as_staff = Invitation.objects.create(
        fleet=fleet, email="clerk.two@mail.example", role="admin", invited_by=clerk
    )
    of_their_own = invited(MembershipFactory(user=clerk, admin=True), "zoe@hudson.example")
    url = reverse("admin:accounts_user_change", args=[clerk.pk])
    data = {"email": clerk.email, "name": "Clerk", "is_active": "on"}
    signed_in(staff).post(url, data | {"is_staff": "on"})
    assert opened(as_staff) == 200
    signed_in(staff).post(url, data)
    assert (opened(as_staff), state_of(as_staff)) == (404, "revoked")
    assert opened(of_their_own) == 200


def test_who_is_erased_comes_back_by_no_other_address(ana):
    theirs = invited(ana)
    erase_user(user=ana.user, email=ana.user.email, by=None)
    assert (opened(theirs), state_of(theirs)) == (404, "revoked")


@pytest.mark.parametrize("off", [True, False])
def test_one_that_nobody_could_send_any_more_opens_nothing(ana, boss, off):
    """As those do that were open when the version came that revokes them."""
    theirs = invited(ana)
    if off:
        type(ana.user).objects.filter(pk=ana.user.pk).update(is_active=False)
    else:
        FleetMembership.objects.filter(pk=ana.pk).update(is_admin=False)
    assert (opened(theirs), state_of(theirs)) == (404, "open")
    url = f"/team/invitations/{theirs.pk}/send/"
    page = signed_in(boss.user).post(url, follow=True).content.decode()
    assert "This invitation is no longer open." in page
    # So the person is invited anew.
    again = invited(boss, theirs.email)
    assert (opened(again), state_of(theirs)) == (200, "revoked")


def test_staff_who_lose_a_role_in_the_team_may_invite_all_the_same(ana, boss):
    type(ana.user).objects.filter(pk=ana.user.pk).update(is_staff=True)
    ana.user.refresh_from_db()
    theirs = invited(ana, "zoe@hudson.example")
    change_role(fleet=ana.fleet, pk=ana.pk, role=TeamRole.VIEWER, by=boss.user)
    assert (opened(theirs), state_of(theirs)) == (200, "open")


def test_who_leaves_by_themselves_leaves_their_invitations_behind(ana):
    theirs = invited(ana)
    signed_in(ana.user).post("/team/leave/")
    assert not FleetMembership.objects.filter(pk=ana.pk).exists()
    assert opened(theirs) == 200


def test_who_is_made_an_admin_keeps_what_they_sent(ana, boss):
    theirs = invited(ana)
    change_role(fleet=ana.fleet, pk=ana.pk, role=TeamRole.ADMIN, by=boss.user)
    assert opened(theirs) == 200
