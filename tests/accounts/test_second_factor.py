"""The second factor: setting it up, signing in with it, and losing it."""

import json
import re

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.core import mail
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now, timedelta

from accounts.models import User
from tests.accounts.steps import (
    SECURITY,
    code_now,
    give_code,
    is_in,
    log_in,
    set_up_app,
    show_oneself,
)
from tests.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def user() -> User:
    return UserFactory(email="maya@hudson.example")


@pytest.fixture
def as_user(client, user) -> Client:
    client.force_login(user)
    return client


@pytest.fixture
def app(user) -> tuple[str, list[str]]:
    """An app that the user set up, with the recovery codes."""
    elsewhere = Client()
    elsewhere.force_login(user)
    return set_up_app(elsewhere)


def test_an_app_is_asked_for_at_the_log_in(client, user, app):
    secret, _codes = app
    answer = log_in(client, user.email, next="/sites/")
    assert answer["Location"] == f"{SECURITY}authenticate/"
    assert not is_in(client)
    wrong = give_code(client, "000000" if code_now(secret) != "000000" else "000001")
    assert "Incorrect code or passkey." in wrong.content.decode()
    assert not is_in(client)
    answer = give_code(client, code_now(secret))
    assert answer["Location"] == "/sites/"
    assert is_in(client)


def test_a_wrong_password_asks_for_no_code(client, user, app):
    log_in(client, user.email, "wrong")
    assert client.get(f"{SECURITY}authenticate/")["Location"] == "/account/login/"


def test_a_code_lets_in_once(client, user, app):
    secret, _codes = app
    code = code_now(secret)
    log_in(client, user.email)
    give_code(client, f" {code[:3]} {code[3:]} ")
    assert is_in(client)
    # Within the half minutes for which clocks may differ it counts as right, and yet as used.
    with time_machine.travel(now() + timedelta(seconds=31), tick=False):
        second = Client()
        log_in(second, user.email)
        give_code(second, code)
        assert not is_in(second)
        give_code(second, code_now(secret))
        assert is_in(second)


def test_clocks_may_differ_by_half_a_minute_and_no_more(client, user, app):
    secret, _codes = app
    log_in(client, user.email)
    for steps, gets_in in [(-3, False), (3, False), (1, True)]:
        give_code(client, code_now(secret, steps=steps))
        assert is_in(client) is gets_in


def test_a_recovery_code_lets_in_once(client, user, app):
    _secret, codes = app
    assert len(set(codes)) == 10
    log_in(client, user.email)
    give_code(client, codes[3])
    assert is_in(client)
    second = Client()
    log_in(second, user.email)
    give_code(second, codes[3])
    assert not is_in(second)
    give_code(second, codes[4])
    assert is_in(second)


def test_the_database_holds_no_readable_secret(app):
    secret, codes = app
    kept = json.dumps(list(Authenticator.objects.values_list("data", flat=True)))
    assert secret not in kept
    assert not any(code in kept for code in codes)
    assert re.search(r'"seed": "gAAAA', kept)


def test_with_another_secret_key_no_code_is_right(client, user, app, settings):
    secret, _codes = app
    old, settings.SECRET_KEY = settings.SECRET_KEY, "another key of the portal"
    log_in(client, user.email)
    assert give_code(client, code_now(secret)).status_code == 200
    assert not is_in(client)
    settings.SECRET_KEY_FALLBACKS = [old]
    give_code(client, code_now(secret))
    assert is_in(client)


def test_recovery_codes_are_downloaded_and_made_anew(as_user):
    _secret, codes = set_up_app(as_user)
    text = as_user.get(f"{SECURITY}recovery-codes/download/")
    assert text["Content-Disposition"] == 'attachment; filename="recovery-codes.txt"'
    assert "no-store" in text["Cache-Control"]
    assert all(code in text.content.decode() for code in codes)
    as_user.post(f"{SECURITY}recovery-codes/generate/")
    page = as_user.get(f"{SECURITY}recovery-codes/").content.decode()
    assert not any(code in page for code in codes)


CHANGES = [
    ("get", "totp/activate/"),
    ("post", "totp/activate/"),
    ("get", "totp/deactivate/"),
    ("post", "totp/deactivate/"),
    ("get", "recovery-codes/"),
    ("get", "recovery-codes/download/"),
    ("post", "recovery-codes/generate/"),
    ("get", "webauthn/add/"),
    ("post", "webauthn/add/"),
]


@pytest.mark.parametrize(("method", "path"), CHANGES)
def test_factors_are_shown_and_changed_only_to_who_shows_themselves(as_user, method, path):
    """With a session alone, as somebody at an unlocked screen has it, nothing is to be had."""
    set_up_app(as_user)
    if path == "totp/activate/":
        Authenticator.objects.all().delete()
    before = Authenticator.objects.count()
    with time_machine.travel(now() + timedelta(minutes=6), tick=False):
        answer = getattr(as_user, method)(SECURITY + path)
        assert answer["Location"].startswith("/account/reauthenticate/?next=")
        refused = show_oneself(as_user, "wrong")
        assert "Incorrect password." in refused.content.decode()
    assert Authenticator.objects.count() == before


