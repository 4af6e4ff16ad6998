"""Session, person and memberships are read together, and say the same as each by itself."""

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.session_store import digest_of
from drivers.models import FleetMembership
from tests.accounts.steps import log_in
from tests.factories import FleetFactory, MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db

HOME = reverse("home")
TABLES = [
    model._meta.db_table for model in (Session, get_user_model(), FleetMembership, UserSession)
]


@pytest.fixture
def signed_in(client, manager) -> Client:
    """Return a browser of a manager who has come in through the log-in."""
    log_in(client, manager.email)
    return client


def asked(client: Client, address: str = HOME) -> list[str]:
    """Return the queries about who asks that a page makes when it is loaded again."""
    client.get(address)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    told = [query["sql"] for query in captured.captured_queries]
    return [
        sql
        for sql in told
        if sql.startswith("SELECT") and any(f'FROM "{t}"' in sql for t in TABLES)
    ]


def is_in(client: Client) -> bool:
    return client.get(HOME).status_code == 200


def test_who_asks_is_read_in_one_query(signed_in):
    assert len(asked(signed_in)) == 1


def test_a_person_without_a_fleet_is_read_as_django_does(client, staff):
    client.force_login(staff)
    assert len(asked(client, reverse("admin:index"))) > 1
    assert client.get(reverse("admin:index")).wsgi_request.user == staff


def test_what_is_not_noted_is_read_as_django_does(signed_in, manager):
    UserSession.objects.all().delete()
    request = signed_in.get(HOME).wsgi_request
    assert (request.user, request.fleet) == (manager, manager.memberships.get().fleet)


def test_a_session_that_has_ended_lets_nobody_in(signed_in):
    assert is_in(signed_in)
    Session.objects.all().delete()
    assert UserSession.objects.exists()
    assert not is_in(signed_in)


def test_a_session_that_is_over_lets_nobody_in(signed_in):
    assert is_in(signed_in)
    Session.objects.update(expire_date="2020-01-01T00:00Z")
    assert not is_in(signed_in)


def test_who_was_deactivated_is_not_let_in(signed_in, manager):
    assert is_in(signed_in)
    get_user_model().objects.filter(pk=manager.pk).update(is_active=False)
    assert not is_in(signed_in)


def test_another_password_ends_the_session(signed_in, manager):
    assert is_in(signed_in)
    manager.set_password("another horse, another battery")
    manager.save()
    assert not is_in(signed_in)


def test_a_note_about_another_person_is_not_believed(signed_in, manager, other_manager):
    """What is noted of a session may be wrong; what is in the session is what counts."""
    assert is_in(signed_in)
    UserSession.objects.update(user=other_manager)
    page = signed_in.get(HOME)
    assert page.wsgi_request.user == manager
    assert page.wsgi_request.fleet == manager.memberships.get().fleet


def test_memberships_are_by_name_and_of_active_fleets(client):
    user = UserFactory()
    fleets = [FleetFactory(name=name) for name in ("Zephyr", "Atlas", "Meridian")]
    for fleet in fleets:
        MembershipFactory(user=user, fleet=fleet)
    fleets[2].is_active = False
    fleets[2].save()
    log_in(client, user.email)
    request = client.get(HOME).wsgi_request
    assert [each.fleet.name for each in request.memberships] == ["Atlas", "Zephyr"]
    assert request.fleet.name == "Atlas"
    assert digest_of(request.session.session_key) == UserSession.objects.get(user=user).session_key


def test_who_signs_in_anew_is_somebody_else(signed_in, other_manager):
    assert is_in(signed_in)
    signed_in.force_login(other_manager)
    request = signed_in.get(HOME).wsgi_request
    assert (request.user, request.fleet) == (other_manager, other_manager.memberships.get().fleet)
