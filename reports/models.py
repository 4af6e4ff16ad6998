"""Months of a fleet, summed once instead of with each look, and who gets them by e-mail.

The sums of a month stand in one row for each driver, vehicle, site and cost centre, and in one for
the whole fleet: a row for each combination of these would be nearly one for each session.
"""

import secrets
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Upper
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from drivers.models import Fleet


class Dimension(models.TextChoices):
    """By what a month is divided."""

    ALL = "all", _("Whole fleet")
    DRIVER = "driver", _("Driver")
    VEHICLE = "vehicle", _("Vehicle")
    SITE = "site", _("Site")
    COST_CENTRE = "cost-centre", _("Cost centre")


class MonthRow(models.Model):
    """A part of a fleet's month.

    `subject` is the primary key of the driver, vehicle, site or cost centre; 0 stands for all that
    has none, and for the whole fleet. `month` is its first day, on the clock of the sites.
    """

    fleet = models.ForeignKey(Fleet, on_delete=models.CASCADE, db_index=False, related_name="+")
    month = models.DateField(_("month"))
    dimension = models.CharField(_("by"), max_length=16, choices=Dimension)
    subject = models.BigIntegerField(default=0)

    class Meta:
        abstract = True


def money() -> "models.DecimalField[Any, Any]":
    return models.DecimalField(max_digits=18, decimal_places=4, default=0)


class MonthTotal(MonthRow):
    """What was charged and what it cost: the sums of sessions, of each currency by itself.

    A session without a currency has no amount yet, or no price. `priced` is how many have one,
    `paid` what of the amount is paid.
    """

    currency = models.CharField(_("currency"), max_length=3, blank=True)
    sessions = models.PositiveIntegerField(default=0)
    priced = models.PositiveIntegerField(default=0)
    seconds = models.BigIntegerField(default=0)
    energy_kwh = models.DecimalField(max_digits=16, decimal_places=3, default=0)
    # Of the sessions that have a price.
    priced_kwh = models.DecimalField(max_digits=16, decimal_places=3, default=0)
    amount = money()
    amount_without_tax = money()
    paid = money()

    class Meta:
        verbose_name = _("sums of sessions")
        verbose_name_plural = _("sums of sessions")
        constraints = [
            models.UniqueConstraint(
                fields=["fleet", "dimension", "month", "subject", "currency"],
                name="month_total_once",
            )
        ]


class BookingTotal(MonthRow):
    """What became of bookings, by the month in which they begin, and how long decisions took.

    A decision takes from when it was asked for until the portal knew of it, in seconds; `within_`
    counts those that took no longer.
    """

    bookings = models.PositiveIntegerField(default=0)
    took_place = models.PositiveIntegerField(default=0)
    no_shows = models.PositiveIntegerField(default=0)
    cancelled = models.PositiveIntegerField(default=0)
    not_booked = models.PositiveIntegerField(default=0)
    decided = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    decision_seconds = models.BigIntegerField(default=0)
    longest_seconds = models.BigIntegerField(default=0)
    within_minutes = models.PositiveIntegerField(default=0)
    within_hour = models.PositiveIntegerField(default=0)
    within_day = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("sums of bookings")
        verbose_name_plural = _("sums of bookings")
        constraints = [
            models.UniqueConstraint(
                fields=["fleet", "dimension", "month", "subject"], name="booking_total_once"
            )
        ]


class PromiseTotal(MonthRow):
    """Whether vehicles left with what they needed, and got the energy that was wanted.

    Of departures with a target, `known` counts those at which the state of charge was told. Energy
    is that of charging sessions in Ampcontrol that said how much they want.
    """

    departures = models.PositiveIntegerField(default=0)
    known = models.PositiveIntegerField(default=0)
    ready = models.PositiveIntegerField(default=0)
    charges = models.PositiveIntegerField(default=0)
    wanted_kwh = models.DecimalField(max_digits=16, decimal_places=3, default=0)
    delivered_kwh = models.DecimalField(max_digits=16, decimal_places=3, default=0)

    class Meta:
        verbose_name = _("sums of promises")
        verbose_name_plural = _("sums of promises")
        constraints = [
            models.UniqueConstraint(
                fields=["fleet", "dimension", "month", "subject"], name="promise_total_once"
            )
        ]


class MonthMade(models.Model):
    """When a month was last summed; whoever sums it anew holds this row against all others."""

    class What(models.TextChoices):
        SESSIONS = "sessions", _("sessions")
        BOOKINGS = "bookings", _("bookings")
        PROMISES = "promises", _("promises")

    fleet = models.ForeignKey(Fleet, on_delete=models.CASCADE, db_index=False, related_name="+")
    month = models.DateField(_("month"))
    what = models.CharField(_("of what"), max_length=16, choices=What)
    made_at = models.DateTimeField(_("summed"), null=True, blank=True)

    class Meta:
        verbose_name = _("summed month")
        verbose_name_plural = _("summed months")
        constraints = [
            models.UniqueConstraint(fields=["fleet", "what", "month"], name="month_made_once")
        ]


class MailRecipient(models.Model):
    """Somebody to whom a fleet's month goes by e-mail: of its team, or an address that was named.

    A row stays once it is ended, so that it is known who named whom, and whose wish it was to stop.
    """

    fleet = models.ForeignKey(
        Fleet, on_delete=models.CASCADE, db_index=False, related_name="report_recipients"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("team member"),
    )
    email = models.EmailField(_("e-mail"), max_length=254, blank=True)
    language = models.CharField(_("language"), max_length=16, blank=True)
    # What the link in the mail proves: that its reader may end it, without a log-in.
    secret = models.CharField(max_length=64, unique=True, default=secrets.token_urlsafe)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        db_index=False,
        related_name="+",
    )
    created_at = models.DateTimeField(_("named"), default=timezone.now, editable=False)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    # Nobody where the recipient did it, by the link in the mail.
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        db_index=False,
        related_name="+",
    )

    class Meta:
        verbose_name = _("recipient of reports")
        verbose_name_plural = _("recipients of reports")
        constraints = [
            models.UniqueConstraint(
                "fleet", "user", condition=Q(ended_at=None), name="report_recipient_member_once"
            ),
            models.UniqueConstraint(
                "fleet",
                Upper("email"),
                condition=Q(ended_at=None) & ~Q(email=""),
                name="report_recipient_address_once",
            ),
        ]

    @property
    def address(self) -> str:
        return self.user.email if self.user is not None else self.email
