"""What is wrong with each row of a table now: by the rules of bookings, and beside other rows."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _

from batches.models import Batch, BatchRow
from bookings.actions.candidate import (
    SLOT_RULES,
    Candidate,
    Slot,
    first_refusal,
    slot_is_free,
)
from bookings.actions.limits import breaches_in_order
from bookings.actions.together import read_together
from bookings.models import Booking
from drivers.models import Fleet
from sites.models import Evse
from sites.selectors import Criteria
from sites.slots.availability import AvailabilityUnknown, FreeTimes, those_free
from sites.slots.prices.price import Price
from vehicles.selectors import ACCESS

FreeByRow = Mapping[int, FreeTimes | AvailabilityUnknown]
# How old an answer of the operator may be while somebody only looks.
LOOKING_SECONDS = 60


@dataclass(slots=True)
class RowCheck:
    """What is known of a row now.

    `problem` keeps it from being asked for, and belongs to `column`; `warnings` are said
    and keep it from nothing. `booked` is the fleet's booking that is the same already. `free` is
    None where the operator did not say. With `is_confirmed` whoever sends the row says by that that
    it may be so, such as a driver who is booked twice at a time.
    """

    row: BatchRow
    candidate: Candidate | None = None
    problem: str = ""
    column: str = ""
    warnings: list[str] = field(default_factory=list)
    is_confirmed: bool = False
    booked: Booking | None = None
    free: bool | None = None

    @property
    def is_wanted(self) -> bool:
        return self.row.state == BatchRow.State.PROPOSED

    @property
    def will_be_asked(self) -> bool:
        return self.is_wanted and not self.problem and self.booked is None

    @property
    def price(self) -> Price | None:
        return self.candidate.price if self.candidate else None

    @property
    def mark(self) -> str:
        """What somebody has to have seen who sends it: that it will not be asked for, or so."""
        if not self.will_be_asked:
            return "n"
        return "c" if self.is_confirmed else ""

    def refuse(self, column: str, problem: str) -> None:
        if not self.problem:
            self.column, self.problem = column, problem


def rows_of(batch: Batch) -> list[BatchRow]:
    """Return the rows of a table with what pages and checks need of them."""
    return list(
        batch.rows.select_related(
            "vehicle__usual_driver", "driver", "location", "evse__charge_point", "booking"
        )
        .prefetch_related(f"vehicle__{ACCESS}")
        .order_by("position", "pk")
    )


def check_batch(batch: Batch, *, now: datetime | None = None) -> list[RowCheck]:
    return check_rows(batch.fleet, rows_of(batch), now=now)


def check_rows(
    fleet: Fleet,
    rows: Iterable[BatchRow],
    *,
    now: datetime | None = None,
    answer_age: float = LOOKING_SECONDS,
    told: FreeByRow | None = None,
) -> list[RowCheck]:
    """Return what is known of each row, in their order.

    Costs some queries whatever the number of rows, and calls to the operator by site and week, but
    for what it has `told` already. Rows that are not proposed are passed over: they take nothing
    from the others.
    """
    now = now or timezone.now()
    checks = [RowCheck(row) for row in rows]
    wanted = [check for check in checks if check.is_wanted]
    for check in wanted:
        check.candidate = _candidate(fleet, check, now=now, answer_age=answer_age)
        if check.candidate and told:
            check.candidate.known_free = told.get(check.row.pk)
    whole = [check for check in wanted if check.candidate]
    read_together(fleet, [check.candidate for check in whole if check.candidate], now=now)
    for check in whole:
        _by_the_rules(check)
    _beside_each_other([check for check in whole if check.will_be_asked])
    _within_limits([check for check in whole if check.will_be_asked])
    return checks


def what_is_free(checks: Iterable[RowCheck]) -> FreeByRow:
    """Return what the operator told about each row, by key, for another check of the same rows."""
    return {
        check.row.pk: check.candidate.known_free
        for check in checks
        if check.candidate and check.candidate.known_free is not None
    }


def _candidate(
    fleet: Fleet, check: RowCheck, *, now: datetime, answer_age: float
) -> Candidate | None:
    """Return a row as a candidate, or note what is missing; without a driver it is both."""
    row = check.row
    if row.location is None:
        check.refuse("location", _("Please pick a site."))
        return None
    if row.start_at is None or row.end_at is None:
        check.refuse("start_at", _("Please enter when it begins and ends."))
        return None
    if row.start_at >= row.end_at:
        # So it is with the copy of an hour that the clocks skip on the new day.
        check.refuse("start_at", _("The end must be after the start."))
        return None
    if row.driver is None:
        check.refuse("driver", _("Please pick a driver: the operator needs one for each booking."))
    slot = Slot(row.location, row.evse, Criteria(), row.start_at, row.end_at)
    if row.vehicle and row.vehicle.retired_at:
        check.refuse("vehicle", _("This vehicle is retired. Please pick another one."))
    return Candidate(fleet, slot, row.driver, vehicle=row.vehicle, now=now, answer_age=answer_age)


def _by_the_rules(check: RowCheck) -> None:
    candidate = check.candidate
    assert candidate is not None
    if isinstance(candidate.known_free, AvailabilityUnknown):
        check.warnings.append(candidate.known_free.message)
    elif candidate.known_free is not None:
        if candidate.driver is None:
            # Nobody is known yet who could lack access.
            evses = candidate.chargers_left
            candidate.is_free = bool(those_free(candidate.known_free, evses, candidate.period))
        check.free = candidate.is_free
    if candidate.driver is None:
        # Where the charger cannot be had, a driver would not help.
        refusal = first_refusal(candidate, (*SLOT_RULES, slot_is_free))
        if refusal:
            check.column, check.problem = _column(refusal.field), refusal.message
        return
    check.booked = candidate.booked_already
    if check.booked:
        return
    refusal = first_refusal(candidate)
    if refusal and refusal.field == "misfit":
        check.warnings.append(refusal.message)
        candidate.confirmed_misfit = check.is_confirmed = True
        refusal = first_refusal(candidate)
    if refusal is None:
        return
    if refusal.field == "overlap":
        check.warnings.append(refusal.message)
        candidate.confirmed_overlap = check.is_confirmed = True
    else:
        check.refuse(_column(refusal.field), refusal.message)


def _column(field: str) -> str:
    return field if field in {"driver", "vehicle"} else "evse"


def _beside_each_other(checks: Sequence[RowCheck]) -> None:
    """Refuse what an earlier row has already; rows that name no charger take what is left."""
    vehicles: dict[int, list[RowCheck]] = defaultdict(list)
    drivers: dict[int, list[RowCheck]] = defaultdict(list)
    chargers: dict[int, list[RowCheck]] = defaultdict(list)
    for check in checks:
        row = check.row
        if other := _first_overlap(row, vehicles[row.vehicle_id] if row.vehicle_id else ()):
            check.refuse("vehicle", _("Row %(row)s has this vehicle then.") % _number(other))
        elif other := _first_overlap(row, chargers[row.evse_id] if row.evse_id else ()):
            check.refuse("evse", _("Row %(row)s has this charger then.") % _number(other))
        if check.problem:
            continue
        if row.vehicle_id:
            vehicles[row.vehicle_id].append(check)
        if row.evse_id:
            chargers[row.evse_id].append(check)
        if row.driver_id:
            if other := _first_overlap(row, drivers[row.driver_id]):
                text = _("Row %(row)s has this driver then, too.") % _number(other)
                check.warnings.append(text)
                check.is_confirmed = True
            drivers[row.driver_id].append(check)
    _refuse_same_wishes(checks)
    _take_any_charger([c for c in checks if not c.row.evse_id and not c.problem], chargers)


def _refuse_same_wishes(checks: Iterable[RowCheck]) -> None:
    """Refuse a second row for any charger then and the same driver: it is no other booking."""
    wishes: dict[str, RowCheck] = {}
    for check in checks:
        if check.problem or check.row.evse_id or check.candidate is None:
            continue
        first = wishes.setdefault(check.candidate.slot_key, check)
        if first is not check:
            text = _(
                "Row %(row)s asks for the same with the same driver. Please pick a charger or "
                "another driver."
            )
            check.refuse("driver", text % _number(first))


def _take_any_charger(checks: list[RowCheck], chargers: dict[int, list[RowCheck]]) -> None:
    """Let rows without a charger take one each, those with the least choice first."""
    options = {check.row.pk: _options(check) for check in checks}
    for check in sorted(checks, key=lambda check: len(options[check.row.pk])):
        for evse in options[check.row.pk]:
            if not _first_overlap(check.row, chargers[evse.pk]):
                chargers[evse.pk].append(check)
                break
        else:
            text = _("Other rows of this table need every charger that would do then.")
            check.refuse("evse", text)


def _options(check: RowCheck) -> list[Evse]:
    """Return the chargers that would do for a row, the least powerful one first."""
    candidate = check.candidate
    assert candidate is not None
    evses = candidate.usable(candidate.chargers_left)
    if candidate.known_free is not None and not isinstance(
        candidate.known_free, AvailabilityUnknown
    ):
        evses = those_free(candidate.known_free, evses, candidate.period)
    return sorted(evses, key=lambda evse: (evse.max_power_kw or 0, evse.pk))


def _within_limits(checks: Sequence[RowCheck]) -> None:
    """Refuse what is one too many for the fleet's limits, after the rows before it."""
    candidates = [check.candidate for check in checks if check.candidate]
    for check, problem in zip(checks, breaches_in_order(candidates), strict=True):
        if problem:
            check.refuse("evse", problem)


def _first_overlap(row: BatchRow, others: Iterable[RowCheck]) -> RowCheck | None:
    assert row.start_at and row.end_at
    for other in others:
        theirs = other.row
        assert theirs.start_at and theirs.end_at
        if theirs.start_at < row.end_at and row.start_at < theirs.end_at:
            return other
    return None


def _number(check: RowCheck) -> dict[str, int]:
    return {"row": check.row.position}
