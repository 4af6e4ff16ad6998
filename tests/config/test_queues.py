"""What waits where: what takes rows never stands in the way of sweeps, however many there are."""

from contextlib import suppress

import pytest
import redis
from django.conf import settings
from django.db import transaction

from bookings.state.moves import REFRESH, SUBMIT
from config.celery import app
from config.services import ROWS_QUEUE, SWEEPS_QUEUE, queue_length
from config.settings import read_cache
from mirror.work import note_awake, wake, wake_on_commit
from notifications.queue import SEND
from tools.services.ports import free_port

pytestmark = [pytest.mark.redis, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def broker():
    with redis.Redis.from_url(settings.CELERY_BROKER_URL) as client:
        client.delete(SWEEPS_QUEUE, ROWS_QUEUE)
        yield client
        client.delete(SWEEPS_QUEUE, ROWS_QUEUE)


def test_rows_and_sweeps_have_queues_of_their_own_and_workers_take_from_both(broker):
    wake(SUBMIT)
    wake(REFRESH)
    wake(SEND)
    for entry in settings.CELERY_BEAT_SCHEDULE.values():
        app.send_task(entry["task"], kwargs=entry["kwargs"])

    assert broker.llen(ROWS_QUEUE) == 3
    assert broker.llen(SWEEPS_QUEUE) == len(settings.CELERY_BEAT_SCHEDULE)
    assert queue_length(settings.CELERY_BROKER_URL) == 3 + len(settings.CELERY_BEAT_SCHEDULE)
    assert set(app.amqp.queues.consume_from) == {ROWS_QUEUE, SWEEPS_QUEUE}


def test_much_that_is_asked_for_costs_one_message_and_the_next_comes_when_it_is_taken(broker):
    with transaction.atomic():
        for _ in range(50):
            wake_on_commit(SUBMIT)
        assert broker.llen(ROWS_QUEUE) == 0
    for _ in range(50):
        wake_on_commit(SUBMIT)
    assert broker.llen(ROWS_QUEUE) == 1
    # What is committed once a worker has begun to look needs another look.
    note_awake(SUBMIT)
    wake_on_commit(SUBMIT)
    assert broker.llen(ROWS_QUEUE) == 2


def test_what_is_rolled_back_wakes_nobody_and_hides_no_other(broker):
    with transaction.atomic():
        with suppress(KeyError), transaction.atomic():
            wake_on_commit(SUBMIT)
            raise KeyError
        wake_on_commit(SUBMIT)
    assert broker.llen(ROWS_QUEUE) == 1
    with suppress(KeyError), transaction.atomic():
        wake_on_commit(SEND)
        raise KeyError
    assert broker.llen(ROWS_QUEUE) == 1


def test_without_the_cache_a_message_too_many_is_sent(broker, settings):
    settings.CACHES = {"default": read_cache(f"redis://127.0.0.1:{free_port()}/0")}
    wake(SUBMIT)
    wake(SUBMIT)
    assert broker.llen(ROWS_QUEUE) == 2
