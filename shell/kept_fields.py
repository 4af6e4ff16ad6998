"""The fields of a form as HTML: most people see them empty, or with the same things filled in."""

from collections.abc import Hashable

from django.forms import Form
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import get_language

MOST_KEPT = 256

_kept: dict[tuple[Hashable, ...], SafeString] = {}


def fields_html(form: Form, template: str, *depends_on: Hashable) -> SafeString:
    """Return the fields of a form, each of one value, drawn once for the same things filled in.

    `depends_on` is all else that tells two forms of a kind apart, such as their choices.
    """
    if form.errors:
        return render_to_string(template, {"form": form})
    given = tuple((name, form.data.get(name)) for name in form.fields)
    key = (get_language(), type(form), template, given, depends_on)
    found = _kept.get(key)
    if found is None:
        found = render_to_string(template, {"form": form})
        if len(_kept) >= MOST_KEPT:
            _kept.clear()
        _kept[key] = found
    return found
