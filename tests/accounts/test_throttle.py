"""Guessing passwords and codes: how often one may try, from where, and what is said then."""

import logging

import pytest
import time_machine
from allauth.usersessions.models import UserSession
from django.core import mail
from django.core.cache import cache
from django.core.cache.backends.locmem import LocMemCache
from django.test import Client
from django.utils.timezone import now, timedelta

from config import caches
from config.settings import read_cache
from tests.accounts.steps import (
    SECURITY,
    code_now,
    give_code,
    is_in,
    log_in,
    set_up_app,
    show_oneself,
)
from tests.factories import UserFactory
from tools.services.ports import free_port

# A code is that of a half minute, which could end in the middle of a test.
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("still")]

TOO_MANY = "Too many attempts. Please try again in five minutes."


@pytest.fixture(autouse=True)
def _clock_stands():
    with time_machine.travel(now(), tick=False):
        yield


@pytest.fixture
def user():
    return UserFactory(email="maya@hudson.example")


@pytest.fixture
def _redis_away(settings, monkeypatch):
    # Forgotten afterwards: that it was away, and what this process counted meanwhile.
    monkeypatch.setattr(caches, "_away_until", 0.0)
    monkeypatch.setattr(caches, "_own", LocMemCache("guards-of-a-test", {}))
    settings.CACHES = {"default": read_cache(f"redis://127.0.0.1:{free_port()}/1")}


def test_after_five_wrong_passwords_the_right_one_has_to_wait(client, user):
    for _attempt in range(5):
        assert TOO_MANY not in log_in(client, user.email, "wrong").content.decode()
    page = log_in(client, user.email).content.decode()
    assert TOO_MANY in page
    assert not is_in(client)
    # In whatever case.
    assert TOO_MANY in log_in(Client(), "MAYA@hudson.example").content.decode()
    # Others are not in the way.
    other = UserFactory()
    log_in(client, other.email)
    assert is_in(client)
    with time_machine.travel(now() + timedelta(minutes=5, seconds=1), tick=False):
        again = Client()
        log_in(again, user.email)
        assert is_in(again)


def test_strangers_lock_nobody_out(client, user):
    """Neither elsewhere nor, on a device where somebody signed in before, from the same address."""
    log_in(client, user.email)
    client.post("/account/logout/")
    stranger = Client()
    for number in range(40):
        log_in(stranger, user.email if number % 2 else f"nobody-{number}@x.example", "wrong")
    assert log_in(stranger, user.email).status_code == 429
    log_in(client, user.email)
    assert is_in(client)
    elsewhere = Client(REMOTE_ADDR="198.51.100.7")
    log_in(elsewhere, user.email)
    assert is_in(elsewhere)


def test_strangers_at_many_addresses_are_stopped_and_lock_no_known_device_out(client, user):
    log_in(client, user.email)
    client.post("/account/logout/")
    pages = [
        log_in(Client(REMOTE_ADDR=f"198.51.100.{number}"), user.email, "wrong").content.decode()
        for number in range(61)
    ]
    assert [TOO_MANY in page for page in pages] == [False] * 60 + [True]
    new = Client(REMOTE_ADDR="192.0.2.44")
    assert TOO_MANY in log_in(new, user.email).content.decode()
    log_in(client, user.email)
    assert is_in(client)
    with time_machine.travel(now() + timedelta(hours=1, seconds=1), tick=False):
        log_in(new, user.email)
        assert is_in(new)


def test_a_known_device_may_guess_no_more_than_others(client, user):
    log_in(client, user.email)
    client.post("/account/logout/")
    pages = [log_in(client, user.email, "wrong").content.decode() for _attempt in range(6)]
    assert [TOO_MANY in page for page in pages] == [False] * 5 + [True]


