"""When chargers are out of use: periods of downtime, and the notices they may carry."""

from collections.abc import Iterator
from datetime import datetime

from ampeco.calls.base import Calls
from ampeco.resources import items_of
from ampeco.types import DowntimeNotice, DowntimePeriod, NewDowntime, Page
from ampeco.types.downtime import OF_CHARGE_POINT, OF_EVSE, downtime_changes

DOWNTIME = {
    OF_CHARGE_POINT: "resources/charge-point-downtime-periods/v1.0",
    OF_EVSE: "resources/evse-downtime-periods/v1.0",
}
NOTICES = "resources/downtime-period-notices/v1.0"


class MaintenanceCalls(Calls):
    """Calls about downtime: `of` is OF_CHARGE_POINT or OF_EVSE, which have a list each.

    Each raises UpstreamForbidden for a token that may not do it.
    """

    def downtime_pages(
        self,
        of: str,
        *,
        charge_point_id: int | None = None,
        evse_id: int | None = None,
        location_id: int | None = None,
        entry_mode: str | None = None,
        kind: str | None = None,
        started_after: datetime | None = None,
        stopped_before: datetime | None = None,
        longer_than_minutes: int | None = None,
        shorter_than_minutes: int | None = None,
        updated_after: datetime | None = None,
        resume_from: str | None = None,
    ) -> Iterator[Page[DowntimePeriod]]:
        """Yield the pages of periods; only those of EVSEs can be had by `evse_id`."""
        return self._resources.pages(
            "downtime_pages",
            DOWNTIME[of],
            DowntimePeriod.from_payload,
            resume_from=resume_from,
            filters={
                "chargePointId": charge_point_id,
                "evseId": evse_id,
                "locationId": location_id,
                "entryMode": entry_mode,
                "type": kind,
                "startedAfter": started_after,
                "stoppedBefore": stopped_before,
                "durationGreaterThan": longer_than_minutes,
                "durationLessThan": shorter_than_minutes,
                "lastUpdatedAfter": updated_after,
            },
        )

    def read_downtime(self, of: str, downtime_id: int) -> DowntimePeriod:
        return self._resources.read(
            "read_downtime", DOWNTIME[of], downtime_id, DowntimePeriod.from_payload
        )

    def create_downtime(self, new: NewDowntime) -> DowntimePeriod:
        """Make a period; sent once. After an ambiguous UpstreamUnavailable look first."""
        return self._resources.submit(
            "create_downtime", DOWNTIME[new.of], new.to_payload(), DowntimePeriod.from_payload
        )

    def change_downtime(
        self,
        of: str,
        downtime_id: int,
        *,
        started_at: datetime | None = None,
        ended_at: datetime | None = None,
        notice_id: int | None = None,
    ) -> DowntimePeriod:
        """Change a period, as far as it is AMPECO's to take; sent once."""
        return self._resources.change(
            "change_downtime",
            DOWNTIME[of],
            downtime_id,
            downtime_changes(started_at=started_at, ended_at=ended_at, notice_id=notice_id),
            DowntimePeriod.from_payload,
        )

    def delete_downtime(self, of: str, downtime_id: int) -> None:
        """Take a manual period back; sent once."""
        self._resources.remove("delete_downtime", DOWNTIME[of], downtime_id)

    def downtime_notices(self, *, kind: str | None = None) -> list[DowntimeNotice]:
        """Return the notices that the operator has prepared."""
        pages = self._resources.pages(
            "downtime_notices",
            NOTICES,
            DowntimeNotice.from_payload,
            filters={"type": kind},
        )
        return list(items_of(pages))
