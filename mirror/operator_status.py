"""Whether the operator's platform refuses our token, or does not answer at all.

Known to all processes through the cache.
"""

import logging
from datetime import UTC, datetime

from django.core.cache import cache
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext

from ampeco.client import AmpecoClient
from ampeco.factory import CIRCUIT_KEY
from upstream.circuit_breaker import CacheCircuitBreaker
from upstream.errors import UpstreamError

logger = logging.getLogger(__name__)

REFUSED_KEY = "operator-refuses-token"
# Long enough to span the pause between two calls, short enough to clear soon after a mend.
REFUSED_SECONDS = 120


def note_refused() -> None:
    cache.set(REFUSED_KEY, True, REFUSED_SECONDS)


def note_accepted() -> None:
    cache.delete(REFUSED_KEY)


def is_refused() -> bool:
    return bool(cache.get(REFUSED_KEY))


def silent_since() -> datetime | None:
    """Return since when (UTC) nobody calls the operator because it does not answer, or None."""
    opened_at = CacheCircuitBreaker(cache, CIRCUIT_KEY).state().opened_at
    return datetime.fromtimestamp(opened_at, tz=UTC) if opened_at is not None else None


def why_silent() -> str:
    """Return in a few words what was wrong with the last answer, for staff; "" when nothing was."""
    return CacheCircuitBreaker(cache, CIRCUIT_KEY).state().why


def look_again(client: AmpecoClient) -> None:
    """Try a call that costs little, if the operator is left alone and one may be tried.

    Else nobody would find out that it answers again until somebody opens a page.
    """
    if silent_since() is None or client.held_back_for() > 0:
        return
    try:
        next(client.location_pages(updated_after=timezone.now()), None)
    except UpstreamError as error:
        logger.info("The operator still does not answer: %s", error)


def operator_notice() -> str:
    """Return the sentence that every page shows while the operator refuses us, or nothing.

    While it does not answer: what still works, since nobody can do anything about it.
    """
    if is_refused():
        return gettext("Booking is temporarily unavailable. The operator has been notified.")
    if silent_since():
        return gettext(
            "The operator’s system is not responding at the moment. Free times cannot be "
            "shown; what you send is saved and passed on as soon as it responds again."
        )
    return ""


def back_office_label(request: HttpRequest) -> list[str] | None:  # noqa: ARG001
    """Return the label that staff see at the head of the back office while something is wrong."""
    if is_refused():
        return [gettext("AMPECO refuses the portal's token (401 or 403)"), "danger"]
    since = silent_since()
    if since:
        words = gettext("AMPECO does not work (%(why)s): calls are held back since %(time)s UTC")
        return [words % {"time": f"{since:%H:%M}", "why": why_silent()}, "danger"]
    return None
