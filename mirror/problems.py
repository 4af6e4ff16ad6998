"""Says in a plain sentence, for staff, why a run broke off."""

from django.utils.translation import gettext as _

from upstream.errors import (
    UpstreamError,
    UpstreamForbidden,
    UpstreamRateLimited,
    UpstreamUnauthorized,
    UpstreamUnavailable,
)


def problem_of(error: UpstreamError, *, forbidden: str) -> str:
    """Return why a run broke off; `forbidden` is what to say where the token lacks a right."""
    if isinstance(error, UpstreamForbidden):
        return forbidden
    if isinstance(error, UpstreamUnauthorized):
        return _("The operator does not accept the token (401).")
    if isinstance(error, UpstreamRateLimited):
        return _("The operator asked for a pause of %(seconds)d seconds.") % {
            "seconds": round(error.retry_after)
        }
    if isinstance(error, UpstreamUnavailable):
        return _("The operator's system did not answer as it should.")
    if error.status:
        return _("The operator refused a call (%(status)s).") % {"status": error.status}
    return _(
        "The operator's answers do not make sense: a list has no end, or does not say where it "
        "goes on."
    )
