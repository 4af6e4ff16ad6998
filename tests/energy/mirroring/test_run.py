"""What is read when: rhythm, changes, what vanishes, breaking off and being taken up."""

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils.timezone import now

from energy.mirroring import run as running
from energy.mirroring.due import read_soon
from energy.mirroring.run import sync_energy
from energy.models import (
    Line,
    Network,
    Reading,
    RemoteChargePoint,
    RemoteConnector,
    RemoteVehicle,
    Session,
)
from energy.tasks import sync_energy as task
from mirror.models import SyncRun
from mirror.runs import RunUnderWay
from tests.energy.factories import RemoteVehicleFactory, link_vehicle
from tests.energy.mirroring.small_ampcontrol import SmallAmpcontrol
from upstream.errors import (
    UpstreamForbidden,
    UpstreamNotFound,
    UpstreamUnauthorized,
    UpstreamUnavailable,
)


def network_of(ampcontrol):
    return next(iter(ampcontrol.tables["networks"].values()))


@pytest.mark.usefixtures("db")
def test_without_ampcontrol_nothing_happens(settings):
    settings.AMPCONTROL_BASE_URL = ""

    task()

    assert not SyncRun.objects.exists()


def test_places_are_read_with_what_is_in_them(ampcontrol, clock, read):
    network = network_of(ampcontrol)
    point = ampcontrol.add_charge_point(network, ocpp_id="CP-7", name="x" * 300)
    ampcontrol.add_connector(point, number=2)

    run = read()

    assert run.state == run.State.FINISHED and run.problem == ""
    assert Network.objects.get().name == network.name
    assert RemoteChargePoint.objects.get().ocpp_id == "CP-7"
    assert len(RemoteChargePoint.objects.get().name) == 255
    assert RemoteConnector.objects.get().number == 2
    assert run.calls == ampcontrol.calls


def test_a_charge_point_of_an_unknown_network_is_left_out(ampcontrol, clock, read):
    elsewhere = ampcontrol.add_network()
    del ampcontrol.tables["networks"][elsewhere.id]
    ampcontrol.add_connector(ampcontrol.add_charge_point(elsewhere))

    run = read()

    assert not RemoteChargePoint.objects.exists() and not RemoteConnector.objects.exists()
    assert run.counts["charge_points"]["skipped"] == 1


def test_setting_up_four_networks_takes_forty_calls_at_most(clock, read, monkeypatch):
    ampcontrol = SmallAmpcontrol(networks=4)
    vehicle = ampcontrol.add_vehicle()
    for network in ampcontrol.tables["networks"].values():
        ampcontrol.add_session(network, vehicle_id=vehicle.id)
    link_vehicle(remote=RemoteVehicleFactory(remote_id=vehicle.id))
    monkeypatch.setattr(running, "MOST_A_MINUTE", 10_000)

    sync_energy(client=ampcontrol)

    assert ampcontrol.calls <= 40
    assert {"capacities", "optimizations", "live_telematics"} <= ampcontrol.made.keys()


def test_a_running_night_takes_twenty_calls_a_minute_at_most(db, clock):
    ampcontrol = SmallAmpcontrol(networks=4)
    vehicle = ampcontrol.add_vehicle()
    for network in ampcontrol.tables["networks"].values():
        ampcontrol.add_session(network, vehicle_id=vehicle.id)
    link_vehicle(remote=RemoteVehicleFactory(remote_id=vehicle.id))
    a_minute = []
    for _minute in range(60):
        before = ampcontrol.calls
        for _tick in range(2):
            sync_energy(client=ampcontrol)
            clock(seconds=30)
        a_minute.append(ampcontrol.calls - before)

    assert max(a_minute) <= 20
    # Nothing starves: what is read each minute was, and what is read each quarter of an hour.
    assert ampcontrol.made["live_telematics"] >= 50
    assert ampcontrol.made["active_sessions"] >= 4 * 50
    assert ampcontrol.made["capacities"] >= 4 * 4


def test_only_what_is_due_is_read(ampcontrol, clock, read):
    read()
    ampcontrol.made.clear()
    clock(seconds=30)

    assert read() is None
    clock(seconds=100)
    read()

    assert ampcontrol.made == {"alerts": 1}


def test_changes_are_asked_for_with_a_minute_of_overlap_and_all_each_night(ampcontrol, clock, read):
    vehicle = ampcontrol.add_vehicle()
    read()
    first_read = now()
    clock(minutes=6)
    ampcontrol.change("vehicles", vehicle, name="Renamed")
    ampcontrol.asked.clear()
    read()

    since = dict(ampcontrol.asked)["vehicles"]["updated_after"]
    assert since == first_read - timedelta(minutes=1)
    assert RemoteVehicle.objects.get().name == "Renamed"
    clock(hours=24)
    ampcontrol.asked.clear()
    read()
    assert dict(ampcontrol.asked)["vehicles"]["updated_after"] is None


def test_what_vanished_is_retired_and_what_comes_back_is_not(ampcontrol, clock, read):
    one, other = ampcontrol.add_vehicle("one"), ampcontrol.add_vehicle("other")
    read()
    del ampcontrol.tables["vehicles"][one.id]
    clock(minutes=6)
    read()
    assert RemoteVehicle.objects.filter(retired_at=None).count() == 2

    clock(hours=24)
    read()
    assert list(RemoteVehicle.objects.filter(retired_at=None)) == [
        RemoteVehicle.objects.get(remote_id=other.id)
    ]
    ampcontrol.change("vehicles", one)
    clock(minutes=6)
    read()
    assert not RemoteVehicle.objects.exclude(retired_at=None).exists()


