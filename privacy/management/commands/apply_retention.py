"""Clears what has been kept for long enough, or says how much that would be."""

from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from privacy.retention import Cleared, clear_old_data, due


class Command(BaseCommand):
    """Does at once what the workers do hour by hour."""

    help = "Clear what is older than RETENTION_MONTHS, AUDIT_MONTHS and ENERGY_WEEKS."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only say how much is due")

    def handle(self, *_args: Any, **options: Any) -> None:
        if not settings.RETENTION_MONTHS:
            self.stdout.write("RETENTION_MONTHS is 0: people's data are kept for ever.")
        if options["dry_run"]:
            self._print(due(), "due")
            return
        total: dict[str, int] = dict.fromkeys(asdict(Cleared()), 0)
        while cleared := clear_old_data():
            for name, number in asdict(cleared).items():
                total[name] += number
        self._print(Cleared(**total), "cleared")

    def _print(self, counted: Cleared, what: str) -> None:
        for name, number in asdict(counted).items():
            self.stdout.write(f"{name.replace('_', ' ')}: {number} {what}")
