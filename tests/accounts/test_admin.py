"""People in the back office."""

import re

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.models import Permission
from django.core import mail
from django.urls import reverse

from accounts.models import User
from tests.factories import PASSWORD, UserFactory

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
