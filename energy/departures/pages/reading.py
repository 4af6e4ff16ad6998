"""What the pages show of departures: the words, and whether Ampcontrol knows."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from ampcontrol.switches import Switch
from energy.departures.routes import CHANGED_THERE
from energy.departures.switched import is_switched_on
from energy.departures.telling import HIGHEST
from energy.departures.weekly import zone_of
from energy.models import Departure, PassedOn, Session, Telling
from energy.selectors.departures import coming
from energy.selectors.walls import remote_ids_of, sessions_of
from shell.formats import in_zone, instant, km, kwh
from vehicles.models import Vehicle

MOST_SHOWN = 30
# For so long a page says what became of what somebody told Ampcontrol.
TOLD_LATELY = timedelta(hours=12)
Problem = PassedOn.Problem


@dataclass(frozen=True, slots=True)
class Passing:
    """Whether Ampcontrol knows a vehicle's next departure, in a sentence."""

    text: str
    is_good: bool = False
    warns: bool = False
    # When somebody else's departure is, which may be replaced by ours.
    anothers_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Departures:
    """What a vehicle's pages show of its departures."""

    vehicle: Vehicle
    zone: ZoneInfo
    zone_is_default: bool
    rows: list[Departure]
    passing: Passing | None
    session: Session | None
    tellings: list[Telling]
    tells_states_of_charge: bool
    tells_priorities: bool

    @property
    def is_first(self) -> bool:
        return self.session is not None and self.session.priority == HIGHEST


def read_departures(vehicle: Vehicle, *, most: int = MOST_SHOWN) -> Departures:
    """Return a vehicle's coming departures and what became of them, in six queries at most."""
    now = timezone.now()
    rows = coming(now).filter(vehicle=vehicle).select_related("changed_by", "created_by")
    found = list(rows.order_by("leaves_at", "pk")[:most])
    remote_id = remote_ids_of(vehicle.fleet, [vehicle.pk]).get(vehicle.pk)
    told = Telling.objects.filter(vehicle=vehicle, created_at__gt=now - TOLD_LATELY)
    session = None
    if remote_id is not None:
        running = sessions_of(vehicle.fleet).filter(vehicle_remote_id=remote_id, active=True)
        session = running.filter(retired_at=None).order_by("-started_at").first()
    return Departures(
        vehicle=vehicle,
        zone=zone_of(vehicle),
        zone_is_default=vehicle.home_site is None,
        rows=found,
        passing=_passing(vehicle, found, remote_id),
        session=session,
        tellings=list(told.order_by("-pk")[:3]),
        tells_states_of_charge=is_switched_on(Switch.STATES_OF_CHARGE),
        tells_priorities=is_switched_on(Switch.PRIORITIES),
    )


def needs_text(row: Departure) -> str:
    """Return what a departure asks for, such as “80 %, 120 km”; "" for nothing."""
    parts = []
    if row.target_percent:
        parts.append(f"{row.target_percent} %")
    if row.distance_km is not None:
        parts.append(km(float(row.distance_km)))
    if row.energy_kwh is not None:
        parts.append(kwh(row.energy_kwh))
    return ", ".join(parts)


def route_text(row: Departure) -> str:
    """Return whether a departure of ours is a route in Ampcontrol, in a few words; "" if not."""
    if row.source == Departure.Source.ROUTE or not is_switched_on(Switch.ROUTES):
        return ""
    if row.problem == Problem.REFUSED:
        return _("Ampcontrol refused it as a route.")
    if row.problem == CHANGED_THERE:
        return _(
            "Its route was changed or deleted in Ampcontrol; within a quarter of an hour it is set"
            " again."
        )
    if row.problem:
        return _("Not a route in Ampcontrol yet: it does not answer.")
    if not row.sent:
        return ""
    if row.returns_at is None:
        return _("A route in Ampcontrol; its return is assumed after 8 h.")
    return _("A route in Ampcontrol.")


def telling_text(row: Telling) -> str:
    """Return what somebody told Ampcontrol, and what became of it."""
    if row.kind == Telling.Kind.STATE_OF_CHARGE:
        figure = number_format(row.facts["percent"])
        what = _("State of charge of %(percent)s %%") % {"percent": figure}
    elif row.kind == Telling.Kind.PRIORITY:
        is_first = row.facts["priority"] == HIGHEST
        what = _("“Charge this one first”") if is_first else _("“Charge this one as usual”")
    else:
        what = row.get_kind_display()
    return f"{what}: {row.get_state_display()}."


def _passing(vehicle: Vehicle, rows: list[Departure], remote_id: str | None) -> Passing | None:
    """Return what is to be said of the next departure; None where there is none, or no problem."""
    row = PassedOn.objects.filter(remote_id=remote_id).first() if remote_id else None
    following = rows[0] if rows else None
    if following is None:
        return None
    if remote_id is None:
        return Passing(_("Not passed on: Ampcontrol does not know this vehicle."))
    if following.source == Departure.Source.ROUTE:
        return Passing(_("Ampcontrol knows it by its route."), is_good=True)
    if not is_switched_on(Switch.DEPARTURES):
        return Passing(_("Not passed on to Ampcontrol: this is switched off."))
    if row is not None and row.problem:
        return _trouble(row, zone_of(vehicle))
    if row is not None and row.held.get("departs_at") == instant(following.leaves_at):
        at = {"at": in_zone(row.held_at, zone_of(vehicle))}
        return Passing(_("Passed on to Ampcontrol, %(at)s.") % at, is_good=True)
    return Passing(_("It is being passed on to Ampcontrol."))


def _trouble(row: PassedOn, zone: ZoneInfo) -> Passing:
    again = {"at": in_zone(row.next_attempt_at or timezone.now(), zone)}
    match row.problem:
        case Problem.ANOTHERS:
            text = _("Not passed on: Ampcontrol has another departure, %(at)s, set by others.")
            at = {"at": in_zone(row.anothers_at, zone)}
            return Passing(text % at, warns=True, anothers_at=row.anothers_at)
        case Problem.REFUSED:
            text = _("Not passed on: Ampcontrol refused this departure. Tried again %(at)s.")
        case Problem.UNKNOWN_THERE:
            text = _("Not passed on: Ampcontrol no longer knows the vehicle. Tried again %(at)s.")
        case _:
            text = _("Not passed on yet: Ampcontrol does not answer. Tried again %(at)s.")
    return Passing(text % again, warns=True)
