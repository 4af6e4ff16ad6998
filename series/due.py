"""What workers do for series whose time has come: carry out changes, ask for dates."""

import logging
from datetime import datetime

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from drivers.models import FleetMembership
from mirror.work import claim, reconnect_if_broken
from series.asking import LOOK_AGAIN, ask_for_dates, with_facts
from series.models import Series
from series.rebooking import Outcome, carry_out

logger = logging.getLogger(__name__)

# So many series are looked at in a minute; each costs a call for about each week in which it has
# something to ask for, and those at the same site share them.
MOST_SERIES = 10
LEASE_SECONDS = 120


def ask_for_due(*, now: datetime | None = None) -> int:
    """Ask for what has become possible in some series; return how many were looked at.

    Two workers share them by leases. What a dead one had begun is found again when its lease ends.
    """
    now = now or timezone.now()
    due = Series.objects.filter(state=Series.State.ACTIVE, look_at__lte=now)
    owner, won = claim(
        due.order_by("location", "look_at"), now=now, seconds=LEASE_SECONDS, limit=MOST_SERIES
    )
    for series in with_facts(Series.objects.filter(pk__in=won)).order_by("location", "pk"):
        try:
            _ask_by_itself(series, now=now)
        except Exception:
            logger.exception("Series %s could not be looked at.", series.pk)
            reconnect_if_broken()
            Series.objects.filter(pk=series.pk).update(look_at=now + LOOK_AGAIN)
        finally:
            Series.objects.filter(pk=series.pk, lease_owner=owner).update(lease_until=None)
    return len(won)


def _ask_by_itself(series: Series, *, now: datetime) -> None:
    """Ask in the name of whoever made the series, as long as they may book for the fleet."""
    user = series.created_by
    manages = FleetMembership.objects.filter(
        fleet=series.fleet, user=user, role=FleetMembership.Role.MANAGER, user__is_active=True
    )
    with override(user.language or settings.LANGUAGE_CODE if user else settings.LANGUAGE_CODE):
        if user is None or not series.fleet.is_active or not manages.exists():
            text = _("Whoever made this series no longer books for the fleet. Please take it over.")
            Series.objects.filter(pk=series.pk).update(look_at=None, problem=text)
            return
        carry_out(Outcome(series), user=user, now=now)
        ask_for_dates(series, user=user, by_itself=True, now=now)
