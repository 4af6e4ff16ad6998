"""The cells of a row as HTML: a busy day has hundreds, for which a template takes too long."""

from collections.abc import Iterable
from html import escape
from typing import TYPE_CHECKING

from django.utils.safestring import SafeString, mark_safe

if TYPE_CHECKING:
    from bookings.boards.day.day_table import Cell


def cells_html(cells: Iterable["Cell"], *, can_book: bool) -> SafeString:
    """Return the cells of a row; free time is a link for whoever can book."""
    # All that comes from people or the operator is escaped where it goes in.
    return mark_safe("".join(_cell(cell, can_book=can_book) for cell in cells))  # noqa: S308


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