def test_an_empty_list_retires_nothing_and_is_said(ampcontrol, clock, read):
    ampcontrol.add_vehicle()
    read()
    ampcontrol.tables["vehicles"].clear()
    clock(hours=24)

    run = read()

    assert RemoteVehicle.objects.filter(retired_at=None).exists()
    assert "empty list" in run.problem


def test_a_record_that_slipped_between_pages_is_looked_for_once_more(ampcontrol, clock, read):
    kept = ampcontrol.add_vehicle("kept")
    ampcontrol.add_vehicle("other")
    read()
    clock(hours=24)
    whole = ampcontrol.vehicles

    def shifted(**asked):
        first = ampcontrol.made["vehicles"] == before
        return (one for one in whole(**asked) if not first or one.id != kept.id)

    before = ampcontrol.made["vehicles"]
    ampcontrol.vehicles = shifted
    read()

    assert not RemoteVehicle.objects.exclude(retired_at=None).exists()


def test_what_breaks_off_is_taken_up_where_it_was(ampcontrol, clock, read):
    ampcontrol.add_vehicle()
    ampcontrol.trouble = {"vehicles": UpstreamUnavailable("No answer.", operation="vehicles")}
    run = read()

    assert run.state == run.State.BROKEN_OFF
    assert run.problem == "Ampcontrol did not answer as it should."
    assert Network.objects.exists() and not RemoteVehicle.objects.exists()

    # The rest goes on meanwhile, and staff still see what is the matter.
    clock(seconds=30)
    again = read()
    assert again.pk == run.pk and again.state == run.State.FINISHED
    assert "Vehicles" in again.problem
    assert ampcontrol.made["networks"] == 1 and ampcontrol.made["capacities"] == 1

    ampcontrol.trouble = {}
    clock(minutes=3)
    assert read().problem == ""
    assert RemoteVehicle.objects.exists()


@pytest.mark.parametrize("error", [UpstreamForbidden, UpstreamNotFound])
def test_what_an_account_does_not_have_keeps_nothing_else_away(ampcontrol, clock, read, error):
    ampcontrol.trouble = {"demand_response": error("Not for you.", status=403)}

    run = read()

    assert run.state == run.State.FINISHED
    assert "Demand response (Depot 0)" in run.problem
    assert Line.objects.filter(kind=Line.Kind.CAPACITY).exists()


def test_a_refused_token_ends_the_run(ampcontrol, clock, read):
    ampcontrol.trouble = {"networks": UpstreamUnauthorized("Who?", status=401)}

    run = read()

    assert run.state == run.State.BROKEN_OFF
    assert "does not accept the token" in run.problem
    assert ampcontrol.calls == 1


def test_what_trips_over_its_records_keeps_nothing_else_away(ampcontrol, clock, read):
    ampcontrol.trouble = {"vehicles": ValueError("Surprise")}

    with pytest.raises(ValueError, match="Surprise"):
        read()
    run = SyncRun.objects.get()
    assert run.state == run.State.BROKEN_OFF and run.problem
    clock(seconds=30)
    assert read().state == run.State.FINISHED
    assert Line.objects.exists()


def test_a_run_that_another_process_is_at_is_left_to_it(ampcontrol, clock, read):
    SyncRun.objects.create(kind=SyncRun.Kind.ENERGY, started_at=now(), alive_at=now())

    with pytest.raises(RunUnderWay):
        read()
    assert ampcontrol.calls == 0
    clock(minutes=6)
    assert read().state == SyncRun.State.FINISHED


def test_a_hint_lets_a_network_be_read_now_and_a_flood_costs_nothing(ampcontrol, clock, read):
    network = network_of(ampcontrol)
    read()
    ampcontrol.made.clear()
    clock(seconds=20)

    assert read_soon(network.id, now=now())
    for _hint in range(50):
        read_soon(network.id, now=now())
        read()

    assert ampcontrol.made["active_sessions"] == 1
    assert ampcontrol.calls <= 4
    assert not read_soon("somebody else's", now=now())


def test_runs_are_kept_for_some_days(ampcontrol, clock, read):
    read()
    clock(days=3)
    read()

    assert SyncRun.objects.filter(kind=SyncRun.Kind.ENERGY).count() == 1


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_read_each_thing_once():
    ampcontrol = SmallAmpcontrol(networks=2)
    for network in ampcontrol.tables["networks"].values():
        ampcontrol.add_session(network)
    together, troubles = threading.Barrier(4), []

    def work() -> None:
        try:
            together.wait(timeout=10)
            sync_energy(client=ampcontrol)
        except RunUnderWay:
            pass
        except Exception as error:
            troubles.append(error)
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert troubles == []
    assert Session.objects.count() == 2
    assert ampcontrol.made["networks"] == 1
    assert max(ampcontrol.made[name] for name in ("networks", "vehicles", "tags", "routes")) == 1
    assert Reading.objects.filter(kind="sessions").count() == 2
