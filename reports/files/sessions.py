"""The sessions of a period for a file, one after the other."""

from collections.abc import Iterator
from datetime import datetime, tzinfo

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from charging.models import Session
from drivers.models import Fleet
from reports.months import Period
from reports.summing.sessions import sessions_of
from shell.formats import as_zone
from spreadsheets.table import Cell

AT_ONCE = 2000


def header() -> list[str]:
    return [
        _("Start"),
        _("End"),
        _("Time zone"),
        _("Site"),
        _("Charger"),
        _("Driver"),
        _("E-mail"),
        _("Vehicle"),
        _("Plate"),
        _("Cost centre"),
        _("Reference"),
        _("Booking"),
        _("Status"),
        _("Energy (kWh)"),
        _("Cost with tax"),
        _("Cost without tax"),
        _("Tax (%)"),
        _("Currency"),
        _("Payment"),
        _("Operator's number"),
    ]


def session_rows(fleet: Fleet, period: Period) -> Iterator[list[Cell]]:
    """Return the sessions of a period, month by month, in the order in which they began.

    Start and end are on the site's clock. They are read as they are taken, a batch at a time; the
    words are those of the language that is active when this is called.
    """
    words = {f"status {each.value}": str(each.label) for each in Session.Status}
    words |= {f"payment {each.value}": str(each.label) for each in Session.Payment}
    return _rows(fleet, period, words)


def _rows(fleet: Fleet, period: Period, words: dict[str, str]) -> Iterator[list[Cell]]:
    for session in _each(fleet, period):
        zone = session.location.zone if session.location else as_zone(None)
        site, evse, vehicle = session.location, session.evse, session.vehicle
        yield [
            _local(session.started_at, zone),
            _local(session.stopped_at, zone),
            zone.key,
            site.name if site else "",
            (evse.label or evse.name) if evse else "",
            session.driver.display_name,
            session.driver.email,
            vehicle.number if vehicle else "",
            vehicle.plate if vehicle else "",
            str(session.cost_centre) if session.cost_centre else "",
            session.reference,
            session.booking_id,
            words.get(f"status {session.status}", session.status),
            session.energy_kwh,
            session.amount,
            session.amount_without_tax,
            session.tax_percent,
            session.currency,
            words.get(f"payment {session.payment}", session.payment),
            session.ampeco_id,
        ]


def _each(fleet: Fleet, period: Period) -> Iterator[Session]:
    for month in period.each_month():
        rows = (
            sessions_of(fleet, month)
            .select_related("driver", "location", "evse__charge_point", "vehicle", "cost_centre")
            .defer("price_breakdown")
            .order_by("started_at", "pk")
        )
        yield from _in_batches(rows)


def _in_batches(rows: QuerySet[Session]) -> Iterator[Session]:
    batch = list(rows[:AT_ONCE])
    while batch:
        yield from batch
        last = batch[-1]
        behind = Q(started_at=last.started_at, pk__gt=last.pk) | Q(started_at__gt=last.started_at)
        batch = list(rows.filter(behind, started_at__gte=last.started_at)[:AT_ONCE])


def _local(at: datetime | None, zone: tzinfo) -> datetime | None:
    return at.astimezone(zone).replace(tzinfo=None, microsecond=0) if at else None
