"""How much memory web and worker processes take once they have done all there is to do."""

from pathlib import Path

from django.urls import reverse

from bookings.models import BookingRequest
from config.celery import app
from mirror.models import SyncRun
from sites.models import Location
from tools.benchmarks.processor import children_of
from tools.benchmarks.report import Figure, say
from tools.benchmarks.subjects.decisions import Page, Pids
from tools.benchmarks.world.place import PATIENCE_SECONDS
from tools.services.ports import wait_until

MEGABYTES_ALLOWED = 150
ROUNDS = 10


def measure(pids: Pids, *, page: Page, site: Location) -> list[Figure]:
    """Let the web processes serve the large pages and the worker mirror the sites; then look."""
    if not Path("/proc/self/task").exists():
        return [Figure("memory", f"≤ {MEGABYTES_ALLOWED} MB", "not measured: no /proc", None)]
    say("Measuring memory …")
    for _ in range(ROUNDS):
        for path in (
            reverse("sites:list"),
            reverse("sites:detail", args=[site.pk]),
            reverse("bookings:list"),
            f"{reverse('bookings:list')}?view=past",
            reverse("drivers:list"),
        ):
            page.get(path)
    finished = SyncRun.objects.filter(
        kind=SyncRun.Kind.SITES_FULL, state=SyncRun.State.FINISHED
    ).count()
    app.send_task("sites.tasks.sync_sites", kwargs={"full": True})
    done = SyncRun.objects.filter(kind=SyncRun.Kind.SITES_FULL, state=SyncRun.State.FINISHED)
    if not wait_until(lambda: done.count() > finished, seconds=PATIENCE_SECONDS):
        raise RuntimeError("The worker does not mirror the sites.")
    return [
        _figure("a web worker", children_of(pids.web)),
        _figure("a Celery worker", list(pids.workers)),
        _figure("beat", [pids.beat]),
    ]


def _figure(who: str, pids: list[int]) -> Figure:
    now = max(megabytes(pid, "VmRSS") for pid in pids)
    peak = max(megabytes(pid, "VmHWM") for pid in pids)
    approved = BookingRequest.objects.filter(status=BookingRequest.Status.APPROVED).count()
    return Figure(
        f"memory of {who}, after {approved} bookings",
        f"≤ {MEGABYTES_ALLOWED} MB",
        f"{now:.0f} MB, at most {peak:.0f} MB",
        peak <= MEGABYTES_ALLOWED,
    )


def megabytes(pid: int, name: str) -> float:
    """Return what a process holds in memory: `VmRSS` now, `VmHWM` at its peak."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) / 1024
    raise LookupError(pid)
