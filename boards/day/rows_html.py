"""The rows of a day as HTML: it has hundreds of cells, for which a template takes too long."""

from collections.abc import Iterable
from html import escape
from typing import TYPE_CHECKING

from django.utils.safestring import SafeString, mark_safe

from shell.kept import kept_html

if TYPE_CHECKING:
    from boards.day.day_table import Cell, ChargerRow


def rows_html(
    rows: Iterable["ChargerRow"], can_book: bool, move_query: str, of_a_week: bool
) -> SafeString:
    """Return the bodies of a table, one for each row; free time is a link for whoever can book.

    `move_query` goes on to the row's own page; the rows of a week are days, of which one is today.
    """
    written = (
        _row(row, can_book=can_book, move_query=move_query, of_a_week=of_a_week) for row in rows
    )
    # All that comes from people or the operator is escaped where it goes in.
    return mark_safe("\n".join(written))  # noqa: S308


def _row(row: "ChargerRow", *, can_book: bool, move_query: str, of_a_week: bool) -> str:
    day, lanes = row.day, row.lanes
    name = kept_html(
        "boards/day/_lane_name.html",
        key=row.key,
        name=row.name,
        url=f"{row.url}{move_query}" if row.url else "",
        facts=row.facts,
        trouble=row.trouble,
        lanes=len(lanes),
        is_today=of_a_week and day.is_today,
    )
    about = {"start": day.start, "evse": row.evse, "charger": row.charger, "day": day.text}
    if row.labels:
        about["labels"] = row.labels
    opening = "".join(f' data-{key}="{escape(value)}"' for key, value in about.items())
    written = ("".join(_cell(cell, can_book=can_book) for cell in cells) for cells in lanes)
    return (
        f"<tbody{' data-now' if day.is_today else ''}>"
        f"<tr{opening}>{name}{'</tr><tr>'.join(written)}</tr></tbody>"
    )


def _cell(cell: "Cell", *, can_book: bool) -> str:
    if cell.who:
        inner = _bar(cell)
    elif cell.url and can_book:
        inner = (
            f'<a class="lane__pick" id="{cell.key}" href="{escape(cell.url)}" '
            f'data-since="{cell.since}" data-until="{cell.until}" data-columns="{cell.columns}">'
            f"{_words(cell)}</a>"
        )
    elif cell.text:
        inner = f'<span class="lane__still" title="{escape(cell.text)}">{_words(cell)}</span>'
    else:
        inner = ""
    return f'<td class="lane lane--{cell.kind}" colspan="{cell.columns}">{inner}</td>'


def _words(cell: "Cell") -> str:
    return (
        f'<span class="visually-hidden">{escape(cell.text)}</span>'
        f'<span aria-hidden="true">{escape(cell.short)}</span>'
    )


def _bar(cell: "Cell") -> str:
    who, text, status = escape(cell.who), escape(cell.text), escape(cell.status)
    return (
        f'<a class="lane__bar" id="{cell.key}" href="{escape(cell.url)}" title="{who}, {status}" '
        f'data-announce="{who}, {text}: {status}"><span class="visually-hidden">{text}: </span>'
        f'<span class="lane__who">{who}</span> {cell.badge}</a>'
    )
