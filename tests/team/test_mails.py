"""The invitation's mail: what it says, and in which language."""

import gettext
from html import unescape

import pytest
from django.conf import settings
from django.core import mail
from django.utils import translation
from django.utils.translation import trans_real

from accounts.invitations import send_invitation
from accounts.models import User
from team.invitations import deliver
from team.models import Invitation
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db

OTHERS = [code for code, _name in settings.LANGUAGES if code != settings.LANGUAGE_CODE]


class Untranslated(gettext.NullTranslations):
    """Comes after a language's own catalogue, and refuses what that one could not say."""

    def gettext(self, message: str) -> str:
        raise AssertionError(message)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        raise AssertionError(msgid1)


@pytest.fixture
def _all_translated(monkeypatch):
    for language in OTHERS:
        monkeypatch.setattr(trans_real.translation(language), "_fallback", Untranslated())


def make(fleet, **fields) -> Invitation:
    values = {"email": "zoe@hudson.example", "role": "manager", "language": "en", **fields}
    return Invitation.objects.create(fleet=fleet, **values)


def test_it_says_who_invites_to_what(fleet, fleet_admin):
    fleet.name = "Müller & Söhne\r\nBcc: x@x.example <b>"
    fleet.save()
    deliver(make(fleet, invited_by=fleet_admin, name="Zoe"))
    (message,) = mail.outbox
    assert message.subject == "Join Müller & Söhne Bcc: x@x.example <b> in Chargebook"
    assert message.reply_to == [fleet_admin.email]
    html = message.alternatives[0].content
    for text in (message.body, unescape(html)):
        assert "Hello Zoe," in text
        assert f"{fleet_admin.name} invites you to join the team of “Müller & Söhne" in text
        assert "https://chargebook.example/invitation/" in text
    assert "<b>" not in html


def test_staff_stay_nameless(fleet, staff):
    deliver(make(fleet, invited_by=staff))
    assert "You are invited to join the team" in mail.outbox[0].body
    assert mail.outbox[0].reply_to == []


@pytest.mark.usefixtures("_all_translated")
@pytest.mark.parametrize("role", ["admin", "manager", "viewer"])
@pytest.mark.parametrize("language", OTHERS)
def test_it_is_in_the_language_that_was_chosen(fleet, fleet_admin, language, role):
    deliver(make(fleet, language=language, role=role, invited_by=fleet_admin, name="Zoe"))
    assert f'<html lang="{language}"' in mail.outbox[0].alternatives[0].content
    with translation.override(settings.LANGUAGE_CODE):
        assert "invites you" not in mail.outbox[0].body


@pytest.mark.usefixtures("_all_translated")
def test_an_accounts_language_goes_first(fleet):
    UserFactory(email="zoe@hudson.example", language="fr")
    deliver(make(fleet, language="de"))
    assert "Bonjour," in mail.outbox[0].body


@pytest.mark.usefixtures("_all_translated")
@pytest.mark.parametrize("language", OTHERS)
def test_the_operators_own_invitation_is_in_the_accounts_language(language):
    user = User.objects.create_user("zoe@hudson.example", language=language)
    send_invitation(user, fleet_name="Hudson")
    send_invitation(UserFactory(language=language))
    for message in mail.outbox:
        assert f'<html lang="{language}"' in message.alternatives[0].content
