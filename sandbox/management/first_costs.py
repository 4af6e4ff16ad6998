"""The cost centres and budgets that the demo begins with."""

from decimal import Decimal

from charging.actions.budgets import add_budget
from charging.actions.cost_centres import add_cost_centre
from charging.models import Budget, CostCentre
from drivers.models import Fleet
from sandbox.world.cast import HUDSON, RHONE

# Code and name. The demo's vehicles have these codes.
CENTRES = {
    HUDSON: (("CC 4711", "City tours"), ("CC 4720", "Long tours")),
    RHONE: (("CC 4711", "Camionnettes"),),
}
# Of which cost centre ("" is the whole fleet), how much a month, and in which currency. What the
# simulated operator bills a month is well within the first of Hudson's, near the second, and above
# the third.
BUDGETS = {
    HUDSON: (("", 2200, "USD"), ("CC 4711", 720, "USD"), ("CC 4720", 400, "USD")),
    RHONE: (("", 1000, "EUR"),),
}
WARN_PERCENT = 80


def make_first_costs(fleet: Fleet) -> int:
    """Make what a fleet has never had of these, each kind all at once; return how many."""
    made = 0
    if not CostCentre.objects.filter(fleet=fleet).exists():
        for code, name in CENTRES[fleet.ampeco_partner_id]:
            add_cost_centre(fleet, code=code, name=name)
            made += 1
    centres = {centre.code: centre for centre in CostCentre.objects.filter(fleet=fleet)}
    if not Budget.objects.filter(fleet=fleet).exists():
        for code, amount, currency in BUDGETS[fleet.ampeco_partner_id]:
            add_budget(
                fleet,
                cost_centre=centres.get(code),
                amount=Decimal(amount),
                currency=currency,
                warn_percent=WARN_PERCENT,
            )
            made += 1
    return made
