"""Log-in by e-mail, the closed door for strangers, and the way back in without a password."""

import re

import pytest
from django.core import mail

from accounts.models import User
from tests.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db

NEW_PASSWORD = "another horse, another battery"
LINK = re.compile(r"https?://[^/\s]+(/\S*/reset/key/\S+)")


@pytest.fixture
def user():
    return UserFactory(email="maya@hudson.example")


def log_in(client, email, password):
    return client.post("/account/login/", {"login": email, "password": password})


def is_in(client) -> bool:
    return "_auth_user_id" in client.session


@pytest.mark.parametrize(
    "typed", ["maya@hudson.example", "Maya@Hudson.Example", " MAYA@hudson.example "]
)
def test_log_in_by_email_whatever_the_case(client, user, typed):
    response = log_in(client, typed, PASSWORD)
    assert (response.status_code, response["Location"]) == (302, "/")
    assert is_in(client)


@pytest.mark.parametrize("stored", ["uwe@müller.example", "uwe@xn--mller-kva.example"])
@pytest.mark.parametrize("typed", ["uwe@müller.example", "uwe@xn--mller-kva.example"])
def test_a_domain_with_an_umlaut_is_one_in_both_spellings(client, stored, typed):
    UserFactory(email=stored)
    client.post("/account/password/reset/", {"email": typed})
    assert len(mail.outbox) == 1
    assert LINK.search(mail.outbox[0].body)
    log_in(client, typed, PASSWORD)
    assert is_in(client)


def test_a_wrong_password_and_an_unknown_person_get_the_same_answer(client, user):
    answers = [
        log_in(client, email, "wrong").content.decode().replace(email, "")
        for email in ("maya@hudson.example", "nobody@hudson.example")
    ]
    without_tokens = [re.sub(r'csrf\w*"[^>]*value="\w+"|X-CSRFToken[^}]*', "", a) for a in answers]
    assert without_tokens[0] == without_tokens[1]
    assert not is_in(client)


def test_an_account_that_is_switched_off_does_not_get_in(client, user):
    User.objects.update(is_active=False)
    log_in(client, user.email, PASSWORD)
    assert not is_in(client)


def test_an_account_without_a_password_does_not_get_in(client):
    User.objects.create_user("new@hudson.example")
    for attempt in ("x", "!", "None"):
        log_in(client, "new@hudson.example", attempt)
    assert not is_in(client)


def test_two_accounts_cannot_differ_by_case_alone(user):
    assert User.objects.create_user("UPPER@hudson.example").email == "upper@hudson.example"
    assert User.objects.get_by_natural_key("MAYA@HUDSON.EXAMPLE") == user


def test_nobody_signs_up(client, db):
    page = client.get("/account/signup/")
    assert "password1" not in page.content.decode()
    client.post(
        "/account/signup/",
        {"email": "new@x.example", "password1": NEW_PASSWORD, "password2": NEW_PASSWORD},
    )
    assert not User.objects.exists()


def test_a_forgotten_password_is_set_anew_by_mail(client, user):
    client.post("/account/password/reset/", {"email": "MAYA@hudson.example"})
    (message,) = mail.outbox
    assert message.to == ["maya@hudson.example"]
    link = LINK.search(message.body)[1]

    form = client.get(link, follow=True)
    url = form.request["PATH_INFO"]
    weak = client.post(url, {"password1": "12345", "password2": "12345"})
    assert weak.status_code == 200
    assert "This password is too short" in weak.content.decode()
    client.post(url, {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD}, follow=True)

    log_in(client, user.email, PASSWORD)
    assert not is_in(client)
    log_in(client, user.email, NEW_PASSWORD)
    assert is_in(client)


def test_a_link_works_once(client, user):
    client.post("/account/password/reset/", {"email": user.email})
    link = LINK.search(mail.outbox[0].body)[1]
    url = client.get(link, follow=True).request["PATH_INFO"]
    client.post(url, {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD})
    again = client.get(link, follow=True).content.decode()
    assert "This link is no longer valid" in again
    assert "password1" not in again


def test_a_stranger_learns_nothing_by_asking_for_a_new_password(client, user):
    asked = [
        client.post("/account/password/reset/", {"email": email}, follow=True)
        for email in (user.email, "nobody@hudson.example")
    ]
    assert asked[0].redirect_chain == asked[1].redirect_chain
    links = [LINK.search(message.body) for message in mail.outbox]
    assert [bool(link) for link in links] == [True, False]


def test_the_mail_to_a_stranger_offers_no_sign_up(client):
    client.post("/account/password/reset/", {"email": "nobody@hudson.example"})
    (message,) = mail.outbox
    assert "there is no account for nobody@hudson.example" in message.body
    assert "/signup/" not in message.body


def test_a_changed_password_is_told_by_mail(client, user):
    log_in(client, user.email, PASSWORD)
    client.post(
        "/account/password/change/",
        {"oldpassword": PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD},
    )
    (message,) = mail.outbox
    assert message.subject == "Your password was changed"
    assert "Your password for Chargebook was changed." in message.body
    assert " UTC\n" in message.body
