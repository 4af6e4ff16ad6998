"""`manage.py seed_demo`: what a person needs in order to try the portal in the demo."""

import json
import os
from contextlib import suppress
from functools import cache
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.hashers import check_password, make_password
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from ampeco.connection import get_client
from drivers.models import Fleet, FleetMembership, TeamRole
from maintenance.mirroring.downtime import sync_downtime
from mirror.models import SyncRun
from mirror.runs import RunUnderWay
from sandbox.management.first_bookings import make_first_bookings
from sandbox.management.first_costs import make_first_costs
from sandbox.management.first_links import confirm_first_links
from sandbox.management.first_vehicles import make_first_vehicles, note_first_limits
from sandbox.world.cast import HUDSON, PARTNERS, RHONE
from tariffs.mirroring import sync_tariffs

# Known to everybody: that is why only a demo may have it.
DEMO_PASSWORD = "charge-and-go"  # noqa: S105
ROLES = {
    TeamRole.ADMIN: "runs and books for",
    TeamRole.VIEWER: "looks at",
}
# The partner, and who may log in for its fleet.
FLEETS = (
    (
        HUDSON,
        (
            ("manager@hudson.example", "Maya Okafor", TeamRole.ADMIN),
            ("viewer@hudson.example", "Vince Adler", TeamRole.VIEWER),
        ),
    ),
    (
        RHONE,
        (
            ("manager@rhone.example", "Camille Perrin", TeamRole.ADMIN),
            ("viewer@rhone.example", "Lucie Blanc", TeamRole.VIEWER),
        ),
    ),
)
STAFF = ("staff@operator.example", "Sam Ritter")


class Command(BaseCommand):
    """Mirrors the sandbox, and makes two fleets with people who may log in, and staff.

    Can be run again: what is there stays, people get the demo's password back.
    """

    help = "Fills the demo: sites, two fleets, people who log in, drivers, bookings if wanted."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--logins", type=Path, help="write who may log in to this JSON file")
        parser.add_argument(
            "--bookings",
            action="store_true",
            help="make bookings of yesterday, today and tomorrow, cost centres and budgets",
        )

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002
        refuse_outside_demo()
        if not sites_were_read():
            # A run that an earlier demo left unfinished died with it: it need not be waited for.
            SyncRun.objects.filter(state=SyncRun.State.RUNNING).update(
                state=SyncRun.State.BROKEN_OFF
            )
            call_command("sync_sites", full=True, stdout=self.stdout, stderr=self.stderr)
            # So that the first page that somebody opens tells of both. What the demo's worker is
            # at already is left to it.
            for read in (sync_downtime, sync_tariffs):
                with suppress(RunUnderWay):
                    read(client=get_client())
        with transaction.atomic():
            logins = make_people()
        call_command("sync_drivers", stdout=self.stdout, stderr=self.stderr)
        self.stdout.write(f"{make_vehicles()} vehicles were made.")
        if settings.AMPCONTROL_BASE_URL:
            linked = confirm_first_links(User.objects.get(email=STAFF[0]))
            self.stdout.write(f"{linked} links to Ampcontrol were confirmed.")
        if options["bookings"]:
            self.stdout.write(f"{make_bookings()} bookings were made.")
            self.stdout.write(f"{make_costs()} cost centres and budgets were made.")
        self.read_sessions()
        if options["logins"]:
            options["logins"].write_text(json.dumps(logins, ensure_ascii=False), encoding="utf-8")
        self.stdout.write(f"The demo has {len(FLEETS)} fleets and {len(logins)} log-ins.")

    def read_sessions(self) -> None:
        """Read what was charged in the months before, as far as the operator tells it."""
        try:
            call_command("sync_sessions", stdout=self.stdout, stderr=self.stderr)
        except CommandError as error:
            self.stdout.write(f"What was charged was not read: {error}")


def refuse_outside_demo() -> None:
    """Raise CommandError unless the environment says that this is the demo, on this machine."""
    host = urlsplit(settings.AMPECO_BASE_URL).hostname or ""
    if os.environ.get("CHARGEBOOK_DEMO") != "1" or not is_loopback(host):
        raise CommandError(
            "seed_demo makes people whose password everybody knows, so it runs in the demo only: "
            "with CHARGEBOOK_DEMO=1 and AMPECO_BASE_URL on this machine."
        )


def is_loopback(host: str) -> bool:
    """Return whether the host is certainly this machine."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def sites_were_read() -> bool:
    return SyncRun.objects.filter(
        kind=SyncRun.Kind.SITES_FULL, state=SyncRun.State.FINISHED
    ).exists()


def make_people() -> list[dict[str, str]]:
    """Make fleets, members and staff where they are missing; return who may log in."""
    logins = []
    for partner_id, people in FLEETS:
        fleet, _ = Fleet.objects.get_or_create(
            ampeco_partner_id=partner_id, defaults={"name": PARTNERS[partner_id]}
        )
        for email, name, role in people:
            FleetMembership.objects.get_or_create(
                fleet=fleet, user=make_user(email, name), defaults=role.columns
            )
            logins.append(login(email, f"{ROLES[role]} {fleet.name}", role=role))
    make_user(*STAFF, is_staff=True, is_superuser=True)
    logins.append(login(STAFF[0], "operator's staff, back office", role="staff"))
    return logins


def make_vehicles() -> int:
    """Make what is missing of each fleet's vehicles; return how many that was."""
    note_first_limits()
    return sum(
        make_first_vehicles(Fleet.objects.get(ampeco_partner_id=partner_id))
        for partner_id, _people in FLEETS
    )


def make_costs() -> int:
    """Make each fleet's cost centres and budgets, if it has none; return how many that was."""
    return sum(
        make_first_costs(Fleet.objects.get(ampeco_partner_id=partner_id))
        for partner_id, _people in FLEETS
    )


def make_bookings() -> int:
    """Make what is missing of each fleet's first bookings; return how many that was."""
    now = timezone.now()
    return sum(
        make_first_bookings(
            Fleet.objects.get(ampeco_partner_id=partner_id),
            User.objects.get(email=people[0][0]),
            now=now,
        )
        for partner_id, people in FLEETS
    )


def make_user(email: str, name: str, **flags: bool) -> User:
    """Return the user with this e-mail, made if missing, with the demo's password."""
    user = User.objects.filter(email=email).first() or User.objects.create_user(
        email, None, name=name, **flags
    )
    if not is_hash_of_it(user.password):
        user.password = one_hash()
        user.save(update_fields=["password"])
    return user


# To make a hash, or to check one, takes a third of a second: what everybody knows has one for all.
@cache
def one_hash() -> str:
    return make_password(DEMO_PASSWORD)


@cache
def is_hash_of_it(encoded: str) -> bool:
    return check_password(DEMO_PASSWORD, encoded)


def login(email: str, what: str, *, role: str) -> dict[str, str]:
    return {"email": email, "password": DEMO_PASSWORD, "role": role, "what": what}
