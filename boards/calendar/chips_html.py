"""The bookings of a day as HTML: a month has a hundred, for which a template takes too long."""

from html import escape

from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from boards.calendar.reading import Day, Entry
from bookings.pages.badge import badge_of
from shell.kept import address_of

UNSPOKEN = '<span class="visually-hidden">, </span>'


def chips_html(day: Day, part: str) -> SafeString:
    """Return the items of a list; `part` is that of the page, for ids."""
    # All that comes from people or the operator is escaped where it goes in.
    return mark_safe("".join(_chip(entry, day, part) for entry in day.entries))  # noqa: S308


def _chip(entry: Entry, day: Day, part: str) -> str:
    booking = entry.booking
    hours = f"{entry.hours} {entry.zone_letters}" if entry.names_zone else entry.hours
    charger = booking.evse.name if booking.evse else _("Any suitable charger")
    return (
        f'<li><a class="chip" id="{escape(part)}-{day.key}-{booking.pk}" '
        f'href="{escape(address_of("bookings:detail", booking.pk))}">'
        f'<span class="chip__line"><span class="chip__hours">{escape(hours)}</span> '
        f"{badge_of(booking, 'chip__words')}</span>{UNSPOKEN}"
        f'<span class="chip__who">{escape(booking.driver.display_name)}</span>{UNSPOKEN}'
        f'<span class="chip__where">{escape(booking.location.name)}</span>'
        f'<span class="visually-hidden">, {escape(charger)}, {escape(day.label)}</span></a></li>'
    )
