"""Who charges where and when: as a booking is, as it was, or as it was asked to be.

A new fact of bookings is declared in `FACTS`, as a field of the models and in the forms.
"""

from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Model, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from bookings.models import Booking, BookingEvent, BookingRequest
from drivers.models import Driver
from shell.formats import in_zone
from sites.models import Evse, Location
from sites.selectors import Criteria
from vehicles.models import Vehicle

Kind = BookingRequest.Kind
UNKNOWN = _("unknown")


@dataclass(frozen=True, slots=True)
class BookingFact:
    """A fact of a booking, by the name that it has in models and in `BookingEvent.changes`.

    `write` puts it into words. History keeps a row by its id, to be found among `rows`; what it
    keeps of anything else is read by `parse`. With `previous` a change of it can be asked for: the
    request keeps under that name what it was. The operator knows nothing of what is `ours` alone,
    so that no request keeps it. `nothing` is said where there is none.
    """

    name: str
    label: str | Promise
    write: Callable[[Any, ZoneInfo], str]
    parse: Callable[[str], Any] = str
    rows: Callable[[], QuerySet[Any]] | None = None
    previous: str = ""
    ours: bool = False
    nothing: str | Promise = UNKNOWN


def _status_label(value: str, _zone: ZoneInfo) -> str:
    return str(Booking.Status(value).label) if value in Booking.Status.values else value


def _name(row: Location | Evse | Vehicle, _zone: ZoneInfo) -> str:
    return row.name


def _display_name(row: Driver, _zone: ZoneInfo) -> str:
    return row.display_name


# In the order in which pages name them.
FACTS = (
    BookingFact(
        "start_at", _("Start"), in_zone, datetime.fromisoformat, previous="previous_start_at"
    ),
    BookingFact("end_at", _("End"), in_zone, datetime.fromisoformat, previous="previous_end_at"),
    BookingFact("location", _("Site"), _name, rows=Location.objects.all),
    BookingFact(
        "evse", _("Charger"), _name, rows=lambda: Evse.objects.select_related("charge_point")
    ),
    BookingFact(
        "driver",
        _("Driver"),
        _display_name,
        rows=Driver.objects.all,
        previous="previous_driver",
    ),
    BookingFact(
        "vehicle",
        _("Vehicle"),
        _name,
        rows=Vehicle.objects.all,
        ours=True,
        nothing=_("no vehicle"),
    ),
)
# What a request to the operator is about.
ASKED_FACTS = tuple(fact for fact in FACTS if not fact.ours)
# What history tells with its old and its new value.
TOLD_FACTS = (BookingFact("status", _("Status"), _status_label), *FACTS)
FACT_NAMES = frozenset(fact.name for fact in ASKED_FACTS)
# Another charger may merely be the one that was assigned; another of these is another booking.
AGREED_FACTS = FACT_NAMES - {"evse"}
# Of these a change can be asked for.
CHANGEABLE_FACTS = tuple(fact for fact in FACTS if fact.previous)


@dataclass(frozen=True, slots=True)
class BookingVersion:
    """One version of a booking. Without `evse` it is any charger that meets the criteria."""

    driver: Driver
    location: Location
    evse: Evse | None
    start_at: datetime
    end_at: datetime
    criteria: Criteria = field(default_factory=Criteria)
    vehicle: Vehicle | None = None

    def differs(self, booking: Booking) -> bool:
        return any(getattr(self, name) != getattr(booking, name) for name in AGREED_FACTS)


def facts_of(row: Booking | BookingRequest | BookingVersion) -> dict[str, Any]:
    """Return what the operator is asked for, or has agreed to."""
    return {fact.name: getattr(row, fact.name) for fact in ASKED_FACTS}


def same_as(booking: Booking, version: BookingRequest | BookingVersion) -> bool:
    return all(
        getattr(booking, fact.name) == getattr(version, fact.name) for fact in CHANGEABLE_FACTS
    )


def facts_before(booking: Booking) -> dict[str, Any]:
    return {fact.previous: getattr(booking, fact.name) for fact in CHANGEABLE_FACTS}


def version_now(booking: Booking) -> BookingVersion:
    return BookingVersion(**_all_facts_of(booking))


def _all_facts_of(booking: Booking) -> dict[str, Any]:
    return {fact.name: getattr(booking, fact.name) for fact in FACTS}


def version_asked(request: BookingRequest) -> BookingVersion:
    """Return what was asked for; once it is booked, at the charger that the operator picked."""
    asked = facts_of(request)
    if request.kind != Kind.CREATE or request.status == BookingRequest.Status.APPROVED:
        asked["evse"] = request.evse or request.booking.evse
    return BookingVersion(**asked, criteria=request.criteria, vehicle=request.booking.vehicle)


