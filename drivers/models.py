"""Who charges and who books for them: fleets, memberships, drivers."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from mirror.search import Folded, index_of_words


class TeamRole(models.TextChoices):
    """What somebody is in a fleet's team, as people say it."""

    ADMIN = "admin", _("Fleet admin")
    MANAGER = "manager", _("Manager")
    VIEWER = "viewer", _("Viewer")

    @property
    def columns(self) -> dict[str, Any]:
        """How a membership keeps this role."""
        role = FleetMembership.Role
        return {
            "role": role.VIEWER if self == TeamRole.VIEWER else role.MANAGER,
            "is_admin": self == TeamRole.ADMIN,
        }


class Fleet(models.Model):
    """A company whose vehicles charge here: a partner in AMPECO."""

    name = models.CharField(_("name"), max_length=200)
    ampeco_partner_id = models.BigIntegerField(_("AMPECO partner id"), unique=True)
    is_active = models.BooleanField(_("active"), default=True)
    reminder_minutes = models.PositiveSmallIntegerField(
        _("reminder before the start (minutes)"),
        default=60,
        help_text=_("How long before the start the reminder goes out; 0 for no reminder."),
    )
    drivers_may_change_end = models.BooleanField(
        _("drivers may end early or extend"),
        default=False,
        db_default=False,
        help_text=_("On their own page, while the booking runs."),
    )
    drivers_may_move = models.BooleanField(
        _("drivers may take another charger"),
        default=False,
        db_default=False,
        help_text=_("On their own page, once they have reported that theirs is blocked or broken."),
    )
    drivers_may_start = models.BooleanField(
        _("drivers may start and stop the charge"),
        default=False,
        db_default=False,
        help_text=_("On their own page, at their charger while the booking runs."),
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    members = models.ManyToManyField(
        settings.AUTH_USER_MODEL, through="FleetMembership", related_name="fleets"
    )

    class Meta:
        verbose_name = _("fleet")
        verbose_name_plural = _("fleets")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class FleetMembership(models.Model):
    """What somebody may do for a fleet.

    An admin is a manager in `role`, so that whatever knows two roles alone, such as the version
    that still serves during an upgrade, goes on to let them book and to write to them.
    """

    class Role(models.TextChoices):
        MANAGER = "manager", _("Manager")
        VIEWER = "viewer", _("Viewer")

    fleet = models.ForeignKey(
        Fleet, on_delete=models.CASCADE, related_name="memberships", db_index=False
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships"
    )
    role = models.CharField(_("role"), max_length=16, choices=Role, default=Role.MANAGER)
    is_admin = models.BooleanField(
        _("fleet admin"),
        default=False,
        db_default=False,
        help_text=_("A manager who also decides who belongs to the team."),
    )
    created_at = models.DateTimeField(_("since"), auto_now_add=True)

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints = [
            models.UniqueConstraint(fields=["fleet", "user"], name="one_membership_a_fleet")
        ]

    @property
    def can_book(self) -> bool:
        return self.role == self.Role.MANAGER

    @property
    def can_run_team(self) -> bool:
        return self.can_book and self.is_admin

    @property
    def team_role(self) -> TeamRole:
        if self.can_run_team:
            return TeamRole.ADMIN
        return TeamRole.MANAGER if self.can_book else TeamRole.VIEWER


class EnabledFirst(models.Func):
    """A driver's status to sort by: enabled ones come first, all others alike."""

    arity = 1
    # Without a value of its own, so that an index is of the same expression.
    template = "(CASE %(expressions)s WHEN 'enabled' THEN 0 ELSE 1 END)"
    output_field = models.IntegerField()


class Driver(models.Model):
    """A user of AMPECO who drives for at least one fleet."""

    class Status(models.TextChoices):
        ENABLED = "enabled", _("Enabled")
        DISABLED = "disabled", _("Disabled")
        UNKNOWN = "unknown", _("Unknown")

    ampeco_user_id = models.BigIntegerField(_("AMPECO user id"), unique=True)
    email = models.EmailField(_("e-mail"), max_length=254)
    first_name = models.CharField(_("first name"), max_length=150, blank=True)
    last_name = models.CharField(_("last name"), max_length=150, blank=True)
    locale = models.CharField(_("language"), max_length=16, blank=True)
    status = models.CharField(_("status"), max_length=16, choices=Status)
    synced_at = models.DateTimeField(_("last read"))
    tags_read_at = models.DateTimeField(_("cards last read"), null=True, blank=True)
    search_text = models.TextField(editable=False, blank=True)
    fleets = models.ManyToManyField(Fleet, through="FleetDriver", related_name="drivers")

    class Meta:
        verbose_name = _("driver")
        verbose_name_plural = _("drivers")
        indexes = [
            models.Index(fields=["last_name", "first_name", "id"], name="driver_by_name"),
            index_of_words("driver_by_words"),
            # As they are listed: see drivers.permissions.
            models.Index(
                EnabledFirst("status"), Folded("search_text"), "id", name="driver_as_listed"
            ),
        ]

    def __str__(self) -> str:
        return self.display_name

    @property
    def display_name(self) -> str:
        """The name, or the e-mail of somebody who gave none."""
        name = f"{self.first_name} {self.last_name}".strip()
        return name or self.email or gettext("Erased driver")

    @property
    def is_erased(self) -> bool:
        """Whether nothing is kept of this person but that they are not to be read again.

        Everybody else has an e-mail: who has none at the operator is not stored.
        """
        return not self.email


class FleetDriver(models.Model):
    """A driver's belonging to a fleet: an accepted invite of its partner.

    `left_at` is set when the invite is gone; the row stays, since bookings were made under it.
    """

    fleet = models.ForeignKey(
        Fleet, on_delete=models.CASCADE, related_name="fleet_drivers", db_index=False
    )
    driver = models.ForeignKey(Driver, on_delete=models.CASCADE, related_name="fleet_drivers")
    added_at = models.DateTimeField(_("added"), auto_now_add=True)
    left_at = models.DateTimeField(_("left"), null=True, blank=True)

    class Meta:
        verbose_name = _("driver of a fleet")
        verbose_name_plural = _("drivers of fleets")
        constraints = [
            models.UniqueConstraint(fields=["fleet", "driver"], name="driver_once_a_fleet")
        ]


class PrivateAccess(models.Model):
    """A driver's right to use a partner's private charge points, by an accepted invite."""

    driver = models.ForeignKey(
        Driver, on_delete=models.CASCADE, related_name="private_access", db_index=False
    )
    ampeco_partner_id = models.BigIntegerField(_("AMPECO partner id"))

    class Meta:
        verbose_name = _("access to private charge points")
        verbose_name_plural = _("access to private charge points")
        constraints = [
            models.UniqueConstraint(
                fields=["driver", "ampeco_partner_id"], name="private_access_once"
            )
        ]


class IdTag(models.Model):
    """What starts a charge for a driver, such as a card; of its number only the end is kept."""

    driver = models.ForeignKey(Driver, on_delete=models.CASCADE, related_name="id_tags")
    ampeco_id = models.BigIntegerField(_("AMPECO id"), unique=True)
    type = models.CharField(_("type"), max_length=16)
    status = models.CharField(_("status"), max_length=16)
    label = models.CharField(_("label"), max_length=100, blank=True)
    last_digits = models.CharField(_("last digits"), max_length=8, blank=True)
    # By which another platform's record of it is found; the short one of a number over 20 long.
    uid_key = models.CharField(max_length=64, blank=True, db_default="", editable=False)
    uid_short_key = models.CharField(max_length=64, blank=True, db_default="", editable=False)
    expires_at = models.DateTimeField(_("valid until"), null=True, blank=True)

    class Meta:
        verbose_name = _("charging card")
        verbose_name_plural = _("charging cards")

    def works_at(self, moment: datetime) -> bool:
        return self.status == "enabled" and (self.expires_at is None or self.expires_at > moment)
