"""What Ampcontrol is told: each a row before it is a call."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from energy.models.departures import Departure
from vehicles.models import Vehicle


class Leased(models.Model):
    """A row that one worker at a time works on, and that is tried again at its time."""

    lease_owner = models.UUIDField(null=True, blank=True, editable=False)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    next_attempt_at = models.DateTimeField(_("next attempt"), null=True, blank=True)

    class Meta:
        abstract = True


class PassedOn(Leased):
    """The departure that a vehicle of Ampcontrol's has by us; it holds one at a time.

    `held` is what it holds by us, as {"departs_at", "target"}, empty for nothing; `sending` what it
    is being told, of which the outcome is not known yet. `before` is the target that it had.
    """

    class Problem(models.TextChoices):
        AWAY = "away", _("Ampcontrol does not answer")
        REFUSED = "refused", _("Ampcontrol refused it")
        UNKNOWN_THERE = "unknown-there", _("Ampcontrol no longer knows the vehicle")
        ANOTHERS = "anothers", _("somebody else has set another departure there")

    remote_id = models.CharField(_("Ampcontrol id"), max_length=64, unique=True)
    vehicle = models.ForeignKey(Vehicle, on_delete=models.CASCADE, related_name="passed_on")
    departure = models.ForeignKey(
        Departure, on_delete=models.SET_NULL, null=True, blank=True, related_name="passed_on"
    )
    held = models.JSONField(_("held there"), default=dict, blank=True)
    held_at = models.DateTimeField(_("told"), null=True, blank=True)
    sending = models.JSONField(_("being sent"), default=dict, blank=True)
    before = models.CharField(_("target before"), max_length=8, blank=True)
    problem = models.CharField(_("problem"), max_length=16, choices=Problem, blank=True)
    # A departure there that is not ours; and the one that a manager lets us put ours in place of.
    anothers_at = models.DateTimeField(_("somebody else's departure"), null=True, blank=True)
    replaces_at = models.DateTimeField(_("may be replaced"), null=True, blank=True)

    class Meta:
        verbose_name = _("departure passed on")
        verbose_name_plural = _("departures passed on")


class Telling(Leased):
    """Something that Ampcontrol is told once, because a person clicked.

    `key` is that of the form that was sent, or of what is told: a second click finds the row.
    """

    class Kind(models.TextChoices):
        STATE_OF_CHARGE = "state-of-charge", _("state of charge")
        PRIORITY = "priority", _("priority of a session")
        ALERT = "alert", _("alert acknowledged")
        VEHICLE = "vehicle", _("vehicle created")

    class State(models.TextChoices):
        WAITING = "waiting", _("Not sent yet")
        SENDING = "sending", _("Being sent")
        DONE = "done", _("Ampcontrol took it")
        REFUSED = "refused", _("Ampcontrol refused it")
        UNSURE = "unsure", _("It is not known whether Ampcontrol took it")
        DROPPED = "dropped", _("Not sent, for it no longer holds")
        SWITCHED_OFF = "switched-off", _("Not passed on: this is not switched on")

    OPEN = frozenset({State.WAITING, State.SENDING})

    key = models.CharField(max_length=100, unique=True, editable=False)
    kind = models.CharField(_("kind"), max_length=16, choices=Kind)
    state = models.CharField(_("state"), max_length=16, choices=State, default=State.WAITING)
    vehicle = models.ForeignKey(
        Vehicle, on_delete=models.CASCADE, null=True, blank=True, related_name="tellings"
    )
    # Of the session, alert or vehicle in Ampcontrol; empty for a vehicle that is being created.
    remote_id = models.CharField(_("Ampcontrol id"), max_length=64, blank=True)
    facts = models.JSONField(_("what is told"), default=dict, blank=True)
    created_at = models.DateTimeField(_("asked"), default=timezone.now)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    settled_at = models.DateTimeField(_("settled"), null=True, blank=True)

    class Meta:
        verbose_name = _("message to Ampcontrol")
        verbose_name_plural = _("messages to Ampcontrol")
        indexes = [
            models.Index(
                fields=["next_attempt_at"],
                condition=models.Q(settled_at=None),
                name="telling_open",
            ),
            models.Index(fields=["kind", "remote_id"], name="telling_by_remote"),
        ]
