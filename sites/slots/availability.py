"""What is free at a site: asked of AMPECO, remembered for some seconds.

A gap between free stretches means “not available”; it does not say that somebody has booked.
"""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.cache import cache
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from ampeco.connection import get_client, note_accepted, note_refused
from maintenance.planned import PlannedTimes, closed_by, planned_times
from sites.models import Evse, Location
from sites.periods import Period, clip, covers, next_step, start_of_day, subtract
from upstream.errors import (
    UpstreamError,
    UpstreamNotFound,
    UpstreamRateLimited,
    UpstreamRejected,
    UpstreamUnauthorized,
)

# AMPECO refuses longer ones. Seven days of a zone may have 169 hours, so hours are what counts.
LONGEST_WINDOW = timedelta(hours=168)
ONE_DAY = timedelta(days=1)
# So old an answer is as good as one that is asked for now: a request takes as long to be decided.
JUST_NOW_SECONDS = 5

SENTENCES: dict[str, str | Promise] = {
    "unreachable": _("The operator’s system is not responding."),
    "busy": _("The operator’s system is busy. Please try again in a minute."),
    "not-permitted": _("Booking is temporarily unavailable. The operator has been notified."),
    "refused": _("The operator’s system does not say what is free at this site."),
}

FreeTimes = Mapping[int, tuple[Period, ...]]


class AvailabilityUnknown(Exception):
    """What is free could not be read.

    `reason` is `unreachable`, `busy`, `not-permitted` or `refused`; `message` is a sentence for
    the person who asked.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.message = str(SENTENCES[reason])


@dataclass(frozen=True, slots=True)
class Availability:
    """What is free at a site within `window`, as it was at `read_at`.

    `free` holds merged intervals by the EVSE's `ampeco_id`; an EVSE that is missing is not
    available at all. What is `planned` is out of use then, whatever the operator calls free.
    """

    read_at: datetime
    window: Period
    free: FreeTimes
    planned: PlannedTimes = field(default_factory=dict)

    def of(self, evse: Evse) -> tuple[Period, ...]:
        return self.free.get(evse.ampeco_id, ())

    def without(self, taken: FreeTimes) -> "Availability":
        """Return the same but for what is taken, by the EVSE's `ampeco_id`."""
        if not taken:
            return self
        free = {
            evse_id: subtract(self.free[evse_id], periods)
            for evse_id, periods in taken.items()
            if evse_id in self.free
        }
        return replace(self, free={**self.free, **free})

    def but_for(self, planned: PlannedTimes) -> "Availability":
        """Return the same but for planned downtime."""
        if not planned:
            return self
        return replace(self.without(closed_by(planned, during=self.window)), planned=planned)


def read_availability(
    location: Location,
    *,
    day: date,
    now: datetime | None = None,
    fresh: bool = False,
    planned: PlannedTimes | None = None,
) -> Availability:
    """Return what is free on a site-local day, the next one, and for the longest stay from then.

    Costs one call to AMPECO, or none while an earlier answer is in the cache; `fresh` asks anyway
    and renews the cache. What has passed is not asked for, nor are days before today known.
    Planned downtime is not free: AMPECO does not say whether it offers that. It costs a query where
    what is `planned` around then has not been read already. Raises AvailabilityUnknown.
    """
    now = now or timezone.now()
    window = window_for(day, zone=location.zone, now=now)
    known = None if fresh else _known(location, window)
    told = known or _ask_anew(location, window, now=now)
    # Not within what the cache holds: that something is planned counts at once.
    return told.but_for(planned_times([location], during=window) if planned is None else planned)


def free_evses(
    location: Location,
    *,
    evses: Iterable[Evse],
    start_at: datetime,
    end_at: datetime,
    held: Period | None = None,
    now: datetime | None = None,
    max_age: float = 0,
) -> list[Evse]:
    """Return EVSEs that are free for the whole stretch, in the order given.

    An answer in the cache will do, if it is at most `max_age` seconds old and knows of one that is
    free: AMPECO is asked, about all of them, before none is said to be. What is `held` already need
    not be free, and nothing is asked when that is all. Raises AvailabilityUnknown.
    """
    evses = list(evses)
    now = now or timezone.now()
    stretch = Period.between(start_at, end_at)
    wanted = subtract([stretch], [held]) if held else (stretch,)
    if not evses or not wanted:
        return evses

    def those_in(free: FreeTimes) -> list[Evse]:
        return those_free(free, evses, *wanted)

    asked = Period(wanted[0].start_at, wanted[-1].end_at)
    day = asked.start_at.astimezone(location.zone).date()
    window = window_for(day, zone=location.zone, now=now)
    if not (window.start_at <= asked.start_at and asked.end_at <= window.end_at):
        return those_in(ask(location, asked))
    known = _known(location, window) if max_age else None
    if known and (now - known.read_at).total_seconds() <= max_age:
        found = those_in(known.free)
        if found:
            return found
    # About all of the days, which costs the same: whoever looks next is told, too.
    return those_in(_ask_anew(location, window, now=now).free)


