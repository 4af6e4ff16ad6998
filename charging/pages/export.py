"""The list of sessions as a CSV file (RFC 4180) in UTF-8 with a mark of that."""

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal

from django.http import HttpResponseBase, StreamingHttpResponse
from django.utils.formats import get_format
from django.utils.http import content_disposition_header
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from charging.models import Session
from charging.pages.around import list_form, today_of
from charging.selectors.listing import each_session
from drivers.permissions import FleetRequest, member_required
from spreadsheets.writing import BYTE_ORDER_MARK, CSV, csv_lines

Cell = str | int | Decimal | datetime | None


@member_required
@require_GET
def export(request: FleetRequest) -> HttpResponseBase:
    """Send all sessions that the list with this query string shows, while they are read."""
    batches = each_session(request.fleet, list_form(request).narrowing())
    name = f"{slugify(request.fleet.name) or 'fleet'}-charging-{today_of(request):%Y-%m-%d}.csv"
    headers = {
        "Content-Disposition": str(content_disposition_header(True, name)),
        "Cache-Control": "private, no-store",
    }
    return StreamingHttpResponse(_lines(batches), content_type=CSV, headers=headers)


def _lines(batches: Iterator[list[Session]]) -> Iterator[bytes]:
    """Return the file a batch at a time, in the language that is active when this is called."""
    decimal_sign = get_format("DECIMAL_SEPARATOR")
    statuses = {status.value: str(status.label) for status in Session.Status}
    payments = {payment.value: str(payment.label) for payment in Session.Payment}
    first = BYTE_ORDER_MARK + csv_lines([header()], decimal_sign)

    def lines() -> Iterator[bytes]:
        yield first.encode()
        for batch in batches:
            rows = [cells_of(session, statuses, payments) for session in batch]
            yield csv_lines(rows, decimal_sign).encode()

    return lines()


def header() -> list[str]:
    return [
        _("Operator's number"),
        _("Status"),
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
        _("Cost centre's name"),
        _("Reference"),
        _("Booking"),
        _("Energy (kWh)"),
        _("Cost with tax"),
        _("Cost without tax"),
        _("Tax (%)"),
        _("Currency"),
        _("Payment"),
    ]


def cells_of(session: Session, statuses: dict[str, str], payments: dict[str, str]) -> list[Cell]:
    """Return a session's line: start and end on the site's clock, or in UTC without a site."""
    zone = session.location.zone if session.location else UTC
    driver, vehicle, centre = session.driver, session.vehicle, session.cost_centre
    evse = session.evse
    return [
        session.ampeco_id,
        statuses.get(session.status, session.status),
        session.started_at.astimezone(zone),
        session.stopped_at.astimezone(zone) if session.stopped_at else None,
        str(zone),
        session.location.name if session.location else "",
        (evse.label or evse.name) if evse else "",
        driver.display_name,
        driver.email,
        vehicle.number if vehicle else "",
        vehicle.plate if vehicle else "",
        centre.code if centre else "",
        centre.name if centre else "",
        session.reference,
        session.booking_id,
        session.energy_kwh,
        session.amount,
        session.amount_without_tax,
        session.tax_percent,
        session.currency,
        payments.get(session.payment, session.payment),
    ]
