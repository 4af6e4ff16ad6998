"""Typed readers of the environment that fail with one sentence naming the variable."""

import os
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import environ
from django.core.exceptions import ImproperlyConfigured

from shell.colors import is_color

# Commands that read and write code and touch no data: nothing they leave behind knows a secret, so
# that they start without one. Never one that serves, migrates or opens a shell.
CODE_COMMANDS = frozenset({"collectstatic", "compilemessages", "makemessages", "makemigrations"})
# A text and an address; the domain can never exist (RFC 2606).
STAND_IN = "http://not-set.invalid"
_stand_in_for_required = False

TRUE_WORDS = frozenset({"1", "true", "yes", "on"})
FALSE_WORDS = frozenset({"0", "false", "no", "off"})


def read_env_file(path: Path) -> None:
    """Read `path` into the environment if it exists; what is set already wins."""
    if path.is_file():
        environ.Env.read_env(path)


def stand_in_for_required(arguments: list[str]) -> None:
    global _stand_in_for_required
    _stand_in_for_required = len(arguments) > 1 and arguments[1] in CODE_COMMANDS


def text(name: str, default: str | None = None) -> str:
    """Return a variable as text; without a default it is required and may not be empty."""
    value = os.environ.get(name, "").strip()
    if value:
        return value
    if default is None:
        if _stand_in_for_required:
            return STAND_IN
        raise ImproperlyConfigured(f"{name} is not set: see .env.example for what it means.")
    return default


def boolean(name: str, *, default: bool) -> bool:
    value = text(name, "").lower()
    if not value:
        return default
    if value in TRUE_WORDS:
        return True
    if value in FALSE_WORDS:
        return False
    raise ImproperlyConfigured(f"{name} must be true or false, not “{value}”.")


def number(name: str, default: int, *, least: int = 0, most: int = 10_000_000) -> int:
    """Return a variable as a whole number between `least` and `most`."""
    value = text(name, str(default))
    try:
        result = int(value)
    except ValueError:
        raise ImproperlyConfigured(f"{name} must be a whole number, not “{value}”.") from None
    if not least <= result <= most:
        raise ImproperlyConfigured(f"{name} must be from {least} to {most}, not {result}.")
    return result


def choice(name: str, default: str, *, of: tuple[str, ...]) -> str:
    value = text(name, default).lower()
    if value not in of:
        raise ImproperlyConfigured(f"{name} must be {' or '.join(of)}, not “{value}”.")
    return value


def words(name: str, default: str = "", *, of: Iterable[str] | None = None) -> list[str]:
    """Return a variable such as “a, b” as a list of words; with `of` each is one of those."""
    found = [word.strip() for word in text(name, default).split(",") if word.strip()]
    known = found if of is None else list(of)
    for word in found:
        if word not in known:
            raise ImproperlyConfigured(
                f"{name} may name {', '.join(known)} with commas in between, not “{word}”."
            )
    return found


def pairs(name: str) -> dict[str, str]:
    """Return a variable such as “a=1, b=2” as a mapping; the message repeats no value."""
    found = {}
    for word in words(name):
        key, sign, value = word.partition("=")
        if not (sign and key.strip() and value.strip()):
            raise ImproperlyConfigured(f"{name} must be name=value pairs with commas in between.")
        found[key.strip()] = value.strip()
    return found


def web_address(name: str, default: str | None = None) -> str:
    """Return a variable as an http(s) address without a trailing slash."""
    value = text(name, default).rstrip("/")
    if not value:
        return value
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ImproperlyConfigured(f"{name} must be an http or https address.")
    return value


def color(name: str, default: str = "") -> str:
    value = text(name, default)
    if value and not is_color(value):
        raise ImproperlyConfigured(f"{name} must be a colour such as #0b5cad, not “{value}”.")
    return value.lower()


def image(name: str, folder: Path) -> str:
    """Return a variable as the https address of an image, or its path within `folder`."""
    value = text(name, "")
    parts = urlsplit(value)
    # The address becomes a part of a header, in which these would begin something else.
    if parts.scheme == "https" and re.fullmatch(r"[\w.:-]+", parts.netloc, re.ASCII):
        return value
    path = value.removeprefix("/").removeprefix("static/")
    inside = ".." not in path.split("/") and ":" not in path
    if value and not (inside and (folder / path).is_file()):
        raise ImproperlyConfigured(
            f"{name} must be an https address or the path of a file in static/, not “{value}”."
        )
    return path


def tile_address(name: str) -> str:
    """Return a variable as the address of map tiles, with {z}, {x} and {y} in it; "" for none."""
    value = text(name, "")
    if not value:
        return value
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not re.fullmatch(r"[\w.:\[\]-]+", parts.netloc):
        raise ImproperlyConfigured(
            f"{name} must be an http or https address whose host has no placeholder."
        )
    placeholders = set(re.findall(r"{[^{}]*}", value))
    if not {"{z}", "{x}", "{y}"} <= placeholders <= {"{z}", "{x}", "{y}", "{r}"}:
        raise ImproperlyConfigured(
            f"{name} must have {{z}}, {{x}} and {{y}} in it, and no other placeholder than {{r}}."
        )
    return value


def time_zone(name: str, default: str) -> str:
    """Return a variable as the name of an IANA time zone."""
    value = text(name, default)
    try:
        ZoneInfo(value)
    except (ValueError, OSError, KeyError):
        raise ImproperlyConfigured(
            f"{name} must be a time zone such as Europe/Berlin, not “{value}”."
        ) from None
    return value


def service_url(name: str, default: str, *, schemes: frozenset[str]) -> str:
    """Return a variable as the URL of a service; the message never repeats it (passwords)."""
    value = text(name, default)
    if urlsplit(value).scheme not in schemes:
        allowed = ", ".join(f"{scheme}://" for scheme in sorted(schemes))
        raise ImproperlyConfigured(f"{name} must start with one of {allowed}.")
    return value


@contextmanager
def plain_start_up_errors() -> Iterator[None]:
    """Turn a wrong setting into one sentence on standard error and exit status 2."""
    try:
        yield
    except ImproperlyConfigured as error:
        sys.stderr.write(f"Chargebook cannot start: {error}\n")
        raise SystemExit(2) from None
