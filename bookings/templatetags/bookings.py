"""Template filters of the bookings' pages."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django import template
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString

from boards.calendar.chips_html import chips_html
from boards.day.rows_html import rows_html
from boards.day.slot_form import TypedSlotForm
from bookings.actions.candidate import Slot
from bookings.models import Booking, ChargingSession
from bookings.pages.badge import Facts, badge_facts, badge_of, badge_with
from bookings.pages.forms import BookingListForm
from bookings.selectors import Cursor
from bookings.wording import facts
from notifications import queue
from notifications.models import Notification
from shell.formats import between_clocks, duration, instant, period, zone_label
from shell.kept import kept_by_language, kept_html
from shell.kept_fields import fields_html
from sites.facts import connectors_text
from sites.models import Evse
from sites.selectors import Criteria

if TYPE_CHECKING:
    from boards.day.day_table import ChargerRow

register = template.Library()
MOST_KEPT = 2048


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
        | _vehicle_params(slot)
    )


def _vehicle_params(slot: Booking | Slot) -> dict[str, int]:
    pk = slot.vehicle_id if isinstance(slot, Booking) else None
    return {"vehicle": pk} if pk else {}


@register.filter
def again_query(booking: Booking) -> str:
    """Return the query string by which the form of a new booking opens filled in like this one.

    Nothing where its charger is not known.
    """
    if booking.evse is None:
        return ""
    return "?" + urlencode(
        {
            "site": booking.location_id,
            "evse": booking.evse.pk,
            "start": instant(booking.start_at),
            "minutes": int(booking.duration.total_seconds() // 60),
            "driver": booking.driver_id,
            "reference": booking.reference,
        }
        | _vehicle_params(booking)
    )


register.simple_tag(badge_of, name="status_badge")


@register.simple_tag
def time_of_reader(booking: Booking, zone: ZoneInfo | None) -> str:
    """Return a booking's period on the clocks of the reader (or in UTC), which tells its place in
    a list over several zones; nothing where these clocks show what those of the site do.
    """
    zone = zone or ZoneInfo("UTC")
    theirs, own = (period(booking.start_at, booking.end_at, each) for each in (booking.zone, zone))
    if theirs == own:
        return ""
    return f"{own}, {zone_label(zone, booking.start_at)}"


@register.simple_tag
def typed_fields(form: TypedSlotForm) -> SafeString:
    return fields_html(form, "boards/day/_typed_fields.html", form.offered)


@register.simple_tag
def list_filters(form: BookingListForm) -> SafeString:
    return fields_html(form, "bookings/_list_filters.html")


@register.simple_tag
def list_row(
    booking: Booking, reason: str, *, can_book: bool, reader_time: bool, zone: ZoneInfo | None
) -> SafeString:
    """Draw a booking in a list; `reader_time` adds the time on the reader's clocks."""
    return kept_html(
        "bookings/_list_row.html",
        pk=str(booking.pk),
        when=period(booking.start_at, booking.end_at, booking.zone),
        length=duration(booking.duration),
        zone=zone_label(booking.zone, booking.start_at),
        own=time_of_reader(booking, zone) if reader_time else "",
        site=booking.location.name,
        charger=booking.evse.name if booking.evse else "",
        driver=booking.driver.display_name,
        vehicle=booking.vehicle.name if booking.vehicle else "",
        reference=booking.reference,
        state=badge_of(booking),
        made_elsewhere=booking.made_elsewhere,
        reason=reason,
        can_book=can_book,
        can_cancel=booking.can_cancel(),
        can_change=booking.can_change(),
    )


@register.simple_tag
def plan_row(
    booking: Booking,
    part: str,
    *,
    names_site: bool = False,
    reason: str = "",
    reader_time: bool = False,
    zone: ZoneInfo | None = None,
) -> SafeString:
    """Draw a booking in a list of the first screen, of which it may show a hundred.

    `part` tells the ids of the lists apart; `reader_time` adds the time on the reader's clocks.
    """
    return _plan_row(
        part=part,
        pk=booking.pk,
        start_at=booking.start_at,
        end_at=booking.end_at,
        zone=booking.zone,
        own=time_of_reader(booking, zone) if reader_time else "",
        site=booking.location.name if names_site else "",
        charger=booking.evse.name if booking.evse else "",
        driver=booking.driver.display_name,
        reference=booking.reference,
        badge=badge_facts(booking),
        reason=reason,
    )


@kept_by_language(MOST_KEPT)
def _plan_row(
    *,
    pk: int,
    start_at: datetime,
    end_at: datetime,
    zone: ZoneInfo,
    badge: Facts,
    **shown: str,
) -> SafeString:
    row = {
        "pk": str(pk),
        "when": period(start_at, end_at, zone),
        "zone": zone_label(zone, start_at),
        "state": badge_with(badge),
        **shown,
    }
    return render_to_string("boards/today/_plan_row.html", row)


@register.simple_tag
def plan_rows(bookings: Iterable[Booking], part: str, *, names_site: bool = False) -> SafeString:
    """Draw a list of them, without what only some have."""
    rows = (plan_row(booking, part, names_site=names_site) for booking in bookings)
    return SafeString("".join(rows))


@register.filter
def local_day(booking: Booking) -> str:
    """Return the day of a booking's start at its site, as addresses name it: “2026-11-23”."""
    return booking.start_at.astimezone(booking.zone).date().isoformat()


register.simple_tag(chips_html, name="chips")


@register.simple_tag
def timeline_rows(
    rows: Iterable["ChargerRow"], can_book: bool, move_query: str, *, of_a_week: Evse | None
) -> SafeString:
    """Draw the rows of a day, or those of a week of one charger."""
    return rows_html(rows, can_book, move_query, of_a_week=of_a_week is not None)


@register.filter
def connectors(evse: Evse) -> str:
    return connectors_text(evse)


@register.filter
def criteria_text(criteria: Criteria) -> str:
    """Return what any charger must offer: “Any suitable charger: DC, CCS2, from 50 kW”."""
    return facts.criteria_text(criteria)


@register.filter
def waits_for(mail: Notification) -> str:
    return queue.waits_for(mail, now=timezone.now())


@register.filter
def charged_for(session: ChargingSession) -> timedelta | None:
    if session.started_at is None or session.stopped_at is None:
        return None
    return between_clocks(session.started_at, session.stopped_at)
