# ruff: noqa: ARG002 - Django calls these methods by position.
"""Planned downtime in the back office: what there is, and planning and ending it.

Before anything is asked of the operator a page says which bookings of all fleets it hits.
"""

import hashlib
import uuid
from collections.abc import Sequence
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import User
from bookings.models import Booking
from maintenance.asking import (
    DowntimeRefused,
    Place,
    ask_for_downtime,
    ask_to_end,
    bookings_hit,
    why_not_end,
)
from maintenance.models import Downtime, DowntimeChange
from maintenance.pages.downtime_form import DowntimeForm
from mirror.admin import ReadOnlyAdmin
from mirror.search import with_words
from shell.plain_text import OneLineModelForm
from sites.models import Location

MOST_SITES = 25
MOST_SHOWN = 200


class DowntimeAdmin(ReadOnlyAdmin):
    """What is planned, the latest first; adding to it and ending it have pages of their own."""

    form = OneLineModelForm
    list_display = ["place", "site", "start_at", "end_at", "notice", "type", "state", "end_link"]
    list_filter = ["of", "type", ("retired_at", admin.EmptyFieldListFilter)]
    list_select_related = ["charge_point__location", "evse"]
    search_fields = ["charge_point__name", "evse__label", "charge_point__location__name", "notice"]
    ordering = ["-start_at", "-pk"]
    list_per_page = 50
    fields = [
        "charge_point",
        "evse",
        "start_at",
        "end_at",
        "notice",
        "entry_mode",
        "type",
        "ampeco_id",
        "synced_at",
        "retired_at",
    ]

    def get_urls(self) -> list[URLPattern]:
        end = self.admin_site.admin_view(self.end)
        return [path("<int:pk>/end/", end, name="maintenance_downtime_end"), *super().get_urls()]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("maintenance.add_downtime"))

    def get_list_display(self, request: HttpRequest) -> Sequence[str]:
        return self.list_display if _may_end(request) else self.list_display[:-1]

    @admin.display(description=gettext_lazy("what"))
    def place(self, row: Downtime) -> str:
        return Place(row.charge_point, row.evse).name

    @admin.display(description=gettext_lazy("site"))
    def site(self, row: Downtime) -> str:
        return row.charge_point.location.name

    @admin.display(description=gettext_lazy("state"))
    def state(self, row: Downtime) -> str:
        now = timezone.now()
        if row.retired_at:
            return _("Taken back")
        if row.end_at is not None and row.end_at <= now:
            return _("Over")
        return _("Runs") if row.start_at <= now else _("To come")

    @admin.display(description="")
    def end_link(self, row: Downtime) -> str:
        if why_not_end(row, now=timezone.now()):
            return ""
        url = reverse("admin:maintenance_downtime_end", args=[row.pk])
        label = _("End it now") if row.start_at <= timezone.now() else _("Take it back")
        return format_html('<a class="text-primary-600 underline" href="{}">{}</a>', url, label)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Plan downtime: pick a site, fill in the form, see what it hits, confirm."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        given = request.POST if request.method == "POST" else request.GET
        if not given.get("site"):
            return self._pick_site(request)
        location = _site_or_404(given["site"])
        if request.method != "POST":
            return self._show_form(request, location, DowntimeForm(None, location=location))
        form = DowntimeForm(request.POST, location=location)
        if "back" in request.POST or not form.is_valid():
            return self._show_form(request, location, form)
        return self._preview_or_ask(request, location, form)

    def _pick_site(self, request: HttpRequest) -> HttpResponse:
        q = request.GET.get("q", "")
        sites = with_words(Location.objects.filter(retired_at=None), q).order_by("name", "pk")
        context = {"q": q, "sites": sites[:MOST_SITES], "count": sites.count()}
        return self._page(request, "pick_site", _("Plan downtime"), context)

    def _show_form(
        self, request: HttpRequest, location: Location, form: DowntimeForm
    ) -> HttpResponse:
        context = {"location": location, "form": form}
        return self._page(request, "form", _("Plan downtime"), context)

    def _preview_or_ask(
        self, request: HttpRequest, location: Location, form: DowntimeForm
    ) -> HttpResponse:
        data, now = form.cleaned_data, timezone.now()
        times = {"start_at": data["start_at"], "end_at": data["end_at"]}
        hit = bookings_hit(location, form.chosen, now=now, **times)
        digest = _digest(hit)
        if request.POST.get("seen") == digest:
            try:
                rows = ask_for_downtime(
                    form.chosen,
                    notice=data["notice"],
                    user=_person(request),
                    submission_key=_key(request),
                    now=now,
                    **times,
                )
            except DowntimeRefused as refusal:
                form.add_error(None, refusal.message)
                return self._show_form(request, location, form)
            text = ngettext(
                "It is on its way to the operator. %(count)d period is being made.",
                "It is on its way to the operator. %(count)d periods are being made.",
                len(rows),
            )
            messages.success(request, text % {"count": len(rows)})
            return HttpResponseRedirect(reverse("admin:maintenance_downtimechange_changelist"))
        context = {
            "location": location,
            "form": form,
            "places": form.chosen,
            "notice": data["notice"],
            "typed": [
                (name, value) for name in form.fields for value in request.POST.getlist(name)
            ],
            "seen": digest,
            "has_changed": "seen" in request.POST,
            "key": request.POST.get("key") or str(uuid.uuid4()),
            **times,
            **_shown(hit),
        }
        return self._page(request, "preview", _("This is what it hits"), context)

    def end(self, request: HttpRequest, pk: int) -> HttpResponse:
        """End downtime now, or take it back before it begins; says which bookings it had hit."""
        if not _may_end(request):
            raise PermissionDenied
        rows = Downtime.objects.select_related("charge_point__location", "evse")
        downtime = get_object_or_404(rows, pk=pk)
        back = reverse("admin:maintenance_downtime_changelist")
        if request.method == "POST":
            try:
                ask_to_end(downtime, user=_person(request))
            except DowntimeRefused as refusal:
                messages.warning(request, refusal.message)
                return HttpResponseRedirect(back)
            messages.success(request, _("It is on its way to the operator."))
            return HttpResponseRedirect(reverse("admin:maintenance_downtimechange_changelist"))
        if why_not_end(downtime, now=timezone.now()):
            raise Http404
        location = downtime.charge_point.location
        place = Place(downtime.charge_point, downtime.evse)
        hit = bookings_hit(
            location,
            [place],
            start_at=downtime.start_at,
            end_at=downtime.end_at,
            now=timezone.now(),
        )
        runs = downtime.start_at <= timezone.now()
        context = {
            "location": location,
            "downtime": downtime,
            "place": place,
            "runs": runs,
            **_shown([booking for booking in hit if booking.evse_id]),
        }
        title = _("End downtime now") if runs else _("Take downtime back")
        return self._page(request, "end", title, context)

    def _page(
        self, request: HttpRequest, name: str, title: str, context: dict[str, Any]
    ) -> HttpResponse:
        common = {**self.admin_site.each_context(request), "opts": self.opts, "title": title}
        return TemplateResponse(
            request, f"maintenance/admin_downtime_{name}.html", common | context
        )


