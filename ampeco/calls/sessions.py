"""What was charged."""

from collections.abc import Iterator
from datetime import datetime

from ampeco.calls.base import Calls
from ampeco.types import Page, Session

SESSIONS = "resources/sessions/v1.0"


class SessionCalls(Calls):
    """Calls about charging sessions."""

    def session_pages(
        self,
        *,
        status: str | None = None,
        user_id: int | None = None,
        started_after: datetime | None = None,
        started_before: datetime | None = None,
        ended_after: datetime | None = None,
        ended_before: datetime | None = None,
        resume_from: str | None = None,
    ) -> Iterator[Page[Session]]:
        """Yield the pages of charging sessions, of all who charge and not only who book."""
        return self._resources.pages(
            "session_pages",
            SESSIONS,
            Session.from_payload,
            resume_from=resume_from,
            with_cursor=True,
            filters={
                "status": status,
                "userId": user_id,
                "startedAfter": started_after,
                "startedBefore": started_before,
                "endedAfter": ended_after,
                "endedBefore": ended_before,
            },
        )

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

    def read_session(self, session_id: int | str) -> Session:
        return self._resources.read("read_session", SESSIONS, session_id, Session.from_payload)
