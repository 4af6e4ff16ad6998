"""What a cell means: days, times, numbers, yes and no, as people of four languages write them."""

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal, InvalidOperation
from enum import StrEnum

from django.utils.translation import gettext as _

from mirror.search import search_key
from spreadsheets.table import Cell, text_of

YEARS = range(2000, 2200)
# Days are counted from here in Excel's files; only such numbers are taken for one.
SERIAL_DAY_ZERO = date(1899, 12, 30)
SERIAL_DAYS = range(36_526, 109_574)
MINUTES_A_DAY = 24 * 60

ISO = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})")
# With dots or dashes the day always comes first; with slashes it depends on the country.
DAY_FIRST = re.compile(r"(\d{1,2})[.\-] ?(\d{1,2})(?:[.\-] ?(\d{4}|\d{2})|\.)?(?![\d.:])")
SLASHES = re.compile(r"(\d{1,2})/(\d{1,2})(?:/(\d{4}|\d{2}))?(?!\d)")
OFFSET = re.compile(r"(?<=\d)\s*(?:z|utc|gmt|([+-])(\d{2}):?([0-5]\d))$", re.IGNORECASE)
WIDEST_OFFSET = timedelta(hours=14)
# “18:00-06:00” is from six to six, unless a machine has written a day and a time.
FROM_TO = re.compile(r"\d{1,2}[:.]?\d{2}\s*-\s*\d{1,2}:?\d{2}")
CLOCK = re.compile(
    r"(\d{1,2})(?:\s*[:.hu]\s*(\d{2}))?(?::\d{2}(?:\.\d+)?)?\s*(?:uhr|uur|heures?|h|u)?\s*"
    r"(a\.?m\.?|p\.?m\.?)?",
    re.IGNORECASE,
)
FOUR_DIGITS = re.compile(r"([01]\d|2[0-4])([0-5]\d)")
WEEKDAY = re.compile(r"^[^\W\d_]{2,10}\.?,?\s+")
NUMBER = re.compile(r"[-+\u2212]?\d[\d.,'’\s]*")
YES = frozenset(["yes", "y", "ja", "j", "oui", "o", "true", "wahr", "vrai", "waar", "1", "x"])
NO = frozenset(["no", "n", "nein", "non", "nee", "false", "falsch", "faux", "onwaar", "0", "-"])


# 24:00, for which there is no time: midnight, which comes after the day and not before it.
END_OF_DAY = time(fold=1)


