"""Template filters of the bookings' pages."""

from datetime import UTC, datetime
from urllib.parse import urlencode

from django import template
from django.http import HttpRequest

from bookings.eligibility import Slot
from bookings.models import Booking
from bookings.selectors import Cursor
from sites.facts import charger_of
from sites.labels import connector_label as label_of_connector
from sites.models import Evse

register = template.Library()


@register.filter
def cursor_url(cursor: Cursor | None, request: HttpRequest) -> str:
    """Return this page's address at another place of the list, or nothing without one."""
    if cursor is None:
        return ""
    params = request.GET.copy()
    params["at"] = str(cursor)
    return f"{request.path}?{params.urlencode()}"


@register.filter
def picker_query(slot: Booking | Slot) -> str:
    """Return the query string by which a site's slot picker opens around a slot."""
    local = slot.start_at.astimezone(slot.location.zone)
    return "?" + urlencode(
        {
            "day": local.date().isoformat(),
            "from": f"{local:%H:%M}",
            "minutes": int(slot.duration.total_seconds() // 60),
        }
    )


@register.filter
def instant(at: datetime) -> str:
    """Return an instant as machines read it, in UTC: “2026-11-23T18:00:00Z”."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


@register.filter
def connectors(evse: Evse) -> str:
    """Return what a charger's plugs are called."""
    return charger_of(evse).connectors


@register.filter
def connector_label(connector_type: str) -> str:
    """Return what people call a type of connector."""
    return str(label_of_connector(connector_type))
