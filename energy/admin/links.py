# ruff: noqa: ARG002 - Django calls these methods by position.
"""Links in the back office: what of Ampcontrol is what of ours, and sites’ power and prices."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from energy.links import deciding, screen
from energy.links.kinds import PAIRINGS, Kind
from energy.links.refreshing import refresh_links
from energy.models import Link
from energy.own_lines import deciding as lines_deciding
from energy.own_lines import screen as lines_screen
from mirror.admin import ReadOnlyAdmin
from shell.keys import read_key

LINES = "lines"
# What is matched anew when staff have decided about a kind.
AFTER = {Kind.CHARGE_POINT.value: [Kind.CHARGE_POINT, Kind.CONNECTOR, Kind.NETWORK]}
MOST_AT_ONCE = 200
CHOSEN = "chosen"
DECISIONS: dict[str, Callable[..., object]] = {
    "confirm": deciding.confirm,
    "refuse": deciding.refuse,
    "undo": deciding.undo,
}


@admin.register(Link)
class LinkAdmin(ReadOnlyAdmin):
    """Links: the list is a screen of its own, on which staff decide; a row is read only."""

    fields = ["kind", "remote_id", "state", "evidence", "doubt", "decided_by", "decided_at"]

    def get_urls(self) -> list[URLPattern]:
        pick = self.admin_site.admin_view(self.pick)
        return [path("pick/", pick, name="energy_link_pick"), *super().get_urls()]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show a kind of links, or what AMPECO says of power and prices; take decisions."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        given = request.POST if request.method == "POST" else request.GET
        kind = given.get("kind") or Kind.NETWORK
        if kind not in {*PAIRINGS, LINES}:
            raise Http404
        refusals: dict[int, tuple[str, str]] = {}
        if request.method == "POST":
            self._check_may_decide(request)
            if kind == LINES:
                refusals = _decide_lines(request)
            else:
                _decide_links(request, kind)
            if not refusals:
                return HttpResponseRedirect(_back(request, kind))
        context = {
            **self._common(request, kind),
            "title": _("Links to Ampcontrol"),
            "tabs": _tabs(kind),
        }
        if kind == LINES:
            context["screen"] = lines_screen.screen_of(given, refusals)
            return TemplateResponse(request, "energy/admin_lines.html", context)
        context |= {
            "screen": screen.screen_of(kind, request.GET),
            "sure_buttons": [("undo", _("Undo"))],
            "proposed_buttons": [("confirm", _("Confirm")), ("refuse", _("Refuse"))],
            "show_refused": "refused" in request.GET,
        }
        return TemplateResponse(request, "energy/admin_links.html", context)

    def pick(self, request: HttpRequest) -> HttpResponse:
        """Let staff link a record of Ampcontrol's with one of ours that they look for."""
        self._check_may_decide(request)
        given = request.POST if request.method == "POST" else request.GET
        kind, remote_id, q = given.get("kind", ""), given.get("remote_id", ""), given.get("q", "")
        thing = screen.one_there(kind, remote_id) if kind in PAIRINGS else None
        if thing is None:
            raise Http404
        problem, here = "", given.get("here", "")
        if request.method == "POST":
            problem = self._link(request, kind, remote_id, here)
            if not problem:
                return HttpResponseRedirect(_back(request, kind))
        context = {
            **self._common(request, kind),
            "title": _("Link by hand"),
            "subtitle": thing.name,
            "thing": thing,
            "remote_id": remote_id,
            "q": q,
            "here": here,
            "problem": problem,
            "candidates": screen.candidates_named(kind, q),
            "all_candidates": screen.candidates(kind, q).count(),
        }
        return TemplateResponse(request, "energy/admin_pick.html", context)

    def _link(self, request: HttpRequest, kind: str, remote_id: str, here: str) -> str:
        """Link what was picked; return why not, or ""."""
        pk = read_key(here)
        if pk is None:
            return _("Choose one of them.")
        try:
            deciding.link_by_hand(kind, remote_id, pk, by=_person(request))
        except deciding.NotDecided as refusal:
            return refusal.message
        _match_again(kind)
        messages.success(request, _("Linked."))
        return ""

    def _common(self, request: HttpRequest, kind: str) -> dict[str, Any]:
        return {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "kind": kind,
            "may_decide": _may_decide(request),
        }

    def _check_may_decide(self, request: HttpRequest) -> None:
        if not _may_decide(request):
            raise PermissionDenied


