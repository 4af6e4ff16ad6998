"""Choices that are one click away, as HTML: links that htmx follows without a new page."""

from collections.abc import Iterable
from html import escape
from typing import TYPE_CHECKING

from django.utils.safestring import SafeString, mark_safe

from sites.slots.picker.controls import Link

if TYPE_CHECKING:
    from sites.slots.picker.page import Picker

CURRENT = ' aria-current="true"'


def target(picker: "Picker", query: str) -> str:
    """Return the attributes of a link to the picker for other choices."""
    query = escape(query)
    return f'href="{picker.page_url}?{query}" hx-get="{picker.fragment_url}?{query}"'


def links_html(
    links: Iterable[Link], picker: "Picker", name: str, css: str, chosen_css: str = ""
) -> SafeString:
    """Return links that are told apart by `name` and their keys; the chosen one is marked."""
    # All that comes from people is escaped where it goes in.
    return mark_safe(  # noqa: S308
        "".join(
            f'<a class="{css}{chosen_css if link.chosen else ""}" id="picker-{name}-{link.key}" '
            f"{target(picker, link.query)}{CURRENT if link.chosen else ''}>{escape(link.label)}</a>"
            for link in links
        )
    )
