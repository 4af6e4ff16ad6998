"""Bookings as calendar entries (RFC 5545): in mails (RFC 5546, 6047), as files and as feeds.

A booking's entry has the same UID wherever it appears and wherever the portal moves, and the
booking's version as its SEQUENCE. Both are read with the facts that the entry tells, so of two
entries the one with the higher SEQUENCE is the later truth, however late a mail is sent or
delivered: a mail that waited for its server carries the booking as it is by then, not as it was,
and calendars drop what is older than what they have. Versions also rise with what calendars do not
show; they need not be without gaps.

The lines (3.1: escaped, folded, ended as it wants) are written by hand because a feed has tens of
thousands of them, and what a general library knows of properties makes each several times as dear.
Tests read them with three such libraries, and as strictly as the standards are written.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parseaddr
from urllib.parse import quote, urlsplit

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.encoding import punycode
from django.utils.translation import gettext as _

from bookings.models import Booking
from bookings.wording import facts
from upstream.emails import email_key

# How long before the start a calendar reminds of it.
REMINDER = "-PT30M"
# How often calendars are asked to read a feed again; many take a day unless told otherwise.
READ_FEED_EVERY = "PT30M"

LONGEST = 75
NOT_ALLOWED = re.compile(r"[\x00-\x09\x0b-\x1f\x7f]")
ESCAPES = str.maketrans({"\\": r"\\", ";": r"\;", ",": r"\,", "\n": r"\n"})
NEEDS_QUOTES = re.compile(r"[,;: ]")
# What a local part may hold in a mailto: address (RFC 6068, 2) besides letters and digits.
PLAIN_IN_ADDRESSES = "!$'*+"
# A calendar that holds nothing is none (3.4), nor is a PUBLISH without an entry (RFC 5546, 3.2.1).
NO_EVENTS = [
    "BEGIN:VTIMEZONE",
    "TZID:UTC",
    "BEGIN:STANDARD",
    "DTSTART:19700101T000000",
    "TZOFFSETFROM:+0000",
    "TZOFFSETTO:+0000",
    "END:STANDARD",
    "END:VTIMEZONE",
]


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whom a mailed entry is for; `drives` is whether they are who charges."""

    email: str
    name: str
    drives: bool


@dataclass(frozen=True, slots=True)
class MailedEntry:
    """A calendar file that goes by mail, and its iTIP method."""

    method: str
    content: bytes


def mailed_entry(booking: Booking, *, to: Recipient, withdrawn: bool = False) -> MailedEntry:
    """Return the entry that puts, moves or removes a booking in somebody's calendar.

    It is removed where the booking does not take place, or is `withdrawn` from this recipient.

    Why a REQUEST for whoever drives: programs match what comes by mail to an entry that they have
    by UID, organizer and attendee. Without them, Gmail says that it removed an entry and keeps it,
    Outlook shows a cancellation as “not supported calendar message”, and a second PUBLISH is one
    more file to open by hand. With them an entry appears, moves and goes by itself. Nobody is asked
    to accept: the attendee has accepted already and no answer is wanted (PARTSTAT, RSVP), since the
    fleet has booked; calendars then do not let the entry be dragged elsewhere, where no charger
    would be. The organizer is the address that the mail comes from, because Gmail distrusts any
    other; an answer sent nevertheless reaches the operator's mailbox and changes nothing here.

    A manager who books for others gets a PUBLISH, an entry to add if they like: a day's bookings of
    a fleet in their own calendar is what nobody asked for, and a feed does it better. It names the
    organizer too, so that the CANCEL finds it.
    """
    gone = withdrawn or not booking.in_calendars
    method = "CANCEL" if gone else "REQUEST" if to.drives else "PUBLISH"
    heading = title(booking, for_driver=to.drives, gone=gone)
    event = entry(booking, heading, for_driver=to.drives, gone=gone)
    if not to.drives:
        event.append(f"URL:{portal_url(booking)}")
    event.append(organizer())
    if method != "PUBLISH":
        event.append(attendee(to))
    if to.drives and not gone:
        event += alarm(heading)
    return MailedEntry(method, write([event], method=method))


def booking_calendar(booking: Booking, *, for_driver: bool) -> bytes:
    """Return a booking as a file to add to a calendar, in the active language.

    Only the manager's entry links to the portal. Whoever drives is reminded half an hour before and
    is busy meanwhile; a manager who books for others is neither.
    """
    drives = for_driver or asked_for_oneself(booking)
    gone = not booking.in_calendars
    heading = title(booking, for_driver=drives, gone=gone)
    event = entry(booking, heading, for_driver=drives, gone=gone)
    if not for_driver:
        event.append(f"URL:{portal_url(booking)}")
    event.append(organizer())
    if drives and not gone:
        event += alarm(heading)
    return write([event], method="PUBLISH")


def feed_calendar(bookings: Iterable[Booking], *, name: str) -> bytes:
    """Return many bookings as a calendar called `name` to subscribe to, in the active language.

    Entries are those of a manager. Cancelled and undecided ones say so in their title. Reads
    nothing besides the rows, where those come with driver, location, charger and its connectors.
    """
    events = []
    for booking in bookings:
        gone = not booking.in_calendars
        heading = title(booking, for_driver=False, gone=gone)
        event = entry(booking, heading, for_driver=False, gone=gone)
        events.append([*event, f"URL:{portal_url(booking)}", organizer()])
    return write(events, method="PUBLISH", name=name)


