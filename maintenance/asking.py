"""What staff ask of the operator about downtime: which bookings it hits, and the rows that ask."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from ampeco.types.downtime import EXEMPT
from bookings.models import Booking
from maintenance.models import Downtime, DowntimeChange, DowntimeNotice
from maintenance.models.downtime import Of
from mirror.work import wake_on_commit
from sites.models import ChargePoint, Evse, Location

SEND = "maintenance.tasks.send_downtime_changes"
Kind = DowntimeChange.Kind
LONGEST = timedelta(days=366)


class DowntimeRefused(Exception):
    """What the portal does not ask for; the message is for staff."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


@dataclass(frozen=True, slots=True)
class Place:
    """A charge point as a whole, or one charger of it."""

    charge_point: ChargePoint
    evse: Evse | None = None

    @property
    def name(self) -> str:
        if self.evse is None:
            return _("%(name)s (all of it)") % {"name": self.charge_point}
        return f"{self.evse.name}, {self.charge_point}"


def bookings_hit(
    location: Location,
    places: Iterable[Place],
    *,
    start_at: datetime,
    end_at: datetime | None,
    now: datetime,
) -> list[Booking]:
    """Return the bookings of all fleets that stand, or may, at places then, by their start.

    With those of the site for which the operator has not picked a charger yet: it may pick one.
    """
    places = list(places)
    at_places = Q(evse__isnull=True, location=location)
    at_places |= Q(evse__in=[each.evse for each in places if each.evse])
    at_places |= Q(
        evse__charge_point__in=[each.charge_point for each in places if each.evse is None]
    )
    bookings = Booking.objects.filter(
        at_places,
        status__in=Booking.MAY_COME | Booking.GOES_AHEAD,
        end_at__gt=max(start_at, now),
    )
    if end_at is not None:
        bookings = bookings.filter(start_at__lt=end_at)
    return list(
        bookings.select_related("fleet", "driver", "location", "evse__charge_point").order_by(
            "start_at", "pk"
        )
    )


def ask_for_downtime(
    places: Sequence[Place],
    *,
    notice: DowntimeNotice,
    start_at: datetime,
    end_at: datetime,
    user: User,
    submission_key: uuid.UUID,
    now: datetime | None = None,
) -> list[DowntimeChange]:
    """Save a row for each place, for workers to send; the same form sent twice gives the same rows.

    Raises DowntimeRefused with nothing saved.
    """
    now = now or timezone.now()
    sent = DowntimeChange.objects.filter(submission_key=submission_key).order_by("pk")
    if known := list(sent):
        return known
    if problem := _problem(places, notice=notice, start_at=start_at, end_at=end_at, now=now):
        raise DowntimeRefused(problem)
    try:
        with transaction.atomic():
            rows = [
                DowntimeChange.objects.create(
                    submission_key=submission_key,
                    kind=Kind.MAKE,
                    of=Of.CHARGE_POINT if place.evse is None else Of.EVSE,
                    charge_point=place.charge_point,
                    evse=place.evse,
                    start_at=start_at,
                    end_at=end_at,
                    ampeco_notice_id=notice.ampeco_id,
                    notice=notice.notice,
                    asked_by=user,
                    asked_at=now,
                )
                for place in places
            ]
            wake_on_commit(SEND)
    except IntegrityError:
        # Of two clicks the other one was faster by a moment.
        if known := list(sent):
            return known
        raise
    return rows


def _problem(
    places: Sequence[Place],
    *,
    notice: DowntimeNotice,
    start_at: datetime,
    end_at: datetime,
    now: datetime,
) -> str:
    if not places:
        return _("Please pick at least one charge point or charger.")
    if notice.type != EXEMPT or notice.retired_at:
        return _("The operator does not take this reason for planned downtime.")
    if end_at <= start_at:
        return _("The end must be after the start.")
    if end_at <= now:
        return _("This time has passed.")
    if end_at - start_at > LONGEST:
        return _("Downtime can be planned for a year at most.")
    return ""


def why_not_end(downtime: Downtime, *, now: datetime) -> str:
    """Return in a sentence why downtime can neither be ended nor taken back; "" where it can."""
    if downtime.retired_at or (downtime.end_at is not None and downtime.end_at <= now):
        return _("This downtime is over already.")
    if downtime.entry_mode != Downtime.EntryMode.MANUAL:
        return _("Only planned downtime can be ended here.")
    if downtime.start_at < now and downtime.type != EXEMPT:
        return _("The operator lets only exempt downtime be ended early.")
    return ""


def ask_to_end(downtime: Downtime, *, user: User, now: datetime | None = None) -> DowntimeChange:
    """Save a row that ends downtime now, or takes it back where it has not begun.

    Raises DowntimeRefused for what is over, was not planned by anybody, or is being ended.
    """
    now = (now or timezone.now()).replace(microsecond=0)
    if problem := why_not_end(downtime, now=now):
        raise DowntimeRefused(problem)
    begins_later = downtime.start_at >= now
    end_at = downtime.end_at or downtime.start_at + timedelta(seconds=1)
    try:
        with transaction.atomic():
            row = DowntimeChange.objects.create(
                kind=Kind.DELETE if begins_later else Kind.END,
                of=downtime.of,
                charge_point=downtime.charge_point,
                evse=downtime.evse,
                downtime=downtime,
                start_at=downtime.start_at,
                end_at=end_at if begins_later else now,
                ampeco_notice_id=downtime.ampeco_notice_id,
                notice=downtime.notice,
                asked_by=user,
                asked_at=now,
            )
            wake_on_commit(SEND)
    except IntegrityError:
        raise DowntimeRefused(_("Somebody is ending this downtime already.")) from None
    return row
