"""`manage.py check_totals`."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from drivers.management.commands.sync_drivers import the_fleet
from drivers.models import Fleet
from reports.summing.checking import differences, months_with_sums
from reports.summing.sessions import keep_sessions


class Command(BaseCommand):
    """Compares the sums of reports with the sessions that they are made of."""

    help = "Hold the sums of all months against their sessions; exit with 1 where they differ."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--fleet", type=int, help="of this fleet alone, by its number")
        parser.add_argument("--repair", action="store_true", help="sum anew what differs")

    def handle(self, *, fleet: int | None, repair: bool, **options: Any) -> None:  # noqa: ARG002
        """Do it; a month that waits to be summed anew is passed over."""
        fleets = Fleet.objects.order_by("pk") if fleet is None else [the_fleet(fleet)]
        checked = wrong = 0
        for one in fleets:
            for month in months_with_sums(one):
                checked += 1
                found = differences(one, month)
                for each in found:
                    self.stdout.write(
                        f"Fleet {one.pk}, {month:%Y-%m}, {each.dimension} {each.subject} "
                        f"{each.currency or 'without currency'}: kept {each.kept or 'nothing'}, "
                        f"sessions say {each.summed or 'nothing'}"
                    )
                wrong += bool(found)
                if found and repair:
                    keep_sessions(one, month)
        if wrong and not repair:
            raise CommandError(f"{wrong} of {checked} months differ from their sessions.")
        text = (
            f"{wrong} of {checked} months were summed anew."
            if wrong
            else f"{checked} months agree."
        )
        self.stdout.write(text)
