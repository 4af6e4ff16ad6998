"""Takes a fleet and its first people on board."""

from dataclasses import dataclass

from django.db import transaction

from accounts.models import User
from drivers.models import Fleet, FleetMembership, TeamRole
from drivers.team import change_role, lock_team
from upstream.emails import email_key


@dataclass(frozen=True, slots=True)
class Membership:
    """What came of adding somebody: the membership, and what about it is new."""

    membership: FleetMembership
    is_new: bool
    is_new_user: bool


def find_or_create_fleet(*, name: str, ampeco_partner_id: int) -> tuple[Fleet, bool]:
    return Fleet.objects.get_or_create(
        ampeco_partner_id=ampeco_partner_id, defaults={"name": name.strip()}
    )


def add_member(
    *, fleet: Fleet, email: str, role: TeamRole, password: str | None = None
) -> Membership:
    """Give somebody a role in a fleet, with an account if they have none yet.

    Without `password` a new account has none that works, so an invitation must follow. An existing
    account keeps the password that it has. Raises LastAdmin where a fleet's only admin would get
    another role.
    """
    email = email_key(email)
    with transaction.atomic():
        lock_team(fleet)
        user = User.objects.with_email(email).first()
        is_new_user = user is None
        if user is None:
            user = User.objects.create_user(email, password)
        elif password is not None and not user.has_usable_password():
            user.set_password(password)
            user.save(update_fields=["password"])
        membership, is_new = FleetMembership.objects.get_or_create(
            fleet=fleet, user=user, defaults=role.columns
        )
        if membership.team_role != role:
            membership = change_role(fleet=fleet, pk=membership.pk, role=role, by=None)
    return Membership(membership=membership, is_new=is_new, is_new_user=is_new_user)
