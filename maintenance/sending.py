"""Sends what staff asked about downtime, each row once, and looks for what got no answer."""

import logging
import uuid
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from ampeco.client import AmpecoClient
from ampeco.types import DowntimePeriod, NewDowntime
from ampeco.types.downtime import MANUAL, OF_EVSE
from maintenance.mirroring.downtime import store_periods
from maintenance.models import Downtime, DowntimeChange
from mirror.work import claim
from sync.downtime import notice_downtime
from upstream.errors import (
    UpstreamError,
    UpstreamForbidden,
    UpstreamNotFound,
    UpstreamRejected,
    UpstreamUnauthorized,
    UpstreamUnavailable,
    meets_every_call,
)

logger = logging.getLogger(__name__)

Kind, State = DowntimeChange.Kind, DowntimeChange.State
LEASE_SECONDS = 60
AT_ONCE = 20
PAUSE = timedelta(seconds=20)
# For so long after it was sent what got no answer is looked for before it counts as not done.
LOOK_FOR = timedelta(minutes=2)
SECOND = timedelta(seconds=1)


def send_changes(*, client: AmpecoClient, now: datetime | None = None) -> int:
    """Send what waits, and look for what got no answer; return how many rows were settled.

    Any number of workers may do so at once. Bookings that are hit are marked at once.
    """
    if client.held_back_for():
        return 0
    now = now or timezone.now()
    due = DowntimeChange.objects.filter(state__in=DowntimeChange.OPEN).order_by("pk")
    owner, won = claim(due, now=now, seconds=LEASE_SECONDS, limit=AT_ONCE)
    settled = 0
    try:
        for key in won:
            row = DowntimeChange.objects.select_related("charge_point", "evse", "downtime").get(
                pk=key
            )
            try:
                if row.state == State.QUEUED:
                    settled += _send(row, owner, client, now=now)
                else:
                    settled += _look_for(row, owner, client, now=now)
            except UpstreamError as error:
                if meets_every_call(error):
                    break
    finally:
        mine = DowntimeChange.objects.filter(lease_owner=owner)
        mine.filter(lease_until__gt=now + PAUSE).update(lease_owner=None, lease_until=None)
        mine.update(lease_owner=None)
    if settled:
        notice_downtime()
    return settled


def _send(row: DowntimeChange, owner: uuid.UUID, client: AmpecoClient, *, now: datetime) -> bool:
    """Send a row; return whether it is settled. Raises UpstreamError where others fare no better.

    It is `sending` before anything goes out: whoever finds it so later does not send it again.
    """
    if row.kind == Kind.MAKE and row.end_at <= now:
        return _settle(row, owner, State.FAILED, _("It could not be sent before its end."))
    if not _note(row, owner, state=State.SENDING, sent_at=now):
        return False
    row.sent_at = now
    try:
        period = _call(row, client)
    except UpstreamNotFound:
        if row.kind == Kind.MAKE:
            return _settle(row, owner, State.REFUSED, _("The operator does not know this charger."))
        return _done(row, owner, None)
    except UpstreamRejected as error:
        return _settle(row, owner, State.REFUSED, _refusal(error))
    except UpstreamError as error:
        is_unclear = isinstance(error, UpstreamUnavailable) and error.ambiguous
        state = State.UNCLEAR if is_unclear else State.QUEUED
        logger.warning("A change of downtime was not answered (%s): %s", state, error)
        _note(row, owner, state=state, lease_until=now + PAUSE)
        if not is_unclear:
            raise
        return False
    return _done(row, owner, period)


def _call(row: DowntimeChange, client: AmpecoClient) -> DowntimePeriod | None:
    if row.kind == Kind.MAKE:
        place = row.evse.ampeco_id if row.evse else row.charge_point.ampeco_id
        assert row.ampeco_notice_id is not None
        return client.create_downtime(
            NewDowntime(row.of, place, row.ampeco_notice_id, row.start_at, row.end_at)
        )
    assert row.downtime is not None
    if row.kind == Kind.END:
        return client.change_downtime(row.of, row.downtime.ampeco_id, ended_at=row.end_at)
    client.delete_downtime(row.of, row.downtime.ampeco_id)
    return None


