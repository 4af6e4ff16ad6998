"""The form by which managers type a slot: charger, from, to."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from boards.day.reading import KnownTimes, holds
from bookings.models import Booking
from shell.wall_clock import WallClockForm, clock_field
from sites.models import Evse
from sites.periods import Period, clip, covers, local_day, subtract
from sites.slots import rules
from sites.slots.clocks import ONE_DAY, Clock
from sites.slots.picker.bars import free_text
from vehicles.choices import parted

CLOCK_ERRORS = {
    "required": _("Please give a time."),
    "invalid": _("This time is not valid."),
}


class TypedSlotForm(WallClockForm):
    """A period at a charger, by the clocks of the site on a day.

    A time that the clocks show twice means the first or the second, as `twice` says, which is asked
    for on that day and the one before. What ends earlier than it begins ends on the next day. A
    valid form has `start_at` and `end_at` in its cleaned data, in UTC.
    """

    evse = forms.TypedChoiceField(
        label=_("Charger"),
        coerce=int,
        error_messages={
            "required": _("Please pick a charger."),
            "invalid_choice": _("This charger cannot be booked here. Please pick another one."),
        },
    )
    begin = clock_field(pgettext_lazy("time of day", "From"), **CLOCK_ERRORS)
    end = clock_field(pgettext_lazy("time of day", "To"), **CLOCK_ERRORS)
    twice = forms.ChoiceField(
        label=_("If a time comes twice that day, use"),
        choices=[("first", _("The first")), ("second", _("The second"))],
        required=False,
    )

    def __init__(
        self,
        data: Mapping[str, Any] | None,
        *,
        evses: Sequence[Evse],
        day: date,
        zone: ZoneInfo,
        now: datetime,
        misfits: Mapping[int, str],
    ) -> None:
        super().__init__(data, auto_id="typed-%s", zone=zone)
        self.evses, self.day, self.now = evses, day, now
        self.offered = tuple((str(evse.pk), evse.name, misfits.get(evse.pk, "")) for evse in evses)
        self.fields["evse"].choices = parted(self.offered)  # type: ignore[attr-defined]
        self.fields["end"].help_text = _("A time earlier than the start means the next day.")
        if all(local_day(each, zone).length <= ONE_DAY for each in (day, day + ONE_DAY)):
            del self.fields["twice"]

    @property
    def chosen(self) -> Evse:
        return next(evse for evse in self.evses if evse.pk == self.cleaned_data["evse"])

    def clean(self) -> dict[str, Any]:
        """Find the instants that the times mean, and hold them against the rules."""
        data = super().clean() or {}
        begin, end = data.get("begin"), data.get("end")
        if begin is None or end is None:
            return data
        start_at = self._instant("begin", self.day, begin)
        end_at = self._instant("end", self.day if end >= begin else self.day + ONE_DAY, end)
        if start_at is None or end_at is None:
            return data
        data["start_at"], data["end_at"] = start_at, end_at
        times = rules.Times(start_at, end_at, self.now)
        on_begin = rules.starts_on_quarter_hour(times) or rules.leaves_notice(times)
        on_end = (
            rules.ends_after_start(times)
            or rules.ends_on_quarter_hour(times)
            or rules.not_too_long(times)
            or rules.long_enough(times)
            or rules.within_horizon(times)
        )
        for name, problem in (("begin", on_begin), ("end", on_end)):
            if problem:
                self.add_error(name, problem)
        return data

    def _instant(self, name: str, day: date, clock: time) -> datetime | None:
        meanings = self.instants(name, day, clock)
        which = self.cleaned_data.get("twice")
        if len(meanings) > 1 and not which:
            text = gettext(
                "The clocks go back on this day, so %(time)s comes twice. Please say which of the"
                " two you mean."
            )
            self.add_error(name, text % {"time": f"{clock:%H:%M}"})
            return None
        if not meanings:
            return None
        return meanings[-1 if which == "second" else 0]

    def check_free(self, known: KnownTimes, bookings: Sequence[Booking]) -> None:
        """Say so if the charger is known not to be free for the whole time; for a valid form."""
        evse = self.chosen
        wanted = Period(self.cleaned_data["start_at"], self.cleaned_data["end_at"])
        if not known.covers(wanted):
            return
        taken = [each.period for each in bookings if each.evse_id == evse.pk and holds(each)]
        free = subtract(known.of(evse), taken)
        if covers(free, wanted):
            return
        clock, today = Clock(self.zone), local_day(self.day, self.zone)
        ahead = clip([today], known.windows[0])
        rest = ahead[0] if ahead else today
        text = gettext("%(charger)s is not free from %(from)s to %(to)s. On this day: %(free)s.")
        words = {
            "charger": evse.name,
            "from": clock.text(wanted.start_at),
            "to": clock.end_text(wanted),
            "free": free_text(clip(free, rest), within=rest, clock=clock),
        }
        self.add_error("begin", text % words)
