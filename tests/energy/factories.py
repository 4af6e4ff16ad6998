"""Rows of smart charging for tests."""

import uuid
from datetime import timedelta
from decimal import Decimal

import factory
from django.utils.timezone import now

from energy.models import (
    Alert,
    Departure,
    Link,
    Network,
    RemoteChargePoint,
    RemoteConnector,
    RemoteVehicle,
    Session,
    VehicleNow,
)
from tests.factories import EvseFactory, VehicleFactory


class RemoteFactory(factory.django.DjangoModelFactory):
    class Meta:
        abstract = True

    remote_id = factory.LazyFunction(lambda: str(uuid.uuid4()))
    read_at = factory.LazyFunction(now)


class NetworkFactory(RemoteFactory):
    class Meta:
        model = Network

    name = factory.Sequence(lambda n: f"Depot {n}")
    objective = "fleet"
    time_zone = "America/New_York"
    max_capacity_kw = Decimal(400)
    buffer = Decimal("0.05")
    currency = "USD"


class RemoteChargePointFactory(RemoteFactory):
    class Meta:
        model = RemoteChargePoint

    network = factory.SubFactory(NetworkFactory)
    ocpp_id = factory.Sequence(lambda n: f"CP-{n:04}")
    online_status = "ONLINE"


class RemoteConnectorFactory(RemoteFactory):
    class Meta:
        model = RemoteConnector

    charge_point = factory.SubFactory(RemoteChargePointFactory)
    number = 1


class RemoteVehicleFactory(RemoteFactory):
    class Meta:
        model = RemoteVehicle

    name = factory.Sequence(lambda n: f"Vehicle {n}")


class SessionFactory(RemoteFactory):
    class Meta:
        model = Session

    network = factory.SubFactory(NetworkFactory)
    active = True
    started_at = factory.LazyFunction(lambda: now() - timedelta(minutes=30))


class AlertFactory(RemoteFactory):
    class Meta:
        model = Alert

    network = factory.SubFactory(NetworkFactory)
    name = "CHARGER_DISCONNECTED"
    urgency = "High"
    status = "Triggered"
    raised_at = factory.LazyFunction(now)


class VehicleNowFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = VehicleNow

    vehicle = factory.SubFactory(VehicleFactory)
    state_of_charge = Decimal(62)
    state_of_charge_at = factory.LazyFunction(now)
    state_of_charge_source = "telematics"
    read_at = factory.LazyFunction(now)


class DepartureFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Departure

    vehicle = factory.SubFactory(VehicleFactory)
    leaves_at = factory.LazyFunction(lambda: now() + timedelta(hours=12))
    target_percent = 80
    source = Departure.Source.TYPED


def link_vehicle(vehicle=None, remote=None, **more) -> Link:
    """Make a confirmed link of a vehicle with its record in Ampcontrol."""
    vehicle = vehicle or VehicleFactory()
    return Link.objects.create(
        kind=Link.Kind.VEHICLE,
        remote_id=(remote or RemoteVehicleFactory()).remote_id,
        vehicle=vehicle,
        fleet=vehicle.fleet,
        state=Link.State.CONFIRMED,
        **more,
    )


def link_evse(evse=None, connector=None, **more) -> Link:
    """Make confirmed links of an EVSE, its charge point and its site; return the EVSE's."""
    evse = evse or EvseFactory()
    connector = connector or RemoteConnectorFactory()
    charge_point = evse.charge_point
    confirmed = {"state": Link.State.CONFIRMED, **more}
    for kind, remote, ours in (
        (Link.Kind.NETWORK, connector.charge_point.network, {"location": charge_point.location}),
        (Link.Kind.CHARGE_POINT, connector.charge_point, {"charge_point": charge_point}),
    ):
        Link.objects.get_or_create(
            kind=kind, remote_id=remote.remote_id, **ours, defaults=confirmed
        )
    return Link.objects.create(
        kind=Link.Kind.CONNECTOR, remote_id=connector.remote_id, evse=evse, **confirmed
    )
