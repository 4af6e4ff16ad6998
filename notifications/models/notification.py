"""What people were told, when and whether it went out."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Upper
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bookings.models.booking import Booking
from bookings.models.event import BookingEvent
from bookings.models.request import BookingRequest
from charging.models import BudgetWarning
from drivers.models import Driver, Fleet
from waiting.models import WishEvent


class Notification(models.Model):
    """One mail to one person about one thing that happened: a row before it is a mail.

    It is written in the transaction in which that happens: a request is settled, the operator
    changes a booking, a reminder falls due, something frees up for the waiting list, a budget is
    spent. A worker claims it with a lease; it keeps its Message-ID over all attempts. `request`,
    `event`, `wish_event` or `budget_warning` names what happened; a reminder has none. What tells
    of a wish or a budget has no booking. A report is about a `fleet` and its `month`.
    """

    class Kind(models.TextChoices):
        APPROVED = "approved", _("Booking approved")
        REJECTED = "rejected", _("Booking rejected")
        NOT_PLACED = "not-placed", _("Booking could not be made")
        CHANGED = "changed", _("Booking changed")
        CHANGE_REFUSED = "change-refused", _("Change not made")
        CANCELLED = "cancelled", _("Booking cancelled")
        CANCEL_REFUSED = "cancel-refused", _("Booking not cancelled")
        MOVED = "moved", _("Booking changed by the operator")
        FAILED = "failed", _("Charger could not be held")
        NO_SHOW = "no-show", _("No-show")
        REMINDER = "reminder", _("Reminder before the start")
        RUNNING_LATE = "running-late", _("Driver running late")
        OFFERED = "offered", _("Offer from the waiting list")
        WAIT_ENDED = "wait-ended", _("Waiting ended without a booking")
        CHARGER_TROUBLE = "charger-trouble", _("Charger blocked or broken")
        BUDGET_WARNED = "budget-warned", _("Budget nearly spent")
        BUDGET_OVERSPENT = "budget-overspent", _("Budget overspent")
        MONTH_REPORT = "month-report", _("Monthly report")

    class Audience(models.TextChoices):
        DRIVER = "driver", _("Driver")
        MANAGER = "manager", _("Fleet manager")

    class State(models.TextChoices):
        QUEUED = "queued", _("Waiting")
        SENT = "sent", _("Sent")
        GIVEN_UP = "given-up", _("Could not be delivered")
        DROPPED = "dropped", _("Not sent")
        PERHAPS_SENT = "perhaps-sent", _("Perhaps sent")

    booking = models.ForeignKey(
        Booking, on_delete=models.CASCADE, related_name="notifications", null=True, blank=True
    )
    request = models.ForeignKey(
        BookingRequest,
        on_delete=models.CASCADE,
        related_name="notifications",
        null=True,
        blank=True,
        db_index=False,  # so has another one
    )
    event = models.ForeignKey(
        BookingEvent,
        on_delete=models.CASCADE,
        related_name="notifications",
        null=True,
        blank=True,
        db_index=False,  # the constraint below has one
    )
    wish_event = models.ForeignKey(
        WishEvent,
        on_delete=models.CASCADE,
        related_name="notifications",
        null=True,
        blank=True,
        db_index=False,
    )
    budget_warning = models.ForeignKey(
        BudgetWarning,
        on_delete=models.CASCADE,
        related_name="notifications",
        null=True,
        blank=True,
        db_index=False,
    )
    fleet = models.ForeignKey(
        Fleet, on_delete=models.CASCADE, related_name="+", null=True, blank=True, db_index=False
    )
    month = models.DateField(_("month"), null=True, blank=True)
    recipient_driver = models.ForeignKey(
        Driver,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
    )
    kind = models.CharField(_("kind"), max_length=16, choices=Kind)
    audience = models.CharField(_("audience"), max_length=16, choices=Audience)
    recipient_email = models.EmailField(_("to"), max_length=254)
    recipient_user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
    )
    message_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    subject = models.CharField(_("subject"), max_length=255, blank=True)
    state = models.CharField(_("state"), max_length=16, choices=State, default=State.QUEUED)
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    doubts = models.PositiveSmallIntegerField(
        _("unknown outcomes"),
        default=0,
        db_default=0,
        help_text=_("How often it was handed to the mail server without an answer: perhaps sent."),
    )
    next_attempt_at = models.DateTimeField(_("next attempt"), default=timezone.now)
    lease_until = models.DateTimeField(_("claimed until"), null=True, blank=True)
    lease_owner = models.UUIDField(null=True, blank=True, editable=False)
    problem = models.CharField(_("problem"), max_length=255, blank=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)

    class Meta:
        verbose_name = _("notification")
        verbose_name_plural = _("notifications")
        constraints = [
            models.UniqueConstraint(
                fields=["request", "kind", "recipient_email"], name="told_once_of_each_thing"
            ),
            models.UniqueConstraint(
                fields=["event", "kind", "recipient_email"],
                condition=Q(event__isnull=False),
                name="told_once_of_each_event",
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_attempt_at"], condition=Q(state="queued"), name="notification_due"
            ),
            models.Index(fields=["kind", "id"], name="notification_by_kind"),
            models.Index(
                fields=["state", "id"], condition=~Q(state="sent"), name="notification_not_sent"
            ),
            models.Index(Upper("recipient_email"), "id", name="notification_by_recipient"),
            models.Index(
                fields=["wish_event"],
                condition=Q(wish_event__isnull=False),
                name="notification_by_wish_event",
            ),
            models.Index(
                fields=["budget_warning"],
                condition=Q(budget_warning__isnull=False),
                name="notification_by_budget",
            ),
            models.Index(
                fields=["fleet", "month"],
                condition=Q(fleet__isnull=False),
                name="notification_by_month",
            ),
        ]

    @property
    def is_perhaps_sent(self) -> bool:
        waits = self.state == self.State.QUEUED and self.doubts > 0
        return waits or self.state == self.State.PERHAPS_SENT
