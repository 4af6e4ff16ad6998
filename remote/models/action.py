"""What somebody wants a charger to do for a booking, and its history."""

import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bookings.models import Actor, Booking
from drivers.models import Driver
from sites.models import Evse

# Whoever wants a charge to begin stands at the charger: what could not be sent by then is not
# wanted any more, and may surprise whoever touches the plug.
LAPSES_AFTER = timedelta(seconds=60)


class ActionStatus(models.TextChoices):
    QUEUED = "queued", _("Waiting to be sent")
    SENDING = "sending", _("Being sent")
    UNCLEAR = "unclear", _("No answer yet")
    ACCEPTED = "accepted", _("Accepted")
    REFUSED = "refused", _("Refused")
    NO_ANSWER = "no-answer", _("No answer")
    LAPSED = "lapsed", _("Not sent")


MOVES: Mapping[str, frozenset[str]] = {
    ActionStatus.QUEUED: frozenset({ActionStatus.SENDING, ActionStatus.LAPSED}),
    ActionStatus.SENDING: frozenset(
        {
            ActionStatus.ACCEPTED,
            ActionStatus.REFUSED,
            ActionStatus.UNCLEAR,
            # It surely never arrived.
            ActionStatus.QUEUED,
        }
    ),
    ActionStatus.UNCLEAR: frozenset({ActionStatus.ACCEPTED, ActionStatus.NO_ANSWER}),
    ActionStatus.ACCEPTED: frozenset(),
    ActionStatus.REFUSED: frozenset(),
    ActionStatus.NO_ANSWER: frozenset(),
    ActionStatus.LAPSED: frozenset(),
}
OPEN = tuple(status for status in ActionStatus if MOVES[status])
OPEN_VALUES = [status.value for status in OPEN]


class RemoteAction(models.Model):
    """Something that a charger is to do for a booking. It is a row before it is a call.

    ::

        queued ──► sending ──► accepted | refused
           ▲          ├─────► unclear ──► accepted | no-answer
           ├──────────┘ (never arrived)
           └──► lapsed

    It is sent once: whoever finds it `sending` and nobody at work on it looks what has become of
    it, and never sends it again. Only `remote.state.move_action` changes `status`.
    """

    class Kind(models.TextChoices):
        START = "start", _("Start the charge")
        STOP = "stop", _("Stop the charge")
        UNLOCK = "unlock", _("Unlock the connector")

    Status = ActionStatus

    class Reason(models.TextChoices):
        """Why it ended as it did, where that is not one of AMPECO's codes."""

        TOO_LATE = "too-late", _("It could not be sent within a minute, so it was dropped.")
        NOT_ANY_MORE = (
            "not-any-more",
            _("The booking had changed before this could be sent, so it was dropped."),
        )
        CHARGER = "charger", _("The charger refused.")
        NOT_PERMITTED = "not-permitted", _("The operator does not allow this portal to do that.")
        UNKNOWN_THERE = "unknown-there", _("The operator does not know this charger or charge.")
        FOUND = "found", _("The answer was lost; that it was done was found out by looking.")
        OPERATOR = "operator", _("The operator's system refused.")
        BOOKING = "booking", _("The operator does not take this booking for one that may start.")

    MOVES = MOVES
    OPEN = OPEN
    SETTLED = frozenset(ActionStatus) - frozenset(OPEN)

    uid = models.UUIDField(_("public id"), default=uuid.uuid4, unique=True, editable=False)
    booking = models.ForeignKey(Booking, on_delete=models.CASCADE, related_name="remote_actions")
    kind = models.CharField(_("action"), max_length=8, choices=Kind)
    status = models.CharField(_("status"), max_length=16, choices=Status, default=Status.QUEUED)
    submission_key = models.UUIDField(
        default=uuid.uuid4,
        unique=True,
        editable=False,
        help_text=_("Identifies one completed form, so that sending it twice makes one action."),
    )
    # For whom and where, as it was when somebody asked for it.
    driver = models.ForeignKey(Driver, on_delete=models.PROTECT, related_name="+", db_index=False)
    evse = models.ForeignKey(Evse, on_delete=models.PROTECT, related_name="+", db_index=False)
    ampeco_session_id = models.CharField(
        _("AMPECO session id"),
        max_length=64,
        blank=True,
        help_text=_("The charge that it begins or ends."),
    )
    reason = models.CharField(
        _("reason"),
        max_length=64,
        blank=True,
        help_text=_("One of AMPECO's codes, or a word of the portal's."),
    )
    said = models.CharField(_("operator's words"), max_length=300, blank=True)

    asked_by = models.CharField(_("requested by"), max_length=16, choices=Actor)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
    )
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    send_started_at = models.DateTimeField(
        _("sent"),
        null=True,
        blank=True,
        help_text=_("From then on the charger may have been told: it is never sent again."),
    )
    settled_at = models.DateTimeField(_("settled"), null=True, blank=True)
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    next_attempt_at = models.DateTimeField(_("next attempt"), default=timezone.now)
    lease_until = models.DateTimeField(_("claimed until"), null=True, blank=True)
    lease_owner = models.UUIDField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("remote action")
        verbose_name_plural = _("remote actions")
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=ActionStatus.values), name="remote_status_known"
            ),
            # A second click, a second person, the driver besides: one of them is enough.
            models.UniqueConstraint(
                fields=["booking", "kind"],
                condition=Q(status__in=OPEN_VALUES),
                name="one_open_action_of_a_kind",
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_attempt_at"],
                condition=Q(status__in=OPEN_VALUES),
                name="remote_action_due",
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"

    @property
    def is_settled(self) -> bool:
        return self.status in self.SETTLED

    def has_lapsed(self, now: datetime) -> bool:
        return self.status == self.Status.QUEUED and now >= self.created_at + LAPSES_AFTER


class RemoteActionEvent(models.Model):
    """One line of an action's history; appended with each change of state, never edited."""

    action = models.ForeignKey(
        RemoteAction,
        on_delete=models.CASCADE,
        related_name="events",
        db_index=False,  # the index below does
    )
    at = models.DateTimeField(_("when"), default=timezone.now)
    from_status = models.CharField(_("from"), max_length=16, blank=True)
    to_status = models.CharField(_("to"), max_length=16, choices=ActionStatus)
    actor = models.CharField(_("who"), max_length=16, choices=Actor)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
    )
    reason = models.CharField(_("reason"), max_length=64, blank=True)

    class Meta:
        verbose_name = _("event of a remote action")
        verbose_name_plural = _("history of remote actions")
        ordering = ["at", "id"]
        indexes = [models.Index(fields=["action", "at", "id"], name="remote_event_by_action")]
