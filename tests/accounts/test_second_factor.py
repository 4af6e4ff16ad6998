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
    FACTOR_LINK,
    SECRET,
    SECURITY,
    code_now,
    factor_link,
    give_code,
    is_in,
    log_in,
    set_up_app,
    show_oneself,
)
from tests.factories import PASSWORD, UserFactory

# A code is that of a half minute, which could end in the middle of a test.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("still")]

FIRST = reverse("account_first_factor")


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
        "[" * 20_000,
        '{"id": ' * 2_800,
        # Lists within lists, where the attestation stands and where extensions do.
        '{"id": "AA", "rawId": "AA", "type": "public-key", "response": {"clientDataJSON": '
        '"eyJ0eXBlIjogIndlYmF1dGhuLmNyZWF0ZSIsICJjaGFsbGVuZ2UiOiAiQUEiLCAib3JpZ2luIjogIngifQ", '
        f'"attestationObject": "{"gYGB" * 1_000}", "signature": "AA", "userHandle": "MQ", '
        f'"authenticatorData": "{"A" * 42}CAAAAAAI{"GBgY" * 1_000}"}}}}',
    ],
)
def test_a_made_up_passkey_is_refused(user, app, as_user, credential):
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
    page = client.get(SECURITY).content.decode()
    assert "Please set up a second factor" in page
    assert "Set up an app" not in page
    assert "Add a passkey" not in page
    assert "We have sent an e-mail to staff@operator.example." in ask_for_link(client)
    answer = client.get(SECURITY, {"link": factor_link()})
    assert "Continue with this link" in answer.content.decode()
    client.post(FIRST, {"link": factor_link()})
    set_up_app(client)
    assert client.get(people).status_code == 200


def ask_for_link(client) -> str:
    return client.post(FIRST, follow=True).content.decode()


def may_set_up(client) -> bool:
    """Return whether somebody may set up an app or a passkey, by opening and by sending."""
    show_oneself(client)
    answers = {
        ask(SECURITY + path, {"code": "000000"}).status_code
        for ask in (client.get, client.post)
        for path in ("totp/activate/", "webauthn/add/")
    }
    assert len(answers) == 1
    return answers == {200}


@pytest.mark.usefixtures("_staff_need_one")
def test_the_password_alone_sets_up_no_first_factor_of_staff(client, staff):
    """Whoever learned the password of staff without a factor does not give it one of theirs."""
    log_in(client, staff.email)
    assert not may_set_up(client)
    ask_for_link(client)
    assert not may_set_up(client)
    assert not Authenticator.objects.exists()
    # The link opens the way where it is opened, not for the others who know the password.
    owner = Client()
    log_in(owner, staff.email)
    owner.post(FIRST, {"link": factor_link()})
    assert may_set_up(owner)
    assert not may_set_up(client)


@pytest.mark.usefixtures("_staff_need_one")
def test_the_link_works_once_for_its_owner_and_half_an_hour(client, staff):
    log_in(client, staff.email)

    def is_refused(link: str, *, by: Client = client) -> bool:
        page = by.post(FIRST, {"link": link}, follow=True).content.decode()
        return "This link was used already" in page and not may_set_up(by)

    ask_for_link(client)
    other = Client()
    log_in(other, UserFactory(staff=True).email)
    assert is_refused(factor_link(), by=other)
    assert is_refused(f"{factor_link()}x")
    assert is_refused("x")
    with time_machine.travel(now() + timedelta(minutes=31), tick=False):
        assert is_refused(factor_link())
    older = factor_link()
    ask_for_link(client)
    assert is_refused(older)
    assert client.get(SECURITY, {"link": factor_link()}).status_code == 200
    assert not may_set_up(client)
    client.post(FIRST, {"link": factor_link()})
    assert may_set_up(client)
    second = Client()
    log_in(second, staff.email)
    assert is_refused(factor_link(), by=second)
    with time_machine.travel(now() + timedelta(minutes=31), tick=False):
        assert not may_set_up(client)