def _may_decide(request: HttpRequest) -> bool:
    return bool(request.user.has_perm("energy.change_link"))


def _person(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


def _decide_links(request: HttpRequest, kind: str) -> None:
    """Do what a button says to one link or to all chosen ones; say what came of it."""
    for word, decide in DECISIONS.items():
        done, problems = 0, []
        for pk in _asked(request, word):
            try:
                decide(pk, by=_person(request))
                done += 1
            except deciding.NotDecided as refusal:
                problems.append(refusal.message)
        _tell(request, word, done, problems)
        if done:
            _match_again(kind)


def _decide_lines(request: HttpRequest) -> dict[int, tuple[str, str]]:
    """Do what a button says to a line; return by line what was typed and why it did not do."""
    person, refusals = _person(request), {}
    for word in DECISIONS:
        done = 0
        for pk in _asked(request, word):
            typed = request.POST.get(f"currency-{pk}", "")
            try:
                if word == "confirm":
                    lines_deciding.confirm_line(pk, by=person, currency=typed)
                elif word == "refuse":
                    lines_deciding.refuse_line(pk, by=person)
                else:
                    lines_deciding.undo_line(pk, by=person)
                done += 1
            except lines_deciding.LineNotDecided as refusal:
                refusals[pk] = (typed, refusal.message)
        _tell(request, word, done, [message for _typed, message in refusals.values()])
    return refusals


def _match_again(kind: str) -> None:
    refresh_links(AFTER.get(kind, [kind]))


def _asked(request: HttpRequest, word: str) -> list[int]:
    """Return the rows that a button is about: its own, or those that are chosen."""
    value = request.POST.get(word, "")
    values = request.POST.getlist("row") if value == CHOSEN else [value]
    found = [pk for one in values if (pk := read_key(one)) is not None]
    if value == CHOSEN and not found:
        messages.warning(request, _("Choose at least one first."))
    return found[:MOST_AT_ONCE]


def _tell(request: HttpRequest, word: str, done: int, problems: list[str]) -> None:
    if done:
        texts = {
            "confirm": ngettext("%(number)d confirmed.", "%(number)d confirmed.", done),
            "refuse": ngettext("%(number)d refused.", "%(number)d refused.", done),
            "undo": ngettext("%(number)d undone.", "%(number)d undone.", done),
        }
        messages.success(request, texts[word] % {"number": done})
    for problem in dict.fromkeys(problems):
        messages.warning(request, problem)


def _back(request: HttpRequest, kind: str) -> str:
    """Return where the screen was: the kind, what was looked for, the pages."""
    kept = {"kind": kind}
    for name in ("q", "sure", "proposed", "unmatched", "refused"):
        if value := request.POST.get(name, ""):
            kept[name] = value
    return f"{reverse('admin:energy_link_changelist')}?{urlencode(kept)}"


def _tabs(current: str) -> list[dict[str, Any]]:
    counts = screen.counts_by_kind()
    tabs = [
        {
            "kind": kind.value,
            "label": kind.label,
            "current": kind == current,
            **counts.get(kind, {"waiting": 0, "doubted": 0}),
        }
        for kind in screen.TABS
    ]
    lines = {"kind": LINES, "label": _("Power and prices"), "current": current == LINES}
    return [*tabs, {**lines, "waiting": lines_screen.waiting(), "doubted": 0}]
