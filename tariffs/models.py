"""What charging costs, mirrored: tariffs, the groups of EVSEs, and who gets which.

Which tariff of a group applies to a driver only the operator knows, where tariffs are for some
drivers only: its answers are kept, also that there is none.
"""

from django.db import models
from django.utils.translation import gettext_lazy as _

from mirror.models import Mirrored


class Tariff(Mirrored):
    """A tariff of the operator. `payload` is what the engine reads, as `ampeco.types` writes it."""

    name = models.CharField(_("name"), max_length=255)
    type = models.CharField(_("type"), max_length=32)
    currency = models.CharField(_("currency"), max_length=3, blank=True)
    by_user = models.BooleanField(_("for some drivers only"), default=False)
    start_date = models.DateField(_("valid from"), null=True, blank=True)
    end_date = models.DateField(_("valid until"), null=True, blank=True)
    payload = models.JSONField(_("prices"), default=dict)

    class Meta:
        verbose_name = _("tariff")
        verbose_name_plural = _("tariffs")

    def __str__(self) -> str:
        return self.name


class TariffGroup(Mirrored):
    """The tariffs of some EVSEs, by their AMPECO ids; the last that is for a driver applies."""

    name = models.CharField(_("name"), max_length=255)
    tariff_ids = models.JSONField(_("tariffs"), default=list)

    class Meta:
        verbose_name = _("tariff group")
        verbose_name_plural = _("tariff groups")

    def __str__(self) -> str:
        return self.name


class TaxRate(models.Model):
    """The tax that was in the last charge by a tariff group: tariffs themselves do not tell it."""

    ampeco_group_id = models.BigIntegerField(_("tariff group"), unique=True)
    percent = models.DecimalField(_("tax (%)"), max_digits=6, decimal_places=3)
    noted_at = models.DateTimeField(_("noted"))

    class Meta:
        verbose_name = _("tax rate")
        verbose_name_plural = _("tax rates")

    def __str__(self) -> str:
        return f"{self.percent} %"


class TariffAnswer(models.Model):
    """Which tariff of a group applies to a driver, as the operator said; None where none does.

    Written when somebody wants to know, before the operator is asked (`asked_at` is None then).
    """

    ampeco_group_id = models.BigIntegerField(_("tariff group"))
    ampeco_user_id = models.BigIntegerField(_("driver"))
    ampeco_tariff_id = models.BigIntegerField(_("tariff"), null=True, blank=True)
    wanted_at = models.DateTimeField(_("wanted"))
    asked_at = models.DateTimeField(_("asked"), null=True, blank=True)
    lease_until = models.DateTimeField(_("being asked until"), null=True, blank=True)
    lease_owner = models.UUIDField(null=True, blank=True)

    class Meta:
        verbose_name = _("tariff of a driver")
        verbose_name_plural = _("tariffs of drivers")
        constraints = [
            models.UniqueConstraint(
                fields=["ampeco_user_id", "ampeco_group_id"], name="one_tariff_answer"
            )
        ]
        indexes = [models.Index(fields=["asked_at"], name="tariff_answer_by_age")]

    def __str__(self) -> str:
        return f"{self.ampeco_user_id}: {self.ampeco_tariff_id or '–'}"
