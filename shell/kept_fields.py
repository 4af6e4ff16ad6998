"""The fields of a search as HTML: most people come without any filter, or with the same ones."""

from typing import Any

from django.forms import Form
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from shell.kept import kept_by_language

MOST_KEPT = 256


def fields_html(form: Form, template: str, **made_with: Any) -> SafeString:
    """Return the fields of a form, drawn once for the same things filled in.

    Only for a form that depends on nothing but those and what it is `made_with`.
    """
    if form.errors:
        return render_to_string(template, {"form": form})
    given = tuple((name, text) for name in form.fields if (text := form.data.get(name)))
    return _kept(type(form), template, given, **made_with)


@kept_by_language(MOST_KEPT)
def _kept(
    kind: type[Form], template: str, given: tuple[tuple[str, str], ...], **made_with: Any
) -> SafeString:
    return render_to_string(template, {"form": kind(dict(given), **made_with)})
