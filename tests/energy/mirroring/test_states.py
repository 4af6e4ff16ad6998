"""What vehicles told: believed when it can be, kept for linked ones, never older over newer."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils.timezone import now

from ampcontrol.types import Point
from ampcontrol.types.vehicles import SOMEWHERE
from energy.mirroring.states import read_telematics
from energy.mirroring.turns import Turn
from energy.models import Link, Network, VehicleNow, VehicleState
from tests.energy.factories import RemoteVehicleFactory, link_vehicle
from tests.energy.mirroring.small_ampcontrol import SmallAmpcontrol, fails
from tests.factories import VehicleFactory
from upstream.errors import UpstreamForbidden


@pytest.fixture
def van(ampcontrol):
    """A vehicle of Ampcontrol's that is linked with one of ours."""
    return ampcontrol.add_vehicle("Van 14")


@pytest.fixture
def ours(van, clock):
    link = link_vehicle(remote=RemoteVehicleFactory(remote_id=van.id))
    return link.vehicle


def now_of(vehicle) -> VehicleNow:
    return VehicleNow.objects.get(vehicle=vehicle)


def test_what_telematics_tell_is_kept_with_its_time(ampcontrol, van, ours, read):
    at = now() - timedelta(minutes=4)
    ampcontrol.tell(
        van, at=at, state_of_charge=Decimal("62.4"), plugged_in=True, odometer_km=Decimal(12345)
    )
    read()

    row = now_of(ours)
    assert (row.state_of_charge, row.state_of_charge_at) == (Decimal("62.40"), at)
    assert row.state_of_charge_source == "telematics"
    assert row.plugged_in is True and row.plugged_in_at == at
    state = VehicleState.objects.get()
    assert (state.at, state.state_of_charge, state.plugged_in) == (at, Decimal("62.40"), True)


def test_a_vehicle_that_nobody_linked_gets_no_row(ampcontrol, van, ours, read, other_fleet):
    stranger = ampcontrol.add_vehicle("Stranger")
    proposed = ampcontrol.add_vehicle("Proposed")
    Link.objects.create(
        kind=Link.Kind.VEHICLE,
        remote_id=proposed.id,
        vehicle=VehicleFactory(fleet=other_fleet),
        state=Link.State.PROPOSED,
    )
    for vehicle in (van, stranger, proposed):
        ampcontrol.tell(vehicle)
    read()

    assert set(VehicleNow.objects.values_list("vehicle", flat=True)) == {ours.pk}
    assert set(VehicleState.objects.values_list("vehicle", flat=True)) == {ours.pk}


def test_without_a_link_telematics_are_not_even_asked_for(ampcontrol, van, clock, read):
    ampcontrol.tell(van)
    read()

    assert "live_telematics" not in ampcontrol.made


def test_a_state_of_charge_of_the_record_alone_is_not_believed(ampcontrol, van, ours, read):
    ampcontrol.change("vehicles", van, state_of_charge=Decimal(0))
    read()
    assert now_of(ours).state_of_charge is None

    ampcontrol.change("vehicles", van, state_of_charge=Decimal(55))
    read()
    assert now_of(ours).state_of_charge is None


def test_a_zero_is_believed_of_an_almost_empty_battery_alone(ampcontrol, van, ours, read, clock):
    ampcontrol.tell(van, state_of_charge=Decimal(0))
    read()
    assert now_of(ours).state_of_charge is None

    for told, believed in ((40, 40), (0, 40), (3, 3), (0, 0)):
        clock(minutes=2)
        ampcontrol.tell(van, state_of_charge=Decimal(told))
        read()
        assert now_of(ours).state_of_charge == believed


def test_nonsense_is_not_believed(ampcontrol, van, ours, read, clock):
    ampcontrol.tell(van, state_of_charge=Decimal(140))
    read()
    assert now_of(ours).state_of_charge is None
    ampcontrol.tell(van, at=now() + timedelta(days=1), state_of_charge=Decimal(50))
    clock(minutes=2)
    read()
    assert now_of(ours).state_of_charge is None
    ampcontrol.tell(van, state_of_charge=Decimal(51), odometer_km=Decimal(10) ** 15)
    clock(minutes=2)
    read()
    assert now_of(ours).state_of_charge == 51 and now_of(ours).odometer_km is None


def test_repeated_and_late_reports_change_nothing(ampcontrol, van, ours, read, clock):
    first = ampcontrol.tell(van, state_of_charge=Decimal(60), plugged_in=True)
    read()
    before = VehicleNow.objects.values().get(vehicle=ours)
    clock(minutes=2)
    read()
    late = replace(first, at=first.at - timedelta(hours=1), state_of_charge=Decimal(20))
    ampcontrol.telematics[van.id] = replace(late, plugged_in=False)
    clock(minutes=2)
    read()

    assert VehicleNow.objects.values().get(vehicle=ours) == before
    assert VehicleState.objects.count() == 1


