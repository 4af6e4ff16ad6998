"""`manage.py sandbox`: serves the simulated operator."""

import argparse
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from sandbox.server import add_arguments, serve


class Command(BaseCommand):
    help = "Serve the simulated operator: AMPECO's API, the operator's desk, a mail server."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002
        serve(argparse.Namespace(**options))
