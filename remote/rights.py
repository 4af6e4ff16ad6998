"""What the operator's token may not do at chargers, as it was last told."""

import logging

from django.core.cache import cache
from django.http import HttpRequest
from django.utils.translation import gettext

from remote.models import RemoteAction

logger = logging.getLogger(__name__)

FORBIDDEN_SECONDS = 24 * 3600


def note_forbidden(kind: str) -> None:
    """Note that the token may not do this; for a day no page offers it."""
    if cache.add(_key(kind), True, FORBIDDEN_SECONDS):
        logger.error("The operator does not let this token %s from afar (403).", kind)


def note_allowed(kind: str) -> None:
    cache.delete(_key(kind))


def forbidden_kinds() -> frozenset[str]:
    found = cache.get_many([_key(kind) for kind in RemoteAction.Kind.values]) or {}
    return frozenset(kind for kind in RemoteAction.Kind.values if _key(kind) in found)


def back_office_label(request: HttpRequest) -> list[str] | None:  # noqa: ARG001
    """Return the label that staff see while the token lacks a right at chargers."""
    kinds = forbidden_kinds()
    if not kinds:
        return None
    words = ", ".join(str(RemoteAction.Kind(kind).label) for kind in sorted(kinds))
    text = gettext("AMPECO does not let the portal's token control chargers (403): %(what)s")
    return [text % {"what": words}, "warning"]


def _key(kind: str) -> str:
    return f"remote-control-forbidden:{kind}"
