"""So much of a budget is spent that the fleet wants to know."""

from datetime import datetime

from django.utils.translation import gettext as _

from charging.models import BudgetWarning
from notifications.kinds.base import Kind, MailKind, Managers
from notifications.kinds.budgets import BudgetCase, is_long_past
from notifications.kinds.parts import Letter
from notifications.models import Notification


class BudgetWarned(MailKind):
    kind = Kind.BUDGET_WARNED
    managers = Managers.ADMINS
    # Nobody asks for it.
    offered = (Managers.NOBODY, Managers.ADMINS, Managers.ALL)
    budgets = BudgetWarning.Level.WARNED

    def is_obsolete(self, mail: Notification, *, now: datetime) -> bool:
        return is_long_past(mail, now=now)

    def write(self, case: BudgetCase) -> Letter:
        return Letter(
            subject=_("Budget nearly spent: %(what)s"),
            headline=_("%(percent)s %% of the budget is spent") % case.words,
            opening=case.opening(),
            facts=case.facts(),
        )
