"""Invitations to a fleet's team."""

import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from drivers.models import Fleet, TeamRole

VALID = timedelta(days=7)


def in_some_days() -> datetime:
    return timezone.now() + VALID


class Invitation(models.Model):
    """Somebody asked to join a fleet's team, by a link that works once and for some days.

    The link names the row by `uid`, signed. An open invitation whose days are over can be sent
    again, which gives it new ones.
    """

    class State(models.TextChoices):
        OPEN = "open", _("Not accepted yet")
        ACCEPTED = "accepted", _("Accepted")
        REVOKED = "revoked", _("Revoked")

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    fleet = models.ForeignKey(
        Fleet, on_delete=models.CASCADE, related_name="invitations", db_index=False
    )
    email = models.EmailField(_("e-mail"), max_length=254)
    name = models.CharField(_("name"), max_length=150, blank=True)
    role = models.CharField(_("role"), max_length=16, choices=TeamRole)
    language = models.CharField(_("language of e-mails"), max_length=16, blank=True)
    state = models.CharField(_("state"), max_length=16, choices=State, default=State.OPEN)
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("invited by"),
    )
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("accepted by"),
    )
    created_at = models.DateTimeField(_("invited"), default=timezone.now, editable=False)
    sent_at = models.DateTimeField(_("last e-mail"), null=True, blank=True)
    mails = models.PositiveSmallIntegerField(_("e-mails"), default=0)
    expires_at = models.DateTimeField(_("valid until"), default=in_some_days)
    settled_at = models.DateTimeField(_("accepted or revoked"), null=True, blank=True)

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        constraints = [
            models.UniqueConstraint(
                fields=["fleet", "email"],
                condition=Q(state="open"),
                name="one_open_invitation_a_person",
            )
        ]
        indexes = [
            models.Index(fields=["fleet", "-created_at"], name="invitation_by_fleet"),
            models.Index(fields=["email"], name="invitation_by_email"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"

    def is_expired(self, now: datetime | None = None) -> bool:
        return self.expires_at <= (now or timezone.now())

    def can_be_accepted(self, now: datetime | None = None) -> bool:
        return self.state == self.State.OPEN and not self.is_expired(now)
