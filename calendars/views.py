"""Calendars that others may subscribe to: the page on which they are made, and what they hold."""

from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone, translation
from django.utils.cache import get_conditional_response
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import language_for
from calendars.entries import feed_calendar
from calendars.feeds import (
    MOST_FEEDS,
    TooManyFeeds,
    content_of,
    feed_name,
    feed_of_secret,
    feed_url,
    feeds_of,
    make_feed,
    note_read,
    revoke_feed,
)
from calendars.forms import FeedForm
from drivers.permissions import FleetRequest, manager_required, member_required
from shell.kept_forms import typed
from shell.secret_links import nothing_here, secret_link
from shell.viewer import viewer_zone


@member_required
@require_http_methods(["GET", "HEAD", "POST"])
def feeds(request: FleetRequest) -> HttpResponseBase:
    if request.method == "POST":
        return make(request)
    return _show(request, FeedForm(typed(request), fleet=request.fleet))


@manager_required
def make(request: FleetRequest) -> HttpResponse:
    form = FeedForm(request.POST, fleet=request.fleet)
    if form.is_valid():
        try:
            make_feed(
                fleet=request.fleet,
                user=request.user,  # type: ignore[arg-type]
                location=form.cleaned_data["of_site"],
                driver=form.cleaned_data["of_driver"],
            )
        except TooManyFeeds:
            problem = _("There are %(most)d calendars already. Please revoke one first.")
            form.add_error(None, problem % {"most": MOST_FEEDS})
        else:
            messages.success(request, _("The calendar is ready. Its address is in the list."))
            return redirect("calendars:feeds")
    return _show(request, form)


@manager_required
@require_POST
def revoke(request: FleetRequest, pk: int) -> HttpResponse:
    if not revoke_feed(fleet=request.fleet, pk=pk):
        raise Http404
    messages.success(request, _("The address no longer works."))
    return redirect("calendars:feeds")


@require_safe
@secret_link
def calendar_feed(request: HttpRequest, secret: str) -> HttpResponseBase:
    feed = feed_of_secret(secret)
    if feed is None:
        return nothing_here(request)
    note_read(feed)
    with translation.override(language_for(feed.created_by.language if feed.created_by else "")):
        content = content_of(feed)
        response = get_conditional_response(request, etag=content.etag)
        if response is None:
            response = HttpResponse(
                feed_calendar(content.bookings, name=feed_name(feed)),
                content_type="text/calendar; charset=utf-8",
            )
        response["Content-Language"] = translation.get_language()
    response["ETag"] = content.etag
    response["Cache-Control"] = "private, no-cache"
    return response


def _show(request: FleetRequest, form: FeedForm) -> HttpResponse:
    can_manage = request.membership.can_book
    context = {
        "form": form,
        "feeds": [(feed, feed_url(feed) if can_manage else "") for feed in feeds_of(request.fleet)],
        "can_manage": can_manage,
        "zone": viewer_zone(request) or ZoneInfo("UTC"),
        "now": timezone.now(),
    }
    return render(request, "calendars/feeds.html", context)
