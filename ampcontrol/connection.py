"""The connection to Ampcontrol: the one client a process has, and whether Ampcontrol answers."""

import logging
from datetime import datetime

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext

from ampcontrol.client import AmpcontrolClient
from ampcontrol.switches import Switch
from upstream.calls import AMPCONTROL, Call, Outcome
from upstream.connection import Connection, Keys, Terms
from upstream.errors import UpstreamError

logger = logging.getLogger(__name__)

KEYS = Keys(
    gate="ampcontrol-hold-off-until",
    circuit="ampcontrol-circuit",
    calls="ampcontrol-calls",
    refused="ampcontrol-refuses-token",
)


def _note_call(call: Call) -> None:
    """Count a call, and let all processes know whether the token is good."""
    AMPCONTROL.note(call)
    if call.outcome == Outcome.UNAUTHORIZED:
        note_refused()
    elif call.outcome == Outcome.OK and is_refused():
        note_accepted()


def _build(terms: Terms) -> AmpcontrolClient:
    return AmpcontrolClient(
        # The paths begin with it; whoever sets the address may have copied it with it.
        base_url=settings.AMPCONTROL_BASE_URL.removesuffix("/v2"),
        token=settings.AMPCONTROL_API_TOKEN,
        writes=switched_on(),
        gate=terms.gate,
        circuit=terms.circuit,
        timeout=terms.timeout,
        max_retry_seconds=terms.max_retry_seconds,
        observer=_note_call,
    )


PLATFORM = Connection(
    KEYS,
    build=_build,
    wanted=lambda: (
        settings.AMPCONTROL_BASE_URL,
        settings.AMPCONTROL_API_TOKEN,
        switched_on(),
    ),
    per_minute=lambda: settings.AMPCONTROL_CALLS_PER_MINUTE,
)


def is_on() -> bool:
    """Return whether the operator has Ampcontrol, by the settings; else nothing of it is shown."""
    return bool(settings.AMPCONTROL_BASE_URL and settings.AMPCONTROL_API_TOKEN)


def switched_on() -> frozenset[Switch]:
    """Return the writes that the settings name."""
    return frozenset(Switch(word) for word in settings.AMPCONTROL_WRITES)


def get_client() -> AmpcontrolClient:
    """Return the process's client, whose pauses all processes share through the cache.

    Only where `is_on`: without an address there is none to build.
    """
    return PLATFORM.get_client()


def set_client(client: AmpcontrolClient | None) -> None:
    """Make `get_client` return this client, for tests; None goes back to the settings."""
    PLATFORM.set_client(client)


def serve_pages() -> None:
    PLATFORM.serve_pages()


def has_calls_to_spare() -> bool:
    """Return whether there are calls for what is merely worth a look, and Ampcontrol answers."""
    return PLATFORM.has_calls_to_spare()


def note_refused() -> None:
    PLATFORM.note_refused()


def note_accepted() -> None:
    PLATFORM.note_accepted()


def is_refused() -> bool:
    return PLATFORM.is_refused()


def silent_since() -> datetime | None:
    """Return since when (UTC) nobody calls Ampcontrol because it does not answer, or None."""
    return PLATFORM.silent_since()


def why_silent() -> str:
    """Return in a few words what was wrong with the last answer, for staff; "" when nothing was."""
    return PLATFORM.why_silent()


def look_again(client: AmpcontrolClient) -> None:
    """Try a call that costs little, if Ampcontrol is left alone and one may be tried."""
    if silent_since() is None or client.held_back_for() > 0:
        return
    try:
        client.me()
    except UpstreamError as error:
        logger.info("Ampcontrol still does not answer: %s", error)


def staff_notice() -> str:
    """Return in a sentence what is the matter with Ampcontrol, for staff, or nothing.

    What the portal knows of it stays on its pages, with its age, and bookings go on.
    """
    if not is_on():
        return ""
    if is_refused():
        return gettext("Ampcontrol refuses the portal's token (401)")
    since = silent_since()
    if since is None:
        return ""
    words = gettext("Ampcontrol does not work (%(why)s): calls are held back since %(time)s UTC")
    return words % {"time": f"{since:%H:%M}", "why": why_silent()}


def back_office_label(request: HttpRequest) -> list[str] | None:  # noqa: ARG001
    """Return the label that staff see at the head of the back office while something is wrong."""
    notice = staff_notice()
    return [notice, "warning"] if notice else None
