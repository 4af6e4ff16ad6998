"""What was paid for, and the papers about it."""

from collections.abc import Iterator
from datetime import datetime

from ampeco.calls.base import Calls
from ampeco.resources import only_wanted
from ampeco.types import Invoice, Page, Receipt, Subscription, Transaction

TRANSACTIONS = "resources/transactions/v1.0"
RECEIPTS = "resources/receipts/v2.0"
INVOICES = "resources/invoices/v1.0"
SUBSCRIPTIONS = "resources/subscriptions/v1.0"


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

    def read_transaction(self, transaction_id: int) -> Transaction:
        return self._resources.read(
            "read_transaction",
            TRANSACTIONS,
            transaction_id,
            Transaction.from_payload,
            unwrapped=True,
        )

    def receipt_pages(
        self, *, user_id: int | None = None, resume_from: str | None = None
    ) -> Iterator[Page[Receipt]]:
        return self._resources.pages(
            "receipt_pages",
            RECEIPTS,
            Receipt.from_payload,
            resume_from=resume_from,
            filters={"userId": user_id},
        )

    def read_receipt(self, receipt_id: int) -> Receipt:
        return self._resources.read("read_receipt", RECEIPTS, receipt_id, Receipt.from_payload)

    def invoice_pages(
        self, *, issued_from: datetime | None = None, issued_to: datetime | None = None
    ) -> Iterator[Page[Invoice]]:
        return self._resources.pages(
            "invoice_pages",
            INVOICES,
            Invoice.from_payload,
            filters={"issuedFrom": issued_from, "issuedTo": issued_to},
        )

    def read_invoice(self, invoice_id: int) -> Invoice:
        return self._resources.read("read_invoice", INVOICES, invoice_id, Invoice.from_payload)

    def subscriptions_of(self, user_id: int) -> list[Subscription]:
        """Return the subscriptions of a user that are in force.

        The contract has no filter for a user, so the list is read; a long one not to its end.
        """
        return only_wanted(
            "subscriptions_of",
            self._resources.pages(
                "subscriptions_of",
                SUBSCRIPTIONS,
                Subscription.from_payload,
                filters={"status": "active"},
                with_cursor=True,
            ),
            lambda one: one.user_id == user_id,
        )

    def read_subscription(self, subscription_id: int) -> Subscription:
        return self._resources.read(
            "read_subscription", SUBSCRIPTIONS, subscription_id, Subscription.from_payload
        )
