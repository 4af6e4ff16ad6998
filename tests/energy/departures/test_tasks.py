"""What the workers do, by the schedule and when somebody has clicked."""

from datetime import timedelta

import pytest
from django.conf import settings as portal
from django.utils import timezone

from ampcontrol.connection import set_client
from config.celery import app
from energy.departures import tasks
from energy.departures.actions import PASS_ON, Plan, set_departure
from energy.departures.telling import TELL, acknowledge
from energy.models import Telling
from tests.energy.factories import AlertFactory

pytestmark = pytest.mark.usefixtures("still")


@pytest.fixture(autouse=True)
def _connected(ampcontrol):
    set_client(ampcontrol)
    yield
    set_client(None)


def test_the_names_are_those_of_tasks():
    app.loader.import_default_modules()
    scheduled = {entry["task"] for entry in portal.CELERY_BEAT_SCHEDULE.values()}
    assert {PASS_ON, TELL} <= scheduled
    assert {PASS_ON, TELL, tasks.make_departures.name} <= set(app.tasks)


def test_what_is_due_is_done(vehicle, link, ampcontrol, manager):
    leaves_at = timezone.now() + timedelta(hours=5)
    set_departure(vehicle, Plan(leaves_at=leaves_at, target_percent=80), user=manager)
    acknowledge(AlertFactory(), user=manager)
    tasks.make_departures()
    tasks.pass_on()
    tasks.tell()
    kinds = [what for what, _about, _facts in ampcontrol.told]
    assert kinds == ["departure", "create route", "alert"]


def test_without_ampcontrol_nothing_is(vehicle, link, ampcontrol, manager, settings):
    leaves_at = timezone.now() + timedelta(hours=5)
    set_departure(vehicle, Plan(leaves_at=leaves_at, target_percent=80), user=manager)
    acknowledge(AlertFactory(), user=manager)
    settings.AMPCONTROL_BASE_URL = ""
    tasks.make_departures()
    tasks.pass_on()
    tasks.tell()
    assert (ampcontrol.reads, ampcontrol.told) == (0, [])
    assert Telling.objects.get().state == "waiting"
