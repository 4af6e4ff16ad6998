"""Which pages are measured, and of what."""

from datetime import timedelta
from functools import partial
from urllib.parse import urlencode

from django.test import Client
from django.urls import reverse
from django.utils import timezone

from bookings.models import Booking, BookingRequest
from bookings.selectors import Cursor
from sites.models import Evse, Location
from tools.benchmarks.sizes import Sizes
from tools.benchmarks.subjects.pages import Case, Pair, forget_slots, know_slots
from tools.benchmarks.world.data import People

SITES_MS, PICKER_MS, BOOKINGS_MS = 50, 60, 60


def pages_by_rows(
    people: People,
    *,
    many: Client,
    few: Client,
    large_site: Location,
    small_site: Location,
    long: BookingRequest,
    short: BookingRequest,
) -> list[Pair]:
    """Return the main pages, each with few rows and with many."""
    sites, bookings, drivers = (reverse(f"{app}:list") for app in ("sites", "bookings", "drivers"))
    drivers_of_both = f"{people.small_fleet.drivers.count()}, {people.fleet.drivers.count()}"
    # Undecided ones, since a list of these also lets the next poll ask for them.
    asked_for = f"{bookings}?status=requested"
    return [
        Pair(
            "list of sites", (many, f"{sites}?q={small_site.name}"), (many, sites), "1, 25 a page"
        ),
        Pair(
            "site with picker",
            (many, detail(small_site)),
            (many, detail(large_site)),
            "6, 40 EVSEs",
        ),
        Pair("list of bookings", (few, asked_for), (many, asked_for), "1, 25 a page"),
        Pair(
            "page of a booking",
            (few, reverse("bookings:detail", args=[short.booking_id])),
            (many, reverse("bookings:detail", args=[long.booking_id])),
            "2, 62 lines of history",
        ),
        Pair(
            "form of a new booking",
            (few, new_booking(small_site)),
            (many, new_booking(small_site)),
            f"{drivers_of_both} drivers",
        ),
        Pair(
            "list of drivers",
            (few, drivers),
            (many, drivers),
            f"{drivers_of_both} drivers, 50 a page",
        ),
    ]


def pages_by_time(*, large_site: Location, sizes: Sizes) -> list[Case]:
    """Return the pages that have a budget of time, with their searches and filters."""
    sites, bookings = reverse("sites:list"), reverse("bookings:list")
    rows = f"{sizes.bookings:,} bookings"
    known, unknown = partial(know_slots, large_site), partial(forget_slots, large_site)
    page = detail(large_site)
    evse = Evse.objects.filter(charge_point__location=large_site).earliest("pk")
    middle = Booking.objects.get(reference=f"Job-{sizes.bookings // 2}")
    of_sites = [
        (f"list of {sizes.locations:,} sites", ""),
        ("the same, last page", "page=999"),
        ("the same, one word searched", "q=Town"),
        ("the same, connector, current and power", "connector=ccs2&current=dc&min_power=100"),
    ]
    of_slots = [
        ("site with 40 EVSEs and picker, availability in cache", "", known),
        ("the same, every start of one charger", f"evse={evse.pk}&minutes=15", known),
        ("the same, any suitable charger", "any=1&minutes=15", known),
        ("the same, overnight", "minutes=720&from=18:00", known),
        ("the same, and a call to the operator", "", unknown),
    ]
    picker = f"{page}availability/"
    return [
        *(Case(what, f"{sites}?{query}", SITES_MS) for what, query in of_sites),
        Case("the first page, which a colleague has just seen", sites, SITES_MS, shared=True),
        *(Case(what, f"{page}?{query}", PICKER_MS, before) for what, query, before in of_slots),
        Case("the picker alone, as htmx asks for it", picker, PICKER_MS, known),
        Case("the site, which a colleague has just seen", page, PICKER_MS, known, shared=True),
        Case("the picker alone, after a colleague", picker, PICKER_MS, known, shared=True),
        Case("its day, charger by charger", f"{page}day/", PICKER_MS, known),
        Case("the first screen", reverse("home"), BOOKINGS_MS),
        Case("calendar of a week", reverse("bookings:fleet_calendar"), BOOKINGS_MS),
        *(
            Case(f"{rows}: {what}", f"{bookings}?{urlencode(query)}", BOOKINGS_MS)
            for what, query in bookings_queries(middle).items()
        ),
    ]


def bookings_queries(middle: Booking) -> dict[str, dict[str, str]]:
    """Return query strings of the list of bookings: views, searches, filters, far pages."""
    today = timezone.now().date()
    site = Location.objects.order_by("-pk")[0].name
    driver = middle.driver.display_name
    return {
        "upcoming": {"view": "upcoming"},
        "needing attention": {"view": "attention"},
        "past": {"view": "past"},
        "all": {"view": "all"},
        "all, a page in the middle": {
            "view": "all",
            "at": str(Cursor(middle.start_at, middle.pk, backwards=False)),
        },
        "one reference": {"view": "all", "q": middle.reference},
        "many references": {"view": "past", "q": "Job-1"},
        "search by a site's name": {"view": "all", "q": site},
        "search by a driver's name": {"view": "past", "q": driver},
        "search that names every site": {"view": "past", "q": "Site"},
        "search without a match": {"view": "all", "q": "zebra"},
        "filter by site": {"view": "past", "site": site},
        "filter by many sites": {"view": "past", "site": "Town 1"},
        "filter by driver": {"view": "past", "driver": driver},
        "filter by site and driver": {"view": "past", "site": site, "driver": driver},
        "filter by a frequent status": {"view": "past", "status": "completed"},
        "filter by a rare status": {"view": "past", "status": "rejected"},
        "filter by a status that none has": {"view": "all", "status": "no-show"},
        "filter by site and rare status": {"view": "all", "site": site, "status": "rejected"},
        "filter by days long ago": {
            "view": "past",
            "since": str(middle.start_at.date()),
            "until": str(middle.start_at.date() + timedelta(days=1)),
        },
        "search and filter at once": {
            "view": "past",
            "q": "Job-1",
            "driver": driver,
            "status": "cancelled",
            "until": str(today - timedelta(days=30)),
        },
    }


def detail(site: Location) -> str:
    return reverse("sites:detail", args=[site.pk])


def new_booking(site: Location) -> str:
    evse = Evse.objects.filter(charge_point__location=site).earliest("pk")
    start = timezone.now().replace(minute=0, second=0, microsecond=0) + timedelta(days=4)
    slot = {"site": site.pk, "evse": evse.pk, "start": start.isoformat(), "minutes": 60}
    return f"{reverse('bookings:new')}?{urlencode(slot)}"
