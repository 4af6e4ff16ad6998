"""How our copies of AMPECO's records are kept: what a row knows, and the runs that read them."""

from datetime import UTC, datetime

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Mirrored(models.Model):
    """A row that follows a record of AMPECO."""

    ampeco_id = models.BigIntegerField(_("AMPECO id"), unique=True)
    ampeco_updated_at = models.DateTimeField(_("changed upstream"), null=True, blank=True)
    synced_at = models.DateTimeField(_("last read"))
    seen_in_run = models.ForeignKey(
        "mirror.SyncRun", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    retired_at = models.DateTimeField(_("vanished upstream"), null=True, blank=True)

    class Meta:
        abstract = True


class SyncRun(models.Model):
    """One run of a mirror: what it did, how far it came, why it stopped."""

    class Kind(models.TextChoices):
        SITES_FULL = "sites-full", _("Sites, all")
        SITES_DELTA = "sites-delta", _("Sites, changes")
        DRIVERS = "drivers", _("Drivers")
        BOOKINGS = "bookings", _("Bookings")
        ENERGY = "energy", _("Smart charging")
        TARIFFS = "tariffs", _("Tariffs")
        SESSIONS = "sessions", _("Charging sessions")
        MAINTENANCE = "maintenance", _("Maintenance")
        PARTNERS = "partners", _("Partners")

    class State(models.TextChoices):
        RUNNING = "running", _("Running")
        BROKEN_OFF = "broken-off", _("Broken off")
        FINISHED = "finished", _("Finished")

    kind = models.CharField(_("kind"), max_length=16, choices=Kind)
    state = models.CharField(_("state"), max_length=16, choices=State, default=State.RUNNING)
    started_at = models.DateTimeField(_("started"))
    alive_at = models.DateTimeField(_("last sign of life"))
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    updated_after = models.DateTimeField(_("changes since"), null=True, blank=True)
    phase = models.CharField(_("phase"), max_length=32, blank=True)
    resume_from = models.TextField(_("next page"), blank=True)
    counts = models.JSONField(_("counts"), default=dict, blank=True)
    calls = models.PositiveIntegerField(_("calls to the operator"), default=0)
    problem = models.CharField(_("problem"), max_length=500, blank=True)
    ampeco_partner_id = models.BigIntegerField(_("partner"), null=True, blank=True)

    class Meta:
        verbose_name = _("synchronisation")
        verbose_name_plural = _("synchronisations")
        indexes = [models.Index(fields=["kind", "-started_at"], name="sync_run_latest")]
        constraints = [
            models.UniqueConstraint(
                fields=["kind"],
                condition=Q(state="running") & ~Q(kind="drivers"),
                name="one_running_sync_a_kind",
            )
        ]

    @property
    def duration_seconds(self) -> float | None:
        if self.finished_at is None:
            return None
        return (self.finished_at - self.started_at).total_seconds()

    def age_seconds(self, now: datetime | None = None) -> float:
        return ((now or datetime.now(UTC)) - self.alive_at).total_seconds()
