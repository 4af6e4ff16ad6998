"""Which mails may be sent, however many there are."""

import random
from datetime import timedelta

import pytest
from django.utils import timezone

from bookings.models import Booking
from notifications import queue
from notifications.models import Notification
from tests.factories import BookingRequestFactory, NotificationFactory

pytestmark = pytest.mark.django_db

Kind = Notification.Kind
State = Notification.State


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_slice_at_a_time_finds_what_one_query_finds(seed, monkeypatch):
    monkeypatch.setattr(queue, "SLICE", 4)
    chance = random.Random(seed)
    now = timezone.now()
    requests = [BookingRequestFactory(approved=True) for _ in range(6)]
    Booking.objects.filter(pk__in=[each.booking_id for each in requests[:3]]).update(evse=None)
    rows = [
        NotificationFactory(
            request=chance.choice(requests),
            # Nobody is told twice of one thing.
            recipient_email=f"somebody{number}@hudson.example",
            kind=chance.choice([Kind.APPROVED, Kind.REMINDER, Kind.MOVED]),
            state=chance.choice([State.QUEUED] * 6 + [State.SENT]),
        )
        for number in range(40)
    ]
    for row in rows:
        Notification.objects.filter(pk=row.pk).update(
            created_at=now - timedelta(minutes=chance.choice([1, 9, 11, 29, 31])),
            next_attempt_at=now + timedelta(minutes=chance.choice([-2, -1, -1, 1])),
        )
    found = list(queue.ready(now))
    assert len(found) == len(set(found))
    assert sorted(found) == sorted(queue.due(now).values_list("pk", flat=True))
    assert 0 < len(found) < len(rows)


def test_the_earliest_of_a_persons_mails_about_a_booking_goes_first(monkeypatch):
    monkeypatch.setattr(queue, "SLICE", 2)
    now = timezone.now()
    first = NotificationFactory(recipient_email="dana@hudson.example", kind=Kind.REMINDER)
    later = NotificationFactory(
        request=BookingRequestFactory(booking=first.booking, approved=True),
        recipient_email="dana@hudson.example",
        kind=Kind.CANCELLED,
    )
    others = [NotificationFactory(kind=Kind.REMINDER) for _ in range(3)]
    # The earlier one may be due later, and stand in another slice.
    Notification.objects.filter(pk=first.pk).update(next_attempt_at=now - timedelta(minutes=1))
    Notification.objects.filter(pk=later.pk).update(next_attempt_at=now - timedelta(hours=1))
    Notification.objects.filter(pk__in=[each.pk for each in others]).update(
        next_attempt_at=now - timedelta(minutes=30)
    )
    assert set(queue.ready(now)) == {first.pk, *(each.pk for each in others)}
