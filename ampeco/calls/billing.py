"""What was paid for, and the papers about it."""

from collections.abc import Iterator
from datetime import datetime

from ampeco.calls.base import Calls
from ampeco.types import Page, Receipt, Transaction

TRANSACTIONS = "resources/transactions/v1.0"
RECEIPTS = "resources/receipts/v2.0"


class BillingCalls(Calls):
    """Calls about payments; each raises UpstreamForbidden for tokens that may not see those."""

    def transaction_pages(
        self,
        *,
        status: str | None = None,
        user_id: int | None = None,
        session_id: int | str | None = None,
        created_after: datetime | None = None,
        updated_after: datetime | None = None,
        finalized_after: datetime | None = None,
        resume_from: str | None = None,
    ) -> Iterator[Page[Transaction]]:
        """Yield the pages of payments, for sessions and for all else."""
        return self._resources.pages(
            "transaction_pages",
            TRANSACTIONS,
            Transaction.from_payload,
            resume_from=resume_from,
            with_cursor=True,
            filters={
                "status": status,
                "userId": user_id,
                "sessionId": session_id,
                "createdAfter": created_after,
                "lastUpdatedAfter": updated_after,
                "finalizedAfter": finalized_after,
            },
        )

    def read_receipt(self, receipt_id: int) -> Receipt:
        return self._resources.read("read_receipt", RECEIPTS, receipt_id, Receipt.from_payload)