def those_free(free: FreeTimes, evses: Iterable[Evse], *wanted: Period) -> list[Evse]:
    """Return the EVSEs that are free for all that is wanted, in the order given."""
    return [e for e in evses if all(covers(free.get(e.ampeco_id, ()), each) for each in wanted)]


def _known(location: Location, window: Period) -> Availability | None:
    packed = cache.get(cache_key(location, window))
    return unpack(packed, window) if isinstance(packed, str) else None


def _ask_anew(location: Location, window: Period, *, now: datetime) -> Availability:
    availability = Availability(now, window, ask(location, window))
    cache.set(cache_key(location, window), pack(availability), settings.AVAILABILITY_CACHE_SECONDS)
    return availability


def window_for(day: date, *, zone: ZoneInfo, now: datetime) -> Period:
    """Return the time to ask about for a day, the same for as many days in a row as fit.

    It begins at the next quarter hour or at a later midnight, lasts as long as AMPECO allows, and
    holds the rest of the day, the whole next day, and the longest stay from the end of the day
    (24 hours of which may reach further than the next day, when that one is short).
    """
    start_at = next_step(now.astimezone(UTC))
    each = min(start_at.astimezone(zone).date(), day)
    while each <= day:
        longest_stay = start_of_day(each + ONE_DAY, zone) + ONE_DAY
        if max(start_of_day(each + 2 * ONE_DAY, zone), longest_stay) > start_at + LONGEST_WINDOW:
            start_at = start_of_day(each, zone)
        each += ONE_DAY
    return Period(start_at, start_at + LONGEST_WINDOW)


def ask(location: Location, window: Period) -> FreeTimes:
    """Return AMPECO's answer about a stretch of at most 168 hours; raises AvailabilityUnknown."""
    try:
        answer = get_client().check_availability(
            location.ampeco_id, start_after=window.start_at, end_before=window.end_at
        )
    except UpstreamUnauthorized as error:
        note_refused()
        raise AvailabilityUnknown("not-permitted") from error
    except UpstreamRateLimited as error:
        raise AvailabilityUnknown("busy") from error
    except (UpstreamNotFound, UpstreamRejected) as error:
        raise AvailabilityUnknown("refused") from error
    except UpstreamError as error:
        raise AvailabilityUnknown("unreachable") from error
    note_accepted()
    # The slots of an answer are merged already.
    return {each.evse_id: clip(each.slots, window) for each in answer}


# In the cache an answer is a text of numbers, cut to whole seconds of what is free. Whoever tries
# one day or length after the other gets the same text each time, of which the same is made.
MOST_UNPACKED = 32


def cache_key(location: Location, window: Period) -> str:
    """Return under which key the cache holds what is free at a site in a window."""
    return f"free-times:{location.ampeco_id}:{int(window.start_at.timestamp())}"


def pack(availability: Availability) -> str:
    """Return what the cache holds of an answer."""
    free = [
        (
            evse_id,
            [
                (math.ceil(each.start_at.timestamp()), math.floor(each.end_at.timestamp()))
                for each in intervals
            ],
        )
        for evse_id, intervals in availability.free.items()
    ]
    return json.dumps((availability.read_at.timestamp(), free), separators=(",", ":"))


@lru_cache(maxsize=MOST_UNPACKED)
def unpack(packed: str, window: Period) -> Availability:
    """Return the answer that the cache held; it is kept, and must stay as it is."""
    read_at, free = json.loads(packed)
    return Availability(
        read_at=datetime.fromtimestamp(read_at, UTC),
        window=window,
        free={
            evse_id: tuple(
                Period(datetime.fromtimestamp(start, UTC), datetime.fromtimestamp(end, UTC))
                for start, end in spans
                if start < end
            )
            for evse_id, spans in free
        },
    )
