"""Reads what we write with a reader of its own, not with the library that wrote it."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.urls import resolve

from bookings.models import Booking
from calendars.entries import booking_calendar
from tests.factories import (
    BookingFactory,
    DriverFactory,
    EvseFactory,
    LocationFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

SPECIAL = re.compile(r"\\([nN\\;,])")


def read(content: bytes) -> list[tuple[str, str]]:
    """Return names (with their parameters) and values of a calendar, as RFC 5545 has lines read."""
    assert content.endswith(b"\r\n")
    lines = content[:-2].split(b"\r\n")
    assert not [line for line in lines if b"\r" in line or b"\n" in line]
    assert not [line for line in lines if len(line) > 75]
    unfolded: list[bytes] = []
    for line in lines:
        if line[:1] in (b" ", b"\t"):
            unfolded[-1] += line[1:]
        else:
            unfolded.append(line)
    properties = []
    for line in unfolded:
        name, colon, value = line.decode("utf-8").partition(":")
        assert colon
        assert re.fullmatch(r"[A-Z-]+(;[A-Z-]+=[^;:\",]+)*", name)
        properties.append((name, value))
    return properties


def text(value: str) -> str:
    """Return a text value as it was before it was escaped; nothing may be left unescaped."""
    assert not re.search(r"(?<!\\)(?:\\\\)*[;,]", value)
    return SPECIAL.sub(lambda found: {"n": "\n", "N": "\n"}.get(found[1], found[1]), value)


def event_of(content: bytes) -> dict[str, str]:
    """Return the properties of the one event, without those of its alarm."""
    properties = read(content)
    inside = properties[properties.index(("BEGIN", "VEVENT")) + 1 :]
    inside = inside[: inside.index(("END", "VEVENT"))]
    if ("BEGIN", "VALARM") in inside:
        first, last = inside.index(("BEGIN", "VALARM")), inside.index(("END", "VALARM"))
        inside = inside[:first] + inside[last + 1 :]
    assert len({name for name, _value in inside}) == len(inside)
    return dict(inside)


@pytest.fixture
def booking(fleet, manager):
    site = LocationFactory(
        name="Dépôt; Brooklyn, north\\side 🚚",
        address="12 Wallabout St, Brooklyn, NY 11249",
        how_to_get_in="Gate on the north side;\r\nPIN 4711, then “#”.\x07" + " Straight on." * 12,
    )
    return BookingFactory(
        accepted=True,
        fleet=fleet,
        driver=DriverFactory(last_name="Reyes", fleet=fleet),
        evse=EvseFactory(charge_point__location=site, label="A-12", physical_reference="BK-0012"),
        start_at=datetime(2026, 11, 23, 23, 0, tzinfo=UTC),
        end_at=datetime(2026, 11, 24, 11, 0, tzinfo=UTC),
        reference="Tour 7",
        created_by=manager,
    )


def test_the_file_is_one_published_event(booking):
    properties = read(booking_calendar(booking, for_driver=True))
    assert properties[0] == ("BEGIN", "VCALENDAR")
    assert properties[-1] == ("END", "VCALENDAR")
    assert properties.count(("BEGIN", "VEVENT")) == properties.count(("END", "VEVENT")) == 1
    values = dict(properties)
    assert (values["VERSION"], values["METHOD"]) == ("2.0", "PUBLISH")
    assert "PRODID" in values
    names = {name.partition(";")[0] for name, _value in properties}
    assert "ORGANIZER" in names
    assert "ATTENDEE" not in names, "a file is for whoever opens it"


def test_the_event_is_at_the_booked_instants(booking):
    event = event_of(booking_calendar(booking, for_driver=True))
    assert event["DTSTART"] == "20261123T230000Z"
    assert event["DTEND"] == "20261124T110000Z"
    assert re.fullmatch(r"\d{8}T\d{6}Z", event["DTSTAMP"])
    assert (event["STATUS"], event["SEQUENCE"]) == ("CONFIRMED", "0")


def test_a_later_file_changes_the_same_entry(booking):
    first = event_of(booking_calendar(booking, for_driver=True))
    booking.version = 3
    later = event_of(booking_calendar(booking, for_driver=False))
    assert first["UID"] == later["UID"] == booking.calendar_uid
    assert later["SEQUENCE"] == "3"


def test_texts_survive_escaping_and_folding(booking):
    event = event_of(booking_calendar(booking, for_driver=True))
    site = "Dépôt; Brooklyn, north\\side 🚚"
    assert text(event["SUMMARY"]) == f"Charging at {site}, charger A-12 (BK-0012)"
    assert text(event["LOCATION"]) == f"{site}, 12 Wallabout St, Brooklyn, NY 11249"
    assert event["GEO"] == "40.700000;-74.000000"
    description = text(event["DESCRIPTION"])
    assert "When:\nMon 23 Nov 2026, 18:00\nuntil Tue 24 Nov 2026, 06:00 (next day)" in description
    assert "New York time (EST, UTC−5)" in description
    assert "Charger:\nA-12 (BK-0012)\nCCS2 · 150 kW" in description
    assert "Gate on the north side;\nPIN 4711, then “#”. Straight on." in description
    assert "\x07" not in description
    assert "Tour 7" in description


def test_only_the_managers_entry_leads_to_the_portal(booking):
    event = event_of(booking_calendar(booking, for_driver=False))
    assert event["URL"] == f"https://chargebook.example/bookings/{booking.pk}/"
    assert resolve(f"/bookings/{booking.pk}/").view_name == "bookings:detail"
    assert text(event["SUMMARY"]).startswith("Dana Reyes charges at ")
    for_driver = booking_calendar(booking, for_driver=True)
    assert "URL" not in event_of(for_driver)
    assert b"/bookings/" not in for_driver


def test_who_drives_is_reminded_and_busy(booking, manager):
    driver = booking_calendar(booking, for_driver=True)
    assert ("TRIGGER", "-PT30M") in read(driver)
    assert ("ACTION", "DISPLAY") in read(driver)
    assert event_of(driver)["TRANSP"] == "OPAQUE"
    other = booking_calendar(booking, for_driver=False)
    assert ("BEGIN", "VALARM") not in read(other)
    assert event_of(other)["TRANSP"] == "TRANSPARENT"
    booking.driver.email = manager.email.upper()
    own = booking_calendar(booking, for_driver=False)
    assert ("TRIGGER", "-PT30M") in read(own)
    assert "URL" in event_of(own)


def test_what_is_not_known_is_left_out(booking):
    booking.evse = None
    booking.created_by = None
    booking.location.latitude = None
    event = event_of(booking_calendar(booking, for_driver=True))
    assert text(event["SUMMARY"]).endswith("🚚")
    assert "GEO" not in event
    assert "Charger" not in event["DESCRIPTION"]


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (Booking.Status.ACCEPTED, "CONFIRMED"),
        (Booking.Status.RESERVED, "CONFIRMED"),
        (Booking.Status.COMPLETED, "CONFIRMED"),
        (Booking.Status.CANCELLED, "CANCELLED"),
        (Booking.Status.FAILED, "CANCELLED"),
    ],
)
def test_what_does_not_take_place_is_marked(booking, status, expected):
    booking.status = status
    assert event_of(booking_calendar(booking, for_driver=True))["STATUS"] == expected


@pytest.mark.parametrize(
    ("start", "end", "words"),
    [
        # Thirteen hours over the night on which New York's clocks go back.
        (datetime(2026, 10, 31, 22, 0), datetime(2026, 11, 1, 11, 0), "13 h"),
        (datetime(2027, 3, 13, 23, 0), datetime(2027, 3, 14, 10, 0), "11 h"),
    ],
)
def test_a_change_of_clocks_moves_nothing(booking, start, end, words):
    booking.start_at, booking.end_at = start.replace(tzinfo=UTC), end.replace(tzinfo=UTC)
    event = event_of(booking_calendar(booking, for_driver=True))
    assert event["DTSTART"] == f"{start:%Y%m%dT%H%M%SZ}"
    assert event["DTEND"] == f"{end:%Y%m%dT%H%M%SZ}"
    description = text(event["DESCRIPTION"])
    assert words in description
    assert "18:00" in description
    assert "06:00 (next day)" in description


def test_instants_given_in_another_zone_are_written_in_utc(booking):
    # As the database gives them back they are UTC; an in-memory row may not be.
    zone = booking.zone
    booking.start_at = booking.start_at.astimezone(zone)
    booking.end_at = booking.start_at + timedelta(hours=1)
    event = event_of(booking_calendar(booking, for_driver=True))
    assert (event["DTSTART"], event["DTEND"]) == ("20261123T230000Z", "20261124T000000Z")


def test_nothing_that_others_wrote_adds_a_line(booking):
    booking.location.name = "Depot\r\nATTENDEE:mailto:all@example.org\rX\x85Y\u2028Z"
    booking.driver.first_name = "Dana\r\nEND:VEVENT"
    booking.created_by = UserFactory()
    for for_driver in (True, False):
        properties = read(booking_calendar(booking, for_driver=for_driver))
        assert "ATTENDEE" not in dict(properties)
        assert properties.count(("END", "VEVENT")) == 1
