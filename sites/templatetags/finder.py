"""Template tags of the list of sites."""

from typing import Any

from django import template
from django.template.context import RequestContext
from django.utils.safestring import SafeString

from shell.kept_fields import fields_html
from sites.finding.forms import SiteSearchForm
from sites.finding.rows_html import rows_html, star_html

register = template.Library()


@register.simple_tag
def site_filters(form: SiteSearchForm) -> SafeString:
    return fields_html(form, "sites/_filters.html", form.connectors)


@register.simple_tag(takes_context=True)
def star(context: RequestContext) -> SafeString:
    """Draw the star of a site; see the template for what it needs."""
    return star_html(
        context["request"],
        context["location"],
        is_favourite=context["is_favourite"],
        back=context["back"],
    )


@register.simple_tag(takes_context=True)
def site_rows(context: RequestContext) -> SafeString:
    """Draw the rows of a page of the list."""
    names = ("back", "moving_query", "now")
    given: dict[str, Any] = {name: context[name] for name in names}
    return rows_html(context["request"], context["rows"], **given)
