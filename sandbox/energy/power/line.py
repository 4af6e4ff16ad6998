"""What a network may draw, and what its energy costs, by the clock of its site.

All change at quarters of an hour only.
"""

import math
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sandbox.energy.cast import NEW_YORK, Site

QUARTER = timedelta(minutes=15)
NIGHT = (22, 6)
RESPONSE = (18, 20)
PEAK = (14, 20)
ZONE = ZoneInfo(NEW_YORK)


def _hour(at: datetime) -> float:
    local = at.astimezone(ZONE)
    return local.hour + local.minute // 15 / 4


def _is_night(at: datetime) -> bool:
    return not NIGHT[1] <= _hour(at) < NIGHT[0]


def capacity_kw(site: Site, at: datetime) -> float:
    return site.night_kw if _is_night(at) else site.max_kw


def baseload_kw(site: Site, at: datetime) -> float:
    """Return what the building takes: most in the early afternoon."""
    least, most = site.baseload_kw
    swing = 0.5 - 0.5 * math.cos((_hour(at) - 2) / 24 * 2 * math.pi)
    return round(least + (most - least) * swing, 2)


def response_kw(site: Site, at: datetime) -> float:
    """Return what the utility asks to do without."""
    return site.response_kw if RESPONSE[0] <= _hour(at) < RESPONSE[1] else 0.0


def solar_kw(site: Site, at: datetime) -> float:  # noqa: ARG001
    """Return what the roof gives, which no network counts."""
    return round(max(0.0, 40 * math.sin((_hour(at) - 6) / 12 * math.pi)), 2)


def price(site: Site, at: datetime) -> float:
    night, day, peak = site.prices
    if _is_night(at):
        return night
    return peak if PEAK[0] <= _hour(at) < PEAK[1] else day


def usable_kw(site: Site, at: datetime) -> float:
    """Return what is left for vehicles."""
    given = capacity_kw(site, at) * (1 - site.buffer)
    return max(0.0, given - baseload_kw(site, at) - response_kw(site, at))
