"""What a fleet may read of its bookings. Every read starts at the fleet."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, TypedDict

from django.db.models import BigIntegerField, Case, F, Q, QuerySet, Value, When
from django.utils import timezone

from bookings.first_keys import first_by_name, first_by_reference
from bookings.models import Booking, BookingRequest
from bookings.models.booking import reference_key
from bookings.wording.attention import reasons_of
from drivers.models import Driver, Fleet
from mirror.search import with_words
from mirror.written_once import Keys, written_once
from sites.models import Location
from vehicles.models import Vehicle

View = Literal["upcoming", "attention", "past", "all"]
VIEWS: tuple[View, ...] = ("upcoming", "attention", "past", "all")
# No booking is longer, not even one made elsewhere, which keeps to no setting of ours: so far back
# one that still runs can have begun.
LONGEST_BOOKING = timedelta(days=7)
# What of a charger or a charge point tells that it does not work, and since when.
SEEN_OF_TROUBLE = ("status", "hardware_status", "retired_at", "ampeco_updated_at", "synced_at")
PAGE_SIZE = 25
BATCH_SIZE = 500
MOST_NAMES = 500
MOST_OF_A_VEHICLE = 10
MOST_RECENT = 20
# What needs attention is counted so far; a page says “99+” then.
MOST_COUNTED = 100


class BookingFilter(TypedDict, total=False):
    """What a list of bookings is narrowed to; names as in the list's query string."""

    q: str
    site: str
    driver: str
    vehicle: str
    driver_pk: int
    status: str
    since: datetime | None
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in a list: between two bookings, by start and id."""

    start_at: datetime
    pk: int
    backwards: bool

    def __str__(self) -> str:
        direction = "b" if self.backwards else "a"
        return f"{direction}{int(self.start_at.timestamp())}-{self.pk}"

    @classmethod
    def parse(cls, text: str) -> "Cursor | None":
        """Read a cursor from a query string; None for one that is none."""
        seconds, _, pk = text[1:].partition("-")
        if text[:1] not in {"a", "b"} or not (seconds.isdecimal() and pk.isdecimal()):
            return None
        if len(seconds) > 11 or len(pk) > 18:
            return None
        return cls(datetime.fromtimestamp(int(seconds), UTC), int(pk), text[0] == "b")


@dataclass(frozen=True, slots=True)
class BookingPage:
    """Some bookings, and where the list goes on in both directions."""

    bookings: list[Booking]
    previous: Cursor | None
    next: Cursor | None
    reasons: dict[int, str] = field(default_factory=dict)

    @property
    def rows(self) -> list[tuple[Booking, str]]:
        return [(booking, self.reasons.get(booking.pk, "")) for booking in self.bookings]

    @property
    def has_cancellable(self) -> bool:
        """Whether any of these may be cancelled, now or once a change of it is decided."""
        now = timezone.now()
        return any(
            booking.can_cancel(now) or (booking.open_change and booking.start_at > now)
            for booking in self.bookings
        )

    @property
    def names_reader_time(self) -> bool:
        """Whether the order is told by clocks that all rows share, since those of sites differ."""
        return several_zones(self.bookings)

    @property
    def has_unsettled(self) -> bool:
        return any(booking.is_undecided for booking in self.bookings)


def view_named(name: str) -> View:
    """Return the view of the list that a query string names, or the one shown first."""
    return next((view for view in VIEWS if view == name), "upcoming")


def bookings_of(fleet: Fleet) -> QuerySet[Booking]:
    return Booking.objects.filter(fleet=fleet).select_related(
        "driver", "location", "evse__charge_point", "charging_session", "vehicle"
    )


def bookings_on_boards(fleet: Fleet) -> QuerySet[Booking]:
    """Return a fleet's bookings with what boards show of them.

    What else is asked of one of them costs a query.
    """
    return _with_only(
        fleet,
        *("fleet", "vehicle", "start_at", "end_at", "status", "open_change", "reference"),
        *("needs_attention", "created_at", "refresh_at"),
        driver=("email", "first_name", "last_name"),
        location=("name", "timezone", "retired_at"),
        evse=(
            *("ampeco_id", "label", "physical_reference", "current_type", "max_power_kw"),
            *("charge_point", *SEEN_OF_TROUBLE),
        ),
        evse__charge_point=("location", "network_status", *SEEN_OF_TROUBLE),
        charging_session=("status", "started_at", "stopped_at", "energy_kwh"),
    )


def read_on_boards(fleet: Fleet, keys: Collection[int]) -> dict[int, Booking]:
    """Return some of them, by key."""
    return {booking.pk: booking for booking in _on_boards(fleet=fleet.pk, keys=keys)}


@written_once(fleet=BigIntegerField(), keys=Keys())
def _on_boards(fleet: Any, keys: Any) -> QuerySet[Booking]:
    return bookings_on_boards(fleet).filter(pk__among=keys)


def narrowed_bookings(fleet: Fleet, narrowed: BookingFilter) -> QuerySet[Booking]:
    """Return a fleet's bookings that a filter leaves, without what a page shows of them."""
    condition = _of_time(narrowed) & _of_kind(fleet, narrowed)
    if text := narrowed.get("q"):
        condition &= _mentions(reference_key(text), _names(fleet, text))
    return Booking.objects.filter(condition, fleet=fleet)


