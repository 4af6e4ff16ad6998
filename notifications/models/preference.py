"""What a fleet wants to be told."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from drivers.models import Fleet
from notifications.models.notification import Notification


class NotificationPreference(models.Model):
    """Who of a fleet gets mails of one kind; without a row the kind's default applies."""

    class Managers(models.TextChoices):
        NOBODY = "nobody", _("No manager")
        ASKED = "asked", _("The manager who requested it")
        ALL = "all", _("All managers")
        ADMINS = "admins", _("The fleet’s admins")

    fleet = models.ForeignKey(Fleet, on_delete=models.CASCADE, related_name="+", db_index=False)
    kind = models.CharField(_("kind"), max_length=16, choices=Notification.Kind)
    managers = models.CharField(_("managers"), max_length=16, choices=Managers)
    driver = models.BooleanField(_("driver"))

    class Meta:
        verbose_name = _("notification preference")
        verbose_name_plural = _("notification preferences")
        constraints = [
            models.UniqueConstraint(fields=["fleet", "kind"], name="one_preference_a_kind")
        ]
