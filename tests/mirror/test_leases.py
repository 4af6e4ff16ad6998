from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from bookings.models import BookingRequest
from mirror.work import claim
from tests.factories import BookingRequestFactory

pytestmark = pytest.mark.django_db


def test_a_claimed_row_is_not_claimed_again_until_the_claim_runs_out():
    request = BookingRequestFactory()
    now = timezone.now()
    everything = BookingRequest.objects.all()
    first, won = claim(everything, now=now, seconds=30, limit=10)
    assert won == [request.pk]
    assert claim(everything, now=now, seconds=30, limit=10)[1] == []
    later = now + timedelta(seconds=31)
    second, won = claim(everything, now=later, seconds=30, limit=10)
    assert won == [request.pk]
    assert second != first
    request.refresh_from_db()
    assert request.lease_owner == second


def test_of_two_that_saw_the_same_row_one_wins():
    BookingRequestFactory.create_batch(3)
    now = timezone.now()
    everything = BookingRequest.objects.all()
    taken = BookingRequest.objects.order_by("pk")[:1].get()
    # The candidates are read before the other worker's claim and claimed after it.
    candidates = list(everything.values_list("pk", flat=True))
    BookingRequest.objects.filter(pk=taken.pk).update(lease_until=now + timedelta(seconds=30))
    _owner, won = claim(
        BookingRequest.objects.filter(pk__in=candidates), now=now, seconds=30, limit=10
    )
    assert taken.pk not in won
    assert len(won) == 2


def test_a_row_that_changed_since_the_look_is_not_claimed():
    """Another worker sent it and gave it back between our look and our claim."""
    row = BookingRequestFactory()
    due = BookingRequest.objects.filter(status="queued")

    def meanwhile(execute, sql, params, many, context):
        if sql.startswith("UPDATE") and not changed:
            changed.append(True)
            BookingRequest.objects.update(status="pending")
        return execute(sql, params, many, context)

    changed: list[bool] = []
    with connection.execute_wrapper(meanwhile):
        _owner, won = claim(due, now=timezone.now(), seconds=60, limit=5)
    assert won == []
    row.refresh_from_db()
    assert row.lease_owner is None
