"""What people read of limits: each as it stands, and what it says to who wants too much."""

from collections.abc import Iterable
from datetime import date, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.utils.dates import WEEKDAYS, WEEKDAYS_ABBR
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from limits.models import Limit
from shell.formats import duration, period
from sites.slots.clocks import short_day

if TYPE_CHECKING:
    from limits.rules import Rule, Window

MIDNIGHT = time(0)


def described(rule: "Rule", *, zone: ZoneInfo | None = None) -> str:
    """Return a rule in a sentence; a blackout's times are those of `zone`, or UTC."""
    kind = Limit.Kind(rule.kind)
    hours = {"hours": duration(rule.length)}
    text = {
        Limit.Kind.AT_A_TIME: lambda: (
            ngettext(
                "At most %(most)d booking at the same time.",
                "At most %(most)d bookings at the same time.",
                rule.number,
            )
            % {"most": rule.number}
        ),
        Limit.Kind.PER_DAY: lambda: (
            ngettext(
                "At most %(most)d booking a day.", "At most %(most)d bookings a day.", rule.number
            )
            % {"most": rule.number}
        ),
        Limit.Kind.HOURS_PER_DAY: lambda: _("At most %(hours)s a day.") % hours,
        Limit.Kind.HOURS_PER_WEEK: lambda: _("At most %(hours)s a week.") % hours,
        Limit.Kind.LONGEST: lambda: _("A booking may last at most %(hours)s.") % hours,
        Limit.Kind.NOTICE: lambda: (
            _("Bookings must be made at least %(hours)s before the start.") % hours
        ),
        Limit.Kind.WINDOW: lambda: (
            _("Bookings only within: %(windows)s.") % {"windows": windows_text(rule.windows)}
        ),
        Limit.Kind.BLACKOUT: lambda: (
            _("Nothing can be booked: %(when)s.") % {"when": _when(rule, zone or ZoneInfo("UTC"))}
        ),
    }[kind]()
    return _with_place(rule, text)


def _with_place(rule: "Rule", text: str) -> str:
    if rule.place:
        text = _("%(place)s: %(rule)s") % {"place": rule.place, "rule": text}
    return f"{text} ({rule.note})" if rule.note else text


def windows_text(windows: "Iterable[Window]") -> str:
    return ", ".join(_window_text(each) for each in windows)


def _window_text(window: "Window") -> str:
    days = sorted(window.days)
    if len(days) == 7:
        named = _("every day")
    elif len(days) > 2 and days[-1] - days[0] == len(days) - 1:
        named = f"{WEEKDAYS_ABBR[days[0]]}–{WEEKDAYS_ABBR[days[-1]]}"
    elif len(days) == 1:
        named = str(WEEKDAYS[days[0]])
    else:
        named = " ".join(str(WEEKDAYS_ABBR[day]) for day in days)
    if window.begins == window.ends == MIDNIGHT:
        return _("%(days)s all day") % {"days": named}
    return f"{named} {window.begins:%H:%M}–{window.ends:%H:%M}"


def _when(rule: "Rule", zone: ZoneInfo) -> str:
    closed = rule.closed
    return str(period(closed.start_at, closed.end_at, zone)) if closed else ""


# What a rule says where it is broken


def too_many_at_once(rule: "Rule", number: int) -> str:
    text = ngettext(
        "Your fleet may have %(most)d booking at the same time; this would be number %(number)d.",
        "Your fleet may have %(most)d bookings at the same time; this would be number %(number)d.",
        rule.number,
    )
    return _with_place(rule, text % {"most": rule.number, "number": number})


def too_many_a_day(rule: "Rule", number: int, day: date) -> str:
    text = ngettext(
        "Your fleet may have %(most)d booking a day; on %(day)s this would be number %(number)d.",
        "Your fleet may have %(most)d bookings a day; on %(day)s this would be number %(number)d.",
        rule.number,
    )
    words = {"most": rule.number, "number": number, "day": short_day(day)}
    return _with_place(rule, text % words)


def too_many_hours(rule: "Rule", left: timedelta, day: date, *, weekly: bool) -> str:
    text = (
        _("Your fleet may book %(hours)s a week; in the week from %(day)s there are %(left)s left.")
        if weekly
        else _("Your fleet may book %(hours)s a day; on %(day)s there are %(left)s left.")
    )
    words = {"hours": duration(rule.length), "left": duration(left), "day": short_day(day)}
    return _with_place(rule, text % words)


def too_long(rule: "Rule") -> str:
    text = _("Your fleet may book at most %(hours)s in one go.")
    return _with_place(rule, text % {"hours": duration(rule.length)})


def too_soon(rule: "Rule") -> str:
    text = _("Your fleet must book at least %(hours)s before the start.")
    return _with_place(rule, text % {"hours": duration(rule.length)})


def outside_window(rule: "Rule") -> str:
    text = _("Your fleet may book only within: %(windows)s.")
    return _with_place(rule, text % {"windows": windows_text(rule.windows)})


def blacked_out(rule: "Rule", zone: ZoneInfo) -> str:
    text = _("Nothing can be booked here: %(when)s.")
    return _with_place(rule, text % {"when": _when(rule, zone)})


# What is left


def left_of_bookings(rule: "Rule", left: int, day: date, *, today: date) -> str:
    """Return how many more bookings a rule allows on a day, such as “3 of 5 left today”."""
    words = {"left": left, "most": rule.number, "day": short_day(day)}
    if rule.kind == "at-a-time":
        text = (
            _("Bookings at the same time: %(left)d of %(most)d left today.")
            if day == today
            else _("Bookings at the same time: %(left)d of %(most)d left on %(day)s.")
        )
    else:
        text = (
            _("Bookings a day: %(left)d of %(most)d left today.")
            if day == today
            else _("Bookings a day: %(left)d of %(most)d left on %(day)s.")
        )
    return _with_place(rule, text % words)


def left_of_hours(rule: "Rule", left: timedelta, day: date, *, today: date, weekly: bool) -> str:
    words = {"left": duration(left), "most": duration(rule.length), "day": short_day(day)}
    if weekly:
        is_this = day <= today < day + timedelta(days=7)
        text = (
            _("Hours a week: %(left)s of %(most)s left this week.")
            if is_this
            else _("Hours a week: %(left)s of %(most)s left in the week from %(day)s.")
        )
    else:
        text = (
            _("Hours a day: %(left)s of %(most)s left today.")
            if day == today
            else _("Hours a day: %(left)s of %(most)s left on %(day)s.")
        )
    return _with_place(rule, text % words)
