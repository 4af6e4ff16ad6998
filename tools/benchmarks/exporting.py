"""What the export of a long list costs: when it begins, how fast it goes on, what it holds."""

import os
import time
from pathlib import Path

from django.http import StreamingHttpResponse
from django.test import Client
from django.urls import reverse

from tools.benchmarks.memory import megabytes
from tools.benchmarks.report import Figure, say

FIRST_LINES_MS = 500
MEGABYTES_ALLOWED = 20
# What was read by then fills the caches of the process, and is not the export's own.
WARM_UP_BATCHES = 20


def measure(browser: Client, *, bookings: int) -> list[Figure]:
    say(f"Exporting {bookings:,} bookings …")
    begun = time.perf_counter()
    response = browser.get(reverse("bookings:export"), {"view": "all"})
    if not isinstance(response, StreamingHttpResponse):
        raise TypeError(f"The export gave {response.status_code}, and not as a stream.")
    chunks = iter(response)
    lines = next(chunks).count(b"\n") + next(chunks, b"").count(b"\n")
    first_ms = (time.perf_counter() - begun) * 1000
    before, most = 0.0, 0.0
    for number, chunk in enumerate(chunks):
        lines += chunk.count(b"\n")
        if number == WARM_UP_BATCHES:
            before = most = held()
        elif number > WARM_UP_BATCHES:
            most = max(most, held())
    seconds = time.perf_counter() - begun
    if lines <= bookings:
        raise RuntimeError(f"The export has {lines} lines.")
    what = f"export of {bookings:,} bookings"
    return [
        Figure(
            f"{what}, until the first lines are there",
            f"≤ {FIRST_LINES_MS} ms",
            f"{first_ms:.0f} ms",
            first_ms <= FIRST_LINES_MS,
        ),
        Figure(f"{what}, all of it", "", f"{seconds:.0f} s, {lines / seconds:,.0f} a second", None),
        Figure(
            f"{what}, memory that it takes more at the end than at the beginning",
            f"≤ {MEGABYTES_ALLOWED} MB",
            f"{most - before:.1f} MB",
            most - before <= MEGABYTES_ALLOWED,
        )
        if before
        else Figure(f"{what}, memory", f"≤ {MEGABYTES_ALLOWED} MB", "not measured", None),
    ]


def held() -> float:
    """Return the megabytes that this process holds; 0 where /proc does not tell."""
    return megabytes(os.getpid(), "VmRSS") if Path("/proc/self/status").exists() else 0.0
