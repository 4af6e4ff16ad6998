"""What the tests about drivers share: the simulated operator, and its invites by hand."""

import itertools

import pytest
from django.utils.timezone import now

from sandbox.world.records import Invite, User
from sandbox.world.world import World

_invite_ids = itertools.count(990_000)


@pytest.fixture
def invite(operator):
    """Invite a user of the operator to a partner."""

    def make(user_id, partner_id, *, status="accepted", private=False) -> Invite:
        user = operator.users[user_id]
        return operator.add_invite(
            Invite(
                id=next(_invite_ids),
                partner_id=partner_id,
                user_id=user_id,
                email=user.email,
                status=status,
                private=private,
                created_at=now(),
            )
        )

    return make


@pytest.fixture
def uninvite(operator):
    """Take a partner's invites of a user back."""

    def take(user_id, partner_id) -> None:
        user = operator.users[user_id]
        for each in [one for one in user.invites if one.partner_id == partner_id]:
            user.invites.remove(each)
            del operator.invites[each.id]

    return take


def sign_up(world: World, pk: int, email: str, **fields) -> User:
    """Add a user to the operator."""
    values = {
        "first_name": "Dana",
        "last_name": f"Nr {pk}",
        "locale": "en",
        "status": "enabled",
        "updated_at": now(),
        **fields,
    }
    return world.add_user(User(id=pk, email=email, **values))
