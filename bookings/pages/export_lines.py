"""Bookings as a file for spreadsheets: CSV (RFC 4180) in UTF-8 with a mark of that."""

import csv
import io
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, timedelta
from decimal import Decimal

from django.utils.text import slugify
from django.utils.translation import gettext as _

from bookings.models import Booking, ChargingSession
from bookings.selectors import BookingFilter, View, each_booking
from drivers.models import Fleet
from sites.facts import address_lines

# By this mark spreadsheets know UTF-8.
BYTE_ORDER_MARK = "\ufeff"
# What makes a spreadsheet take a cell for a formula; U+2212 is the minus of typesetters.
FORMULA_BEGINS = frozenset("=+-@\u2212")
BREAKS_A_CELL = frozenset("\t\r\n")
ON_ONE_LINE = str.maketrans(dict.fromkeys(BREAKS_A_CELL, " "))
QUOTES = frozenset("\"'`´‘’‚‛“”„‟«»")
MINUTE = timedelta(minutes=1)

Cell = str | int | Decimal | None


def export_name(fleet: Fleet, *, day: date) -> str:
    return f"{slugify(fleet.name) or 'fleet'}-bookings-{day:%Y-%m-%d}.csv"


def export_lines(fleet: Fleet, *, view: View, narrowed: BookingFilter) -> Iterator[bytes]:
    """Yield a list of bookings as CSV, a batch at a time, beginning with the names of the columns.

    The words are those of the language that is active when this is called, not when it is read.
    It reads from the database as it is read from, and holds one batch at most.
    """
    words = Words(
        header=header(),
        statuses={status.value: str(status.label) for status in Booking.Status},
        yes=_("yes"),
        no=_("no"),
    )
    return _encoded(words, each_booking(fleet, view=view, narrowed=narrowed))


@dataclass(frozen=True, slots=True)
class Words:
    """What a file says in its reader's language."""

    header: list[str]
    statuses: dict[str, str]
    yes: str
    no: str


def header() -> list[str]:
    """Return the names of the columns."""
    return [
        _("Number"),
        _("Status"),
        _("Start"),
        _("End"),
        _("Time zone"),
        _("Minutes"),
        _("Site"),
        _("Address"),
        _("Charger"),
        _("Charger's reference"),
        _("Driver"),
        _("E-mail"),
        _("Reference"),
        _("Requested by"),
        _("Requested at (UTC)"),
        _("External booking"),
        _("Operator's number"),
        _("Energy (kWh)"),
        _("Cost"),
        _("Currency"),
    ]


def cells_of(booking: Booking, words: Words) -> list[Cell]:
    """Return a booking's line: start and end on the site's clock with the distance to UTC."""
    site, zone, driver, evse = booking.location, booking.zone, booking.driver, booking.evse
    asked = booking.created_by
    session: ChargingSession | None = getattr(booking, "charging_session", None)
    return [
        booking.pk,
        words.statuses.get(booking.status, booking.status),
        booking.start_at.astimezone(zone).isoformat(timespec="seconds"),
        booking.end_at.astimezone(zone).isoformat(timespec="seconds"),
        zone.key,
        booking.duration // MINUTE,
        site.name,
        ", ".join(address_lines(site)),
        (evse.label or evse.name) if evse else "",
        evse.physical_reference if evse else "",
        driver.display_name,
        driver.email,
        booking.reference,
        asked.display_name if asked else "",
        booking.created_at.astimezone(UTC).isoformat(timespec="seconds"),
        words.yes if booking.made_elsewhere else words.no,
        booking.ampeco_booking_id,
        session.energy_kwh if session else None,
        session.amount if session else None,
        session.currency if session else "",
    ]


def safe_cell(value: Cell) -> Cell:
    """Return a cell that no spreadsheet takes for a formula; numbers stay numbers.

    Text that begins like one gets an apostrophe in front, also behind spaces, quotes, signs that
    are not seen, and in their full-width forms. So does what follows a semicolon, at which
    spreadsheets of many countries part the cells. Line ends and tabs become spaces.
    """
    if not isinstance(value, str):
        return value
    return ";".join(_guarded(part) for part in value.split(";")).translate(ON_ONE_LINE)


def _guarded(text: str) -> str:
    return f"'{text}" if text[:1] in BREAKS_A_CELL or _begins_a_formula(text) else text


def _begins_a_formula(text: str) -> bool:
    for sign in text:
        if sign.isspace() or sign in QUOTES or unicodedata.category(sign) in {"Cc", "Cf"}:
            continue
        return unicodedata.normalize("NFKC", sign)[:1] in FORMULA_BEGINS
    return False


def _encoded(words: Words, batches: Iterator[list[Booking]]) -> Iterator[bytes]:
    yield (BYTE_ORDER_MARK + _csv([words.header])).encode()
    for batch in batches:
        yield _csv(cells_of(booking, words) for booking in batch).encode()


def _csv(rows: Iterable[Sequence[Cell]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows([safe_cell(cell) for cell in row] for row in rows)
    return text.getvalue()
