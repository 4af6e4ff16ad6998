"""What managers do with departures: set one, change it, call it off, set those of a week."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, time, timedelta
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from energy.departures.weekly import make_weekly_departures
from energy.models import Departure, PassedOn, WeeklyDeparture
from mirror.work import wake_on_commit
from shell.formats import instant
from vehicles.models import Vehicle

PASS_ON = "energy.departures.tasks.pass_on"  # noqa: S105 - a task
# Whatever lies further ahead is a slip of the keyboard.
FURTHEST = timedelta(days=366)


class DepartureRefused(Exception):
    """What cannot be done; `field` is where it is to be said, "" for none."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


class ChangedMeanwhile(DepartureRefused):
    """Somebody changed what was to be changed, since it was seen."""

    def __init__(self, who: User | None) -> None:
        text = _(
            "%(who)s has changed this since you opened the page. Your entries are kept: send "
            "them again to put them in place of what is there now."
        )
        name = who.display_name if who else _("Somebody else")
        super().__init__("", text % {"who": name})


@dataclass(frozen=True, slots=True)
class Plan:
    """A departure as somebody wants it."""

    leaves_at: datetime
    returns_at: datetime | None = None
    target_percent: int | None = None
    distance_km: Decimal | None = None
    energy_kwh: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Weekday:
    """When a vehicle leaves on a weekday, None if it does not; and with what."""

    leaves_at: time | None = None
    target_percent: int | None = None


def set_departure(vehicle: Vehicle, plan: Plan, *, user: User) -> Departure:
    """Let a vehicle leave once. The same once more, as by a double click, is the same departure.

    Raises DepartureRefused.
    """
    _check(plan)
    row = Departure(
        vehicle=vehicle, source=Departure.Source.TYPED, created_by=user, **_facts_of(plan)
    )
    try:
        with transaction.atomic():
            row.save()
            _tell(vehicle.pk)
    except IntegrityError:
        there = _at_that_instant(vehicle.pk, plan)
        if there is None:
            raise
        if there.created_by_id == user.pk and _plan_of(there) == plan:
            return there
        raise _taken() from None
    return row


def change_departure(departure: Departure, plan: Plan, *, seen_version: int, user: User) -> None:
    """Change one departure; of a weekly one that day alone. Raises DepartureRefused."""
    _check(plan)

    def change(row: Departure) -> None:
        row.changed_from = {"leaves_at": instant(row.leaves_at)}
        for name, value in _facts_of(plan).items():
            setattr(row, name, value)

    try:
        _change(departure, change, seen_version=seen_version, user=user)
    except IntegrityError:
        raise _taken() from None


def cancel_departure(departure: Departure, *, seen_version: int, user: User) -> None:
    """Call one departure off; a weekly rule does not bring it back. Raises DepartureRefused."""

    def cancel(row: Departure) -> None:
        row.cancelled_at = timezone.now()

    _change(departure, cancel, seen_version=seen_version, user=user)


def week_of(vehicle: Vehicle) -> dict[int, Weekday]:
    """Return when a vehicle leaves on each weekday; 0 is Monday."""
    rules = WeeklyDeparture.objects.filter(vehicle=vehicle, is_off=False)
    week = {each.weekday: Weekday(each.leaves_at, each.target_percent) for each in rules}
    return {day: week.get(day, Weekday()) for day in range(7)}


def mark_of(week: Mapping[int, Weekday]) -> str:
    """Return by what two states of a week are told apart, for the form that shows one."""
    return ",".join(
        f"{day.leaves_at:%H%M}-{day.target_percent or ''}" if day.leaves_at else ""
        for _number, day in sorted(week.items())
    )


