"""The tables of what statuses mean: each status is in them, and all that is made from them."""

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from django.conf import settings
from django.template.loader import render_to_string

from bookings.models import Booking, BookingRequest, statuses
from bookings.models.statuses import BOOKING_TRAITS, REQUEST_TRAITS, BookingStatus, RequestStatus
from bookings.pages.badge import badge_of
from bookings.wording.history import OCCURRENCES
from tests.factories import BookingFactory

# What each status counts as, in the names of the sets on the model.
COUNTS_AS = {
    "requested": {"HOLDS_A_PLACE", "COMING", "MAY_COME"},
    "rejected": {"NEVER_BOOKED", "CALLED_OFF", "DID_NOT_WORK_OUT", "NOT_IN_CALENDARS"},
    "not-placed": {"NEVER_BOOKED", "CALLED_OFF", "DID_NOT_WORK_OUT", "NOT_IN_CALENDARS"},
    "accepted": {"HOLDS_A_PLACE", "CONFIRMED", "GOES_AHEAD", "COMING", "MAY_STAND", "MAY_COME"},
    "reserved": {"HOLDS_A_PLACE", "CONFIRMED", "GOES_AHEAD", "COMING", "MAY_STAND", "MAY_COME"},
    "completed": {"GOES_AHEAD", "COMING"},
    "cancelled": {"CALLED_OFF", "ENDED_EARLY", "NOT_IN_CALENDARS"},
    "no-show": {"LOST", "ENDED_EARLY", "DID_NOT_WORK_OUT"},
    "failed": {"LOST", "ENDED_EARLY", "DID_NOT_WORK_OUT", "NOT_IN_CALENDARS"},
    "unknown": {"MAY_STAND", "MAY_COME"},
}
SETS = sorted(set.union(*COUNTS_AS.values()))
REQUESTS_COUNT_AS = {
    "queued": {"OPEN"},
    "pending": {"OPEN", "UNDECIDED"},
    "stale": {"OPEN", "UNDECIDED"},
    "approved": {"SETTLED"},
    "rejected": {"SETTLED", "REFUSED"},
    "failed": {"SETTLED", "REFUSED"},
}


@pytest.fixture(scope="module")
def symbols() -> set[str]:
    root = ET.parse(Path(settings.BASE_DIR) / "static" / "icons.svg").getroot()
    return {each.attrib["id"] for each in root.iter() if each.tag.endswith("symbol")}


@pytest.mark.parametrize("status", BookingStatus)
def test_each_status_of_a_booking_counts_as_what_it_should(status):
    assert {name for name in SETS if status in getattr(Booking, name)} == COUNTS_AS[status]
    assert Booking(status=status.value).holds_a_place == ("HOLDS_A_PLACE" in COUNTS_AS[status])
    assert Booking(status=status.value).is_confirmed == ("CONFIRMED" in COUNTS_AS[status])
    assert Booking(status=status.value).in_calendars == (
        "NOT_IN_CALENDARS" not in COUNTS_AS[status]
    )


@pytest.mark.parametrize("status", RequestStatus)
def test_each_status_of_a_request_counts_as_what_it_should(status):
    sets = ("OPEN", "SETTLED", "UNDECIDED", "REFUSED")
    found = {name for name in sets if status in getattr(BookingRequest, name)}
    assert found == REQUESTS_COUNT_AS[status]
    request = BookingRequest(status=status.value)
    assert (request.is_settled, request.is_refused) == ("SETTLED" in found, "REFUSED" in found)


@pytest.mark.parametrize("status", BookingStatus)
def test_a_status_without_traits_is_no_status(status, monkeypatch):
    monkeypatch.delitem(statuses.BOOKING_TRAITS, status)
    with pytest.raises(KeyError):
        statuses.at(statuses.Stage.ASKED)


@pytest.mark.parametrize("status", BookingStatus)
def test_each_status_can_be_drawn(status, symbols):
    traits = BOOKING_TRAITS[status]
    css = (Path(settings.BASE_DIR) / "static" / "css" / "base.css").read_text()
    assert traits.icon in symbols
    assert f".state--{traits.tone} {{" in css
    assert traits.calendar in {"TENTATIVE", "CONFIRMED", "CANCELLED"}
    assert status in {"unknown", *Booking.MOVES}


@pytest.mark.parametrize("status", RequestStatus)
def test_each_status_of_a_request_can_be_told(status, symbols):
    assert REQUEST_TRAITS[status].icon in symbols
    if status != RequestStatus.QUEUED:
        assert all((kind, status) in OCCURRENCES for kind in BookingRequest.Kind)


@pytest.mark.django_db
@pytest.mark.parametrize("status", BookingStatus)
def test_managers_and_drivers_are_told_what_each_status_means(status):
    booking = BookingFactory(status=status)
    context = {"booking": booking, "cancelled_by": "Cancelled by Erin."}
    for template in ("bookings/history/_status_text.html", "bookings/driver_page/_status.html"):
        told = render_to_string(template, context | {"token": "x"})
        assert "<p>" in told
        assert "<p></p>" not in told
    assert str(status.label) in badge_of(booking)
