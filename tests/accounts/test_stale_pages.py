"""A page of the back office that was open for long gives back no right that was taken meanwhile."""

from html.parser import HTMLParser

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.urls import reverse

from accounts.forms import ChangeUserForm
from accounts.models import User
from drivers.models import Fleet, FleetMembership
from privacy.erasure import erase_user
from team.admin import RoleInTeamForm
from tests.factories import MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db


class Sent(HTMLParser):
    """What a browser would send of a page: the controls with their values."""

    def __init__(self, answer) -> None:
        super().__init__()
        assert answer.status_code == 200
        self.values: dict[str, list[str]] = {}
        self.select = ""
        self.feed(answer.content.decode())

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        name = given.get("name") or ""
        if tag == "select":
            self.select = name
        elif tag == "option" and "selected" in given:
            self.values.setdefault(self.select, []).append(given.get("value", ""))
        elif tag == "input" and (
            given.get("type") not in {"radio", "checkbox", "submit"} or "checked" in given
        ):
            self.values.setdefault(name, []).append(given.get("value") or "on")


@pytest.fixture
def as_staff(client, staff) -> Client:
    client.force_login(staff)
    return client


def page_of(kind: str, row) -> str:
    return reverse(f"admin:{kind}_change", args=[row.pk])


def test_an_account_that_was_switched_off_meanwhile_stays_off(as_staff):
    group = Group.objects.create(name="clerks")
    clerk = UserFactory(staff=True)
    clerk.groups.set([group])
    form = Sent(as_staff.get(page_of("accounts_user", clerk))).values
    assert form["is_staff"] == ["on"]
    rights = {"is_active": False, "is_staff": False, "is_superuser": False}
    User.objects.filter(pk=clerk.pk).update(**rights)
    clerk.groups.clear()

    answer = as_staff.post(page_of("accounts_user", clerk), form | {"name": "Mended"})

    assert answer.status_code == 302
    clerk.refresh_from_db()
    assert clerk.name == "Mended"
    assert {name: getattr(clerk, name) for name in rights} == rights
    assert not clerk.groups.exists()


def test_what_is_decided_on_the_page_counts(as_staff, manager):
    group = Group.objects.create(name="clerks")
    group.permissions.set(Permission.objects.filter(codename="view_user"))
    url = page_of("accounts_user", manager)
    form = Sent(as_staff.get(url)).values
    as_staff.post(url, form | {"is_staff": "on", "groups": [group.pk]})
    manager.refresh_from_db()
    assert (manager.is_staff, manager.is_active) == (True, True)
    assert list(manager.groups.all()) == [group]
    form = Sent(as_staff.get(url)).values
    del form["is_active"], form["is_staff"]
    as_staff.post(url, form)
    manager.refresh_from_db()
    assert (manager.is_staff, manager.is_active) == (False, False)


def test_a_mistake_on_the_page_does_not_give_it_back(as_staff, manager):
    url = page_of("accounts_user", manager)
    form = Sent(as_staff.get(url)).values
    User.objects.filter(pk=manager.pk).update(is_active=False)
    again = Sent(as_staff.post(url, form | {"email": "no e-mail"})).values
    as_staff.post(url, again | {"email": manager.email})
    manager.refresh_from_db()
    assert not manager.is_active


def test_who_was_erased_meanwhile_stays_erased(as_staff, manager):
    url = page_of("accounts_user", manager)
    form = Sent(as_staff.get(url)).values
    erase_user(user=manager, email=manager.email, by=None)
    gone = User.objects.filter(pk=manager.pk).values().get()

    assert as_staff.post(url, form).status_code == 403
    password = reverse("admin:auth_user_password_change", args=[manager.pk])
    new = "another horse, another battery"
    as_staff.post(password, {"usable_password": "true", "password1": new, "password2": new})

    assert User.objects.filter(pk=manager.pk).values().get() == gone
    assert as_staff.get(url).status_code == 200
    erased = as_staff.get(reverse("admin:accounts_user_erase", args=[manager.pk]))
    assert "has been erased" in erased.content.decode()


