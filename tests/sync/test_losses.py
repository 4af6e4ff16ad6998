"""What a booking ahead loses at the operator is told to its fleet, once."""

import html
from datetime import timedelta

import pytest
from django.utils.timezone import now

from bookings import tasks
from bookings.models import Booking, BookingEvent
from bookings.wording.attention import reasons_of
from drivers.sync import sync_fleet_drivers
from sandbox.world import cast
from sandbox.world.records import ChargePoint, Connector, Location
from sandbox.world.records import Evse as Charger
from sites.mirroring import full_walk
from tests.small_operator import let_a_minute_pass

pytestmark = pytest.mark.django_db


@pytest.fixture
def elsewhere(operator):
    """Another site of the operator with a charger of its own, near by."""
    long_ago = now() - timedelta(days=30)
    operator.add_location(
        Location(102, {"en": "Pier 57"}, "US", 40.71, -74.01, "America/New_York", long_ago)
    )
    operator.add_charge_point(ChargePoint(202, "CP-2", 102, long_ago))
    plugs = [Connector(3030, "ccs1")]
    operator.add_evse(Charger(303, 202, "REF-303", "Bay 303", "dc", 150, plugs, long_ago))


@pytest.fixture
def mirror(ampeco_client, fleet):
    def mirror() -> None:
        full_walk.sync_sites(client=ampeco_client, full=True)
        sync_fleet_drivers(fleet, client=ampeco_client)
        tasks.notice_losses()

    return mirror


def lose_charger(operator):
    operator.evses.pop(301)
    operator.charge_points[201].evse_ids.remove(301)


def lose_charge_point(operator):
    charge_point = operator.charge_points.pop(201)
    operator.locations[101].charge_point_ids.remove(201)
    for pk in charge_point.evse_ids:
        del operator.evses[pk]


def lose_site(operator):
    lose_charge_point(operator)
    del operator.locations[101]


def move_charger(operator):
    operator.charge_points[201].location_id = 102
    operator.locations[101].charge_point_ids.remove(201)
    operator.locations[102].charge_point_ids.append(201)


def lose_driver(operator):
    user = operator.users[cast.ANA.id]
    for invite in list(user.invites):
        user.invites.remove(invite)
        del operator.invites[invite.id]


GONE = "The operator no longer lists this charger or its site."
LOSSES = [
    (lose_charger, "place-gone", GONE),
    (lose_charge_point, "place-gone", GONE),
    (lose_site, "place-gone", GONE),
    (move_charger, "place-moved", "The charger now stands at another site: Pier 57."),
    (lose_driver, "driver-left", "Ana Alvarez is no longer in your fleet."),
]


@pytest.mark.parametrize(("lose", "what", "words"), LOSSES)
def test_it_is_told_once_with_what_can_be_done(
    confirmed, operator, elsewhere, mirror, as_manager, lose, what, words
):
    mirror()
    assert not Booking.objects.get().needs_attention
    lose(operator)
    mirror()
    today = html.unescape(as_manager.get("/").content.decode())
    assert words in today
    page = html.unescape(as_manager.get(f"/bookings/{confirmed.pk}/").content.decode())
    banner = page.split(f'id="banner-{what}"')[1].split("</div>")[0]
    assert words in banner
    assert "The booking still stands." in banner
    moves_to = f'hx-get="/bookings/{confirmed.pk}/alternatives/?move=1"'
    assert (moves_to in page) == (what != "driver-left")

    as_manager.post(f"/bookings/{confirmed.pk}/dismiss/")
    mirror()
    assert not Booking.objects.get().needs_attention
    assert BookingEvent.objects.filter(what=what).count() == 1
    assert Booking.objects.get().version == confirmed.version
    assert html.unescape(as_manager.get(f"/bookings/{confirmed.pk}/").content.decode()).count(words)


def test_another_charger_is_offered_where_it_could_be_moved_to(
    confirmed, operator, elsewhere, mirror, as_manager
):
    lose_charge_point(operator)
    mirror()
    found = as_manager.get(f"/bookings/{confirmed.pk}/alternatives/?move=1").content.decode()
    assert "Pier 57" in found
    assert f"move={confirmed.pk}" in found


def test_what_comes_back_is_said_and_what_is_lost_anew_is_told_anew(
    confirmed, operator, elsewhere, mirror
):
    charger = operator.evses[301]
    lose_charger(operator)
    mirror()
    operator.add_evse(charger)
    mirror()
    booking = Booking.objects.select_related("location", "evse__charge_point").get()
    assert reasons_of([booking]) == {
        booking.pk: "The operator did not list this charger for a while; now it does again."
    }
    Booking.objects.update(needs_attention=False)
    lose_charger(operator)
    mirror()
    assert Booking.objects.get().needs_attention


def test_what_is_over_or_cancelled_loses_nothing(confirmed, operator, elsewhere, mirror):
    Booking.objects.update(status="cancelled", refresh_at=None)
    lose_charger(operator)
    mirror()
    assert not BookingEvent.objects.exists()
    Booking.objects.update(
        status="accepted",
        refresh_at=now(),
        start_at=now() - timedelta(hours=3),
        end_at=now() - timedelta(hours=1),
    )
    tasks.notice_losses()
    assert not BookingEvent.objects.exists()


def test_a_loss_is_a_line_of_its_history(confirmed, operator, elsewhere, mirror, as_manager):
    let_a_minute_pass()
    lose_driver(operator)
    mirror()
    page = as_manager.get(f"/bookings/{confirmed.pk}/").content.decode()
    assert "Ana Alvarez is no longer in the fleet" in page.split('id="history-title"')[1]
