"""What a fleet reads of its drivers."""

from datetime import timedelta

import pytest
from django.utils.timezone import now

from drivers.models import Driver, FleetDriver
from drivers.permissions import (
    current_drivers,
    driver_of,
    matching_drivers,
    offer_drivers,
    private_access_of,
    private_partner_ids,
)
from mirror.search import search_key
from tests.factories import BookingFactory, DriverFactory, next_noon

pytestmark = pytest.mark.django_db


def driver(fleet, first, last, **fields) -> Driver:
    email = fields.pop("email", f"{first}@hudson.example".lower())
    return DriverFactory(
        fleet=fleet,
        first_name=first,
        last_name=last,
        email=email,
        search_text=search_key(first, last, email),
        **fields,
    )


def test_drivers_of_others_and_those_who_left_are_not_there(fleet, other_fleet):
    ours = DriverFactory(fleet=fleet)
    theirs = DriverFactory(fleet=other_fleet)
    gone = DriverFactory(fleet=fleet)
    FleetDriver.objects.filter(driver=gone).update(left_at=now())

    assert list(current_drivers(fleet)) == [ours]
    assert driver_of(fleet, ours.pk) == ours
    for other in (theirs, gone):
        with pytest.raises(Driver.DoesNotExist):
            driver_of(fleet, other.pk)


def test_a_fleet_sees_the_private_chargers_of_who_invited_a_current_driver(fleet, other_fleet):
    DriverFactory(fleet=fleet, private_access=[601])
    DriverFactory(fleet=fleet, private_access=[602], status=Driver.Status.DISABLED)
    DriverFactory(fleet=other_fleet, private_access=[603])
    gone = DriverFactory(fleet=fleet, private_access=[604])
    FleetDriver.objects.filter(driver=gone).update(left_at=now())
    assert private_partner_ids(fleet) == {501, 601}


def test_a_driver_uses_private_chargers_by_invitation(fleet):
    invited = DriverFactory(fleet=fleet, private_access=[601])
    assert private_access_of(invited) == {601}


@pytest.mark.parametrize("query", ["zoe", "ZOÉ", "lef zoe", "zoé@hudson", "zoe  LEFEVRE"])
def test_each_word_matches_name_or_email_without_case_and_accents(fleet, query):
    zoe = driver(fleet, "Zoé", "Lefèvre")
    driver(fleet, "Bruno", "Lefèvre")
    assert list(matching_drivers(fleet, query)) == [zoe]


@pytest.mark.parametrize("query", ["%", "_", "zoe bruno", "nobody"])
def test_what_matches_nobody(fleet, query):
    driver(fleet, "Zoé", "Lefèvre")
    driver(fleet, "Bruno", "Lefèvre")
    assert list(matching_drivers(fleet, query)) == []


def test_enabled_drivers_come_first_then_the_name(fleet):
    off = driver(fleet, "Ana", "Abel", status=Driver.Status.DISABLED)
    zoe = driver(fleet, "Zoé", "Zander")
    ben = driver(fleet, "Ben", "Zander")
    assert list(matching_drivers(fleet, "")) == [ben, zoe, off]


def test_an_offer_says_how_many_more_there_are(fleet):
    drivers = [
        driver(fleet, "Ana", f"Nr {number:02}", email=f"a{number}@h.example")
        for number in range(11)
    ]
    offer = offer_drivers(fleet, "ana", chosen="")
    assert (offer.drivers, offer.more, offer.chosen) == (drivers[:8], 3, None)
    assert offer_drivers(fleet, "nr 01", chosen="").more == 0


def test_the_chosen_driver_stays_in_the_offer(fleet):
    drivers = [
        driver(fleet, "Ana", f"Nr {number:02}", email=f"a{number}@h.example")
        for number in range(11)
    ]
    offer = offer_drivers(fleet, "ana", chosen=str(drivers[10].pk))
    assert offer.drivers == [drivers[10], *drivers[:7]]
    assert (offer.more, offer.chosen) == (3, drivers[10].pk)

    elsewhere = offer_drivers(fleet, "nr 01", chosen=str(drivers[10].pk))
    assert (elsewhere.drivers, elsewhere.more) == ([drivers[10], drivers[1]], 0)


@pytest.mark.parametrize("chosen", ["x", "²", "-1", "9" * 30, "0"])
def test_a_choice_that_makes_no_sense_is_none(fleet, chosen):
    driver(fleet, "Ana", "Abel")
    offer = offer_drivers(fleet, "", chosen=chosen)
    assert (len(offer.drivers), offer.chosen) == (1, None)


def test_another_fleets_driver_cannot_be_chosen(fleet, other_fleet):
    theirs = driver(other_fleet, "Jules", "Moreau")
    assert offer_drivers(fleet, "", chosen=str(theirs.pk)).drivers == []


def test_drivers_stand_in_the_order_in_which_their_names_are_shown(fleet):
    """By first name, whatever its case and accents; who gave no name stands by the e-mail."""
    names = [("bea", "Young"), ("Émile", "Zola"), ("Eve", "Adams"), ("ana", "Zander")]
    shown = [driver(fleet, first, last) for first, last in names]
    shown.append(driver(fleet, "", "", email="carl@hudson.example"))
    shown.append(driver(fleet, "Ana Maria", "Abel"))
    assert [each.display_name for each in matching_drivers(fleet, "")] == [
        "Ana Maria Abel",
        "ana Zander",
        "bea Young",
        "carl@hudson.example",
        "Émile Zola",
        "Eve Adams",
    ]


def test_those_booked_for_lately_come_first_in_the_form(fleet):
    ana, ben, cem, dan = (driver(fleet, name, "Abel") for name in ("Ana", "Ben", "Cem", "Dan"))
    for booked, days in ((dan, 2), (cem, 1), (dan, 0)):
        BookingFactory(fleet=fleet, driver=booked, start_at=next_noon() - timedelta(days=days))
    BookingFactory(driver=ben)
    offer = offer_drivers(fleet, "", chosen="")
    assert offer.drivers == [dan, cem, ana, ben]
    assert offer.recent == {dan.pk, cem.pk}
    # Who is disabled cannot be picked, however lately there was a booking.
    Driver.objects.filter(pk=dan.pk).update(status=Driver.Status.DISABLED)
    assert offer_drivers(fleet, "", chosen="").drivers == [cem, ana, ben, dan]
    # The list of all drivers keeps to the names.
    assert list(matching_drivers(fleet, "")) == [ana, ben, cem, dan]
