"""`manage.py after_restore`."""

from typing import Any

from django.core.management.base import BaseCommand

from sync.restore import expect_gap


class Command(BaseCommand):
    """Tells a database that came out of a back-up that the operator may know more than it does."""

    help = (
        "Run this once after restoring a back-up, before the workers start: requests that were "
        "waiting are then looked for at the operator before they are sent."
    )

    def handle(self, **options: Any) -> None:  # noqa: ARG002
        """Do it, and say how many requests it is about."""
        doubted = expect_gap()
        self.stdout.write(
            f"{doubted} waiting request{'' if doubted == 1 else 's'} will be looked for at the "
            "operator before being sent. Start web, workers and beat now."
        )
