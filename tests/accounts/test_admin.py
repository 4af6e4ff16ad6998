"""People in the back office."""

import re

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.auth.models import Group, Permission
from django.core import mail
from django.urls import reverse

from accounts.admin import UserAdmin
from accounts.models import User
from tests.factories import PASSWORD, MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db

LIST = reverse("admin:accounts_user_changelist")
ADD = reverse("admin:accounts_user_add")


def change_url(user) -> str:
    return reverse("admin:accounts_user_change", args=[user.pk])


def fields_of(user, **changed) -> dict:
    values = {"email": user.email, "name": user.name, "is_active": "on"}
    return {**values, **changed}


@pytest.fixture
def as_staff(client, staff):
    client.force_login(staff)
    return client


@pytest.fixture
def clerk():
    """A member of staff who may look after people, and nothing else."""
    user = UserFactory(email="clerk@operator.example", is_staff=True)
    user.user_permissions.set(
        Permission.objects.filter(content_type__app_label="accounts", content_type__model="user")
    )
    return user


@pytest.mark.parametrize("path", [LIST, ADD])
def test_fleet_managers_do_not_get_in(as_manager, path):
    response = as_manager.get(path)
    assert response.status_code == 302
    assert "/back-office/login/" in response["Location"]


def test_the_pages_open(as_staff, manager, django_assert_max_num_queries):
    for number in range(30):
        UserFactory(name=f"Nr {number}")
    with django_assert_max_num_queries(12):
        page = as_staff.get(LIST, {"q": "hudson"}).content.decode()
    assert manager.email in page
    assert as_staff.get(ADD).status_code == 200
    assert as_staff.get(change_url(manager)).status_code == 200
    assert (
        as_staff.get(reverse("admin:auth_user_password_change", args=[manager.pk])).status_code
        == 200
    )
    assert as_staff.get(reverse("admin:auth_group_changelist")).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_somebody_new_is_invited(as_staff):
    response = as_staff.post(ADD, {"email": "New@Hudson.Example", "name": "Nia"})
    user = User.objects.get(email="new@hudson.example")
    assert response["Location"] == change_url(user)
    assert not user.has_usable_password()
    assert not user.is_staff
    assert [message.to for message in mail.outbox] == [["new@hudson.example"]]
    page = as_staff.get(change_url(user)).content.decode()
    assert "An invitation was sent to new@hudson.example." in page


@pytest.mark.django_db(transaction=True)
def test_an_invitation_that_cannot_be_sent_is_said(as_staff, settings):
    settings.EMAIL_BACKEND = "tests.accounts.broken_mail.Backend"
    as_staff.post(ADD, {"email": "new@hudson.example"})
    user = User.objects.get(email="new@hudson.example")
    page = as_staff.get(change_url(user)).content.decode()
    assert "The invitation to new@hudson.example could not be sent." in page


@pytest.mark.parametrize("email", ["MANAGER@hudson.example", "no e-mail", ""])
def test_an_email_that_is_taken_or_none_is_refused(as_staff, manager, email):
    response = as_staff.post(ADD, {"email": email})
    assert response.status_code == 200
    assert User.objects.count() == 2
    page = response.content.decode()
    assert ("This e-mail address is already in use." in page) is email.startswith("MANAGER")


def test_a_changed_email_is_the_only_one_that_logs_in(client, as_staff, manager):
    EmailAddress.objects.create(user=manager, email=manager.email, primary=True)
    as_staff.post(change_url(manager), fields_of(manager, email="Moved@hudson.example"))
    client.logout()
    for email, gets_in in [("manager@hudson.example", False), ("moved@hudson.example", True)]:
        client.post("/account/login/", {"login": email, "password": PASSWORD})
        assert ("_auth_user_id" in client.session) is gets_in


def test_staff_set_a_password(client, as_staff, manager):
    url = reverse("admin:auth_user_password_change", args=[manager.pk])
    new = "another horse, another battery"
    as_staff.post(url, {"usable_password": "true", "password1": new, "password2": new})
    manager.refresh_from_db()
    assert manager.check_password(new)


