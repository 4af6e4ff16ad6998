"""What planned downtime says about chargers: when they are out of use, until when, and why."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import DateTimeField, Q, QuerySet
from django.utils.translation import gettext as _

from maintenance.models import Downtime
from mirror.written_once import Keys, written_once
from shell.formats import in_zone, period, time_in_zone
from sites.models import Location
from sites.periods import Period


@dataclass(frozen=True, slots=True)
class Planned:
    """When a charger is out of use by plan; no `end_at` while nobody has said how long."""

    key: int
    start_at: datetime
    end_at: datetime | None
    notice: str

    def within(self, whole: Period) -> Period | None:
        """Return what of it lies in a period, or None."""
        start_at = max(self.start_at, whole.start_at)
        end_at = whole.end_at if self.end_at is None else min(self.end_at, whole.end_at)
        return Period.between(start_at, end_at) if start_at < end_at else None

    def touches(self, whole: Period) -> bool:
        return self.within(whole) is not None


# By the EVSE's AMPECO id.
PlannedTimes = Mapping[int, tuple[Planned, ...]]


def live_downtimes(*, since: datetime) -> QuerySet[Downtime]:
    """Return what people have planned and is not over by an instant.

    What the operator's system notices of its own accord is a fault: nobody knows how long that
    lasts, and chargers with one can be booked.
    """
    return Downtime.objects.filter(
        Q(end_at__isnull=True) | Q(end_at__gt=since),
        entry_mode=Downtime.EntryMode.MANUAL,
        retired_at=None,
    )


def planned_times(locations: Iterable[Location | int], *, during: Period) -> PlannedTimes:
    """Return the planned downtime of sites' chargers that touches a period, in order of time.

    Costs one query.
    """
    keys = [each if isinstance(each, int) else each.pk for each in locations]
    # By its EVSEs, that of a charge point with each of them.
    found: dict[int, dict[int, Planned]] = defaultdict(dict)
    for key, start_at, end_at, notice, own, any_of in _planned(
        locations=keys, since=during.start_at, until=during.end_at
    ):
        evse = any_of if own is None else own
        if evse is not None and (end_at is None or start_at < end_at):
            found[evse][key] = Planned(key, start_at, end_at, notice)
    return {evse: tuple(by_key.values()) for evse, by_key in found.items()}


@written_once(locations=Keys(), since=DateTimeField(), until=DateTimeField())
def _planned(locations: Any, since: Any, until: Any) -> QuerySet[Downtime, tuple[Any, ...]]:
    downtimes = live_downtimes(since=since).filter(
        charge_point__location__among=locations, start_at__lt=until
    )
    return downtimes.order_by("start_at", "pk").values_list(
        "pk",
        "start_at",
        "end_at",
        "notice",
        "evse__ampeco_id",
        "charge_point__evses__ampeco_id",
    )


def closed_by(planned: PlannedTimes, *, during: Period) -> dict[int, tuple[Period, ...]]:
    """Return when chargers are out of use within a period, by the EVSE's AMPECO id."""
    return {
        evse: tuple(each for one in times if (each := one.within(during)))
        for evse, times in planned.items()
    }


def first_touching(times: Iterable[Planned], whole: Period) -> Planned | None:
    return next((each for each in times if each.touches(whole)), None)


def coming_text(planned: Planned, *, zone: ZoneInfo, now: datetime) -> str:
    """Return in a few words from when until when a charger is out of use, and why."""
    if planned.start_at <= now or planned.end_at is None:
        return maintenance_text(planned.end_at, planned.notice, zone=zone, seen_at=now)
    when = period(planned.start_at, planned.end_at, zone)
    text = _("Maintenance %(when)s") % {"when": when}
    return f"{text}: {planned.notice}" if planned.notice else text


def maintenance_text(
    end_at: datetime | None, notice: str, *, zone: ZoneInfo, seen_at: datetime
) -> str:
    """Return in a few words that a charger is out of use: “Maintenance until 14:00: New cable”.

    The day of the end is named where it is another one than that of `seen_at`, on the site's clock.
    """
    if end_at is None:
        text = _("Maintenance until further notice")
    else:
        same_day = end_at.astimezone(zone).date() == seen_at.astimezone(zone).date()
        until = time_in_zone(end_at, zone) if same_day else in_zone(end_at, zone)
        text = _("Maintenance until %(until)s") % {"until": until}
    return f"{text}: {notice}" if notice else text