def test_an_app_is_removed_with_its_recovery_codes(as_user, user):
    set_up_app(as_user)
    as_user.post(f"{SECURITY}totp/deactivate/")
    assert not Authenticator.objects.exists()
    page = as_user.get(SECURITY).content.decode()
    assert "The app has been removed." in page
    again = Client()
    log_in(again, user.email)
    assert is_in(again)


def test_each_change_is_told_by_mail(as_user, user):
    set_up_app(as_user)
    as_user.post(f"{SECURITY}recovery-codes/generate/")
    as_user.post(f"{SECURITY}totp/deactivate/")
    assert [(message.to, message.subject) for message in mail.outbox] == [
        ([user.email], "A second factor was added to your account"),
        ([user.email], "You have new recovery codes"),
        ([user.email], "A second factor was removed from your account"),
    ]
    for message in mail.outbox:
        assert "If this was not you, set a new password at once" in message.body
        assert "Address: 127.0.0.1\n" in message.body


def test_who_adds_a_factor_is_signed_out_where_they_came_in_without(user):
    weaker, stronger = Client(), Client()
    log_in(weaker, user.email)
    log_in(stronger, user.email)
    set_up_app(stronger)
    assert stronger.get(SECURITY).status_code == 200
    assert weaker.get(SECURITY).status_code == 302


def test_a_mail_server_that_is_away_keeps_nobody_from_a_second_factor(as_user, settings):
    settings.EMAIL_BACKEND = "tests.accounts.broken_mail.Backend"
    set_up_app(as_user)
    assert Authenticator.objects.filter(type="totp").exists()


def test_a_forgotten_password_does_not_pass_by_the_second_factor(client, user, app):
    client.post("/account/password/reset/", {"email": user.email})
    link = re.search(r"https?://[^/\s]+(/\S*/reset/key/\S+)", mail.outbox[-1].body)[1]
    url = client.get(link, follow=True).request["PATH_INFO"]
    new = "another horse, another battery"
    client.post(url, {"password1": new, "password2": new})
    assert not is_in(client)
    log_in(client, user.email, new)
    assert not is_in(client)
    assert client.get(SECURITY).status_code == 302


@pytest.mark.parametrize(
    "credential",
    [
        "",
        "null",
        "[]",
        "7",
        '"x"',
        "{",
        "{}",
        '{"id": "a"}',
        '{"id": "a", "rawId": "a", "response": {}, "type": "public-key"}',
        '{"id": "AA", "rawId": "AA", "type": "public-key", "response": '
        '{"clientDataJSON": "e30", "attestationObject": "AA", "authenticatorData": "AA", '
        '"signature": "AA", "userHandle": "MQ"}}',
        '{"id": "AA", "rawId": "AA", "type": "public-key", "response": '
        '{"clientDataJSON": "e30", "authenticatorData": "' + "A" * 60 + '", '
        '"signature": "AA", "userHandle": "' + "e" * 60 + '"}}',
        '{"id": "\\u0000"}',
        "\x00",
        '{"id": "' + "A" * 30_000 + '"}',
    ],
)
def test_a_made_up_passkey_is_refused(as_user, user, app, credential):
    show_oneself(as_user)
    as_user.get(f"{SECURITY}webauthn/add/")
    answer = as_user.post(f"{SECURITY}webauthn/add/", {"name": "x", "credential": credential})
    assert answer.status_code == 200
    as_user.get(f"{SECURITY}webauthn/reauthenticate/")
    as_user.post(f"{SECURITY}webauthn/reauthenticate/", {"credential": credential})
    assert Authenticator.objects.filter(type="webauthn").count() == 0

    stranger = Client()
    asked = stranger.get(f"{SECURITY}webauthn/login/", headers={"Accept": "application/json"})
    assert asked.json()["request_options"]["publicKey"]["userVerification"] == "required"
    answer = stranger.post(f"{SECURITY}webauthn/login/", {"credential": credential})
    assert answer["Location"] == "/account/login/"
    log_in(stranger, user.email)
    assert stranger.get(f"{SECURITY}authenticate/").status_code == 200
    answer = stranger.post(f"{SECURITY}authenticate/", {"credential": credential})
    assert answer.status_code == 200
    assert not is_in(stranger)


def test_somebody_elses_passkey_is_not_found(as_user):
    other = UserFactory()
    key = Authenticator.objects.create(user=other, type="webauthn", data={"name": "Theirs"})
    show_oneself(as_user)
    for what in ("edit", "remove"):
        for method in (as_user.get, as_user.post):
            assert method(f"{SECURITY}webauthn/keys/{key.pk}/{what}/").status_code == 404


