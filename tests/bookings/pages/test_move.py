"""Moving a booking to another place: from its page to the form, and what is refused on the way."""

import re
import uuid
from datetime import timedelta
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from django.urls import reverse
from django.utils.timezone import now

from bookings.models import Actor, Booking, BookingEvent
from bookings.state.booking import change_booking
from sandbox.world.records import ChargePoint, Connector, Location
from sandbox.world.records import Evse as Charger
from shell.formats import instant
from sites.models import Evse
from tests.factories import BookingFactory, VehicleFactory

pytestmark = pytest.mark.django_db

NEW = "/bookings/new/"
HOUR = timedelta(hours=1)


@pytest.fixture
def operator_world(operator_world):
    """Two more chargers like the first one: one at the same site, one at another not far away."""
    long_ago = now() - timedelta(days=30)
    operator_world.add_location(
        Location(102, {"en": "Pier 76"}, "US", 40.76, -74.0, "America/New_York", long_ago)
    )
    operator_world.add_charge_point(ChargePoint(202, "CP-2", 102, long_ago))
    for pk, point in ((303, 201), (304, 202)):
        plugs = [Connector(pk * 10, "ccs1")]
        operator_world.add_evse(
            Charger(pk, point, f"REF-{pk}", f"Bay {pk}", "dc", 150, plugs, long_ago)
        )
    return operator_world


@pytest.fixture
def old(confirmed) -> Booking:
    Booking.objects.update(reference="Job 7")
    confirmed.refresh_from_db()
    return confirmed


def html(answer) -> str:
    assert answer.status_code == 200
    return answer.content.decode()


def links(page: str, begin: str) -> list[str]:
    found = [part.split('"')[0].replace("&amp;", "&") for part in page.split('href="')[1:]]
    return [link for link in found if link.startswith(begin)]


def query_of(link: str) -> dict[str, str]:
    return {name: value for name, (value,) in parse_qs(urlsplit(link).query).items()}


def params(old: Booking, ampeco_id: int, **changes) -> dict[str, str]:
    evse = Evse.objects.select_related("charge_point").get(ampeco_id=ampeco_id)
    return {
        "site": str(evse.charge_point.location_id),
        "evse": str(evse.pk),
        "start": instant(old.start_at),
        "minutes": "60",
        "move": str(old.pk),
    } | changes


def filled(old: Booking, ampeco_id: int = 303, **changes) -> dict[str, str]:
    typed = {
        "driver": str(old.driver_id),
        "reference": "Job 7",
        "submission_key": str(uuid.uuid4()),
        "version": str(old.version),
    }
    return params(old, ampeco_id) | typed | changes


# Where to


def test_the_page_asks_nobody_and_says_how_a_move_goes(as_manager, old, wire):
    before = len(wire.sent)
    page = html(as_manager.get(f"/bookings/{old.pk}/move/"))
    assert len(wire.sent) == before
    assert f"Move booking {old.pk}" in page
    assert "cancelled only after the operator has approved the new one" in page
    assert f'hx-get="/bookings/{old.pk}/alternatives/?move=1"' in page


def test_other_chargers_and_sites_are_one_click_away(as_manager, old):
    address = f"/bookings/{old.pk}/alternatives/?move=1"
    page = html(as_manager.get(address, headers={"HX-Request": "true"}))
    found = [query_of(link) for link in links(page, NEW)]
    evses = {evse.ampeco_id: str(evse.pk) for evse in Evse.objects.all()}
    assert [each["evse"] for each in found] == [evses[303], evses[304]]
    for each in found:
        assert (each["move"], each["driver"]) == (str(old.pk), str(old.driver_id))
        assert (each["reference"], each["start"]) == ("Job 7", instant(old.start_at))
    assert "6.7 km" in page
    assert "The same charger at another time" not in page


def test_the_way_to_any_other_slot_keeps_the_vehicle_in_mind(as_manager, old):
    van = VehicleFactory(fleet=old.fleet)
    Booking.objects.filter(pk=old.pk).update(vehicle=van)
    for address in (f"/bookings/{old.pk}/move/", f"/bookings/{old.pk}/alternatives/?move=1"):
        (site,) = links(html(as_manager.get(address)), f"/sites/{old.location_id}/?")
        assert query_of(site)["vehicle"] == str(van.pk)


def test_any_slot_of_any_site_can_be_picked(as_manager, old):
    page = html(as_manager.get(f"/bookings/{old.pk}/move/"))
    (site,) = links(page, f"/sites/{old.location_id}/?")
    (other,) = links(page, "/sites/?")
    assert query_of(site)["move"] == query_of(other)["move"] == str(old.pk)
    for link in (site, other):
        assert f"You are moving booking {old.pk}." in html(as_manager.get(link))
    pier = Evse.objects.select_related("charge_point").get(ampeco_id=304).charge_point
    (elsewhere,) = links(html(as_manager.get(other)), f"/sites/{pier.location_id}/")
    assert query_of(elsewhere)["move"] == str(old.pk)
    assert query_of(elsewhere)["day"] == query_of(site)["day"]
    picker = html(as_manager.get(elsewhere))
    assert links(picker, NEW)
    assert all(query_of(link)["move"] == str(old.pk) for link in links(picker, NEW))


