"""Ways into a table: vehicles at a site, a block of a day, what there was before."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from batches.copying import ONE_DAY, bookings_of_day, next_time, rows_like
from batches.models import Batch
from batches.pages.forms import BlockForm, ManyForm, tonight
from batches.proposing import chargers_of, choose_vehicles, propose_block, propose_rows
from batches.services import BatchRefused, RowWish, create_draft
from boards.day.reading import read_day
from bookings.pages.change import booking_or_404
from bookings.pages.forms import InstantField
from drivers.permissions import FleetRequest, manager_required, private_partner_ids
from shell.kept_forms import typed
from shell.keys import read_keys
from shell.plain_text import OneLines
from sites.favourites import favourite_sites
from sites.models import Location
from sites.periods import Period
from sites.selectors import visible_locations
from sites.slots.clocks import day_text
from vehicles.models import Vehicle
from vehicles.selectors import current_vehicles

MOST_SITES = 6
COPIES = {"yesterday": 1, "last-week": 7}


@manager_required
@require_http_methods(["GET", "HEAD", "POST"])
def book_many(request: FleetRequest, pk: int) -> HttpResponse:
    """Ask which vehicles, or how many, charge at a site, and when; on POST propose a table."""
    location, now = _site(request, pk), timezone.now()
    vehicles = sorted(
        current_vehicles(request.fleet), key=lambda vehicle: vehicle.home_site_id != pk
    )
    at_home = [vehicle for vehicle in vehicles if vehicle.home_site_id == pk]
    data = typed(request)
    day, begin, end = tonight(location.zone, now=now)
    ticked = read_keys(request.GET.getlist("vehicle"))
    form = ManyForm(
        data,
        zone=location.zone,
        vehicles=vehicles,
        evses=chargers_of(request.fleet, location) if vehicles else [],
        initial={
            "day": day,
            "begin": begin,
            "end": end,
            "vehicles": ticked,
            "number": None if ticked else len(at_home) or None,
        },
    )
    if request.method == "POST" and form.is_valid():
        rows = _rows(request, location, form, vehicles, now=now)
        if rows:
            name = _("%(site)s, %(day)s") % {
                "site": location.name,
                "day": day_text(form.cleaned_data["day"]),
            }
            return _draft(request, rows, source=Batch.Source.VEHICLES, name=name)
        text = _("Every vehicle of your fleet has a booking then.")
        form.add_error("number", text if vehicles else _("Your fleet has no vehicles here yet."))
    context = {
        "form": form,
        "location": location,
        "vehicles": vehicles,
        "at_home": len(at_home),
        "now": now,
    }
    return render(request, "batches/many.html", context)


def _rows(
    request: FleetRequest,
    location: Location,
    form: ManyForm,
    vehicles: Sequence[Vehicle],
    *,
    now: datetime,
) -> list[RowWish]:
    data = form.cleaned_data
    period, ticked = data["period"], set(data["vehicles"])
    chosen = (
        [vehicle for vehicle in vehicles if vehicle.pk in ticked]
        if ticked
        else choose_vehicles(request.fleet, location, data["number"], period=period, now=now)
    )
    wanted = [(vehicle, period) for vehicle in chosen]
    return propose_rows(request.fleet, location, wanted, now=now, reference=data["reference"])


@manager_required
@require_safe
def book_vehicles(request: FleetRequest) -> HttpResponse:
    """Lead from ticked vehicles to the site where they charge: their home, or one to be picked."""
    keys = read_keys(request.GET.getlist("vehicle"))
    vehicles = list(current_vehicles(request.fleet).filter(pk__in=keys))
    query = urlencode([("vehicle", vehicle.pk) for vehicle in vehicles])
    visible = visible_locations(partner_ids=private_partner_ids(request.fleet))
    homes = list(visible.filter(pk__in={vehicle.home_site_id for vehicle in vehicles}))
    if len(homes) == 1 and all(vehicle.home_site_id for vehicle in vehicles):
        return redirect(f"{reverse('batches:many', args=[homes[0].pk])}?{query}")
    favourites = favourite_sites(request.fleet, user_pk=request.user.pk, limit=MOST_SITES)
    sites = list(dict.fromkeys([*homes, *favourites]))
    context = {"vehicles": vehicles, "query": query, "sites": sites}
    return render(request, "batches/sites.html", context)


class DraggedForm(OneLines, forms.Form):
    """The period of a block as the day's script names it."""

    start = InstantField()
    minutes = forms.IntegerField(min_value=1, max_value=100_000)

    @property
    def period(self) -> Period:
        start = self.cleaned_data["start"]
        return Period(start, start + timedelta(minutes=self.cleaned_data["minutes"]))


