"""A booking as fleet managers know it, from the moment somebody asks for it."""

import secrets
import uuid
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bookings.models.reference_index import ByteOrder, Week
from bookings.models.statuses import (
    BOOKING_MOVES,
    BOOKING_TRAITS,
    BookingStatus,
    BookingTraits,
    Stage,
    at,
)
from drivers.models import Driver, Fleet
from sites.models import Evse, Location
from sites.periods import Period
from vehicles.models import Vehicle


class Booking(models.Model):
    """A period for a driver at a charger: asked for here, or made elsewhere by the fleet's driver.

    AMPECO knows it once `ampeco_booking_id` is set. Until then its status follows the request that
    asks for it (`requested`, `rejected`, `not-placed`); from then on it is AMPECO's own status.
    """

    Status = BookingStatus

    class OpenChange(models.TextChoices):
        """What somebody has asked for about a booking and is not decided yet."""

        UPDATE = "update", _("Change requested")
        CANCEL = "cancel", _("Cancellation requested")
        MOVE = "move", _("Move requested")
        WITHDRAW = "withdraw", _("To be cancelled")

    MOVES = BOOKING_MOVES
    HOLDS_A_PLACE = at(Stage.ASKED, Stage.CONFIRMED)
    CONFIRMED = at(Stage.CONFIRMED)
    # What takes place, or has begun to, as far as anybody knows; and what may yet.
    GOES_AHEAD = at(Stage.CONFIRMED, Stage.CHARGED)
    COMING = GOES_AHEAD | at(Stage.ASKED)
    # The operator may hold the charger, or be about to: `unknown` may turn out to be anything.
    MAY_STAND = at(Stage.CONFIRMED, Stage.UNKNOWN)
    MAY_COME = MAY_STAND | at(Stage.ASKED)
    NEVER_BOOKED = at(Stage.NEVER_BOOKED)
    CALLED_OFF = NEVER_BOOKED | at(Stage.CANCELLED)
    LOST = at(Stage.LOST)
    ENDED_EARLY = LOST | at(Stage.CANCELLED)
    # Another slot is wanted instead.
    DID_NOT_WORK_OUT = NEVER_BOOKED | LOST
    NOT_IN_CALENDARS = frozenset(
        each for each in BookingStatus if BOOKING_TRAITS[each].calendar == "CANCELLED"
    )
    TO_BE_CANCELLED = frozenset({OpenChange.CANCEL, OpenChange.WITHDRAW})

    uid = models.UUIDField(_("public id"), default=uuid.uuid4, unique=True, editable=False)
    # Without indexes of their own: those below begin with fleet or driver, and nobody looks for a
    # site's bookings but a fleet's.
    fleet = models.ForeignKey(
        Fleet, on_delete=models.PROTECT, related_name="bookings", db_index=False
    )
    driver = models.ForeignKey(
        Driver, on_delete=models.PROTECT, related_name="bookings", db_index=False
    )
    location = models.ForeignKey(
        Location, on_delete=models.PROTECT, related_name="bookings", db_index=False
    )
    evse = models.ForeignKey(
        Evse,
        on_delete=models.PROTECT,
        related_name="bookings",
        null=True,
        blank=True,
        help_text=_("Empty: any suitable charger, until the operator has picked one."),
    )
    start_at = models.DateTimeField(_("start"))
    end_at = models.DateTimeField(_("end"))
    vehicle = models.ForeignKey(
        Vehicle,
        on_delete=models.PROTECT,
        related_name="bookings",
        null=True,
        blank=True,
        db_index=False,
        verbose_name=_("vehicle"),
    )
    # How one gets in, and what starts the charge, as the operator says of this booking: AMPECO's
    # words, and tokens as {id, type, last_digits}.
    access_methods = models.JSONField(_("access"), default=list, db_default=[], blank=True)
    authorized_tokens = models.JSONField(_("tokens"), default=list, db_default=[], blank=True)
    reference = models.CharField(_("reference"), max_length=64, blank=True)
    reference_key = models.CharField(max_length=64, blank=True, editable=False)
    status = models.CharField(_("status"), max_length=16, choices=Status, default=Status.REQUESTED)
    open_change = models.CharField(_("open change"), max_length=16, choices=OpenChange, blank=True)
    needs_attention = models.BooleanField(_("needs attention"), default=False)
    made_elsewhere = models.BooleanField(
        _("external booking"),
        default=False,
        help_text=_("Made in the operator's app, not in this portal."),
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
    calendar_uid = models.CharField(
        _("id in calendars"),
        max_length=300,
        default=secrets.token_hex,
        db_default="",
        editable=False,
        help_text=_("The UID of the calendar entry, by which calendars find it again."),
    )
    link_generation = models.PositiveIntegerField(
        default=0, editable=False, help_text=_("Driver links of an earlier version are revoked.")
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
            models.Index(fields=["fleet", "end_at"], name="booking_by_its_end"),
            # What is to come or is on lies together in these, however much has been.
            models.Index(
                fields=["fleet", "start_at", "id"],
                condition=Q(status__in=sorted(at(Stage.ASKED, Stage.CONFIRMED))),
                name="booking_holding_a_place",
            ),
            models.Index(
                fields=["fleet", "end_at"],
                condition=Q(status=BookingStatus.COMPLETED),
                name="booking_charged_by_its_end",
            ),
            models.Index(fields=["fleet", "location", "start_at"], name="booking_by_location"),
            models.Index(fields=["driver", "start_at"], name="booking_of_driver"),
            # Nearly all in the end: of these there are some among the first by any order.
            models.Index(
                fields=["fleet", "status", "start_at"],
                condition=~Q(status=BookingStatus.COMPLETED),
                name="booking_by_rarer_status",
            ),
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
                fields=["vehicle", "start_at"],
                condition=Q(vehicle__isnull=False),
                name="booking_by_vehicle",
            ),
            models.Index(
                fields=["reminder_at"],
                condition=Q(reminder_at__isnull=False),
                name="booking_to_remind_of",
            ),
            # See bookings.first_keys.
            models.Index(
                "fleet",
                Week("start_at"),
                ByteOrder("reference_key"),
                "start_at",
                "id",
                condition=~Q(reference_key=""),
                name="booking_by_week_and_key",
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"

    @classmethod
    def holding_chargers(cls, fleet_pk: int, *, since: datetime) -> "models.QuerySet[Booking]":
        """Return what a fleet has been granted, or has asked for, at certain chargers."""
        return cls.objects.filter(
            fleet=fleet_pk, evse__isnull=False, status__in=cls.HOLDS_A_PLACE, end_at__gt=since
        )

    @classmethod
    def latest_drivers(cls, fleet_pk: int, *, most: int) -> list[int]:
        """Return whom a fleet's latest bookings are for, by primary key; reads few of them."""
        rows = cls.objects.filter(fleet=fleet_pk).order_by("-start_at", "-pk")
        return list(dict.fromkeys(rows.values_list("driver", flat=True)[: 10 * most]))[:most]

    @property
    def zone(self) -> ZoneInfo:
        return self.location.zone

    @property
    def period(self) -> Period:
        return Period.between(self.start_at, self.end_at)

    @property
    def duration(self) -> timedelta:
        return self.end_at - self.start_at

    @property
    def traits(self) -> BookingTraits:
        return BOOKING_TRAITS[self.status]

    @property
    def holds_a_place(self) -> bool:
        return self.status in self.HOLDS_A_PLACE

    @property
    def is_confirmed(self) -> bool:
        return self.status in self.CONFIRMED

    @property
    def is_undecided(self) -> bool:
        return self.status == self.Status.REQUESTED or bool(self.open_change)

    @property
    def is_in_motion(self) -> bool:
        return self.is_undecided or self.is_unnamed

    @property
    def is_unnamed(self) -> bool:
        """Whether the operator has not yet said the booking's number, or its charger."""
        return self.is_confirmed and (self.evse_id is None or self.ampeco_booking_id is None)

    def can_change(self, now: datetime | None = None) -> bool:
        return self.is_confirmed and self.ampeco_booking_id is not None and self._is_open(now)

    def is_running(self, now: datetime | None = None) -> bool:
        """Whether its time has come and is not over, as far as the operator holds the charger."""
        now = now or timezone.now()
        return self.status in self.GOES_AHEAD and self.start_at <= now < self.end_at

    def can_change_end(self, now: datetime | None = None) -> bool:
        """Whether the end alone can be asked to be another one: while the booking runs."""
        named = self.ampeco_booking_id is not None
        return named and not self.open_change and self.is_running(now)

    def can_move(self, now: datetime | None = None) -> bool:
        """Whether another charger may be asked for instead, also once its time has come.

        Not once charging has started: that has fulfilled the booking.
        """
        return self.can_change(now) or (self.is_confirmed and self.can_change_end(now))

    def can_cancel(self, now: datetime | None = None) -> bool:
        return self.holds_a_place and self._is_open(now)

    def _is_open(self, now: datetime | None) -> bool:
        return not self.open_change and self.start_at > (now or timezone.now())

    @property
    def in_calendars(self) -> bool:
        return self.status not in self.NOT_IN_CALENDARS

    @property
    def did_not_work_out(self) -> bool:
        return self.status in self.DID_NOT_WORK_OUT

    def expects(self, status: str) -> bool:
        return self.Status.UNKNOWN in {self.status, status} or status in self.MOVES[self.status]

    def is_past(self, now: datetime | None = None) -> bool:
        return self.end_at <= (now or timezone.now())


def reference_key(reference: str) -> str:
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
    place = f"evse:{evse.pk}" if evse else f"any:{wanted}"
    return f"{driver.pk}|{location.pk}|{place}|{int(start.timestamp())}|{int(end.timestamp())}"


# The signed address of a driver's own page about a booking.

SIGNER = Signer(salt="bookings.driver-page", sep=".")
# So that a driver who stays a little longer still finds the page.
VALID_AFTER_END = timedelta(hours=12)


def driver_page_url(booking: Booking, driver: Driver) -> str:
    path = reverse("driver-page:show", args=[link_token(booking, driver)])
    return f"{settings.SITE_URL}{path}"


def link_token(booking: Booking, driver: Driver) -> str:
    """Return what proves that its bearer was sent a link to this booking as this driver.

    It names the booking by its public id, the driver, and the generation of the booking's links:
    revoking them begins a new one.
    """
    return SIGNER.sign(f"{booking.uid.hex}-{driver.pk}-{booking.link_generation}")


def booking_of_link(token: str, *, now: datetime | None = None) -> Booking | None:
    """Return the booking that a link opens; None if it is expired, revoked, or not one of ours.

    A booking that has another driver now is no longer the business of the earlier one.
    """
    now = now or timezone.now()
    try:
        uid, driver_pk, generation = SIGNER.unsign(token).split("-")
        wanted = uuid.UUID(hex=uid)
    except (BadSignature, ValueError):
        return None
    booking = (
        Booking.objects.filter(uid=wanted, fleet__is_active=True)
        .select_related(
            "fleet", "driver", "location", "evse__charge_point", "created_by", "vehicle"
        )
        .first()
    )
    if booking is None or f"{booking.driver_id}-{booking.link_generation}" != (
        f"{driver_pk}-{generation}"
    ):
        return None
    return booking if now <= booking.end_at + VALID_AFTER_END else None