# The form


def test_the_form_shows_both_and_is_filled_in(as_manager, old):
    page = html(as_manager.get(NEW, params(old, 303)))
    assert f"Move booking {old.pk}" in page
    assert "The current booking is cancelled only after the new one is approved." in page
    assert "Request the move" in page
    assert f'value="{old.driver_id}" checked' in page
    assert 'value="Job 7"' in page
    aside = page.split('id="old-title"')[1]
    assert "Bay 301" in aside.split('id="slot-title"')[0]
    assert "Bay 303" in aside.split('id="slot-title"')[1]


def test_sending_it_asks_for_the_new_place_and_holds_the_old_one(
    as_manager, old, workers, operator
):
    answer = as_manager.post(NEW, filled(old))
    new = Booking.objects.get(replaces=old)
    assert answer.url == f"/bookings/{new.pk}/"
    old.refresh_from_db()
    assert (old.status, old.open_change) == ("accepted", "move")
    assert new.reference == "Job 7"
    workers.submit()
    assert [each.type for each in operator.requests.values()] == ["create", "create"]


def test_sending_it_twice_is_one_move(as_manager, old):
    data = filled(old)
    first = as_manager.post(NEW, data)
    second = as_manager.post(NEW, data)
    assert second.url == first.url
    assert Booking.objects.count() == 2


def test_searching_for_a_driver_keeps_it_a_move(as_manager, old):
    data = filled(old, driver_query="elif", find="1", reference="Job 8")
    page = html(as_manager.post(NEW, data))
    assert f'name="move" value="{old.pk}"' in page
    assert f'name="version" value="{old.version}"' in page
    assert 'value="Job 8"' in page
    assert "Elif Demir" in page


def test_the_old_booking_is_no_overlap_but_others_are(as_manager, old, fleet):
    other = BookingFactory(
        fleet=fleet, driver=old.driver, accepted=True, start_at=old.start_at + HOUR / 2
    )
    page = html(as_manager.post(NEW, filled(old)))
    assert f'href="/bookings/{other.pk}/"' in page
    assert "Move anyway" in page
    assert not old.replacements.exists()
    other.delete()
    as_manager.post(NEW, filled(old))
    assert old.replacements.exists()


def test_who_comes_second_is_told_and_may_send_it_again(as_manager, old):
    change_booking(
        old,
        what=BookingEvent.What.CHANGED,
        actor=Actor.OPERATOR,
        end_at=old.end_at + HOUR,
    )
    stale = filled(old, version=str(old.version - 1))
    page = html(as_manager.post(NEW, stale))
    assert "This booking has changed since you opened the page." in page
    assert not old.replacements.exists()
    assert f'name="version" value="{old.version}"' in page
    as_manager.post(NEW, stale | {"version": str(old.version)})
    assert old.replacements.exists()


def test_a_form_without_a_version_is_told_so_too(as_manager, old):
    for version in ("", "x", "-1"):
        as_manager.post(NEW, filled(old, version=version))
    assert not old.replacements.exists()


def test_a_place_that_is_taken_offers_others_and_stays_a_move(as_manager, old, operator):
    operator.add_booking(location_id=101, evse_id=303, start_at=old.start_at, end_at=old.end_at)
    page = html(as_manager.post(NEW, filled(old, reference="Job 8")))
    assert "no longer free at that time" in page
    assert "The current booking stays as it is." in page
    assert f"You are moving booking {old.pk}." in page
    assert all(query_of(link)["move"] == str(old.pk) for link in links(page, NEW))
    (address,) = links(page, "/bookings/new/alternatives/")
    (free,) = links(html(as_manager.get(address, headers={"HX-Request": "true"})), NEW)
    assert query_of(free)["move"] == str(old.pk)
    assert query_of(free)["reference"] == "Job 8"
    kept = query_of(links(page, NEW)[0])["reference"]
    assert kept == "Job 8", "what was typed is kept"
    assert "Job 8" not in html(as_manager.get(NEW, params(old, 304))), "by these links alone"


def test_what_was_typed_for_a_move_does_not_show_in_another_form(as_manager, old, operator):
    operator.add_booking(location_id=101, evse_id=303, start_at=old.start_at, end_at=old.end_at)
    as_manager.post(NEW, filled(old, reference="Job 8"))
    assert "Job 8" not in html(as_manager.get(NEW, params(old, 304, move="")))


