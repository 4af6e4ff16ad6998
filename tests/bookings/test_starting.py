"""How a driver gets in and starts the charge: what the operator says, and nothing else."""

from contextlib import suppress
from datetime import timedelta

import httpx
import pytest
from django.utils.timezone import now

from bookings.models import Booking
from bookings.wording.starting import how_to_start
from drivers.id_tags import read_due_tags, store_tags
from drivers.models import Driver, IdTag
from drivers.sync import sync_fleet_drivers
from privacy.erasure import erase_driver
from sandbox.world.belongings import add_id_tags
from sandbox.world.records import IdTag as Card
from sync.operator_requests import change_booking_request, new_booking_request
from tests.factories import BookingFactory, DriverFactory, VehicleFactory
from upstream.errors import UpstreamError
from upstream.tag_keys import tag_key

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


@pytest.fixture
def booking(fleet) -> Booking:
    driver = DriverFactory(fleet=fleet)
    start = now() + timedelta(hours=5)
    return BookingFactory(
        fleet=fleet, driver=driver, accepted=True, start_at=start, end_at=start + timedelta(hours=1)
    )


def test_where_nothing_is_known_nothing_is_said(booking):
    booking.location.access_methods = []
    assert how_to_start(booking) == ()


def test_the_bookings_own_word_comes_before_the_sites(booking):
    booking.location.access_methods = ["OPEN"]
    booking.access_methods = ["LICENSE_PLATE", "INTERCOM"]
    booking.vehicle = VehicleFactory(fleet=booking.fleet, plate="HPF 14")
    told = how_to_start(booking)
    assert told == (
        "The barrier reads the licence plate: come with HPF 14.",
        "There is an intercom at the entrance.",
    )


def test_cards_that_work_are_named_by_their_last_digits(booking):
    cards = {"works": "enabled", "lost": "suspended"}
    for number, (label, status) in enumerate(cards.items()):
        IdTag.objects.create(
            driver=booking.driver,
            ampeco_id=number,
            type="rfid",
            status=status,
            label=label,
            last_digits=f"000{number}",
        )
    [line] = how_to_start(booking)
    assert line == "Start the charge with your card: works, ending in 0000."


def test_the_tokens_of_a_booking_are_read_shown_and_sent_on(
    confirmed, operator, workers, driver, as_manager
):
    operator.id_tags[1] = Card(1, "04A1B2C3D4E5F6", "", driver.ampeco_user_id, now(), 77)
    theirs = operator.bookings[confirmed.ampeco_booking_id]
    theirs.token_ids, theirs.access_methods = [77], ["TOKEN"]
    operator.set_booking_status(theirs, theirs.status)
    workers.refresh_all()
    confirmed.refresh_from_db()
    assert confirmed.authorized_tokens == [{"id": 77, "type": "RFID", "last_digits": "E5F6"}]
    assert confirmed.access_methods == ["TOKEN"]
    assert "for the card that ends in E5F6" in how_to_start(confirmed)[-1]
    # Nobody needs to look at it, and history has nothing to tell.
    assert not confirmed.needs_attention
    request = confirmed.requests.get()
    assert change_booking_request(request).authorized_token_ids == (77,)
    request.booking.replaces = confirmed
    assert new_booking_request(request).authorized_token_ids == (77,)
    # They are its driver's and nobody else's.
    request.driver = DriverFactory()
    assert change_booking_request(request).authorized_token_ids == ()


class TestTags:
    @pytest.fixture
    def about_to_charge(self, mirrored, fleet, operator):
        add_id_tags(operator)
        driver = Driver.objects.get(ampeco_user_id=7001)
        start = now() + timedelta(hours=5)
        BookingFactory(fleet=fleet, driver=driver, accepted=True, start_at=start)
        return driver

    def test_those_of_who_is_about_to_charge_are_read_once_a_day(
        self, about_to_charge, fleet, ampeco_client, operator, wire
    ):
        for _run in range(2):
            sync_fleet_drivers(fleet, client=ampeco_client)
        assert wire.count("/id-tags/") == 1
        tag = about_to_charge.id_tags.get()
        assert (tag.status, len(tag.last_digits)) == ("enabled", 4)
        (card,) = (card for card in operator.id_tags.values() if card.user_id == 7001)
        assert tag.uid_key == tag_key(card.uid)

    def test_a_token_that_may_not_read_them_is_not_asked_again_and_staff_are_told(
        self, about_to_charge, fleet, ampeco_client, operator, wire
    ):
        operator.id_tags_forbidden = True
        for _run in range(2):
            run = sync_fleet_drivers(fleet, client=ampeco_client)
            assert run.state == "finished"
            assert "charging cards (403)" in run.problem
        assert wire.count("/id-tags/") == 1

    def test_who_cannot_be_read_does_not_keep_others_waiting(
        self, about_to_charge, fleet, ampeco_client, wire
    ):
        others = [DriverFactory(fleet=fleet) for _ in range(2)]
        for each in others:
            BookingFactory(fleet=fleet, driver=each, accepted=True, start_at=now() + HOUR)

        def fail_for_one(request):
            is_theirs = request.url.params.get("filter[userId]") == "7001"
            return httpx.Response(500, json={}) if is_theirs else None

        wire.intercept = fail_for_one
        for _run in range(2):
            with suppress(UpstreamError):
                read_due_tags(fleet, client=ampeco_client, now=now())
        read = Driver.objects.filter(pk__in=[each.pk for each in others])
        assert not read.filter(tags_read_at=None).exists()
        # It is tried again before the day is over.
        wire.intercept = None
        read_due_tags(fleet, client=ampeco_client, now=now() + 2 * HOUR)
        assert about_to_charge.id_tags.exists()

    def test_whose_were_never_read_comes_first(self, about_to_charge, fleet, ampeco_client):
        for _ in range(5):
            long_ago = DriverFactory(fleet=fleet, tags_read_at=now() - 48 * HOUR)
            BookingFactory(fleet=fleet, driver=long_ago, accepted=True, start_at=now() + HOUR)
        read_due_tags(fleet, client=ampeco_client, now=now())
        assert about_to_charge.id_tags.exists()

    def test_nothing_is_kept_of_who_was_erased_while_it_was_read(
        self, mirrored, operator, ampeco_client
    ):
        add_id_tags(operator)
        driver = Driver.objects.get(ampeco_user_id=7001)
        tags = ampeco_client.id_tags_of(7001)
        assert tags
        erase_driver(driver=driver, email=driver.email)
        store_tags(driver, tags, now=now())
        assert not IdTag.objects.exists()

    def test_what_is_gone_at_the_operator_is_gone_here(self, about_to_charge, fleet, ampeco_client):
        read_due_tags(fleet, client=ampeco_client, now=now())
        store_tags(about_to_charge, [], now=now())
        assert not about_to_charge.id_tags.exists()
