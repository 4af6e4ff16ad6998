"""Ampcontrol's webhook lets a network be read again, by the mirror that there is."""

from datetime import timedelta

import pytest
import stamina
import time_machine
from django.utils.timezone import now

from ampcontrol.client import AmpcontrolClient
from ampcontrol.connection import set_client
from energy.mirroring.due import HINT_PAUSE, HINTED
from energy.models import Network, Reading
from tests.hooks.conftest import AMPCONTROL, KEYS, post, signature_of, take_messages
from tests.hooks.test_readings import work

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("messages")]

ANYTHING = b'{"limits": []}'


@pytest.fixture
def clock(operator):
    """The time, here and at Ampcontrol, by what moves it."""
    with time_machine.travel(now().timestamp(), tick=False) as traveller:

        def move(**by: float) -> None:
            traveller.shift(timedelta(**by))
            operator.clock.freeze(now())

        yield move


@pytest.fixture
def calls(wire, clock):
    """Return a function that counts the calls to Ampcontrol, whose world is the operator's."""
    client = AmpcontrolClient(
        base_url="http://operator.test/ampcontrol", token="ampcontrol-token", transport=wire
    )
    set_client(client)
    with stamina.set_testing(True, attempts=1):
        yield lambda: wire.count("/ampcontrol/")
    set_client(None)
    client.close()


@pytest.fixture
def network(calls, clock, settings) -> Network:
    """A network all of which was read half a minute ago."""
    from energy.tasks import sync_energy

    for _minute in range(4):
        sync_energy()
        clock(minutes=1)
    sync_energy()
    clock(seconds=30)
    network = Network.objects.order_by("pk").first()
    assert not Reading.objects.filter(kind__in=HINTED, due_at__lte=now()).exists()
    settings.AMPCONTROL_WEBHOOK_SECRETS = {network.remote_id: KEYS[AMPCONTROL]}
    return network


def call(network: Network) -> None:
    signature = signature_of(ANYTHING, AMPCONTROL)
    assert post(f"/hooks/ampcontrol/{network.remote_id}", ANYTHING, signature).status_code == 202


def read_at(network: Network) -> dict[str, object]:
    rows = Reading.objects.filter(scope=network.remote_id, kind__in=HINTED)
    return dict(rows.values_list("kind", "read_at"))


def test_a_network_is_read_before_its_time(network, calls):
    before = read_at(network)
    assert before
    call(network)
    work()
    assert all(at == now() for at in read_at(network).values())
    assert len(before) <= calls()


def test_other_networks_are_not(network):
    others = Network.objects.exclude(pk=network.pk)
    before = [read_at(each) for each in others]
    assert before
    call(network)
    work()
    assert [read_at(each) for each in others] == before


def test_a_flood_costs_one_reading_in_ten_seconds(network, calls, clock):
    call(network)
    work()
    once = calls()
    for _second in range(int(HINT_PAUSE.total_seconds()) - 1):
        clock(seconds=1)
        for _ in range(20):
            call(network)
        work()
    assert calls() == once


def test_what_is_said_while_a_message_waits_adds_none(network):
    for _ in range(50):
        call(network)
    assert take_messages() == [("hooks.tasks.read_again", "network", network.remote_id)]


def test_a_network_that_is_not_mirrored_costs_nothing(network, calls):
    before = calls()
    network.delete()
    call(network)
    work()
    assert calls() == before


def test_nothing_is_asked_once_it_is_switched_off(network, calls, settings):
    before = calls()
    call(network)
    settings.AMPCONTROL_BASE_URL = ""
    work()
    call(network)
    assert (take_messages(), calls()) == ([], before)
