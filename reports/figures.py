"""The figures of a page: of the period and of the one before, month by month, and by whom."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from django.core.paginator import Page, Paginator
from django.utils.formats import date_format, number_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from drivers.models import Fleet
from reports.bars import Bars, Pair, draw
from reports.measures import HUNDRED, Measure, Source, Sums, Topic
from reports.models import Dimension
from reports.months import Period, add_months
from reports.selectors import added_up, monthly_sums, names_of, plain, sums_by

PAGE_SIZE = 25
MINUS = "−"


@dataclass(frozen=True, slots=True)
class Tile:
    """A figure as it is written, that of the period before, and how much it has changed."""

    label: str | Promise
    value: str
    before: str
    change: str


@dataclass(frozen=True, slots=True)
class ChartRow:
    """A line of the table beside a drawing."""

    month: str
    value: str
    before: str
    change: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Chart:
    """A measure over twelve months, drawn and as a table."""

    key: str
    title: str
    drawing: Bars | None
    rows: list[ChartRow]
    years: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Block:
    """What is told of one currency; of what has none there is one block."""

    currency: str
    tiles: list[Tile]
    charts: list[Chart]
    compares: bool


@dataclass(frozen=True, slots=True)
class TableRow:
    """A driver, vehicle, site or cost centre with its figures."""

    name: str
    currency: str
    cells: list[Tile]


@dataclass(frozen=True, slots=True)
class Table:
    """The figures by driver, vehicle, …: one page of them."""

    dimension: Dimension
    header: list[str | Promise]
    rows: list[TableRow]
    page: "Page[dict[str, object]]"
    compares: bool


def blocks_of(
    fleet: Fleet, topic: Topic, period: Period, *, compares_from: date, charts: bool = True
) -> list[Block]:
    """Return a topic's figures of the whole fleet; one query.

    What began before `compares_from`, a month, is known in part only, and nothing is compared with
    it.
    """
    compares = period.before.start >= compares_from
    months = period.twelve()
    first = min(add_months(months[0], -12), period.before.start)
    found = monthly_sums(fleet, topic.source, first=first, last=period.last_month)
    currencies = [""]
    if topic.by_currency:
        shown = {*period.each_month(), *(months if charts else ())}
        shown |= set(period.before.each_month() if compares else ())
        currencies = sorted({each for month, each in found if each and month in shown})
    return [
        Block(
            currency,
            _tiles(topic, currency, found, period, compares=compares),
            [
                _chart(topic, measure, currency, found, period, compares_from)
                for measure in topic.measures
                if measure.is_charted and charts
            ],
            compares,
        )
        for currency in currencies
    ]


def without_price(fleet: Fleet, period: Period) -> int:
    """Return how many sessions of a period have no price yet, or none at all."""
    found = monthly_sums(fleet, Source.SESSIONS, first=period.start, last=period.last_month)
    return sum(row["sessions"] - row["priced"] for row in found.values())


def table_of(
    fleet: Fleet,
    topic: Topic,
    dimension: Dimension,
    period: Period,
    *,
    compares_from: date,
    page: str | None,
) -> Table:
    """Return a page of a topic's figures by a dimension; four queries, or three.

    As for `blocks_of`, nothing is compared with what began before a month.
    """
    paginator = Paginator(sums_by(fleet, topic, dimension, period), PAGE_SIZE)
    shown = paginator.get_page(page)
    rows = list(shown.object_list)
    subjects = {row["subject"] for row in rows}
    compares = period.before.start >= compares_from
    rows_before = sums_by(fleet, topic, dimension, period.before).filter(subject__in=subjects)
    before = {
        (row["subject"], row.get("currency", "")): plain(row)
        for row in (rows_before if compares else ())
    }
    names = names_of(dimension, subjects)
    return Table(
        dimension,
        [measure.label for measure in topic.measures],
        [
            _table_row(
                topic, plain(row), before.get((row["subject"], row.get("currency", ""))), names
            )
            for row in rows
        ],
        shown,
        compares,
    )


def _table_row(topic: Topic, sums: Sums, before: Sums | None, names: dict[int, str]) -> TableRow:
    currency = sums.get("currency", "")
    cells = [_tile(measure, sums, before, currency) for measure in topic.measures]
    return TableRow(names[sums["subject"]], currency, cells)


def change_text(measure: Measure, now: Decimal | None, before: Decimal | None) -> str:
    """Return how a figure differs from the one before: “+12 %”, of a share “−2.1 points”."""
    if now is None or before is None:
        return ""
    if measure.is_share:
        points = (now - before).quantize(Decimal("0.1"), ROUND_HALF_UP)
        text = number_format(abs(points), decimal_pos=1)
        return _("%(change)s points") % {"change": _signed(points, text)}
    if not before:
        return ""
    change = ((now - before) * HUNDRED / before).quantize(Decimal(1), ROUND_HALF_UP)
    text = number_format(abs(change), decimal_pos=0, force_grouping=True)
    return _("%(change)s %%") % {"change": _signed(change, text)}


def _signed(value: Decimal, text: str) -> str:
    return f"{'+' if value > 0 else MINUS if value < 0 else '±'}{text}"


def _tiles(
    topic: Topic,
    currency: str,
    found: dict[tuple[date, str], Sums],
    period: Period,
    *,
    compares: bool,
) -> list[Tile]:
    now, before = (
        added_up(topic.source, _of(topic, currency, found, each.each_month()))
        for each in (period, period.before)
    )
    return [
        _tile(measure, now, before if compares else None, currency) for measure in topic.measures
    ]


def _tile(measure: Measure, sums: Sums, sums_before: Sums | None, currency: str) -> Tile:
    now = measure.of(sums)
    before = measure.of(sums_before) if sums_before else None
    return Tile(
        measure.label,
        _written(measure, now, currency),
        _written(measure, before, currency),
        change_text(measure, now, before),
    )


def _chart(
    topic: Topic,
    measure: Measure,
    currency: str,
    found: dict[tuple[date, str], Sums],
    period: Period,
    compares_from: date,
) -> Chart:
    def sums_of(month: date) -> Sums | None:
        sums = list(_of(topic, currency, found, [month]))
        return added_up(topic.source, sums) if sums else None

    pairs, rows = [], []
    for month in period.twelve():
        year_before = add_months(month, -12)
        sums = [sums_of(month), sums_of(year_before) if year_before >= compares_from else None]
        now, before = (measure.of(each) if each else None for each in sums)
        bars = [measure.bare(each) if each else None for each in sums]
        chosen = not period.is_year and month == period.start
        pairs.append(Pair(date_format(month, "M"), bars[0], bars[1], chosen))
        rows.append(
            ChartRow(
                short_month(month),
                _written(measure, now, currency),
                _written(measure, before, currency),
                change_text(measure, now, before),
                chosen,
            )
        )
    return Chart(
        f"{measure.key}{f'-{currency.lower()}' if currency else ''}",
        f"{measure.label} ({currency})" if currency else measure.name,
        draw(pairs),
        rows,
        _years(period),
    )


def short_month(month: date) -> str:
    # Translators: Django's date format of a month where there is little room.
    return date_format(month, pgettext("format", "M Y"))


def _years(period: Period) -> tuple[str, str]:
    if period.is_year:
        return period.name, period.before.name
    return _("These twelve months"), _("A year before")


def _of(
    topic: Topic,
    currency: str,
    found: dict[tuple[date, str], Sums],
    months: Sequence[date],
) -> Iterable[Sums]:
    """Return the sums of months: of a currency, or of all where the topic is not by that."""
    for (month, each), sums in found.items():
        if month in months and (each == currency or not topic.by_currency):
            yield sums


def _written(measure: Measure, value: Decimal | None, currency: str) -> str:
    return "" if value is None else measure.write(value, currency)
