"""What is known of a vehicle now, as a panel of several pages that keeps up by itself."""

import hashlib
from collections.abc import Container, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from drivers.models import Fleet
from drivers.permissions import private_partners
from energy.models.states import Source
from energy.pages.plan import reach_text
from energy.selectors.vehicles import Charging, VehicleFacts, vehicle_facts
from energy.wording import charge_text, percent
from shell.formats import age_text, as_zone, in_zone, kw, kwh, zone_label
from sites.models import Location
from sites.selectors import visible_locations
from vehicles.models import Vehicle

# What is known is read once a minute.
LOOK_EVERY = "30s"


@dataclass(frozen=True, slots=True)
class Panel:
    """What a panel says. `share` is what is in the battery, for the bar: from 0 to 100 or None."""

    vehicle: Vehicle
    charge: str
    share: int | None
    charge_is_old: bool
    plug: str
    is_plugged_in: bool | None
    where: str
    site: Location | None
    departure: str
    charging: Sequence[str]
    warning: str
    zone: str


def panel_html(
    fleet: Fleet, vehicle: Vehicle, *, zone: ZoneInfo | None, now: datetime | None = None
) -> tuple[SafeString, str]:
    """Return the panel and a word for what it says; "" where nothing is known of the vehicle."""
    now = now or timezone.now()
    panel = read_panel(fleet, vehicle, zone=zone, now=now)
    if panel is None:
        return SafeString(), ""
    content = render_to_string("energy/_vehicle_now_content.html", {"panel": panel})
    seen = hashlib.sha256(content.encode()).hexdigest()[:12]
    context = {
        "vehicle": vehicle,
        "content": mark_safe(content),  # noqa: S308 - a template wrote it
        "seen": seen,
        "look_every": LOOK_EVERY,
    }
    return render_to_string("energy/_vehicle_now.html", context), seen


def read_panel(
    fleet: Fleet, vehicle: Vehicle, *, zone: ZoneInfo | None, now: datetime
) -> Panel | None:
    """Return what is known of a vehicle; None for one that is retired, or that nobody told of."""
    if vehicle.is_retired:
        return None
    facts = vehicle_facts([vehicle], now=now)[vehicle.pk]
    state = facts.state_of_charge
    if not facts.is_linked and state.percent is None:
        return None
    at_charger = facts.charging.evse if facts.charging else None
    home = at_charger.charge_point.location if at_charger else vehicle.home_site
    clock = home.zone if home else as_zone(zone)
    site = _site_to_name(fleet, facts, {vehicle.home_site_id, home.pk if home else None})
    return Panel(
        vehicle=vehicle,
        charge=charge_text(state.percent, source_text(state.source), state.at, now),
        share=None if state.percent is None else min(max(round(state.percent), 0), 100),
        charge_is_old=state.percent is not None and not state.is_known,
        plug=_plug_text(facts, now),
        is_plugged_in=facts.plugged_in,
        where=_where_text(facts, now, is_named=site is not None),
        site=site,
        departure=_departure_text(facts, clock),
        charging=[
            *charging_texts(facts.charging, clock, now=now),
            *filter(None, [reach_text(vehicle, facts, now=now)]),
        ],
        warning=_warning(facts),
        zone=zone_label(clock, now),
    )


def source_text(source: str) -> str:
    return str(Source(source).label) if source in Source.values else ""


def plug_words(facts: VehicleFacts) -> str:
    """Return whether a vehicle is plugged in, and charges, in a few words."""
    if facts.charging is not None and facts.charging.kw:
        return _("charging, %(power)s") % {"power": kw(facts.charging.kw)}
    if facts.plugged_in is None:
        return _("plugged in") if facts.charging is not None else _("unknown")
    return _("plugged in") if facts.plugged_in else _("not plugged in")


def charging_texts(charging: Charging | None, zone: ZoneInfo, *, now: datetime) -> list[str]:
    """Return what a session gives now and when it should end; nothing where there is none."""
    if charging is None:
        return []
    power = _("%(power)s now") % {"power": kw(charging.kw)} if charging.kw is not None else ""
    energy = ""
    if charging.kwh is not None:
        energy = _("%(energy)s so far") % {"energy": kwh(charging.kwh)}
    if not charging.is_known:
        age = age_text(charging.session.read_at, now)
        so_far = " · ".join(filter(None, [energy or _("how much is not known"), age]))
        return [*filter(None, [power]), so_far, _("Too old to be counted on.")]
    told = [" · ".join(filter(None, [power, energy])) or _("how much is not known")]
    if charging.expected_end_at is None:
        told.append(_("The operator’s plan names no end."))
    else:
        text = _("By the operator’s plan it should end at %(end)s at the earliest.")
        told.append(text % {"end": in_zone(charging.expected_end_at, zone)})
    return told


def _plug_text(facts: VehicleFacts, now: datetime) -> str:
    parts = [plug_words(facts)]
    evse = facts.charging.evse if facts.charging else None
    if evse is not None:
        parts[0] = _("%(state)s at %(charger)s, %(site)s") % {
            "state": parts[0],
            "charger": evse.name,
            "site": evse.charge_point.location.name,
        }
    if facts.plugged_in is not None:
        parts.append(age_text(facts.plugged_in_at, now))
    return " · ".join(filter(None, parts))


def _site_to_name(
    fleet: Fleet, facts: VehicleFacts, known: Container[int | None]
) -> Location | None:
    """Return the site where a vehicle is, if the fleet may know of it, or does already."""
    site = facts.whereabouts.site if facts.whereabouts else None
    if site is None or site.pk in known:
        return site
    visible = visible_locations(partner_ids=private_partners(fleet))
    return site if visible.filter(pk=site.pk).exists() else None


def _where_text(facts: VehicleFacts, now: datetime, *, is_named: bool) -> str:
    if facts.whereabouts is None:
        return _("unknown")
    age = age_text(facts.whereabouts.at, now)
    return age if is_named else _("at none of your sites · %(age)s") % {"age": age}


def _departure_text(facts: VehicleFacts, zone: ZoneInfo) -> str:
    departure = facts.next_departure
    if departure is None:
        return ""
    target = departure.target_percent
    parts = [
        in_zone(departure.leaves_at, zone),
        _("target %(share)s") % {"share": percent(target)} if target else _("no target"),
        departure.get_source_display(),
    ]
    return " · ".join(parts)


def _warning(facts: VehicleFacts) -> str:
    """Return in a sentence that the plan is not done by the next departure, if it is not."""
    end = facts.charging.expected_end_at if facts.charging else None
    if facts.next_departure is None or end is None or end <= facts.next_departure.leaves_at:
        return ""
    return _("By the operator’s plan it would still be charging when it leaves.")
