"""Whether the operator's platform refuses our token: known to all processes through the cache."""

from django.core.cache import cache
from django.http import HttpRequest
from django.utils.translation import gettext

REFUSED_KEY = "operator-refuses-token"
# Long enough to span the pause between two calls, short enough to clear soon after a mend.
REFUSED_SECONDS = 120


def note_refused() -> None:
    """Remember for two minutes that the operator answered 401 or 403."""
    cache.set(REFUSED_KEY, True, REFUSED_SECONDS)


def note_accepted() -> None:
    """Forget an earlier refusal, after a call that worked."""
    cache.delete(REFUSED_KEY)


def is_refused() -> bool:
    """Return whether the operator refused our token within the last two minutes."""
    return bool(cache.get(REFUSED_KEY))


def operator_notice() -> str:
    """Return the sentence that every page shows while the operator refuses us, or nothing."""
    if is_refused():
        return gettext("Booking is temporarily not possible. The operator has been told.")
    return ""


def back_office_label(request: HttpRequest) -> list[str] | None:  # noqa: ARG001
    """Return the label that staff see at the head of the back office while we are refused."""
    if is_refused():
        return [gettext("AMPECO refuses the portal's token (401 or 403)"), "danger"]
    return None
