"""Months and years, as reports count them."""

from dataclasses import dataclass
from datetime import date, datetime

from django.utils import timezone

from charging.services import last_day_of, month_of
from shell.formats import as_zone, month_name

YEARS = range(2000, 2200)


def add_months(month: date, count: int) -> date:
    years, place = divmod(month.month - 1 + count, 12)
    return date(month.year + years, place + 1, 1)


def this_month(now: datetime | None = None) -> date:
    """Return the month it is on the portal's clock."""
    return month_of((now or timezone.now()).astimezone(as_zone(None)).date())


@dataclass(frozen=True, slots=True)
class Period:
    """A month or a calendar year, by its first day."""

    start: date
    months: int

    @classmethod
    def parse(cls, text: str) -> "Period | None":
        """Read what `key` writes; None for anything else."""
        year, dash, month = text.partition("-")
        if not (year.isascii() and year.isdigit() and len(year) == 4 and int(year) in YEARS):
            return None
        if not dash:
            return cls(date(int(year), 1, 1), 12)
        if not (month.isascii() and month.isdigit() and len(month) == 2 and 1 <= int(month) <= 12):
            return None
        return cls(date(int(year), int(month), 1), 1)

    @property
    def key(self) -> str:
        return f"{self.start:%Y}" if self.is_year else f"{self.start:%Y-%m}"

    @property
    def is_year(self) -> bool:
        return self.months == 12

    @property
    def name(self) -> str:
        return str(self.start.year) if self.is_year else month_name(self.start)

    @property
    def last_month(self) -> date:
        return add_months(self.start, self.months - 1)

    @property
    def end(self) -> date:
        """The last day."""
        return last_day_of(self.last_month)

    @property
    def before(self) -> "Period":
        return Period(add_months(self.start, -self.months), self.months)

    @property
    def after(self) -> "Period":
        return Period(add_months(self.start, self.months), self.months)

    def each_month(self) -> list[date]:
        return [add_months(self.start, number) for number in range(self.months)]

    def has(self, month: date) -> bool:
        return self.start <= month <= self.last_month

    def twelve(self) -> list[date]:
        """Return the twelve months that end with it: those of a year are its own."""
        return [add_months(self.last_month, number - 11) for number in range(12)]
