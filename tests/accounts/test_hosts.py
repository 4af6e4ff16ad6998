"""What a request says that the portal's host is called is believed nowhere."""

import json
import re

import pytest
from django.core import mail
from django.test import Client

from tests.accounts.steps import SECURITY, log_in, show_oneself
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db

# All of them are let in: the port is whatever a client writes, loopback is for health checks.
HOSTS = ["chargebook.example:8443", "127.0.0.1", "localhost:25", "chargebook.example"]


@pytest.fixture
def user():
    return UserFactory(email="maya@hudson.example")


@pytest.mark.parametrize("host", HOSTS)
def test_mailed_links_lead_to_the_portal_whatever_the_request_calls_it(host, user):
    asker = Client(headers={"Host": host})
    for email in (user.email, "nobody@hudson.example"):
        asker.post("/account/password/reset/", {"email": email})
    assert len(mail.outbox) == 2
    written = "\n".join(message.body for message in mail.outbox)
    assert "https://chargebook.example/account/password/reset/key/" in written
    assert {host for host in HOSTS[:3] if f"//{host}" in written} == set()


@pytest.mark.parametrize("host", HOSTS)
def test_passkeys_belong_to_the_name_of_the_portal(host, user):
    client = Client(headers={"Host": host})
    log_in(client, user.email)
    show_oneself(client)
    page = client.get(f"{SECURITY}webauthn/add/").content.decode()
    options = json.loads(re.search(r'id="passkey-options"[^>]*>(.*?)</script>', page)[1])
    assert options["creation_options"]["publicKey"]["rp"]["id"] == "chargebook.example"


@pytest.mark.parametrize("host", HOSTS)
def test_over_http_everybody_is_sent_to_the_portal(host, settings):
    settings.SECURE_SSL_REDIRECT = True
    answer = Client(headers={"Host": host}).get("/account/login/?next=/sites/")
    assert answer["Location"] == "https://chargebook.example/account/login/?next=/sites/"


@pytest.mark.parametrize("host", HOSTS[:3])
def test_nobody_is_led_to_the_host_of_a_request(host, user):
    client = Client(headers={"Host": host})
    answer = log_in(client, user.email, next=f"http://{host}/elsewhere/")
    assert answer["Location"] == "/"
    answer = client.post("/account/language/", {"language": "de", "next": f"//{host}/x/"})
    assert answer["Location"] == "/"


def test_other_names_of_the_host_give_no_more_guesses(user):
    for number in range(5):
        asker = Client(headers={"Host": f"127.0.0.1:{number + 1}"})
        log_in(asker, user.email, "wrong")
    asker = Client(headers={"Host": "127.0.0.1:99"})
    assert "Too many attempts." in log_in(asker, user.email, "wrong").content.decode()
