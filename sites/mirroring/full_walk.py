"""Mirrors the operator's sites: locations, then charge points, then EVSEs with their connectors.

A run walks the three lists page by page. Each page is stored in one transaction together with the
link to the next, so that a run that breaks off is continued by the next one of its kind. Only a
full run that saw all lists to the end retires what it did not see.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, Protocol

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from ampeco.client import AmpecoClient
from ampeco.connection import note_accepted
from ampeco.types import Page
from mirror.left_out import UNREADABLE, none_taken
from mirror.models import SyncRun
from mirror.runs import (
    CHARGE_POINTS,
    CLOCK_SKEW,
    EVSES,
    LOCATIONS,
    PARKING_SPACES,
    add_counts,
    begin_anew,
    finish,
    kind_of_run,
    left_out_of,
    no_counts,
    note_progress,
    open_run,
)
from mirror.upserts import retire_unseen
from mirror.walking import broken_off_by_errors, pages_from_where_it_came_to
from sites.mirroring.batch import Batch, LeftOut
from sites.models import ChargePoint, Evse, Location, ParkingSpace
from upstream.errors import (
    UpstreamError,
    UpstreamForbidden,
    UpstreamNotFound,
    meets_every_call,
)

logger = logging.getLogger(__name__)

# The EVSEs of one charge point after the other, for tokens that may not read them all at once.
EVSES_BY_CHARGE_POINT = "evses_by_charge_point"
CHARGE_POINTS_AT_ONCE = 10
MOST_UNKNOWN = 5
LIST_FORBIDDEN = "evse_list_forbidden"
PARKING_FORBIDDEN = "parking_spaces_forbidden"

Report = Callable[[str], None]


class ReadPages(Protocol):
    """A list of the client."""

    def __call__(
        self, *, updated_after: datetime | None, resume_from: str | None
    ) -> Iterator[Page[Any]]: ...


def sync_sites(
    *,
    client: AmpecoClient,
    full: bool,
    report: Report | None = None,
    not_within: timedelta | None = None,
) -> SyncRun:
    """Mirror the sites, all of them or what changed; return the run, finished or broken off.

    Takes up a run that broke off. `report` gets a line for each page. Raises RunUnderWay when
    another process is at it, or was `not_within` so long; an error that is not the operator's
    breaks the run off and goes on.
    """
    kind = kind_of_run(full=full)
    behind = client.clock.behind(at_least=CLOCK_SKEW)
    run = open_run(kind=kind, first_phase=LOCATIONS, not_within=not_within, clock_behind=behind)
    walk = Walk(client=client, run=run, report=report)
    forbidden = _("The operator does not let this token read the sites (403).")
    with broken_off_by_errors(run, name="sites", calls=lambda: walk.calls, forbidden=forbidden):
        walk.to_the_end()
        note_accepted()
    return run


class Walk:
    """A run on its way through the operator's lists."""

    def __init__(self, *, client: AmpecoClient, run: SyncRun, report: Report | None) -> None:
        self.client = client
        self.run = run
        self.report = report
        self.left_out = LeftOut.remembered()
        self._calls_elsewhere = run.calls - client.calls

    @property
    def calls(self) -> int:
        """How many calls the run has cost so far, before it broke off too."""
        return self._calls_elsewhere + self.client.calls

    @property
    def is_full(self) -> bool:
        return self.run.kind == SyncRun.Kind.SITES_FULL

    def to_the_end(self) -> None:
        """Go through the phases that are left, then close the run."""
        if self.run.phase == LOCATIONS:
            for page in self._pages(self.client.location_pages):
                batch = self._batch()
                batch.leave_out(LOCATIONS, UNREADABLE, page.unreadable)
                batch.take_locations(page.items)
                self._store(batch, resume_from=page.next_link or "")
            self._next_phase(CHARGE_POINTS)
        if self.run.phase == CHARGE_POINTS:
            for page in self._pages(self.client.charge_point_pages):
                batch = self._batch()
                batch.leave_out(CHARGE_POINTS, UNREADABLE, page.unreadable)
                batch.take_charge_points(page.items)
                if not self.is_full:
                    batch.take_evses_of_newcomers()
                self._store(batch, resume_from=page.next_link or "")
            self._next_phase(EVSES)
        if self.run.phase == EVSES:
            try:
                for page in self._pages(self.client.evse_pages):
                    batch = self._batch()
                    batch.leave_out(EVSES, UNREADABLE, page.unreadable)
                    batch.take_evses(page.items)
                    self._store(batch, resume_from=page.next_link or "")
            except UpstreamForbidden:
                begin_anew(self.run.counts, EVSES)
                self.run.counts[LIST_FORBIDDEN] = True
                self._next_phase(EVSES_BY_CHARGE_POINT)
        if self.run.phase == EVSES_BY_CHARGE_POINT:
            self._read_evses_by_charge_point()
        if self.is_full:
            # They hardly ever change: a call for each run of changes would be one too many.
            self._read_parking_spaces()
        if not self.is_full:
            self._read_unknown_again()
        self._close()

    def _pages(self, read: ReadPages) -> Iterator[Page[Any]]:
        return pages_from_where_it_came_to(
            self.run,
            lambda link: read(updated_after=self.run.updated_after, resume_from=link),
            begin_anew=lambda: begin_anew(self.run.counts, self.run.phase),
        )

    def _read_evses_by_charge_point(self) -> None:
        """Read the EVSEs charge point by charge point; in a delta only of those that changed."""
        charge_points = ChargePoint.objects.filter(retired_at=None).order_by("ampeco_id")
        if not self.is_full:
            charge_points = charge_points.filter(seen_in_run=self.run)
        while True:
            done = int(self.run.resume_from or 0)
            due = charge_points.filter(ampeco_id__gt=done).values_list("ampeco_id", flat=True)
            ids = list(due[:CHARGE_POINTS_AT_ONCE])
            if not ids:
                return
            batch = self._batch()
            for ampeco_id in ids:
                batch.take_evses_of(ampeco_id)
            self._store(batch, resume_from=str(ids[-1]))

    def _read_parking_spaces(self) -> None:
        """Read the parking spaces, the last of all; a token or an operator without them goes on."""
        if self.run.phase != PARKING_SPACES:
            self._next_phase(PARKING_SPACES)
        try:
            for page in self._pages(self.client.parking_space_pages):
                batch = self._batch()
                batch.leave_out(PARKING_SPACES, UNREADABLE, page.unreadable)
                batch.take_parking_spaces(page.items)
                self._store(batch, resume_from=page.next_link or "")
        except (UpstreamForbidden, UpstreamNotFound):
            self.run.counts[PARKING_FORBIDDEN] = True

    def _read_unknown_again(self) -> None:
        """Read anew what had a word that we did not know, some in each delta.

        It may have been a slip of a moment, which no list of changes would tell.
        """
        rows = {"retired_at": None, "status": Location.Status.UNKNOWN}
        places = Location.objects.filter(**rows).order_by("synced_at")
        points = ChargePoint.objects.filter(
            Q(**rows) | Q(retired_at=None, evses__retired_at=None, evses__status=rows["status"])
        )
        points = points.order_by("synced_at").distinct()
        batch = self._batch()
        for ampeco_id in places.values_list("ampeco_id", flat=True)[:MOST_UNKNOWN]:
            with _left_for_later():
                batch.take_locations([self.client.read_location(ampeco_id)])
        for point in points[:MOST_UNKNOWN]:
            with _left_for_later():
                batch.take_charge_points([self.client.read_charge_point(point.ampeco_id)])
                batch.take_evses_of(point.ampeco_id)
        if batch.locations or batch.charge_points or batch.evses:
            self._store(batch, resume_from="")

    def _batch(self) -> Batch:
        return Batch(client=self.client, left_out=self.left_out)

    def _store(self, batch: Batch, *, resume_from: str) -> None:
        with transaction.atomic():
            batch.store(run=self.run, now=timezone.now())
            note_progress(
                self.run,
                phase=self.run.phase,
                resume_from=resume_from,
                counts=add_counts(self.run.counts, batch.counts),
                calls=self.calls,
            )
        self.left_out.remember()
        if self.report:
            self.report(self._progress())

    def _progress(self) -> str:
        sentences = {
            LOCATIONS: _("Locations: %(seen)s read, %(skipped)s left out"),
            CHARGE_POINTS: _("Charge points: %(seen)s read, %(skipped)s left out"),
            PARKING_SPACES: _("Parking spaces: %(seen)s read, %(skipped)s left out"),
        }
        evses = _("EVSEs: %(seen)s read, %(skipped)s left out")
        return sentences.get(self.run.phase, evses) % self.run.counts.get(
            self.run.phase, self.run.counts[EVSES]
        )

    def _next_phase(self, phase: str) -> None:
        note_progress(
            self.run,
            phase=phase,
            resume_from="",
            counts=self.run.counts,
            calls=self.calls,
        )

    def _close(self) -> None:
        """Finish the run; a full one retires what it did not see, of lists that it read whole."""
        counts = {**self.run.counts}
        problem = ""
        with transaction.atomic():
            if self.is_full:
                now = timezone.now()
                for noun, model in (
                    (LOCATIONS, Location),
                    (CHARGE_POINTS, ChargePoint),
                    (EVSES, Evse),
                    (PARKING_SPACES, ParkingSpace),
                ):
                    if noun == PARKING_SPACES and counts.get(PARKING_FORBIDDEN):
                        problem = problem or _(
                            "The operator does not let this token read the parking spaces (403): "
                            "vehicles are not held against them."
                        )
                    elif left_out_of(counts, noun).get(UNREADABLE):
                        # It has no id, and may be any of those that were not seen.
                        continue
                    elif counts.get(noun, no_counts()[noun])["seen"]:
                        retired = retire_unseen(model, run=self.run, now=now)
                        added = counts[noun]["retired"] + retired
                        counts[noun] = {**counts[noun], "retired": added}
                    elif model._default_manager.filter(retired_at=None).exists():
                        # Rather a fault of the operator's than the end of its business.
                        problem = _("The operator gave an empty list, so nothing was retired.")
                problem = _nothing_taken(counts) or problem
            finish(self.run, counts=counts, problem=problem, calls=self.calls)


@contextmanager
def _left_for_later() -> Iterator[None]:
    """Go on without a record that cannot be read; it would stop each run at this point."""
    try:
        yield
    except UpstreamError as error:
        if meets_every_call(error):
            raise
        logger.info("An unknown word could not be read anew: %s", error)


def _nothing_taken(counts: dict[str, Any]) -> str:
    """Return why a full run leaves nothing to book; nothing where it does leave something.

    Of the lists that follow each other, the first that was left out says why those after it were.
    """
    for noun in (LOCATIONS, CHARGE_POINTS, EVSES):
        left_out = left_out_of(counts, noun)
        if left_out and not counts[noun]["seen"]:
            return none_taken(noun, left_out)
    evses = Evse.objects.filter(retired_at=None)
    if evses.exists() and not evses.filter(booking_enabled=True).exists():
        return _("No EVSE can be booked: the operator has not enabled booking for any of them.")
    return ""