def test_a_state_is_kept_where_something_changed(ampcontrol, van, ours, read, clock):
    for percent in ("60.1", "60.4", "60.9", "61.2", "61.3"):
        clock(minutes=2)
        ampcontrol.tell(van, state_of_charge=Decimal(percent), charging_kw=Decimal(20))
        read()
    assert VehicleState.objects.count() == 2
    assert now_of(ours).state_of_charge == Decimal("61.30")
    clock(minutes=2)
    ampcontrol.tell(van, state_of_charge=Decimal("61.3"), plugged_in=True, charging_kw=Decimal(20))
    read()
    assert VehicleState.objects.count() == 3


def test_what_was_typed_later_stays_until_something_newer_is_told(
    ampcontrol, van, ours, read, clock
):
    report = ampcontrol.tell(van, state_of_charge=Decimal(60), plugged_in=True)
    typed_at = now() + timedelta(minutes=1)
    VehicleNow.objects.create(
        vehicle=ours,
        state_of_charge=Decimal(75),
        state_of_charge_at=typed_at,
        state_of_charge_source="typed",
        read_at=now(),
    )
    clock(minutes=2)
    read()
    row = now_of(ours)
    assert (row.state_of_charge, row.state_of_charge_source) == (75, "typed")
    assert row.plugged_in is True
    assert VehicleState.objects.get().state_of_charge is None

    ampcontrol.telematics[van.id] = replace(report, at=now(), state_of_charge=Decimal(77))
    clock(minutes=2)
    read()
    assert now_of(ours).state_of_charge == 77
    assert now_of(ours).state_of_charge_source == "telematics"


def test_who_charges_is_plugged_in_and_there(ampcontrol, van, ours, read, clock):
    # By a clock that is ahead: it is newer than what is known of the session.
    ampcontrol.tell(van, at=now() + timedelta(minutes=1), plugged_in=False)
    network = next(iter(ampcontrol.tables["networks"].values()))
    session = ampcontrol.add_session(network, vehicle_id=van.id)
    read()
    assert now_of(ours).plugged_in is True
    assert now_of(ours).network == Network.objects.get(remote_id=network.id)

    ampcontrol.end_session(session)
    clock(minutes=2)
    ampcontrol.tell(van, plugged_in=False)
    read()
    assert now_of(ours).plugged_in is False


@pytest.mark.parametrize(("hours", "counts"), [(1, True), (3, False)])
def test_a_session_of_which_nobody_heard_for_long_says_nothing_of_the_plug(
    ampcontrol, van, ours, read, clock, hours, counts
):
    network = next(iter(ampcontrol.tables["networks"].values()))
    ampcontrol.add_session(network, vehicle_id=van.id)
    read()
    ampcontrol.trouble = fails("active_sessions", UpstreamForbidden("Not for you.", status=403))
    clock(hours=hours)
    ampcontrol.tell(van, plugged_in=False)
    read()
    assert now_of(ours).plugged_in is counts


def test_where_it_is_follows_the_area_that_ampcontrol_has_it_in(ampcontrol, van, ours, read, clock):
    network = next(iter(ampcontrol.tables["networks"].values()))
    ampcontrol.change("vehicles", van, inside_network_id=network.id)
    read()
    assert now_of(ours).network.remote_id == network.id

    ampcontrol.change("vehicles", van, inside_network_id="")
    clock(minutes=6)
    read()
    clock(minutes=1)
    read()
    assert now_of(ours).network is None and now_of(ours).network_at is not None


def charge_at_the_depot(ampcontrol, van, read, clock) -> Network:
    """Let a vehicle charge for a while; return where."""
    network = next(iter(ampcontrol.tables["networks"].values()))
    session = ampcontrol.add_session(network, vehicle_id=van.id)
    read()
    clock(minutes=6)
    read()
    ampcontrol.end_session(session)
    clock(minutes=1)
    read()
    return Network.objects.get(remote_id=network.id)


def pass_time(read, clock) -> None:
    """Let vehicles be read, and then what is known of them."""
    clock(minutes=6)
    read()
    clock(minutes=1)
    read()


def test_a_vehicle_of_which_no_place_is_told_stands_where_it_charged(
    ampcontrol, van, ours, read, clock
):
    network = charge_at_the_depot(ampcontrol, van, read, clock)
    charged = now()
    ampcontrol.tell(van)
    pass_time(read, clock)
    assert now_of(ours).network == network and now_of(ours).network_at < charged


@pytest.mark.parametrize(
    ("place", "is_outside"), [((40.7, -74.0), True), ((0.0, 0.0), False), ((40.7, None), False)]
)
def test_one_that_has_told_its_place_since_is_elsewhere(
    ampcontrol, van, ours, read, clock, place, is_outside
):
    network = charge_at_the_depot(ampcontrol, van, read, clock)
    ampcontrol.tell(van, latitude=place[0], longitude=place[1])
    told = now()
    pass_time(read, clock)
    assert now_of(ours).network == (None if is_outside else network)
    assert (now_of(ours).network_at == told) is is_outside


