"""`manage.py create_fleet NAME --partner-id N --manager EMAIL [--viewer EMAIL] …`."""

import smtplib
import sys
from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email

from accounts.invitations import send_invitation
from accounts.models import User
from ampeco.connection import get_client
from drivers.management.commands.sync_drivers import summary
from drivers.models import Fleet, TeamRole
from drivers.onboarding import add_member, find_or_create_fleet
from drivers.sync import forbidden, sync_fleet_drivers
from drivers.team import LastAdmin
from mirror.models import SyncRun
from mirror.problems import problem_of
from upstream.emails import email_key
from upstream.errors import UpstreamError, UpstreamNotFound


class Command(BaseCommand):
    """Onboards a fleet with its first people; run again, it adds what is missing."""

    help = "Makes a fleet for a partner of the operator, with an admin who may log in."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="what the fleet is called")
        parser.add_argument("--partner-id", type=int, required=True, metavar="N")
        parser.add_argument("--manager", required=True, metavar="EMAIL", help="its admin")
        parser.add_argument(
            "--viewer", action="append", default=[], metavar="EMAIL", help="may look only"
        )
        parser.add_argument(
            "--password-stdin",
            action="store_true",
            help="read the manager's password from standard input instead of mailing an invitation",
        )
        parser.add_argument(
            "--no-check",
            action="store_true",
            help="do not ask the operator whether the partner exists, nor read its drivers",
        )

    def handle(self, **options: Any) -> None:
        """Do it; exit with 1 and one sentence when something given is wrong."""
        people = [(options["manager"], TeamRole.ADMIN)]
        people += [(email, TeamRole.VIEWER) for email in options["viewer"]]
        check_people(people)
        password = read_password(options["manager"]) if options["password_stdin"] else None
        if options["partner_id"] < 1:
            raise CommandError("The partner's id must be a positive number.")
        check_fleet(Fleet(name=options["name"].strip(), ampeco_partner_id=options["partner_id"]))
        if not options["no_check"]:
            self.check_partner(options["partner_id"])
        fleet, is_new = find_or_create_fleet(
            name=options["name"], ampeco_partner_id=options["partner_id"]
        )
        if is_new:
            self.stdout.write(f"Made the fleet “{fleet.name}” (id {fleet.pk}).")
        else:
            self.stdout.write(
                f"The fleet “{fleet.name}” (id {fleet.pk}) has this partner id already; it stays."
            )
        for email, role in people:
            self.add(fleet, email, role, password if role == TeamRole.ADMIN else None)
        if not options["no_check"]:
            self.read_drivers(fleet)

    def read_drivers(self, fleet: Fleet) -> None:
        """Say what came of it; raises CommandError where they were not read to the end."""
        run = sync_fleet_drivers(fleet, client=get_client())
        self.stdout.write(f"Drivers: {summary(run)}")
        if run.state != SyncRun.State.FINISHED:
            raise CommandError(
                "The fleet stands. Its drivers were not read to the end; the next synchronisation "
                f"reads them, or `manage.py sync_drivers --fleet {fleet.pk}` does now."
            )

    def check_partner(self, partner_id: int) -> None:
        """Ask the operator; raises CommandError where it does not know the partner."""
        try:
            partner = get_client().read_partner(partner_id)
        except UpstreamNotFound:
            raise CommandError(
                f"The operator knows no partner {partner_id}. Nothing was changed."
            ) from None
        except UpstreamError as error:
            self.warn(f"Could not check the partner: {problem_of(error, forbidden=forbidden())}")
        else:
            self.stdout.write(f"The operator knows partner {partner_id} as “{partner.name}”.")

    def add(self, fleet: Fleet, email: str, role: TeamRole, password: str | None) -> None:
        """Add a member and say what that changed; invite whoever has no password."""
        try:
            made = add_member(fleet=fleet, email=email, role=role, password=password)
        except LastAdmin:
            self.warn(f"{email} is the fleet's only admin, and stays it.")
            return
        user = made.membership.user
        what = "is now" if made.is_new else "was already, and stays,"
        self.stdout.write(f"{user.email} {what} a {role.label.lower()}.")
        if password is not None and not user.check_password(password):
            self.warn(f"{user.email} had a password already and keeps it.")
        if not user.has_usable_password() or (made.is_new and not made.is_new_user):
            self.invite(user, fleet)

    def invite(self, user: User, fleet: Fleet) -> None:
        """Mail an invitation; a mail server that is away is said, and changes nothing else."""
        try:
            send_invitation(user, fleet_name=fleet.name)
        except (smtplib.SMTPException, OSError) as error:
            self.warn(
                f"The invitation to {user.email} could not be sent ({error}). "
                "Run the command again to send it."
            )
        else:
            self.stdout.write(f"An invitation was mailed to {user.email}.")

    def warn(self, line: str) -> None:
        self.stderr.write(self.style.WARNING(line))


def check_fleet(fleet: Fleet) -> None:
    """Raise CommandError for what cannot be kept of a fleet, such as a name that is too long."""
    try:
        fleet.clean_fields()
    except ValidationError as error:
        problems = [
            f"{Fleet._meta.get_field(name).verbose_name}: {' '.join(messages)}"  # type: ignore[union-attr]
            for name, messages in error.message_dict.items()
        ]
        raise CommandError(" ".join(problems)) from None


def check_people(people: list[tuple[str, TeamRole]]) -> None:
    """Raise CommandError for an e-mail that is none, named twice, or of an account switched off."""
    emails = [email_key(email) for email, _role in people]
    for email in emails:
        try:
            validate_email(email)
        except ValidationError:
            raise CommandError(f"“{email}” is not an e-mail address.") from None
    if len(set(emails)) < len(emails):
        raise CommandError("Each person can have one role only; an e-mail is named twice.")
    if off := User.objects.filter(email__in=emails, is_active=False).first():
        raise CommandError(f"The account of {off.email} is switched off.")


def read_password(email: str) -> str:
    """Return the password from standard input; raises CommandError for one that is too weak."""
    password = sys.stdin.readline().rstrip("\r\n")
    try:
        validate_password(password, User(email=email))
    except ValidationError as error:
        raise CommandError(" ".join(error.messages)) from None
    return password