def test_a_device_is_known_to_those_who_signed_in_on_it_alone(client, user, settings):
    """Whoever has an account gets no further guesses at the passwords of others by it."""
    for number in range(3):
        guesser = Client()
        log_in(guesser, UserFactory(email=f"own-{number}@x.example").email)
        guesser.post("/account/logout/")
        for _attempt in range(2):
            page = log_in(guesser, user.email, "wrong").content.decode()
    assert TOO_MANY in page
    guesser.cookies["device"] = guesser.cookies["device"].value.replace("own", "maya")
    assert TOO_MANY in log_in(guesser, user.email).content.decode()
    guesser.cookies["device"] = "rubbish"
    assert TOO_MANY in log_in(guesser, user.email).content.decode()


def test_several_people_share_a_device(client, user):
    other = UserFactory(email="other@hudson.example")
    for email in (user.email, other.email):
        log_in(client, email)
        client.post("/account/logout/")
    cookie = client.cookies["device"]
    assert cookie["httponly"] and cookie["samesite"] == "Lax" and cookie["max-age"] == 180 * 86_400
    assert "hudson" not in cookie.value
    for _attempt in range(6):
        log_in(Client(), user.email, "wrong")
        log_in(Client(REMOTE_ADDR="198.51.100.9"), other.email, "wrong")
    for email in (user.email, other.email):
        log_in(client, email)
        assert is_in(client)
        client.post("/account/logout/")


@pytest.mark.parametrize("forwarded", ["garbage", "unknown", ""])
def test_who_comes_from_nowhere_is_counted_with_nobody(
    user, settings, caplog, monkeypatch, forwarded
):
    # Which lets one such line through in half a minute.
    monkeypatch.setattr(logging.getLogger("shell.addresses"), "filters", [])
    settings.BEHIND_PROXY = True
    for number in range(35):
        asker = Client(headers={"X-Forwarded-For": forwarded})
        log_in(asker, f"nobody-{number}@hudson.example", "wrong")
    asker = Client(headers={"X-Forwarded-For": forwarded})
    log_in(asker, user.email)
    assert is_in(asker)
    assert "A client's address cannot be read: see BEHIND_PROXY and PROXY_COUNT." in caplog.text
    assert UserSession.objects.get().ip == "0.0.0.0"


@pytest.mark.usefixtures("_redis_away")
def test_without_the_cache_guesses_are_counted_and_people_get_in(client, user):
    log_in(client, user.email)
    assert is_in(client)
    guesser = Client(REMOTE_ADDR="198.51.100.8")
    victim = UserFactory(email="without-cache@hudson.example")
    for _attempt in range(5):
        log_in(guesser, victim.email, "wrong")
    assert TOO_MANY in log_in(guesser, victim.email).content.decode()


def test_an_address_that_tries_many_accounts_is_stopped(client):
    for number in range(10):
        log_in(client, f"nobody-{number}@hudson.example", "wrong")
    assert TOO_MANY in log_in(client, "nobody-10@hudson.example", "wrong").content.decode()
    elsewhere = Client(REMOTE_ADDR="198.51.100.7")
    assert TOO_MANY not in log_in(elsewhere, "nobody-10@hudson.example", "x").content.decode()


def test_an_unknown_account_is_throttled_like_a_known_one(client, user):
    said = []
    for email in (user.email, "nobody@hudson.example"):
        asker = Client(REMOTE_ADDR="198.51.100.7")
        answers = [log_in(asker, email, "wrong").content.decode() for _attempt in range(6)]
        said.append([TOO_MANY in page for page in answers])
        cache.clear()
    assert said[0] == said[1] == [False] * 5 + [True]


@pytest.mark.parametrize("proxies", [1, 2])
def test_behind_proxies_the_address_is_what_they_say_and_not_what_a_client_writes(
    settings, proxies
):
    settings.BEHIND_PROXY, settings.PROXY_COUNT = True, proxies
    told = ", ".join(["198.51.100.7", "10.0.0.5"][:proxies])
    for number in range(10):
        asker = Client(headers={"X-Forwarded-For": f"192.0.2.{number}, {told}"})
        log_in(asker, f"nobody-{number}@hudson.example", "wrong")
    asker = Client(headers={"X-Forwarded-For": f"192.0.2.99, {told}"})
    assert TOO_MANY in log_in(asker, "nobody-99@hudson.example", "wrong").content.decode()
    other = Client(headers={"X-Forwarded-For": told.replace("198.51.100.7", "198.51.100.8")})
    assert TOO_MANY not in log_in(other, "nobody-99@hudson.example", "wrong").content.decode()


