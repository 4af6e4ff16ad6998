"""What the portal keeps in Redis: nothing that runs, and no secret that can be read."""

import pickle
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import redis
from django.core.cache import cache, caches
from django.test import Client, override_settings
from kombu.exceptions import ContentDisallowed
from kombu.serialization import loads, prepare_accept_content

from bookings.models.booking import driver_page_url
from calendars.feeds import feed_url, make_feed
from config.caches import key_of
from config.celery import app
from config.settings import read_cache
from tests.accounts.steps import code_now, give_code, log_in, set_up_app
from tests.factories import PASSWORD, BookingFactory
from tools.services import valkey


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    if valkey.server_path() is None:
        pytest.skip("no Valkey server comes with this platform")
    with valkey.private_server() as url:
        yield f"{url}/0"


@pytest.fixture
def stored(server) -> Iterator[redis.Redis]:
    """The server that the portal's cache is on, as somebody sees it who can read and write it."""
    with override_settings(CACHES={"default": read_cache(server)}):
        with redis.Redis.from_url(server) as client:
            client.flushdb()
            yield client
        caches.close_all()


class Bomb:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def test_what_somebody_writes_to_redis_does_not_run(stored, tmp_path):
    trace = tmp_path / "it ran"
    for key, rubbish in (("a", pickle.dumps(Bomb(trace))), ("b", b"\xff{"), ("c", b"")):
        stored.set(key_of(key, "chargebook", 1), rubbish)
        assert cache.get(key) is None
        assert cache.get_many([key]) == {key: None}
    assert not trace.exists()


def test_workers_take_no_message_that_would_run(tmp_path):
    trace = tmp_path / "it ran"
    for accepted in (app.conf.accept_content, app.conf.result_accept_content or ["json"]):
        with pytest.raises(ContentDisallowed):
            loads(
                pickle.dumps(Bomb(trace)),
                "application/x-python-serialize",
                "binary",
                accept=prepare_accept_content(accepted),
            )
    assert not trace.exists()
    assert {app.conf.task_serializer, app.conf.result_serializer, app.conf.event_serializer} == {
        "json"
    }


@pytest.mark.parametrize("kept", [[1, 2.5], {"a": None}, "ä", 7, True, [[1, [2, 3]]]])
def test_both_caches_keep_the_same_types(stored, kept):
    cache.set("x", kept)
    own = caches.create_connection("default")
    assert own.get("x") == kept
    with override_settings(CACHES={"default": read_cache("locmem://")}):
        cache.set("x", (kept, (1,)))
        assert cache.get("x") == [kept, [1]]
        with pytest.raises(TypeError):
            cache.set("x", {1, 2})


def content(server: redis.Redis, key: bytes) -> object:
    """Return what is under a key, of whatever type: measures are kept as hashes, say."""
    read = {
        b"string": server.get,
        b"hash": server.hgetall,
        b"set": server.smembers,
        b"list": lambda key: server.lrange(key, 0, -1),
        b"zset": lambda key: server.zrange(key, 0, -1),
    }
    return read[server.type(key)](key)


@pytest.mark.usefixtures("still")
@pytest.mark.django_db
def test_no_secret_can_be_read_in_redis(stored, fleet, manager):
    """A session, a code that was used, a calendar's address and a driver's link among them."""
    person = Client()
    log_in(person, manager.email)
    secret, recovery = set_up_app(person)
    signed_in = Client()
    log_in(signed_in, manager.email, "a wrong password")
    log_in(signed_in, manager.email)
    code = code_now(secret)
    give_code(signed_in, code)
    signed_in.get("/bookings/")
    feed = urlsplit(feed_url(make_feed(fleet=fleet, user=manager))).path
    booking = BookingFactory(fleet=fleet, accepted=True)
    link = urlsplit(driver_page_url(booking, booking.driver)).path
    for path in (feed, link):
        assert signed_in.get(path).status_code == 200
    secrets = [secret, code, *recovery, PASSWORD, "a wrong password", manager.email]
    secrets += [one.cookies["sessionid"].value for one in (person, signed_in)]
    secrets += [part for path in (feed, link) for part in path.split("/") if len(part) > 10]
    keys = stored.keys()
    assert len(keys) > 8
    kept = "\n".join(f"{key!r} {content(stored, key)!r}" for key in keys)
    assert [one for one in secrets if one.removesuffix(".ics") in kept] == []


def test_the_private_server_wants_its_password(server):
    address = urlsplit(server)
    assert address.password
    with (
        redis.Redis(port=address.port) as stranger,
        pytest.raises(redis.AuthenticationError),
    ):
        stranger.ping()