class NotUnderstood(ValueError):
    """What a cell does not mean anything that is wanted there; `message` says so."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class DayOrder(StrEnum):
    """What the first number of 12/3 is."""

    DAY_FIRST = "day-first"
    MONTH_FIRST = "month-first"


def day_orders(cell: Cell) -> frozenset[DayOrder]:
    """Return how a day with slashes can be read; nothing for whatever needs no order.

    3/3 is the same day either way.
    """
    if not isinstance(cell, str) or ISO.match(_undressed(cell)):
        return frozenset()
    found = SLASHES.match(_undressed(cell))
    if not found or found[1] == found[2]:
        return frozenset()
    first, second = int(found[1]), int(found[2])
    orders = set()
    if second <= 12:
        orders.add(DayOrder.DAY_FIRST)
    if first <= 12:
        orders.add(DayOrder.MONTH_FIRST)
    return frozenset(orders)


def order_of_days(cells: Iterable[Cell]) -> tuple[DayOrder | None, str]:
    """Return in which order a file writes its days, and an example of one that does not tell.

    One day that can be read in one way only tells for all. Where none does, or where they disagree,
    there is no order; without an example none is needed.
    """
    told: set[DayOrder] = set()
    example = ""
    for cell in cells:
        orders = day_orders(cell)
        if len(orders) == 1:
            told |= orders
        elif orders and not example:
            example = text_of(cell)
    if len(told) == 1:
        return told.pop(), ""
    return None, example


def read_moment(
    cell: Cell, *, order: DayOrder | None, today: date
) -> tuple[date | None, time | None]:
    """Return the day and the time that a cell names; either may be missing, not both.

    A day without a year is the next such day. 24:00 begins the day after; where the cell names no
    day it is END_OF_DAY. The time has an offset from UTC where the cell gives one, else it is that
    of the place. Raises NotUnderstood.
    """
    if isinstance(cell, datetime):
        # A day alone is kept with midnight.
        return cell.date(), cell.time() if cell.time() != time() else None
    if isinstance(cell, date):
        return cell, None
    if isinstance(cell, time):
        return None, cell.replace(second=0, microsecond=0, tzinfo=None)
    if isinstance(cell, timedelta):
        return None, _time_of_minutes(round(cell / timedelta(minutes=1)))
    text = _undressed(text_of(cell))
    serial = _serial(text, is_number=not isinstance(cell, str))
    if serial is not None:
        return serial
    day, rest = _leading_day(text, order=order, today=today)
    if day is None:
        try:
            return None, _clock_with_offset(rest.strip())
        except NotUnderstood:
            words = {"text": text[:40]}
            raise NotUnderstood(_("“%(text)s” is no day and no time.") % words) from None
    # A day and a time stand apart by a space or by a T.
    rest = rest.strip().removeprefix("T").removeprefix("t").lstrip(",").strip()
    clock = _clock_with_offset(rest, of_machine=bool(ISO.match(text))) if rest else None
    if clock and is_end_of_day(clock):
        return day + timedelta(days=1), clock.replace(fold=0)
    return day, clock


def is_end_of_day(clock: time) -> bool:
    return clock.replace(tzinfo=None) == END_OF_DAY and clock.fold == END_OF_DAY.fold


def _undressed(text: str) -> str:
    """Return a text without the weekday in front."""
    return WEEKDAY.sub("", " ".join(text.split()), count=1)


def _serial(text: str, *, is_number: bool) -> tuple[date | None, time | None] | None:
    """Return what a bare number of a spreadsheet means: days, with the time as their fraction.

    18 and 0.30 are hours where they are typed; where a cell holds the number, 0.3 of a day.
    """
    if not re.fullmatch(r"\d{1,6}([.,]\d+)?", text):
        return None
    number = Decimal(text.replace(",", "."))
    minutes = int((number % 1 * MINUTES_A_DAY).to_integral_value())
    if int(number) in SERIAL_DAYS:
        moment = datetime.combine(SERIAL_DAY_ZERO, time()) + timedelta(
            days=int(number), minutes=minutes
        )
        return moment.date(), moment.time() if minutes else None
    is_fraction = 0 < number < 1 and (is_number or len(text) > len("0.30"))
    return (None, _time_of_minutes(minutes)) if is_fraction else None


def _leading_day(text: str, *, order: DayOrder | None, today: date) -> tuple[date | None, str]:
    if found := ISO.match(text):
        return _day(int(found[1]), int(found[2]), int(found[3]), text), text[found.end() :]
    if found := SLASHES.match(text):
        orders = day_orders(text)
        read_as = next(iter(orders)) if len(orders) == 1 else order
        first, second = int(found[1]), int(found[2])
        if first != second and orders and read_as is None:
            raise NotUnderstood(_("“%(text)s” can be two days.") % {"text": text[:40]})
        if read_as == DayOrder.MONTH_FIRST:
            first, second = second, first
        return _nearest(found[3], second, first, text, today), text[found.end() :]
    found = DAY_FIRST.match(text)
    # 18.00 is a time; 18.12 may be one, too, but days are written with a dot behind or a year.
    if found and (found[3] or found[0].endswith(".")):
        return _nearest(found[3], int(found[2]), int(found[1]), text, today), text[found.end() :]
    return None, text


def _nearest(year: str | None, month: int, day: int, text: str, today: date) -> date:
    if year:
        return _day(int(year) + (2000 if len(year) == 2 else 0), month, day, text)
    found = _day(today.year, month, day, text)
    return found if found >= today else _day(today.year + 1, month, day, text)


def _day(year: int, month: int, day: int, text: str) -> date:
    try:
        found = date(year, month, day)
    except ValueError:
        raise NotUnderstood(_("There is no day “%(text)s”.") % {"text": text[:40]}) from None
    if found.year not in YEARS:
        raise NotUnderstood(_("Please use a year from 2000 to 2199."))
    return found


def _clock_with_offset(text: str, *, of_machine: bool = False) -> time:
    found = OFFSET.search(text)
    if found is None or (not of_machine and FROM_TO.fullmatch(text)):
        return _clock(text)
    offset = timedelta(hours=int(found[2] or 0), minutes=int(found[3] or 0))
    if offset > WIDEST_OFFSET:
        raise NotUnderstood(_("“%(text)s” is no time.") % {"text": text[:40]})
    zone = timezone(-offset if found[1] == "-" else offset) if offset else UTC
    return _clock(text[: found.start()]).replace(tzinfo=zone)


def _clock(text: str) -> time:
    digits = FOUR_DIGITS.fullmatch(text)
    found = digits or CLOCK.fullmatch(text)
    if found is None:
        raise NotUnderstood(_("“%(text)s” is no time.") % {"text": text[:40]})
    hour, minute = int(found[1]), int(found[2] or 0)
    half = "" if digits else (found[3] or "").lower().replace(".", "")
    if half:
        if not 1 <= hour <= 12:
            raise NotUnderstood(_("“%(text)s” is no time.") % {"text": text[:40]})
        hour = hour % 12 + (12 if half == "pm" else 0)
    if (hour, minute) == (24, 0):
        return END_OF_DAY
    if hour > 23 or minute > 59:
        raise NotUnderstood(_("“%(text)s” is no time.") % {"text": text[:40]})
    return time(hour, minute)


def _time_of_minutes(minutes: int) -> time:
    if minutes == MINUTES_A_DAY:
        return END_OF_DAY
    hour, minute = divmod(minutes % MINUTES_A_DAY, 60)
    return time(hour, minute)


def read_number(cell: Cell, *, whole: bool = False) -> Decimal:
    """Return the number of a cell, whatever its decimal sign and unit. Raises NotUnderstood.

    1.234 is more than a thousand where only whole numbers make sense, and else a little over one.
    """
    if isinstance(cell, bool | date | time | timedelta):
        raise NotUnderstood(_("“%(text)s” is no number.") % {"text": text_of(cell)[:40]})
    if isinstance(cell, int | float | Decimal):
        return Decimal(str(cell))
    text = text_of(cell).strip()
    found = NUMBER.match(text)
    if not found or any(sign.isdigit() for sign in text[found.end() :]):
        raise NotUnderstood(_("“%(text)s” is no number.") % {"text": text[:40]})
    digits = re.sub(r"['’\s]", "", found[0]).replace("\u2212", "-")
    decimal_sign = _decimal_sign(digits, whole=whole)
    plain = "".join(
        "." if sign == decimal_sign else sign
        for sign in digits
        if sign not in ".," or sign == decimal_sign
    )
    try:
        return Decimal(plain.rstrip("."))
    except InvalidOperation:
        raise NotUnderstood(_("“%(text)s” is no number.") % {"text": text[:40]}) from None


def _decimal_sign(digits: str, *, whole: bool) -> str:
    """Return which of point and comma parts whole from fraction: of both, the last one."""
    point, comma = digits.rfind("."), digits.rfind(",")
    if point >= 0 and comma >= 0:
        return "." if point > comma else ","
    sign = "." if point >= 0 else ","
    several = digits.count(sign) > 1
    groups = digits.split(sign)[1:]
    if several or (whole and groups and all(len(group) == 3 for group in groups)):
        return ""
    return sign


def read_yes_no(cell: Cell) -> bool:
    """Return what a cell affirms. Raises NotUnderstood."""
    if isinstance(cell, bool):
        return cell
    word = search_key(text_of(cell))
    if word in YES or word in {"✓", "✔"}:
        return True
    if word in NO:
        return False
    raise NotUnderstood(_("“%(text)s” is neither yes nor no.") % {"text": text_of(cell)[:40]})
