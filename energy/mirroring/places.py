"""Networks, their charge points and connectors, and how often those were of use."""

from datetime import timedelta

from ampcontrol import types
from energy.mirroring import alerts, sessions
from energy.mirroring.turns import Outcome, Turn
from energy.mirroring.upserts import read_all, store
from energy.models import Network, RemoteChargePoint, RemoteConnector

UPTIME_DAYS = timedelta(days=30)


def read_networks(turn: Turn) -> Outcome:
    """Mirror all networks: they are few, and their load changes all the time.

    With one that is gone, what was going on there is over.
    """
    records = read_all(turn.client.networks, known=Network.objects.all())
    outcome = store(
        "networks",
        [_network(record) for record in records],
        model=Network,
        now=turn.now,
        keep=("uptime", "uptime_read_at"),
        gone=Network.objects.all(),
    )
    sessions.end_those_of_gone_networks(now=turn.now)
    sessions.forget_plans_where_nothing_is_steered()
    alerts.retire_what_is_not_read(now=turn.now)
    return outcome


def read_charge_points(turn: Turn) -> Outcome:
    """Mirror charge points, of networks that are known: all of them, or what changed."""
    records = (
        read_all(turn.client.charge_points, known=RemoteChargePoint.objects.all())
        if turn.is_full
        else list(turn.client.charge_points(updated_after=turn.since))
    )
    networks = dict(Network.objects.values_list("remote_id", "pk"))
    rows = [
        RemoteChargePoint(
            remote_id=record.id,
            remote_updated_at=record.updated_at,
            network_id=networks[record.network_id],
            ocpp_id=record.ocpp_id,
            name=record.name,
            serial_number=record.serial_number,
            max_capacity_kw=record.max_capacity_kw,
            ocpp_status=record.ocpp_status,
            online_status=record.online_status,
            online_status_at=record.online_status_at,
            latitude=record.latitude,
            longitude=record.longitude,
        )
        for record in records
        if record.network_id in networks
    ]
    return store(
        "charge_points",
        rows,
        model=RemoteChargePoint,
        now=turn.now,
        gone=RemoteChargePoint.objects.all() if turn.is_full else None,
        rest=None if turn.is_full else RemoteChargePoint.objects.all(),
        skipped=len(records) - len(rows),
    )


def read_connectors(turn: Turn) -> Outcome:
    """Mirror all connectors: there is no list of those that changed."""
    records = read_all(turn.client.connectors, known=RemoteConnector.objects.all())
    charge_points = dict(RemoteChargePoint.objects.values_list("remote_id", "pk"))
    rows = [
        RemoteConnector(
            remote_id=record.id,
            remote_updated_at=record.updated_at,
            charge_point_id=charge_points[record.charge_point_id],
            number=record.number,
            current_type=record.current_type,
            plug=record.plug,
            max_capacity_kw=record.max_capacity_kw,
            ocpp_status=record.ocpp_status,
            ocpp_status_at=record.ocpp_status_at,
            priority=record.priority,
            current_load_kw=record.current_load_kw,
        )
        for record in records
        if record.charge_point_id in charge_points
    ]
    return store(
        "connectors",
        rows,
        model=RemoteConnector,
        now=turn.now,
        gone=RemoteConnector.objects.all(),
        skipped=len(records) - len(rows),
    )


def read_uptime(turn: Turn) -> Outcome:
    """Read for which share of the last UPTIME_DAYS the chargers of a network were of use."""
    uptime = turn.client.network_uptime(
        turn.place.remote_id, start=turn.now - UPTIME_DAYS, end=turn.now
    )
    Network.objects.filter(pk=turn.place.pk).update(uptime=uptime, uptime_read_at=turn.now)
    return Outcome()


def _network(record: types.Network) -> Network:
    return Network(
        remote_id=record.id,
        remote_updated_at=record.updated_at,
        name=record.name,
        objective=record.objective,
        time_zone=record.time_zone,
        max_capacity_kw=record.max_capacity_kw,
        buffer=record.buffer,
        baseload_active=record.baseload_active,
        solar_active=record.solar_active,
        currency=record.currency,
        default_energy_price=record.default_energy_price,
        current_load_kw=record.current_load_kw,
        latitude=record.latitude,
        longitude=record.longitude,
    )
