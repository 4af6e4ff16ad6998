"""What a time typed by a person means: the instants at which a site's clocks show it."""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, available_timezones

from django import forms
from django.utils.translation import gettext
from tzlocal.windows_tz import win_tz

from shell.plain_text import OneLines

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

MINUTE = timedelta(minutes=1)
# What IANA calls countries by; other names without a slash, such as “EST5EDT”, are no place's.
COUNTRIES = frozenset(
    "Cuba Egypt Eire GB GB-Eire Hongkong Iceland Iran Israel Jamaica Japan Kwajalein Libya NZ"  # noqa: SIM905
    " NZ-CHAT Navajo PRC Poland Portugal ROC ROK Singapore Turkey W-SU".split()
)


@lru_cache(maxsize=1024)
def zone_of_place(name: str) -> ZoneInfo | None:
    """Return the zone of a place's clocks by IANA's name for it, or by Windows' (see CLDR).

    None for what is unknown, and for zones of no place, such as “Etc/GMT+1” or “UTC”.
    """
    spelled = " ".join(name.split()).casefold()
    windows = _windows_zones().get(spelled, "")
    key = _zones_of_places().get((windows or spelled).replace(" ", "_"))
    return ZoneInfo(key) if key else None


@cache
def _zones_of_places() -> dict[str, str]:
    return {
        key.casefold(): key
        for key in available_timezones()
        if key in COUNTRIES or ("/" in key and not key.startswith(("Etc/", "SystemV/")))
    }


@cache
def _windows_zones() -> dict[str, str]:
    return {name.casefold(): key.casefold() for name, key in win_tz.items()}


def instants_of(day: date, clock: time, zone: ZoneInfo) -> list[datetime]:
    """Return the instants, in UTC, at which the clocks of a zone show a time on a day.

    One as a rule; none where the clocks skip that time, two where they are put back over it.
    """
    found = []
    for fold in (0, 1):
        local = datetime.combine(day, clock.replace(fold=fold), zone)
        instant = local.astimezone(UTC)
        shown = instant.astimezone(zone)
        if shown.replace(tzinfo=None) == local.replace(tzinfo=None) and instant not in found:
            found.append(instant)
    return found


def instants_from(day: date, clock: time, zone: ZoneInfo) -> list[datetime]:
    """Return the instants of a time as `instants_of`; where the clocks skip it, of the time that
    they go on to, be it on the next day.
    """
    local = datetime.combine(day, clock)
    while not (found := instants_of(local.date(), local.time(), zone)):
        local += MINUTE
    return found


def skipped_times(day: date, clock: time, zone: ZoneInfo) -> tuple[time, time]:
    """Return from which time straight to which one the clocks go where they skip a time."""
    local = datetime.combine(day, clock.replace(second=0, microsecond=0))
    first, last = local, local
    while not instants_of(first.date(), first.time(), zone):
        first -= MINUTE
    while not instants_of(last.date(), last.time(), zone):
        last += MINUTE
    return (first + MINUTE).time(), last.time()


def no_such_time(day: date, clock: time, zone: ZoneInfo) -> str:
    """Return the sentence about a time that the clocks skip on a day."""
    since, until = skipped_times(day, clock, zone)
    text = gettext(
        "There is no %(time)s on this day: the clocks go from %(since)s straight to"
        " %(until)s. Please pick another time."
    )
    words = {"time": clock, "since": since, "until": until}
    return text % {key: f"{at:%H:%M}" for key, at in words.items()}


def clock_field(label: "_StrPromise", **error_messages: "_StrPromise") -> forms.TimeField:
    return forms.TimeField(
        label=label,
        widget=forms.TimeInput(attrs={"type": "time", "step": "900"}),
        error_messages=error_messages,
    )


class WallClockForm(OneLines, forms.Form):
    """A form of which the times are those that the clocks of a `zone` show."""

    def __init__(self, *args: Any, zone: ZoneInfo, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.zone = zone

    def instants(self, name: str, day: date, clock: time) -> list[datetime]:
        """Return what a typed time can mean; say beside the field if the clocks skip it."""
        meanings = instants_of(day, clock, self.zone)
        if not meanings:
            self.add_error(name, no_such_time(day, clock, self.zone))
        return meanings