def bookings_of_vehicle(vehicle: Vehicle, *, now: datetime) -> tuple[list[Booking], list[Booking]]:
    """Return a vehicle's next bookings, soonest first, and the last ones, latest first."""
    bookings = bookings_of(vehicle.fleet).filter(vehicle=vehicle)
    coming = bookings.filter(end_at__gt=now, status__in=Booking.COMING)
    past = bookings.exclude(end_at__gt=now, status__in=Booking.COMING)
    return (
        list(coming.order_by("start_at", "pk")[:MOST_OF_A_VEHICLE]),
        list(past.order_by("-start_at", "-pk")[:MOST_OF_A_VEHICLE]),
    )


def recent_vehicles(fleet: Fleet, *, driver: int | None) -> list[int]:
    """Return the keys of the vehicles that a driver was booked with last, the latest first."""
    if driver is None:
        return []
    booked = Booking.objects.filter(fleet=fleet, driver=driver, vehicle__isnull=False)
    latest = booked.order_by("-start_at").values_list("vehicle_id", flat=True)[:MOST_RECENT]
    return list(dict.fromkeys(pk for pk in latest if pk is not None))


def several_zones(bookings: Iterable[Booking]) -> bool:
    return len({booking.zone.key for booking in bookings}) > 1


def booking_of(fleet: Fleet, pk: int) -> Booking:
    """Return one of a fleet's bookings. Raises Booking.DoesNotExist for any other."""
    return bookings_of(fleet).select_related("created_by").get(pk=pk)


def bookings_named(fleet: Fleet, keys: Iterable[int]) -> list[Booking]:
    """Return those of a fleet's bookings that the keys name, by start; others are left out."""
    return list(bookings_of(fleet).filter(pk__in=list(keys)).order_by("start_at", "pk"))


def latest_request(booking: Booking) -> BookingRequest | None:
    """Return the newest request of a booking; none for one that was made elsewhere."""
    return (
        booking.requests.select_related("driver", "location", "evse", "created_by")
        .order_by("-created_at", "-pk")
        .first()
    )


def count_needing_attention(fleet: Fleet) -> int:
    marked = Booking.objects.filter(fleet=fleet, needs_attention=True)
    return len(marked.values_list("pk")[:MOST_COUNTED])


def list_bookings(
    fleet: Fleet,
    *,
    view: View,
    narrowed: BookingFilter,
    cursor: Cursor | None = None,
    now: datetime | None = None,
) -> BookingPage:
    """Return a page of a fleet's bookings; a page costs the same wherever in the list it lies.

    Upcoming bookings begin with the next start, the others with the latest one; of those that need
    attention what is still to come stands before what has been.
    """
    now = now or timezone.now()
    backwards = cursor is not None and cursor.backwards
    # Which rows first, what they show afterwards: so the joins touch the rows of one page only.
    keys = _rows_of(fleet, view=view, narrowed=narrowed, now=now).first_keys(
        PAGE_SIZE + 1, cursor=cursor
    )
    told = _told(fleet=fleet.pk, keys=[pk for _start_at, pk in keys])
    found = {booking.pk: booking for booking in told}
    rows = [found[pk] for _start_at, pk in keys if pk in found]
    more = len(rows) > PAGE_SIZE
    rows = rows[:PAGE_SIZE]
    if backwards:
        rows.reverse()
    has_previous = more if backwards else cursor is not None
    has_next = True if backwards else more
    return BookingPage(
        bookings=rows,
        reasons=reasons_of(rows),
        previous=_cursor(rows[0], backwards=True) if rows and has_previous else None,
        next=_cursor(rows[-1], backwards=False) if rows and has_next else None,
    )


