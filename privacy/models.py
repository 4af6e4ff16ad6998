"""The audit trail, and how far the clearing of old bookings has come."""

from typing import Any, NoReturn

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from drivers.models import Fleet


class AppendOnly(Exception):
    """The audit trail is only added to."""


class Entries(models.QuerySet["AuditEntry"]):
    """Entries of the audit trail, which can be read and added to."""

    def update(self, **_fields: Any) -> NoReturn:
        raise AppendOnly

    def bulk_update(self, *_args: Any, **_options: Any) -> NoReturn:
        raise AppendOnly

    def delete(self) -> NoReturn:
        """Refuse: only `privacy.retention` takes away what is old enough."""
        raise AppendOnly


class AuditEntry(models.Model):
    """Something that staff did, or that was done to what staff look after; never edited.

    What a fleet's people do stands here where staff can do it as well, such as booking rules.

    It holds no names and no e-mail addresses: who did it and to whom are told by ids, so that
    erasing a person leaves the trail as it is. `changes` maps the name of a field to `[old, new]`,
    or to None where its values are personal or secret; `counts` says of how many things.
    """

    class Actor(models.TextChoices):
        STAFF = "staff", _("Operator’s staff")
        FLEET = "fleet", _("Fleet’s people")
        COMMAND_LINE = "command-line", _("Command line")
        PORTAL = "portal", _("Portal")
        UNKNOWN = "unknown", _("Somebody not signed in")

    class Action(models.TextChoices):
        ADDED = "added", _("Added")
        CHANGED = "changed", _("Changed")
        DELETED = "deleted", _("Deleted")
        ACTED = "acted", _("Action")
        SIGNED_IN = "signed-in", _("Signed in")
        SIGN_IN_FAILED = "sign-in-failed", _("Sign-in failed")
        SIGNED_OUT = "signed-out", _("Signed out")
        EXPORTED = "exported", _("Personal data exported")
        ERASED = "erased", _("Personal data erased")
        CLEARED = "cleared", _("Old data cleared")

    at = models.DateTimeField(_("when"), default=timezone.now)
    actor = models.CharField(_("who"), max_length=16, choices=Actor)
    # The trail must not change with what it tells of: nothing follows a deletion.
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,  # the index below does
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("person"),
    )
    action = models.CharField(_("what"), max_length=16, choices=Action)
    name = models.CharField(
        _("which action"), max_length=100, blank=True, help_text=_("Of the back office, or command")
    )
    object_type = models.CharField(_("kind of object"), max_length=64, blank=True)
    object_id = models.CharField(_("object"), max_length=64, blank=True)
    changes = models.JSONField(_("old and new values"), default=dict, blank=True)
    counts = models.JSONField(_("numbers"), default=dict, blank=True)
    request_id = models.CharField(_("request id"), max_length=64, blank=True)
    address = models.GenericIPAddressField(_("address"), null=True, blank=True)

    objects = Entries.as_manager()

    class Meta:
        verbose_name = _("entry of the audit trail")
        verbose_name_plural = _("audit trail")
        default_permissions = ("view",)
        permissions = [
            ("export_person", "Can export what is kept of a person"),
            ("erase_person", "Can erase what is kept of a person"),
        ]
        indexes = [
            models.Index(fields=["user", "id"], name="audit_by_person"),
            models.Index(fields=["object_type", "object_id", "id"], name="audit_by_object"),
            models.Index(fields=["action", "id"], name="audit_by_action"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"

    def save(self, *args: Any, **options: Any) -> None:
        """Add the entry. Raises AppendOnly for one that is there already."""
        if not self._state.adding:
            raise AppendOnly
        super().save(*args, **{**options, "force_insert": True})

    def delete(self, *_args: Any, **_options: Any) -> NoReturn:
        raise AppendOnly


class ClearedBookings(models.Model):
    """Up to which end the bookings of a fleet no longer name anybody."""

    fleet = models.OneToOneField(Fleet, on_delete=models.CASCADE, related_name="+")
    ended_before = models.DateTimeField(_("bookings that ended before"))

    class Meta:
        verbose_name = _("cleared bookings of a fleet")
        verbose_name_plural = _("cleared bookings of fleets")
        default_permissions = ()


class ClearedCharges(models.Model):
    """Up to which beginning the charges of a fleet no longer name anybody."""

    fleet = models.OneToOneField(Fleet, on_delete=models.CASCADE, related_name="+")
    began_before = models.DateTimeField(_("charges that began before"))

    class Meta:
        verbose_name = _("cleared charges of a fleet")
        verbose_name_plural = _("cleared charges of fleets")
        default_permissions = ()
