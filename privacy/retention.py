"""Clears what has been kept for long enough, in small transactions.

RETENTION_MONTHS after their end, bookings no longer name anybody: they belong to a driver without a
name, and nothing stays that people wrote; charges neither. Of that age go mails, wishes of the
waiting list, tables of bookings, calendars that were revoked, recipients of reports that were
taken off and the back office's own history;
drivers who left all fleets lose their names, retired vehicles their plates, and so do people who
sign in but belong to none. The audit trail is kept for AUDIT_MONTHS; what vehicles told of
themselves, their charging sessions in Ampcontrol, its alerts, trips and departures, for
ENERGY_WEEKS.

Any number of these may run at once. Where nothing is due, a run costs two short looks into an index
for each fleet and one for each other kind of row, however much is kept: how far bookings are
cleared is noted, and what is deleted stands at the beginning of its table.
"""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.db import transaction
from django.db.models import Exists, F, Model, OuterRef, Q, QuerySet
from django.db.models.functions import Lower
from django.utils import timezone

from accounts.models import ERASED_DOMAIN, User
from batches.models import Batch
from bookings.models import (
    Booking,
    BookingEvent,
    BookingRequest,
    BookingRequestEvent,
    ChargerReport,
)
from calendars.models import CalendarFeed
from charging.models import Assignment, Session
from charging.services import mark_months
from drivers.models import Driver, Fleet, FleetDriver, IdTag, PrivateAccess
from energy import retention as energy
from notifications.models import Notification
from privacy.audit import Action, note
from privacy.erasure import (
    NotErased,
    blank_charges,
    blank_drivers,
    blank_texts,
    cut_loose,
    erase_user,
)
from privacy.models import AuditEntry, ClearedBookings, ClearedCharges
from remote.models import RemoteAction, RemoteActionEvent
from reports.models import MailRecipient
from series.models import Series
from team.models import Invitation
from upstream.emails import email_spellings
from vehicles.models import Vehicle
from waiting.models import Wish

AT_ONCE = 500
# What a sweep does at most; the next one goes on.
MOST_BATCHES = 40
MONTH = timedelta(days=365.25 / 12)
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
# Whose the bookings are that no longer name anybody; the operator's ids begin at 1.
NOBODYS_USER_ID = 0


@dataclass(slots=True)
class Cleared:
    """How many rows of each kind were cleared, or would be."""

    bookings: int = 0
    charges: int = 0
    mails: int = 0
    wishes: int = 0
    tables: int = 0
    calendars: int = 0
    recipients: int = 0
    drivers: int = 0
    vehicles: int = 0
    series: int = 0
    people: int = 0
    history: int = 0
    audit_entries: int = 0
    vehicle_states: int = 0
    energy_sessions: int = 0
    alerts: int = 0
    routes: int = 0
    departures: int = 0
    tellings: int = 0
    vanished_vehicles: int = 0
    vanished_tags: int = 0

    def __bool__(self) -> bool:
        return any(asdict(self).values())


def clear_old_data(*, now: datetime | None = None, most_batches: int = MOST_BATCHES) -> Cleared:
    """Clear what is due, at most so many batches of each kind; return how much that was."""
    now = now or timezone.now()
    cleared = Cleared()
    steps: dict[str, Callable[[], int]] = {}
    before = now - settings.RETENTION_MONTHS * MONTH
    if settings.RETENTION_MONTHS:
        steps = {
            "mails": lambda: _delete_head(Notification, "created_at", before),
            "bookings": lambda: _clear_bookings(before),
            "charges": lambda: _clear_charges(before),
            "wishes": lambda: _delete_head(Wish, "window_end", before),
            "tables": lambda: _delete_head(Batch, "created_at", before),
            "calendars": lambda: _delete(old_feeds(before)),
            "recipients": lambda: _delete(old_recipients(before)),
            "drivers": lambda: _clear_drivers(before),
            "vehicles": lambda: _clear_vehicles(before),
            "series": lambda: _clear_series(before),
            "people": lambda: _erase_people(before),
            "history": lambda: _delete_head(LogEntry, "action_time", before),
        }
    audit_before = now - settings.AUDIT_MONTHS * MONTH
    steps["audit_entries"] = lambda: _delete_head(AuditEntry, "at", audit_before)
    for name, old in ENERGY.items():
        steps[name] = partial(_clear_energy, old, now)
    for name, step in steps.items():
        for _batch in range(most_batches):
            done = step()
            setattr(cleared, name, getattr(cleared, name) + done)
            if not done:
                break
    if cleared:
        counts = {name: number for name, number in asdict(cleared).items() if number}
        note(Action.CLEARED, name="retention", counts=counts)
    return cleared


