"""What it costs to look for what has become free while 1,000 things are waited for."""

from datetime import timedelta
from itertools import islice
from time import perf_counter

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from bookings.models import Booking
from sites.models import Evse, Location
from tools.benchmarks.report import Figure, count_figure, say
from tools.benchmarks.world.data import People, enabled_drivers, evses_elsewhere
from tools.benchmarks.world.desk import Desk
from waiting.looking import MOST_SITES, look_for_freed
from waiting.models import SiteWatch, Wish, WishPlace

WISHES = 1000
LENGTH = timedelta(hours=2)
# A few for each site, however many wait there.
MOST_QUERIES, MOST_SECONDS = MOST_SITES * 20, 10


def measure(people: People, *, site: Location, desk: Desk) -> list[Figure]:
    """Look for it once while nothing is free, and once when a slot is; all of it is left as it was.

    As many sites as are looked at in one go, each with what it takes of the wishes.
    """
    say(f"Looking for what {WISHES} wishes wait for …")
    places = _places(site)
    taken = _taken(people, places)
    _make_wishes(people, places, taken[0])
    nothing = _look(desk)
    # Somebody gives the first one up.
    Booking.objects.filter(pk=taken[0].pk).update(status=Booking.Status.CANCELLED)
    one = _look(desk)
    offered = Wish.objects.filter(state=Wish.State.OFFERED).count()
    Wish.objects.all().delete()
    SiteWatch.objects.all().delete()
    Booking.objects.filter(pk__in=[booking.pk for booking in taken]).delete()
    what = f"looking for what {WISHES} wait for at {MOST_SITES} sites"
    return [
        count_figure(f"{what}: calls", nothing[0], budget=MOST_SITES),
        count_figure(f"{what}: queries", nothing[1], budget=MOST_QUERIES),
        count_figure(f"{what}, and one is served: queries", one[1], budget=MOST_QUERIES + 20),
        Figure(f"{what}: offered when one is free", "1", f"{offered}", offered == 1),
        Figure(
            f"{what}: seconds",
            f"≤ {MOST_SECONDS}",
            f"{nothing[2]:.1f}",
            nothing[2] <= MOST_SECONDS,
        ),
    ]


def _places(site: Location) -> list[Evse]:
    """Return a charger at each of some sites."""
    by_site: dict[int, Evse] = {}
    for evse in evses_elsewhere(site):
        if evse.booking_enabled:
            by_site.setdefault(evse.charge_point.location_id, evse)
    return list(islice(by_site.values(), MOST_SITES))


def _taken(people: People, places: list[Evse]) -> list[Booking]:
    driver = enabled_drivers(people.fleet)[0]
    start_at = timezone.now().replace(minute=0, second=0, microsecond=0) + timedelta(hours=30)
    return Booking.objects.bulk_create(
        Booking(
            fleet=people.fleet,
            driver=driver,
            location=evse.charge_point.location,
            evse=evse,
            status=Booking.Status.ACCEPTED,
            start_at=start_at,
            end_at=start_at + LENGTH,
            created_by=people.manager,
        )
        for evse in places
    )


def _make_wishes(people: People, places: list[Evse], like: Booking) -> None:
    drivers = enabled_drivers(people.fleet)[1:]
    wishes = Wish.objects.bulk_create(
        Wish(
            fleet=people.fleet,
            driver=drivers[number % len(drivers)],
            location=places[number % len(places)].charge_point.location,
            evse=places[number % len(places)],
            window_start=like.start_at,
            window_end=like.end_at,
            minutes=round(LENGTH.total_seconds() / 60),
            created_by=people.manager,
        )
        for number in range(WISHES)
    )
    WishPlace.objects.bulk_create(
        WishPlace(wish=wish, location_id=wish.location_id) for wish in wishes
    )


def _look(desk: Desk) -> tuple[int, int, float]:
    """Look at all sites; return calls, queries and seconds."""
    now = timezone.now()
    SiteWatch.objects.all().delete()
    keys = WishPlace.objects.values_list("location", flat=True).distinct()
    SiteWatch.objects.bulk_create(SiteWatch(location_id=key, look_at=now) for key in keys)
    desk.take_calls()
    begun = perf_counter()
    with CaptureQueriesContext(connection) as captured:
        look_for_freed(now=now)
    return sum(desk.take_calls().values()), len(captured), perf_counter() - begun