def test_a_role_that_was_taken_meanwhile_stays_taken(as_staff, fleet, fleet_admin):
    other = MembershipFactory(fleet=fleet, admin=True)
    url = page_of("drivers_fleetmembership", other)
    form = Sent(as_staff.get(url)).values
    fleet.memberships.filter(pk=other.pk).update(is_admin=False, role="viewer")
    as_staff.post(url, form)
    other.refresh_from_db()
    assert other.team_role == "viewer"
    as_staff.post(url, Sent(as_staff.get(url)).values | {"team_role": "manager"})
    other.refresh_from_db()
    assert other.team_role == "manager"


def test_the_page_of_a_fleet_gives_back_neither_roles_nor_the_fleet(as_staff, fleet, fleet_admin):
    other = MembershipFactory(fleet=fleet, admin=True)
    third = MembershipFactory(fleet=fleet, viewer=True)
    url = page_of("drivers_fleet", fleet)
    form = Sent(as_staff.get(url)).values
    fleet.memberships.filter(pk=other.pk).update(is_admin=False, role="viewer")
    Fleet.objects.filter(pk=fleet.pk).update(is_active=False)
    (row,) = (
        name.removesuffix("id")
        for name, value in form.items()
        if name.endswith("-id") and value == [str(third.pk)]
    )
    changed = {"name": "Renamed", f"{row}team_role": "manager"}

    assert as_staff.post(url, form | changed).status_code == 302

    fleet.refresh_from_db()
    assert (fleet.name, fleet.is_active) == ("Renamed", False)
    roles = {each.pk: each.team_role for each in fleet.memberships.all()}
    assert roles == {
        fleet.memberships.get(user=fleet_admin).pk: "admin",
        other.pk: "viewer",
        third.pk: "manager",
    }


def test_who_became_the_only_admin_meanwhile_does_not_hold_up_another_change(as_staff, fleet):
    first = MembershipFactory(fleet=fleet, admin=True)
    second = MembershipFactory(fleet=fleet)
    url = page_of("drivers_fleet", fleet)
    form = Sent(as_staff.get(url)).values
    fleet.memberships.filter(pk=second.pk).update(is_admin=True)
    fleet.memberships.filter(pk=first.pk).update(is_admin=False)
    assert as_staff.post(url, form | {"name": "Renamed"}).status_code == 302
    fleet.refresh_from_db()
    assert fleet.name == "Renamed"
    assert fleet.memberships.get(pk=second.pk).team_role == "admin"


def test_a_right_that_is_taken_while_the_page_is_saved_stays_taken(manager):
    """The form has read the row by then."""
    group = Group.objects.create(name="clerks")
    manager.groups.add(group)
    shown = {"is_active": "on", "initial-is_active": "on", "email": manager.email}
    shown |= {"groups": [group.pk], "initial-groups": [group.pk], "name": "Mended"}
    form = ChangeUserForm(shown, instance=User.objects.get(pk=manager.pk))
    User.objects.filter(pk=manager.pk).update(is_active=False)
    manager.groups.clear()

    assert form.is_valid(), form.errors
    form.save()

    manager.refresh_from_db()
    assert (manager.name, manager.is_active) == ("Mended", False)
    assert not manager.groups.exists()


@pytest.mark.parametrize("happens", ["demoted", "taken out"])
def test_a_role_that_is_taken_while_the_page_is_saved_stays_taken(fleet, fleet_admin, happens):
    other = MembershipFactory(fleet=fleet, admin=True)
    shown = {"team_role": "admin", "initial-team_role": "admin"}
    form = RoleInTeamForm(shown, instance=FleetMembership.objects.get(pk=other.pk))
    rows = fleet.memberships.filter(pk=other.pk)
    if happens == "demoted":
        rows.update(is_admin=False, role="viewer")
        assert form.is_valid(), form.errors
        form.save()
        assert rows.get().team_role == "viewer"
    else:
        rows.delete()
        assert "is no longer in the team" in str(form.errors["team_role"])
