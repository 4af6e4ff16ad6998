"""Every calendar that we write, held against RFC 5545 and 5546 by a strict reader."""

from datetime import timedelta

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from bookings.models import Booking
from calendars.entries import (
    Recipient,
    attendee,
    booking_calendar,
    component,
    feed_calendar,
    mailed_entry,
    organizer,
    to_bytes,
)
from calendars.feeds import feed_url, make_feed
from notifications.compose import compose
from tests.calendars.strict_reader import Component, read_strictly
from tests.factories import BookingFactory
from tests.notifications.mail_situations import SITUATIONS

pytest_plugins = ["tests.notifications.mail_cases"]

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
WORDS = "Dépôt; „Süd“, north\\side\r\n🚚:\t\x07^n\x85\u2028"


def events_of(content: bytes) -> list[Component]:
    return [each for each in read_strictly(content).components if each.name == "VEVENT"]


@pytest.mark.django_db
@pytest.mark.parametrize("audience", ["driver", "manager"])
@pytest.mark.parametrize("situation", SITUATIONS)
def test_what_is_mailed(stage, situation, audience):
    kind, happen = SITUATIONS[situation]
    about = happen(stage)
    to = stage.dana if audience == "driver" else None
    files = [
        (part.get_content_type(), part.get_payload(decode=True))
        for part in compose(stage.tell(kind, audience, to=to, **about)).message().walk()
    ]
    for _type, content in [file for file in files if file[0] == "text/calendar"]:
        assert events_of(content.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))


@pytest.mark.django_db
@pytest.mark.parametrize("status", Booking.Status)
def test_every_way_to_write_a_booking_of_every_status(stage, status):
    stage.booking.location.name = WORDS
    stage.booking.driver.first_name = WORDS
    stage.booking.reference = WORDS
    stage.booking.status = status
    for language in ("en", "de", "fr", "nl"):
        with translation.override(language):
            for drives in (True, False):
                read_strictly(booking_calendar(stage.booking, for_driver=drives))
                for withdrawn in (True, False):
                    to = Recipient("dana@hudson.example", WORDS, drives=drives)
                    entry = mailed_entry(stage.booking, to=to, withdrawn=withdrawn)
                    assert read_strictly(entry.content).value("METHOD") == entry.method
            read_strictly(feed_calendar([stage.booking], name=WORDS))


@pytest.mark.django_db
@pytest.mark.parametrize("place", [(0.00001, -0.00001), (-90, 180), (52.51703670546594, 13.4)])
def test_where_it_is(stage, place):
    stage.booking.location.latitude, stage.booking.location.longitude = place
    [event] = events_of(booking_calendar(stage.booking, for_driver=True))
    assert tuple(map(float, event.value("GEO").split(";"))) == pytest.approx(place, abs=1e-6)


@pytest.mark.django_db
def test_a_feed_of_none_one_and_many(client, fleet, manager):
    path = feed_url(make_feed(fleet=fleet, user=manager)).removeprefix("https://chargebook.example")
    assert events_of(client.get(path).content) == []
    for status in Booking.Status:
        BookingFactory(fleet=fleet, status=status, slot_key="")
    assert len(events_of(client.get(path).content)) == len(Booking.Status) - len(
        Booking.NEVER_BOOKED
    )


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("address", "written"),
    [
        ("dana@hudson.example", "mailto:dana@hudson.example"),
        ("o'brien+7%/x@hudson.example", "mailto:o'brien+7%25%2Fx@hudson.example"),
        ("dana@spedition-müller.example", "mailto:dana@xn--spedition-mller-9vb.example"),
        ("jürgen@hudson.example", "mailto:j%C3%BCrgen@hudson.example"),
    ],
)
def test_whoever_charges_has_an_address(stage, address, written):
    entry = mailed_entry(stage.booking, to=Recipient(address, "Dana", drives=True))
    [event] = events_of(entry.content)
    assert event.value("ATTENDEE") == written


@given(TEXTS)
def test_nobody_has_a_name_that_breaks_a_line(name):
    to = Recipient("dana@hudson.example", name, drives=True)
    lines = [
        "UID:1",
        "DTSTAMP:20260101T000000Z",
        "DTSTART:20260101T000000Z",
        "DTEND:20260101T010000Z",
        organizer(),
        attendee(to),
    ]
    event = component("VEVENT", lines)
    read_strictly(to_bytes(component("VCALENDAR", ["VERSION:2.0", "PRODID:x", *event])))


# The reader itself


def lines_of(stage) -> list[str]:
    return (
        booking_calendar(stage.booking, for_driver=True).decode().replace("\r\n ", "").split("\r\n")
    )


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("ORGANIZER", None),
        ("UID", None),
        ("DTSTAMP", None),
        ("SUMMARY", None),
        ("STATUS", "STATUS:DONE"),
        ("GEO", "GEO:1e-05;2.000000"),
        ("DTSTART", "DTSTART:20260101T000000"),
        ("DTSTART", "DTSTART:99990101T000000Z"),
        ("SUMMARY", "SUMMARY:a, b"),
        ("TRANSP", "TRANSP;VALUE=TEXT:OPAQUE"),
        ("ORGANIZER", "ORGANIZER:mailto:müller@x.example"),
        ("ORGANIZER", 'ORGANIZER;CN="a"b":mailto:x@x.example'),
        ("TRIGGER", "TRIGGER:30M"),
        ("METHOD", "METHOD:REQUEST"),
        ("METHOD", "METHOD:CANCEL"),
    ],
)
def test_the_reader_refuses_what_is_wrong(stage, old, new):
    stage.booking.end_at += timedelta(minutes=1)
    lines = lines_of(stage)
    read_strictly(to_bytes(lines[:-1]))
    assert any(line.startswith(old) for line in lines)
    wrong = [new if line.startswith(old) else line for line in lines[:-1]]
    with pytest.raises((AssertionError, ValueError)):
        read_strictly(to_bytes(line for line in wrong if line is not None))