def due(*, now: datetime | None = None) -> Cleared:
    """Return how much would be cleared; reads whole tables.

    Drivers who only lose their last booking with it are not counted yet.
    """
    now = now or timezone.now()
    found = Cleared()
    before = now - settings.RETENTION_MONTHS * MONTH
    if settings.RETENTION_MONTHS:
        found.mails = Notification.objects.filter(created_at__lt=before).count()
        found.bookings = sum(
            _to_clear(fleet, before=before, cleared_before=_cleared_before(fleet)).count()
            for fleet in Fleet.objects.all()
        )
        found.charges = (
            Session.objects.filter(started_at__lt=before)
            .exclude(driver__ampeco_user_id=NOBODYS_USER_ID)
            .count()
        )
        found.wishes = Wish.objects.filter(window_end__lt=before).count()
        found.tables = Batch.objects.filter(created_at__lt=before).count()
        found.calendars = old_feeds(before).count()
        found.recipients = old_recipients(before).count()
        found.drivers = old_drivers(before).count()
        found.vehicles = old_vehicles(before).count()
        found.series = old_series(before).count()
        found.people = old_people(before).count()
        found.history = LogEntry.objects.filter(action_time__lt=before).count()
    audit_before = now - settings.AUDIT_MONTHS * MONTH
    found.audit_entries = AuditEntry.objects.filter(at__lt=audit_before).count()
    for name, old in ENERGY.items():
        setattr(found, name, old(_energy_before(now)).count())
    return found


def old_feeds(before: datetime) -> QuerySet[CalendarFeed]:
    return CalendarFeed.objects.filter(revoked_at__lt=before)


def old_recipients(before: datetime) -> QuerySet[MailRecipient]:
    """Return those who have long got no fleet's monthly report any more."""
    return MailRecipient.objects.filter(ended_at__lt=before)


def old_drivers(before: datetime) -> QuerySet[Driver]:
    """Return drivers who left all fleets long ago, and of whom nothing tells any more."""
    theirs = FleetDriver.objects.filter(driver=OuterRef("pk"))
    return Driver.objects.filter(
        ~Exists(theirs.filter(Q(left_at=None) | Q(left_at__gte=before))),
        ~Exists(Booking.objects.filter(driver=OuterRef("pk"))),
        ~Exists(BookingRequest.objects.filter(driver=OuterRef("pk"))),
        ~Exists(Session.objects.filter(driver=OuterRef("pk"))),
        synced_at__lt=before,
        ampeco_user_id__gt=0,
    ).exclude(email="")


def old_vehicles(before: datetime) -> QuerySet[Vehicle]:
    """Return vehicles that were retired long ago and still have a plate, a VIN or a driver."""
    named = ~Q(plate="") | ~Q(vin="") | Q(usual_driver__isnull=False)
    return Vehicle.objects.filter(named, retired_at__lt=before)


def old_series(before: datetime) -> QuerySet[Series]:
    """Return series of which the last day lies long back; their bookings stay."""
    return Series.objects.filter(last_day__lt=before.date())


def old_people(before: datetime) -> QuerySet[User]:
    """Return people who belong to no fleet, are no staff, and have not signed in for long.

    Whom a fleet has invited, and who can still accept that, belongs to one soon.
    """
    people = User.objects.filter(
        Q(last_login=None) | Q(last_login__lt=before),
        date_joined__lt=before,
        is_staff=False,
        memberships=None,
    ).exclude(email__endswith=f"@{ERASED_DOMAIN}")
    return people.alias(address=Lower("email")).exclude(address__in=_invited())


def _invited() -> set[str]:
    """Return the addresses of open invitations in all their spellings, in lower case."""
    rows = Invitation.objects.filter(state=Invitation.State.OPEN, expires_at__gt=timezone.now())
    addresses = rows.values_list("email", flat=True)
    return {each.lower() for address in addresses for each in email_spellings(address)}


# By the names of `Cleared`: what of smart charging is old.
ENERGY: dict[str, Callable[[datetime], QuerySet[Any]]] = {
    "vehicle_states": energy.old_states,
    "energy_sessions": energy.old_sessions,
    "alerts": energy.old_alerts,
    "routes": energy.old_routes,
    "departures": energy.old_departures,
    "tellings": energy.old_tellings,
    "vanished_vehicles": energy.old_vehicles,
    "vanished_tags": energy.old_tags,
}


