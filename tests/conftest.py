"""Fixtures that every part of the suite shares."""

import gc
import os
import socket
from datetime import UTC, datetime
from ipaddress import ip_address

import hypothesis
import pytest
import time_machine
from django.core.cache import cache
from django.db import connection
from django.db.backends.signals import connection_created
from django.utils.timezone import now

from drivers.models import Fleet
from shell.remembered import forget_everything
from tests import clock
from tests.browser_fixture import *  # noqa: F403 - one browser for all
from tests.database import emptying, template
from tests.factories import FleetFactory, MembershipFactory, UserFactory
from tests.operator_fixture import *  # noqa: F403 - the fixtures of the simulated operator

_connect = socket.socket.connect


def pytest_configure() -> None:
    """Set the clock to TEST_NOW, before any test is read."""
    try:
        clock.start()
    except clock.WrongTime as problem:
        raise pytest.UsageError(str(problem)) from None
    connection_created.connect(template.copy_sqlite)
    connection_created.connect(clock.set_sqlite_clock)
    # How long an example takes is up to the machine.
    hypothesis.settings.register_profile("suite", deadline=None)
    hypothesis.settings.load_profile("suite")
    # Of what is made while tests are read, next to nothing goes before their end.
    gc.disable()


def pytest_report_header() -> str | None:
    """Say what time it is for the tests, where that is not the present."""
    if clock.OFFSET in os.environ:
        return f"as if it were {datetime.now(UTC):%a %d %b %Y, %H:%M} UTC (TEST_NOW)"
    return None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the demo, which takes longest."""
    items.sort(key=lambda item: item.get_closest_marker("stack") is None)


def pytest_collection_finish() -> None:
    """Let the collector pass over what stays to the end; it took a tenth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    gc.enable()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    """Let the database of the tests tell their time, and be empty again soon."""
    with django_db_blocker.unblock():
        clock.set_postgresql_clock(connection)
        emptying.install()


@pytest.fixture(autouse=True)
def _only_loopback(monkeypatch):
    """Refuse connections to other machines, so that no test depends on one."""

    def connect(self, address):
        host = address[0] if isinstance(address, tuple) else "localhost"
        if host != "localhost" and not ip_address(host).is_loopback:
            raise AssertionError(f"A test tried to reach {host}.")
        return _connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect)


@pytest.fixture(autouse=True)
def _empty_cache():
    """Start each test without what an earlier one left in the cache, or in memory."""
    cache.clear()
    forget_everything()


@pytest.fixture
def still():
    """Time stands still, so that no minute, hour or day ends in the middle of a test."""
    with time_machine.travel(now().timestamp(), tick=False):
        yield


@pytest.fixture
def fleet(db) -> Fleet:
    return FleetFactory(name="Hudson Parcel Fleet", ampeco_partner_id=501)


@pytest.fixture
def other_fleet(db) -> Fleet:
    return FleetFactory(name="Rhône Fret", ampeco_partner_id=502)


@pytest.fixture
def manager(fleet):
    return MembershipFactory(fleet=fleet, user__email="manager@hudson.example").user


@pytest.fixture
def fleet_admin(fleet):
    return MembershipFactory(fleet=fleet, user__email="admin@hudson.example", admin=True).user


@pytest.fixture
def viewer(fleet):
    return MembershipFactory(fleet=fleet, user__email="viewer@hudson.example", viewer=True).user


@pytest.fixture
def other_manager(other_fleet):
    return MembershipFactory(fleet=other_fleet, user__email="manager@rhone.example").user


@pytest.fixture
def staff(db):
    return UserFactory(email="staff@operator.example", staff=True)


@pytest.fixture
def as_manager(client, manager):
    client.force_login(manager)
    return client


@pytest.fixture
def as_viewer(client, viewer):
    client.force_login(viewer)
    return client


@pytest.fixture
def as_other_manager(client, other_manager):
    client.force_login(other_manager)
    return client
