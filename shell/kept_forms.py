"""What was sent and could not be taken: kept until whoever sent it can send it again.

It lies in the session, without what is secret. The address that `keep` returns shows the form
filled in: a GET that has in its query what was typed, and changes nothing.
"""

import re
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.http import HttpRequest, QueryDict
from django.utils.crypto import get_random_string
from django.utils.http import urlencode
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from shell.addresses import is_ours

SESSION_KEY = "kept_forms"
PARAMETER = "kept"
SECRET = re.compile(r"^csrf|pass|secret|token|credential|(^|_)code$", re.IGNORECASE)
MOST_FORMS = 3
MOST_CHARACTERS = 16_000
# A session that nobody has logged in to holds it for so long.
KEPT_SECONDS = 3600

# By why it was not taken: over the form that is filled in, and where there is none to show.
SENTENCES = {
    "signed-out": (
        _(
            "You were signed out, so nothing was sent. What you entered is filled in again: please"
            " check it and send it."
        ),
        _("You were signed out, so nothing was done. Please try again."),
    ),
    "signed-in-again": (
        _(
            "You have signed in again since that page was opened, so nothing was sent. What you"
            " entered is filled in again: please check it and send it."
        ),
        _(
            "You have signed in again since that page was opened, so nothing was done. Please try"
            " again."
        ),
    ),
    "not-yet": (
        _(
            "Nothing has been sent yet. What you entered is filled in again: please check it and"
            " send it."
        ),
        _("Nothing has been done yet. Please try again."),
    ),
}


@dataclass(frozen=True, slots=True)
class KeptForm:
    """What was sent, from which page, and why it was not taken (a key of sentences).

    A file that came with it is not kept.
    """

    address: str
    page: str
    why: str
    query: QueryDict
    data: QueryDict
    had_file: bool = False

    def sentence(self, *, is_shown: bool = True) -> str:
        shown, not_shown = SENTENCES[self.why]
        if is_shown and self.had_file:
            again = gettext("The file has to be picked again.")
            return f"{shown} {again}"
        return str(shown if is_shown else not_shown)


def keep(request: HttpRequest, why: str) -> str:
    """Keep what was sent; return the address that shows it again."""
    values = {name: texts for name, texts in request.POST.lists() if not SECRET.search(name)}
    if sum(len(name) + sum(map(len, texts)) for name, texts in values.items()) > MOST_CHARACTERS:
        values = {}
    key = get_random_string(12)
    form = {
        "path": request.path,
        "page": _page(request),
        "why": why,
        "query": request.GET.urlencode(),
        "values": values,
        "had_file": bool(request.FILES),
        "until": time.time() + KEPT_SECONDS,
    }
    kept = [*request.session.get(SESSION_KEY, {}).items(), (key, form)]
    request.session[SESSION_KEY] = dict(kept[-MOST_FORMS:])
    if not request.user.is_authenticated:
        request.session.set_expiry(KEPT_SECONDS)
    return f"{request.path}?{urlencode({PARAMETER: key})}"


def kept_form(request: HttpRequest) -> KeptForm | None:
    """Return what was kept, where an address of `keep` is asked for in time."""
    key = request.GET.get(PARAMETER, "")
    if request.method != "GET" or not key:
        return None
    form: dict[str, Any] = request.session.get(SESSION_KEY, {}).get(key, {})
    if form.get("path") != request.path or form["until"] < time.time():
        return None
    data = QueryDict(mutable=True)
    for name, texts in form["values"].items():
        data.setlist(name, texts)
    query = QueryDict(form["query"], mutable=True)
    had_file = form.get("had_file", False)
    return KeptForm(request.get_full_path(), form["page"], form["why"], query, data, had_file)


def typed(request: HttpRequest) -> QueryDict | None:
    """Return what a form was filled in with: what is sent just now, or what was kept of it."""
    if request.method == "POST":
        return request.POST
    kept: KeptForm | None = getattr(request, "kept_form", None)
    return kept.data if kept else None


def retyped(data: QueryDict, **changes: str) -> QueryDict:
    """Return what a form was filled in with, but for values that take the place of what was sent.

    Such as the mark of what somebody has seen, once the page tells them what is there now.
    """
    changed = data.copy()
    for name, value in changes.items():
        changed[name] = value
    return changed


def _page(request: HttpRequest) -> str:
    """Return the address of the page that the form stood on, if the browser tells."""
    page = request.headers.get("HX-Current-URL") or request.headers.get("Referer", "")
    if not is_ours(request, page):
        return ""
    parts = urlsplit(page)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path