def test_a_place_that_was_told_before_it_charged_says_nothing(ampcontrol, van, ours, read, clock):
    ampcontrol.tell(van, latitude=40.7, longitude=-74.0)
    network = charge_at_the_depot(ampcontrol, van, read, clock)
    pass_time(read, clock)
    assert now_of(ours).network == network


@pytest.mark.parametrize("silent", ["before it came", "while it charges"])
def test_one_that_was_in_an_area_once_is_not_outside_while_it_charges(
    ampcontrol, van, ours, read, clock, silent
):
    """Its device tells Ampcontrol nothing any more."""
    network = next(iter(ampcontrol.tables["networks"].values()))
    ampcontrol.change("vehicles", van, inside_network_id=network.id)
    read()
    if silent == "before it came":
        ampcontrol.change("vehicles", van, inside_network_id="")
        pass_time(read, clock)
        assert now_of(ours).network is None
    clock(minutes=6)
    session = ampcontrol.add_session(network, vehicle_id=van.id)
    read()
    if silent == "while it charges":
        ampcontrol.change("vehicles", van, inside_network_id="")
    clock(minutes=6)
    read()
    ampcontrol.end_session(session)
    pass_time(read, clock)
    assert now_of(ours).network.remote_id == network.id


@pytest.mark.parametrize("inside", [SOMEWHERE, "of-another-account"])
def test_one_that_is_in_an_area_nobody_knows_is_not_said_to_be_outside(
    ampcontrol, van, ours, read, clock, inside
):
    ampcontrol.tell(van, latitude=40.7, longitude=-74.0)
    ampcontrol.change("vehicles", van, inside_network_id=inside)
    read()
    assert now_of(ours).network_at is None

    ampcontrol.change("vehicles", van, inside_network_id="")
    pass_time(read, clock)
    assert now_of(ours).network is None and now_of(ours).network_at is not None


def test_the_chargers_meter_counts_where_telematics_are_silent(ampcontrol, van, ours, read, clock):
    told = now() - timedelta(minutes=30)
    ampcontrol.tell(van, at=told, state_of_charge=Decimal(40))
    network = next(iter(ampcontrol.tables["networks"].values()))
    ampcontrol.add_session(network, vehicle_id=van.id)
    metered = now() - timedelta(minutes=1)
    ampcontrol.series["charge_by_meter"] = [Point(told, 41.0), Point(metered, 48.5)]
    read()

    row = now_of(ours)
    assert (row.state_of_charge, row.state_of_charge_source) == (Decimal("48.50"), "charger")
    assert row.state_of_charge_at == metered
    assert VehicleState.objects.filter(source="charger").count() == 1
    ampcontrol.made.clear()
    clock(minutes=2)
    read()
    assert "charge_by_meter" not in ampcontrol.made


def test_telematics_that_are_fresh_are_not_checked_at_the_charger(ampcontrol, van, ours, read):
    ampcontrol.tell(van)
    network = next(iter(ampcontrol.tables["networks"].values()))
    ampcontrol.add_session(network, vehicle_id=van.id)
    read()

    assert "charge_by_meter" not in ampcontrol.made


@pytest.mark.parametrize("how", ["undone", "sold", "moved"])
def test_a_vehicle_that_is_linked_no_more_is_told_nothing_more(
    ampcontrol, van, ours, read, clock, other_fleet, how
):
    ampcontrol.tell(van, state_of_charge=Decimal(60), plugged_in=True)
    other = ampcontrol.add_vehicle("Other")
    link_vehicle(remote=RemoteVehicleFactory(remote_id=other.id))
    read()
    if how == "undone":
        Link.objects.filter(vehicle=ours).update(state=Link.State.REFUSED)
    elif how == "moved":
        ours.fleet = other_fleet
        ours.save()
    else:
        ours.retired_at = now()
        ours.save()
    ampcontrol.tell(van, at=now() + timedelta(minutes=1), state_of_charge=Decimal(20))
    clock(minutes=2)
    read()

    # Its history stays; what it would tell from now on is not ours.
    assert VehicleState.objects.filter(vehicle=ours).count() == 1
    row = now_of(ours)
    assert row.state_of_charge != 20
    if how != "sold":
        assert (row.state_of_charge, row.plugged_in, row.network) == (None, None, None)


def test_it_takes_as_many_queries_for_any_number(db, clock, django_assert_max_num_queries):
    """Of 60, each of which told something new; SQLite takes several statements for a table."""
    ampcontrol = SmallAmpcontrol()
    vans = [ampcontrol.add_vehicle(f"Van {number}") for number in range(60)]
    for van in vans:
        link_vehicle(remote=RemoteVehicleFactory(remote_id=van.id))
        ampcontrol.tell(van, plugged_in=True)
    read_telematics(Turn(client=ampcontrol, now=now()))
    clock(minutes=1)
    for van in vans:
        ampcontrol.tell(van, state_of_charge=Decimal(70), plugged_in=False)

    with django_assert_max_num_queries(14):
        read_telematics(Turn(client=ampcontrol, now=now()))

    assert VehicleState.objects.filter(state_of_charge=70).count() == 60
