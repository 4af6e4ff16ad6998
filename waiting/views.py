"""Pages of the waiting list: what a fleet waits for, and what it is offered."""

import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from bookings.actions.alternatives import criteria_of
from bookings.actions.candidate import BookingRefused, access_needed
from bookings.models import Booking
from bookings.selectors import booking_of
from drivers.models import Driver
from drivers.permissions import (
    DriverOffer,
    FleetRequest,
    driver_of,
    manager_required,
    member_required,
    offer_drivers,
    private_partner_ids,
)
from shell.formats import instant
from shell.kept_forms import retyped, typed
from shell.viewer import viewer_zone
from sites.models import Location
from sites.selectors import bookable_evses, visible_locations
from sites.slots.picker.form import criteria_params
from sync.open_pages import poll_sooner
from vehicles.fitting import for_fitting
from waiting.actions import (
    NotWaiting,
    cancel_wish,
    change_wish,
    let_pass,
    put_on_list,
    take_offer,
)
from waiting.forms import BY_ITSELF, OFFER, WishForm, clock_times, typed_wish
from waiting.models import Offer, Wish
from waiting.selectors import listed_wishes, offer_of, wish_of

PAGE_SIZE = 25


@member_required
@require_safe
def wish_list(request: FleetRequest) -> HttpResponse:
    page = Paginator(listed_wishes(request.fleet), PAGE_SIZE).get_page(request.GET.get("page"))
    return render(request, "waiting/list.html", {"page": page, "now": timezone.now()})


@member_required
@require_safe
def detail(request: FleetRequest, pk: int) -> HttpResponse:
    """Show what is waited for; htmx gets that alone."""
    wish = _wish_or_404(request, pk)
    context = {
        "wish": wish,
        "location": wish.location,
        "offer": wish.offers.filter(state=Offer.State.OPEN).select_related("location").first(),
        "places": wish.places.exclude(location=wish.location)
        .select_related("location")
        .order_by("km", "pk"),
        "history": wish.events.select_related("user", "offer__location", "offer__evse"),
        "viewer_zone": viewer_zone(request),
        "now": timezone.now(),
    }
    if wish.booking:
        poll_sooner([wish.booking], now=timezone.now())
    whole = not request.htmx or request.htmx.history_restore_request
    template = "waiting/detail.html" if whole else "waiting/_wish.html"
    response = render(request, template, context)
    patch_vary_headers(response, ["HX-Request"])
    return response


@manager_required
def new(request: FleetRequest) -> HttpResponse:
    """Put something on the list; the address says what it is filled in with at first.

    With `booking` it is what that one was asked for. Without a site there is one to be picked.
    """
    sent = typed(request)
    given: Mapping[str, Any] = request.GET if sent is None else sent
    if given.get("booking"):
        given = _like_booking(request, str(given["booking"]))
    if not given.get("site"):
        text = _("Pick a site first. “Wait for a time” is below its free times.")
        messages.info(request, text)
        return redirect("sites:list")
    location = _location_or_404(request, str(given["site"]))
    if request.method != "POST" or "find" in request.POST:
        filled_in = typed_wish(location, given) if sent is None else _plain(sent)
        return _show_form(request, _form(request, location, None, filled_in))
    form = _form(request, location, request.POST)
    if not form.is_valid() or form.wanted is None:
        return _show_form(request, form)
    try:
        wish = put_on_list(
            request.fleet,
            form.wanted,
            user=request.user,  # type: ignore[arg-type]
            submission_key=form.cleaned_data["submission_key"],
        )
    except NotWaiting as refusal:
        return _show_form(request, form, problem=refusal)
    messages.success(request, _("This is on the waiting list now. You will be told."))
    return redirect("waiting:detail", pk=wish.pk)