def _look_for(
    row: DowntimeChange, owner: uuid.UUID, client: AmpecoClient, *, now: datetime
) -> bool:
    """Find out whether what got no answer was done; return whether that is known.

    It is never sent again: a second one could not be told from the first.
    """
    try:
        is_done, period = _has_arrived(row, client)
    except UpstreamForbidden:
        text = _("The operator did not answer, and does not let this token look for it.")
        return _settle(row, owner, State.FAILED, text)
    except UpstreamError:
        _note(row, owner, state=State.UNCLEAR, lease_until=now + PAUSE)
        raise
    if is_done:
        return _done(row, owner, period)
    if row.sent_at is not None and now < row.sent_at + LOOK_FOR:
        _note(row, owner, state=State.UNCLEAR, lease_until=now + PAUSE)
        return False
    text = _("The operator did not answer, and nothing was changed there. Please ask again.")
    return _settle(row, owner, State.FAILED, text)


def _has_arrived(row: DowntimeChange, client: AmpecoClient) -> tuple[bool, DowntimePeriod | None]:
    if row.kind == Kind.MAKE:
        found = _made(row, client)
        return found is not None, found
    assert row.downtime is not None
    try:
        found = client.read_downtime(row.of, row.downtime.ampeco_id)
    except UpstreamNotFound:
        return True, None
    return row.kind == Kind.END and found.ended_at == row.end_at, found


def _made(row: DowntimeChange, client: AmpecoClient) -> DowntimePeriod | None:
    """Return the period that a row has made: as it asks for, and no other row's."""
    others = set(
        DowntimeChange.objects.filter(kind=Kind.MAKE, of=row.of, downtime__isnull=False)
        .exclude(pk=row.pk)
        .values_list("downtime__ampeco_id", flat=True)
    )
    pages = client.downtime_pages(
        row.of,
        evse_id=row.evse.ampeco_id if row.evse and row.of == OF_EVSE else None,
        charge_point_id=row.charge_point.ampeco_id,
        entry_mode=MANUAL,
        started_after=row.start_at - SECOND,
    )
    wanted = (row.start_at, row.end_at, row.ampeco_notice_id)
    place = row.evse.ampeco_id if row.evse else None
    for page in pages:
        for each in page.items:
            told = (each.started_at, each.ended_at, each.notice_id)
            if told == wanted and each.evse_id == place and each.id not in others:
                return each
    return None


def _refusal(error: UpstreamRejected) -> str:
    """Return in plain words why the operator refused."""
    if isinstance(error, UpstreamForbidden):
        return _("The operator does not let this portal's token change downtime (403).")
    if isinstance(error, UpstreamUnauthorized):
        return _("The operator does not accept the portal's token (401).")
    if error.messages:
        return _("The operator says: %(words)s") % {"words": " ".join(error.messages)}
    return _("The operator refused it (%(status)s).") % {"status": error.status}


@transaction.atomic
def _done(row: DowntimeChange, owner: uuid.UUID, period: DowntimePeriod | None) -> bool:
    """Settle a row as done, with our copy of what it did."""
    downtime = row.downtime
    if row.kind == Kind.DELETE or period is None:
        if downtime is not None:
            Downtime.objects.filter(pk=downtime.pk).update(retired_at=timezone.now())
    else:
        store_periods(row.of, [period])
        downtime = Downtime.objects.filter(of=row.of, ampeco_id=period.id).first()
    return _settle(row, owner, State.DONE, "", downtime=downtime)


def _settle(row: DowntimeChange, owner: uuid.UUID, state: str, problem: str, **facts: Any) -> bool:
    return _note(row, owner, state=state, problem=problem[:500], settled_at=timezone.now(), **facts)


def _note(row: DowntimeChange, owner: uuid.UUID, **facts: Any) -> bool:
    """Write what became of a row, unless somebody else has it by now."""
    held = DowntimeChange.objects.filter(
        pk=row.pk, lease_owner=owner, state__in=DowntimeChange.OPEN
    )
    return bool(held.update(**facts))
