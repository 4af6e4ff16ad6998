"""What of Ampcontrol is what of ours."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from drivers.models import Fleet, IdTag
from sites.models import ChargePoint, Evse, Location
from vehicles.models import Vehicle

# The fields of ours, of which a link has one.
OURS = ("location", "charge_point", "evse", "vehicle", "tag")


class Link(models.Model):
    """A pair of records, one of Ampcontrol's and one of ours, and what was decided about it.

    Exactly one of OURS is set: the one that `kind` names. Nothing is shown
    or sent by a link that is not confirmed.
    """

    class Kind(models.TextChoices):
        NETWORK = "network", _("Network and site")
        CHARGE_POINT = "charge-point", _("Charge point")
        CONNECTOR = "connector", _("Connector and EVSE")
        VEHICLE = "vehicle", _("Vehicle")
        TAG = "tag", _("Card")

    class State(models.TextChoices):
        PROPOSED = "proposed", _("Proposed")
        CONFIRMED = "confirmed", _("Confirmed")
        REFUSED = "refused", _("Refused")

    class Doubt(models.TextChoices):
        NOT_EXACT = "not-exact", _("no longer matches exactly")
        GONE_THERE = "gone-there", _("no longer in Ampcontrol")
        GONE_HERE = "gone-here", _("no longer here")

    kind = models.CharField(_("kind"), max_length=16, choices=Kind)
    # Of Ampcontrol's record, `remote_id` of a row of `energy.models.mirrored`.
    remote_id = models.CharField(_("Ampcontrol id"), max_length=64)
    location = models.ForeignKey(
        Location, on_delete=models.CASCADE, null=True, blank=True, related_name="energy_links"
    )
    charge_point = models.ForeignKey(
        ChargePoint, on_delete=models.CASCADE, null=True, blank=True, related_name="energy_links"
    )
    evse = models.ForeignKey(
        Evse, on_delete=models.CASCADE, null=True, blank=True, related_name="energy_links"
    )
    vehicle = models.ForeignKey(
        Vehicle, on_delete=models.CASCADE, null=True, blank=True, related_name="energy_links"
    )
    tag = models.ForeignKey(
        IdTag, on_delete=models.CASCADE, null=True, blank=True, related_name="energy_links"
    )
    state = models.CharField(_("state"), max_length=16, choices=State)
    # Words of `energy.links`: why they may be one; the surest first.
    evidence = models.JSONField(_("evidence"), default=list, blank=True)
    # Empty where it was linked without asking, since it is exact.
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    created_at = models.DateTimeField(_("found"), auto_now_add=True)
    # Of a confirmed one that is no longer what it was confirmed for: for staff to look at.
    doubt = models.CharField(
        _("doubt"), max_length=16, choices=Doubt, blank=True, default="", db_default=""
    )
    # Of a vehicle: whose it was when it was linked, and what of Ampcontrol's is theirs to see.
    fleet = models.ForeignKey(
        Fleet, on_delete=models.CASCADE, null=True, blank=True, related_name="+", db_index=False
    )
    counts_from = models.DateTimeField(_("counts from"), null=True, blank=True)

    class Meta:
        verbose_name = _("link to Ampcontrol")
        verbose_name_plural = _("links to Ampcontrol")
        constraints = [
            *(
                models.UniqueConstraint(
                    fields=["remote_id", field],
                    condition=Q(**{f"{field}__isnull": False}),
                    name=f"energy_link_once_{field}",
                )
                for field in OURS
            ),
            # A network may be several sites; everything else is one thing of ours.
            models.UniqueConstraint(
                fields=["kind", "remote_id"],
                condition=Q(state="confirmed") & ~Q(kind="network"),
                name="energy_link_one_of_ours",
            ),
            # An EVSE may have several connectors; everything else of ours is one thing there.
            *(
                models.UniqueConstraint(
                    fields=[field],
                    condition=Q(state="confirmed"),
                    name=f"energy_link_one_{field}",
                )
                for field in OURS
                if field != "evse"
            ),
        ]
        indexes = [models.Index(fields=["state", "kind", "remote_id"], name="energy_link_by_state")]


class PastLink(models.Model):
    """A link of a vehicle that was dropped, since it was sold or retired: its fleet's history."""

    remote_id = models.CharField(_("Ampcontrol id"), max_length=64)
    vehicle = models.ForeignKey(Vehicle, on_delete=models.CASCADE, related_name="past_energy_links")
    fleet = models.ForeignKey(Fleet, on_delete=models.CASCADE, related_name="+", db_index=False)
    counts_from = models.DateTimeField(_("counts from"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended"))

    class Meta:
        verbose_name = _("past link to Ampcontrol")
        verbose_name_plural = _("past links to Ampcontrol")
        indexes = [models.Index(fields=["fleet", "remote_id"], name="past_link_by_fleet")]
