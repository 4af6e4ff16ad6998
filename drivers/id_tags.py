"""Reads what starts a charge for the drivers who are about to charge."""

import logging
from datetime import datetime, timedelta

from django.apps import apps
from django.core.cache import cache
from django.db import transaction
from django.db.models import F, Q
from django.utils.translation import gettext as _

from ampeco.client import AmpecoClient
from ampeco.types import IdTag as Tag
from drivers.models import Driver, Fleet, IdTag
from drivers.permissions import current_drivers
from upstream.errors import UpstreamError, UpstreamForbidden, UpstreamNotFound

logger = logging.getLogger(__name__)

# Whose booking begins within so long; each at most once a day, some in each run.
AHEAD = timedelta(hours=48)
AGAIN_AFTER = timedelta(days=1)
# Whom the operator could not answer about; the others come first.
RETRY = timedelta(hours=1)
MOST_A_RUN = 5
FORBIDDEN_KEY = "id-tags-forbidden"
FORBIDDEN_SECONDS = 24 * 3600


def read_due_tags(fleet: Fleet, *, client: AmpecoClient, now: datetime) -> str:
    """Read the tags of some of a fleet's drivers, a call each; return what staff should know.

    A token that may not read them, or an operator without, is not asked again for a day. Raises
    UpstreamError.
    """
    if cache.get(FORBIDDEN_KEY):
        return forbidden()
    # Bookings stand above this room: they are known here by name only.
    booking = apps.get_model("bookings", "Booking")
    coming = booking.objects.filter(
        fleet=fleet, status__in=booking.COMING, end_at__gt=now, start_at__lt=now + AHEAD
    )
    due = current_drivers(fleet).filter(
        Q(tags_read_at=None) | Q(tags_read_at__lt=now - AGAIN_AFTER),
        pk__in=coming.values("driver"),
    )
    never_first = F("tags_read_at").asc(nulls_first=True)
    for driver in due.order_by(never_first, "pk")[:MOST_A_RUN]:
        try:
            tags = client.id_tags_of(driver.ampeco_user_id)
        except (UpstreamForbidden, UpstreamNotFound):
            cache.set(FORBIDDEN_KEY, 1, FORBIDDEN_SECONDS)
            return forbidden()
        except UpstreamError:
            _note_read(driver, now - AGAIN_AFTER + RETRY)
            raise
        store_tags(driver, tags, now=now)
    return ""


def forbidden() -> str:
    return _(
        "The operator does not let this token read charging cards (403): drivers are not told "
        "which of theirs starts the charge."
    )


@transaction.atomic
def store_tags(driver: Driver, tags: list[Tag], *, now: datetime) -> None:
    """Keep a driver's tags as they are now; none of somebody who was erased meanwhile."""
    if Driver.objects.select_for_update(no_key=True).get(pk=driver.pk).is_erased:
        return
    driver.id_tags.exclude(ampeco_id__in=[tag.id for tag in tags]).delete()
    for tag in tags:
        IdTag.objects.update_or_create(
            ampeco_id=tag.id,
            defaults={
                "driver": driver,
                "type": tag.type,
                "status": tag.status,
                "label": tag.label[:100],
                "last_digits": tag.last_digits,
                "uid_key": tag.uid_key,
                "uid_short_key": tag.uid_short_key,
                "expires_at": tag.expires_at,
            },
        )
    _note_read(driver, now)


def _note_read(driver: Driver, at: datetime) -> None:
    Driver.objects.filter(pk=driver.pk).update(tags_read_at=at)
