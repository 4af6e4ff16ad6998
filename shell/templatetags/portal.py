"""Tags and filters that every page uses: icons, query strings, form controls, times, quantities."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django import template
from django.conf import settings
from django.core.paginator import Page
from django.forms import BoundField, CheckboxInput, CheckboxSelectMultiple, RadioSelect, Select
from django.forms.boundfield import BoundWidget
from django.http import QueryDict
from django.template.context import RequestContext
from django.templatetags.static import static
from django.utils.formats import date_format, number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, pgettext

from shell.look import MailLook, mail_look

register = template.Library()

MINUTE = timedelta(minutes=1)


@register.simple_tag
def icon(name: str, *, label: str = "", css: str = "") -> SafeString:
    """Draw an icon of static/icons.svg.

    Without a `label` it is decoration and hidden from screen readers, so text must stand beside it.
    """
    meaning = SafeString('aria-hidden="true"')
    if label:
        meaning = format_html('role="img" aria-label="{}"', label)
    return format_html(
        '<svg class="icon{}" width="24" height="24" viewBox="0 0 24 24" fill="none" '
        'stroke="currentColor" stroke-linecap="round" stroke-linejoin="round" {}>'
        '<use href="{}#{}"/></svg>',
        f" {css}" if css else "",
        meaning,
        static("icons.svg"),
        name,
    )


@register.simple_tag
def look_of_mails() -> MailLook:
    """Return the operator's colours and logo for a mail."""
    return mail_look()


@register.simple_tag(takes_context=True)
def query(context: RequestContext, **changes: Any) -> str:
    """Return the page's query string with changes: None or "" removes a key, a list repeats it.

    Answers "?" when nothing is left, so that a link leads to the bare page.
    """
    params: QueryDict = context["request"].GET.copy()
    for key, value in changes.items():
        if value is None or value == "":
            params.pop(key, None)
        elif isinstance(value, list | tuple):
            params.setlist(key, [str(item) for item in value])
        else:
            params[key] = str(value)
    return f"?{params.urlencode()}"


# Form controls


def style(field: BoundField) -> None:
    """Give the field's widget the class that the style sheet knows it by."""
    widget = field.field.widget
    if isinstance(widget, CheckboxInput | RadioSelect | CheckboxSelectMultiple):
        css = "form-check-input"
    elif isinstance(widget, Select):
        css = "form-select"
    else:
        css = "form-control"
    present = widget.attrs.get("class", "").split()
    invalid = ["is-invalid"] if field.errors else []
    widget.attrs["class"] = " ".join(dict.fromkeys([css, *invalid, *present]))


@register.simple_tag
def control(field: BoundField) -> SafeString:
    """Draw a field's widget, without its label, help and errors."""
    style(field)
    return field.as_widget()


@register.filter
def options(field: BoundField) -> list[BoundWidget]:
    """Return the single radios or boxes of a field, to be drawn one by one."""
    style(field)
    return list(field.subwidgets)


@register.filter
def is_checkbox(field: BoundField) -> bool:
    """Return whether the field is one box, whose label stands behind it."""
    return isinstance(field.field.widget, CheckboxInput)


# Instants. A site's zone may come as ZoneInfo or by name; empty stands for the portal's default.


def as_zone(zone: ZoneInfo | str | None) -> ZoneInfo:
    """Return the zone meant; raises ZoneInfoNotFoundError for a name that there is not."""
    return zone if isinstance(zone, ZoneInfo) else ZoneInfo(zone or settings.DEFAULT_TIMEZONE)


def offset_text(local: datetime) -> str:
    """Return the distance to UTC, such as “UTC−5” or “UTC+5:30”."""
    minutes = (local.utcoffset() or timedelta()) // MINUTE
    if not minutes:
        return "UTC"
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'−' if minutes < 0 else '+'}{hours}" + (f":{rest:02}" if rest else "")


def abbreviation(local: datetime) -> str:
    """Return the letters of the zone at this instant, or the offset where it has none."""
    letters = local.tzname() or ""
    return letters if letters.isalpha() else offset_text(local)


