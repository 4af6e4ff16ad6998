"""Adds, changes and retires the cost centres of a fleet. Never deleted: sessions name them."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from charging.models import CostCentre, Session
from charging.selectors.cost_centres import cost_centre_coded
from charging.services import mark_months
from drivers.models import Fleet
from vehicles.actions import rename_cost_centre


class CodeTaken(Exception):
    """Another cost centre of the fleet has the code; `message` says so."""

    def __init__(self, other: CostCentre) -> None:
        if other.retired_at:
            text = _("%(other)s is retired and has this code. Bring it back instead.")
        else:
            text = _("%(other)s has this code already.")
        self.message = text % {"other": other}
        super().__init__(self.message)


def add_cost_centre(fleet: Fleet, *, code: str, name: str) -> tuple[CostCentre, int]:
    """Add a cost centre; return it, and how many sessions it got of vehicles with its code.

    These are sessions without any, about which nobody has said anything by hand. Raises CodeTaken.
    """
    with _code_once(fleet, code):
        added = CostCentre(fleet=fleet, code=code, name=name)
        added.save()
        return added, _claim_sessions(added)


def change_cost_centre(cost_centre: CostCentre, *, code: str, name: str) -> None:
    """Give a cost centre another code or name; vehicles with the old code get the new one.

    Raises CodeTaken.
    """
    with _code_once(cost_centre.fleet, code, besides=cost_centre):
        locked = CostCentre.objects.select_for_update().get(pk=cost_centre.pk)
        if locked.code != code:
            rename_cost_centre(locked.fleet, locked.code, code)
        locked.code, locked.name = code, name
        locked.save(update_fields=["code", "name"])


def retire_cost_centre(cost_centre: CostCentre) -> None:
    """Take a cost centre out of what can be picked; what it has stays."""
    if cost_centre.retired_at is None:
        cost_centre.retired_at = timezone.now()
        cost_centre.save(update_fields=["retired_at"])


def bring_back_cost_centre(cost_centre: CostCentre) -> None:
    cost_centre.retired_at = None
    cost_centre.save(update_fields=["retired_at"])


def check_code(fleet: Fleet, code: str, *, besides: CostCentre | None = None) -> None:
    """Raise CodeTaken where another cost centre of the fleet has the code, in whatever case."""
    other = cost_centre_coded(fleet, code)
    if other is not None and other != besides:
        raise CodeTaken(other)


def _claim_sessions(cost_centre: CostCentre) -> int:
    unclaimed = Session.objects.filter(
        fleet=cost_centre.fleet,
        cost_centre=None,
        assigned_by_hand=False,
        vehicle__cost_centre__iexact=cost_centre.code,
    )
    months = set(unclaimed.values_list("fleet_id", "local_day").order_by().distinct())
    claimed = Session.objects.filter(pk__in=unclaimed.values("pk")).update(cost_centre=cost_centre)
    mark_months(months)
    return claimed


@contextmanager
def _code_once(fleet: Fleet, code: str, *, besides: CostCentre | None = None) -> Iterator[None]:
    """Run what gives a cost centre a code in a transaction. Raises CodeTaken."""
    check_code(fleet, code, besides=besides)
    try:
        with transaction.atomic():
            yield
    except IntegrityError:
        # Somebody else has just taken it.
        check_code(fleet, code, besides=besides)
        raise