def test_people_are_invited_again(as_staff, manager):
    off = UserFactory(is_active=False)
    newcomer = User.objects.create_user("new@hudson.example")
    as_staff.post(
        LIST,
        {"action": "send_invitations", "_selected_action": [manager.pk, off.pk, newcomer.pk]},
    )
    assert {message.to[0] for message in mail.outbox} == {manager.email, newcomer.email}
    page = as_staff.get(LIST).content.decode()
    assert "An invitation was sent to new@hudson.example." in page
    assert "reset/key" not in page


def test_nobody_is_deleted(as_staff, manager):
    url = reverse("admin:accounts_user_delete", args=[manager.pk])
    assert as_staff.post(url, {"post": "yes"}).status_code == 403
    assert User.objects.filter(pk=manager.pk).exists()


def test_a_clerk_gives_no_rights(client, clerk, manager):
    client.force_login(clerk)
    for user in (manager, clerk):
        client.post(change_url(user), fields_of(user, is_staff="on", is_superuser="on", name="Zo"))
        user.refresh_from_db()
        assert (user.name, user.is_superuser) == ("Zo", False)
    assert not manager.is_staff


def test_a_clerk_does_not_take_a_superusers_place(client, clerk, staff):
    client.force_login(clerk)
    assert (
        client.post(change_url(staff), fields_of(staff, email="mine@x.example")).status_code == 403
    )
    url = reverse("admin:auth_user_password_change", args=[staff.pk])
    new = "another horse, another battery"
    assert client.post(url, {"password1": new, "password2": new}).status_code == 403
    staff.refresh_from_db()
    assert staff.email == "staff@operator.example"
    assert staff.check_password(PASSWORD)


def group_with(*names) -> Group:
    group = Group.objects.create(name="more")
    group.permissions.set(Permission.objects.filter(codename__in=names))
    return group


def superuser():
    return UserFactory(staff=True)


def superuser_who_is_switched_off():
    return UserFactory(staff=True, is_active=False)


def member_of_a_group():
    user = UserFactory(is_staff=True)
    user.groups.add(group_with("view_user", "change_bookingrequest"))
    return user


def holder_of_one_right():
    user = UserFactory(is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="change_group"))
    return user


def former_staff_with_rights():
    user = UserFactory()
    user.groups.add(group_with("change_notification"))
    return user


WITH_MORE_RIGHTS = [
    superuser,
    superuser_who_is_switched_off,
    member_of_a_group,
    holder_of_one_right,
    former_staff_with_rights,
]


def as_it_is(user) -> dict:
    """Return all that is kept of somebody which the back office could change."""
    return {
        "user": User.objects.filter(pk=user.pk).values().get(),
        "groups": list(user.groups.values_list("pk", flat=True)),
        "teams": list(user.memberships.values("fleet", "role", "is_admin")),
        "factors": list(user.authenticator_set.values()),
        "sessions": UserSession.objects.filter(user=user).count(),
        "mails": len(mail.outbox),
    }


@pytest.mark.parametrize("somebody", WITH_MORE_RIGHTS)
def test_nobody_changes_who_has_more_rights(client, clerk, fleet, fleet_admin, somebody):
    other = somebody()
    membership = MembershipFactory(fleet=fleet, user=other)
    Authenticator.objects.create(user=other, type="totp", data={})
    UserSession.objects.create(user=other, session_key="theirs", ip="127.0.0.1", data={})
    clerk.user_permissions.add(
        *Permission.objects.filter(
            content_type__app_label__in=["drivers", "team", "privacy"],
        )
    )
    before = as_it_is(other)
    client.force_login(clerk)
    new = "another horse, another battery"
    passwords = {"usable_password": "true", "password1": new, "password2": new}
    member = {"drivers_fleetmembership": membership.pk, "accounts_user": other.pk}
    for name, data in [
        ("accounts_user_change", fields_of(other, email="mine@x.example", name="Mine")),
        ("accounts_user_change", {"email": other.email, "name": other.name}),
        ("auth_user_password_change", passwords),
        ("auth_user_password_change", {"usable_password": "false"}),
        ("accounts_user_erase", {"email": other.email}),
        ("accounts_user_delete", {"post": "yes"}),
        ("accounts_user_history", {}),
        ("drivers_fleetmembership_change", {"team_role": "viewer"}),
        ("drivers_fleetmembership_take_out", {"heir": ""}),
        ("drivers_fleetmembership_delete", {"post": "yes"}),
    ]:
        key = member.get("_".join(name.split("_")[:2]), other.pk)
        client.post(reverse(f"admin:{name}", args=[key]), data)
        assert as_it_is(other) == before, name
    for action in (*UserAdmin.actions, "delete_selected"):
        data = {"action": action, "_selected_action": [other.pk], "select_across": "0"}
        page = client.post(LIST, data, follow=True).content.decode()
        assert as_it_is(other) == before, action
        # The others do not exist for the clerk.
        if other.is_active and action in {
            "send_invitations",
            "sign_out",
            "take_second_factor_away",
        }:
            assert "more rights" in page
    assert other.password not in client.get(change_url(other)).content.decode()


