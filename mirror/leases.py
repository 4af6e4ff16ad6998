"""Claims on rows, so that any number of workers share the work and none is done twice at once.

A claim is a conditional UPDATE: of two workers that want the same row one changes it, the other
sees that it changed nothing. It repeats what made the row a candidate, since the row may have been
claimed, worked on and given back since it was looked at. A claim that is not given back runs out,
so a killed worker's rows are found again.
"""

import uuid
from datetime import datetime, timedelta
from typing import Any

from django.db import models
from django.db.models import Q


def free_of_lease(now: datetime) -> Q:
    return Q(lease_until__isnull=True) | Q(lease_until__lte=now)


def claim(
    candidates: "models.QuerySet[Any]", *, now: datetime, seconds: int, limit: int
) -> tuple[uuid.UUID, list[int]]:
    """Claim up to `limit` of the candidates for some seconds.

    Returns the owner's mark and the ids that were won; another worker may have won the rest.
    """
    owner = uuid.uuid4()
    manager = candidates.model._default_manager
    wanted = list(candidates.filter(free_of_lease(now)).values_list("pk", flat=True)[:limit])
    if not wanted:
        return owner, []
    won = (
        candidates.order_by()
        .filter(free_of_lease(now), pk__in=wanted)
        .update(lease_owner=owner, lease_until=now + timedelta(seconds=seconds))
    )
    if won == len(wanted):
        return owner, wanted
    return owner, list(
        manager.filter(pk__in=wanted, lease_owner=owner).values_list("pk", flat=True)
    )
