"""Form controls as Django draws them, but for lists: a template for each option takes too long."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.forms.renderers import DjangoTemplates
from django.http import HttpRequest
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe

SELECT = "django/forms/widgets/select.html"
OPTION = "django/forms/widgets/select_option.html"


class QuickLists(DjangoTemplates):
    """Draws lists in Python, and all else by Django's templates."""

    def render(
        self, template_name: str, context: dict[str, Any], request: HttpRequest | None = None
    ) -> Any:
        """Return the HTML of a control."""
        if template_name == SELECT:
            widget = context["widget"]
            options = [option for _name, some, _index in widget["optgroups"] for option in some]
            has_groups = any(name for name, _some, _index in widget["optgroups"])
            if not has_groups and all(each["template_name"] == OPTION for each in options):
                return _list(widget, options)
        return super().render(template_name, context, request)


def _list(widget: Mapping[str, Any], options: Iterable[Mapping[str, Any]]) -> SafeString:
    # All that comes from people or the operator is escaped where it goes in.
    drawn = "".join(
        f'\n  <option value="{_text(each["value"])}"{_attributes(each["attrs"])}>'
        f"{_text(each['label'])}</option>\n"
        for each in options
    )
    name = conditional_escape(widget["name"])
    return mark_safe(  # noqa: S308
        f'<select name="{name}"{_attributes(widget["attrs"])}>{drawn}\n</select>\n'
    )


def _attributes(attributes: Mapping[str, Any]) -> str:
    return "".join(
        f" {conditional_escape(name)}" + ("" if value is True else f'="{_text(value)}"')
        for name, value in attributes.items()
        if value is not False
    )


def _text(value: Any) -> str:
    return str(conditional_escape(value if isinstance(value, str) else str(value)))
