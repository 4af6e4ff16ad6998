"""Says in a plain sentence, for staff, why something of Ampcontrol could not be read."""

from django.utils.translation import gettext as _

from upstream.errors import (
    UpstreamError,
    UpstreamForbidden,
    UpstreamNotFound,
    UpstreamRateLimited,
    UpstreamUnauthorized,
    UpstreamUnavailable,
)


def problem_of(error: UpstreamError) -> str:
    """Return why a read failed, without anything of the answer."""
    if isinstance(error, UpstreamForbidden):
        return _("Ampcontrol does not let this token read it (403).")
    if isinstance(error, UpstreamUnauthorized):
        return _("Ampcontrol does not accept the token (401).")
    if isinstance(error, UpstreamRateLimited):
        return _("Ampcontrol asked for a pause of %(seconds)d seconds.") % {
            "seconds": round(error.retry_after)
        }
    if isinstance(error, UpstreamUnavailable):
        return _("Ampcontrol did not answer as it should.")
    if isinstance(error, UpstreamNotFound):
        return _("Ampcontrol does not know it (404).")
    if error.status:
        return _("Ampcontrol refused a call (%(status)s).") % {"status": error.status}
    return _("Ampcontrol's answers do not make sense.")
