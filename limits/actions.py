"""What a fleet's admins set for their own fleet."""

from collections.abc import Iterable

from django.db import transaction

from accounts.models import User
from drivers.models import Fleet
from limits.models import Limit
from sites.models import Evse


@transaction.atomic
def add_own_limit(limit: Limit, *, fleet: Fleet, user: User, evses: Iterable[Evse] = ()) -> Limit:
    """Save a checked limit as one that the fleet has set for itself."""
    limit.fleet, limit.by_fleet, limit.created_by = fleet, True, user
    limit.save()
    limit.evses.set(evses)
    return limit


def remove_own_limit(*, fleet: Fleet, pk: int) -> None:
    """Raises Limit.DoesNotExist for one that the fleet has not set itself."""
    Limit.objects.get(pk=pk, fleet=fleet, by_fleet=True).delete()


def let_drivers(*, fleet: Fleet, change_end: bool, move: bool, start: bool) -> None:
    """Set what drivers may do on their own pages."""
    fleet.drivers_may_change_end, fleet.drivers_may_move = change_end, move
    fleet.drivers_may_start = start
    fleet.save(update_fields=["drivers_may_change_end", "drivers_may_move", "drivers_may_start"])
