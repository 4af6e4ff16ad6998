"""Who bears the cost within a fleet, and how much they may spend."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Upper
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from drivers.models import Fleet


class CostCentre(models.Model):
    """A cost centre of a fleet: retired, never deleted, since sessions name it."""

    fleet = models.ForeignKey(
        Fleet, on_delete=models.PROTECT, db_index=False, related_name="cost_centres"
    )
    code = models.CharField(_("code"), max_length=64)
    name = models.CharField(_("name"), max_length=128, blank=True)
    retired_at = models.DateTimeField(_("retired"), null=True, blank=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("cost centre")
        verbose_name_plural = _("cost centres")
        constraints = [
            models.UniqueConstraint("fleet", Upper("code"), name="cost_centre_once_a_fleet")
        ]

    def __str__(self) -> str:
        return f"{self.code} – {self.name}" if self.name else self.code


class Budget(models.Model):
    """What a cost centre, or the whole fleet, may spend in a month, with tax.

    `warned_month` is the month, by its first day, of which the warning has been sent, and
    `overspent_month` that of which was said that it is spent; both on the fleet's calendar.
    """

    fleet = models.ForeignKey(
        Fleet, on_delete=models.CASCADE, db_index=False, related_name="budgets"
    )
    cost_centre = models.ForeignKey(
        CostCentre,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="budgets",
        verbose_name=_("cost centre"),
        help_text=_("Empty: the whole fleet."),
    )
    amount = models.DecimalField(_("amount a month"), max_digits=14, decimal_places=4)
    currency = models.CharField(_("currency"), max_length=3)
    warn_percent = models.PositiveSmallIntegerField(
        _("warn at (%)"), default=80, validators=[MinValueValidator(1), MaxValueValidator(100)]
    )
    warned_month = models.DateField(null=True, blank=True, editable=False)
    overspent_month = models.DateField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("budget")
        verbose_name_plural = _("budgets")
        constraints = [
            models.UniqueConstraint(
                fields=["fleet", "cost_centre", "currency"], name="one_budget_a_cost_centre"
            ),
            models.UniqueConstraint(
                fields=["fleet", "currency"],
                condition=Q(cost_centre=None),
                name="one_budget_of_a_fleet",
            ),
        ]