def entry(booking: Booking, heading: str, *, for_driver: bool, gone: bool) -> list[str]:
    """Return the lines that every entry of a booking has.

    Start and end are in UTC and not in the site's zone (TZID): what is booked upstream is two
    instants, which no change of a zone's rules moves, and calendars show them in their own zone
    anyway. The site's clock is in the description.
    """
    location = booking.location
    lines = [
        text_line("UID", uid_of(booking)),
        instant_line("DTSTAMP", timezone.now()),
        instant_line("LAST-MODIFIED", booking.changed_at),
        instant_line("DTSTART", booking.start_at),
        instant_line("DTEND", booking.end_at),
        f"SEQUENCE:{booking.version}",
        # Calendars strike through or hide what is cancelled.
        f"STATUS:{'CANCELLED' if gone else booking.traits.calendar}",
        text_line("SUMMARY", heading),
        text_line("LOCATION", facts.place_text(location)),
        f"TRANSP:{'OPAQUE' if for_driver and not gone else 'TRANSPARENT'}",
    ]
    if location.latitude is not None and location.longitude is not None:
        lines.append(f"GEO:{location.latitude:.6f};{location.longitude:.6f}")
    if not gone:
        lines.append(text_line("DESCRIPTION", facts.entry_text(booking, for_driver=for_driver)))
    return lines


def title(booking: Booking, *, for_driver: bool, gone: bool) -> str:
    if booking.evse is None:
        text = _("Charging at %(site)s") if for_driver else _("%(driver)s charges at %(site)s")
    elif for_driver:
        text = _("Charging at %(site)s, charger %(charger)s")
    else:
        text = _("%(driver)s charges at %(site)s, charger %(charger)s")
    text %= facts.names_of(booking)
    if booking.status not in Booking.GOES_AHEAD:
        state = booking.get_status_display()
    elif gone:
        state = str(Booking.Status.CANCELLED.label)
    else:
        return text
    # Translators: the title of a calendar entry, such as “Cancelled: Charging at Depot Brooklyn”.
    return _("%(state)s: %(title)s") % {"state": state, "title": text}


def alarm(heading: str) -> list[str]:
    lines = ["ACTION:DISPLAY", f"TRIGGER:{REMINDER}", text_line("DESCRIPTION", heading)]
    return component("VALARM", lines)


def organizer() -> str:
    address = parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
    return line("ORGANIZER", mailto(address), CN=settings.PORTAL_NAME)


def attendee(person: Recipient) -> str:
    return line(
        "ATTENDEE",
        mailto(person.email),
        CN=facts.one_line(person.name or person.email),
        CUTYPE="INDIVIDUAL",
        ROLE="REQ-PARTICIPANT" if person.drives else "NON-PARTICIPANT",
        PARTSTAT="ACCEPTED",
        RSVP="FALSE",
    )


def mailto(address: str) -> str:
    """Return an e-mail address as a URI (RFC 6068); raises UnicodeError for what is no domain."""
    local, _at, domain = address.rpartition("@")
    return f"mailto:{quote(local, safe=PLAIN_IN_ADDRESSES)}@{punycode(domain)}"


def write(events: list[list[str]], *, method: str, name: str = "") -> bytes:
    """Return a calendar of entries as it goes over the wire."""
    lines = ["VERSION:2.0", "PRODID:-//Chargebook//Bookings//EN", "CALSCALE:GREGORIAN"]
    if events:
        lines.append(f"METHOD:{method}")
    if name:
        lines += [
            text_line("NAME", facts.one_line(name)),
            text_line("X-WR-CALNAME", facts.one_line(name)),
            f"REFRESH-INTERVAL;VALUE=DURATION:{READ_FEED_EVERY}",
            f"X-PUBLISHED-TTL:{READ_FEED_EVERY}",
        ]
    for event in events:
        lines += component("VEVENT", event)
    if not events:
        lines += NO_EVENTS
    return to_bytes(component("VCALENDAR", lines))


def host() -> str:
    return urlsplit(settings.SITE_URL).hostname or "localhost"


def uid_of(booking: Booking) -> str:
    # The version that came before stored none, and took it from the address of that day.
    return booking.calendar_uid or f"{booking.uid}@{host()}"


def portal_url(booking: Booking) -> str:
    return f"{settings.SITE_URL}{reverse('bookings:detail', args=[booking.pk])}"


def asked_for_oneself(booking: Booking) -> bool:
    asked = booking.created_by
    return asked is not None and email_key(asked.email) == email_key(booking.driver.email)


# Lines


def line(name: str, value: str, **parameters: str) -> str:
    """Return a property whose value is written as it is: a code, an address, a number.

    Parameters lose what they cannot hold: double quotes and control characters.
    """
    for key, text in parameters.items():
        plain = NOT_ALLOWED.sub(" ", text).replace("\n", " ").replace('"', "'")
        name += f';{key}="{plain}"' if NEEDS_QUOTES.search(plain) else f";{key}={plain}"
    return f"{name}:{NOT_ALLOWED.sub('', value).replace(chr(10), '')}"


def text_line(name: str, text: str) -> str:
    return f"{name}:{NOT_ALLOWED.sub('', text).translate(ESCAPES)}"


def instant_line(name: str, at: datetime) -> str:
    return f"{name}:{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def component(name: str, lines: Iterable[str]) -> list[str]:
    return [f"BEGIN:{name}", *lines, f"END:{name}"]


def to_bytes(lines: Iterable[str]) -> bytes:
    return b"".join(fold(each) + b"\r\n" for each in lines)


def fold(unfolded: str) -> bytes:
    """Return a line in pieces of at most 75 bytes, none of which breaks a character."""
    rest = unfolded.encode()
    if len(rest) <= LONGEST:
        return rest
    pieces = []
    room = LONGEST
    while len(rest) > room:
        end = room
        while rest[end] & 0xC0 == 0x80:
            end -= 1
        pieces.append(rest[:end])
        rest = rest[end:]
        # The blank by which a line goes on counts too.
        room = LONGEST - 1
    return b"\r\n ".join([*pieces, rest])
