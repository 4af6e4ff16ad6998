"""The connection to the operator: the one client a process has, and whether it is answered."""

import logging
from datetime import datetime

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext

from ampeco.client import AmpecoClient
from upstream.calls import note_call
from upstream.connection import Connection, Keys, Terms
from upstream.errors import UpstreamError

logger = logging.getLogger(__name__)

GATE_KEY = "ampeco-hold-off-until"
CIRCUIT_KEY = "ampeco-circuit"
ALLOWANCE_KEY = "ampeco-calls"
REFUSED_KEY = "operator-refuses-token"


def _build(terms: Terms) -> AmpecoClient:
    return AmpecoClient(
        base_url=settings.AMPECO_BASE_URL,
        token=settings.AMPECO_API_TOKEN,
        gate=terms.gate,
        circuit=terms.circuit,
        timeout=terms.timeout,
        max_retry_seconds=terms.max_retry_seconds,
        observer=note_call,
    )


PLATFORM = Connection(
    Keys(gate=GATE_KEY, circuit=CIRCUIT_KEY, calls=ALLOWANCE_KEY, refused=REFUSED_KEY),
    build=_build,
    wanted=lambda: (settings.AMPECO_BASE_URL, settings.AMPECO_API_TOKEN),
    per_minute=lambda: settings.AMPECO_CALLS_PER_MINUTE,
)


def get_client() -> AmpecoClient:
    """Return the process's client, whose pauses all processes share through the cache."""
    return PLATFORM.get_client()


def set_client(client: AmpecoClient | None) -> None:
    """Make `get_client` return this client, for tests; None goes back to the settings."""
    PLATFORM.set_client(client)


def serve_pages() -> None:
    PLATFORM.serve_pages()


def has_calls_to_spare() -> bool:
    """Return whether there are calls for what is merely worth a look, and the operator answers."""
    return PLATFORM.has_calls_to_spare()


def note_refused() -> None:
    PLATFORM.note_refused()


def note_accepted() -> None:
    PLATFORM.note_accepted()


def is_refused() -> bool:
    return PLATFORM.is_refused()


def silent_since() -> datetime | None:
    """Return since when (UTC) nobody calls the operator because it does not answer, or None."""
    return PLATFORM.silent_since()


def why_silent() -> str:
    """Return in a few words what was wrong with the last answer, for staff; "" when nothing was."""
    return PLATFORM.why_silent()


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
