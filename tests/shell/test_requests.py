"""What is refused before a page sees it, and what no form lets through."""

from importlib import import_module
from pkgutil import walk_packages
from types import SimpleNamespace

import pytest
from allauth.core import context
from django import forms
from django.apps import apps
from django.conf import settings as portal_settings
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.cache import SessionStore
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import models
from django.test import Client
from django.urls import reverse
from django.utils.module_loading import import_string

from accounts.models import User
from tests.accounts.steps import is_in, log_in
from tests.factories import PASSWORD

PEOPLE = "/back-office/accounts/user/"


@pytest.mark.postgresql
@pytest.mark.django_db
def test_a_cookie_with_a_nul_is_none(manager):
    client = Client()
    for name in ("sessionid", "csrftoken", "viewer_tz", "messages"):
        client.cookies.load(f'{name}="a\\000b"')
        assert client.cookies[name].value == "a\x00b"
    assert client.get("/bookings/")["Location"] == "/account/login/?next=/bookings/"
    log_in(client, manager.email)
    assert is_in(client)
    assert client.get("/bookings/").status_code == 200


@pytest.mark.postgresql
@pytest.mark.django_db
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("get", f"{PEOPLE}?is_staff__exact=%00"),
        ("get", f"{PEOPLE}?email=a%00"),
        ("get", f"{PEOPLE}?%00=1"),
        ("get", "/back-office/bookings/booking/?status__exact=%00"),
        ("get", "/back-office/bookings/bookingrequest/?q=%00&state__exact=%00"),
        ("get", f"{PEOPLE}a%00/change/"),
        ("post", PEOPLE),
    ],
)
def test_a_nul_for_the_back_office_is_a_bad_request(client, staff, method, path):
    client.force_login(staff)
    data = {"action": "sign_out", "_selected_action": "\x00"} if method == "post" else None
    answer = getattr(client, method)(path, data)
    assert answer.status_code == 400
    assert "Content-Security-Policy" in answer


@pytest.mark.django_db
def test_without_a_nul_the_same_pages_open(client, staff):
    client.force_login(staff)
    assert client.get(f"{PEOPLE}?is_staff__exact=1").status_code == 200


@pytest.mark.django_db
def test_no_page_takes_a_file(client, as_manager):
    file = SimpleUploadedFile("list.csv", b"x" * 100_000)
    for path in ("/account/login/", "/drivers/add/", "/back-office/login/", "/bookings/notices/"):
        assert as_manager.post(path, {"file": file}).status_code == 400
        file.seek(0)


@pytest.mark.django_db
def test_a_form_is_small(client):
    too_long = {"login": "x" * 600_000, "password": PASSWORD}
    assert client.post("/account/login/", too_long).status_code == 400
    too_many = {f"field{number}": "" for number in range(1001)}
    assert client.post("/account/login/", too_many).status_code == 400


@pytest.mark.django_db
def test_a_long_password_is_said_to_be_long(client, manager):
    page = log_in(client, manager.email, "x" * 257).content.decode()
    assert "at most 256 characters" in page


OWN = ("accounts", "bookings", "drivers", "sites", "mirror", "privacy", "telemetry")


def own_forms() -> list[type[forms.BaseForm]]:
    """Return all forms of the portal, and those of the log-in that it uses."""
    for name in OWN:
        if apps.is_installed(name):
            package = import_module(name)
            for module in walk_packages(package.__path__, f"{name}."):
                if ".migrations" not in module.name and ".management" not in module.name:
                    import_module(module.name)
    found, left = set(), [forms.BaseForm]
    while left:
        one = left.pop()
        left += one.__subclasses__()
        if one.__module__.partition(".")[0] in OWN:
            found.add(one)
    named = {*portal_settings.ACCOUNT_FORMS.values(), *portal_settings.MFA_FORMS.values()}
    assert {import_string(name) for name in named} <= found
    return sorted(found, key=lambda form: f"{form.__module__}.{form.__qualname__}")


def unbounded(form: type[forms.BaseForm], fields: dict[str, forms.Field]) -> list[str]:
    return [
        f"{form.__module__}.{form.__qualname__}.{name}"
        for name, field in fields.items()
        if isinstance(field, forms.CharField)
        and field.max_length is None
        and not isinstance(field, forms.JSONField | forms.UUIDField)
        and not isinstance(field.widget, forms.CheckboxInput)
    ]


@pytest.mark.django_db
def test_every_text_field_of_a_form_is_bounded(request_of_nobody):
    found = []
    for form in own_forms():
        made = make(form)
        found += unbounded(form, made.fields if made else form.base_fields)
    assert found == []


def make(form: type[forms.BaseForm]) -> forms.BaseForm | None:
    """Return a form as its page makes it where that needs no more than its user."""
    passkey = SimpleNamespace(wrap=lambda: SimpleNamespace(name="Phone"))
    for more in ({}, {"user": User(pk=0)}, {"instance": passkey}):
        try:
            return form(**more)
        except (TypeError, AttributeError, KeyError, ValueError, AssertionError):
            continue
    return None


@pytest.fixture
def request_of_nobody(rf):
    """Be within a request, as the forms of the log-in want it."""
    request = rf.get("/")
    request.session, request.user = SessionStore(), AnonymousUser()
    with context.request_context(request):
        yield request


def test_every_text_of_a_model_that_a_form_may_fill_is_bounded():
    found = [
        f"{model._meta.label}.{field.name}"
        for model in apps.get_models()
        if model._meta.app_label in OWN
        for field in model._meta.get_fields()
        if isinstance(field, models.CharField) and field.max_length is None
    ]
    assert found == []


GOALS = ("https://evil.example/", "//evil.example", "/\\evil.example", "javascript:1", "\x00")


@pytest.mark.django_db
@pytest.mark.parametrize("goal", GOALS)
def test_no_way_in_or_out_leads_elsewhere(client, staff, manager, goal):
    def leads(answer) -> str:
        assert answer.status_code == 302
        return answer["Location"]

    assert leads(log_in(client, manager.email, next=goal)) == "/"
    assert leads(client.post("/account/logout/", {"next": goal})) == "/"
    assert leads(client.post("/account/logout/", {"next": goal})) == "/"
    client.force_login(manager)
    assert leads(client.get("/account/login/", {"next": goal})) == "/"
    change = {"oldpassword": PASSWORD, "password1": "x", "next": goal}
    assert "evil" not in client.post("/account/password/change/", change).headers.get(
        "Location", ""
    )
    client.force_login(staff)
    if "\x00" not in goal:
        assert leads(client.get("/back-office/login/", {"next": goal})) == reverse("admin:index")
        assert leads(Client().get("/back-office/login/", {"next": goal})) == (
            "/account/login/?next=%2Fback-office%2F"
        )


@pytest.mark.django_db
def test_another_host_of_the_portals_is_elsewhere_too(client, manager, settings):
    settings.ALLOWED_HOSTS = ["testserver", "other.example"]
    assert log_in(client, manager.email, next="https://other.example/")["Location"] == "/"