@manager_required
def change(request: FleetRequest, pk: int) -> HttpResponse:
    """Wait for something else; a wish keeps its place in the line."""
    wish = _wish_or_404(request, pk)
    sent = typed(request)
    if request.method != "POST" or "find" in request.POST:
        filled_in = _as_typed(wish) if sent is None else _plain(sent)
        return _show_form(request, _form(request, wish.location, None, filled_in), wish=wish)
    form = _form(request, wish.location, request.POST)
    if not form.is_valid() or form.wanted is None:
        return _show_form(request, form, wish=wish)
    seen = form.cleaned_data["version"]
    try:
        change_wish(
            wish,
            form.wanted,
            user=request.user,  # type: ignore[arg-type]
            seen_version=-1 if seen is None else seen,
        )
    except NotWaiting as refusal:
        wish = _wish_or_404(request, pk)
        # Whoever has been told of a change may save it all the same.
        form.data = retyped(request.POST, version=str(wish.version))
        return _show_form(request, form, wish=wish, problem=refusal)
    messages.success(request, _("Your change is saved."))
    return redirect("waiting:detail", pk=pk)


@manager_required
@require_POST
def cancel(request: FleetRequest, pk: int) -> HttpResponse:
    wish = _wish_or_404(request, pk)
    if cancel_wish(wish, user=request.user):  # type: ignore[arg-type]
        messages.success(request, _("This is not waited for any more."))
    else:
        messages.info(request, _("This has changed meanwhile. Here is how it is now."))
    return redirect("waiting:detail", pk=pk)


@manager_required
def offer(request: FleetRequest, uid: uuid.UUID) -> HttpResponse:
    """Show what is offered; on POST ask the operator for it."""
    found = _offer_or_404(request, uid)
    if request.method != "POST" or "find" in request.POST:
        return _show_offer(request, found)
    if found.booking_id:
        return redirect("bookings:detail", pk=found.booking_id)
    driver = _picked_driver(request, found.wish)
    if driver is None:
        return _show_offer(request, found, problem=_("Please pick a driver."), at_driver=True)
    try:
        booking = take_offer(
            found,
            user=request.user,  # type: ignore[arg-type]
            driver=driver,
            reference=found.wish.reference,
        )
    except (NotWaiting, BookingRefused) as refusal:
        at_driver = isinstance(refusal, BookingRefused) and refusal.field != "slot"
        found = _offer_or_404(request, uid)
        return _show_offer(request, found, problem=refusal.message, at_driver=at_driver)
    return redirect("bookings:detail", pk=booking.pk)


@manager_required
@require_POST
def decline(request: FleetRequest, uid: uuid.UUID) -> HttpResponse:
    """Leave an offer to whoever waits next."""
    found = _offer_or_404(request, uid)
    if let_pass(found, user=request.user):  # type: ignore[arg-type]
        messages.success(request, _("The offer goes to whoever waits next. You wait on."))
    else:
        messages.info(request, _("This offer is over already."))
    return redirect("waiting:detail", pk=found.wish_id)


# What the addresses name


def _wish_or_404(request: FleetRequest, pk: int) -> Wish:
    try:
        return wish_of(request.fleet, pk)
    except Wish.DoesNotExist:
        raise Http404 from None


def _offer_or_404(request: FleetRequest, uid: uuid.UUID) -> Offer:
    try:
        return offer_of(request.fleet, uid)
    except Offer.DoesNotExist:
        raise Http404 from None


def _location_or_404(request: FleetRequest, text: str) -> Location:
    known = text.isascii() and text.isdecimal() and len(text) <= 18
    visible = visible_locations(partner_ids=private_partner_ids(request.fleet))
    location = visible.filter(pk=int(text)).first() if known else None
    if location is None:
        raise Http404
    return location


