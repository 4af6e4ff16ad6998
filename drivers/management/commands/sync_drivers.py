"""`manage.py sync_drivers [--fleet ID]`."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ampeco.connection import get_client
from drivers.models import Fleet
from drivers.sync import sync_all_fleets, sync_fleet_drivers
from mirror.left_out import UNREADABLE
from mirror.models import SyncRun


class Command(BaseCommand):
    """Mirrors the fleets' drivers while a person watches."""

    help = "Mirrors the drivers of all active fleets, or of one."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--fleet", type=int, metavar="ID", help="the fleet's id in the portal")

    def handle(self, **options: Any) -> None:
        """Run it; exit with 1 and one sentence if a fleet's drivers could not be read."""
        client = get_client()
        failed = 0
        if options["fleet"] is None:
            for fleet, run in sync_all_fleets(client=client):
                failed += self.report(fleet, run)
        else:
            fleet = the_fleet(options["fleet"])
            failed += self.report(fleet, sync_fleet_drivers(fleet, client=client))
        if failed:
            raise CommandError(
                f"The drivers of {failed} fleet{'' if failed == 1 else 's'} were not read to the "
                "end. Nobody was removed; the next synchronisation reads them again."
            )

    def report(self, fleet: Fleet, run: SyncRun | None) -> bool:
        """Show what came of a fleet; return whether it failed."""
        self.stdout.write(f"{fleet.name}: {summary(run)}")
        self.stdout.flush()
        return run is None or run.state != SyncRun.State.FINISHED


def the_fleet(pk: int) -> Fleet:
    """Return the fleet with this id; raises CommandError if there is none."""
    try:
        return Fleet.objects.get(pk=pk)
    except Fleet.DoesNotExist:
        raise CommandError(f"There is no fleet with the id {pk}.") from None


def summary(run: SyncRun | None) -> str:
    """Return what a run did, in one line."""
    if run is None:
        return "could not be stored; see the log."
    if run.state != SyncRun.State.FINISHED:
        return f"broken off. {run.problem}"
    numbers = run.counts
    line = (
        f"{numbers['seen']} drivers ({numbers['joined']} joined, {numbers['left']} left, "
        f"{numbers['changed']} changed); {run.calls} calls in {run.duration_seconds or 0:.1f} s."
    )
    if numbers["skipped"]:
        line += f" Left out for want of a usable e-mail: {numbers['skipped']}."
    if numbers[UNREADABLE]:
        line += f" Left out as unreadable: {numbers[UNREADABLE]}."
    return f"{line} {run.problem}".strip()
