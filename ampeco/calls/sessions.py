"""What was charged."""

from collections.abc import Iterator
from datetime import datetime

from ampeco.calls.base import Calls
from ampeco.types import Consumption, Page, Session
from upstream.transport import id_in_path

SESSIONS = "resources/sessions/v1.0"
BREAKDOWN = {"withPriceBreakdown": "true"}


class SessionCalls(Calls):
    """Calls about charging sessions."""

    def session_pages(
        self,
        *,
        status: str | None = None,
        user_id: int | None = None,
        evse_id: int | None = None,
        charge_point_id: int | None = None,
        partner_id: int | None = None,
        started_after: datetime | None = None,
        started_before: datetime | None = None,
        ended_after: datetime | None = None,
        ended_before: datetime | None = None,
        updated_after: datetime | None = None,
        with_price_breakdown: bool = False,
        resume_from: str | None = None,
    ) -> Iterator[Page[Session]]:
        """Yield the pages of charging sessions, of all who charge and not only who book.

        `updated_after` gives what was updated then or later.
        """
        return self._resources.pages(
            "session_pages",
            SESSIONS,
            Session.from_payload,
            resume_from=resume_from,
            with_cursor=True,
            options=BREAKDOWN if with_price_breakdown else None,
            filters={
                "status": status,
                "userId": user_id,
                "evseId": evse_id,
                "chargePointId": charge_point_id,
                "partnerId": partner_id,
                "startedAfter": started_after,
                "startedBefore": started_before,
                "endedAfter": ended_after,
                "endedBefore": ended_before,
                "lastUpdatedAfter": updated_after,
            },
        )

    def read_session(self, session_id: int | str, *, with_price_breakdown: bool = False) -> Session:
        return self._resources.read(
            "read_session",
            SESSIONS,
            session_id,
            Session.from_payload,
            options=BREAKDOWN if with_price_breakdown else None,
        )

    def consumption_stats(self, session_id: int | str) -> list[Consumption]:
        """Return what a session drew when: at most 300 points of one that has ended."""
        path = f"{SESSIONS}/{id_in_path(session_id)}/consumption-stats"
        return self._resources.rows("consumption_stats", path, Consumption.from_payload)

    def sessions_of_charge_point(
        self, charge_point_id: int, *, started_after: datetime
    ) -> Iterator[Page[Session]]:
        """Yield the pages of the sessions at a charge point, of whomever, since an instant."""
        return self._resources.pages(
            "sessions_of_charge_point",
            SESSIONS,
            Session.from_payload,
            with_cursor=True,
            filters={"chargePointId": charge_point_id, "startedAfter": started_after},
        )
