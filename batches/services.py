"""What people do with tables of bookings: make a draft, send it."""

import uuid
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from batches.checks import FreeByRow, RowCheck, check_rows, rows_of, what_is_free
from batches.models import Batch, BatchRow
from bookings.actions.candidate import refused_while_held
from bookings.actions.together import Wish, save_together
from bookings.models import Booking
from drivers.models import Driver, Fleet
from drivers.permissions import current_drivers
from sites.models import Evse, Location
from sites.slots.availability import JUST_NOW_SECONDS
from vehicles.models import Vehicle

MOST_ROWS = 500
# So long after it was sent the same file is a click too many, even if all of it was rejected.
SECOND_CLICK = timedelta(minutes=2)


class BatchRefused(Exception):
    """What is not done with a table; the message is for the person who wanted it.

    `reason` is `too-many`, `empty`, `stale` (it changed since it was seen: `changed` are the keys
    of the rows that are other than they were shown, where that is known) or `discarded`.
    """

    def __init__(self, reason: str, message: str, *, changed: Collection[int] = ()) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.changed = frozenset(changed)


@dataclass(frozen=True, slots=True)
class RowWish:
    """A row as somebody wants it. Without `evse`, any charger of the site that fits will do.

    Without `driver` the vehicle's usual one is put in. `given` is what stood in a file and could
    not be understood, by column.
    """

    vehicle: Vehicle | None = None
    driver: Driver | None = None
    location: Location | None = None
    evse: Evse | None = None
    start_at: datetime | None = None
    end_at: datetime | None = None
    reference: str = ""
    given: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sent:
    """What came of sending a table, and whether this call did it."""

    asked: int
    refused: int
    is_new: bool


@transaction.atomic
def create_draft(
    *,
    fleet: Fleet,
    user: User,
    source: Batch.Source,
    rows: Sequence[RowWish],
    name: str = "",
    file_digest: str = "",
) -> Batch:
    """Save a table that nobody has sent yet; raises BatchRefused for none or too many rows.

    The same rows of a file again, known by their digest, give the table that was made of them: a
    draft that nobody has edited, or one that was sent and of which something may yet come.
    """
    check_number(len(rows))
    now = timezone.now()
    if file_digest:
        _hold(fleet)
        if earlier := _made_already(fleet, file_digest, now):
            return earlier
    batch = Batch.objects.create(
        fleet=fleet,
        name=name[:80],
        source=source,
        file_digest=file_digest,
        created_by=user,
        created_at=now,
        changed_at=now,
    )
    usual = _usual_drivers(fleet, rows)
    BatchRow.objects.bulk_create(
        BatchRow(
            batch=batch,
            position=position,
            vehicle=wish.vehicle,
            driver=wish.driver or _usual_driver(wish.vehicle, usual),
            location=wish.location,
            evse=wish.evse,
            start_at=wish.start_at,
            end_at=wish.end_at,
            reference=wish.reference[:64],
            given=wish.given,
        )
        for position, wish in enumerate(rows, start=1)
    )
    return batch


def _made_already(fleet: Fleet, file_digest: str, now: datetime) -> Batch | None:
    may_come = BatchRow.objects.filter(batch=OuterRef("pk"), booking__status__in=Booking.MAY_COME)
    is_untouched = Q(state=Batch.State.DRAFT, version=0)
    is_just_sent = Q(sent_at__gte=now - SECOND_CLICK) | Q(Exists(may_come))
    return (
        fleet.batches.filter(
            is_untouched | (Q(state=Batch.State.SENT) & is_just_sent), file_digest=file_digest
        )
        .order_by("-pk")
        .first()
    )


def check_number(rows: int) -> None:
    """Raise BatchRefused for a table of so many rows, if it may not have them."""
    if not rows:
        raise BatchRefused("empty", _("There is nothing to book in this table."))
    if rows > MOST_ROWS:
        text = ngettext(
            "A table can have at most %(most)d booking, and this would be %(rows)d.",
            "A table can have at most %(most)d bookings, and this would be %(rows)d.",
            MOST_ROWS,
        )
        raise BatchRefused("too-many", text % {"most": MOST_ROWS, "rows": rows})


