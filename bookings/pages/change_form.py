"""The form by which managers ask for another time or another driver."""

import uuid
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from bookings.models import Booking
from bookings.pages.forms import InstantField, plausible_day
from shell.formats import duration, instant
from shell.wall_clock import WallClockForm, clock_field
from sites.slots.clocks import Clock
from sites.slots.limits import MINUTE, longest_minutes

# Lengths to choose from, in minutes: finer steps for shorter ones. Each goes up to its end.
STEPS = ((15, 4 * 60), (30, 12 * 60), (60, 24 * 60))
LONGEST_KEY = 100
LONGEST_LENGTH = 6


class ChangeForm(WallClockForm):
    """Another time or driver for a booking; day and time are those of the site's clocks.

    A valid form has `start_at` and `end_at` in its cleaned data, in UTC. `start` tells which
    instant is meant within the typed minute, and where the clocks show that twice; it counts for
    nothing else. `wanted` is about when the start is to be, even where it is not clear.
    """

    day = forms.DateField(
        label=_("Day"),
        widget=forms.DateInput(attrs={"type": "date"}),
        error_messages={"required": _("Please pick a day.")},
    )
    time = clock_field(_("Start"), required=_("Please pick a start time."))
    start = InstantField(required=False)
    minutes = forms.IntegerField(
        label=_("Length"),
        min_value=1,
        max_value=100_000,
        widget=forms.Select,
        error_messages={
            "required": _("Please pick a length."),
            "invalid": _("This length is not valid."),
        },
    )
    driver = forms.IntegerField(
        label=_("Driver"),
        min_value=1,
        max_value=2**62,
        error_messages={
            "required": _("Please pick a driver."),
            "invalid": _("Please pick a driver from the list."),
        },
    )
    driver_query = forms.CharField(
        label=_("Find a driver"), max_length=100, required=False, empty_value=""
    )
    submission_key = forms.UUIDField(widget=forms.HiddenInput)
    version = forms.IntegerField(min_value=0, max_value=2**31 - 1, widget=forms.HiddenInput)
    confirmed_overlap = forms.CharField(max_length=LONGEST_KEY, required=False)

    def __init__(self, data: Mapping[str, Any], *, booking: Booking) -> None:
        super().__init__(data, zone=booking.zone)
        self.booking = booking
        self.meanings: list[datetime] = []
        self.wanted: datetime | None = None
        choices = [(minutes, duration(minutes)) for minutes in self._lengths(booking)]
        self.fields["minutes"].widget.choices = choices

    @property
    def start_at(self) -> datetime | None:
        """The start in UTC, or None where what was typed does not tell it."""
        start_at: datetime | None = self.cleaned_data.get("start_at")
        return start_at

    @property
    def names_no_time(self) -> bool:
        return self.wanted is not None and not self.meanings

    def clean_day(self) -> date:
        return plausible_day(self.cleaned_data["day"])

    def clean(self) -> dict[str, Any]:
        """Find the instants that day and time mean at the site."""
        data = super().clean() or {}
        day, clock, start = data.get("day"), data.get("time"), data.get("start")
        if day is None or clock is None:
            return data
        self.meanings = [
            start if start and _to_the_minute(start) == each else each
            for each in self.instants("time", day, clock)
        ]
        self.wanted = datetime.combine(day, clock, self.zone).astimezone(UTC)
        if start in self.meanings or len(self.meanings) == 1:
            data["start_at"] = start if start in self.meanings else self.meanings[0]
            if data.get("minutes"):
                data |= self._times(data["start_at"], timedelta(minutes=data["minutes"]))
        elif self.meanings:
            text = gettext(
                "The clocks go back on this day, so %(time)s comes twice. Please say which of the"
                " two you mean."
            )
            self.add_error("time", text % {"time": f"{clock:%H:%M}"})
        return data

    def _times(self, start_at: datetime, length: timedelta) -> dict[str, datetime]:
        """Return start and end; those of the booking where neither is another, to the second.

        Outside this portal a booking may begin and end at any moment.
        """
        booking = self.booking
        same_start = start_at == booking.start_at.replace(microsecond=0)
        if same_start and length == booking.duration // MINUTE * MINUTE:
            return {"start_at": booking.start_at, "end_at": booking.end_at}
        return {"start_at": start_at, "end_at": start_at + length}

    def both_meanings(self) -> list[tuple[datetime, str]]:
        """Return the instants of a time that the clocks show twice, told apart; else nothing."""
        if len(self.meanings) < 2:
            return []
        texts = (gettext("The first %(time)s"), gettext("The second %(time)s"))
        clock = Clock(self.zone)
        return [
            (at, text % {"time": clock.text(at)})
            for at, text in zip(self.meanings, texts, strict=True)
        ]

    def _lengths(self, booking: Booking) -> list[int]:
        lengths = {booking.duration // MINUTE}
        begin = 0
        for step, end in STEPS:
            lengths |= set(range(begin + step, min(end, longest_minutes()) + 1, step))
            begin = end
        chosen = str(self.data.get("minutes", ""))
        if chosen.isascii() and chosen.isdecimal() and len(chosen) <= LONGEST_LENGTH:
            lengths.add(int(chosen))
        return sorted(lengths)


def _to_the_minute(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)


def typed_change(booking: Booking, given: Mapping[str, str], *, sent: bool) -> dict[str, str]:
    """Return what the form holds: what was sent, or the booking as it is with what a link says.

    A start that was picked as an instant sets day and time. A link may say `start` (an instant),
    `minutes` and `driver`.
    """
    typed = dict(given.items())
    if not sent:
        facts = {
            "minutes": str(booking.duration // MINUTE),
            "driver": str(booking.driver_id),
            "submission_key": str(uuid.uuid4()),
            "version": str(booking.version),
        }
        typed = facts | times_of(booking, booking.start_at) | typed
    picked = typed.get("pick", "") if sent else typed.get("start", "")
    try:
        start_at = InstantField(required=False).clean(picked)
    except forms.ValidationError:
        start_at = None
    return typed | times_of(booking, start_at) if start_at else typed


def times_of(booking: Booking, start_at: datetime) -> dict[str, str]:
    """Return a start as the form holds it: on the site's clocks, and as an instant."""
    local = start_at.astimezone(booking.zone)
    return {
        "day": f"{local:%Y-%m-%d}",
        "time": f"{local:%H:%M}",
        "start": instant(start_at),
    }
