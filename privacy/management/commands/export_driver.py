"""Writes out what the portal keeps of a driver."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from drivers.models import Driver
from privacy.audit import Action, note
from privacy.export import export_driver
from upstream.emails import email_spellings


class Command(BaseCommand):
    """Writes a JSON document to a file or to standard output, and notes it in the audit trail."""

    help = "Write out everything that the portal keeps of a driver, as JSON."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", help="the driver's e-mail, in any case")
        parser.add_argument(
            "--output", help="a file that is not there yet; standard output without it"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Write the document. Raises CommandError where it cannot be."""
        drivers = list(
            Driver.objects.filter(email__in=email_spellings(options["email"])).exclude(email="")
        )
        if not drivers:
            raise CommandError("The portal keeps nothing of a driver with this e-mail.")
        if len(drivers) > 1:
            numbers = ", ".join(str(driver.pk) for driver in drivers)
            raise CommandError(
                f"Several drivers have this e-mail: {numbers}. Export them in the back office."
            )
        driver = drivers[0]
        note(Action.EXPORTED, of=driver, name="export_driver")
        if not options["output"]:
            for piece in export_driver(driver):
                sys.stdout.write(piece)
            return
        path = Path(options["output"])
        try:
            # For its owner's eyes.
            path.touch(mode=0o600, exist_ok=False)
        except OSError as error:
            raise CommandError(f"{path} cannot be written: {error.strerror}") from None
        with path.open("w", encoding="utf-8") as file:
            file.writelines(export_driver(driver))
        self.stderr.write(f"Written to {path}.")
