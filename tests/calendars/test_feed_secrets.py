"""The addresses of calendars: how they are kept, and when they end."""

from importlib import import_module
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest
from django.apps import apps
from django.db import connection
from django.test import Client

from calendars.feeds import feed_url, feeds_of, make_feed
from calendars.models import CalendarFeed, new_secret
from drivers.models import FleetMembership
from privacy.tasks import clear_old_data
from tests.factories import MembershipFactory, secret_of

pytestmark = pytest.mark.django_db

write_addresses_back = import_module(
    "calendars.migrations.0002_seal_feed_addresses"
).write_addresses_back


@pytest.fixture
def maker(fleet):
    return MembershipFactory(fleet=fleet)


@pytest.fixture
def feed(fleet, maker) -> CalendarFeed:
    return make_feed(fleet=fleet, user=maker.user)


@pytest.fixture
def old_feed(fleet, maker) -> CalendarFeed:
    """A calendar as an earlier version wrote it down."""
    return CalendarFeed.objects.create(fleet=fleet, created_by=maker.user, secret=new_secret())


def opens(client, secret: str) -> bool:
    return client.get(f"/calendar/{secret}.ics").status_code == 200


def test_whoever_reads_the_database_opens_no_calendar(client, feed):
    secret = secret_of(feed)
    assert opens(client, secret)
    [row] = CalendarFeed.objects.values()
    for kept in row.values():
        assert secret not in str(kept)
    assert not opens(client, row["secret"])
    assert not opens(client, row["sealed"])


def test_addresses_of_before_go_on_and_are_sealed(client, old_feed, as_manager):
    secret, address = old_feed.secret, feed_url(old_feed)
    assert opens(client, secret)
    assert address in as_manager.get("/bookings/feeds/").content.decode()
    clear_old_data()
    old_feed.refresh_from_db()
    assert old_feed.secret != secret
    assert secret not in old_feed.sealed
    assert opens(client, secret)
    assert not opens(client, old_feed.secret)
    assert feed_url(old_feed) == address
    again = old_feed.sealed
    clear_old_data()
    old_feed.refresh_from_db()
    assert old_feed.sealed == again


def test_who_goes_back_to_the_version_before_has_the_addresses_again(client, feed, old_feed):
    secrets = {secret_of(feed), old_feed.secret}
    clear_old_data()
    write_addresses_back(apps, SimpleNamespace(connection=connection))
    assert set(CalendarFeed.objects.values_list("secret", flat=True)) == secrets


def test_with_another_key_addresses_work_and_are_no_longer_shown(client, feed, manager, settings):
    secret = secret_of(feed)
    old, settings.SECRET_KEY = settings.SECRET_KEY, "another key, of at least as many letters"
    settings.SECRET_KEY_FALLBACKS = [old]
    assert secret_of(feed) == secret
    settings.SECRET_KEY_FALLBACKS = []
    assert feed_url(feed) == ""
    as_manager = Client()
    as_manager.force_login(manager)
    page = as_manager.get("/bookings/feeds/").content.decode()
    assert "Works, but can no longer be shown." in page
    assert opens(client, secret)


@pytest.fixture
def leave(maker, fleet_admin, client):
    def by(way: str) -> None:
        client.force_login(fleet_admin)
        person = f"/team/members/{maker.pk}/"
        if way == "becomes a viewer":
            page = client.post(f"{person}role/", {"role": "viewer"}, follow=True)
        elif way == "is removed":
            page = client.post(f"{person}remove/", follow=True)
        elif way == "leaves":
            client.force_login(maker.user)
            page = client.post("/team/leave/", follow=True)
        elif way == "is switched off":
            maker.user.is_active = False
            maker.user.save()
            return
        else:
            maker.delete()
            return
        assert "The address of 1 calendar no longer works." in page.content.decode()

    return by


WAYS = ["becomes a viewer", "is removed", "leaves", "is switched off", "is deleted"]


@pytest.mark.parametrize("way", WAYS)
def test_an_address_ends_with_what_its_maker_may_see(client, feed, fleet, way, leave):
    secret = secret_of(feed)
    assert opens(client, secret)
    leave(way)
    assert not opens(client, secret)
    assert not feeds_of(fleet).exists()


@pytest.mark.parametrize("way", WAYS[:3])
def test_it_does_not_come_back_with_them(client, feed, fleet, maker, way, leave):
    leave(way)
    FleetMembership.objects.update_or_create(
        fleet=fleet, user=maker.user, defaults={"role": "manager"}
    )
    assert not opens(client, secret_of(feed))


def test_staff_who_make_somebody_a_viewer_end_their_calendars(client, feed, staff, maker):
    client.force_login(staff)
    change = f"/back-office/drivers/fleetmembership/{maker.pk}/change/"
    assert client.post(change, {"team_role": "viewer"}).status_code == 302
    feed.refresh_from_db()
    assert feed.revoked_at


def test_who_leaves_reads_that_their_calendars_end(client, feed, maker):
    client.force_login(maker.user)
    page = client.get("/team/leave/").content.decode()
    assert "The address of 1 calendar that was created by this account will stop working." in page
    assert urlsplit(feed_url(feed)).path not in page
