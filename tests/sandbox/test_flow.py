"""From a site to a booking with the portal's real client, in both shapes of AMPECO's answers."""

from datetime import timedelta
from decimal import Decimal

import pytest

from ampeco.types import (
    CancelBookingRequest,
    ChangeBookingRequest,
    EvseCriteria,
    NewBookingRequest,
)
from sandbox.world.build import build_world
from sandbox.world.cast import ANA, BEN, CARLA, HUDSON, PARTNERS, PENDING, PEOPLE
from tests.sandbox.conftest import HOUR, NOW, SOON, site_named
from upstream.errors import UpstreamForbidden, UpstreamRejected


@pytest.fixture
def operator_world():
    world = build_world(now=NOW)
    world.no_show_share = 0
    return world


@pytest.fixture(params=["3.110", "3.108"])
def shape(request, operator) -> str:
    operator.shape = request.param
    return request.param


def all_of(pages) -> list:
    return [item for page in pages for item in page.items]


def test_from_a_site_to_a_session(operator, ampeco_client, shape):
    client = ampeco_client
    location = next(
        each for each in all_of(client.location_pages()) if each.name.startswith("Port Adelaide")
    )
    assert (location.city, location.post_code) == ("Port Adelaide", "5015")
    assert location.region == "SA"
    assert location.roaming_operator_id is None
    charge_point = next(iter(all_of(client.charge_point_pages(location_id=location.id))))
    evse = next(iter(all_of(client.evse_pages_of_charge_point(charge_point.id))))
    assert evse.booking_enabled
    assert evse.max_power_kw == Decimal(120)
    assert [plug.type for plug in evse.connectors] == ["ccs2", "chademo"]

    free = {
        each.evse_id: each.slots
        for each in client.check_availability(
            location.id, start_after=NOW, end_before=NOW + timedelta(days=7)
        )
    }
    slot = max(free[evse.id], key=lambda each: each.end_at - each.start_at)
    assert slot.start_at >= NOW
    start_at = slot.start_at.replace(minute=0, second=0) + HOUR
    times = {"start_at": start_at, "end_at": start_at + HOUR}

    user, *others = client.find_users_by_email("ANA.alvarez@HUDSON.example")
    assert (user.id, others) == (ANA.id, [])
    asked = client.create_booking_request(
        NewBookingRequest(
            user_id=user.id,
            location_id=location.id,
            evse_id=evse.id,
            external_id="our-0001",
            **times,
        )
    )
    assert asked.status == "pending"
    assert client.read_booking_request(asked.id).status == "pending"

    operator.clock.advance(timedelta(seconds=operator.decision_delay))
    decided = client.read_booking_request(asked.id)
    assert decided.status == "approved"
    assert [each.id for each in client.find_booking_requests("our-0001")] == [asked.id]

    booking = client.read_booking(decided.booking_id)
    assert (booking.status, booking.user_id, booking.location_id) == (
        "accepted",
        ANA.id,
        location.id,
    )
    assert (booking.start_at, booking.end_at) == (times["start_at"], times["end_at"])
    assert booking.evse_ids == (evse.id,)

    operator.clock.freeze(times["start_at"] + timedelta(minutes=10))
    booking = client.read_booking(booking.id)
    assert booking.status == "completed"
    session = client.read_session(booking.session_id)
    assert (session.booking_id, session.status) == (booking.id, "active")
    operator.clock.freeze(times["end_at"])
    finished = client.read_session(booking.session_id)
    assert finished.status == "finished"
    assert finished.stopped_at <= times["end_at"]
    assert Decimal(0) < session.energy_kwh < finished.energy_kwh


def test_change_and_cancel(operator, ampeco_client, shape):
    operator.decision_delay = 0
    location = site_named(operator, "Vénissieux")
    asked = ampeco_client.create_booking_request(
        NewBookingRequest(
            user_id=ANA.id,
            location_id=location.id,
            start_at=SOON + 300 * HOUR,
            end_at=SOON + 301 * HOUR,
            external_id="any",
            criteria=EvseCriteria(connector_type="ccs2", min_power_kw=Decimal(300)),
        )
    )
    assert asked.status == "approved"
    change = ampeco_client.change_booking_request(
        ChangeBookingRequest(
            booking_id=asked.booking_id, external_id="later", end_at=SOON + 302 * HOUR
        )
    )
    assert (change.type, change.status) == ("update", "approved")
    assert ampeco_client.read_booking(asked.booking_id).end_at == SOON + 302 * HOUR
    cancel = ampeco_client.cancel_booking_request(
        CancelBookingRequest(booking_id=asked.booking_id, external_id="off")
    )
    assert (cancel.type, cancel.status) == ("cancel", "approved")
    assert ampeco_client.read_booking(asked.booking_id).status == "cancelled"


def test_reads_everything_there_is(operator, ampeco_client, shape):
    client = ampeco_client
    assert {each.id for each in all_of(client.location_pages())} == set(operator.locations)
    assert {each.id for each in all_of(client.charge_point_pages())} == set(operator.charge_points)
    assert {each.id for each in all_of(client.evse_pages())} == set(operator.evses)
    bookings = all_of(client.booking_pages())
    assert len(bookings) == len(operator.bookings) > 100
    assert all(bool(each.evse_ids) == (shape == "3.108") for each in bookings)
    assert {pk: client.read_partner(pk).name for pk in PARTNERS} == PARTNERS


def test_reads_the_people_of_a_partner(operator, ampeco_client):
    found = {user.id: user for user in ampeco_client.users_of_partner(HUDSON)}
    known = {each.id for each in PEOPLE if HUDSON in each.partners + each.pending}
    assert found.keys() == known
    invites = {each.partner_id: each.status for each in found[PENDING.id].partner_invites}
    assert invites == {HUDSON: "sent"}
    private = {
        each.user_id
        for each in ampeco_client.partner_invites(partner_id=HUDSON)
        if each.allow_private_charge_points
    }
    assert {ANA.id, CARLA.id} <= private
    assert BEN.id not in private


def test_changes_since(operator, ampeco_client):
    operator.clock.advance(HOUR)
    operator.set_evse_status(5001, "out of order")
    changed = all_of(ampeco_client.evse_pages(updated_after=NOW + HOUR))
    assert [(each.id, each.status) for each in changed] == [(5001, "out of order")]
    assert all_of(ampeco_client.location_pages(updated_after=NOW + HOUR)) == []


def test_refusals(operator, ampeco_client):
    operator.evse_list_forbidden = True
    with pytest.raises(UpstreamForbidden):
        list(ampeco_client.evse_pages())
    with pytest.raises(UpstreamRejected) as refused:
        ampeco_client.create_booking_request(
            NewBookingRequest(
                user_id=1, location_id=101, start_at=SOON, end_at=SOON, external_id="nobody"
            )
        )
    assert refused.value.field_errors.keys() == {"userId", "endAt"}
    assert operator.requests == {}


def test_ignored_filter_does_not_mislead_the_client(operator, ampeco_client):
    operator.decision_delay = 0
    times = {"start_at": SOON, "end_at": SOON + HOUR}
    for name in ("mine", "theirs"):
        operator.ask(type="create", user_id=ANA.id, location_id=101, external_id=name, **times)
    operator.ignores_external_id = True
    assert [each.id for each in ampeco_client.find_booking_requests("theirs")] == [2]
