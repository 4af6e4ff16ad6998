"""One page of a list with all that it needs to be stored: what is missing is read singly first."""

import logging
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from django.conf import settings
from django.core.cache import cache

from ampeco import types
from ampeco.client import AmpecoClient
from mirror.left_out import ELSEWHERE, PERSONAL, ROAMING, UNREADABLE
from mirror.models import SyncRun
from mirror.runs import (
    CHARGE_POINTS,
    EVSES,
    LEFT_OUT,
    LOCATIONS,
    PARKING_SPACES,
    Counts,
    no_counts,
)
from sites.mirroring.upserts import (
    Stored,
    keep_unread,
    retire_charge_points,
    store_charge_points,
    store_evses,
    store_locations,
    store_parking_spaces,
)
from sites.models import ChargePoint, Evse, Location
from upstream.errors import (
    UpstreamError,
    UpstreamForbidden,
    UpstreamNotFound,
    meets_every_call,
)

logger = logging.getLogger(__name__)

LEFT_OUT_KEY = "sites-left-out"
LEFT_OUT_SECONDS = 2 * 24 * 3600
# More records than this that refer to something unknown are no accident of timing.
MOST_SINGLE_READS = 50


@dataclass(slots=True)
class LeftOut:
    """The AMPECO ids that are not ours to show: roaming, personal, or not to be found.

    Remembered in the cache, so that what belongs to them is not looked up by every run again.
    """

    locations: set[int] = field(default_factory=set)
    charge_points: set[int] = field(default_factory=set)

    @classmethod
    def remembered(cls) -> "LeftOut":
        """Return what earlier runs left out, as far as the cache still knows."""
        known = cache.get(LEFT_OUT_KEY)
        return cls(*map(set, known)) if isinstance(known, list) else cls()

    def remember(self) -> None:
        known = [list(self.locations), list(self.charge_points)]
        cache.set(LEFT_OUT_KEY, known, LEFT_OUT_SECONDS)


