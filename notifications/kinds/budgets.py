"""What mails about budgets are made of."""

from datetime import datetime, timedelta

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from bookings.wording.facts import Fact, one_line
from charging.services import last_day_of
from notifications.models import Notification
from shell.formats import month_name
from shell.money import money

# A mail that could not be sent for so long after the month tells nobody anything any more.
KEEPS = timedelta(days=7)


class BudgetCase:
    """A notification about a budget: what was spent of it when that was noticed."""

    def __init__(self, notification: Notification) -> None:
        assert notification.budget_warning is not None
        self.warning = warning = notification.budget_warning
        self.budget = budget = warning.budget
        self.month = month_name(warning.month)
        self.words = {
            "what": one_line(str(budget.cost_centre or budget.fleet.name)),
            "fleet": one_line(budget.fleet.name),
            "month": self.month,
            "spent": money(warning.spent, warning.currency),
            "amount": money(warning.amount, warning.currency),
            "over": money(warning.spent - warning.amount, warning.currency),
            "percent": int(warning.spent * 100 / warning.amount) if warning.amount else 100,
            "portal": settings.PORTAL_NAME,
        }

    @property
    def short_name(self) -> str:
        return _("%(what)s, %(month)s") % self.words

    @property
    def footer(self) -> str:
        return _("Sent by %(portal)s, because you look after %(fleet)s.") % self.words

    @property
    def action(self) -> tuple[str, str]:
        """Where the mail leads its reader, by label and address."""
        return _("View the budgets"), f"{settings.SITE_URL}{reverse('charging:budgets')}"

    def opening(self) -> list[str]:
        """Return what the mail begins with."""
        return [
            _("%(what)s has spent %(spent)s in %(month)s. Its budget is %(amount)s a month.")
            % self.words,
            _("This is told once a month. Charging goes on as before."),
        ]

    def facts(self) -> list[Fact]:
        budget = self.budget
        whose = str(budget.cost_centre) if budget.cost_centre else _("The whole fleet")
        spent = _("%(spent)s (%(percent)s %%)") % self.words
        return [
            Fact(_("Budget"), (one_line(whose),), strong=1),
            Fact(_("Month"), (self.month,)),
            Fact(_("Spent"), (spent,)),
            Fact(_("Amount a month"), (str(self.words["amount"]),)),
        ]


def is_long_past(mail: Notification, *, now: datetime) -> bool:
    """Return whether nobody needs to hear of it any more."""
    warning = mail.budget_warning
    return warning is None or now.date() > last_day_of(warning.month) + KEEPS
