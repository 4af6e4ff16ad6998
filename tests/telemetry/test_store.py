"""Counters: added up over processes, kept while Redis is away."""

import subprocess
import sys
from collections.abc import Iterator

import pytest
import redis
from django.conf import settings as django_settings
from django.core.cache import caches
from django.test import override_settings

from telemetry.measures import STORE, Counter, Numbers, Store, Timer
from tools.services import valkey
from tools.services.ports import free_port

ASKED = Counter(name="asked", about="How often.", labels=("who",))
TOOK = Timer(name="took", about="How long.", labels=("who",), buckets=(0.1, 1.0))


def samples(measure: Counter | Timer, stored: dict[str, float]) -> dict[tuple, float]:
    return {
        (sample.name, *sample.labels.values()): sample.value
        for sample in measure.family(Numbers(stored)).samples
    }


def test_counters_add_up_by_label():
    ASKED.add(who="ana")
    ASKED.add(2, who="ana")
    ASKED.add(who='b"o\nb')
    assert samples(ASKED, STORE.read()) == {
        ("asked_total", "ana"): 3,
        ("asked_total", 'b"o\nb'): 1,
    }


def test_a_counter_without_labels_begins_at_zero():
    silent = Counter(name="pauses", about="How long.", labels=())
    assert samples(silent, {}) == {("pauses_total",): 0}
    assert samples(ASKED, {}) == {}


def test_durations_are_sorted_into_buckets():
    for seconds in (0.05, 0.1, 0.5, 7.0):
        TOOK.note(seconds, who="ana")
    assert samples(TOOK, STORE.read()) == {
        ("took_bucket", "ana", "0.1"): 2,
        ("took_bucket", "ana", "1.0"): 3,
        ("took_bucket", "ana", "+Inf"): 4,
        ("took_count", "ana"): 4,
        ("took_sum", "ana"): pytest.approx(7.65),
    }


def test_labels_have_to_be_those_of_the_measure():
    with pytest.raises(ValueError, match="who"):
        ASKED.add(whom="ana")


def test_what_another_version_counted_is_passed_over():
    stored = {'["asked", ["ana", "GET"], ""]': 1.0, '["gone", [], ""]': 1.0}
    assert samples(ASKED, stored) == {}


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """A Redis of our own, without the database's number."""
    if valkey.server_path() is None:
        pytest.skip("no Valkey server comes with this platform")
    with valkey.private_server() as url:
        yield url


def on_redis(url: str) -> override_settings:
    """Return a block in which the cache is at `url`."""
    cache = {"BACKEND": "django_redis.cache.RedisCache", "LOCATION": url}
    return override_settings(CACHE_URL=url, CACHES={"default": cache})


@pytest.fixture
def cache_server(server) -> Iterator[str]:
    """The portal's cache, in an empty Redis of our own."""
    url = f"{server}/1"
    with on_redis(url):
        yield url
        caches["default"].client.get_client().flushdb()
        caches.close_all()


def test_all_processes_are_added_up(cache_server):
    one, other = Store(), Store()
    one.add({"a": 1.0, "b": 0.5})
    one.hand_on()
    other.add({"a": 2.0})
    assert other.read() == {"a": 3.0, "b": 0.5}
    assert one.read() == {"a": 3.0, "b": 0.5}
    one.end()
    other.end()


def test_a_process_hands_on_what_it_counted_when_it_ends(cache_server):
    subprocess.run(
        [
            sys.executable,
            "-c",
            "import django; django.setup()\n"
            "from telemetry.measures import MAILS\n"
            "MAILS.add(kind='approved', outcome='sent')",
        ],
        env={
            **dict.fromkeys(("AMPECO_BASE_URL",), "http://operator.test"),
            "AMPECO_API_TOKEN": "token",
            "SECRET_KEY": "x" * 50,
            "DATABASE_URL": "sqlite:///:memory:",
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "CACHE_URL": cache_server,
        },
        cwd=django_settings.BASE_DIR,
        check=True,
    )
    store = Store()
    assert store.read() == {'["chargebook_mails", ["approved", "sent"], ""]': 1.0}


def test_nothing_is_lost_while_redis_is_away(server):
    store = Store()
    with on_redis(f"redis://127.0.0.1:{free_port()}/1"):
        store.add({"a": 1.0})
        with pytest.raises(redis.RedisError):
            store.hand_on()
        with pytest.raises(redis.RedisError):
            store.read()
        store.add({"a": 1.0})
    with on_redis(f"{server}/2"):
        assert store.read() == {"a": 2.0}
        caches.close_all()
    store.end()


def test_a_forked_process_counts_for_itself_only():
    store = Store()
    store.add({"a": 1.0})
    store.forget()
    assert store.read() == {}
