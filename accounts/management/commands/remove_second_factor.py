"""`manage.py remove_second_factor EMAIL`."""

import logging
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from accounts.models import User
from accounts.second_factor import has_second_factor, remove_second_factor
from accounts.sessions import end_sessions

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    """Lets somebody in with the password alone, when no member of staff is left to do it."""

    help = "Removes somebody's second factor and signs them out everywhere."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")

    def handle(self, **options: Any) -> None:
        """Do it; exit with 1 and one sentence where there is nobody, or nothing to remove."""
        user = User.objects.with_email(options["email"]).first()
        if user is None:
            raise CommandError("Nobody logs in with this e-mail.")
        if not has_second_factor(user):
            raise CommandError("This person has no second factor.")
        with transaction.atomic():
            remove_second_factor(user)
            end_sessions(user)
        logger.warning("The second factor of user %s was removed by a command.", user.pk)
        self.stdout.write("Removed. The password alone opens this log-in now.")
