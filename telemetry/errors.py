"""Reports errors to Sentry where SENTRY_DSN is set; nothing of it is imported where it is not."""

from typing import TYPE_CHECKING, Any

from django.conf import settings

from telemetry.logs import Scrubber, facts

if TYPE_CHECKING:
    from sentry_sdk.types import Event, Hint

# What Sentry is told of a request: nothing that a person typed, no cookie, no address.
KEPT_OF_REQUEST = frozenset({"method"})


def report_to_sentry(**options: Any) -> None:
    """Begin to report, once per process; `options` go to Sentry's own set-up.

    No bodies, headers, cookies, addresses, users, local variables or breadcrumbs are sent, and what
    is sent is scrubbed like the logs.
    """
    if not settings.SENTRY_DSN:
        return
    import sentry_sdk
    from sentry_sdk.integrations.celery import CeleryIntegration
    from sentry_sdk.integrations.dedupe import DedupeIntegration
    from sentry_sdk.integrations.django import DjangoIntegration
    from sentry_sdk.integrations.excepthook import ExcepthookIntegration
    from sentry_sdk.integrations.logging import LoggingIntegration

    sentry_sdk.init(
        dsn=settings.SENTRY_DSN,
        environment=settings.SENTRY_ENVIRONMENT,
        send_default_pii=False,
        include_local_variables=False,
        max_request_body_size="never",
        max_breadcrumbs=0,
        # Those that Sentry would choose follow every call of httpx, with its address.
        default_integrations=False,
        auto_enabling_integrations=False,
        integrations=[
            DjangoIntegration(middleware_spans=False, signals_spans=False),
            CeleryIntegration(),
            LoggingIntegration(level=None),
            DedupeIntegration(),
            ExcepthookIntegration(),
        ],
        before_send=scrub,
        **options,
    )


def scrub(event: "Event", hint: "Hint") -> "Event":  # noqa: ARG001 - Sentry's signature
    """Take out of a report what must not leave the portal, and put the log lines' facts on it."""
    scrubber = Scrubber(settings.SECRETS)
    report: dict[str, Any] = event  # type: ignore[assignment]
    for part in ("user", "extra", "breadcrumbs", "modules"):
        report.pop(part, None)
    if "request" in report:
        asked = report["request"]
        report["request"] = {name: asked[name] for name in KEPT_OF_REQUEST & asked.keys()}
    contexts = report.get("contexts", {})
    report["contexts"] = {"trace": contexts["trace"]} if "trace" in contexts else {}
    report["tags"] = {**report.get("tags", {}), **{k: str(v) for k, v in facts().items()}}
    return _cleaned(report, scrubber)


def _cleaned(value: Any, scrubber: Scrubber) -> Any:
    if isinstance(value, str):
        return scrubber.clean(value)
    if isinstance(value, dict):
        return {name: _cleaned(part, scrubber) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_cleaned(part, scrubber) for part in value]
    return value
