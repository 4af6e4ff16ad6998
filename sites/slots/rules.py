"""What a booking must satisfy: one small function a rule, returning a sentence or nothing.

AMPECO publishes no such limits; those that come from the operator are settings.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

STEP = timedelta(minutes=15)


def ends_after_start(start_at: datetime, end_at: datetime) -> str | None:
    """The end must lie after the start."""
    return None if end_at > start_at else _("The end must be after the start.")


def on_quarter_hours(*instants: datetime) -> str | None:
    """Start and end must lie on quarter hours."""
    if any(int(at.timestamp()) % STEP.seconds or at.microsecond for at in instants):
        return _("Start and end must be on a quarter hour.")
    return None


def in_the_future(start_at: datetime, *, now: datetime) -> str | None:
    """The start must leave the operator's notice from now on."""
    notice = settings.BOOKING_NOTICE_MINUTES
    if start_at >= now + timedelta(minutes=notice):
        return None
    if start_at <= now or not notice:
        return _("This start has passed. Please pick a later one.")
    return ngettext(
        "Bookings must be made at least %(minutes)d minute before the start.",
        "Bookings must be made at least %(minutes)d minutes before the start.",
        notice,
    ) % {"minutes": notice}


def long_enough(start_at: datetime, end_at: datetime) -> str | None:
    """The stay must last the operator's shortest time."""
    least = settings.BOOKING_MIN_MINUTES
    if end_at - start_at >= timedelta(minutes=least):
        return None
    return ngettext(
        "The shortest booking is %(minutes)d minute.",
        "The shortest booking is %(minutes)d minutes.",
        least,
    ) % {"minutes": least}


def not_too_long(start_at: datetime, end_at: datetime) -> str | None:
    """The stay may not exceed the operator's longest time."""
    most = settings.BOOKING_MAX_HOURS
    if end_at - start_at <= timedelta(hours=most):
        return None
    return ngettext(
        "The longest booking is %(hours)d hour.",
        "The longest booking is %(hours)d hours.",
        most,
    ) % {"hours": most}


def within_horizon(end_at: datetime, *, now: datetime) -> str | None:
    """The end may not lie beyond the days that can be booked ahead."""
    days = settings.BOOKING_HORIZON_DAYS
    if end_at <= now + timedelta(days=days):
        return None
    return ngettext(
        "Bookings can be made up to %(days)d day ahead.",
        "Bookings can be made up to %(days)d days ahead.",
        days,
    ) % {"days": days}


def first_broken_time_rule(start_at: datetime, end_at: datetime, *, now: datetime) -> str | None:
    """Return what is wrong with the times, the most telling rule first."""
    return (
        ends_after_start(start_at, end_at)
        or not_too_long(start_at, end_at)
        or long_enough(start_at, end_at)
        or on_quarter_hours(start_at, end_at)
        or in_the_future(start_at, now=now)
        or within_horizon(end_at, now=now)
    )


def first_broken_change_rule(
    start_at: datetime, end_at: datetime, *, was: tuple[datetime, datetime], now: datetime
) -> str | None:
    """Return what is wrong with the times that a booking shall have instead of those it has.

    What stays as it was breaks no rule: a booking from elsewhere may keep its odd minutes, and one
    that begins soon may still last longer.
    """
    if (start_at, end_at) == was:
        return None
    other_start, other_end = start_at != was[0], end_at != was[1]
    moved = [at for at, is_other in ((start_at, other_start), (end_at, other_end)) if is_other]
    return (
        ends_after_start(start_at, end_at)
        or not_too_long(start_at, end_at)
        or long_enough(start_at, end_at)
        or on_quarter_hours(*moved)
        or (in_the_future(start_at, now=now) if other_start else None)
        or (within_horizon(end_at, now=now) if other_end else None)
    )
