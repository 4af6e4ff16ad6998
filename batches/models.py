"""Many bookings at once: a table whose rows become bookings, each with a request of its own."""

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bookings.models import Booking
from drivers.models import Driver, Fleet
from sites.models import Evse, Location
from vehicles.models import Vehicle


class Batch(models.Model):
    """A table of bookings that somebody is preparing (a draft), or has sent."""

    class Source(models.TextChoices):
        """What it was made from."""

        BLOCK = "block", _("Chargers of a day")
        VEHICLES = "vehicles", _("Vehicles")
        FILE = "file", _("File")
        SERIES = "series", _("Series")
        COPY = "copy", _("Earlier bookings")

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        SENT = "sent", _("Sent")
        DISCARDED = "discarded", _("Discarded")

    fleet = models.ForeignKey(
        Fleet, on_delete=models.PROTECT, db_index=False, related_name="batches"
    )
    name = models.CharField(_("name"), max_length=80, blank=True)
    source = models.CharField(_("made from"), max_length=16, choices=Source)
    state = models.CharField(_("state"), max_length=16, choices=State, default=State.DRAFT)
    version = models.PositiveIntegerField(
        default=0, editable=False, help_text=_("Rises with each change of the table.")
    )
    # Of the rows of a file that it was made of: the same ones again make no second table.
    file_digest = models.CharField(max_length=64, blank=True, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    changed_at = models.DateTimeField(_("last changed"), default=timezone.now, editable=False)
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("table of bookings")
        verbose_name_plural = _("tables of bookings")
        indexes = [models.Index(fields=["fleet", "state", "-created_at"], name="batch_by_state")]

    def __str__(self) -> str:
        return self.name or f"#{self.pk}"


class BatchRow(models.Model):
    """A booking that a table proposes; once it is asked for, `booking` has its state.

    Without `evse` any charger of the site that fits will do. `problem` is what kept the row from
    being asked for when it was last sent, as it was said to the person who sent it.
    """

    class State(models.TextChoices):
        PROPOSED = "proposed", _("Proposed")
        LEFT_OUT = "left-out", _("Left out")
        ASKED = "asked", _("Asked for")
        REFUSED = "refused", _("Not asked for")

    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, db_index=False, related_name="rows")
    position = models.PositiveIntegerField()
    state = models.CharField(_("state"), max_length=16, choices=State, default=State.PROPOSED)
    vehicle = models.ForeignKey(
        Vehicle, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    driver = models.ForeignKey(
        Driver, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    location = models.ForeignKey(
        Location, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    evse = models.ForeignKey(
        Evse, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    start_at = models.DateTimeField(_("start"), null=True, blank=True)
    end_at = models.DateTimeField(_("end"), null=True, blank=True)
    reference = models.CharField(_("reference"), max_length=64, blank=True)
    # As it stood in the file, by column, where that could not be understood.
    given = models.JSONField(default=dict, blank=True)
    problem = models.CharField(_("problem"), max_length=1000, blank=True)
    submission_key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    booking = models.ForeignKey(
        Booking, on_delete=models.SET_NULL, null=True, blank=True, related_name="batch_rows"
    )

    class Meta:
        verbose_name = _("row of a table")
        verbose_name_plural = _("rows of tables")
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["batch", "position"], name="batch_row_once_a_position")
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"
