"""What became of each row of a table that was sent, as far as it is known now."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlencode

from django.utils import timezone

from batches.models import Batch, BatchRow
from bookings.actions.candidate import Slot
from bookings.models import Booking
from shell.formats import instant
from sites.selectors import Criteria


class Became(StrEnum):
    """What a row has come to."""

    BOOKED = "booked"
    WAITING = "waiting"
    NOT_BOOKED = "not-booked"
    OTHER = "other"
    LEFT_OUT = "left-out"


@dataclass(frozen=True, slots=True)
class Outcome:
    """A row with what it has come to; `reason` is why it was not booked."""

    row: BatchRow
    became: Became
    reason: str = ""

    @property
    def booking(self) -> Booking | None:
        return self.row.booking

    @property
    def may_be_asked_again(self) -> bool:
        return self.became == Became.NOT_BOOKED

    @property
    def slot(self) -> Slot | None:
        """Where and when it was to be, as far as the row says both."""
        row = self.row
        if row.location is None or row.start_at is None or row.end_at is None:
            return None
        if row.start_at >= row.end_at:
            return None
        return Slot(row.location, row.evse, Criteria(), row.start_at, row.end_at)

    @property
    def wait_query(self) -> str:
        """How the address of the waiting list names what was not booked; "" once it has begun."""
        row, slot = self.row, self.slot
        if not self.may_be_asked_again or slot is None or slot.start_at <= timezone.now():
            return ""
        if self.booking:
            return urlencode({"booking": self.booking.pk})
        wanted = {
            "site": slot.location.pk,
            "evse": row.evse_id,
            "start": instant(slot.start_at),
            "minutes": slot.minutes,
            "driver": row.driver_id,
            "vehicle": row.vehicle_id,
            "reference": row.reference,
        }
        return urlencode({name: value for name, value in wanted.items() if value})


def outcomes_of(batch: Batch) -> list[Outcome]:
    """Return what became of each row, in their order, in two queries however many there are."""
    rows = (
        batch.rows.select_related(
            "vehicle",
            "driver",
            "location",
            "evse__charge_point",
            "booking__location",
            "booking__driver",
            "booking__evse__charge_point",
            "booking__charging_session",
        )
        .prefetch_related("booking__requests")
        .order_by("position", "pk")
    )
    return [_outcome(row) for row in rows]


def counts_of(outcomes: Iterable[Outcome]) -> dict[str, int]:
    """Return how many rows came to what, with names that templates can read."""
    counted = Counter(outcome.became for outcome in outcomes)
    return {each.name.lower(): counted[each] for each in Became}


def _outcome(row: BatchRow) -> Outcome:
    if row.state == BatchRow.State.LEFT_OUT:
        return Outcome(row, Became.LEFT_OUT)
    booking = row.booking
    if booking is None:
        return Outcome(row, Became.NOT_BOOKED, row.problem)
    if booking.status == Booking.Status.REQUESTED:
        return Outcome(row, Became.WAITING, row.problem)
    if booking.status in Booking.GOES_AHEAD:
        return Outcome(row, Became.BOOKED, row.problem)
    if booking.did_not_work_out:
        return Outcome(row, Became.NOT_BOOKED, _reason(booking))
    return Outcome(row, Became.OTHER)


def _reason(booking: Booking) -> str:
    """Return why the operator, or the portal, did not book it."""
    latest = max(booking.requests.all(), key=lambda each: (each.created_at, each.pk), default=None)
    if latest is None:
        return ""
    if latest.rejection_reason:
        return latest.rejection_reason
    return str(latest.get_failure_display()) if latest.failure else ""
