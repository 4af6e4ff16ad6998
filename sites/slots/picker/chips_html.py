"""Starts to pick from as HTML: a large site has hundreds, for which a template takes too long."""

from collections.abc import Iterable
from html import escape

from django.utils.safestring import SafeString, mark_safe

from sites.slots.picker.starts import Start


def chips_html(starts: Iterable[Start], can_book: bool) -> SafeString:
    """Return the items of a list; each start is a link for whoever can book."""
    # All that comes from people or the operator is escaped where it goes in.
    return mark_safe("".join(_chip(start, can_book=can_book) for start in starts))  # noqa: S308


def _chip(start: Start, *, can_book: bool) -> str:
    notes = [f"– {start.ends}", start.viewer, start.chargers, start.price]
    small = "".join(f" <small>{escape(note)}</small>" for note in notes if note)
    text = f"{escape(start.begins)}{small}"
    if not can_book:
        return f'<li><span class="state state--quiet">{text}</span></li>'
    link = f'href="{escape(start.url)}" aria-label="{escape(start.spoken)}"'
    return f'<li><a class="slot-chip" {link}>{text}</a></li>'
