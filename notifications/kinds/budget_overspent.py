"""More than a budget is spent."""

from datetime import datetime

from django.utils.translation import gettext as _

from charging.models import BudgetWarning
from notifications.kinds.base import Kind, MailKind, Managers
from notifications.kinds.budgets import BudgetCase, is_long_past
from notifications.kinds.parts import Letter
from notifications.models import Notification


class BudgetOverspent(MailKind):
    kind = Kind.BUDGET_OVERSPENT
    managers = Managers.ADMINS
    # Nobody asks for it.
    offered = (Managers.NOBODY, Managers.ADMINS, Managers.ALL)
    budgets = BudgetWarning.Level.OVERSPENT

    def is_obsolete(self, mail: Notification, *, now: datetime) -> bool:
        return is_long_past(mail, now=now)

    def write(self, case: BudgetCase) -> Letter:
        return Letter(
            subject=_("Budget overspent: %(what)s"),
            headline=_("The budget is overspent by %(over)s") % case.words,
            opening=case.opening(),
            facts=case.facts(),
        )
