"""Calendars that others may subscribe to."""

import hashlib
import secrets

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from drivers.models import Driver, Fleet
from shell.sealing import seal
from sites.models import Location

# What the addresses are sealed for.
PURPOSE = "calendar-feed"


def new_secret() -> str:
    return secrets.token_urlsafe(32)


def kept(secret: str) -> dict[str, str]:
    """Return the columns that keep a secret: one to find it by, one to show it again."""
    digest = hashlib.sha256(secret.encode()).hexdigest()
    return {"secret": digest, "sealed": seal(secret, purpose=PURPOSE)}


class CalendarFeed(models.Model):
    """A secret address at which calendars find a fleet's bookings: all, of a site, or of a driver.

    Whoever knows the address can read it until it is revoked, or whoever made it is no longer a
    manager of the fleet. The database knows the secret's digest, and the secret sealed; in a row
    whose `sealed` is empty, `secret` is the secret itself, as earlier versions had it.
    """

    fleet = models.ForeignKey(Fleet, on_delete=models.CASCADE, related_name="calendar_feeds")
    location = models.ForeignKey(
        Location, on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    driver = models.ForeignKey(
        Driver, on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    secret = models.CharField(max_length=64, unique=True, editable=False)
    sealed = models.TextField(blank=True, default="", db_default="", editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    last_read_at = models.DateTimeField(_("last read"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)

    class Meta:
        verbose_name = _("calendar feed")
        verbose_name_plural = _("calendar feeds")
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(location__isnull=True) | Q(driver__isnull=True),
                name="feed_of_one_thing",
            )
        ]
