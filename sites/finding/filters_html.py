"""The fields of the search as HTML; most people come without any filter, or with the same ones."""

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from shell.kept import kept_by_language
from sites.finding.forms import SiteSearchForm

MOST_KEPT = 256


def filters_html(form: SiteSearchForm) -> SafeString:
    """Return the fields with what was filled in, and with what is wrong with that."""
    if form.errors:
        return _draw(form)
    given = {name: form.data.get(name) for name in form.fields}
    return _kept(form.connectors, **{name: text for name, text in given.items() if text})


@kept_by_language(MOST_KEPT)
def _kept(connectors: tuple[str, ...], **given: str) -> SafeString:
    return _draw(SiteSearchForm(given, connectors=connectors))


def _draw(form: SiteSearchForm) -> SafeString:
    return render_to_string("sites/_filters.html", {"form": form})
