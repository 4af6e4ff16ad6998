"""What charging costs."""

import logging
from collections.abc import Iterator

from ampeco.calls.base import Calls
from ampeco.resources import parse_one
from ampeco.types import Page, Tariff, TariffGroup, TariffSnapshot
from upstream.readers import objects

logger = logging.getLogger(__name__)

TARIFFS = "resources/tariffs/v1.0"
TARIFF_GROUPS = "resources/tariff-groups/v1.0"
TARIFF_SNAPSHOTS = "resources/tariff-snapshots/v1.0"


class TariffCalls(Calls):
    """Calls about tariffs; each raises UpstreamForbidden for tokens that may not read them."""

    def tariff_pages(self, *, resume_from: str | None = None) -> Iterator[Page[Tariff]]:
        return self._resources.pages(
            "tariff_pages", TARIFFS, Tariff.from_payload, with_cursor=True, resume_from=resume_from
        )

    def tariff_for_user(self, tariff_group_id: int, user_id: int) -> Tariff | None:
        """Return the tariff of a group that applies to a user now; None where none does.

        None also where the operator ignores the filter and gives all tariffs of the group, which
        tells nothing.
        """
        operation = "tariff_for_user"
        query = [
            ("filter[tariffGroupId]", str(tariff_group_id)),
            ("filter[userId]", str(user_id)),
        ]
        data = self._transport.read(TARIFFS, query, operation=operation).get("data")
        # The document has a list of one, its prose a single tariff.
        found = list(objects(data if isinstance(data, list) else [data]))
        if len(found) != 1:
            if found:
                logger.warning("%s: the operator ignores the filter.", operation)
            return None
        return parse_one({"data": found[0]}, Tariff.from_payload, operation=operation)

    def tariff_group_pages(self, *, resume_from: str | None = None) -> Iterator[Page[TariffGroup]]:
        return self._resources.pages(
            "tariff_group_pages",
            TARIFF_GROUPS,
            TariffGroup.from_payload,
            with_cursor=True,
            resume_from=resume_from,
        )

    def read_tariff_snapshot(self, snapshot_id: int) -> TariffSnapshot:
        """Return the tariff that a session is reckoned by, as it was when the session began."""
        return self._resources.read(
            "read_tariff_snapshot", TARIFF_SNAPSHOTS, snapshot_id, TariffSnapshot.from_payload
        )