@pytest.mark.parametrize("forwarded", ["", "garbage", "unix:", "1.2.3.4.5", "fe80::1%eth0"])
def test_an_address_that_is_none_keeps_nobody_out(client, user, settings, forwarded):
    settings.BEHIND_PROXY = True
    client.post(
        "/account/login/",
        {"login": user.email, "password": "correct horse battery"},
        headers={"X-Forwarded-For": forwarded},
    )
    assert is_in(client)


def test_too_many_forms_from_one_address_are_told_when_to_come_back(client):
    for number in range(30):
        UserFactory(email=f"m{number}@hudson.example")
        log_in(client, f"m{number}@hudson.example")
        client.logout()
    answer = log_in(client, "m0@hudson.example")
    assert answer.status_code == 429
    assert answer["Retry-After"] == "60"
    assert "Please wait a minute, then try again." in answer.content.decode()


def test_reset_mails_do_not_pile_up(client, user):
    answers = [
        client.post("/account/password/reset/", {"email": user.email}) for _attempt in range(4)
    ]
    assert [answer.status_code for answer in answers] == [302, 302, 302, 429]
    assert "Please wait 15 minutes, then try again." in answers[-1].content.decode()
    assert len(mail.outbox) == 3


def test_codes_are_not_guessed(client, user):
    set_up = Client()
    set_up.force_login(user)
    secret, codes = set_up_app(set_up)
    log_in(client, user.email)
    for _attempt in range(5):
        give_code(client, "000000")
    for right in (code_now(secret), codes[0]):
        page = give_code(client, right).content.decode()
        assert TOO_MANY in page
        assert not is_in(client)


def test_a_day_holds_few_guesses_at_codes(user):
    set_up = Client()
    set_up.force_login(user)
    secret, _codes = set_up_app(set_up)
    start = now()
    for hour in range(10):
        # Each time anew: a log-in that waits for its code ends after a quarter of an hour.
        with time_machine.travel(start + timedelta(minutes=6 * hour), tick=False):
            guesser = Client(REMOTE_ADDR=f"198.51.100.{hour}")
            log_in(guesser, user.email)
            pages = [give_code(guesser, "000000").content.decode() for _attempt in range(3)]
    assert "Too many incorrect codes" not in pages[-1]
    with time_machine.travel(start + timedelta(hours=2), tick=False):
        guesser = Client()
        log_in(guesser, user.email)
        assert (
            "Too many incorrect codes today."
            in give_code(guesser, code_now(secret)).content.decode()
        )
        assert not is_in(guesser)
    with time_machine.travel(start + timedelta(hours=26), tick=False):
        guesser = Client()
        log_in(guesser, user.email)
        give_code(guesser, code_now(secret))
        assert is_in(guesser)


def test_showing_oneself_is_throttled(client, user):
    client.force_login(user)
    for _attempt in range(5):
        show_oneself(client, "wrong")
    show_oneself(client)
    assert client.get(f"{SECURITY}totp/activate/").status_code == 302


def test_the_back_office_has_no_door_of_its_own(client, staff, user):
    """Its log-in page of old took passwords: without limits, without a second factor."""
    other = Client()
    other.force_login(staff)
    set_up_app(other)
    sent = {"username": staff.email, "password": "correct horse battery", "next": "/back-office/"}
    answer = client.post("/back-office/login/", sent)
    assert answer["Location"] == "/account/login/?next=%2Fback-office%2F"
    assert not is_in(client)
    # Nor for another member of staff, who is in.
    colleague = UserFactory(email="colleague@operator.example", staff=True)
    client.force_login(colleague)
    client.post("/back-office/login/", sent)
    assert client.session["_auth_user_id"] == str(colleague.pk)
    client.force_login(user)
    assert client.get("/back-office/login/").status_code == 403
    client.force_login(staff)
    assert client.get("/back-office/password_change/")["Location"] == "/account/password/change/"