def test_the_page_names_what_is_set_up(as_user):
    page = as_user.get(SECURITY).content.decode()
    assert "Set up an app" in page
    assert "Somebody who learns your password can sign in as you." in page
    set_up_app(as_user)
    page = as_user.get(SECURITY).content.decode()
    assert "Remove the app" in page
    assert "10 codes left." in page


# Staff


@pytest.fixture
def _staff_need_one(settings):
    settings.STAFF_SECOND_FACTOR = True


@pytest.mark.usefixtures("_staff_need_one")
def test_staff_without_one_can_only_set_one_up(client, staff, manager):
    client.force_login(staff)
    people = reverse("admin:accounts_user_changelist")
    pages = [
        reverse("admin:index"),
        people,
        reverse("admin:accounts_user_change", args=[manager.pk]),
        "/back-office/nowhere/",
        reverse("admin:auth_user_password_change", args=[manager.pk]),
    ]
    for address in pages:
        for ask in (client.get, client.post):
            assert ask(address)["Location"] == SECURITY, address
    assert "Please set up a second factor" in client.get(SECURITY).content.decode()
    set_up_app(client)
    assert client.get(people).status_code == 200


@pytest.mark.usefixtures("_staff_need_one")
def test_recovery_codes_alone_are_none(client, staff):
    Authenticator.objects.create(user=staff, type="recovery_codes", data={"seed": "", "used": 0})
    client.force_login(staff)
    assert client.get(reverse("admin:index"))["Location"] == SECURITY


@pytest.mark.usefixtures("_staff_need_one")
def test_fleets_need_none(as_manager):
    assert as_manager.get("/bookings/").status_code == 200
    assert "Please set up a second factor" not in as_manager.get(SECURITY).content.decode()


def test_staff_need_one_where_the_portal_is_served_over_https():
    from tests.config.test_deploy import manage

    ask = "from django.conf import settings; print(settings.STAFF_SECOND_FACTOR)"
    for changes, said in [
        ({}, "True"),
        ({"SITE_URL": "http://charge.example"}, "False"),
        ({"STAFF_SECOND_FACTOR": "false"}, "False"),
    ]:
        assert manage("-c", ask, **changes).stdout.strip() == said


def test_staff_take_a_lost_one_away(client, staff, user, app):
    client.force_login(staff)
    elsewhere = Client()
    elsewhere.force_login(user)
    elsewhere.get(SECURITY)
    change = reverse("admin:accounts_user_change", args=[user.pk])
    assert ">app<" in re.sub(r"\s+", "", client.get(change).content.decode())
    mail.outbox.clear()
    people = reverse("admin:accounts_user_changelist")
    data = {"action": "take_second_factor_away", "_selected_action": [user.pk, staff.pk]}
    page = client.post(people, data, follow=True).content.decode()
    assert "maya@hudson.example now signs in with the password alone" in page
    assert "staff@operator.example has no second factor." in page
    (message,) = mail.outbox
    assert message.to == [user.email]
    assert "removed the second factor from your" in message.body
    history = client.get(reverse("admin:accounts_user_history", args=[user.pk])).content.decode()
    assert "Removed the second factor, signed out everywhere." in history
    again = Client()
    log_in(again, user.email)
    assert is_in(again)


def test_a_clerk_takes_none_from_a_superuser(client, staff):
    from django.contrib.auth.models import Permission

    set_up = Client()
    set_up.force_login(staff)
    set_up_app(set_up)
    clerk = UserFactory(email="clerk@operator.example", is_staff=True)
    clerk.user_permissions.set(Permission.objects.filter(content_type__app_label="accounts"))
    client.force_login(clerk)
    people = reverse("admin:accounts_user_changelist")
    for action in ("take_second_factor_away", "sign_out"):
        data = {"action": action, "_selected_action": [staff.pk]}
        page = client.post(people, data, follow=True).content.decode()
        assert "Nobody changes people who have more rights" in page
    assert Authenticator.objects.filter(user=staff, type="totp").exists()
    assert set_up.get(SECURITY).status_code == 200


def test_secrets_have_no_page_in_the_back_office(client, staff):
    client.force_login(staff)
    for path in ("mfa/authenticator/", "usersessions/usersession/"):
        assert client.get(f"/back-office/{path}").status_code == 404
    assert PASSWORD not in client.get(SECURITY).content.decode()


def test_a_command_takes_one_away_when_no_staff_are_left_to_do_it(client, user, app, capsys):
    call_command("remove_second_factor", "MAYA@hudson.example")
    log_in(client, user.email)
    assert is_in(client)
    for email in (user.email, "nobody@hudson.example"):
        with pytest.raises(CommandError):
            call_command("remove_second_factor", email)
