"""The invitation: what it says, and that its link lets somebody in."""

import re
from html import unescape

import pytest
import time_machine
from django.core import mail
from django.utils.timezone import now, timedelta

from accounts.invitations import send_invitation
from accounts.models import User
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db

PASSWORD = "four words of mine"
LINK = re.compile(r"https://chargebook\.example(/\S*/reset/key/\S+)")


@pytest.fixture
def newcomer():
    return User.objects.create_user("maya@hudson.example")


def set_password(client, link):
    url = client.get(link, follow=True).request["PATH_INFO"]
    return client.post(url, {"password1": PASSWORD, "password2": PASSWORD}, follow=True)


def html_of(message) -> str:
    ((html, kind),) = [(part.content, part.mimetype) for part in message.alternatives]
    assert kind == "text/html"
    return html


def test_the_mail_says_what_for_and_how(newcomer):
    send_invitation(newcomer, fleet_name="Müller & Söhne <GmbH>")
    (message,) = mail.outbox
    assert message.subject == "Your account for Chargebook"
    assert message.to == ["maya@hudson.example"]
    for text in (message.body, unescape(html_of(message))):
        assert "You have access to “Müller & Söhne <GmbH>” in Chargebook" in text
        assert "You sign in with your e-mail address maya@hudson.example." in text
        assert "The link works once, within 3 days." in text
        assert "https://chargebook.example/account/password/reset/" in text
    assert "<GmbH>" not in html_of(message)
    assert LINK.search(message.body)[0] in html_of(message)


def test_without_a_fleet_it_speaks_of_the_portal(newcomer):
    send_invitation(newcomer)
    assert mail.outbox[0].body.startswith("You have an account for Chargebook, where fleets book")


def test_the_link_sets_the_first_password(client, newcomer):
    send_invitation(newcomer)
    set_password(client, LINK.search(mail.outbox[0].body)[1])
    newcomer.refresh_from_db()
    assert newcomer.check_password(PASSWORD)
    client.post("/account/login/", {"login": newcomer.email, "password": PASSWORD})
    assert "_auth_user_id" in client.session


def test_the_link_grows_old(client, newcomer):
    send_invitation(newcomer)
    link = LINK.search(mail.outbox[0].body)[1]
    with time_machine.travel(now() + timedelta(days=3, minutes=1), tick=False):
        page = client.get(link, follow=True).content.decode()
    assert "This link is no longer valid" in page
    newcomer.refresh_from_db()
    assert not newcomer.has_usable_password()


def test_a_new_link_can_be_asked_for(client, newcomer):
    client.post("/account/password/reset/", {"email": newcomer.email})
    link = re.search(r"https?://[^/\s]+(/\S*/reset/key/\S+)", mail.outbox[0].body)[1]
    set_password(client, link)
    newcomer.refresh_from_db()
    assert newcomer.check_password(PASSWORD)


def test_who_has_a_password_is_sent_to_the_log_in():
    send_invitation(UserFactory(email="old@hudson.example"), fleet_name="Hudson")
    (message,) = mail.outbox
    assert "reset" not in message.body
    assert "reset" not in html_of(message)
    assert "Sign in\n  https://chargebook.example\n" in message.body