def test_the_charger_that_it_has_is_no_other_place(as_manager, old):
    later = instant(old.start_at + 3 * HOUR)
    page = html(as_manager.post(NEW, filled(old, 301, start=later)))
    assert "The booking is already at this charger." in page
    assert not old.replacements.exists()


def test_a_move_that_did_not_work_is_tried_again_as_a_move(as_manager, old, workers, operator):
    as_manager.post(NEW, filled(old))
    new = old.replacements.get()
    workers.submit()
    operator.reject(operator.requests[2], "Bay closed.")
    workers.poll()
    page = html(as_manager.get(f"/bookings/{new.pk}/"))
    (again,) = links(page, f"/sites/{old.location_id}/?")
    assert query_of(again)["move"] == str(old.pk)
    offered = links(html(as_manager.get(f"/bookings/{new.pk}/alternatives/")), NEW)
    assert offered
    assert all(query_of(link)["move"] == str(old.pk) for link in offered)
    Booking.objects.filter(pk=old.pk).update(status="cancelled")
    offered = links(html(as_manager.get(f"/bookings/{new.pk}/alternatives/")), NEW)
    assert offered
    assert not any("move" in query_of(link) for link in offered)


# What may not be moved


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"open_change": "update"}, "A change has been requested."),
        ({"start_at": -2 * HOUR, "end_at": -HOUR}, "This booking has already started"),
        ({"status": "cancelled"}, "can no longer be changed"),
        ({"status": "requested", "ampeco_booking_id": None}, "has not decided yet"),
    ],
)
def test_what_may_not_be_moved_is_refused_everywhere(as_manager, old, changes, words):
    at = {name: now() + value for name, value in changes.items() if isinstance(value, timedelta)}
    Booking.objects.filter(pk=old.pk).update(**changes | at)
    for answer in (
        as_manager.get(f"/bookings/{old.pk}/move/"),
        as_manager.get(f"/bookings/{old.pk}/alternatives/?move=1"),
        as_manager.get(NEW, params(old, 303)),
        as_manager.post(NEW, filled(old)),
    ):
        assert answer.status_code == 409
        assert words in answer.content.decode()
    assert Booking.objects.count() == 1


def test_another_fleets_booking_is_a_404(as_manager, old, other_fleet):
    foreign = BookingFactory(fleet=other_fleet, accepted=True)
    assert as_manager.get(f"/bookings/{foreign.pk}/move/").status_code == 404
    for move in (foreign.pk, 999_999, "x", "\x00", "9" * 5000, "٣"):
        assert as_manager.get(NEW, params(old, 303, move=str(move))).status_code == 404
        assert as_manager.post(NEW, filled(old, move=str(move))).status_code == 404
    assert Booking.objects.count() == 2


def test_a_viewer_may_not_move_anything(as_viewer, old):
    assert as_viewer.get(f"/bookings/{old.pk}/move/").status_code == 403
    assert as_viewer.get(NEW, params(old, 303)).status_code == 403
    page = html(as_viewer.get(f"/sites/{old.location_id}/?move={old.pk}"))
    assert "You are moving" not in page


@pytest.mark.parametrize("move", ["x", "\x00", "9" * 40, "-1", "1 2", "٣"])
def test_what_is_no_number_moves_nothing_at_a_site(as_manager, old, move):
    for address in ("/sites/", f"/sites/{old.location_id}/"):
        assert "You are moving" not in html(as_manager.get(address, {"move": move}))


@pytest.mark.parametrize("page", ["sites:detail", "sites:availability", "sites:day"])
def test_only_other_chargers_can_be_picked(as_manager, old, page):
    address = reverse(page, args=[old.location_id])
    day = old.start_at.astimezone(old.zone).date() + timedelta(days=1)
    asked = {"move": old.pk, "day": day.isoformat(), "evse": old.evse_id}
    shown = html(as_manager.get(address, asked))
    offered = [query_of(link) for link in re.findall(r'"(/bookings/new/[^"]+)"', unescape(shown))]
    chargers = {query["evse"] for query in offered if "evse" in query}
    assert str(Evse.objects.get(ampeco_id=303).pk) in chargers
    assert str(old.evse_id) not in chargers
    assert "cannot be booked here" not in shown


def test_a_week_of_the_charger_that_is_left_offers_nothing(as_manager, old):
    address = reverse("sites:charger_week", args=[old.location_id, old.evse_id])
    assert "&amp;start=" in html(as_manager.get(address))
    shown = html(as_manager.get(address, {"move": old.pk}))
    assert "&amp;start=" not in shown
    assert "The booking is here now" in shown


def test_where_there_is_no_other_charger_that_is_said(as_manager, old):
    Evse.objects.exclude(pk=old.evse_id).update(booking_enabled=False)
    address = reverse("sites:detail", args=[old.location_id])
    shown = html(as_manager.get(address, {"move": old.pk}))
    assert "cannot book any other charger at this site" in shown
    assert f'href="/bookings/{old.pk}/change/"' in shown