@dataclass(slots=True)
class Batch:
    """Records to be stored together; the `take_` methods call the operator where one is missing."""

    client: AmpecoClient
    left_out: LeftOut
    reads_left: int = MOST_SINGLE_READS
    locations: dict[int, types.Location] = field(default_factory=dict)
    charge_points: dict[int, types.ChargePoint] = field(default_factory=dict)
    evses: dict[int, types.Evse] = field(default_factory=dict)
    parking_spaces: dict[int, types.ParkingSpace] = field(default_factory=dict)
    personal: set[int] = field(default_factory=set)
    # What the operator has and we cannot place, or cannot read: no reason to retire it.
    unsure: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    counts: Counts = field(default_factory=no_counts)

    def take_locations(self, records: Iterable[types.Location]) -> None:
        """Take locations of the operator's own; those of others only where they are shown."""
        for record in records:
            if record.roaming_operator_id is None or settings.SHOW_ROAMING_SITES:
                self.locations[record.id] = record
                self.left_out.locations.discard(record.id)
            else:
                self.left_out.locations.add(record.id)
                self.leave_out(LOCATIONS, ROAMING)

    def take_charge_points(self, records: Collection[types.ChargePoint]) -> None:
        """Take charge points that stand at a location of ours; personal ones are skipped."""
        places = {record.location_id for record in records if record.type != PERSONAL}
        known = self._known_locations(place for place in places if place is not None)
        for record in records:
            if record.type != PERSONAL and record.location_id in known:
                self.charge_points[record.id] = record
                self.left_out.charge_points.discard(record.id)
                continue
            if record.type == PERSONAL:
                self.personal.add(record.id)
            elif self._is_unsure(LOCATIONS, record.location_id):
                self.unsure[CHARGE_POINTS].add(record.id)
            self.left_out.charge_points.add(record.id)
            self.leave_out(CHARGE_POINTS, PERSONAL if record.type == PERSONAL else ELSEWHERE)

    def take_evses(self, records: Collection[types.Evse]) -> None:
        """Take EVSEs whose charge point is ours; others are skipped."""
        ids = {record.charge_point_id for record in records}
        known = self._known_charge_points(one for one in ids if one is not None)
        for record in records:
            if record.charge_point_id in known:
                self.evses[record.id] = record
            else:
                if self._is_unsure(CHARGE_POINTS, record.charge_point_id):
                    self.unsure[EVSES].add(record.id)
                self.leave_out(EVSES, ELSEWHERE)

    def leave_out(self, noun: str, reason: str, count: int = 1) -> None:
        """Count what is not taken, and why."""
        self.counts[noun]["skipped"] += count
        if count:
            name = f"{noun}: {reason}"
            self.counts[LEFT_OUT][name] = self.counts[LEFT_OUT].get(name, 0) + count

    def take_parking_spaces(self, records: Collection[types.ParkingSpace]) -> None:
        """Take parking spaces at sites that the mirror has by now; others are skipped."""
        ids = {record.location_id for record in records if record.location_id is not None}
        active = Location.objects.filter(ampeco_id__in=ids, retired_at=None)
        known = set(active.values_list("ampeco_id", flat=True))
        for record in records:
            if record.location_id in known:
                self.parking_spaces[record.id] = record
            else:
                self.leave_out(PARKING_SPACES, ELSEWHERE)

    def take_evses_of_newcomers(self) -> None:
        """Take the EVSEs of the charge points taken here that the mirror does not have yet.

        A list of changes would not bring them where only the charge point changed, as when a
        personal one became public.
        """
        for ampeco_id in sorted(
            self.charge_points.keys() - active_charge_points(self.charge_points)
        ):
            self.take_evses_of(ampeco_id)

    def take_evses_of(self, charge_point_id: int) -> None:
        """Take the EVSEs of one charge point; none if the operator does not show them."""
        try:
            pages = list(self.client.evse_pages_of_charge_point(charge_point_id))
        except (UpstreamNotFound, UpstreamForbidden):
            return
        except UpstreamError as error:
            self._leave_for_later(CHARGE_POINTS, charge_point_id, error)
            known = Evse.objects.filter(charge_point__ampeco_id=charge_point_id)
            self.unsure[EVSES].update(known.values_list("ampeco_id", flat=True))
            return
        for page in pages:
            self.leave_out(EVSES, UNREADABLE, page.unreadable)
            self.take_evses(page.items)

    def _known_locations(self, wanted: Iterable[int]) -> set[int]:
        ids = set(wanted)
        active = Location.objects.filter(ampeco_id__in=ids, retired_at=None)
        known = self.locations.keys() | set(active.values_list("ampeco_id", flat=True))
        for missing in sorted(ids - known - self.left_out.locations):
            if not self._may_read():
                self.unsure[LOCATIONS].add(missing)
                continue
            try:
                self.take_locations([self.client.read_location(missing)])
            except (UpstreamNotFound, UpstreamForbidden):
                self.left_out.locations.add(missing)
            except UpstreamError as error:
                self._leave_for_later(LOCATIONS, missing, error)
        return known | self.locations.keys()

    def _known_charge_points(self, wanted: Iterable[int]) -> set[int]:
        ids = set(wanted)
        known = self.charge_points.keys() | active_charge_points(ids)
        for missing in sorted(ids - known - self.left_out.charge_points):
            if not self._may_read():
                self.unsure[CHARGE_POINTS].add(missing)
                continue
            try:
                self.take_charge_points([self.client.read_charge_point(missing)])
            except (UpstreamNotFound, UpstreamForbidden):
                self.left_out.charge_points.add(missing)
            except UpstreamError as error:
                self._leave_for_later(CHARGE_POINTS, missing, error)
        return known | self.charge_points.keys()

    def _leave_for_later(self, noun: str, ampeco_id: int, error: UpstreamError) -> None:
        """Go on without what cannot be read; raise the error where that may have been an accident.

        The first time the run breaks off, and tries again; else one record would stop it for ever.
        """
        key = f"sites-cannot-be-read-{noun}-{ampeco_id}"
        if meets_every_call(error) or cache.add(key, True, LEFT_OUT_SECONDS):
            raise error
        logger.warning("The synchronisation of sites goes on without a record: %s", error)
        self.unsure[noun].add(ampeco_id)

    def _is_unsure(self, noun: str, ampeco_id: int | None) -> bool:
        return ampeco_id is None or ampeco_id in self.unsure[noun]

    def _may_read(self) -> bool:
        self.reads_left -= 1
        return self.reads_left >= 0

    def store(self, *, run: SyncRun, now: datetime) -> None:
        """Write all that was taken; meant for a transaction."""
        self._count(LOCATIONS, store_locations(self.locations.values(), run=run, now=now))
        self._count(
            CHARGE_POINTS,
            store_charge_points(
                self.charge_points.values(),
                location_pks=_pks(
                    Location, (one.location_id for one in self.charge_points.values())
                ),
                run=run,
                now=now,
            ),
        )
        self._count(CHARGE_POINTS, retire_charge_points(self.personal, now=now))
        self._count(
            EVSES,
            store_evses(
                self.evses.values(),
                charge_point_pks=_pks(
                    ChargePoint, (one.charge_point_id for one in self.evses.values())
                ),
                run=run,
                now=now,
            ),
        )
        self._count(
            PARKING_SPACES,
            store_parking_spaces(
                self.parking_spaces.values(),
                location_pks=_pks(
                    Location, (one.location_id for one in self.parking_spaces.values())
                ),
                run=run,
                now=now,
            ),
        )

        for noun, model in ((LOCATIONS, Location), (CHARGE_POINTS, ChargePoint), (EVSES, Evse)):
            if self.unsure[noun]:
                keep_unread(model, self.unsure[noun], run=run, now=now)

    def _count(self, noun: str, stored: Stored) -> None:
        numbers = self.counts[noun]
        numbers["seen"] += stored.seen
        numbers["new"] += stored.new
        numbers["changed"] += stored.changed
        numbers["retired"] += stored.retired


def active_charge_points(ids: Iterable[int]) -> set[int]:
    """Return those of the AMPECO ids that the mirror has and has not retired."""
    active = ChargePoint.objects.filter(ampeco_id__in=list(ids), retired_at=None)
    return set(active.values_list("ampeco_id", flat=True))


def _pks(model: type[Location] | type[ChargePoint], ids: Iterable[int | None]) -> dict[int, int]:
    wanted = {one for one in ids if one is not None}
    if not wanted:
        return {}
    return dict(model._default_manager.filter(ampeco_id__in=wanted).values_list("ampeco_id", "pk"))
