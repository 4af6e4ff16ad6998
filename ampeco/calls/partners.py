"""What the operator has agreed with partners, and what each gets and owes."""

from collections.abc import Iterator
from datetime import datetime

from ampeco.calls.base import Calls
from ampeco.types import Page, PartnerContract, PartnerExpense, PartnerRevenue

PARTNER_CONTRACTS = "resources/partner-contracts/v1.0"
PARTNER_REVENUES = "resources/partner-revenues/v1.1"
PARTNER_EXPENSES = "resources/partner-expenses/v1.1"


class PartnerCalls(Calls):
    """Calls about money between the operator and partners.

    All raise UpstreamForbidden for tokens that may not read it.
    """

    def partner_contract_pages(
        self, *, updated_after: datetime | None = None
    ) -> Iterator[Page[PartnerContract]]:
        """Yield the pages of the contracts with all partners; no filter tells them apart."""
        return self._resources.pages(
            "partner_contract_pages",
            PARTNER_CONTRACTS,
            PartnerContract.from_payload,
            filters={"lastUpdatedAfter": updated_after},
        )

    def partner_revenue_pages(
        self, partner_id: int, *, after: datetime, before: datetime
    ) -> Iterator[Page[PartnerRevenue]]:
        """Yield the pages of what was taken at a partner's chargers in a time."""
        return self._resources.pages(
            "partner_revenue_pages",
            PARTNER_REVENUES,
            PartnerRevenue.from_payload,
            filters={"partnerId": partner_id, "dateAfter": after, "dateBefore": before},
        )

    def partner_expense_pages(
        self, partner_id: int, *, after: datetime, before: datetime
    ) -> Iterator[Page[PartnerExpense]]:
        """Yield the pages of what a partner came to owe in a time."""
        return self._resources.pages(
            "partner_expense_pages",
            PARTNER_EXPENSES,
            PartnerExpense.from_payload,
            filters={"partnerId": partner_id, "dateAfter": after, "dateBefore": before},
            options={"withBreakdown": "true"},
        )
