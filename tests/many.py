"""Tables of bookings and series, as pages find them."""

from datetime import time, timedelta

from batches.models import Batch, BatchRow
from series.models import Series
from tests.factories import next_noon


def tables(fleet, evse, driver) -> dict[str, str]:
    """Return a table with a row that can be asked for, and one whose row was not booked."""
    draft, sent = (Batch.objects.create(fleet=fleet, source="vehicles") for _ in range(2))
    Batch.objects.filter(pk=sent.pk).update(state=Batch.State.SENT)
    start = next_noon() + timedelta(hours=6)
    values = {"position": 1, "driver": driver, "location": evse.charge_point.location}
    values |= {"evse": evse, "start_at": start, "end_at": start + timedelta(hours=1)}
    values |= {"reference": "Our job 7"}
    row = BatchRow.objects.create(batch=draft, **values)
    refused = BatchRow.objects.create(batch=sent, state=BatchRow.State.REFUSED, **values)
    return {
        "draft": str(draft.pk),
        "row": str(row.pk),
        "sent": str(sent.pk),
        "refused": str(refused.pk),
    }


def series_at(evse, fleet, driver) -> Series:
    """Return a series of one date, which was not free."""
    day = next_noon().date()
    series = Series.objects.create(
        fleet=fleet,
        weekdays=list(range(7)),
        start_time=time(12),
        end_time=time(13),
        first_day=day,
        last_day=day,
        driver=driver,
        location=evse.charge_point.location,
        evse=evse,
        reference="Our job 7",
    )
    series.dates.create(day=day, state="not-free", problem="Taken.")
    return series