def each_booking(
    fleet: Fleet, *, view: View, narrowed: BookingFilter, now: datetime | None = None
) -> Iterator[list[Booking]]:
    """Yield all of a list in its order, BATCH_SIZE bookings at a time, however many there are.

    They come with what bookings.pages.export_lines tells of them; more is a query each time.
    Each batch costs two queries that begin where the last one ended, so that neither memory nor the
    cost of a batch grows with the list. What changes meanwhile is read as it is by then: a booking
    that moves to another time may come twice or not at all.
    """
    now = now or timezone.now()
    of_list = _rows_of(fleet, view=view, narrowed=narrowed, now=now)
    cursor: Cursor | None = None
    while keys := of_list.first_keys(BATCH_SIZE, cursor=cursor):
        rows = _told_in_files(fleet).in_bulk([pk for _start_at, pk in keys])
        yield [rows[pk] for _start_at, pk in keys if pk in rows]
        if len(keys) < BATCH_SIZE:
            return
        cursor = Cursor(*keys[-1], backwards=False)


def holding_a_place(bookings: QuerySet[Booking], *, now: Any, earliest: Any) -> QuerySet[Booking]:
    """Return the bookings that are to come or on but for those that charge.

    An index has these, and another one those, beside millions that have been; none has both.
    `earliest` is `now` less LONGEST_BOOKING.
    """
    return bookings.filter(status__in=Booking.HOLDS_A_PLACE, start_at__gte=earliest, end_at__gt=now)


def charging(bookings: QuerySet[Booking], *, now: Any) -> QuerySet[Booking]:
    """Return the bookings that are on and charge, which are few, in no order.

    Sort them when they have been read: PostgreSQL, to bring them in the order of their start, would
    go through all of the past.
    """
    return bookings.filter(status=Booking.Status.COMPLETED, end_at__gt=now).order_by()


@dataclass(frozen=True, slots=True)
class _Rows:
    """The rows of a list: of its view and time, what else narrows them, what a text names.

    `coming` are the parts of those that are to come or on, where the list is of nothing else.
    """

    view: View
    now: datetime
    of_time: QuerySet[Booking]
    coming: tuple[QuerySet[Booking], QuerySet[Booking]] | None
    of_kind: Q
    text: str
    named: dict[str, list[int]]

    def first_keys(self, count: int, *, cursor: Cursor | None) -> list[tuple[datetime, int]]:
        """Return start and key of the first rows, or of those beside a place of the list."""
        backwards = cursor is not None and cursor.backwards
        latest_first = (self.view == "upcoming") == backwards
        if self.coming and not self.text:
            return self._first_coming(self.coming, count, cursor, latest_first=latest_first)
        of_time = self.of_time
        if cursor:
            of_time = _beyond(of_time, cursor, self.view, self.now)
        rows = of_time.filter(self.of_kind)
        in_order = _in_order(rows, self.view, self.now)
        if backwards:
            in_order = in_order.reverse()
        key = reference_key(self.text)
        if not self.text or self.view == "attention":
            # Few need attention, whatever they are searched for.
            mentioning = _mentions(key, self.named) if self.text else Q()
            return list(in_order.filter(mentioning).values_list("start_at", "pk")[:count])
        # What a reference matches and what a name does, each through an index of its own.
        keys = first_by_reference(rows, key, among=of_time, latest_first=latest_first, count=count)
        for name, named in self.named.items():
            keys += first_by_name(rows, name, named, latest_first=latest_first, count=count)
        return sorted(set(keys), reverse=latest_first)[:count]

    def _first_coming(
        self,
        parts: tuple[QuerySet[Booking], QuerySet[Booking]],
        count: int,
        cursor: Cursor | None,
        *,
        latest_first: bool,
    ) -> list[tuple[datetime, int]]:
        held, begun = (
            (_beyond(part, cursor, self.view, self.now) if cursor else part)
            .filter(self.of_kind)
            .values_list("start_at", "pk")
            for part in parts
        )
        in_order = held.order_by(*("-start_at", "-pk") if latest_first else ("start_at", "pk"))
        keys = [*in_order[:count], *begun]
        return sorted(set(keys), reverse=latest_first)[:count]


