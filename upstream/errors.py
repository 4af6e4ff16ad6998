"""What can go wrong between the portal and AMPECO.

The text of every error may be logged: it names our call and the status, never the token, a body,
an address or anything about a driver.
"""

from collections.abc import Mapping, Sequence


class UpstreamError(Exception):
    """The root of all errors of this package.

    `operation` is our name of the call, `status` the HTTP status where there was an answer. What
    the others tell only some kinds have.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        operation: str = "",
        ambiguous: bool = False,
        retry_after: float = 0.0,
        field_errors: Mapping[str, Sequence[str]] | None = None,
        reason: str = "",
    ) -> None:
        super().__init__(message)
        self.status = status
        self.operation = operation
        self.ambiguous = ambiguous
        self.retry_after = retry_after
        self.reason = reason
        self.field_errors = {field: list(texts) for field, texts in (field_errors or {}).items()}


class UpstreamUnavailable(UpstreamError):
    """No usable answer: a time-out, a lost connection, a 5xx, a body that cannot be read.

    `ambiguous` says that a request that changes something may have been processed all the same, so
    that it must be looked for before it is sent again.
    """


class UpstreamCircuitOpen(UpstreamUnavailable):
    """The operator has not answered for a while, so this call was not even tried.

    Calls are worth trying again after `retry_after` seconds.
    """


class UpstreamRateLimited(UpstreamError):
    """The operator asks us to hold off for `retry_after` seconds; the call was not processed."""


class UpstreamRejected(UpstreamError):
    """The operator refused the call (a 4xx); sending it again will not help.

    `field_errors` holds the messages of a 422 by AMPECO's field name. They may repeat what was
    sent, so they are for the person who asked and not for logs. `reason` is the beginning of what
    the refusal said, for code that tells refusals apart: neither for people nor for logs.
    """

    @property
    def messages(self) -> list[str]:
        """All messages about single fields, for the person who asked."""
        return [text for texts in self.field_errors.values() for text in texts]


class UpstreamUnauthorized(UpstreamRejected):
    """The token is not accepted (401), or not for this call (403)."""


class UpstreamForbidden(UpstreamUnauthorized):
    """The token is good but may not do this (403)."""


class UpstreamNotFound(UpstreamRejected):
    """The operator does not know what was asked for (404)."""


class UpstreamNotPermitted(UpstreamError):
    """The portal itself forbids this call, and did not send it: somebody made a mistake here."""


def meets_every_call(error: UpstreamError) -> bool:
    """Return whether any other call would surely fare no better.

    A list that cannot be read says nothing of its single records.
    """
    if isinstance(error, UpstreamForbidden):
        return False
    return isinstance(error, UpstreamRateLimited | UpstreamUnauthorized | UpstreamCircuitOpen)


def is_about_the_link(error: UpstreamError) -> bool:
    """Return whether a walk taken up at a stored link may fare better from its beginning."""
    return not isinstance(error, UpstreamUnavailable | UpstreamRateLimited | UpstreamUnauthorized)
