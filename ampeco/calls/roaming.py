"""What the operator shares with others."""

from collections.abc import Iterator
from datetime import datetime

from ampeco.calls.base import Calls
from ampeco.types import (
    ChargeDetailRecord,
    Page,
    RoamingConnection,
    RoamingOperator,
    RoamingTariff,
)

ROAMING_CONNECTIONS = "resources/roaming-connections/v2.0"
ROAMING_OPERATORS = "resources/roaming-operators/v2.0"
ROAMING_TARIFFS = "resources/roaming-tariffs/v2.0"
CDRS = "resources/cdrs/v2.0"


class RoamingCalls(Calls):
    """Calls about roaming. All raise UpstreamForbidden for tokens that may not read it."""

    def roaming_connection_pages(self) -> Iterator[Page[RoamingConnection]]:
        return self._resources.pages(
            "roaming_connection_pages",
            ROAMING_CONNECTIONS,
            RoamingConnection.from_payload,
        )

    def roaming_operator_pages(self) -> Iterator[Page[RoamingOperator]]:
        return self._resources.pages(
            "roaming_operator_pages", ROAMING_OPERATORS, RoamingOperator.from_payload
        )

    def roaming_tariff_pages(self) -> Iterator[Page[RoamingTariff]]:
        return self._resources.pages(
            "roaming_tariff_pages", ROAMING_TARIFFS, RoamingTariff.from_payload
        )

    def cdr_pages(self, *, received_after: datetime) -> Iterator[Page[ChargeDetailRecord]]:
        """Yield the pages of the records of charges that came since an instant."""
        return self._resources.pages(
            "cdr_pages",
            CDRS,
            ChargeDetailRecord.from_payload,
            filters={"receivedAfter": received_after},
        )