def _clear_energy(old: Callable[[datetime], QuerySet[Any]], now: datetime) -> int:
    return energy.clear(old(_energy_before(now)))


def _energy_before(now: datetime) -> datetime:
    return now - timedelta(weeks=settings.ENERGY_WEEKS)


def _delete_head(model: type[Model], instant: str, before: datetime) -> int:
    """Delete the oldest rows as far as they are old enough, by their ids; return how many."""
    rows = model._base_manager.order_by("pk").values_list("pk", instant)[:AT_ONCE]
    old = [key for key, at in rows if at < before]
    if old:
        _delete(model._base_manager.filter(pk__in=old))
    return len(old)


def _delete(rows: QuerySet[Model]) -> int:
    # Past the audit trail's own refusal: nothing else does that.
    deleted, _by_model = QuerySet.delete(rows)
    return deleted


# Bookings


def _clear_bookings(before: datetime) -> int:
    """Clear a batch of the first fleet that has old bookings and is free; return how many."""
    for fleet in _fleets(before):
        if done := _clear_bookings_of(fleet, before):
            return done
    return 0


def _fleets(before: datetime) -> Iterator[Fleet]:
    old = Booking.objects.filter(fleet=OuterRef("pk"), end_at__lt=before)
    done = ClearedBookings.objects.filter(fleet=OuterRef("pk")).values("ended_before")[:1]
    # Two short looks into an index for each fleet.
    yield from (
        Fleet.objects.annotate(done=done)
        .filter(Exists(old.filter(Q(end_at__gte=OuterRef("done")))) | (Q(done=None) & Exists(old)))
        .order_by("pk")
    )


def _cleared_before(fleet: Fleet) -> datetime:
    row = ClearedBookings.objects.filter(fleet=fleet).first()
    return row.ended_before if row else BEGINNING


def _to_clear(fleet: Fleet, *, before: datetime, cleared_before: datetime) -> QuerySet[Booking]:
    return Booking.objects.filter(
        fleet=fleet, end_at__gte=cleared_before, end_at__lt=before
    ).exclude(driver__ampeco_user_id=NOBODYS_USER_ID)


@transaction.atomic
def _clear_bookings_of(fleet: Fleet, before: datetime) -> int:
    ClearedBookings.objects.bulk_create(
        [ClearedBookings(fleet=fleet, ended_before=BEGINNING)], ignore_conflicts=True
    )
    mark = ClearedBookings.objects.select_for_update(skip_locked=True).filter(fleet=fleet).first()
    if mark is None:
        # Somebody else is at it.
        return 0
    rows = list(
        _to_clear(fleet, before=before, cleared_before=mark.ended_before)
        .order_by("end_at", "pk")
        .values_list("pk", "end_at")[:AT_ONCE]
    )
    # Of the same end there may be more: those are looked at again.
    mark.ended_before = rows[-1][1] if len(rows) == AT_ONCE else before
    mark.save()
    if rows:
        _unname([key for key, _end in rows])
    return len(rows)


def _unname(keys: list[int]) -> None:
    nobody = _nobody()
    bookings = Booking.objects.filter(pk__in=keys)
    requests = BookingRequest.objects.filter(booking__in=keys)
    request_events = BookingRequestEvent.objects.filter(request__booking__in=keys)
    events = BookingEvent.objects.filter(booking__in=keys)
    reports = ChargerReport.objects.filter(booking__in=keys)
    blank_texts(
        bookings=bookings,
        requests=requests,
        request_events=request_events,
        events=events,
        reports=reports,
    )
    reports.update(driver=nobody)
    RemoteAction.objects.filter(booking__in=keys).update(driver=nobody, user=None, said="")
    RemoteActionEvent.objects.filter(action__booking__in=keys).exclude(user=None).update(user=None)
    bookings.update(
        driver=nobody,
        created_by=None,
        slot_key="",
        reminder_at=None,
        vehicle=None,
        authorized_tokens=[],
        link_generation=F("link_generation") + 1,
    )
    requests.update(driver=nobody, created_by=None)
    requests.exclude(previous_driver=None).update(previous_driver=nobody)
    request_events.exclude(user=None).update(user=None)
    events.exclude(user=None, driver=None).update(user=None, driver=None)
    for event in events.filter(changes__has_key="driver"):
        event.changes["driver"] = [nobody.pk, nobody.pk]
        event.save(update_fields=["changes"])
    for event in events.filter(changes__has_key="vehicle"):
        del event.changes["vehicle"]
        event.save(update_fields=["changes"])