def version_before(request: BookingRequest) -> BookingVersion | None:
    """Return what a booking was when a change of it was asked for; None if none was."""
    if request.kind != Kind.UPDATE:
        return None
    before = facts_of(request) | {"evse": request.evse or request.booking.evse}
    kept = {fact.name: getattr(request, fact.previous) for fact in CHANGEABLE_FACTS}
    known = {name: value for name, value in kept.items() if value is not None}
    return BookingVersion(**before | known, vehicle=request.booking.vehicle)


def versions_of_event(event: BookingEvent) -> tuple[BookingVersion, BookingVersion]:
    """Return what a booking was before something happened to it, and after.

    What the event does not tell is as it is now. Rows that are gone by now count as not told,
    except for a charger or a vehicle: that is then not known.
    """
    now = _all_facts_of(event.booking)
    rows = rows_told([event], booking=event.booking)
    before: dict[str, Any] = {"evse": now["evse"]}
    after: dict[str, Any] = {"evse": now["evse"]}
    for fact in FACTS:
        told_pair = event.changes.get(fact.name, ())
        for version, told in zip((before, after), told_pair, strict=False):
            value = rows.value(fact, told)
            if value is not None or fact.name in {"evse", "vehicle"}:
                version[fact.name] = value
    return BookingVersion(**now | after | before), BookingVersion(**now | after)


# Old and new values in history


def kept_of(booking: Booking, fact: BookingFact) -> Any:
    """Return how history keeps a fact as it is now; reads no row for it."""
    return as_json(getattr(booking, f"{fact.name}_id" if fact.rows else fact.name))


def as_json(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return value.pk if isinstance(value, Model) else value


def tells_all_of(event: BookingEvent, change: BookingRequest) -> bool:
    """Return whether what happened is all that a change had asked for."""
    return all(
        _became(fact, event, getattr(change, fact.name))
        for fact in CHANGEABLE_FACTS
        if getattr(change, fact.previous) != getattr(change, fact.name)
    )


def _became(fact: BookingFact, event: BookingEvent, value: Any) -> bool:
    told = event.changes.get(fact.name, [None, None])[1]
    if told is None or fact.rows:
        return bool(told == as_json(value))
    return bool(fact.parse(told) == value)


@dataclass(frozen=True, slots=True)
class RowsTold:
    """The drivers, sites, chargers and managers that history mentions, by fact and id."""

    found: dict[str, dict[int, Any]]

    def value(self, fact: BookingFact, told: Any) -> Any:
        """Return what history tells of a fact; None if it is not known, or a row that is gone."""
        if told is None:
            return None
        return self.found[fact.name].get(told) if fact.rows else fact.parse(told)

    def text(self, fact: BookingFact, told: Any, zone: ZoneInfo) -> str:
        if told is None:
            return str(fact.nothing)
        value = self.value(fact, told)
        return f"#{told}" if value is None else fact.write(value, zone)

    def manager(self, pk: int | None) -> User | None:
        return self.found["created_by"].get(pk or 0)


def rows_told(events: Iterable[BookingEvent], *, booking: Booking) -> RowsTold:
    """Read what events mention, in one query a kind; the booking's own rows are known."""
    sources = {fact.name: fact.rows for fact in FACTS if fact.rows}
    sources["created_by"] = User.objects.all
    found: dict[str, dict[int, Any]] = {}
    for name, rows in sources.items():
        own = getattr(booking, name) if name != "created_by" else None
        found[name] = {own.pk: own} if own else {}
        told = {pk for event in events for pk in event.changes.get(name, ()) if pk is not None}
        if missing := told - found[name].keys():
            found[name] |= rows().in_bulk(list(missing))
    return RowsTold(found)


@dataclass(frozen=True, slots=True)
class Difference:
    """A fact with its old and its new value, as people read them."""

    label: str
    old: str
    new: str


def differences_asked(request: BookingRequest, *, zone: ZoneInfo) -> tuple[Difference, ...]:
    """Return what a change request asks for, with what the booking was when it was asked."""
    return tuple(
        Difference(str(fact.label), fact.write(old, zone), fact.write(new, zone))
        for fact in CHANGEABLE_FACTS
        for old, new in [(getattr(request, fact.previous), getattr(request, fact.name))]
        if old is not None and old != new
    )


def differences_told(
    event: BookingEvent, *, rows: RowsTold, zone: ZoneInfo, but: Container[str] = ()
) -> tuple[Difference, ...]:
    return tuple(
        Difference(
            str(fact.label), *(rows.text(fact, told, zone) for told in event.changes[fact.name])
        )
        for fact in TOLD_FACTS
        if fact.name in event.changes and fact.name not in but
    )
