"""What stands in the files of reports: a topic's sums, month by month and by whom."""

from decimal import Decimal

from django.utils.translation import gettext as _

from drivers.models import Fleet
from reports.measures import Measure, Sums, Topic
from reports.models import Dimension
from reports.months import Period
from reports.selectors import added_up, monthly_sums, names_of, plain, sums_by
from shell.formats import month_name
from spreadsheets.table import Cell

# Shares and means have endless digits.
DIGITS = Decimal("0.0001")
Row = list[Cell]


def header(topic: Topic, first: str) -> list[str]:
    """Return the names of the columns, with the units of their numbers."""
    currency = [_("Currency")] if topic.by_currency else []
    return [first, *currency, *(measure.name for measure in topic.measures)]


def month_rows(fleet: Fleet, topic: Topic, period: Period) -> list[Row]:
    """Return the sums of the period, and of each of its months if it has several."""
    found = monthly_sums(fleet, topic.source, first=period.start, last=period.last_month)
    told: list[Row] = []
    currencies = [""]
    if topic.by_currency:
        currencies = sorted({currency for _month, currency in found if currency})
    for currency in currencies:
        of_it = [
            (month, sums)
            for (month, its), sums in found.items()
            if its == currency or not topic.by_currency
        ]
        whole = added_up(topic.source, (sums for _month, sums in of_it))
        told.append(_row(topic, period.name, whole, currency))
        for month in period.each_month() if period.is_year else ():
            sums = added_up(topic.source, (sums for each, sums in of_it if each == month))
            told.append(_row(topic, month_name(month), sums, currency))
    return told


def rows_by(fleet: Fleet, topic: Topic, dimension: Dimension, period: Period) -> list[Row]:
    """Return the sums of all drivers, vehicles, …, in the order of the page."""
    rows = list(sums_by(fleet, topic, dimension, period))
    names = names_of(dimension, {row["subject"] for row in rows})
    return [_row(topic, names[row["subject"]], plain(row), row.get("currency", "")) for row in rows]


def _row(topic: Topic, name: str, sums: Sums, currency: str) -> Row:
    cells = [_cell(measure, sums) for measure in topic.measures]
    return [name, *([currency] if topic.by_currency else []), *cells]


def _cell(measure: Measure, sums: Sums) -> Cell:
    value = measure.bare(sums)
    if value is None:
        return None
    return int(value) if value == value.to_integral_value() else value.quantize(DIGITS)