def _like_booking(request: FleetRequest, text: str) -> dict[str, str]:
    """Return how the address says what a booking was asked for."""
    if not (text.isascii() and text.isdecimal() and len(text) <= 18):
        raise Http404
    try:
        booking = booking_of(request.fleet, int(text))
    except Booking.DoesNotExist:
        raise Http404 from None
    place = {"evse": str(booking.evse_id)} if booking.evse_id else {}
    return {
        **(place or criteria_params(criteria_of(booking))),
        "site": str(booking.location_id),
        "start": instant(booking.start_at),
        "minutes": str(int(booking.duration.total_seconds() // 60)),
        "driver": str(booking.driver_id),
        "vehicle": str(booking.vehicle_id or ""),
        "reference": booking.reference,
    }


def _picked_driver(request: FleetRequest, wish: Wish) -> Driver | None:
    given = request.POST.get("driver", "")
    if not (given.isascii() and given.isdecimal() and len(given) <= 18):
        return wish.drives
    try:
        return driver_of(request.fleet, int(given))
    except Driver.DoesNotExist:
        raise Http404 from None


# What pages show


def _form(
    request: FleetRequest,
    location: Location,
    sent: Mapping[str, Any] | None,
    filled_in: Mapping[str, Any] | None = None,
) -> WishForm:
    evses = for_fitting(bookable_evses(location, partner_ids=private_partner_ids(request.fleet)))
    return WishForm(
        sent, fleet=request.fleet, location=location, evses=list(evses), filled_in=filled_in
    )


def _plain(sent: QueryDict) -> dict[str, str]:
    """Return what was sent, to be shown again as it is."""
    return {name: str(text) for name, text in sent.items()}


def _as_typed(wish: Wish) -> dict[str, str]:
    zone = wish.location.zone
    clocks = {"earliest": wish.earliest_clock, "latest": wish.latest_clock}
    power = wish.wanted_min_power_kw
    return {
        "charger": str(wish.evse_id or ""),
        "current": wish.wanted_current_type,
        "connector": wish.wanted_connector_type,
        "min_power": "" if power is None else f"{power.normalize():f}",
        "radius": str(wish.radius_km or ""),
        "minutes": str(wish.minutes),
        "vehicle": str(wish.vehicle_id or ""),
        "driver": str(wish.driver_id or ""),
        "how": BY_ITSELF if wish.by_itself else OFFER,
        "reference": wish.reference,
        "version": str(wish.version),
        **{name: f"{clock:%H:%M}" for name, clock in clocks.items() if clock},
        **clock_times("from", wish.window_start, zone),
        **clock_times("until", wish.window_end, zone),
    }


def _show_form(
    request: FleetRequest,
    form: WishForm,
    *,
    wish: Wish | None = None,
    problem: NotWaiting | None = None,
) -> HttpResponse:
    context = {
        "form": form,
        "wish": wish,
        "location": form.location,
        "offer": _drivers(request, form),
        "problem": problem,
        "finds": "find" in request.POST,
        "picker_query": urlencode({"day": str(form["from_day"].value() or "")}),
        "now": timezone.now(),
    }
    return render(request, "waiting/form.html", context)


def _drivers(request: FleetRequest, form: WishForm) -> DriverOffer:
    return offer_drivers(
        request.fleet,
        str(form["driver_query"].value() or "")[:100],
        chosen=str(form["driver"].value() or ""),
    )


def _show_offer(
    request: FleetRequest, found: Offer, *, problem: str = "", at_driver: bool = False
) -> HttpResponse:
    wish, now = found.wish, timezone.now()
    chosen = request.POST.get("driver", "") or (str(wish.drives.pk) if wish.drives else "")
    context = {
        "found": found,
        "wish": wish,
        "location": found.location,
        "is_open": found.state == Offer.State.OPEN and found.expires_at > now,
        "problem": problem,
        "at_driver": at_driver,
        "length": wish.length,
        "offer": offer_drivers(
            request.fleet,
            request.POST.get("driver_query", "")[:100],
            chosen=chosen,
            access=access_needed([found.evse]),
        ),
        "finds": "find" in request.POST,
        "viewer_zone": viewer_zone(request),
        "now": now,
    }
    return render(request, "waiting/offer.html", context)
