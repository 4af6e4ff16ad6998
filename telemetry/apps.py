from django.apps import AppConfig


class TelemetryConfig(AppConfig):
    """What is seen of the portal from outside: counters, log lines, errors."""

    name = "telemetry"

    def ready(self) -> None:
        """Begin to watch the workers, the booking requests and, where configured, errors."""
        from telemetry import errors, logs, workers

        workers.watch()
        logs.watch_booking_requests()
        errors.report_to_sentry()
