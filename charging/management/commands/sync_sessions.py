"""`manage.py sync_sessions`."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ampeco.connection import get_client
from charging.mirroring.reach import SESSIONS
from charging.mirroring.run import TRANSACTIONS, sync_sessions
from mirror.models import SyncRun
from mirror.runs import RunUnderWay


class Command(BaseCommand):
    """Reads what was charged and paid while a person watches."""

    help = "Reads the sessions of the fleets' drivers and the payments for them."

    def handle(self, **options: Any) -> None:  # noqa: ARG002
        """Run it; exit with 1 and one sentence if it breaks off."""
        try:
            run = sync_sessions(client=get_client(), report=self.say)
        except RunUnderWay:
            self.say("Another synchronisation of sessions is under way; this one leaves it to it.")
            return
        if run is None:
            self.say("There are no drivers yet whose sessions could be read.")
            return
        if run.state != SyncRun.State.FINISHED:
            raise CommandError(
                f"{run.problem or 'Another process took over.'} "
                "The next synchronisation goes on from here."
            )
        parts = [
            f"{run.counts[noun]['seen']} {noun} ({run.counts[noun]['new']} new)"
            for noun in (SESSIONS, TRANSACTIONS)
            if noun in run.counts
        ]
        seconds = run.duration_seconds or 0
        self.say(f"Done: {', '.join(parts)}; {run.calls} calls in {seconds:.1f} s. {run.problem}")

    def say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
