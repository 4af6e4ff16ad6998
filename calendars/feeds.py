"""Calendars at secret addresses: who makes and revokes them, and what they hold."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Exists, Model, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from bookings.models import Booking
from bookings.selectors import bookings_of
from calendars.entries import feed_calendar
from calendars.models import PURPOSE, CalendarFeed, kept, new_secret
from drivers.models import Driver, Fleet, FleetMembership
from drivers.permissions import private_partner_ids
from shell.sealing import unseal
from sites.models import Location
from sites.selectors import visible_locations

BACK = timedelta(days=60)
MOST_EVENTS = 2000
MOST_FEEDS = 100
READ_AGAIN = timedelta(minutes=1)

WHEN_WRITTEN = re.compile(rb"DTSTAMP:.*\r\n")
# New with each read of the mirror, although nothing has changed.
ALWAYS_NEW = frozenset({"id", "synced_at"})


class TooManyFeeds(Exception):
    """The fleet has MOST_FEEDS already."""


@dataclass(frozen=True, slots=True)
class FeedContent:
    """The bookings of a feed, and by what a reader knows whether it would say something else.

    There is no date of the last change: what leaves a feed, or has always been older than what is
    in it, would not be later than the date that a reader has.
    """

    bookings: list[Booking]
    etag: str


def feed_url(feed: CalendarFeed) -> str:
    """Return a feed's address; nothing where SECRET_KEY has changed and the old one is gone.

    The address works all the same.
    """
    secret = unseal(feed.sealed, purpose=PURPOSE) if feed.sealed else feed.secret
    return f"{settings.SITE_URL}{reverse('calendar-feed', args=[secret])}" if secret else ""


def feed_name(feed: CalendarFeed) -> str:
    part = feed.location or feed.driver
    return f"{feed.fleet.name}: {part}" if part else feed.fleet.name


def live_feeds() -> QuerySet[CalendarFeed]:
    """Return the feeds that are not revoked and whose makers still manage the fleet."""
    makers = FleetMembership.objects.filter(
        fleet=OuterRef("fleet"),
        user=OuterRef("created_by"),
        user__is_active=True,
        role=FleetMembership.Role.MANAGER,
    )
    return CalendarFeed.objects.filter(Exists(makers), revoked_at=None).select_related(
        "location", "driver", "created_by"
    )


def feeds_of(fleet: Fleet) -> QuerySet[CalendarFeed]:
    return live_feeds().filter(fleet=fleet)


def make_feed(
    *,
    fleet: Fleet,
    user: User,
    location: Location | None = None,
    driver: Driver | None = None,
) -> CalendarFeed:
    """Make a feed of all of a fleet's bookings, or of those at a site or of a driver.

    Raises TooManyFeeds where the fleet has MOST_FEEDS already.
    """
    if feeds_of(fleet).count() >= MOST_FEEDS:
        raise TooManyFeeds
    return CalendarFeed.objects.create(
        fleet=fleet, location=location, driver=driver, created_by=user, **kept(new_secret())
    )


def revoke_feed(*, fleet: Fleet, pk: int, now: datetime | None = None) -> bool:
    return bool(feeds_of(fleet).filter(pk=pk).update(revoked_at=now or timezone.now()))


def feed_of_secret(secret: str) -> CalendarFeed | None:
    """Return the feed at a secret address; None if it has ended, or is none of ours."""
    if "\0" in secret:
        return None
    known = Q(secret=kept(secret)["secret"]) | Q(secret=secret, sealed="")
    return live_feeds().filter(known, fleet__is_active=True).select_related("fleet").first()


def seal_addresses() -> int:
    """Seal the secrets that an earlier version wrote down as they are; return how many."""
    sealed = 0
    for feed in CalendarFeed.objects.filter(sealed="").iterator():
        same = CalendarFeed.objects.filter(pk=feed.pk, sealed="")
        sealed += same.update(**kept(feed.secret))
    return sealed


def note_read(feed: CalendarFeed, *, now: datetime | None = None) -> None:
    now = now or timezone.now()
    CalendarFeed.objects.filter(
        Q(last_read_at=None) | Q(last_read_at__lte=now - READ_AGAIN), pk=feed.pk
    ).update(last_read_at=now)


def content_of(feed: CalendarFeed, *, now: datetime | None = None) -> FeedContent:
    """Return what a feed holds: from 60 days back to all that is ahead, 2,000 bookings at most.

    Where there are more, the ones ahead go before those that are over, and the nearer ones before
    the farther ones. Cancelled ones stay in, so that calendars can mark them.
    """
    now = now or timezone.now()
    # What was never more than asked for, and was refused, is in nobody's calendar.
    scope = bookings_of(feed.fleet).exclude(status__in=Booking.NEVER_BOOKED)
    if feed.location_id:
        scope = scope.filter(location=feed.location_id)
    if feed.driver_id:
        scope = scope.filter(driver=feed.driver_id)
    scope = scope.filter(start_at__gte=now - BACK).prefetch_related("evse__connectors")
    ahead = scope.filter(end_at__gt=now).order_by("start_at", "pk")
    past = scope.filter(end_at__lte=now).order_by("-start_at", "-pk")
    bookings = list(ahead[:MOST_EVENTS])
    bookings += past[: MOST_EVENTS - len(bookings)]
    bookings.sort(key=lambda booking: (booking.start_at, booking.pk))
    return FeedContent(bookings=bookings, etag=_etag(feed, bookings))


def sites_to_pick(fleet: Fleet) -> QuerySet[Location]:
    """Return the sites that a fleet sees or has bookings at, by name."""
    seen = visible_locations(partner_ids=private_partner_ids(fleet))
    booked = Booking.objects.filter(fleet=fleet, location=OuterRef("pk"))
    return Location.objects.filter(Q(pk__in=seen.values("pk")) | Exists(booked)).order_by(
        "name", "pk"
    )


def _etag(feed: CalendarFeed, bookings: list[Booking]) -> str:
    """Return what changes whenever the feed may read differently.

    That is cheaper than to write it. A booking tells by its version, which stays where its site,
    driver, charger or vehicle changes, so all that is known of those counts. How entries are
    written, in which language, by which organizer and so on, the first of them tells for all.
    """
    sample = feed_calendar(bookings[:1], name=feed_name(feed))
    texts = [WHEN_WRITTEN.sub(b"", sample).decode(), settings.DEFAULT_TIMEZONE]
    rows: set[Model] = set()
    for booking in bookings:
        texts.append(f"{booking.calendar_uid}.{booking.version}")
        rows |= {booking.location, booking.driver}
        if booking.vehicle:
            rows.add(booking.vehicle)
        if booking.evse:
            rows |= {booking.evse, booking.evse.charge_point, *booking.evse.connectors.all()}
    texts += sorted(repr(list(_values(row))) for row in rows)
    digest = hashlib.sha256("\n".join(texts).encode()).hexdigest()
    # Weak, since entries also carry when they were written.
    return f'W/"{digest[:32]}"'


def _values(row: Model) -> Iterator[object]:
    yield row._meta.label
    for field in row._meta.concrete_fields:
        if field.attname not in ALWAYS_NEW:
            yield getattr(row, field.attname)
