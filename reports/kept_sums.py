"""The sums of months for lists of sessions, which would else read years of them with each look."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.db.models import F, Sum

from charging.selectors.sums import By
from drivers.models import Fleet
from reports.models import Dimension, MonthTotal

DIMENSIONS = {
    By.DRIVER: Dimension.DRIVER,
    By.VEHICLE: Dimension.VEHICLE,
    By.SITE: Dimension.SITE,
    By.COST_CENTRE: Dimension.COST_CENTRE,
}


def kept_sums(
    fleet: Fleet, first: date | None, last: date | None, by: By | None, key: int | None
) -> Iterable[dict[str, Any]]:
    """Return what is kept, as `charging.selectors.sums.KeptSums` says; costs one query."""
    dimension = DIMENSIONS.get(by, Dimension.ALL) if by else Dimension.ALL
    rows = MonthTotal.objects.filter(fleet=fleet, dimension=dimension)
    if key is not None:
        rows = rows.filter(subject=key)
    if first:
        rows = rows.filter(month__gte=first)
    if last:
        rows = rows.filter(month__lte=last)
    column = "month" if by == By.MONTH else "subject"
    for row in (
        rows.values(column, "currency")
        .annotate(
            all_sessions=Sum("sessions"),
            all_priced=Sum("priced"),
            energy=Sum("energy_kwh"),
            cost=Sum("amount"),
            net=Sum("amount_without_tax"),
            key=F(column),
        )
        .order_by(column, "currency")
    ):
        yield row | {
            "sessions": row["all_sessions"],
            "priced": row["all_priced"],
            # 0 stands for none.
            "key": row["key"] or None,
        }
