"""How a driver gets in and starts the charge, in plain sentences: only what is known."""

from collections.abc import Iterator

from django.utils.translation import gettext as _

from bookings.models import Booking
from drivers.models import IdTag

MOST_CARDS = 3


def how_to_start(booking: Booking) -> tuple[str, ...]:
    """Return how a booking's driver gets in and what starts the charge; reads the driver's tags.

    The operator's word about this very booking comes before what it says of the site and of the
    driver's cards. Nothing where nobody has said anything.
    """
    methods = booking.access_methods or booking.location.access_methods
    return (*_getting_in(booking, methods), *_starting(booking))


def _getting_in(booking: Booking, methods: list[str]) -> Iterator[str]:
    plate = booking.vehicle.plate if booking.vehicle else ""
    if "OPEN" in methods:
        yield _("The site is open to everybody.")
    if "LICENSE_PLATE" in methods:
        if plate:
            yield _("The barrier reads the licence plate: come with %(plate)s.") % {"plate": plate}
        else:
            yield _("The barrier reads the licence plate.")
    if "TOKEN" in methods:
        yield _("A charging card or token lets you in.")
    if "ACCESS_CODE" in methods:
        yield _("An access code lets you in.")
    if "INTERCOM" in methods:
        yield _("There is an intercom at the entrance.")
    if "PARKING_TICKET" in methods:
        yield _("Take a parking ticket at the entrance.")


def _starting(booking: Booking) -> Iterator[str]:
    if tokens := _numbers([token.get("last_digits", "") for token in booking.authorized_tokens]):
        text = _("The operator has this booking down for the card that ends in %(digits)s.")
        yield text % {"digits": tokens}
        return
    tags = [tag for tag in booking.driver.id_tags.all() if tag.works_at(booking.start_at)]
    cards = [_card(tag) for tag in tags if tag.type == "rfid" and tag.last_digits]
    if cards:
        text = _("Start the charge with your card: %(cards)s.")
        yield text % {"cards": ", ".join(cards[:MOST_CARDS])}
    if any(tag.type == "emaid" for tag in tags):
        yield _("Your contract lets a vehicle with Plug & Charge start by itself.")


def _card(tag: IdTag) -> str:
    if tag.label:
        return _("%(label)s, ending in %(digits)s") % {
            "label": tag.label,
            "digits": tag.last_digits,
        }
    return _("the one ending in %(digits)s") % {"digits": tag.last_digits}


def _numbers(digits: list[str]) -> str:
    return ", ".join(dict.fromkeys(each for each in digits if each))
