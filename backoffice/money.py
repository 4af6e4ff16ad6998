"""What the operator has agreed with a fleet, and what each of the two gets and owes in a month."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from django.utils.translation import gettext as _

from ampeco.client import AmpecoClient
from ampeco.types import PartnerContract, PartnerExpense, PartnerRevenue
from backoffice.live import Reading, read
from drivers.models import Fleet

NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class Sum:
    """What came in or is owed in one currency, without tax; sums of currencies stand apart."""

    currency: str
    revenue: Decimal = NOTHING
    partner_share: Decimal = NOTHING
    operator_share: Decimal = NOTHING
    expenses: Decimal = NOTHING


@dataclass(frozen=True, slots=True)
class Money:
    """A fleet's contracts, and its month (from its first moment until the next, in UTC)."""

    month: datetime
    next_month: datetime
    contracts: Reading[PartnerContract]
    revenues: Reading[PartnerRevenue]
    expenses: Reading[PartnerExpense]
    sums: list[Sum]

    @property
    def previous_month(self) -> datetime:
        return month_of(self.month - timedelta(days=1))


def words_of(origin: str) -> str:
    """Return what a revenue or an expense is for, in words."""
    return {
        "session-cpo": _("Charge at the partner’s charger"),
        "session-emsp": _("Charge by the partner’s driver"),
        "electricity-tax-reimbursement": _("Electricity tax returned"),
        "platform-fee-cpo": _("Platform fee for chargers"),
        "platform-fee-emsp": _("Platform fee for drivers"),
        "user-custom-fee": _("Fee of a driver"),
    }.get(origin, _("Other"))


def month_of(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def money_of(fleet: Fleet, *, month: datetime, client: AmpecoClient) -> Money:
    """Read a fleet's contracts, revenues and expenses of a month; at most fifteen calls."""
    month = month_of(month)
    following = month_of(month + timedelta(days=32))
    partner = fleet.ampeco_partner_id
    # Both ends of the operator's filter belong to it.
    until = following - timedelta(seconds=1)
    contracts = read(client.partner_contract_pages)
    own = tuple(one for one in contracts.items if one.partner_id == partner)
    revenues = read(lambda: client.partner_revenue_pages(partner, after=month, before=until))
    expenses = read(lambda: client.partner_expense_pages(partner, after=month, before=until))
    return Money(
        month=month,
        next_month=following,
        contracts=Reading(own, contracts.problem, contracts.is_cut),
        revenues=revenues,
        expenses=expenses,
        sums=sums_of(revenues.items, expenses.items),
    )


def sums_of(revenues: Iterable[PartnerRevenue], expenses: Iterable[PartnerExpense]) -> list[Sum]:
    """Return the sums by currency; what names no amount counts as nothing."""
    found: dict[str, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for revenue in revenues:
        sums = found[revenue.currency]
        sums["revenue"] += revenue.amount or NOTHING
        sums["partner_share"] += revenue.partner_share or NOTHING
        sums["operator_share"] += revenue.operator_share or NOTHING
    for expense in expenses:
        found[expense.currency]["expenses"] += expense.amount or NOTHING
    return [Sum(currency=currency, **sums) for currency, sums in sorted(found.items())]
