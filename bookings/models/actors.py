"""Who does things to bookings."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Actor(models.TextChoices):
    """Who did something. `operator` is what the portal reads upstream, whoever did it there."""

    MANAGER = "manager", _("Fleet manager")
    STAFF = "staff", _("Operator's staff")
    DRIVER = "driver", _("Driver")
    PORTAL = "portal", _("Portal")
    OPERATOR = "operator", _("Operator")
