"""Tags and filters that every page uses: icons, query strings, form controls, times, quantities."""

from typing import Any

from django import template
from django.core.paginator import Page
from django.forms import BoundField, CheckboxInput, CheckboxSelectMultiple, RadioSelect, Select
from django.forms.boundfield import BoundWidget
from django.http import QueryDict
from django.template.context import RequestContext
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

from shell import formats
from shell.look import mail_look

register = template.Library()

register.simple_tag(mail_look, name="look_of_mails")


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


@register.simple_tag(takes_context=True)
def fleet_token(context: RequestContext) -> SafeString:
    """Draw what says which fleet a form is for; without it nothing is taken of a page's form."""
    return format_html(
        '<input type="hidden" name="fleet" value="{}">',
        context["request"].fleet.pk,
    )


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
    style(field)
    return list(field.subwidgets)


@register.filter
def is_checkbox(field: BoundField) -> bool:
    return isinstance(field.field.widget, CheckboxInput)


# How things are written

register.filter(formats.in_zone)
register.filter(formats.time_in_zone)
register.simple_tag(formats.period)
register.filter(formats.zone_label)
register.filter(formats.duration)
register.filter(formats.kw)
register.filter(formats.instant)
register.filter(formats.kwh)
register.filter(formats.money)
register.filter(formats.km)


# Pages


@register.simple_tag
def page_numbers(page: Page) -> list[int | str]:
    numbers = page.paginator.get_elided_page_range(page.number, on_each_side=1, on_ends=1)
    return list(numbers)
