"""Where somebody is signed in: seeing it, ending it, and what ends it by itself."""

import re

import pytest
import time_machine
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now, timedelta

from accounts.sessions import device
from accounts.tasks import forget_sessions
from tests.accounts.steps import SECURITY, is_in, log_in, show_oneself
from tests.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db

SESSIONS = f"{SECURITY}sessions/"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1"
)
NEW_PASSWORD = "another horse, another battery"


@pytest.fixture
def user():
    return UserFactory(email="maya@hudson.example")


@pytest.fixture
def desk(user) -> Client:
    client = Client(headers={"User-Agent": FIREFOX}, REMOTE_ADDR="192.0.2.10")
    log_in(client, user.email)
    return client


@pytest.fixture
def phone(user) -> Client:
    client = Client(headers={"User-Agent": PHONE}, REMOTE_ADDR="2001:db8::7")
    log_in(client, user.email, remember="on")
    return client


def still_in(client) -> bool:
    return client.get(SECURITY).status_code == 200


def rows_of(client) -> list[str]:
    page = client.get(SESSIONS).content.decode()
    return [
        " ".join(re.sub("<[^>]+>", " ", row).split())
        for row in re.findall(r'<tr id="session-.*?</tr>', page, re.DOTALL)
    ]


def test_whoever_reads_the_database_is_signed_in_nowhere(desk, phone):
    secrets = [client.cookies["sessionid"].value for client in (desk, phone)]
    kept = set(Session.objects.values_list("session_key", flat=True))
    assert set(UserSession.objects.values_list("session_key", flat=True)) == kept
    assert len(kept) == 2
    assert not any(secret in key or key in secret for secret in secrets for key in kept)
    for key in kept:
        thief = Client()
        thief.cookies["sessionid"] = key
        assert not still_in(thief)
    assert still_in(desk)


def test_the_page_lists_ones_own_and_no_others(desk, phone):
    stranger = UserFactory()
    log_in(Client(headers={"User-Agent": "Edg/1 Windows"}), stranger.email)
    rows = rows_of(desk)
    assert len(rows) == 2
    assert any(row.startswith("Firefox on Linux This one 192.0.2.10") for row in rows)
    assert any(row.startswith("Safari on iPhone 2001:db8::7") for row in rows)


def test_one_is_ended(desk, phone):
    session = UserSession.objects.get(ip="2001:db8::7")
    answer = desk.post(f"{SESSIONS}{session.pk}/end/", follow=True)
    assert "That device has been signed out." in answer.content.decode()
    assert not still_in(phone)
    assert still_in(desk)


def test_the_one_that_one_is_in_is_ended(desk, phone):
    session = UserSession.objects.get(ip="192.0.2.10")
    assert desk.post(f"{SESSIONS}{session.pk}/end/")["Location"] == "/account/login/"
    assert not still_in(desk)
    assert still_in(phone)


def test_nobody_ends_somebody_elses(desk):
    stranger = Client()
    stranger.force_login(UserFactory())
    session = UserSession.objects.get(ip="192.0.2.10")
    assert stranger.post(f"{SESSIONS}{session.pk}/end/").status_code == 404
    assert still_in(desk)


def test_all_others_are_ended(desk, phone, user):
    third = Client()
    log_in(third, user.email)
    answer = desk.post(f"{SESSIONS}end/", follow=True)
    assert "2 other devices have been signed out." in answer.content.decode()
    assert still_in(desk)
    assert not still_in(phone)
    assert not still_in(third)


def test_last_seen_follows_the_session_every_five_minutes(desk):
    before = UserSession.objects.get().last_seen_at
    desk.get(SECURITY, REMOTE_ADDR="198.51.100.9")
    assert UserSession.objects.get().last_seen_at == before
    # As when five minutes are over.
    cache.clear()
    desk.get(SECURITY, REMOTE_ADDR="198.51.100.9")
    seen = UserSession.objects.get()
    assert seen.last_seen_at > before
    assert seen.ip == "198.51.100.9"


def test_a_session_of_before_is_listed_once_it_is_used(client, user):
    client.force_login(user)
    UserSession.objects.all().delete()
    cache.clear()
    client.get(SECURITY)
    assert UserSession.objects.get().user == user


def test_a_changed_password_signs_out_all_others(desk, phone):
    answer = desk.post(
        "/account/password/change/",
        {"oldpassword": PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD},
        follow=True,
    )
    assert (
        "Your password has been changed. All other devices have been signed out."
        in answer.content.decode()
    )
    assert still_in(desk)
    assert not still_in(phone)
    assert len(rows_of(desk)) == 1
    (message,) = mail.outbox
    assert message.subject == "Your password was changed"


