"""What lists and sums of sessions are narrowed to."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from django.db.models import Q, QuerySet

from charging.models import Session
from drivers.models import Driver, Fleet
from mirror.search import with_words
from sites.models import Location
from vehicles.models import Vehicle

# A day at a site begins so long before that day in UTC, and ends so long after it, at most.
EARLIER, LATER = timedelta(hours=14), timedelta(hours=12)
# The key that stands for “none named”.
NONE = 0


class Paid(StrEnum):
    """Whether a session is paid; only a finalized transaction says so."""

    YES = "yes"
    NO = "no"
    FREE = "free"
    REFUNDED = "refunded"


PAYMENTS = {
    Paid.YES: [Session.Payment.PAID],
    Paid.NO: [
        Session.Payment.OPEN,
        Session.Payment.PENDING,
        Session.Payment.PARTLY,
        Session.Payment.FAILED,
    ],
    Paid.FREE: [Session.Payment.FREE],
    Paid.REFUNDED: [Session.Payment.REFUNDED],
}


@dataclass(frozen=True, slots=True)
class SessionFilter:
    """What sessions are wanted; without anything all of a fleet.

    Days are those of each site's clock, the last one included. The texts are words that a driver,
    vehicle or site is found by, `q` is what a reference begins with; keys name one of these, or
    with NONE that there is none.
    """

    since: date | None = None
    until: date | None = None
    q: str = ""
    driver: str = ""
    vehicle: str = ""
    site: str = ""
    driver_key: int | None = None
    vehicle_key: int | None = None
    site_key: int | None = None
    cost_centre: int | None = None
    paid: Paid | None = None
    booked: bool | None = None

    @property
    def is_of_time_alone(self) -> bool:
        """Whether nothing but the period narrows it."""
        return replace(self, since=None, until=None) == SessionFilter()

    @property
    def days(self) -> int | None:
        """How many days it covers; None where it is open at an end."""
        if self.since is None or self.until is None:
            return None
        return (self.until - self.since).days + 1


def sessions_of(fleet: Fleet) -> QuerySet[Session]:
    """Return a fleet's sessions with what pages show of each."""
    return Session.objects.filter(fleet=fleet).select_related(
        "driver", "vehicle", "location", "evse__charge_point", "cost_centre"
    )


def session_of(fleet: Fleet, pk: int) -> Session:
    """Return one of a fleet's sessions. Raises Session.DoesNotExist for any other."""
    return sessions_of(fleet).select_related("booking").get(pk=pk)


def sessions_named(fleet: Fleet, keys: list[int]) -> list[Session]:
    """Return those of a fleet's sessions that the keys name, the latest first."""
    return list(sessions_of(fleet).filter(pk__in=keys).order_by("-started_at", "-pk"))


def narrowed_sessions(fleet: Fleet, narrowed: SessionFilter) -> QuerySet[Session]:
    """Return a fleet's sessions that a filter leaves, without what a page shows of them."""
    return Session.objects.filter(_of_time(narrowed), _of_kind(fleet, narrowed), fleet=fleet)


def _of_time(narrowed: SessionFilter) -> Q:
    """Return the condition on days; that on instants beside it can be looked up in the index."""
    condition = Q()
    if narrowed.since:
        begins = datetime.combine(narrowed.since, time(), UTC) - EARLIER
        condition &= Q(started_at__gte=begins, local_day__gte=narrowed.since)
    if narrowed.until:
        ends = datetime.combine(narrowed.until + timedelta(days=1), time(), UTC) + LATER
        condition &= Q(started_at__lt=ends, local_day__lte=narrowed.until)
    return condition


def _of_kind(fleet: Fleet, narrowed: SessionFilter) -> Q:
    condition = Q()
    if narrowed.q:
        condition &= Q(reference__istartswith=narrowed.q)
    if narrowed.driver:
        named = with_words(Driver.objects.filter(fleet_drivers__fleet=fleet), narrowed.driver)
        condition &= Q(driver__in=named.values("pk"))
    if narrowed.vehicle:
        vehicles = with_words(Vehicle.objects.filter(fleet=fleet), narrowed.vehicle)
        condition &= Q(vehicle__in=vehicles.values("pk"))
    if narrowed.site:
        places = with_words(Location.objects.all(), narrowed.site)
        condition &= Q(location__in=places.values("pk"))
    for name, key in (
        ("driver", narrowed.driver_key),
        ("vehicle", narrowed.vehicle_key),
        ("location", narrowed.site_key),
        ("cost_centre", narrowed.cost_centre),
    ):
        if key is not None:
            condition &= Q(**{name: key or None})
    if narrowed.paid is not None:
        condition &= Q(payment__in=PAYMENTS[narrowed.paid])
    if narrowed.booked is not None:
        condition &= Q(booking__isnull=not narrowed.booked)
    return condition
