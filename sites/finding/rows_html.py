"""The rows of the list of sites as HTML: each has a form, which takes a template long."""

from collections.abc import Iterable
from datetime import datetime
from html import escape
from typing import TYPE_CHECKING

from django.middleware.csrf import get_token
from django.utils.safestring import SafeString, mark_safe

from drivers.permissions import FleetRequest
from shell.formats import zone_label
from shell.kept import address_of, kept_html
from sites.models import Location

if TYPE_CHECKING:
    from sites.finding.search import SiteRow


def rows_html(
    request: FleetRequest, rows: Iterable["SiteRow"], *, back: str, moving_query: str, now: datetime
) -> SafeString:
    """Return the items of a list; `moving_query` goes on to the pages of the sites."""
    sent = _sent_along(request, back)
    # All that comes from people or the operator is escaped where it goes in.
    return mark_safe(  # noqa: S308
        "\n".join(_row(row, sent=sent, moving_query=moving_query, now=now) for row in rows)
    )


def star_html(
    request: FleetRequest, location: Location, *, is_favourite: bool, back: str
) -> SafeString:
    """Return the star that makes a site somebody's favourite; without a script it leads `back`."""
    sent = _sent_along(request, back)
    return mark_safe(_star(location, is_favourite=is_favourite, sent=sent))  # noqa: S308


def _row(row: "SiteRow", *, sent: str, moving_query: str, now: datetime) -> str:
    location = row.location
    star = _star(location, is_favourite=row.is_favourite, sent=sent)
    about = kept_html(
        "sites/_site_about.html",
        url=f"{address_of('sites:detail', location.pk)}{moving_query}",
        name=location.name,
        address=location.address or location.city,
        is_roaming=location.is_roaming,
        distance=row.distance,
        chargers=row.chargers,
        connectors=row.connectors,
        max_power_kw=row.max_power_kw,
        zone=zone_label(location.zone, now),
    )
    return (
        f'<li class="list-group-item site-row" id="site-{location.pk}" '
        f'data-site="{location.pk}">{star}{about}</li>'
    )


def _sent_along(request: FleetRequest, back: str) -> str:
    """Return what the forms of all stars of a page send besides what is wanted."""
    fields = {"csrfmiddlewaretoken": get_token(request), "fleet": request.fleet.pk, "next": back}
    return "".join(
        f'<input type="hidden" name="{name}" value="{escape(str(value))}">'
        for name, value in fields.items()
    )


def _star(location: Location, *, is_favourite: bool, sent: str) -> str:
    url = address_of("sites:favourite", location.pk)
    star = kept_html(
        "sites/_star.html", pk=location.pk, name=location.name, is_favourite=is_favourite
    )
    return (
        f'<form class="favourite" method="post" action="{url}" hx-post="{url}" hx-target="this" '
        f'hx-swap="outerHTML">{sent}{star}</form>'
    )
