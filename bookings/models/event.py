"""What happened to a booking besides the decisions on its requests."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bookings.models.actors import Actor
from bookings.models.booking import Booking
from drivers.models import Driver


class BookingEvent(models.Model):
    """One line of a booking's history, with the old and the new values; never edited.

    `changes` maps the name of a field to `[old, new]`: instants in ISO 8601 (UTC), ids for driver,
    location, EVSE and who looks after it, statuses as they are.
    """

    class What(models.TextChoices):
        FOUND = "found", _("Found at the operator")
        CHANGED = "changed", _("Changed at the operator")
        GONE = "gone", _("No longer known to the operator")
        WITHDRAWAL_ASKED = "withdrawal-asked", _("To be cancelled once the operator decides")
        MOVE_ASKED = "move-asked", _("Move requested")
        MOVE_ENDED = "move-ended", _("Not moved")
        RUNNING_LATE = "running-late", _("Driver running late")
        CHARGER_REPORTED = "charger-reported", _("Trouble at the charger")
        LINK_REVOKED = "link-revoked", _("Driver's link revoked")
        PLACE_GONE = "place-gone", _("Charger or site no longer listed")
        PLACE_MOVED = "place-moved", _("Charger moved to another site")
        DRIVER_LEFT = "driver-left", _("Driver no longer in the fleet")
        UNDELIVERED = "undelivered", _("E-mail not delivered")
        HANDED_OVER = "handed-over", _("Handed over to a colleague")
        DOWNTIME = "downtime", _("Maintenance planned at the charger")
        DOWNTIME_OVER = "downtime-over", _("Maintenance no longer in the way")
        OTHER_VEHICLE = "other-vehicle", _("Another vehicle")
        DONE = "done", _("Marked as done")

    booking = models.ForeignKey(
        Booking,
        on_delete=models.CASCADE,
        related_name="events",
        db_index=False,  # the index below does
    )
    at = models.DateTimeField(_("when"), default=timezone.now)
    what = models.CharField(_("what"), max_length=24, choices=What)
    actor = models.CharField(_("who"), max_length=16, choices=Actor)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
    )
    driver = models.ForeignKey(
        Driver, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    changes = models.JSONField(_("old and new values"), default=dict, blank=True)
    note = models.CharField(_("note"), max_length=1000, blank=True)

    class Meta:
        verbose_name = _("event of a booking")
        verbose_name_plural = _("history of bookings")
        ordering = ["at", "id"]
        indexes = [models.Index(fields=["booking", "at", "id"], name="event_by_booking")]
