"""What is sent is taken for the fleet that its page was opened for, by somebody who is signed in.

Every form that acts on “the current fleet” carries that fleet, and none is taken for another. What
is not taken is kept (`shell.kept_forms`) and shown again, filled in, for whoever may send it.
"""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.contrib import messages
from django.forms import BaseForm, BaseFormSet
from django.forms.utils import ErrorDict
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import urlencode
from django_htmx.http import HttpResponseClientRedirect

from shell.kept_forms import KeptForm, keep, kept_form

SESSION_KEY = "fleet_id"
FIELD = "fleet"
GetResponse = Callable[[HttpRequest], HttpResponse]


def refuse_for_fleet(request: HttpRequest) -> HttpResponse:
    """Say which fleet a form was for (409), and lead back to it, filled in, for that fleet."""
    kept: KeptForm | None = getattr(request, "kept_form", None)
    back = kept.address if kept else keep(request, "not-yet")
    if getattr(request, "htmx", False):
        # A fragment could not say it: the whole page does.
        return HttpResponseClientRedirect(back)
    named = (kept.data if kept else request.POST).get(FIELD)
    context = {"back": back, "names_one": named is not None, "meant": _membership(request, named)}
    return render(request, "drivers/other_fleet.html", context, status=409)


def show_again(request: HttpRequest, get_response: GetResponse) -> HttpResponse:
    """Answer an address of `keep` with what was kept, filled in; any other as always."""
    kept = kept_form(request)
    if kept is None:
        return get_response(request)
    request.kept_form = kept  # type: ignore[attr-defined]
    query = kept.query.copy()
    if not _is_back_office(request):
        # Whose lists refuse what they do not know.
        query.update(kept.data)  # type: ignore[arg-type]
    request.GET = query  # type: ignore[assignment]
    meant = _membership(request, kept.data.get(FIELD))
    if meant and kept.why == "signed-out" and SESSION_KEY not in request.session:
        # Signed in anew: the fleet that was chosen before is forgotten.
        request.session[SESSION_KEY] = meant.fleet_id
    response = get_response(request)
    if response.status_code in {302, 404, 405}:
        # It has no page of its own: then the one that it stood on.
        messages.warning(request, kept.sentence(is_shown=False))
        return redirect(kept.page or "home")
    return response


def fill_in(request: HttpRequest, response: TemplateResponse) -> TemplateResponse:
    """Fill in the forms of the libraries' pages, as they are about to be drawn."""
    kept: KeptForm | None = getattr(request, "kept_form", None)
    context = response.context_data or {}
    if kept:
        form = getattr(context.get("adminform"), "form", context.get("form"))
        if _is_back_office(request):
            messages.warning(request, kept.sentence(is_shown=form is not None))
        for each in (form, *(one.formset for one in context.get("inline_admin_formsets", ()))):
            if isinstance(each, BaseForm | BaseFormSet):
                each.data, each.is_bound = kept.data, True
                # Nothing has been found wrong with it yet.
                no_errors = ErrorDict() if isinstance(each, BaseForm) else []
                each._errors = no_errors  # type: ignore[union-attr]
    return response


def keep_until_log_in(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Keep what somebody sent who is led to the log-in for it; any other answer is left alone."""
    address = urlsplit(response["Location"])
    # Of the back office only the way in has a goal.
    way_in = (reverse("account_login"), reverse("admin:index"))
    is_led_in = address.path.startswith(way_in) and "next" in parse_qs(address.query)
    # A form of log-in holds nothing but what nobody may keep.
    if not is_led_in or request.path in (address.path, reverse("admin:login")):
        return response
    goal = f"{address.path}?{urlencode({'next': keep(request, 'signed-out')})}"
    if getattr(request, "htmx", False):
        return HttpResponseClientRedirect(goal)
    return HttpResponseRedirect(goal)


def _is_back_office(request: HttpRequest) -> bool:
    return request.path.startswith(reverse("admin:index"))


def _membership(request: HttpRequest, fleet_pk: Any) -> Any:
    memberships = request.memberships  # type: ignore[attr-defined]
    return next((each for each in memberships if str(each.fleet_id) == str(fleet_pk)), None)
