"""A booking as a calendar entry (RFC 5545)."""

from datetime import UTC, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from icalendar import Alarm, Calendar, Event

from bookings import facts
from bookings.models import Booking

# The entry is *published*, not a meeting request. A REQUEST must name an organizer and attendees:
# Outlook and Gmail then ask the driver to accept, and send the answer to a mailbox that nobody
# reads; Apple's calendar lets only the organizer move it. For PUBLISH, Outlook opens an appointment
# to save and Apple's calendar an entry to add. RFC 5546 would have an organizer there too; without
# one the entry belongs to whoever saves it, as files to download from other booking sites do.
METHOD = "PUBLISH"
REMINDER = timedelta(minutes=30)
NOT_TAKING_PLACE = frozenset({Booking.Status.CANCELLED, Booking.Status.FAILED})


def booking_calendar(booking: Booking, *, for_driver: bool, sequence: int = 0) -> bytes:
    """Return an approved booking as an iCalendar file, in the active language.

    The UID is the same each time, so that a later file with a higher `sequence` changes the entry
    instead of adding a second one. Only the manager's entry links to the portal. Whoever drives is
    reminded half an hour before and is busy meanwhile; a manager who books for others is neither.

    Start and end are in UTC and not in the site's zone (TZID): what is booked upstream is two
    instants, which no change of a zone's rules moves, and calendars show them in their own zone
    anyway. The site's clock is in the description.
    """
    driving = for_driver or asked_for_oneself(booking)
    event = Event()
    event.add("uid", f"{booking.uid}@{host()}")
    event.add("dtstamp", timezone.now().astimezone(UTC))
    event.add("dtstart", booking.start_at.astimezone(UTC))
    event.add("dtend", booking.end_at.astimezone(UTC))
    event.add("sequence", sequence)
    event.add("status", "CANCELLED" if booking.status in NOT_TAKING_PLACE else "CONFIRMED")
    event.add("summary", summary(booking, driving=driving))
    address = facts.address_text(booking.location)
    event.add("location", ", ".join(filter(None, [facts.one_line(booking.location.name), address])))
    if booking.location.latitude is not None and booking.location.longitude is not None:
        event.add("geo", (booking.location.latitude, booking.location.longitude))
    event.add("description", description(booking, for_driver=for_driver))
    event.add("transp", "OPAQUE" if driving else "TRANSPARENT")
    if not for_driver:
        event.add("url", portal_url(booking))
    if driving:
        reminder = Alarm()
        reminder.add("action", "DISPLAY")
        reminder.add("trigger", -REMINDER)
        reminder.add("description", summary(booking, driving=True))
        event.add_component(reminder)
    calendar = Calendar()
    calendar.add("prodid", "-//Chargebook//Bookings//EN")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", METHOD)
    calendar.add_component(event)
    return bytes(calendar.to_ical())


def host() -> str:
    """Return the portal's host name, which makes our ids unique in the world."""
    return urlsplit(settings.SITE_URL).hostname or "localhost"


def portal_url(booking: Booking) -> str:
    """Return the full address of the booking's page."""
    return f"{settings.SITE_URL}{reverse('bookings:detail', args=[booking.pk])}"


def asked_for_oneself(booking: Booking) -> bool:
    """Return whether the manager who asked is the driver."""
    asked = booking.created_by
    return asked is not None and asked.email.casefold() == booking.driver.email.casefold()


def summary(booking: Booking, *, driving: bool) -> str:
    """Return the title of the entry."""
    names = {
        "site": facts.one_line(booking.location.name),
        "driver": facts.one_line(booking.driver.display_name),
        "charger": facts.one_line(booking.evse.name) if booking.evse else "",
    }
    if booking.evse is None:
        text = _("Charging at %(site)s") if driving else _("%(driver)s charges at %(site)s")
    elif driving:
        text = _("Charging at %(site)s, charger %(charger)s")
    else:
        text = _("%(driver)s charges at %(site)s, charger %(charger)s")
    return text % names


def description(booking: Booking, *, for_driver: bool) -> str:
    """Return what else the entry says, label by label."""
    told = [facts.when(booking)]
    if booking.evse is not None:
        told.append(facts.charger(booking.evse))
    if not for_driver:
        told.append(facts.Fact(_("Driver"), (facts.one_line(booking.driver.display_name),)))
    told += facts.getting_in(booking)
    if booking.reference:
        told.append(facts.Fact(_("Reference"), (facts.one_line(booking.reference),)))
    return "\n\n".join("\n".join([f"{fact.label}:", *fact.lines]) for fact in told)