def _rows_of(fleet: Fleet, *, view: View, narrowed: BookingFilter, now: datetime) -> _Rows:
    text = narrowed.get("q", "")
    bookings = Booking.objects.filter(_of_time(narrowed), fleet=fleet)
    coming = None
    if view == "upcoming" and not narrowed.get("status"):
        held = holding_a_place(bookings, now=now, earliest=now - LONGEST_BOOKING)
        coming = held, charging(bookings, now=now)
    return _Rows(
        view=view,
        now=now,
        of_time=_of_view(bookings, view, narrowed, now),
        coming=coming,
        of_kind=_of_kind(fleet, narrowed),
        text=text,
        named=_names(fleet, text) if text else {},
    )


@written_once(fleet=BigIntegerField(), keys=Keys())
def _told(fleet: Any, keys: Any) -> QuerySet[Booking]:
    return told_in_lists(fleet).filter(pk__among=keys)


def told_in_lists(fleet: Fleet) -> QuerySet[Booking]:
    """Return a fleet's bookings with what lists tell of them, and what it takes to see trouble."""
    return _with_only(
        fleet,
        *("status", "open_change", "start_at", "end_at", "reference", "made_elsewhere"),
        *("needs_attention", "ampeco_booking_id", "refresh_at"),
        driver=("email", "first_name", "last_name"),
        location=("name", "timezone", "retired_at"),
        evse=("ampeco_id", "label", "physical_reference", *SEEN_OF_TROUBLE),
        evse__charge_point=("location", "network_status", *SEEN_OF_TROUBLE),
        charging_session=("status", "stopped_at", "energy_kwh"),
        vehicle=("number", "plate"),
    )


def _told_in_files(fleet: Fleet) -> QuerySet[Booking]:
    """Return a fleet's bookings with what files tell of them."""
    related = {
        "driver": ("email", "first_name", "last_name"),
        "location": (
            "name",
            "address",
            "street_address",
            "post_code",
            "city",
            "region",
            "timezone",
        ),
        "evse": ("ampeco_id", "label", "physical_reference"),
        "vehicle": ("number", "plate"),
        "created_by": ("name", "email"),
        "charging_session": ("energy_kwh", "amount", "currency"),
    }
    return _with_only(
        fleet,
        *("status", "start_at", "end_at", "reference", "created_at", "made_elsewhere"),
        "ampeco_booking_id",
        **related,
    )


def _with_only(fleet: Fleet, *own: str, **related: tuple[str, ...]) -> QuerySet[Booking]:
    """Return a fleet's bookings without the long texts of sites and such: nearly twice as fast."""
    fields = (f"{name}__{field}" for name, some in related.items() for field in some)
    return Booking.objects.filter(fleet=fleet).select_related(*related).only(*own, *fields)


def _cursor(booking: Booking, *, backwards: bool) -> Cursor:
    return Cursor(booking.start_at, booking.pk, backwards)


def needing_attention(bookings: QuerySet[Booking], *, now: datetime) -> QuerySet[Booking]:
    """Return those that need attention: still to come, soonest first; then past, latest first."""
    return _in_order(bookings.filter(needs_attention=True), "attention", now)


def _in_order(bookings: QuerySet[Booking], view: View, now: datetime) -> QuerySet[Booking]:
    if view == "upcoming":
        return bookings.order_by("start_at", "pk")
    if view != "attention":
        return bookings.order_by("-start_at", "-pk")
    is_ahead = Q(start_at__gte=now)
    return bookings.order_by(
        Case(When(is_ahead, then=Value(0)), default=Value(1)),
        # Empty, and so the same, for all that have been.
        Case(When(is_ahead, then=F("start_at"))),
        Case(When(is_ahead, then=F("pk"))),
        "-start_at",
        "-pk",
    )


