"""What a departure asks of a booking that it does not give: said where the booking is shown.

Bookings are above this room: what is asked of them comes as plain values.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from energy.departures.asking import battery_of, trip_of
from energy.departures.weekly import zone_of
from energy.models import Departure, VehicleNow
from energy.need import Assumed, Charger, Figure, needed, reached
from shell.formats import in_zone, time_in_zone
from vehicles.models import Vehicle

# What leaves later than that after a booking charges elsewhere before.
SOON_AFTER = timedelta(hours=24)
# What was told longer ago is not known any more.
FRESH = timedelta(hours=2)
# Below that, nobody is to be alarmed.
TOLERANCE = 1.0
ASSUMPTIONS = {
    Assumed.START: gettext_lazy("20 % in its battery at the start"),
    Assumed.RESERVE: gettext_lazy("a reserve of 10 %"),
    Assumed.VEHICLE_POWER: gettext_lazy("that it takes what the charger gives"),
    Assumed.CHARGER_POWER: gettext_lazy("that the charger gives what it takes"),
}


@dataclass(frozen=True, slots=True)
class Stay:
    """A vehicle at a charger: what a booking is to this room.

    `next_start_at` is when the same vehicle's next booking starts, `booked_at` when this was made.
    """

    key: int
    vehicle: Vehicle
    start_at: datetime
    end_at: datetime
    charger: Charger | None
    booked_at: datetime
    next_start_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Drift:
    """What is wrong with a booking for its vehicle's departure, in sentences."""

    departure: Departure
    problems: tuple[str, ...]
    # That it was not so when it was booked.
    change: str = ""

    @property
    def text(self) -> str:
        return " ".join([*self.problems, *([self.change] if self.change else [])])


def drifts(stays: Iterable[Stay], *, now: datetime | None = None) -> dict[int, Drift]:
    """Return what is wrong with stays, by their keys; in two queries for any number."""
    now = now or timezone.now()
    stays = [each for each in stays if each.end_at > now]
    if not stays:
        return {}
    vehicles = {each.vehicle.pk for each in stays}
    last = max(each.end_at for each in stays) + SOON_AFTER
    departures: dict[int, list[Departure]] = {pk: [] for pk in vehicles}
    for row in Departure.objects.filter(
        vehicle__in=vehicles, leaves_at__gt=now, leaves_at__lte=last, cancelled_at=None
    ).order_by("leaves_at", "pk"):
        departures[row.vehicle_id].append(row)
    asked = [pk for pk, rows in departures.items() if rows]
    states = {row.vehicle_id: row for row in VehicleNow.objects.filter(vehicle__in=asked)}
    found = (
        (each.key, _drift(each, departures[each.vehicle.pk], states, now=now)) for each in stays
    )
    return {key: drift for key, drift in found if drift}


def _drift(
    stay: Stay, departures: list[Departure], states: Mapping[int, VehicleNow], *, now: datetime
) -> Drift | None:
    ends_before = stay.next_start_at or stay.end_at + SOON_AFTER
    leaving = next((row for row in departures if row.leaves_at > stay.start_at), None)
    if leaving is None or leaving.leaves_at > max(stay.end_at, ends_before):
        return None
    problems = []
    zone = zone_of(stay.vehicle)
    if leaving.leaves_at < stay.end_at:
        problems.append(_leaves_early(leaving, zone))
    if stay.charger is not None:
        goes_before = any(now < row.leaves_at <= stay.start_at for row in departures)
        start = None if goes_before else _known(states.get(stay.vehicle.pk), now=now)
        problems += _lacks(stay, stay.charger, leaving, start=start, now=now)
    if not problems:
        return None
    return Drift(leaving, tuple(problems), change=_change(leaving, stay, zone))


def _leaves_early(leaving: Departure, zone: ZoneInfo) -> str:
    text = _("The vehicle leaves at %(leaves)s, before this booking ends.")
    return text % {"leaves": in_zone(leaving.leaves_at, zone)}


def _lacks(
    stay: Stay, charger: Charger, leaving: Departure, *, start: float | None, now: datetime
) -> list[str]:
    battery = battery_of(stay.vehicle)
    need = needed(battery, trip_of(leaving))
    if need is None or battery.kwh is None:
        return []
    begins = max(stay.start_at, now)
    hours = (min(stay.end_at, leaving.leaves_at) - begins) / timedelta(hours=1)
    reach = reached(battery, charger, start=start, hours=hours)
    if reach.percent >= need.percent - TOLERANCE:
        return []
    if need.percent > 100:
        text = _("The trip needs more than a full battery: %(need)s.")
        return [" ".join([text % {"need": _percent(need.percent)}, *_assumed(need)])]
    text = _("It should reach %(reach)s by then, and needs %(need)s.")
    words = {"reach": _percent(reach.percent), "need": _percent(need.percent)}
    return [" ".join([text % words, *_assumed(reach, need)])]


def _assumed(*figures: Figure) -> list[str]:
    named = [str(ASSUMPTIONS[each]) for figure in figures for each in figure.assumed]
    if not named:
        return []
    return [_("Assumed: %(what)s.") % {"what": ", ".join(dict.fromkeys(named))}]


def _change(leaving: Departure, stay: Stay, zone: ZoneInfo) -> str:
    if leaving.changed_at is None or leaving.changed_at <= stay.booked_at:
        if leaving.created_at > stay.booked_at:
            return _("The departure was set after this was booked.")
        return ""
    was = leaving.changed_from.get("leaves_at")
    if leaving.source == Departure.Source.ROUTE:
        text = _("Its route was changed after this was booked.")
    else:
        text = _("The departure was changed after this was booked.")
    if was and (before := datetime.fromisoformat(was)) != leaving.leaves_at:
        same_day = before.astimezone(zone).date() == leaving.leaves_at.astimezone(zone).date()
        written = time_in_zone(before, zone) if same_day else in_zone(before, zone)
        text = f"{text} " + _("It was to leave at %(before)s.") % {"before": written}
    return text


def _known(state: VehicleNow | None, *, now: datetime) -> float | None:
    """Return what is in a battery, as far as that was told lately."""
    if state is None or state.state_of_charge is None or state.state_of_charge_at is None:
        return None
    return float(state.state_of_charge) if now - state.state_of_charge_at <= FRESH else None


def _percent(figure: float) -> str:
    return f"{number_format(round(figure), decimal_pos=0)} %"
