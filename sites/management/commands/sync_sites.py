"""`manage.py sync_sites [--full]`."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ampeco.connection import get_client
from mirror.models import SyncRun
from mirror.runs import NOUNS, PARKING_SPACES, RunUnderWay
from sites.mirroring.full_walk import sync_sites


class Command(BaseCommand):
    """Mirrors the operator's sites while a person watches."""

    help = "Mirrors the operator's locations, charge points and EVSEs."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument(
            "--full",
            action="store_true",
            help="read everything and retire what has vanished, instead of changes only",
        )

    def handle(self, **options: Any) -> None:
        """Run it; exit with 1 and one sentence if it breaks off."""
        try:
            run = sync_sites(client=get_client(), full=options["full"], report=self.say)
        except RunUnderWay:
            self.say("Another synchronisation of sites is under way; this one leaves it to it.")
            return
        if run.state != SyncRun.State.FINISHED:
            raise CommandError(
                f"{run.problem or 'Another process took over.'} "
                "The next synchronisation goes on from here."
            )
        self.say(summary(run))

    def say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()


def summary(run: SyncRun) -> str:
    """Return what a finished run did, in one line."""
    parts = []
    for noun in NOUNS:
        numbers = run.counts[noun]
        if noun == PARKING_SPACES and not numbers["seen"]:
            continue
        parts.append(
            f"{numbers['seen']} {noun.replace('_', ' ')} ({numbers['new']} new, "
            f"{numbers['changed']} changed, {numbers['retired']} retired)"
        )
    seconds = run.duration_seconds or 0
    line = f"Done: {', '.join(parts)}; {run.calls} calls in {seconds:.1f} s."
    return f"{line} {run.problem}".strip()
