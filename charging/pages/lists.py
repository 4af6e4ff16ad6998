"""The list of a fleet's sessions, and what they come to by driver, vehicle and such."""

from datetime import date
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from charging.pages.around import around, list_form, nameless, tabs
from charging.selectors.filters import NONE, SessionFilter
from charging.selectors.listing import list_sessions
from charging.selectors.sums import KEYS, By, Group, groups_of, total_of
from charging.services import last_day_of
from drivers.permissions import FleetRequest, member_required
from shell.formats import month_name
from shell.keys import RowCursor

LOOK_EVERY = "20s"
GROUPS_ON_A_PAGE = 50


@member_required
@require_safe
def session_list(request: FleetRequest) -> HttpResponse:
    """List the fleet's sessions; htmx asks for the rows alone, to keep them up to date."""
    form = list_form(request)
    narrowed = form.narrowing()
    page = list_sessions(request.fleet, narrowed, cursor=RowCursor.parse(request.GET.get("at", "")))
    context = {
        "page": page,
        "is_narrowed": form.is_narrowed,
        "look_every": LOOK_EVERY if page.goes_on else "",
    }
    whole = not request.htmx or request.htmx.history_restore_request
    if whole:
        context |= around(request, form) | {"total": total_of(request.fleet, narrowed)}
    template = "charging/list.html" if whole else "charging/_list.html"
    response = render(request, template, context)
    patch_vary_headers(response, ["HX-Request"])
    return response


@member_required
@require_safe
def session_groups(request: FleetRequest, by: By) -> HttpResponse:
    """Show what sessions come to by driver, vehicle, site, cost centre or month."""
    form = list_form(request)
    narrowed = form.narrowing()
    groups = groups_of(request.fleet, narrowed, by)
    page = Paginator(groups or [], GROUPS_ON_A_PAGE).get_page(request.GET.get("page"))
    given = {name: str(text) for name, text in request.GET.items() if name not in {"at", "page"}}
    context = around(request, form) | {
        "by": by,
        "heading": tabs()[by],
        "too_many": groups is None,
        "page": page,
        "rows": [_row(group, by, narrowed, given) for group in page.object_list],
    }
    return render(request, "charging/groups.html", context)


def _row(
    group: Group, by: By, narrowed: SessionFilter, given: dict[str, str]
) -> tuple[Group, str, str]:
    """Return a group, what it is called, and the query string that lists its sessions."""
    if not isinstance(group.key, date):
        query = given | {KEYS[by]: str(group.key or NONE)}
        return group, group.name or nameless(by), f"?{urlencode(query)}"
    first, last = group.key, last_day_of(group.key)
    query = given | {
        "since": max(first, narrowed.since or first).isoformat(),
        "until": min(last, narrowed.until or last).isoformat(),
    }
    return group, month_name(first), f"?{urlencode(query)}"
