"""Writes out what the portal keeps of a driver."""

import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

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
        if not options["output"]:
            note(Action.EXPORTED, of=driver, name="export_driver")
            for piece in export_driver(driver):
                sys.stdout.write(piece)
            return
        path = Path(options["output"])
        with new_file(path) as file:
            # Only now: a file that cannot be made takes nothing out of the portal.
            note(Action.EXPORTED, of=driver, name="export_driver")
            file.writelines(export_driver(driver))
        self.stderr.write(f"Written to {path}.")


@contextmanager
def new_file(path: Path) -> Iterator[TextIO]:
    """Open a file for its owner's eyes that will be there as a whole or, if anything fails, not.

    Raises CommandError where it cannot be written or is there already.
    """
    part = Path(f"{path}.part")
    made: list[Path] = []
    try:
        for each in (path, part):
            each.touch(mode=0o600, exist_ok=False)
            made.append(each)
        with part.open("w", encoding="utf-8") as file:
            yield file
        part.replace(path)
    except BaseException as error:
        for each in made:
            each.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise CommandError(f"{path} cannot be written: {error.strerror}") from None
        raise