def set_week(vehicle: Vehicle, week: Mapping[int, Weekday], *, seen: str, user: User) -> None:
    """Set when a vehicle leaves on weekdays; `seen` is the mark of what the person saw.

    Days that were set otherwise by hand stay as they are. Raises DepartureRefused.
    """
    with transaction.atomic():
        Vehicle.objects.select_for_update().get(pk=vehicle.pk)
        current = week_of(vehicle)
        if mark_of(current) == mark_of(week):
            return
        if mark_of(current) != seen:
            raise ChangedMeanwhile(_last_hand_on(vehicle))
        now = timezone.now()
        for number, day in week.items():
            if day == current[number]:
                continue
            facts = {"is_off": day.leaves_at is None, "changed_by": user, "changed_at": now}
            if day.leaves_at is not None:
                facts |= asdict(day)
                WeeklyDeparture.objects.update_or_create(
                    vehicle=vehicle, weekday=number, defaults=facts
                )
            else:
                WeeklyDeparture.objects.filter(vehicle=vehicle, weekday=number).update(**facts)
        make_weekly_departures(Vehicle.objects.filter(pk=vehicle.pk))
        _tell(vehicle.pk)


def let_replace(vehicle: Vehicle, *, seen: str) -> bool:
    """Let our departure take the place of somebody else's in Ampcontrol; return whether one is.

    `seen` is the instant of the one that the person saw, as pages write it.
    """
    with transaction.atomic():
        rows = PassedOn.objects.filter(vehicle=vehicle, problem=PassedOn.Problem.ANOTHERS)
        found = 0
        for row in rows:
            if row.anothers_at is None or instant(row.anothers_at) != seen:
                continue
            found += PassedOn.objects.filter(pk=row.pk).update(
                replaces_at=row.anothers_at, next_attempt_at=None
            )
        _tell(vehicle.pk)
    return bool(found)


def _change(
    departure: Departure,
    change: Callable[[Departure], None],
    *,
    seen_version: int,
    user: User,
) -> None:
    with transaction.atomic():
        rows = Departure.objects.select_for_update(of=("self",)).select_related("changed_by")
        row = rows.get(pk=departure.pk)
        if row.source == Departure.Source.ROUTE:
            text = _("This departure comes from a route in Ampcontrol. Please change it there.")
            raise DepartureRefused("", text)
        if row.version != seen_version:
            raise ChangedMeanwhile(row.changed_by)
        if row.cancelled_at or row.leaves_at <= timezone.now():
            raise DepartureRefused("", _("This departure is over. It stays as it was."))
        change(row)
        row.version += 1
        row.changed_by, row.changed_at = user, timezone.now()
        row.by_hand = row.source == Departure.Source.WEEKLY
        row.attempts, row.next_attempt_at = 0, None
        row.save()
        _tell(row.vehicle_id)


def _tell(vehicle_pk: int) -> None:
    """Let a worker pass on what is new, whatever was put off before."""
    PassedOn.objects.filter(vehicle=vehicle_pk).update(next_attempt_at=None, attempts=0)
    wake_on_commit(PASS_ON)


def _check(plan: Plan) -> None:
    now = timezone.now()
    if plan.leaves_at <= now:
        raise DepartureRefused("time", _("This time is past. Please pick a later one."))
    if plan.leaves_at > now + FURTHEST:
        raise DepartureRefused("day", _("Please pick a day within a year."))
    if plan.returns_at is not None and plan.returns_at <= plan.leaves_at:
        raise DepartureRefused("returns_time", _("It has to return after it leaves."))


def _facts_of(plan: Plan) -> dict[str, object]:
    return asdict(plan)


def _plan_of(row: Departure) -> Plan:
    return Plan(**{name: getattr(row, name) for name in Plan.__dataclass_fields__})


def _at_that_instant(vehicle_pk: int, plan: Plan) -> Departure | None:
    rows = Departure.objects.filter(vehicle=vehicle_pk, cancelled_at=None)
    return rows.filter(leaves_at=plan.leaves_at).first()


def _taken() -> DepartureRefused:
    text = _("It already leaves at this time. Please change that departure instead.")
    return DepartureRefused("time", text)


def _last_hand_on(vehicle: Vehicle) -> User | None:
    rules = WeeklyDeparture.objects.filter(vehicle=vehicle).select_related("changed_by")
    last = rules.exclude(changed_at=None).order_by("-changed_at").first()
    return last.changed_by if last else None