class DowntimeChangeAdmin(ReadOnlyAdmin):
    """What staff asked of the operator about downtime, and what came of it."""

    list_display = [
        "place",
        "kind",
        "start_at",
        "end_at",
        "notice",
        "state",
        "problem",
        "asked_by",
        "asked_at",
    ]
    list_filter = ["state", "kind"]
    list_select_related = ["charge_point", "evse", "asked_by"]
    ordering = ["-asked_at", "-pk"]
    list_per_page = 50
    fields = [
        "kind",
        "charge_point",
        "evse",
        "start_at",
        "end_at",
        "notice",
        "state",
        "problem",
        "asked_by",
        "asked_at",
        "sent_at",
        "settled_at",
        "downtime",
    ]

    @admin.display(description=gettext_lazy("what"))
    def place(self, row: DowntimeChange) -> str:
        return Place(row.charge_point, row.evse).name


class DowntimeNoticeAdmin(ReadOnlyAdmin):
    """The reasons that the operator has prepared."""

    list_display = ["notice", "type", "description", "retired_at"]
    list_filter = ["type"]
    search_fields = ["notice"]
    ordering = ["notice", "pk"]
    fields = ["notice", "type", "description", "ampeco_id", "synced_at", "retired_at"]


def _may_end(request: HttpRequest) -> bool:
    return bool(request.user.has_perm("maintenance.change_downtime"))


def _person(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


def _site_or_404(text: str) -> Location:
    if not (text.isascii() and text.isdecimal() and len(text) < 19):
        raise Http404
    return get_object_or_404(Location, pk=int(text), retired_at=None)


def _key(request: HttpRequest) -> uuid.UUID:
    try:
        return uuid.UUID(request.POST.get("key", ""))
    except ValueError:
        return uuid.uuid4()


def _digest(bookings: Sequence[Booking]) -> str:
    """Return what tells whether somebody has seen these bookings as they are now."""
    told = ",".join(f"{booking.pk}/{booking.version}" for booking in bookings)
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def _shown(bookings: Sequence[Booking]) -> dict[str, Any]:
    return {
        "hit": bookings[:MOST_SHOWN],
        "hit_count": len(bookings),
        "hit_fleets": len({booking.fleet_id for booking in bookings}),
    }