@pytest.mark.usefixtures("_staff_need_one")
@pytest.mark.parametrize("changed", [{"email": "new@operator.example"}, {"password": "another"}])
def test_a_link_ends_with_the_address_and_the_password_that_it_was_for(client, staff, changed):
    client.force_login(staff)
    ask_for_link(client)
    if "password" in changed:
        staff.set_password(changed["password"])
    else:
        staff.email = changed["email"]
    staff.save()
    client.force_login(staff)
    client.post(FIRST, {"link": factor_link()})
    assert client.get(f"{SECURITY}totp/activate/")["Location"] == SECURITY


@pytest.mark.usefixtures("_staff_need_one")
def test_a_link_is_for_the_first_factor_only(client, staff):
    log_in(client, staff.email)
    ask_for_link(client)
    client.post(FIRST, {"link": factor_link()})
    set_up_app(client)
    client.post(f"{SECURITY}totp/deactivate/")
    assert not may_set_up(client)


@pytest.mark.usefixtures("_staff_need_one")
def test_links_are_mailed_to_those_who_need_one_a_few_times(client, staff, as_user):
    as_user.post(FIRST)
    assert not mail.outbox
    client.logout()
    log_in(client, staff.email)
    assert [client.post(FIRST).status_code for _ in range(4)] == [302, 302, 302, 429]
    assert len(mail.outbox) == 3


@pytest.mark.usefixtures("_staff_need_one")
def test_a_link_that_cannot_be_mailed_is_said(client, staff, settings):
    settings.EMAIL_BACKEND = "tests.accounts.broken_mail.Backend"
    log_in(client, staff.email)
    assert "The e-mail could not be sent." in ask_for_link(client)


@pytest.mark.usefixtures("_staff_need_one")
def test_a_superuser_or_a_command_gives_the_link(client, staff, user, capsys):
    newcomer = UserFactory(email="new@operator.example", is_staff=True)
    set_up = Client()
    set_up.force_login(staff)
    call_command("second_factor_link", "STAFF@operator.example")
    set_up.post(FIRST, {"link": FACTOR_LINK.search(capsys.readouterr().out)[1]})
    set_up_app(set_up)
    mail.outbox.clear()
    people = reverse("admin:accounts_user_changelist")
    data = {"action": "give_factor_link", "_selected_action": [newcomer.pk, user.pk]}
    page = set_up.post(people, data, follow=True).content.decode()
    assert "maya@hudson.example needs no link." in page
    assert not mail.outbox
    log_in(client, newcomer.email)
    client.post(FIRST, {"link": FACTOR_LINK.search(page)[1]})
    assert may_set_up(client)
    for email in (staff.email, "nobody@operator.example"):
        with pytest.raises(CommandError):
            call_command("second_factor_link", email)


def test_only_superusers_are_shown_a_link(client, user):
    from django.contrib.auth.models import Permission

    clerk = UserFactory(is_staff=True)
    clerk.user_permissions.set(Permission.objects.filter(content_type__app_label="accounts"))
    client.force_login(clerk)
    people = reverse("admin:accounts_user_changelist")
    data = {"action": "give_factor_link", "_selected_action": [clerk.pk]}
    assert "?link=" not in client.post(people, data, follow=True).content.decode()


def test_the_code_that_set_up_an_app_lets_nobody_in(client, user, as_user):
    show_oneself(as_user)
    secret = SECRET.search(as_user.get(f"{SECURITY}totp/activate/").content.decode())[1]
    code = code_now(secret)
    as_user.post(f"{SECURITY}totp/activate/", {"code": f" {code[:3]} {code[3:]} "})
    second = Client()
    log_in(second, user.email)
    give_code(second, code)
    assert not is_in(second)
    give_code(second, code_now(secret, steps=1))
    assert is_in(second)


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
