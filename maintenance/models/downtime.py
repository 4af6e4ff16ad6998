"""When chargers are out of use by plan, and what staff ask the operator to change of that."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ampeco.types.downtime import AUTOMATIC, DOWNTIME, EXEMPT, MANUAL, OF_CHARGE_POINT, OF_EVSE
from mirror.models import Mirrored
from sites.models import ChargePoint, Evse


class Of(models.TextChoices):
    """What is out of use; AMPECO counts each by itself."""

    CHARGE_POINT = OF_CHARGE_POINT, _("Charge point")
    EVSE = OF_EVSE, _("Charger")


class DowntimeType(models.TextChoices):
    """Whether it lowers the charger's uptime."""

    DOWNTIME = DOWNTIME, _("Downtime")
    EXEMPT = EXEMPT, _("Exempt")
    UNKNOWN = "unknown", _("Unknown")


class DowntimeNotice(Mirrored):
    """A reason that the operator has prepared for periods of one type."""

    type = models.CharField(_("type"), max_length=16, choices=DowntimeType)
    notice = models.CharField(_("notice"), max_length=255)
    description = models.CharField(_("description"), max_length=1000, blank=True)

    class Meta:
        verbose_name = _("reason for downtime")
        verbose_name_plural = _("reasons for downtime")

    def __str__(self) -> str:
        return self.notice or f"#{self.ampeco_id}"


class Downtime(Mirrored):
    """A period in which a charge point, or one charger of it, is out of use.

    Only what people enter is mirrored. Without `end_at` nobody has said how long it lasts.
    """

    class EntryMode(models.TextChoices):
        MANUAL = MANUAL, _("Planned")
        AUTOMATIC = AUTOMATIC, _("Noticed by the operator’s system")
        UNKNOWN = "unknown", _("Unknown")

    of = models.CharField(_("of"), max_length=16, choices=Of)
    # Once of each kind.
    ampeco_id = models.BigIntegerField(_("AMPECO id"))
    charge_point = models.ForeignKey(
        ChargePoint, on_delete=models.CASCADE, related_name="downtimes", db_index=False
    )
    evse = models.ForeignKey(
        Evse,
        on_delete=models.CASCADE,
        related_name="downtimes",
        null=True,
        blank=True,
        db_index=False,
        help_text=_("Empty: the whole charge point."),
    )
    start_at = models.DateTimeField(_("from"))
    end_at = models.DateTimeField(_("until"), null=True, blank=True)
    entry_mode = models.CharField(_("entered"), max_length=16, choices=EntryMode)
    type = models.CharField(_("type"), max_length=16, choices=DowntimeType)
    ampeco_notice_id = models.BigIntegerField(_("reason"), null=True, blank=True)
    notice = models.CharField(_("notice"), max_length=255, blank=True)

    class Meta:
        verbose_name = _("planned downtime")
        verbose_name_plural = _("planned downtime")
        constraints = [
            models.UniqueConstraint(fields=["of", "ampeco_id"], name="downtime_once_of_each_kind")
        ]
        indexes = [
            models.Index(fields=["charge_point", "end_at"], name="downtime_by_charge_point"),
            models.Index(fields=["end_at"], name="downtime_by_its_end"),
        ]

    def __str__(self) -> str:
        return self.notice or f"#{self.ampeco_id}"


class DowntimeChange(models.Model):
    """What staff ask the operator to make, end or take back: a row before it is a call.

    queued → sending → done, refused or failed. It is sent once. Where no answer came, or the worker
    died meanwhile, it is looked for (`unclear`) and becomes done or failed; it is never sent again.
    """

    class Kind(models.TextChoices):
        MAKE = "make", _("Plan")
        END = "end", _("End")
        DELETE = "delete", _("Take back")

    class State(models.TextChoices):
        QUEUED = "queued", _("On its way")
        SENDING = "sending", _("Being sent")
        UNCLEAR = "unclear", _("No answer, being looked for")
        DONE = "done", _("Done")
        REFUSED = "refused", _("Refused by the operator")
        FAILED = "failed", _("Not done")

    OPEN = (State.QUEUED, State.SENDING, State.UNCLEAR)

    submission_key = models.UUIDField(default=uuid.uuid4, editable=False)
    kind = models.CharField(_("what"), max_length=16, choices=Kind)
    of = models.CharField(_("of"), max_length=16, choices=Of)
    charge_point = models.ForeignKey(
        ChargePoint, on_delete=models.CASCADE, related_name="+", verbose_name=_("charge point")
    )
    evse = models.ForeignKey(
        Evse,
        on_delete=models.CASCADE,
        related_name="+",
        null=True,
        blank=True,
        verbose_name=_("charger"),
    )
    # What it made, or what it ends or takes back.
    downtime = models.ForeignKey(
        Downtime,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="changes",
        verbose_name=_("downtime"),
    )
    start_at = models.DateTimeField(_("from"))
    end_at = models.DateTimeField(_("until"))
    ampeco_notice_id = models.BigIntegerField(_("reason"), null=True, blank=True)
    notice = models.CharField(_("notice"), max_length=255, blank=True)
    state = models.CharField(_("state"), max_length=16, choices=State, default=State.QUEUED)
    problem = models.CharField(_("outcome"), max_length=500, blank=True)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("asked by"),
    )
    asked_at = models.DateTimeField(_("asked"), default=timezone.now, editable=False)
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    settled_at = models.DateTimeField(_("settled"), null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    lease_owner = models.UUIDField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("change of downtime")
        verbose_name_plural = _("changes of downtime")
        constraints = [
            models.CheckConstraint(
                condition=Q(end_at__gt=F("start_at")), name="downtime_change_ends_after_start"
            ),
            # The same form sent twice is the same wish.
            models.UniqueConstraint(
                fields=["submission_key", "charge_point"],
                condition=Q(evse__isnull=True),
                name="downtime_asked_once_a_form",
            ),
            models.UniqueConstraint(
                fields=["submission_key", "evse"],
                condition=Q(evse__isnull=False),
                name="evse_downtime_asked_once_a_form",
            ),
            # Of two who end the same period at once, one does.
            models.UniqueConstraint(
                fields=["downtime"],
                condition=Q(state__in=["queued", "sending", "unclear"]),
                name="one_open_change_a_downtime",
            ),
        ]
        indexes = [
            models.Index(
                fields=["lease_until"],
                condition=Q(state__in=["queued", "sending", "unclear"]),
                name="downtime_change_open",
            )
        ]