def test_a_password_set_by_mail_signs_out_everywhere(desk, phone, user):
    visitor = Client()
    visitor.post("/account/password/reset/", {"email": user.email})
    link = re.search(r"https?://[^/\s]+(/\S*/reset/key/\S+)", mail.outbox[0].body)[1]
    url = visitor.get(link, follow=True).request["PATH_INFO"]
    visitor.post(url, {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD})
    assert not still_in(desk)
    assert not still_in(phone)
    assert mail.outbox[-1].subject == "Your password was changed"


def test_staff_sign_somebody_out(client, staff, desk, phone, user):
    client.force_login(staff)
    people = reverse("admin:accounts_user_changelist")
    data = {"action": "sign_out", "_selected_action": [user.pk]}
    page = client.post(people, data, follow=True).content.decode()
    assert "maya@hudson.example is signed out: 2 sessions ended." in page
    assert not still_in(desk)
    assert not still_in(phone)
    history = client.get(reverse("admin:accounts_user_history", args=[user.pk])).content.decode()
    assert "Signed out everywhere: 2 sessions ended." in history


def test_who_is_switched_off_and_on_again_signs_in_anew(client, staff, desk, user):
    client.force_login(staff)
    change = reverse("admin:accounts_user_change", args=[user.pk])
    client.post(change, {"email": user.email, "name": user.name})
    assert not still_in(desk)
    client.post(change, {"email": user.email, "name": user.name, "is_active": "on"})
    assert not still_in(desk)
    assert not UserSession.objects.filter(user=user).exists()


def test_a_session_ends_with_the_browser_or_after_some_days(desk, phone, settings):
    assert desk.cookies["sessionid"]["max-age"] == ""
    assert phone.cookies["sessionid"]["max-age"] == settings.SESSION_COOKIE_AGE == 14 * 86_400
    with time_machine.travel(now() + timedelta(days=13, hours=23), tick=False):
        assert still_in(phone)
    with time_machine.travel(now() + timedelta(days=14, minutes=1), tick=False):
        assert not still_in(phone)


def test_what_is_noted_of_sessions_goes_with_them(desk, phone):
    with time_machine.travel(now() + timedelta(days=15), tick=False):
        forget_sessions()
    assert not Session.objects.exists()
    assert not UserSession.objects.exists()


def test_what_is_noted_of_live_sessions_stays(desk):
    with time_machine.travel(now() + timedelta(days=2), tick=False):
        forget_sessions()
        assert still_in(desk)
    assert UserSession.objects.count() == 1


def test_staff_show_themselves_again_after_half_a_day(client, staff):
    client.force_login(staff)
    people = reverse("admin:accounts_user_changelist")
    with time_machine.travel(now() + timedelta(hours=11, minutes=59), tick=False):
        assert client.get(people).status_code == 200
    with time_machine.travel(now() + timedelta(hours=12, minutes=1), tick=False):
        answer = client.get(f"{people}?q=x")
        goal = "%2Fback-office%2Faccounts%2Fuser%2F%3Fq%3Dx"
        assert answer["Location"] == f"/account/reauthenticate/?next={goal}"
        goal = "%2Fback-office%2Faccounts%2Fuser%2F%3Fkept%3D"
        assert goal in client.post(people)["Location"]
        assert "You signed in a while ago." in client.get(answer["Location"]).content.decode()
        # The rest of the portal is open.
        assert still_in(client)
        answer = client.post(answer["Location"], {"password": PASSWORD})
        assert answer["Location"] == f"{people}?q=x"
        assert client.get(people).status_code == 200


def test_fleets_are_not_asked_again(as_manager):
    with time_machine.travel(now() + timedelta(days=3), tick=False):
        assert as_manager.get("/bookings/").status_code == 200


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        (FIREFOX, "Firefox on Linux"),
        (PHONE, "Safari on iPhone"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/140.0 Safari/537.36 Edg/140.0", "Edge on Windows"),
        ("Mozilla/5.0 (Linux; Android 14) Chrome/140.0 Mobile Safari/537.36", "Chrome on Android"),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/18 Safari/605",
            "Safari on macOS",
        ),
        ("curl/8", "Unknown device"),
        ("", "Unknown device"),
        ("<script>alert(1)</script>", "Unknown device"),
    ],
)
def test_a_device_is_named_as_people_call_it(user_agent, name):
    assert device(user_agent) == name


def test_showing_oneself_leads_nowhere_else(client, user):
    for goal in ("https://evil.example/", "//evil.example", "/\\evil.example", "javascript:1"):
        client.force_login(user)
        answer = client.post("/account/reauthenticate/", {"password": PASSWORD, "next": goal})
        assert answer["Location"] == "/"
    assert is_in(client)
    assert show_oneself(client).status_code == 302
