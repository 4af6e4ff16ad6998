"""Periods and days in words, as the clocks of a site or of the viewer show them."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.translation import ngettext, pgettext

from shell.formats import abbreviation, duration, happens_twice, zone_label
from shell.kept import kept_by_language
from sites.periods import Period, local_day

ONE_DAY = timedelta(days=1)
MOST_KEPT = 512


class Clock:
    """Writes instants as the clocks of one zone show them; each text is made only once."""

    def __init__(self, zone: ZoneInfo) -> None:
        self.zone = zone
        self._locals: dict[datetime, datetime] = {}
        self._texts: dict[datetime, str] = {}

    def local(self, at: datetime) -> datetime:
        if at not in self._locals:
            self._locals[at] = at.astimezone(self.zone)
        return self._locals[at]

    def text(self, at: datetime) -> str:
        """Return the time as “18:00”, with the zone's letters where the clock shows it twice."""
        if at not in self._texts:
            local = self.local(at)
            twice = happens_twice(local)
            self._texts[at] = f"{local:%H:%M} {abbreviation(local)}" if twice else f"{local:%H:%M}"
        return self._texts[at]

    def end_text(self, period: Period) -> str:
        """Return when a period ends, and whether that is on a later day: “06:00 +1 day”."""
        text = self.text(period.end_at)
        days = (self.local(period.end_at).date() - self.local(period.start_at).date()).days
        if not days:
            return text
        later = ngettext("+%(days)d day", "+%(days)d days", days) % {"days": days}
        return f"{text} {later}"

    def zone_text(self, at: datetime) -> str:
        """Return what the zone is called at an instant: “New York time (EST, UTC−5)”."""
        return zone_label(self.zone, at)

    def differs(self, other: "Clock", at: datetime) -> bool:
        return self.local(at).utcoffset() != other.local(at).utcoffset()


def viewer_clock(viewer: ZoneInfo | None, *, zone: ZoneInfo) -> Clock | None:
    return Clock(viewer) if viewer and viewer.key != zone.key else None


@kept_by_language(MOST_KEPT)
def day_text(day: date) -> str:
    """Return a day as “Monday 2 March”."""
    # Translators: Django's date format of a day without its year.
    return date_format(day, pgettext("format", "l j F"))


@kept_by_language(MOST_KEPT)
def short_day(day: date) -> str:
    """Return a day as “Mon 2 Mar”."""
    # Translators: Django's date format of a day, short and without its year.
    return date_format(day, pgettext("format", "D j M"))


@kept_by_language(MOST_KEPT)
def weekday(day: date) -> str:
    return date_format(day, "D")


def clock_change_text(day: date, *, zone: ZoneInfo) -> str:
    """Return a warning for a day on which the clocks change; else nothing."""
    change = ONE_DAY - local_day(day, zone).length
    if not change:
        return ""
    # Translators: %(by)s is a length of time such as “1 h”.
    if change > timedelta(0):
        text = pgettext("clock change", "Clocks go forward by %(by)s on this day.")
    else:
        text = pgettext("clock change", "Clocks go back by %(by)s on this day.")
    return text % {"by": duration(abs(change))}
