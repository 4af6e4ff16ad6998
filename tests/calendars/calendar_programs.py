"""Calendar programs, as simple as can be: they read with libraries that are not ours to write with.

Each keeps entries by UID, as RFC 5546 has it: what comes with a higher SEQUENCE replaces what is
there, what is cancelled goes, and what comes late with a lower one changes nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

import vobject

from tests.calendars.strict_reader import read_strictly


@dataclass(frozen=True)
class Entry:
    """What a reader finds in a calendar file."""

    uid: str
    sequence: int
    status: str
    start: datetime
    end: datetime
    title: str
    where: str
    organizer: str
    attendees: tuple[str, ...] = ()


@dataclass(frozen=True)
class File:
    """A calendar file as a reader understands it."""

    method: str
    name: str
    entries: list[Entry]


def read_by_vobject(content: bytes) -> File:
    """Read with vobject, the reader of the Radicale server."""
    calendar = vobject.readOne(content.decode())
    entries = [
        Entry(
            uid=event.uid.value,
            sequence=int(event.sequence.value),
            status=event.status.value,
            start=event.dtstart.value,
            end=event.dtend.value,
            title=event.summary.value,
            where=event.location.value,
            organizer=event.organizer.value if hasattr(event, "organizer") else "",
            attendees=tuple(each.value for each in event.contents.get("attendee", [])),
        )
        for event in calendar.contents.get("vevent", [])
    ]
    names = calendar.contents.get("x-wr-calname", [])
    method = calendar.contents.get("method", [])
    return File(method[0].value if method else "", names[0].value if names else "", entries)


def read_by_ical(content: bytes) -> File:
    """Read with ical, the reader of Home Assistant."""
    # It reads all time zones of the world, which only those wait for who use it.
    from ical.calendar_stream import IcsCalendarStream

    calendar = IcsCalendarStream.calendar_from_ics(content.decode())
    entries = [
        Entry(
            uid=event.uid,
            sequence=event.sequence,
            status=event.status.value,
            start=event.dtstart,
            end=event.dtend,
            title=event.summary,
            where=event.location,
            organizer=str(event.organizer.uri) if event.organizer else "",
            attendees=tuple(str(each.uri) for each in event.attendees),
        )
        for event in calendar.events
    ]
    return File(calendar.method, " / ".join(calendar.name or []), entries)


READERS: dict[str, Callable[[bytes], File]] = {"vobject": read_by_vobject, "ical": read_by_ical}


@dataclass
class CalendarProgram:
    """Somebody's calendar, fed with the files that come by mail."""

    read: Callable[[bytes], File]
    shown: dict[str, Entry] = field(default_factory=dict)
    newest: dict[str, int] = field(default_factory=dict)

    def receive(self, content: bytes) -> None:
        """Take in a file, which has to be as the standards want it."""
        read_strictly(content)
        file = self.read(content)
        for entry in file.entries:
            if entry.sequence < self.newest.get(entry.uid, -1):
                continue
            self.newest[entry.uid] = entry.sequence
            if file.method == "CANCEL" or entry.status == "CANCELLED":
                self.shown.pop(entry.uid, None)
            else:
                self.shown[entry.uid] = entry
