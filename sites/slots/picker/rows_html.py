"""The chargers of a picker as HTML: a large site has dozens, which takes a template long."""

from html import escape
from typing import TYPE_CHECKING

from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from shell.kept import kept_html
from sites.slots.picker.bars_html import bar_html
from sites.slots.picker.chips_html import chips_html
from sites.slots.picker.links_html import target

if TYPE_CHECKING:
    from sites.slots.picker.page import ChargerSlots, Picker

# What is marked on the scale of all bars, drawn once above them.
AXIS = (
    '<svg class="text-secondary d-block" width="100%" height="14" aria-hidden="true" '
    'focusable="false"><use href="#picker-axis"/></svg>'
)


def rows_html(picker: "Picker", can_book: bool) -> SafeString:
    """Return the items of a list, one for each charger; starts are links for whoever can book."""
    text = _("No start time fits here.")
    nothing = f'<p class="text-secondary mt-2 mb-0">{escape(text)}</p>'
    written = (
        f"{_about(row, picker)}{_starts(row, can_book) or (nothing if _is_full(row) else '')}"
        f"{_price(row)}{_toggle(row, picker)}</li>"
        for row in picker.chargers
    )
    # All that comes from people or the operator is escaped where it goes in.
    return mark_safe("\n".join(written))  # noqa: S308


def _about(row: "ChargerSlots", picker: "Picker") -> str:
    fit = picker.choices.fit
    css = " is-misfit" if row.misfit or row.forbidden else ""
    about = kept_html(
        "sites/slots/_charger.html",
        key=row.key,
        name=row.name,
        facts=row.facts,
        vehicle=fit.name if fit else "",
        misfit=row.misfit,
        forbidden=row.forbidden,
        trouble=row.trouble,
    )
    planned = "".join(kept_html("sites/slots/_planned.html", text=text) for text in row.planned)
    return (
        f'<li class="card-body border-bottom{css}" id="picker-charger-{row.key}">'
        f"{about}{planned}{bar_html(row.bar, picker.scale, row.planned)}{AXIS}"
    )


def _starts(row: "ChargerSlots", can_book: bool) -> str:
    if row.hours:
        context = {"hours": row.hours, "can_book": can_book}
        hours = render_to_string("sites/slots/_slots_by_hour.html", context)
        return f'<div class="mt-2">{hours}</div>'
    if not row.starts:
        return ""
    return (
        '<ul class="list-unstyled d-flex flex-wrap gap-2 mt-2 mb-0" '
        f'aria-labelledby="picker-name-{row.key}">{chips_html(row.starts, can_book)}</ul>'
    )


def _is_full(row: "ChargerSlots") -> bool:
    return not (row.count or row.misfit or row.forbidden)


def _price(row: "ChargerSlots") -> str:
    if row.price is None:
        return ""
    return kept_html("sites/slots/_price.html", price=row.price, at=row.price_at)


def _toggle(row: "ChargerSlots", picker: "Picker") -> str:
    if not row.toggle_query:
        return ""
    return (
        f'<p class="mt-2 mb-0"><a id="picker-all-{row.key}" {target(picker, row.toggle_query)}>'
        f'{escape(row.toggle_label)}<span class="visually-hidden">, {escape(row.name)}</span></a>'
        "</p>"
    )
