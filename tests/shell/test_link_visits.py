import pytest
import time_machine
from django.test import RequestFactory

from shell.link_visits import TooManyVisits, client_address, count_visit


def visit(secret: str = "secret", address: str = "192.0.2.1") -> None:
    count_visit(RequestFactory(REMOTE_ADDR=address).get("/"), secret=secret)


@pytest.fixture(autouse=True)
def clock(settings):
    """Ten seconds past a minute, in which few visits are allowed."""
    settings.LINK_VISITS_PER_MINUTE = 3
    settings.LINK_VISITS_PER_MINUTE_AND_ADDRESS = 5
    with time_machine.travel("2026-11-20T12:00:10Z", tick=False) as traveller:
        yield traveller


def test_a_link_is_opened_so_often_a_minute_from_wherever(clock):
    for number in range(3):
        visit(address=f"192.0.2.{number}")
    with pytest.raises(TooManyVisits) as limit:
        visit(address="192.0.2.9")
    assert limit.value.seconds == 50
    visit("another secret", address="192.0.2.9")
    clock.shift(50)
    visit(address="192.0.2.9")


def test_an_address_opens_so_many_links_a_minute():
    for number in range(5):
        visit(f"secret {number}")
    with pytest.raises(TooManyVisits):
        visit("secret 6")
    visit("secret 6", address="192.0.2.2")


def test_while_the_cache_is_away_everybody_gets_in(settings):
    settings.CACHES = {
        "default": {
            "BACKEND": "django_redis.cache.RedisCache",
            "LOCATION": "redis://127.0.0.1:1/0",
            "OPTIONS": {"IGNORE_EXCEPTIONS": True},
        }
    }
    for _number in range(9):
        visit()


@pytest.mark.parametrize(
    ("address", "known_as"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:bbbb::2", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("unix:", ""),
    ],
)
def test_a_client_is_known_by_its_address(address, known_as):
    assert client_address(RequestFactory(REMOTE_ADDR=address).get("/")) == known_as


@pytest.mark.parametrize(
    ("forwarded", "known_as"),
    [
        ("198.51.100.7", "198.51.100.7"),
        ("192.0.2.1, 198.51.100.7", "198.51.100.7"),
        ("what the client wrote, 198.51.100.7", "198.51.100.7"),
        ("198.51.100.7:40112", "198.51.100.7"),
        ("192.0.2.1, 198.51.100.7:40112", "198.51.100.7"),
        ("[2001:db8:1:2::7]:443", "2001:db8:1:2::/64"),
        ("[2001:db8:1:2::7]", "2001:db8:1:2::/64"),
        ('"[2001:db8:1:2::7]:443"', "2001:db8:1:2::/64"),
        ("198.51.100.7, garbage", ""),
        ("198.51.100.7:x", ""),
        ("", ""),
    ],
)
def test_behind_a_proxy_only_what_the_proxy_says_counts(settings, forwarded, known_as):
    request = RequestFactory(REMOTE_ADDR="127.0.0.1").get(
        "/", headers={"X-Forwarded-For": forwarded}
    )
    assert client_address(request) == "127.0.0.1"
    settings.BEHIND_PROXY = True
    assert client_address(request) == known_as
