"""What the proxy that we ship writes down: no address that opens something by itself."""

import re

import pytest
from django.conf import settings
from django.urls import get_resolver, reverse

PROXY = (settings.BASE_DIR / "deploy" / "nginx.conf").read_text(encoding="utf-8")


def is_logged(path: str) -> bool:
    (rules,) = re.findall(r"map \$uri \$loggable \{(.+?)\}", PROXY, re.DOTALL)
    patterns = re.findall(r"^\s*~(\S+) 0;$", rules, re.MULTILINE)
    assert patterns and "default 1;" in rules
    return not any(re.search(pattern, path) for pattern in patterns)


def silent_places() -> list[str]:
    """Return the beginnings of addresses of which no errors are written either, as expressions."""
    places = re.findall(r"location (?:(~) )?(\S+) \{([^}]+)\}", PROXY)
    return [
        place if is_expression else "^" + re.escape(place)
        for is_expression, place, rules in places
        if "error_log /dev/null crit;" in rules
    ]


def secret_addresses() -> list[str]:
    routes = [str(each.pattern) for each in get_resolver().url_patterns]
    return [
        *("/" + route.replace("<str:secret>", "s3cr3t") for route in routes if "secret>" in route),
        reverse("account_reset_password_from_key", args=["1", "s3cr3t"]),
        reverse("account_security"),
    ]


def test_addresses_that_open_something_are_in_no_log():
    addresses = secret_addresses()
    assert len(addresses) > 5
    assert [address for address in addresses if is_logged(address)] == []
    silent = silent_places()
    assert [a for a in addresses if not any(re.search(each, a) for each in silent)] == []


@pytest.mark.parametrize("name", ["home", "bookings:list", "sites:list", "admin:index"])
def test_other_addresses_are(name):
    assert is_logged(reverse(name))


def test_nothing_else_of_a_request_tells_them():
    """Neither what stands behind a question mark nor the page that somebody comes from."""
    (line,) = re.findall(r"log_format careful (.+?);", PROXY, re.DOTALL)
    told = set(re.findall(r"\$\w+", line))
    assert "$uri" in told
    assert told.isdisjoint({"$request", "$request_uri", "$args", "$query_string", "$http_referer"})
    assert re.findall(r"access_log (.+);", PROXY) == [
        "/var/log/nginx/access.log careful if=$loggable"
    ]