@refused_while_held()
def send_batch(
    batch: Batch,
    *,
    user: User,
    seen_version: int,
    seen: Mapping[int, str] | None = None,
    now: datetime | None = None,
) -> Sent:
    """Ask for every row that can be asked for; the others are refused, each with its sentence.

    All of it is one transaction: whatever dies, the table is a draft as before, or sent as a whole.
    One that is sent already stays as it is. Raises BatchRefused, with nothing asked for, where the
    table has another version by now, where a row stands otherwise than it was `seen` (the marks of
    its rows by key, without the empty ones), or where no row can be asked for.
    """
    now = now or timezone.now()
    told = None
    if batch.state == Batch.State.DRAFT and batch.version == seen_version:
        # The operator is asked before anything is held.
        told = what_is_free(_check(batch, now=now))
    with transaction.atomic():
        batch = _held(batch)
        if batch.state == Batch.State.SENT:
            return _counted(batch, is_new=False)
        if batch.state == Batch.State.DISCARDED:
            raise BatchRefused("discarded", _("This table was discarded, so nothing was sent."))
        if batch.version != seen_version or told is None:
            text = _("Somebody has changed this table since you opened it. Nothing was sent.")
            raise BatchRefused("stale", text)
        # Two tables that want the same come one after the other.
        _hold(batch.fleet)
        checks = _check(batch, now=now, told=told)
        _refuse_unseen(checks, seen)
        if not any(check.will_be_asked for check in checks):
            text = _("None of these bookings can be asked for as they are. Nothing was sent.")
            raise BatchRefused("empty", text)
        _ask_for(checks, user=user)
        batch.state, batch.sent_at, batch.changed_at = Batch.State.SENT, now, now
        batch.version += 1
        batch.save(update_fields=["state", "sent_at", "changed_at", "version"])
        return _counted(batch, is_new=True)


def _check(batch: Batch, *, now: datetime, told: FreeByRow | None = None) -> list[RowCheck]:
    return check_rows(batch.fleet, rows_of(batch), now=now, answer_age=JUST_NOW_SECONDS, told=told)


def _refuse_unseen(checks: list[RowCheck], seen: Mapping[int, str] | None) -> None:
    if seen is None:
        return
    wanted = [check for check in checks if check.is_wanted]
    changed = [
        check.row.pk for check in wanted if not _is_seen(check.mark, seen.get(check.row.pk, ""))
    ]
    if changed:
        text = ngettext(
            "%(count)d row is no longer as it was shown. Nothing was sent: please check it.",
            "%(count)d rows are no longer as they were shown. Nothing was sent: please check them.",
            len(changed),
        )
        raise BatchRefused("stale", text % {"count": len(changed)}, changed=changed)


def _is_seen(mark: str, shown: str) -> bool:
    """Return whether a row is as it was shown; a warning that is gone needs nobody's eyes."""
    return mark == shown or (mark, shown) == ("", "c")


def _ask_for(checks: list[RowCheck], *, user: User) -> None:
    """Save what can be asked for as bookings, and what became of each row."""
    wishes = [
        Wish(check.candidate, check.row.reference, check.row.submission_key)
        for check in checks
        if check.will_be_asked and check.candidate
    ]
    requests = save_together(wishes, user=user)
    booked = _booked_meanwhile([wish for wish in wishes if wish.submission_key not in requests])
    rows = []
    for check in checks:
        row = check.row
        if not check.is_wanted:
            continue
        request = requests.get(row.submission_key)
        same = check.booked or booked.get(row.submission_key)
        if request is not None:
            row.state, row.booking, row.problem = BatchRow.State.ASKED, request.booking, ""
        elif same is not None:
            row.state, row.booking = BatchRow.State.ASKED, same
            row.problem = _("Your fleet had asked for this already.")
        else:
            row.state = BatchRow.State.REFUSED
            text = check.problem or _("Something went wrong. Please send it again.")
            row.problem = text[:1000]
        rows.append(row)
    BatchRow.objects.bulk_update(rows, ["state", "booking", "problem"], batch_size=MOST_ROWS)


def _booked_meanwhile(wishes: Sequence[Wish]) -> dict[uuid.UUID, Booking]:
    """Return the bookings that somebody else asked for in the very moment, by the wish's key."""
    if not wishes:
        return {}
    keys = {wish.candidate.slot_key: wish.submission_key for wish in wishes}
    fleet = wishes[0].candidate.fleet
    found = Booking.objects.filter(fleet=fleet, slot_key__in=keys)
    return {keys[booking.slot_key]: booking for booking in found}


def _counted(batch: Batch, *, is_new: bool) -> Sent:
    states = Counter(batch.rows.order_by().values_list("state", flat=True))
    return Sent(states[BatchRow.State.ASKED], states[BatchRow.State.REFUSED], is_new)


def _held(batch: Batch) -> Batch:
    rows = Batch.objects.select_for_update(of=("self",)).select_related("fleet")
    return rows.get(pk=batch.pk)


def _hold(fleet: Fleet) -> None:
    """Let nobody else send tables of a fleet for the rest of the transaction; bookings go on."""
    Fleet.objects.select_for_update(no_key=True).get(pk=fleet.pk)


def _usual_drivers(fleet: Fleet, rows: Sequence[RowWish]) -> dict[int, Driver]:
    """Return the usual drivers of the vehicles that may be put in, by key."""
    usual = {
        wish.vehicle.usual_driver_id
        for wish in rows
        if wish.vehicle and wish.driver is None and wish.vehicle.usual_driver_id
    }
    enabled = current_drivers(fleet).filter(pk__in=usual, status=Driver.Status.ENABLED)
    return {driver.pk: driver for driver in enabled}


def _usual_driver(vehicle: Vehicle | None, usual: dict[int, Driver]) -> Driver | None:
    return usual.get(vehicle.usual_driver_id or 0) if vehicle else None