def happens_twice(local: datetime) -> bool:
    """Return whether the clock shows this time twice on this day, as when it is put back."""
    first, second = (local.replace(fold=fold).utcoffset() for fold in (0, 1))
    return first is not None and second is not None and first > second


def write_local(local: datetime, pattern: str) -> str:
    """Return a local time as text, with the zone's letters where the clock alone is ambiguous."""
    text = date_format(local, pattern)
    return f"{text} {abbreviation(local)}" if "H" in pattern and happens_twice(local) else text


@register.filter
def in_zone(instant: datetime | None, zone: ZoneInfo | str | None) -> str:
    """Return an instant as day and time in a zone, such as “Mon 23 Nov 2026, 18:00”."""
    if not instant:
        return ""
    # Translators: Django's date format of a day with a time.
    return write_local(instant.astimezone(as_zone(zone)), pgettext("format", "D j M Y, H:i"))


@register.filter
def day_in_zone(instant: datetime | None, zone: ZoneInfo | str | None) -> str:
    """Return the day of an instant in a zone, such as “Mon 23 Nov 2026”."""
    if not instant:
        return ""
    # Translators: Django's date format of a day.
    return write_local(instant.astimezone(as_zone(zone)), pgettext("format", "D j M Y"))


@register.filter
def time_in_zone(instant: datetime | None, zone: ZoneInfo | str | None) -> str:
    """Return the time of an instant in a zone, such as “18:00”."""
    if not instant:
        return ""
    # Translators: Django's date format of a time.
    return write_local(instant.astimezone(as_zone(zone)), pgettext("format", "H:i"))


@register.simple_tag
def period(start: datetime | None, end: datetime | None, zone: ZoneInfo | str | None) -> str:
    """Return a stretch of time in a zone, the day named again where it ends on another one.

    “Mon 23 Nov 2026, 18:00–19:00”, “Mon 23 Nov 2026, 18:00 – Tue 24 Nov 2026, 06:00”.
    """
    if not start or not end:
        return in_zone(start or end, zone)
    days = {instant.astimezone(as_zone(zone)).date() for instant in (start, end)}
    if len(days) == 1:
        return f"{in_zone(start, zone)}–{time_in_zone(end, zone)}"
    return f"{in_zone(start, zone)} – {in_zone(end, zone)}"


@register.filter
def zone_label(zone: ZoneInfo | str | None, instant: datetime | None) -> str:
    """Return what a zone is called at an instant, such as “New York time (EST, UTC−5)”."""
    if not instant:
        return ""
    known = as_zone(zone)
    local = instant.astimezone(known)
    offset = offset_text(local)
    area, _, city = known.key.rpartition("/")
    if not area or area == "Etc":
        return offset if abbreviation(local) == offset else f"{abbreviation(local)} ({offset})"
    names = [abbreviation(local), offset]
    return gettext("%(city)s time (%(zone)s)") % {
        "city": city.replace("_", " "),
        "zone": ", ".join(dict.fromkeys(names)),
    }


# Quantities


@register.filter
def duration(length: timedelta | int | None) -> str:
    """Return a length of time (a timedelta, or minutes), such as “12 h” or “1 h 15 min”."""
    if length is None:
        return ""
    minutes = length // MINUTE if isinstance(length, timedelta) else int(length)
    hours, rest = divmod(minutes, 60)
    if not hours:
        return gettext("%(minutes)s min") % {"minutes": rest}
    if not rest:
        return gettext("%(hours)s h") % {"hours": hours}
    return gettext("%(hours)s h %(minutes)s min") % {"hours": hours, "minutes": rest}


@register.filter
def kw(power: Decimal | float | None) -> str:
    """Return a power in kW with at most one decimal, such as “150 kW”; "" when it is not known."""
    if power is None:
        return ""
    value = round(Decimal(str(power)), 1)
    places = 0 if value == value.to_integral_value() else 1
    return gettext("%(power)s kW") % {"power": number_format(value, decimal_pos=places)}


# Pages


@register.simple_tag
def page_numbers(page: Page) -> list[int | str]:
    """Return the numbers that lead around a page, with the paginator's ellipsis for gaps."""
    numbers = page.paginator.get_elided_page_range(page.number, on_each_side=1, on_ends=1)
    return list(numbers)
