"""Bookings that repeat: a series, and what became of each of its dates."""

import uuid
from datetime import date
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bookings.models import Booking
from drivers.models import Driver, Fleet
from series.days.rhythm import Rhythm
from sites.models import Evse, Location
from vehicles.models import Vehicle


class Series(models.Model):
    """Bookings on certain weekdays, on the clock of their site; an end not after the start is
    on the next day.

    Without `evse` any charger of the site that fits will do. Without `driver` the vehicle's usual
    one drives. Workers ask for what is still to come in the name of `created_by`; `problem` is why
    they do not. Who has the lease is at work on it.
    """

    class State(models.TextChoices):
        ACTIVE = "active", _("Active")
        ENDED = "ended", _("Ended")

    fleet = models.ForeignKey(
        Fleet, on_delete=models.PROTECT, db_index=False, related_name="series"
    )
    name = models.CharField(_("name"), max_length=80, blank=True)
    # Monday is 0.
    weekdays = models.JSONField(_("weekdays"), default=list)
    start_time = models.TimeField(_("start"))
    end_time = models.TimeField(_("end"))
    first_day = models.DateField(_("first day"))
    last_day = models.DateField(_("last day"))
    without_holidays = models.BooleanField(_("not on public holidays"), default=False)
    # Days as 2026-12-24 on which the fleet does not charge.
    excluded_days = models.JSONField(_("not on these days"), default=list, blank=True)
    vehicle = models.ForeignKey(
        Vehicle, on_delete=models.PROTECT, null=True, blank=True, related_name="series"
    )
    driver = models.ForeignKey(
        Driver, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    location = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="+")
    evse = models.ForeignKey(
        Evse, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    reference = models.CharField(_("reference"), max_length=64, blank=True)
    asks_again = models.BooleanField(
        _("ask again by itself"),
        default=True,
        help_text=_("What was not free is asked for once it frees up."),
    )
    may_overlap = models.BooleanField(_("also beside other bookings"), default=False)
    state = models.CharField(_("state"), max_length=16, choices=State, default=State.ACTIVE)
    problem = models.CharField(_("problem"), max_length=300, blank=True)
    version = models.PositiveIntegerField(default=0, editable=False)
    submission_key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    changed_at = models.DateTimeField(_("last changed"), default=timezone.now, editable=False)
    # When workers look at it next, and who does now.
    look_at = models.DateTimeField(_("next look"), null=True, blank=True, editable=False)
    lease_owner = models.UUIDField(null=True, blank=True, editable=False)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("series")
        verbose_name_plural = _("series")
        constraints = [
            models.CheckConstraint(
                condition=Q(last_day__gte=F("first_day")), name="series_ends_after_start"
            )
        ]
        indexes = [
            models.Index(fields=["fleet", "state", "-created_at"], name="series_by_state"),
            models.Index(
                fields=["look_at"], condition=Q(look_at__isnull=False), name="series_to_look_at"
            ),
        ]

    def __str__(self) -> str:
        return self.name or f"#{self.pk}"

    @property
    def zone(self) -> ZoneInfo:
        return self.location.zone

    @property
    def rhythm(self) -> Rhythm:
        return Rhythm(
            frozenset(self.weekdays), self.first_day, self.last_day, self.start_time, self.end_time
        )

    @property
    def is_active(self) -> bool:
        return self.state == self.State.ACTIVE

    @property
    def who(self) -> str:
        """What charges, or who."""
        if self.vehicle:
            return self.vehicle.name
        return self.driver.display_name if self.driver else ""


class SeriesDate(models.Model):
    """A date of a series. Once it was asked for, `booking` has its state.

    `problem` is why it is not booked, as it was said to the person who asked last.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("Still to be asked for")
        ASKED = "asked", _("Asked for")
        NOT_FREE = "not-free", _("Not free")
        EXCLUDED = "excluded", _("Left out")
        CANCELLED = "cancelled", _("Cancelled")

    OPEN = frozenset({State.WAITING, State.NOT_FREE})

    series = models.ForeignKey(
        Series, on_delete=models.CASCADE, db_index=False, related_name="dates"
    )
    day = models.DateField(_("day"))
    state = models.CharField(_("state"), max_length=16, choices=State, default=State.WAITING)
    problem = models.CharField(_("problem"), max_length=1000, blank=True)
    booking = models.ForeignKey(
        Booking, on_delete=models.SET_NULL, null=True, blank=True, related_name="series_dates"
    )
    to_adjust = models.BooleanField(
        default=False,
        db_default=False,
        editable=False,
        help_text=_("Its booking is not yet what the series wants since it was changed."),
    )
    # How often it was asked for.
    tries = models.PositiveSmallIntegerField(default=0, editable=False)
    # Of the next time that it is asked for.
    submission_key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)

    class Meta:
        verbose_name = _("date of a series")
        verbose_name_plural = _("dates of series")
        ordering = ["day"]
        constraints = [
            models.UniqueConstraint(fields=["series", "day"], name="series_date_once_a_day")
        ]

    def __str__(self) -> str:
        return f"{self.series} {self.day}"


def excluded_days(series: Series) -> frozenset[date]:
    """Return the days that people excluded by hand."""
    return frozenset(date.fromisoformat(day) for day in series.excluded_days)