def _beyond(
    bookings: QuerySet[Booking], cursor: Cursor, view: View, now: datetime
) -> QuerySet[Booking]:
    """Return what comes after a place of a list, or before it, as the cursor goes."""
    onwards = not cursor.backwards
    if view != "attention":
        return bookings.filter(_later(cursor, later=onwards == (view == "upcoming")))
    is_ahead = cursor.start_at >= now
    same_part = Q(start_at__gte=now) if is_ahead else Q(start_at__lt=now)
    beyond = same_part & _later(cursor, later=onwards == is_ahead)
    if onwards == is_ahead:
        # The other part lies beyond as a whole.
        beyond |= ~same_part
    return bookings.filter(beyond)


def _later(cursor: Cursor, *, later: bool) -> Q:
    # The plain comparison beside the exact one lets the database start at the right place.
    if later:
        return Q(start_at__gte=cursor.start_at) & (
            Q(start_at__gt=cursor.start_at) | Q(pk__gt=cursor.pk)
        )
    return Q(start_at__lte=cursor.start_at) & (
        Q(start_at__lt=cursor.start_at) | Q(pk__lt=cursor.pk)
    )


def _of_view(
    bookings: QuerySet[Booking], view: View, narrowed: BookingFilter, now: datetime
) -> QuerySet[Booking]:
    if view == "attention":
        return bookings.filter(needs_attention=True)
    if view == "past":
        return bookings.filter(end_at__lte=now, start_at__lt=now)
    if view == "upcoming":
        bookings = bookings.filter(end_at__gt=now, start_at__gte=now - LONGEST_BOOKING)
        if not narrowed.get("status"):
            bookings = bookings.filter(status__in=Booking.COMING)
    return bookings


def _of_time(narrowed: BookingFilter) -> Q:
    condition = Q()
    if since := narrowed.get("since"):
        condition &= Q(start_at__gte=since)
    if until := narrowed.get("until"):
        condition &= Q(start_at__lt=until)
    return condition


def _of_kind(fleet: Fleet, narrowed: BookingFilter) -> Q:
    condition = Q()
    beside_text = bool(narrowed.get("q"))
    if narrowed.get("status"):
        condition &= Q(status=narrowed["status"])
    if narrowed.get("site"):
        sites = _locations_named(narrowed["site"])
        condition &= Q(location__in=_keys(sites, beside_text=beside_text))
    if narrowed.get("driver"):
        drivers = _drivers_named(fleet, narrowed["driver"])
        condition &= Q(driver__in=_keys(drivers, beside_text=beside_text))
    if narrowed.get("vehicle"):
        vehicles = _vehicles_named(fleet, narrowed["vehicle"])
        condition &= Q(vehicle__in=_keys(vehicles, beside_text=beside_text))
    if "driver_pk" in narrowed:
        condition &= Q(driver=narrowed["driver_pk"])
    return condition


def _keys(
    named: "QuerySet[Location] | QuerySet[Driver] | QuerySet[Vehicle]", *, beside_text: bool
) -> list[int] | QuerySet[Any, Any]:
    """Return the keys of what a filter names: beside a text as they are, if they are few.

    The database then chooses between an index of these and one of the text by how many there are.
    """
    keys = list(named.values_list("pk", flat=True)[: MOST_NAMES + 1]) if beside_text else []
    return keys if beside_text and len(keys) <= MOST_NAMES else named.values("pk")


def _names(fleet: Fleet, text: str) -> dict[str, list[int]]:
    """Return the keys of the sites, drivers and vehicles that a text names, where there are any."""
    named = {
        "location": _locations_named(text),
        "driver": _drivers_named(fleet, text),
        "vehicle": _vehicles_named(fleet, text),
    }
    found = {
        name: list(rows.values_list("pk", flat=True)[:MOST_NAMES]) for name, rows in named.items()
    }
    return {name: keys for name, keys in found.items() if keys}


def _mentions(key: str, named: dict[str, list[int]]) -> Q:
    """Return the condition that reference, site, driver or vehicle match a text."""
    condition = Q(reference_key__startswith=key)
    for name, keys in named.items():
        condition |= Q(**{f"{name}__in": keys})
    return condition


def _locations_named(text: str) -> QuerySet[Location]:
    return with_words(Location.objects.all(), text)


def _vehicles_named(fleet: Fleet, text: str) -> QuerySet[Vehicle]:
    return with_words(Vehicle.objects.filter(fleet=fleet), text)


def _drivers_named(fleet: Fleet, text: str) -> QuerySet[Driver]:
    return with_words(Driver.objects.filter(fleet_drivers__fleet=fleet), text)
