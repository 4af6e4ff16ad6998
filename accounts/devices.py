"""Devices on which somebody signed in before: what strangers try does not lock them out there."""

import secrets

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import salted_hmac

SALT = "accounts.device"
DAYS = 180
# So many people may share a device.
MOST = 5


def device_of(request: HttpRequest, email: str) -> str:
    """Return the id of the device if this person signed in on it before, else nothing.

    It counts for who it was issued to only: others get no more guesses at their passwords by it.
    """
    device, people = _read(request)
    return device if _person(email) in people else ""


def remember_device(request: HttpRequest, response: HttpResponse, email: str) -> None:
    """Have the browser keep that somebody signed in, so that it is known the next time."""
    device, people = _read(request)
    person = _person(email)
    people = [person, *(one for one in people if one != person)][:MOST]
    response.set_cookie(
        settings.DEVICE_COOKIE_NAME,
        signing.dumps([device or secrets.token_hex(16), *people], salt=SALT),
        max_age=DAYS * 24 * 3600,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def _read(request: HttpRequest) -> tuple[str, list[str]]:
    cookie = request.COOKIES.get(settings.DEVICE_COOKIE_NAME, "")
    try:
        device, *people = signing.loads(cookie, salt=SALT, max_age=DAYS * 24 * 3600)
    except signing.BadSignature:
        return "", []
    return device, people


def _person(email: str) -> str:
    # The cookie tells nobody who uses the device.
    return salted_hmac(SALT, email.strip().lower(), algorithm="sha256").hexdigest()[:32]
