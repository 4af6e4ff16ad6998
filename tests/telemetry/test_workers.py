"""What is noted of tasks: whose request they belong to, how often they ran, when sweeps did."""

import logging
from datetime import timedelta

import pytest
from celery import shared_task, signals
from django.test import override_settings
from django.utils import timezone

from telemetry import sweeps
from telemetry.logs import facts
from telemetry.models import Sweep
from telemetry.sweeps import states
from telemetry.workers import HEADER

pytestmark = pytest.mark.django_db

logger = logging.getLogger(__name__)


@shared_task
def work(booking_id: int, *, fails: bool = False) -> None:
    """Say something, or fail."""
    logger.info("At work.")
    if fails:
        raise RuntimeError("It broke.")


@shared_task
def submit(request_id: int) -> None:
    """Say something; the argument is called as that of the task that submits requests."""
    logger.info("Submitting.")


class EveryHour(dict):
    """A schedule on which only `work` stands."""

    def __init__(self) -> None:
        super().__init__(work={"task": work.name, "schedule": timedelta(hours=1)})


def test_the_id_that_came_along_is_on_every_line_of_the_task(written):
    work.apply((7,), headers={HEADER: "5f2b7d0c9e8a4d61"})
    (line,) = written.with_message("At work.")
    assert line["request_id"] == "5f2b7d0c9e8a4d61"
    assert (line["task"], line["booking_id"]) == (work.name, 7)
    assert facts() == {}


@pytest.mark.parametrize("sent", [{}, {HEADER: "no id"}, {HEADER: 7}])
def test_a_task_without_an_id_gets_one(written, sent):
    work.apply((7,), headers=sent)
    (line,) = written.with_message("At work.")
    assert len(line["request_id"]) == 32


def test_ids_of_rows_are_called_what_they_are(written):
    submit.apply((12,))
    work.apply((), {"booking_id": 7})
    assert written.with_message("Submitting.")[0]["booking_request_id"] == 12
    assert written.with_message("At work.")[0]["booking_id"] == 7


def test_a_task_that_is_called_wrongly_says_so_itself():
    with pytest.raises(TypeError):
        work.apply(("a", "b", "c"), throw=True)
    assert facts() == {}


def test_what_fails_is_counted_and_leaves_nothing_bound(counted, written):
    work.apply((7,))
    work.apply((7,))
    work.apply((7,), {"fails": True})
    assert counted("chargebook_task_runs_total") == {
        (work.name, "succeeded"): 2,
        (work.name, "failed"): 1,
    }
    assert counted("chargebook_task_seconds_count") == {(work.name,): 3}
    assert facts() == {}


@override_settings(CELERY_BEAT_SCHEDULE=EveryHour())
def test_a_sweep_remembers_its_last_success_and_failure():
    (state,) = states()
    assert (state.name, state.seconds, state.is_late) == ("work", None, True)

    work.apply((7,))
    (state,) = states()
    assert state.seconds is not None
    assert not state.is_late
    assert not state.last_failed

    work.apply((7,), {"fails": True})
    (state,) = states()
    assert state.seconds is not None
    assert state.last_failed

    work.apply((7,))
    (state,) = states()
    assert not state.last_failed


@override_settings(CELERY_BEAT_SCHEDULE=EveryHour())
def test_a_sweep_that_runs_all_the_time_is_not_written_all_the_time(django_assert_num_queries):
    work.apply((7,))
    before = Sweep.objects.get()
    with django_assert_num_queries(0):
        work.apply((7,))
    assert Sweep.objects.get().succeeded_at == before.succeeded_at


def test_what_is_no_sweep_is_not_noted():
    work.apply((7,))
    assert not Sweep.objects.exists()


@override_settings(CELERY_BEAT_SCHEDULE=EveryHour())
def test_a_sweep_is_waited_for_from_when_beat_has_it_to_start():
    signals.beat_init.send(sender=None)
    now = timezone.now()
    (state,) = states(now=now)
    assert state.seconds is None
    assert not state.is_late
    assert states(now=now + timedelta(hours=3, seconds=1))[0].is_late

    Sweep.objects.update(awaited_since=now - timedelta(days=9), succeeded_at=now)
    signals.beat_init.send(sender=None)
    assert Sweep.objects.get().succeeded_at == now


@override_settings(CELERY_BEAT_SCHEDULE=EveryHour())
def test_lateness_is_a_matter_of_the_period():
    now = timezone.now()
    Sweep.objects.create(name="work", succeeded_at=now - timedelta(hours=3))
    assert not states(now=now)[0].is_late
    assert states(now=now + timedelta(seconds=1))[0].is_late


def test_the_schedule_tells_the_shortest_period_of_each_sweep(settings):
    from celery.schedules import crontab

    settings.CELERY_BEAT_SCHEDULE = {
        "often": {"task": "sites.tasks.sync_sites", "schedule": timedelta(minutes=5)},
        "seldom": {"task": "sites.tasks.sync_sites", "schedule": timedelta(hours=24)},
        "seconds": {"task": "x.poll", "schedule": 30},
        "nightly": {"task": "x.clean_up", "schedule": crontab(hour=3)},
    }
    assert sweeps.periods() == {
        "sync-sites": timedelta(minutes=5),
        "poll": timedelta(seconds=30),
        "clean-up": timedelta(days=1),
    }
