"""What waits where: single rows never stand in the way of sweeps."""

import pytest
import redis
from django.conf import settings
from django.db import transaction

from config.celery import app
from config.services import ROWS_QUEUE, SWEEPS_QUEUE, queue_length
from mirror.work import enqueue_on_commit

pytestmark = [pytest.mark.redis, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def broker():
    with redis.Redis.from_url(settings.CELERY_BROKER_URL) as client:
        client.delete(SWEEPS_QUEUE, ROWS_QUEUE)
        yield client
        client.delete(SWEEPS_QUEUE, ROWS_QUEUE)


def test_rows_and_sweeps_have_queues_of_their_own_and_workers_take_from_both(broker):
    for number in range(3):
        with transaction.atomic():
            enqueue_on_commit("bookings.tasks.submit_request", number)
    for entry in settings.CELERY_BEAT_SCHEDULE.values():
        app.send_task(entry["task"], kwargs=entry["kwargs"])

    assert broker.llen(ROWS_QUEUE) == 3
    assert broker.llen(SWEEPS_QUEUE) == len(settings.CELERY_BEAT_SCHEDULE)
    assert queue_length(settings.CELERY_BROKER_URL) == 3 + len(settings.CELERY_BEAT_SCHEDULE)
    assert set(app.amqp.queues.consume_from) == {ROWS_QUEUE, SWEEPS_QUEUE}
