"""`manage.py second_factor_link EMAIL`."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.models import User
from accounts.second_factor import must_set_up, new_factor_link


class Command(BaseCommand):
    """Gives the first superuser, or one whom no mail reaches, the link that is mailed to others."""

    help = "Prints a link with which a member of staff, signed in, sets up a second factor."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")

    def handle(self, **options: Any) -> None:
        """Do it; exit with 1 and one sentence where there is nobody, or nobody who needs one."""
        user = User.objects.filter(email__iexact=options["email"]).first()
        if user is None:
            raise CommandError("Nobody logs in with this e-mail.")
        if not must_set_up(user):
            raise CommandError("This person needs no link.")
        self.stdout.write(new_factor_link(user))