def test_nobody_gives_a_role_to_who_has_more_rights(client, clerk, fleet, manager):
    clerk.user_permissions.add(*Permission.objects.filter(content_type__app_label="drivers"))
    client.force_login(clerk)
    inside, outside = superuser(), superuser()
    page = reverse("admin:drivers_fleet_change", args=[fleet.pk])
    theirs = MembershipFactory(fleet=fleet, user=inside)
    known = [[each.pk, each.user.email, "manager"] for each in fleet.memberships.order_by("pk")]

    def send(*rows) -> str:
        data = {"name": "Renamed", "is_active": "on", "memberships-TOTAL_FORMS": len(rows)}
        data["memberships-INITIAL_FORMS"] = sum(1 for row in rows if row[0])
        for number, row in enumerate(rows):
            values = {"id": row[0], "fleet": fleet.pk, "email": row[1], "team_role": row[2]}
            data |= {f"memberships-{number}-{name}": value for name, value in values.items()}
        return client.post(page, data, follow=True).content.decode()

    for attempt in (
        [[pk, email, "viewer"] for pk, email, _ in known],
        [*known, ["", outside.email.upper(), "viewer"]],
    ):
        assert "more rights" in send(*attempt)
    assert {m.role for m in fleet.memberships.all()} == {"manager"}
    assert not outside.memberships.exists()
    # Who is in already does not stand in the way of a change to somebody else.
    assert "more rights" not in send(
        *[[*row[:2], "viewer"] if row[0] != theirs.pk else row for row in known]
    )
    assert fleet.memberships.get(user=manager).role == "viewer"


def test_staff_change_who_has_no_more_rights_than_they(client, clerk):
    twin = UserFactory(is_staff=True)
    twin.user_permissions.set(clerk.user_permissions.all())
    client.force_login(clerk)
    client.post(change_url(twin), fields_of(twin, name="Zo"))
    twin.refresh_from_db()
    assert twin.name == "Zo"


def test_groups_are_for_superusers(client, clerk, staff):
    group = group_with("view_user")
    clerk.groups.add(group)
    clerk.user_permissions.add(*Permission.objects.filter(content_type__model="group"))
    everything = list(Permission.objects.values_list("pk", flat=True))
    pages = [
        reverse("admin:auth_group_changelist"),
        reverse("admin:auth_group_add"),
        reverse("admin:auth_group_change", args=[group.pk]),
        reverse("admin:auth_group_delete", args=[group.pk]),
        reverse("admin:auth_group_history", args=[group.pk]),
    ]
    client.force_login(clerk)
    for page in pages:
        assert client.get(page).status_code == 403
        client.post(page, {"name": "all", "permissions": everything, "post": "yes"})
    assert [each.permissions.count() for each in Group.objects.all()] == [1]
    client.force_login(staff)
    for page in pages:
        assert client.get(page).status_code == 200


def test_no_page_shows_a_password_or_a_link_to_set_one(as_staff, manager):
    page = as_staff.get(change_url(manager)).content.decode()
    assert manager.password not in page
    assert not re.search(r"reset/key", page)


def test_a_person_is_given_one_of_the_languages_of_mails(as_staff, manager):
    page = as_staff.get(change_url(manager)).content.decode()
    assert '<option value="nl">Nederlands</option>' in page
    as_staff.post(change_url(manager), fields_of(manager, language="nl"))
    manager.refresh_from_db()
    assert manager.language == "nl"
    answer = as_staff.post(change_url(manager), fields_of(manager, language="xx"))
    assert answer.status_code == 200
    manager.refresh_from_db()
    assert manager.language == "nl"
    as_staff.post(change_url(manager), fields_of(manager, language=""))
    manager.refresh_from_db()
    assert manager.language == ""
