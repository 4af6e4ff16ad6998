"""`manage.py create_fleet`: onboarding a fleet and its first people."""

import io
import re

import pytest
from django.core import mail
from django.core.management import CommandError, call_command

from accounts.models import User
from drivers.models import Fleet, FleetMembership
from drivers.permissions import current_drivers
from sandbox.world.cast import HUDSON
from tests.factories import FleetFactory, UserFactory

pytestmark = pytest.mark.django_db

MANAGER = "maya@hudson.example"
PASSWORD = "four words of mine"


@pytest.fixture
def create(operator, capsys):
    """Run the command; return what it says."""

    def run(**options):
        values = {"partner_id": HUDSON, "manager": MANAGER, **options}
        call_command("create_fleet", values.pop("name", "Hudson Parcel"), **values)
        said = capsys.readouterr()
        return said.out + said.err

    return run


@pytest.fixture
def typed_password(monkeypatch):
    def type_in(text):
        monkeypatch.setattr("sys.stdin", io.StringIO(f"{text}\n"))

    return type_in


def roles(fleet) -> dict[str, str]:
    return {each.user.email: each.team_role.value for each in fleet.memberships.all()}


def test_a_fleet_with_its_manager_and_drivers(create):
    said = create(manager="Maya@Hudson.Example", viewer=["vince@hudson.example"])

    fleet = Fleet.objects.get()
    assert (fleet.name, fleet.ampeco_partner_id) == ("Hudson Parcel", HUDSON)
    assert roles(fleet) == {MANAGER: "admin", "vince@hudson.example": "viewer"}
    assert current_drivers(fleet).count() == 12
    assert "The operator knows partner 501 as “Hudson Parcel Fleet”." in said
    assert "Made the fleet “Hudson Parcel”" in said
    assert "maya@hudson.example is now a fleet admin." in said
    assert "An invitation was mailed to vince@hudson.example." in said
    assert "Drivers: 12 drivers (12 joined" in said
    assert [message.to for message in mail.outbox] == [[MANAGER], ["vince@hudson.example"]]


def test_the_invitation_lets_the_manager_in(create, client):
    create()
    (message,) = mail.outbox
    (link,) = set(re.findall(r"https://chargebook\.example(/\S*/reset/key/\S+)", message.body))
    form = client.get(link, follow=True)
    response = client.post(
        form.request["PATH_INFO"], {"password1": PASSWORD, "password2": PASSWORD}, follow=True
    )
    assert response.status_code == 200
    assert User.objects.get().check_password(PASSWORD)
    response = client.post("/account/login/", {"login": MANAGER.upper(), "password": PASSWORD})
    assert response.status_code == 302
    assert client.get("/drivers/").status_code == 200


def test_a_password_from_standard_input_needs_no_invitation(create, typed_password):
    typed_password(PASSWORD)
    create(password_stdin=True, viewer=["vince@hudson.example"])
    assert User.objects.get(email=MANAGER).check_password(PASSWORD)
    assert [message.to for message in mail.outbox] == [["vince@hudson.example"]]


def test_a_weak_password_changes_nothing(create, typed_password):
    typed_password("12345")
    with pytest.raises(CommandError, match="This password is too short"):
        create(password_stdin=True)
    assert not Fleet.objects.exists()
    assert not User.objects.exists()


def test_run_again_it_adds_what_is_missing(create, typed_password):
    typed_password(PASSWORD)
    create(password_stdin=True)
    said = create(name="Another Name", manager="second@hudson.example")

    fleet = Fleet.objects.get()
    assert "The fleet “Hudson Parcel” (id " in said
    assert "has this partner id already; it stays." in said
    assert roles(fleet) == {MANAGER: "admin", "second@hudson.example": "admin"}
    assert [message.to for message in mail.outbox] == [["second@hudson.example"]]

    said = create(manager=MANAGER)
    assert "maya@hudson.example was already, and stays, a fleet admin." in said
    assert User.objects.count() == 2
    assert len(mail.outbox) == 1


def test_who_never_set_a_password_is_invited_again(create):
    create()
    create()
    assert [message.to for message in mail.outbox] == [[MANAGER], [MANAGER]]


def test_a_person_of_another_fleet_keeps_the_password_and_is_told(create, typed_password):
    user = UserFactory(email=MANAGER)
    FleetMembership.objects.create(fleet=FleetFactory(), user=user)
    typed_password("another good password")
    said = create(password_stdin=True)
    assert "maya@hudson.example had a password already and keeps it." in said
    assert user.memberships.count() == 2
    (message,) = mail.outbox
    assert "Hudson Parcel" in message.body
    assert "reset/key" not in message.body


def test_a_partner_that_the_operator_does_not_know(create):
    with pytest.raises(CommandError, match="The operator knows no partner 999"):
        create(partner_id=999)
    assert not Fleet.objects.exists()


def test_an_operator_out_of_reach_leaves_a_fleet_without_drivers(create, operator, capsys):
    operator.faults.add("server-error")
    with pytest.raises(CommandError, match=r"The fleet stands\.") as refusal:
        create()
    said = capsys.readouterr()
    assert "Could not check the partner: The operator's system did not answer" in said.err
    assert "Drivers: broken off." in said.out
    fleet = Fleet.objects.get()
    assert f"sync_drivers --fleet {fleet.pk}" in str(refusal.value)
    assert roles(fleet) == {MANAGER: "admin"}


def test_without_a_check_the_operator_is_left_alone(create, wire):
    create(partner_id=999, no_check=True)
    assert wire.count() == 0
    assert Fleet.objects.get().ampeco_partner_id == 999


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"manager": "maya"}, "“maya” is not an e-mail address."),
        ({"viewer": ["x@"]}, "“x@” is not an e-mail address."),
        ({"viewer": [MANAGER.upper()]}, "an e-mail is named twice"),
        ({"partner_id": 0}, "must be a positive number"),
        (
            {"partner_id": 2**63, "no_check": True},
            "partner id: Ensure this value is less",
        ),
        ({"name": " "}, "name: This field cannot be blank."),
        ({"name": "N" * 201}, "name: Ensure this value has at most 200 characters (it has 201)."),
        ({"manager": "off@hudson.example"}, "The account of off@hudson.example is switched off."),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_made(create, options, sentence):
    UserFactory(email="off@hudson.example", is_active=False)
    with pytest.raises(CommandError, match=re.escape(sentence)):
        create(**options)
    assert not Fleet.objects.exists()
    assert mail.outbox == []


def test_a_mail_server_that_is_away_is_said(create, settings):
    settings.EMAIL_BACKEND = "tests.accounts.broken_mail.Backend"
    said = create()
    assert "The invitation to maya@hudson.example could not be sent" in said
    assert roles(Fleet.objects.get()) == {MANAGER: "admin"}
