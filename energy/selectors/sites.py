"""What smart charging knows of a site."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from energy.models import Network
from energy.selectors.lines import Course, Drawn, drawn_now, network_at, price_line, usable_line
from sites.models import Location

AHEAD = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class SiteFacts:
    """What is known of a site for the next hours; what nobody told is None.

    `network` is None where the figures are the site's own, from AMPECO. Where a network steers
    nothing, chargers give what they can, whatever the line says.
    """

    network: Network | None
    usable: Course | None
    drawn: Drawn | None
    prices: Course | None
    # The share of time (0-1) that the network's chargers were of use.
    uptime: float | None
    uptime_read_at: datetime | None

    def __bool__(self) -> bool:
        return self.network is not None or any((self.usable, self.drawn, self.prices))


def site_facts(location: Location, *, now: datetime | None = None) -> SiteFacts:
    """Return what is known of a site from now on for AHEAD."""
    now = now or timezone.now()
    network = network_at(location)
    place = network or location
    return SiteFacts(
        network=network,
        usable=usable_line(place, start=now, end=now + AHEAD),
        drawn=drawn_now(place, now=now),
        prices=price_line(place, start=now, end=now + AHEAD),
        uptime=network.uptime if network else None,
        uptime_read_at=network.uptime_read_at if network else None,
    )
