"""The operator's limits, and what the times of a booking must satisfy: one function a rule.

AMPECO publishes no such limits; those that come from the operator are settings.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

STEP = timedelta(minutes=15)


def notice() -> timedelta:
    return timedelta(minutes=settings.BOOKING_NOTICE_MINUTES)


def shortest() -> timedelta:
    return timedelta(minutes=settings.BOOKING_MIN_MINUTES)


def longest() -> timedelta:
    return timedelta(hours=settings.BOOKING_MAX_HOURS)


def last_instant(now: datetime) -> datetime:
    return now + timedelta(days=settings.BOOKING_HORIZON_DAYS)


@dataclass(frozen=True, slots=True)
class Times:
    """The times that a booking shall have, instead of those it `was` at if it exists already.

    What stays as it was breaks no rule: a booking from elsewhere may keep its odd minutes, and one
    that begins soon may still last longer.
    """

    start_at: datetime
    end_at: datetime
    now: datetime
    was: tuple[datetime, datetime] | None = None

    @property
    def new_start(self) -> bool:
        return self.was is None or self.start_at != self.was[0]

    @property
    def new_end(self) -> bool:
        return self.was is None or self.end_at != self.was[1]

    @property
    def length(self) -> timedelta:
        return self.end_at - self.start_at


TimeRule = Callable[[Times], str | None]


def ends_after_start(times: Times) -> str | None:
    return None if times.end_at > times.start_at else _("The end must be after the start.")


def not_too_long(times: Times) -> str | None:
    if times.length <= longest():
        return None
    most = settings.BOOKING_MAX_HOURS
    return ngettext(
        "The longest booking is %(hours)d hour.",
        "The longest booking is %(hours)d hours.",
        most,
    ) % {"hours": most}


def long_enough(times: Times) -> str | None:
    if times.length >= shortest():
        return None
    least = settings.BOOKING_MIN_MINUTES
    return ngettext(
        "The shortest booking is %(minutes)d minute.",
        "The shortest booking is %(minutes)d minutes.",
        least,
    ) % {"minutes": least}


def starts_on_quarter_hour(times: Times) -> str | None:
    return _odd(times.start_at) if times.new_start else None


def ends_on_quarter_hour(times: Times) -> str | None:
    return _odd(times.end_at) if times.new_end else None


def leaves_notice(times: Times) -> str | None:
    if not times.new_start or times.start_at >= times.now + notice():
        return None
    minutes = settings.BOOKING_NOTICE_MINUTES
    if times.start_at <= times.now or not minutes:
        return _("This start time has passed. Please pick a later one.")
    return ngettext(
        "Bookings must be made at least %(minutes)d minute before the start.",
        "Bookings must be made at least %(minutes)d minutes before the start.",
        minutes,
    ) % {"minutes": minutes}


def within_horizon(times: Times) -> str | None:
    if not times.new_end or times.end_at <= last_instant(times.now):
        return None
    days = settings.BOOKING_HORIZON_DAYS
    return ngettext(
        "Bookings can be made up to %(days)d day ahead.",
        "Bookings can be made up to %(days)d days ahead.",
        days,
    ) % {"days": days}


# The most telling one first.
TIME_RULES: tuple[TimeRule, ...] = (
    ends_after_start,
    not_too_long,
    long_enough,
    starts_on_quarter_hour,
    ends_on_quarter_hour,
    leaves_notice,
    within_horizon,
)


def first_problem(times: Times) -> str | None:
    """Return what the first rule that is broken says, or None."""
    return next((problem for rule in TIME_RULES if (problem := rule(times))), None)


def _odd(at: datetime) -> str | None:
    if int(at.timestamp()) % STEP.seconds or at.microsecond:
        return _("Start and end must be on a quarter hour.")
    return None
