"""What it costs to find out what the operator decided."""

import random
import time
from datetime import timedelta

from django.utils import timezone

from ampeco.client import AmpecoClient
from bookings.models import BookingRequest
from sync.polling import poll_due
from tools.benchmarks.report import Figure, count_figure, say

MOST_CALLS = 12
OLD = timedelta(hours=2)


def measure(requests: list[BookingRequest], *, client: AmpecoClient) -> list[Figure]:
    """Poll with few, some and all of the requests due; none of them is decided."""
    say("Polling …")
    figures = []
    ids = [request.pk for request in requests]
    chance = random.Random(1)
    for due in sorted({min(number, len(ids)) for number in (5, 12, 15, 30, 200, len(ids))}):
        chosen = chance.sample(ids, due)
        calls, seconds = _poll(chosen, client=client)
        figures.append(
            count_figure(
                f"poll of {len(ids)} pending requests, {due} due: calls",
                calls,
                budget=MOST_CALLS,
                note=f", {seconds:.2f} s",
            )
        )
    return figures


def _poll(ids: list[int], *, client: AmpecoClient) -> tuple[int, float]:
    """Make these requests due and no other, and poll; return calls and seconds."""
    now = timezone.now()
    BookingRequest.objects.update(next_attempt_at=now + timedelta(hours=1))
    BookingRequest.objects.filter(pk__in=ids).update(next_attempt_at=now)
    called, begun = client.calls, time.perf_counter()
    poll_due(client=client)
    return client.calls - called, time.perf_counter() - begun
