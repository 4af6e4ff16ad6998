"""Links to drivers' pages: what is signed, and all that opens nothing."""

import uuid
from datetime import timedelta

import pytest
from django.core.signing import Signer

from bookings.models import Booking
from bookings.models.booking import (
    SIGNER,
    VALID_AFTER_END,
    booking_of_link,
    driver_page_url,
    link_token,
)
from tests.factories import BookingFactory, DriverFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def booking(fleet) -> Booking:
    return BookingFactory(fleet=fleet, accepted=True)


@pytest.fixture
def token(booking) -> str:
    return link_token(booking, booking.driver)


def test_a_link_opens_its_booking(booking, token):
    assert driver_page_url(booking, booking.driver) == f"https://chargebook.example/d/{token}/"
    assert booking_of_link(token) == booking


def forged(booking: Booking) -> dict[str, str]:
    """Return texts that somebody might try who knows a link, or how links are made."""
    uid, driver, generation = booking.uid.hex, booking.driver_id, booking.link_generation
    token = link_token(booking, booking.driver)
    said, signature = token.rsplit(".", 1)
    colleague = DriverFactory()
    other = BookingFactory(driver=booking.driver, accepted=True)
    return {
        "nothing": ".",
        "no signature": said,
        "empty signature": f"{said}.",
        "cut short": token[:-1],
        "one letter more": f"{token}A",
        "a letter of the signature": f"{said}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}",
        "in capitals": token.upper(),
        "signature of another booking": f"{said}.{link_token(other, other.driver).split('.')[1]}",
        "another driver, unsigned": f"{uid}-{colleague.pk}-{generation}.{signature}",
        "another driver, signed": link_token(booking, colleague),
        "next generation, unsigned": f"{uid}-{driver}-{generation + 1}.{signature}",
        "next generation, signed": SIGNER.sign(f"{uid}-{driver}-{generation + 1}"),
        "an unknown booking, signed": SIGNER.sign(f"{uuid.uuid4().hex}-{driver}-{generation}"),
        "signed for something else": Signer(salt="other", sep=".").sign(said),
        "signed by another key": Signer(key="x" * 50, salt=SIGNER.salt, sep=".").sign(said),
        "the number instead of the id": SIGNER.sign(f"{booking.pk}-{driver}-{generation}"),
        "a part too many": SIGNER.sign(f"{uid}-{driver}-{generation}-1"),
        "a part too few": SIGNER.sign(f"{uid}-{driver}"),
        "signs that no address has": "\x00é💥.\x00",
        "very long": "A" * 4000,
    }


def test_whatever_else_somebody_tries_opens_nothing(booking):
    opened = {what: booking_of_link(text) for what, text in forged(booking).items()}
    assert set(opened.values()) == {None}, opened


def test_a_link_lives_on_for_a_while_after_the_end(booking, token):
    last = booking.end_at + VALID_AFTER_END
    assert booking_of_link(token, now=last) == booking
    assert booking_of_link(token, now=last + timedelta(seconds=1)) is None


def test_a_link_follows_a_booking_to_another_time(booking, token):
    late = booking.end_at + timedelta(days=1)
    assert booking_of_link(token, now=late) is None
    Booking.objects.update(start_at=booking.start_at + timedelta(days=1), end_at=late)
    assert booking_of_link(token, now=late) == booking


def test_revoked_links_and_those_of_an_earlier_driver_open_nothing(booking, token):
    Booking.objects.update(link_generation=1)
    assert booking_of_link(token) is None
    booking.refresh_from_db()
    assert booking_of_link(link_token(booking, booking.driver)) == booking
    Booking.objects.update(link_generation=0, driver=DriverFactory())
    assert booking_of_link(token) is None


def test_a_fleet_that_is_switched_off_has_no_links(booking, token, fleet):
    fleet.is_active = False
    fleet.save()
    assert booking_of_link(token) is None
