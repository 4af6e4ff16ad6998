"""Where: locations, charge points, EVSEs, parking spaces, and when they are free."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from ampeco.calls.base import Calls
from ampeco.types import ChargePoint, Evse, EvseAvailability, Location, Page, ParkingSpace
from upstream.readers import wire_instant
from upstream.transport import id_in_path

LONGEST_WINDOW = timedelta(days=7)
LOCATIONS = "resources/locations/v2.0"
CHARGE_POINTS = "resources/charge-points/v2.0"
EVSES = "resources/evses/v2.1"
PARKING_SPACES = "resources/parking-spaces/v1.0"


class PlaceCalls(Calls):
    """Calls about places."""

    def location_pages(
        self, *, updated_after: datetime | None = None, resume_from: str | None = None
    ) -> Iterator[Page[Location]]:
        """Yield the pages of all locations, or of those updated at or after an instant."""
        return self._resources.pages(
            "location_pages",
            LOCATIONS,
            Location.from_payload,
            resume_from=resume_from,
            filters={"lastUpdatedAfter": updated_after},
        )

    def read_location(self, location_id: int) -> Location:
        return self._resources.read("read_location", LOCATIONS, location_id, Location.from_payload)

    def charge_point_pages(
        self,
        *,
        location_id: int | None = None,
        updated_after: datetime | None = None,
        resume_from: str | None = None,
    ) -> Iterator[Page[ChargePoint]]:
        """Yield the pages of charge points, at one location or changed since an instant."""
        return self._resources.pages(
            "charge_point_pages",
            CHARGE_POINTS,
            ChargePoint.from_payload,
            resume_from=resume_from,
            filters={"locationId": location_id, "lastUpdatedAfter": updated_after},
        )

    def read_charge_point(self, charge_point_id: int) -> ChargePoint:
        return self._resources.read(
            "read_charge_point", CHARGE_POINTS, charge_point_id, ChargePoint.from_payload
        )

    def evse_pages(
        self, *, updated_after: datetime | None = None, resume_from: str | None = None
    ) -> Iterator[Page[Evse]]:
        """Yield the pages of all EVSEs with their connectors, or of those updated since.

        Raises UpstreamForbidden for tokens that may only read EVSEs by charge point.
        """
        return self._resources.pages(
            "evse_pages",
            EVSES,
            Evse.from_payload,
            include="connectors",
            resume_from=resume_from,
            filters={"lastUpdatedAfter": updated_after},
        )

    def evse_pages_of_charge_point(self, charge_point_id: int) -> Iterator[Page[Evse]]:
        """Yield the pages of a charge point's EVSEs with their connectors."""
        return self._resources.pages(
            "evse_pages_of_charge_point",
            f"{CHARGE_POINTS}/{id_in_path(charge_point_id)}/evses",
            lambda payload: Evse.from_payload(payload).at_charge_point(charge_point_id),
            include="connectors",
        )

    def parking_space_pages(
        self, *, updated_after: datetime | None = None, resume_from: str | None = None
    ) -> Iterator[Page[ParkingSpace]]:
        """Yield the pages of parking spaces, each with the EVSEs that it belongs to."""
        return self._resources.pages(
            "parking_space_pages",
            PARKING_SPACES,
            ParkingSpace.from_payload,
            filters={"lastUpdatedAfter": updated_after},
            include="evses",
            resume_from=resume_from,
        )

    def check_availability(
        self, location_id: int, *, start_after: datetime, end_before: datetime
    ) -> list[EvseAvailability]:
        """Read when the bookable EVSEs of a location are free within a window of at most 7 days.

        An EVSE that is not in the answer is not available at all. Raises ValueError for a window
        that is empty, too long or without zone.
        """
        body = {"startAfter": wire_instant(start_after), "endBefore": wire_instant(end_before)}
        # In UTC: the difference of two times in one zone would not count a change of clocks.
        window = end_before.astimezone(UTC) - start_after.astimezone(UTC)
        if not timedelta() < window <= LONGEST_WINDOW:
            raise ValueError("The window must be longer than nothing and at most 7 days long.")
        return self._resources.ask(
            "check_availability",
            f"actions/locations/v2.0/{id_in_path(location_id)}/check-booking-availability",
            body,
            EvseAvailability.from_payload,
        )
