"""One line where one line is asked for, and names that are names."""

import pkgutil
from importlib import import_module

import pytest
from django import forms
from django.conf import settings
from django.contrib import admin
from django.core import mail

from drivers.models import TeamRole
from shell.plain_text import OneLines, is_one_line, is_plain_name
from team.invitations import deliver, invite
from team.models import Invitation
from tests.factories import MembershipFactory, UserFactory

REFUSED = "Please leave out line breaks and control characters."
ROOMS = [
    name
    for name in settings.INSTALLED_APPS
    if (settings.BASE_DIR / name).is_dir() and name != "sandbox"
]


def all_forms() -> set[type]:
    for room in ROOMS:
        package = import_module(room)
        for module in pkgutil.walk_packages(package.__path__, f"{room}."):
            if ".migrations" not in module.name:
                import_module(module.name)
    found, look = set(), [forms.BaseForm]
    while look:
        kind = look.pop()
        look += kind.__subclasses__()
        if kind.__module__.split(".")[0] in ROOMS:
            found.add(kind)
    return found


def test_every_form_of_the_portal_takes_one_line_in_fields_of_one():
    found = all_forms()
    assert len(found) > 30
    assert {kind.__qualname__ for kind in found if not issubclass(kind, OneLines)} == set()


def test_so_does_every_form_of_the_back_office(rf, staff):
    request = rf.get("/")
    request.user = staff
    for options in admin.site._registry.values():
        if not (options.has_add_permission(request) or options.has_change_permission(request)):
            continue
        kinds = {options.get_form(request), options.get_form(request, change=True)}
        kinds |= {
            inline.get_formset(request).form for inline in options.get_inline_instances(request)
        }
        for kind in kinds:
            one_lines = [name for name, field in kind.base_fields.items() if is_one_line(field)]
            assert issubclass(kind, OneLines) or not one_lines, (options, one_lines)


class Form(OneLines, forms.Form):
    name = forms.CharField()
    email = forms.EmailField(required=False)
    hidden = forms.CharField(widget=forms.HiddenInput, required=False)
    note = forms.CharField(widget=forms.Textarea, required=False)
    password = forms.CharField(widget=forms.PasswordInput, required=False)


@pytest.mark.parametrize("letter", ["\n", "\r", "\t", "\x07", "\x1b", "\x7f", "\x85", "\u2028"])
def test_control_characters_are_refused_beside_the_field(letter):
    text = f"Ana{letter}Silva"
    data = dict.fromkeys(Form.base_fields, text) | {"email": f'"a{letter}b"@x.example'}
    form = Form(data)
    assert set(form.errors) == {"name", "email", "hidden"}
    for name in form.errors:
        assert REFUSED in form.errors[name]


def test_what_people_write_is_taken():
    for name in ("Ana Silva", "Łukasz O’Neill", "李", "ناصر", "e\u0301", "👩‍🚒", " Ana \n"):
        assert Form({"name": name, "note": "two\nlines"}).is_valid(), name


def test_a_line_break_is_refused_on_a_page(as_manager, fleet_admin, client):
    answer = as_manager.post("/bookings/feeds/", {"scope": "site", "site": "Pier\n40"})
    assert REFUSED in answer.content.decode()
    assert REFUSED in client.get("/bookings/", {"q": "a\x07b"}).content.decode()


@pytest.mark.parametrize(
    "name",
    [
        "https://evil.example/win",
        "evil.example",
        "Claim your prize at www.evil.example",
        "Click EVIL.COM/x now",
        "x" * 81,
        "Your account is locked. " * 5,
    ],
)
def test_what_is_no_name_goes_into_no_invitation(fleet, name):
    assert not is_plain_name(name)
    boss = UserFactory(name=name, email="boss@hudson.example")
    fleet.name = name[:200]
    fleet.save()
    MembershipFactory(fleet=fleet, user=boss, admin=True)
    invitation = invite(
        fleet=fleet,
        email="new@x.example",
        name=name,
        role=TeamRole.VIEWER,
        language="en",
        by=boss,
        staff=False,
    )
    assert deliver(invitation)
    (message,) = mail.outbox
    written = f"{message.subject} {message.body} {message.alternatives[0][0]}"
    assert name not in written
    assert "evil" not in written.lower()
    assert "boss@hudson.example invites you to join the team of “a fleet”" in written


@pytest.mark.parametrize(
    "name", ["Ana Silva", "J. R. Müller", "O’Neill GmbH & Co. KG", "St. Gallen"]
)
def test_a_name_is_a_name(name):
    assert is_plain_name(name)


def test_an_address_is_refused_where_a_name_is_asked_for(client, fleet, fleet_admin):
    client.force_login(fleet_admin)
    data = {"email": "new@x.example", "name": "evil.example", "role": "viewer", "language": "en"}
    page = client.post("/team/invite/", data).content.decode()
    assert "Please enter a name, not a web address." in page
    assert not Invitation.objects.exists()