@manager_required
@require_http_methods(["GET", "HEAD", "POST"])
def book_block(request: FleetRequest, pk: int) -> HttpResponse:
    """Make a table of a block: chargers of a site, and one period."""
    location, now = _site(request, pk), timezone.now()
    evses = chargers_of(request.fleet, location)
    dragged = DraggedForm(request.POST)
    if "start" in request.POST and dragged.is_valid():
        offered = {evse.pk for evse in evses}
        keys = [key for key in read_keys(request.POST.getlist("evse")) if key in offered]
        if keys:
            return _block(request, location, keys, dragged.period, now=now)
    day, begin, end = tonight(location.zone, now=now)
    form = BlockForm(
        typed(request),
        zone=location.zone,
        evses=evses,
        initial={"day": request.GET.get("day") or day, "begin": begin, "end": end},
    )
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        return _block(request, location, data["evse"], data["period"], now=now)
    context = {"form": form, "location": location, "now": now}
    return render(request, "batches/block.html", context)


def _block(
    request: FleetRequest,
    location: Location,
    evses: Sequence[int],
    period: Period,
    *,
    now: datetime,
) -> HttpResponse:
    rows = propose_block(request.fleet, location, evses=evses, period=period, now=now)
    day = day_text(period.start_at.astimezone(location.zone).date())
    name = _("%(site)s, %(day)s") % {"site": location.name, "day": day}
    return _draft(request, rows, source=Batch.Source.BLOCK, name=name)


@manager_required
@require_POST
def copy_day(request: FleetRequest, pk: int, which: str) -> HttpResponse:
    """Make a table for a day of a site of what there was the day before, or a week before."""
    location, now = _site(request, pk), timezone.now()
    day = read_day(request.POST, zone=location.zone, now=now).day
    bookings = bookings_of_day(request.fleet, location, day - COPIES[which] * ONE_DAY)
    if not bookings:
        messages.info(request, _("Your fleet had no bookings there on that day."))
        return redirect(f"{reverse('sites:day', args=[pk])}?day={day.isoformat()}")
    name = _("%(site)s, %(day)s") % {"site": location.name, "day": day_text(day)}
    rows = rows_like(bookings, days=COPIES[which])
    return _draft(request, rows, source=Batch.Source.COPY, name=name)


@manager_required
@require_POST
def another_like(request: FleetRequest, pk: int) -> HttpResponse:
    """Make a table with another booking like one that there is, a day later."""
    booking = booking_or_404(request, pk)
    rows = rows_like([booking], days=next_time(booking, now=timezone.now()))
    name = _("Like booking %(number)d") % {"number": pk}
    return _draft(request, rows, source=Batch.Source.COPY, name=name)


def _draft(
    request: FleetRequest, rows: Sequence[RowWish], *, source: Batch.Source, name: str
) -> HttpResponse:
    try:
        batch = create_draft(
            fleet=request.fleet,
            user=request.user,  # type: ignore[arg-type]
            source=source,
            rows=rows,
            name=name,
        )
    except BatchRefused as refusal:
        messages.error(request, refusal.message)
        return redirect("batches:list")
    return redirect("batches:table", pk=batch.pk)


def _site(request: FleetRequest, pk: int) -> Location:
    visible = visible_locations(partner_ids=private_partner_ids(request.fleet))
    return get_object_or_404(visible, pk=pk)
