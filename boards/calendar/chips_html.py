"""The bookings of a day as HTML: a month has a hundred, for which a template takes too long."""

from datetime import date, datetime
from html import escape
from zoneinfo import ZoneInfo

from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from boards.calendar.reading import Day, Entry, day_with_year, hours_of
from bookings.pages.badge import Facts, badge_facts, badge_with
from shell.formats import abbreviation
from shell.kept import address_of, kept_by_language

# A month shows 126 and what is below it; several fleets look at theirs.
MOST_KEPT = 4096
UNSPOKEN = '<span class="visually-hidden">, </span>'


def chips_html(day: Day, part: str) -> SafeString:
    """Return the items of a list; `part` is that of the page, for ids."""
    # All that comes from people or the operator is escaped where it goes in.
    return mark_safe("".join(_chip_of(entry, day, part) for entry in day.entries))  # noqa: S308


def _chip_of(entry: Entry, day: Day, part: str) -> str:
    booking = entry.booking
    return _chip(
        key=f"{part}-{day.key}-{booking.pk}",
        pk=booking.pk,
        day=day.date,
        start_at=booking.start_at,
        end_at=booking.end_at,
        zone=booking.zone,
        began_before=entry.began_before,
        goes_on=entry.goes_on,
        names_zone=entry.names_zone,
        badge=badge_facts(booking),
        driver=booking.driver.display_name,
        site=booking.location.name,
        charger=booking.evse.name if booking.evse else "",
    )


@kept_by_language(MOST_KEPT)
def _chip(
    *,
    key: str,
    pk: int,
    day: date,
    start_at: datetime,
    end_at: datetime,
    zone: ZoneInfo,
    began_before: bool,
    goes_on: bool,
    names_zone: bool,
    badge: Facts,
    driver: str,
    site: str,
    charger: str,
) -> str:
    hours = hours_of(start_at, end_at, zone, began_before=began_before, goes_on=goes_on)
    if names_zone:
        hours = f"{hours} {abbreviation(start_at.astimezone(zone))}"
    return (
        f'<li><a class="chip" id="{escape(key)}" '
        f'href="{escape(address_of("bookings:detail", pk))}">'
        f'<span class="chip__line"><span class="chip__hours">{escape(hours)}</span> '
        f"{badge_with(badge, 'chip__words')}</span>{UNSPOKEN}"
        f'<span class="chip__who">{escape(driver)}</span>{UNSPOKEN}'
        f'<span class="chip__where">{escape(site)}</span>'
        f'<span class="visually-hidden">, {escape(charger or _("Any suitable charger"))}, '
        f"{escape(day_with_year(day))}</span></a></li>"
    )
