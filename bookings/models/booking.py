"""A booking as fleet managers know it, from the moment somebody asks for it."""

import uuid
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from drivers.models import Driver, Fleet
from sites.models import Evse, Location
from sites.periods import Period


class Booking(models.Model):
    """One stay of a driver at a charger: asked for here, or made elsewhere by the fleet's driver.

    AMPECO knows it once `ampeco_booking_id` is set. Until then its status follows the request that
    asks for it (`requested`, `rejected`, `not-placed`); from then on it is AMPECO's own status.
    """

    class Status(models.TextChoices):
        REQUESTED = "requested", _("Requested")
        REJECTED = "rejected", _("Rejected")
        NOT_PLACED = "not-placed", _("Not placed")
        ACCEPTED = "accepted", _("Approved")
        RESERVED = "reserved", _("Charger held")
        COMPLETED = "completed", _("Charging started")
        CANCELLED = "cancelled", _("Cancelled")
        NO_SHOW = "no-show", _("No-show")
        FAILED = "failed", _("Charger could not be held")
        UNKNOWN = "unknown", _("Unknown to this portal")

    class OpenChange(models.TextChoices):
        """What somebody has asked for about a booking and is not decided yet."""

        UPDATE = "update", _("Change requested")
        CANCEL = "cancel", _("Cancellation requested")
        MOVE = "move", _("Move requested")
        WITHDRAW = "withdraw", _("To be cancelled")

    # How a booking's status moves (docs/life-of-a-booking.md). AMPECO has the last word: what it
    # reports is recorded even if it is not in this table, and anything may become `unknown`.
    MOVES: dict[str, frozenset[str]] = {
        Status.REQUESTED: frozenset(
            {Status.ACCEPTED, Status.REJECTED, Status.NOT_PLACED, Status.CANCELLED}
        ),
        Status.NOT_PLACED: frozenset({Status.REQUESTED}),
        Status.ACCEPTED: frozenset(
            {
                Status.RESERVED,
                Status.COMPLETED,
                Status.CANCELLED,
                Status.NO_SHOW,
                Status.FAILED,
            }
        ),
        Status.RESERVED: frozenset(
            {Status.COMPLETED, Status.CANCELLED, Status.NO_SHOW, Status.FAILED}
        ),
        Status.REJECTED: frozenset(),
        Status.COMPLETED: frozenset(),
        Status.CANCELLED: frozenset(),
        Status.NO_SHOW: frozenset(),
        Status.FAILED: frozenset(),
    }
    HOLDS_A_PLACE = frozenset({Status.REQUESTED, Status.ACCEPTED, Status.RESERVED})
    CONFIRMED = frozenset({Status.ACCEPTED, Status.RESERVED})

    uid = models.UUIDField(_("public id"), default=uuid.uuid4, unique=True, editable=False)
    fleet = models.ForeignKey(Fleet, on_delete=models.PROTECT, related_name="bookings")
    driver = models.ForeignKey(Driver, on_delete=models.PROTECT, related_name="bookings")
    location = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="bookings")
    evse = models.ForeignKey(
        Evse,
        on_delete=models.PROTECT,
        related_name="bookings",
        null=True,
        blank=True,
        help_text=_("Empty: any charger that fits, until the operator has picked one."),
    )
    start_at = models.DateTimeField(_("start"))
    end_at = models.DateTimeField(_("end"))
    reference = models.CharField(_("reference"), max_length=64, blank=True)
    reference_key = models.CharField(max_length=64, blank=True, editable=False)
    status = models.CharField(_("status"), max_length=16, choices=Status, default=Status.REQUESTED)
    open_change = models.CharField(
        _("asked for and undecided"), max_length=16, choices=OpenChange, blank=True
    )
    needs_attention = models.BooleanField(_("needs attention"), default=False)
    made_elsewhere = models.BooleanField(
        _("made elsewhere"),
        default=False,
        help_text=_("In the operator's app, not in this portal."),
    )
    replaces = models.ForeignKey(
        "self",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="replacements",
        db_index=False,
        verbose_name=_("moved from"),
        help_text=_("The booking that is cancelled once this one is approved."),
    )
    ampeco_booking_id = models.BigIntegerField(
        _("AMPECO booking id"), null=True, blank=True, unique=True
    )
    slot_key = models.CharField(max_length=200, blank=True, editable=False)
    ampeco_updated_at = models.DateTimeField(_("changed upstream"), null=True, blank=True)
    refresh_at = models.DateTimeField(_("next read upstream"), null=True, blank=True)
    reminder_at = models.DateTimeField(_("reminder due"), null=True, blank=True)
    version = models.PositiveIntegerField(
        _("version"),
        default=0,
        editable=False,
        help_text=_("Rises with each change; also the SEQUENCE of the calendar entry."),
    )
    changed_at = models.DateTimeField(_("last changed"), default=timezone.now, editable=False)
    link_generation = models.PositiveIntegerField(
        default=0, editable=False, help_text=_("Driver's links of an earlier one are revoked.")
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("booking")
        verbose_name_plural = _("bookings")
        constraints = [
            models.CheckConstraint(
                condition=Q(end_at__gt=F("start_at")), name="booking_ends_after_start"
            ),
            # A second tab or a second click asks for the same slot again: only one may hold it.
            models.UniqueConstraint(
                fields=["fleet", "slot_key"],
                condition=~Q(slot_key=""),
                name="one_live_booking_a_slot",
            ),
        ]
        indexes = [
            models.Index(fields=["fleet", "start_at", "id"], name="booking_by_start"),
            models.Index(fields=["fleet", "end_at", "id"], name="booking_by_end"),
            models.Index(fields=["fleet", "location", "start_at"], name="booking_by_location"),
            models.Index(fields=["fleet", "driver", "start_at"], name="booking_by_driver"),
            models.Index(fields=["fleet", "status", "start_at"], name="booking_by_status"),
            models.Index(
                fields=["fleet", "start_at"],
                condition=Q(needs_attention=True),
                name="booking_needing_attention",
            ),
            models.Index(
                fields=["refresh_at"], condition=Q(refresh_at__isnull=False), name="booking_to_read"
            ),
            models.Index(
                fields=["replaces"],
                condition=Q(replaces__isnull=False),
                name="booking_by_replaced",
            ),
            models.Index(
                fields=["reminder_at"],
                condition=Q(reminder_at__isnull=False),
                name="booking_to_remind_of",
            ),
            models.Index(
                fields=["fleet", "reference_key"],
                opclasses=["int8_ops", "varchar_pattern_ops"],
                name="booking_by_reference",
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"

    @property
    def zone(self) -> ZoneInfo:
        """The time zone of the site."""
        return self.location.zone

    @property
    def period(self) -> Period:
        return Period.between(self.start_at, self.end_at)

    @property
    def duration(self) -> timedelta:
        """How long the charger is asked for."""
        return self.end_at - self.start_at

    @property
    def holds_a_place(self) -> bool:
        """Whether the slot is asked for or confirmed, and not yet over or given up."""
        return self.status in self.HOLDS_A_PLACE

    @property
    def is_confirmed(self) -> bool:
        """Whether the operator holds the slot for the driver."""
        return self.status in self.CONFIRMED

    @property
    def is_in_motion(self) -> bool:
        """Whether its page should look again soon: undecided, or its charger not known yet."""
        return (
            self.status == self.Status.REQUESTED
            or bool(self.open_change)
            or (self.is_confirmed and (self.evse_id is None or self.ampeco_booking_id is None))
        )

    def can_change(self, now: datetime | None = None) -> bool:
        """Whether another time, driver or place may be asked for."""
        return self.is_confirmed and self.ampeco_booking_id is not None and self._is_open(now)

    def can_cancel(self, now: datetime | None = None) -> bool:
        """Whether it may be cancelled: confirmed, or still undecided."""
        return self.holds_a_place and self._is_open(now)

    def _is_open(self, now: datetime | None) -> bool:
        return not self.open_change and self.start_at > (now or timezone.now())

    @property
    def did_not_work_out(self) -> bool:
        """Whether another slot is wanted instead."""
        return self.status in {
            self.Status.REJECTED,
            self.Status.NOT_PLACED,
            self.Status.FAILED,
            self.Status.NO_SHOW,
        }

    def expects(self, status: str) -> bool:
        """Whether the table of moves knows the way from the present status to another one."""
        return Booking.Status.UNKNOWN in {self.status, status} or status in self.MOVES[self.status]

    def is_past(self, now: datetime | None = None) -> bool:
        """Whether the booked time is over."""
        return self.end_at <= (now or timezone.now())


def reference_key(reference: str) -> str:
    """Return the form of a reference by which it is searched: without case."""
    return reference.upper()[:64]


def slot_key(
    *,
    driver: Driver,
    location: Location,
    evse: Evse | None,
    wanted: str,
    start: datetime,
    end: datetime,
) -> str:
    """Return the text by which the same slot for the same driver is recognised."""
    place = f"evse:{evse.pk}" if evse else f"any:{wanted}"
    return f"{driver.pk}|{location.pk}|{place}|{int(start.timestamp())}|{int(end.timestamp())}"