# Charges


def _clear_charges(before: datetime) -> int:
    """Clear a batch of the first fleet that has old charges and is free; return how many."""
    old = Session.objects.filter(fleet=OuterRef("pk"), started_at__lt=before)
    done = ClearedCharges.objects.filter(fleet=OuterRef("pk")).values("began_before")[:1]
    fleets = (
        Fleet.objects.annotate(done=done)
        .filter(Exists(old.filter(started_at__gte=OuterRef("done"))) | (Q(done=None) & Exists(old)))
        .order_by("pk")
    )
    for fleet in fleets:
        if cleared := _clear_charges_of(fleet, before):
            return cleared
    return 0


@transaction.atomic
def _clear_charges_of(fleet: Fleet, before: datetime) -> int:
    ClearedCharges.objects.bulk_create(
        [ClearedCharges(fleet=fleet, began_before=BEGINNING)], ignore_conflicts=True
    )
    mark = ClearedCharges.objects.select_for_update(skip_locked=True).filter(fleet=fleet).first()
    if mark is None:
        # Somebody else is at it.
        return 0
    rows = list(
        Session.objects.filter(
            fleet=fleet, started_at__gte=mark.began_before, started_at__lt=before
        )
        .exclude(driver__ampeco_user_id=NOBODYS_USER_ID)
        .order_by("started_at", "pk")
        .values_list("pk", "started_at", "local_day")[:AT_ONCE]
    )
    # Of the same beginning there may be more: those are looked at again.
    mark.began_before = rows[-1][1] if len(rows) == AT_ONCE else before
    mark.save()
    if rows:
        charges = Session.objects.filter(pk__in=[key for key, _at, _day in rows])
        blank_charges(charges)
        Assignment.objects.filter(session__in=charges).exclude(user=None).update(user=None)
        charges.update(driver=_nobody(), vehicle=None)
        mark_months((fleet.pk, day) for _key, _at, day in rows)
    return len(rows)


def _nobody() -> Driver:
    nobody, _made = Driver.objects.get_or_create(
        ampeco_user_id=NOBODYS_USER_ID,
        defaults={"email": "", "status": Driver.Status.DISABLED, "synced_at": timezone.now()},
    )
    return nobody


# People


@transaction.atomic
def _clear_drivers(before: datetime) -> int:
    chosen = list(old_drivers(before).order_by("pk").values_list("pk", flat=True)[:AT_ONCE])
    # Locked as the mirror does; who is back since the look is left alone.
    locked = Driver.objects.filter(pk__in=chosen).order_by("ampeco_user_id").select_for_update()
    keys = [driver.pk for driver in locked]
    keys = list(old_drivers(before).filter(pk__in=keys).values_list("pk", flat=True))
    rows = Driver.objects.filter(pk__in=keys)
    CalendarFeed.objects.filter(driver__in=keys).delete()
    PrivateAccess.objects.filter(driver__in=keys).delete()
    IdTag.objects.filter(driver__in=keys).delete()
    Vehicle.objects.filter(usual_driver__in=keys).update(usual_driver=None)
    blank_drivers(rows)
    # They may come back, as somebody new.
    return cut_loose(rows)


def _clear_series(before: datetime) -> int:
    keys = list(old_series(before).order_by("pk").values_list("pk", flat=True)[:AT_ONCE])
    _delete(Series.objects.filter(pk__in=keys))
    return len(keys)


def _clear_vehicles(before: datetime) -> int:
    """Leave of vehicles that were retired long ago what they are, and not whose plates they had."""
    keys = list(old_vehicles(before).order_by("pk").values_list("pk", flat=True)[:AT_ONCE])
    return Vehicle.objects.filter(pk__in=keys).update(
        plate="", vin="", usual_driver=None, search_text=Lower("number")
    )


def _erase_people(before: datetime) -> int:
    erased = 0
    for user in old_people(before).order_by("pk")[:AT_ONCE]:
        try:
            erased += erase_user(user=user, email=user.email, by=None)
        except NotErased:
            # A mail to them is being sent: the next sweep does it.
            continue
    return erased
