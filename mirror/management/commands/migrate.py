"""`manage.py migrate`: Django's own, by one process at a time."""

from typing import Any

from django.core.management.base import CommandError
from django.core.management.commands import migrate
from django.db import connections

from mirror.migration_lock import MigratingElsewhere, one_at_a_time, without_limits


class Command(migrate.Command):
    """Migrates, once whoever else is at it has finished.

    Machines that start at the same time may each run it: the second finds nothing left to do.
    """

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            connection = connections[options["database"]]
            with (
                one_at_a_time(connection, say=self.stdout.write),
                without_limits(connection),
            ):
                super().handle(*args, **options)
        except MigratingElsewhere as error:
            raise CommandError(str(error)) from None
