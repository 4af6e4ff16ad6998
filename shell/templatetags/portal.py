"""Tags and filters that every page uses: icons, query strings, form controls, times, quantities."""

from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

from django import template
from django.core.paginator import Page
from django.forms import BoundField, CheckboxInput, CheckboxSelectMultiple, RadioSelect, Select
from django.forms.boundfield import BoundWidget
from django.http import QueryDict
from django.template.base import (
    FilterExpression,
    Node,
    NodeList,
    Parser,
    Token,
    Variable,
    token_kwargs,
)
from django.template.context import Context, RequestContext
from django.template.defaulttags import URLNode
from django.template.defaulttags import url as do_url
from django.template.exceptions import TemplateSyntaxError
from django.templatetags.i18n import TranslateNode, do_translate
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from shell import formats
from shell.kept import address_of, static_address
from shell.look import mail_look
from shell.money import money, unit_price

register = template.Library()

register.simple_tag(mail_look, name="look_of_mails")


@register.simple_tag
@lru_cache(maxsize=512, typed=True)
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
        static_address("icons.svg"),
        name,
    )


@register.simple_tag(takes_context=True)
def query(context: RequestContext, **changes: Any) -> str:
    """Return the page's query string with changes: None or "" removes a key, a list repeats it.

    Answers "?" when nothing is left, so that a link leads to the bare page.
    """
    given: QueryDict = context["request"].GET
    params = dict(given.lists())
    for key, value in changes.items():
        if value is None or value == "":
            params.pop(key, None)
        else:
            several = value if isinstance(value, list | tuple) else [value]
            params[key] = [str(item) for item in several]
    return f"?{urlencode(params, doseq=True)}"


# What is written only once

MOST_KEPT = 256


class KeptText(Node):
    """A text of a template, which is looked up once in each language."""

    child_nodelists = ()

    def __init__(self, text: TranslateNode) -> None:
        self.text = text
        self.kept: dict[tuple[str | None, bool], str] = {}

    def render(self, context: Context) -> str:
        """Write the text, or name it for the rest of the template."""
        key = (get_language(), context.autoescape)
        found = self.kept.get(key)
        if found is None:
            found = self.kept[key] = self.text.render(context)
        return found


@register.tag
def translate(parser: Parser, token: Token) -> Node:
    """Translate as Django does, faster where the text stands in the template itself."""
    node = do_translate(parser, token)
    text = node.filter_expression
    stands_here = isinstance(text.var, Variable) and text.var.lookups is None and not text.filters
    return node if node.asvar or not stands_here else KeptText(node)


class KeptAddress(URLNode):
    """The address of a page, which is put together once."""

    def render(self, context: Context) -> str:
        """Write the address; raises NoReverseMatch where there is none."""
        address = address_of(
            self.view_name.resolve(context), *(arg.resolve(context) for arg in self.args)
        )
        return escape(address) if context.autoescape else address


@register.tag
def url(parser: Parser, token: Token) -> Node:
    """Write an address as Django does, faster where its arguments have no names."""
    node = do_url(parser, token)
    if node.asvar or node.kwargs:
        return node
    return KeptAddress(node.view_name, node.args, node.kwargs, node.asvar)


class KeptPart(Node):
    """A part of a page that is drawn once in each language and for each set of values."""

    def __init__(self, part: NodeList, values: dict[str, FilterExpression]) -> None:
        self.nodelist = part
        self.values = values
        self.kept: dict[tuple[Any, ...], SafeString] = {}

    def render(self, context: Context) -> str:
        """Draw the part with its values, or take it as it was drawn for these before."""
        values = {name: value.resolve(context) for name, value in self.values.items()}
        # By type, too: what is safe HTML equals a text that is none.
        key = (get_language(), *((type(value), value) for value in values.values()))
        found = self.kept.get(key)
        if found is None:
            found = self.nodelist.render(context.new(values))
            if len(self.kept) >= MOST_KEPT:
                self.kept.clear()
            self.kept[key] = found
        return found


@register.tag
def kept(parser: Parser, token: Token) -> Node:
    """Draw a part of a page once, and keep it by the values that it is given: `{% kept a=b %}`.

    It knows nothing else of the page, so it can tell nobody what it was drawn with for another one.
    Values are texts, numbers and such; what differs with each request keeps no part.
    """
    words = token.split_contents()[1:]
    values = token_kwargs(words, parser)
    if words:
        raise TemplateSyntaxError("Values of a kept part have names.")
    part = parser.parse(("endkept",))
    parser.delete_first_token()
    return KeptPart(part, values)


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
register.filter(formats.month_name)
register.filter(formats.age_text)
register.filter(formats.kwh)
register.filter(money)
register.filter(unit_price)
register.filter(formats.km)


# Pages


@register.simple_tag
def page_numbers(page: Page) -> list[int | str]:
    numbers = page.paginator.get_elided_page_range(page.number, on_each_side=1, on_ends=1)
    return list(numbers)
