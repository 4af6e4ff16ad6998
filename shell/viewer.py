"""What the browser tells of the person in front of it."""

from zoneinfo import ZoneInfo

from django.http import HttpRequest

COOKIE = "viewer_tz"


def viewer_zone(request: HttpRequest) -> ZoneInfo | None:
    """Return the time zone of the browser, from a cookie that a script sets; None if unknown."""
    name = request.COOKIES.get(COOKIE, "")
    if not 0 < len(name) <= 64:
        return None
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        return None
