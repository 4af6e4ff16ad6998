"""The page by which sessions are assigned afterwards: one, or many that were ticked."""

from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from accounts.models import User
from charging.actions.assign import assign_sessions
from charging.models import Session
from charging.pages.forms import AssignForm
from charging.selectors.filters import sessions_named
from drivers.one_at_a_time import one_at_a_time
from drivers.permissions import FleetRequest, manager_required
from shell.kept_forms import typed
from vehicles.selectors import current_vehicles

MOST = 200
# As many numbers as a list of suggestions is of use with.
MOST_SUGGESTED = 500
LONGEST_QUERY = 2000


@manager_required
@require_http_methods(["GET", "HEAD", "POST"])
@one_at_a_time
def assign(request: FleetRequest) -> HttpResponse:
    """Show the sessions that were ticked with a form for all of them, and do what is sent."""
    data = typed(request)
    given = request.GET if data is None else data
    sessions = _named(request, given)
    back = _back(sessions, given)
    form = AssignForm(data, fleet=request.fleet, sessions=sessions)
    if request.method == "POST" and sessions and form.is_valid():
        assert isinstance(request.user, User)
        keys = [session.pk for session in sessions]
        changed = assign_sessions(request.fleet, keys, form.wanted(), user=request.user)
        _tell(request, changed)
        return redirect(back)
    context = {
        "form": form,
        "sessions": sessions,
        "back": back,
        "list_query": given.get("list", "")[:LONGEST_QUERY],
        "numbers": current_vehicles(request.fleet).values_list("number", flat=True)[
            :MOST_SUGGESTED
        ],
    }
    return render(request, "charging/assign.html", context)


def _named(request: FleetRequest, given: QueryDict) -> list[Session]:
    """Return those of the fleet's sessions that are named; one that is none of its is a 404."""
    texts = given.getlist("session")[:MOST]
    keys = {int(text) for text in texts if text.isascii() and text.isdecimal() and len(text) <= 18}
    sessions = sessions_named(request.fleet, sorted(keys))
    if len(sessions) < len(set(texts)):
        raise Http404
    return sessions


def _back(sessions: list[Session], given: QueryDict) -> str:
    """Return where it leads: to the list as it was, or to the session that it was about."""
    if "list" not in given and len(sessions) == 1:
        return reverse("charging:detail", args=[sessions[0].pk])
    query = given.get("list", "")[:LONGEST_QUERY]
    # Only the query string comes from outside: it leads nowhere else.
    return f"{reverse('charging:list')}?{QueryDict(query).urlencode()}"


def _tell(request: FleetRequest, changed: int) -> None:
    if not changed:
        messages.info(request, _("It was so already: nothing has changed."))
        return
    text = ngettext("%(number)d session is changed.", "%(number)d sessions are changed.", changed)
    messages.success(request, text % {"number": changed})
