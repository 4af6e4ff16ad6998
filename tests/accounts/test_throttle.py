"""Guessing passwords and codes: how often one may try, from where, and what is said then."""

import pytest
import time_machine
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

pytestmark = pytest.mark.django_db

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
    # From anywhere, in whatever case.
    elsewhere = Client(REMOTE_ADDR="198.51.100.7")
    assert TOO_MANY in log_in(elsewhere, "MAYA@hudson.example").content.decode()
    # Others are not in the way.
    other = UserFactory()
    log_in(client, other.email)
    assert is_in(client)
    with time_machine.travel(now() + timedelta(minutes=5, seconds=1), tick=False):
        again = Client()
        log_in(again, user.email)
        assert is_in(again)


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
