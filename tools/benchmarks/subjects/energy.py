"""What Ampcontrol costs: calls to set up and through a night, pages, rows."""

import time
from datetime import datetime, timedelta

import time_machine
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from ampcontrol.client import AmpcontrolClient
from drivers.models import Fleet
from energy.mirroring.due import all_jobs
from energy.mirroring.run import sync_energy
from energy.mirroring.states import read_telematics
from energy.mirroring.turns import Turn
from energy.models import Link, Network, RemoteVehicle, VehicleNow, VehicleState
from mirror.models import SyncRun
from tools.benchmarks.report import Figure, count_figure, say
from tools.benchmarks.sizes import Sizes
from tools.benchmarks.subjects.pages import Case, count, measure_time
from tools.benchmarks.world.ampcontrol import Depots
from tools.benchmarks.world.data import People
from vehicles.models import Vehicle

NETWORKS = 4
ON_A_PAGE = 200
CALLS_TO_SET_UP, CALLS_A_MINUTE = 40, 20
VEHICLES_MS = 120
QUERIES = 20
TICK = timedelta(seconds=30)
MINUTES_WATCHED = 45
NIGHT = timedelta(hours=12)


def measure(people: People, *, browser: Client, sizes: Sizes) -> list[Figure]:
    """Set up, let a night go by, and look at the list of vehicles."""
    began = timezone.now()
    depots = Depots(networks=NETWORKS, vehicles=sizes.vehicles, began=began)
    client = AmpcontrolClient(
        base_url="http://ampcontrol.test", token="bench", transport=depots, max_wait_seconds=0
    )
    figures = [_set_up(client, depots, began=began)]
    _link(people.fleet, depots, began=began)
    figures.append(_watch(client, depots, began=began))
    figures += _night(client, sizes=sizes, began=began)
    page = f"{reverse('vehicles:list')}"
    figures.append(
        count_figure(
            f"SQL queries, list of {ON_A_PAGE} vehicles", count(browser, page), budget=QUERIES
        )
    )
    case = Case(f"list of {ON_A_PAGE} vehicles with their states", page, VEHICLES_MS)
    return [*figures, *measure_time(browser, [case], runs=sizes.runs)]


def _set_up(client: AmpcontrolClient, depots: Depots, *, began: datetime) -> Figure:
    say("Reading Ampcontrol for the first time …")
    with time_machine.travel(began, tick=False) as clock:
        sync_energy(client=client)
        while any(job.row is None for job in all_jobs(timezone.now())):
            clock.shift(TICK)
            sync_energy(client=client)
    assert Network.objects.count() == NETWORKS
    return count_figure(
        f"calls to Ampcontrol to set up {NETWORKS} networks", depots.calls, budget=CALLS_TO_SET_UP
    )


def _link(fleet: Fleet, depots: Depots, *, began: datetime) -> None:
    say("Linking vehicles …")
    vehicles = Vehicle.objects.bulk_create(
        Vehicle(fleet=fleet, number=f"Bench {number:04}", number_key=f"bench {number:04}")
        for number in range(len(depots.vehicles))
    )
    Link.objects.bulk_create(
        Link(
            kind=Link.Kind.VEHICLE,
            remote_id=remote_id,
            vehicle=vehicle,
            fleet=fleet,
            state=Link.State.CONFIRMED,
            counts_from=began,
        )
        for remote_id, vehicle in zip(depots.vehicles, vehicles, strict=True)
    )


def _watch(client: AmpcontrolClient, depots: Depots, *, began: datetime) -> Figure:
    say("Watching a night's minutes …")
    a_minute = []
    with time_machine.travel(began + timedelta(minutes=10), tick=False) as clock:
        for _minute in range(MINUTES_WATCHED):
            before = depots.calls
            for _tick in range(2):
                sync_energy(client=client)
                clock.shift(TICK)
            a_minute.append(depots.calls - before)
    latest = SyncRun.objects.filter(kind=SyncRun.Kind.ENERGY).latest("started_at")
    assert (latest.state, latest.problem) == (SyncRun.State.FINISHED, ""), latest.problem
    mean = sum(a_minute) / len(a_minute)
    return count_figure(
        "calls to Ampcontrol a minute, at most, in a running night",
        max(a_minute),
        budget=CALLS_A_MINUTE,
        note=f" ({mean:.1f} on average)",
    )


def _night(client: AmpcontrolClient, *, sizes: Sizes, began: datetime) -> list[Figure]:
    """Read the telematics of all vehicles once a minute for a night."""
    say(f"Letting {sizes.vehicles} vehicles tell of themselves for a night …")
    rows, size = VehicleState.objects.count(), _megabytes(VehicleState)
    minutes = int(NIGHT / timedelta(minutes=1))
    taken = time.process_time()
    with time_machine.travel(began + timedelta(hours=1), tick=False) as clock:
        for _minute in range(minutes):
            read_telematics(Turn(client=client, now=timezone.now()))
            clock.shift(timedelta(minutes=1))
    a_read = (time.process_time() - taken) / minutes * 1000
    told = VehicleState.objects.count() - rows
    assert RemoteVehicle.objects.count() == VehicleNow.objects.count() == sizes.vehicles
    grown = _megabytes(VehicleState) - size
    kept = (
        f"{told:,} rows, {grown:.1f} MB" if connection.vendor == "postgresql" else f"{told:,} rows"
    )
    return [
        Figure(f"a night of telematics of {sizes.vehicles} vehicles", "", kept, None),
        Figure("a read of these", "", "", None, cpu_ms=a_read),
    ]


def _megabytes(model: type[VehicleState]) -> float:
    if connection.vendor != "postgresql":
        return 0.0
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_total_relation_size(%s)", [model._meta.db_table])
        return float(cursor.fetchone()[0]) / 1024 / 1024
