"""Sums the sessions of a month, from the sessions themselves."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from django.db.models import (
    Case,
    Count,
    DecimalField,
    DurationField,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Coalesce

from charging.models import MonthChange, Session, Transaction
from drivers.models import Fleet
from reports.models import Dimension, MonthMade, MonthTotal
from reports.months import add_months
from reports.summing.keeping import held, replace

# The column of a session that says to which part of a dimension it belongs.
COLUMNS = {
    Dimension.DRIVER: "driver_id",
    Dimension.VEHICLE: "vehicle_id",
    Dimension.SITE: "location_id",
    Dimension.COST_CENTRE: "cost_centre_id",
}
# No clock is further from UTC.
FARTHEST = timedelta(hours=15)
MONEY = DecimalField(max_digits=18, decimal_places=4)
CENTS = Decimal("0.0001")
WATT_HOURS = Decimal("0.001")
SECOND = timedelta(seconds=1)


def sessions_of(fleet: Fleet, month: date) -> QuerySet[Session]:
    """Return the sessions that began in a month, each by the clock of its site."""
    until = add_months(month, 1)
    begin, end = (datetime.combine(day, time(), UTC) for day in (month, until))
    # The instants say nothing more, but the index of a fleet's sessions is by them.
    return Session.objects.filter(
        fleet=fleet,
        started_at__gte=begin - FARTHEST,
        started_at__lt=end + FARTHEST,
        local_day__gte=month,
        local_day__lt=until,
    )


def sum_sessions(fleet: Fleet, month: date) -> list[MonthTotal]:
    """Return the sums of a month, not yet saved; a query for each dimension."""
    return [total for dimension in Dimension for total in _by(fleet, month, Dimension(dimension))]


def keep_sessions(fleet: Fleet, month: date, *, wait: bool = True) -> bool:
    """Sum a month anew and take its mark away, unless more has changed since it was looked at.

    Returns False where somebody else is at it.
    """
    with held(fleet, month, MonthMade.What.SESSIONS, wait=wait) as made:
        if made is None:
            return False
        marks = MonthChange.objects.filter(fleet=fleet, month=month)
        # Looked at before the sessions: what changes after that raises it.
        version = marks.values_list("version", flat=True).first()
        replace(made, MonthTotal, [*sum_sessions(fleet, month)])
        if version is not None:
            marks.filter(version=version).delete()
    return True


def _by(fleet: Fleet, month: date, dimension: Dimension) -> Iterator[MonthTotal]:
    column = COLUMNS.get(dimension)
    keys = ["currency", column] if column else ["currency"]
    rows = (
        sessions_of(fleet, month)
        .annotate(settled=_paid(), took=ExpressionWrapper(_length(), DurationField()))
        .order_by()
        .values(*keys)
        .annotate(
            # What goes on with another one is no charge of its own.
            all_sessions=Count("pk", filter=Q(continues="")),
            all_priced=Count("amount", filter=Q(continues="")),
            all_time=Sum("took"),
            all_energy=Sum("energy_kwh"),
            all_priced_energy=Sum("energy_kwh", filter=Q(amount__isnull=False)),
            all_amount=Sum("amount"),
            all_without_tax=Sum(Coalesce("amount_without_tax", "amount")),
            all_paid=Sum("settled"),
        )
    )
    for row in rows:
        yield MonthTotal(
            fleet=fleet,
            month=month,
            dimension=dimension,
            subject=(row[column] or 0) if column else 0,
            currency=row["currency"],
            sessions=row["all_sessions"],
            priced=row["all_priced"],
            seconds=(row["all_time"] or timedelta()) // SECOND,
            energy_kwh=exact(row["all_energy"], WATT_HOURS),
            priced_kwh=exact(row["all_priced_energy"], WATT_HOURS),
            amount=exact(row["all_amount"], CENTS),
            amount_without_tax=exact(row["all_without_tax"], CENTS),
            paid=exact(row["all_paid"], CENTS),
        )


def _length() -> Case:
    """What a charge took; nothing while nobody knows when it ended."""
    return Case(
        When(stopped_at__gt=F("started_at"), then=F("stopped_at") - F("started_at")),
        default=Value(timedelta()),
        output_field=DurationField(),
    )


def _paid() -> Case:
    """What of a session is paid: all of it, or what of it has been finalized."""
    finalized = (
        Transaction.objects.filter(
            session=OuterRef("pk"),
            status=Transaction.Status.FINALIZED,
            currency=OuterRef("currency"),
        )
        .order_by()
        .values("session")
        .annotate(paid=Sum("amount"))
    )
    return Case(
        When(payment=Session.Payment.PAID, then=F("amount")),
        When(payment=Session.Payment.PARTLY, then=Subquery(finalized.values("paid"))),
        default=Value(Decimal(0)),
        output_field=MONEY,
    )


def exact(value: Decimal | None, to: Decimal) -> Decimal:
    """Take off what SQLite's sums of fractions leave behind the last digit."""
    return (value or Decimal(0)).quantize(to)
