"""Our asynchronous ask, and its history."""

import uuid
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from ampeco.types import ParkingSpaceCriteria
from bookings.models.actors import Actor
from bookings.models.booking import Booking
from bookings.models.statuses import REQUEST_MOVES, REQUEST_TRAITS, RequestStatus
from drivers.models import Driver
from sites.models import Evse, Location
from sites.selectors import Criteria

OPEN = tuple(status for status in RequestStatus if REQUEST_TRAITS[status].onward)
OPEN_VALUES = [status.value for status in OPEN]


class BookingRequest(models.Model):
    """An ask to AMPECO: make, change or cancel a booking. It is a row before it is a call.

    ::

        queued ──► pending ──► approved | rejected
           │          └──────► stale ──► approved | rejected
           ├──► approved | rejected        (decided when first read)
           └──► failed                     (never became a request upstream)

    Only `bookings.state.moves.move_requests` changes `status`.
    """

    class Kind(models.TextChoices):
        CREATE = "create", _("New booking")
        UPDATE = "update", _("Change")
        CANCEL = "cancel", _("Cancellation")

    Status = RequestStatus

    class Failure(models.TextChoices):
        """Why a request never became one upstream."""

        SLOT_GONE = "slot-gone", _("The slot was taken before the request could be sent.")
        TOO_LATE = "too-late", _("The start had passed before the request could be sent.")
        EVSE_NOT_BOOKABLE = "evse-not-bookable", _("The charger can no longer be booked.")
        DRIVER_NOT_ALLOWED = (
            "driver-not-allowed",
            _("The driver may no longer book for this fleet."),
        )
        REFUSED = "refused", _("The operator's system refused the request.")
        WITHDRAWN = "withdrawn", _("It was withdrawn before it was sent.")
        BOOKING_OVER = "booking-over", _("The booking had ended or been cancelled in the meantime.")

    class Trouble(models.TextChoices):
        """Why an open request is not getting on at the moment."""

        UNREACHABLE = (
            "unreachable",
            _("The operator's system cannot be reached. We will keep trying."),
        )
        BUSY = "busy", _("The operator's system is busy. We will keep trying.")
        NOT_PERMITTED = (
            "not-permitted",
            _(
                "Booking is temporarily unavailable. The operator has been notified; we will keep"
                " trying."
            ),
        )
        UNNAMED = (
            "unnamed",
            _(
                "The operator has approved the booking but has not said its number yet. We will "
                "send this as soon as it does."
            ),
        )

    MOVES = REQUEST_MOVES
    OPEN = OPEN
    SETTLED = frozenset(RequestStatus) - frozenset(OPEN)
    # The operator has it and decides.
    UNDECIDED = frozenset(OPEN) - {RequestStatus.QUEUED}
    REFUSED = frozenset(each for each in RequestStatus if REQUEST_TRAITS[each].is_refused)

    booking = models.ForeignKey(Booking, on_delete=models.PROTECT, related_name="requests")
    kind = models.CharField(_("kind"), max_length=8, choices=Kind, default=Kind.CREATE)
    status = models.CharField(_("status"), max_length=16, choices=Status, default=Status.QUEUED)
    external_id = models.UUIDField(
        _("external id"), default=uuid.uuid4, unique=True, editable=False
    )
    submission_key = models.UUIDField(
        default=uuid.uuid4,
        unique=True,
        editable=False,
        help_text=_("Identifies one completed form, so that sending it twice makes one request."),
    )

    driver = models.ForeignKey(Driver, on_delete=models.PROTECT, related_name="+")
    location = models.ForeignKey(
        Location, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    evse = models.ForeignKey(
        Evse, on_delete=models.PROTECT, related_name="+", null=True, blank=True, db_index=False
    )
    wanted_current_type = models.CharField(_("current"), max_length=8, blank=True)
    wanted_connector_type = models.CharField(_("connector"), max_length=32, blank=True)
    wanted_min_power_kw = models.DecimalField(
        _("minimum power (kW)"), max_digits=8, decimal_places=2, null=True, blank=True
    )
    wanted_max_power_kw = models.DecimalField(
        _("maximum power (kW)"), max_digits=8, decimal_places=2, null=True, blank=True
    )
    # AMPECO's `parkingSpaceCriteria`, by its names.
    wanted_parking = models.JSONField(_("parking space"), default=dict, db_default={}, blank=True)
    start_at = models.DateTimeField(_("start"))
    end_at = models.DateTimeField(_("end"))
    # What the booking was when a change of it was asked for.
    previous_driver = models.ForeignKey(
        Driver, on_delete=models.PROTECT, related_name="+", null=True, blank=True, db_index=False
    )
    previous_start_at = models.DateTimeField(_("previous start"), null=True, blank=True)
    previous_end_at = models.DateTimeField(_("previous end"), null=True, blank=True)

    ampeco_request_id = models.BigIntegerField(
        _("AMPECO request id"), null=True, blank=True, unique=True
    )
    send_started_at = models.DateTimeField(
        _("last send started"),
        null=True,
        blank=True,
        help_text=_("From then on the operator may have it: check before sending again."),
    )
    may_be_doubled = models.BooleanField(
        _("possible duplicate"),
        default=False,
        db_default=False,
        help_text=_(
            "It was sent again, or found more than once: duplicates are looked for before a "
            "decision."
        ),
    )
    sent_at = models.DateTimeField(_("received by the operator"), null=True, blank=True)
    settled_at = models.DateTimeField(_("settled"), null=True, blank=True)
    rejection_reason = models.CharField(_("operator's reason"), max_length=1000, blank=True)
    failure = models.CharField(_("failure"), max_length=32, choices=Failure, blank=True)
    trouble = models.CharField(_("trouble"), max_length=32, choices=Trouble, blank=True)

    price_shown = models.JSONField(
        _("price shown"),
        null=True,
        blank=True,
        editable=False,
        help_text=_("What it was estimated to cost when it was asked for; empty: nothing was."),
    )
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    next_attempt_at = models.DateTimeField(_("next attempt"), default=timezone.now)
    lease_until = models.DateTimeField(_("claimed until"), null=True, blank=True)
    lease_owner = models.UUIDField(null=True, blank=True, editable=False)
    asked_by = models.CharField(
        _("requested by"), max_length=16, choices=Actor, default=Actor.MANAGER
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
    )
    batch = models.UUIDField(
        null=True,
        blank=True,
        editable=False,
        help_text=_("Identifies requests made together."),
    )
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("booking request")
        verbose_name_plural = _("booking requests")
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=RequestStatus.values), name="request_status_known"
            ),
            models.UniqueConstraint(
                fields=["booking"],
                condition=Q(status__in=OPEN_VALUES),
                name="one_open_request_a_booking",
            ),
        ]
        indexes = [
            models.Index(
                fields=["status", "next_attempt_at"],
                condition=Q(status__in=OPEN_VALUES),
                name="request_due",
            ),
            models.Index(fields=["status", "-created_at"], name="request_by_status"),
            models.Index(
                fields=["batch"], condition=Q(batch__isnull=False), name="request_by_batch"
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"

    @property
    def is_settled(self) -> bool:
        return self.status in self.SETTLED

    @property
    def is_refused(self) -> bool:
        return self.status in self.REFUSED

    @property
    def asks_for_end_only(self) -> bool:
        """Whether a change leaves all but the end as it was."""
        return (
            self.kind == self.Kind.UPDATE
            and self.start_at == self.previous_start_at
            and self.driver_id == self.previous_driver_id
        )

    @property
    def criteria(self) -> Criteria:
        """What the charger must offer when any that fits will do."""
        return Criteria(
            current_type=self.wanted_current_type,
            connector_type=self.wanted_connector_type,
            min_power_kw=self.wanted_min_power_kw,
            max_power_kw=self.wanted_max_power_kw,
            parking=ParkingSpaceCriteria.from_payload(self.wanted_parking),
        )

    @staticmethod
    def columns_of(criteria: Criteria) -> dict[str, Any]:
        """Return how a request keeps what any charger must offer."""
        return {
            "wanted_current_type": criteria.current_type,
            "wanted_connector_type": criteria.connector_type,
            "wanted_min_power_kw": criteria.min_power_kw,
            "wanted_max_power_kw": criteria.max_power_kw,
            "wanted_parking": criteria.parking.to_payload(),
        }

    def surely_never_sent(self, now: datetime) -> bool:
        """Whether the operator cannot have heard of this request, nor is a worker about to send it.

        For callers that hold the row's lock.
        """
        return (
            self.status == self.Status.QUEUED
            and self.send_started_at is None
            and (self.lease_until is None or self.lease_until <= now)
        )

    @property
    def delay_text(self) -> str:
        """What is being waited for while it does not get on; nothing while it does."""
        if self.trouble == self.Trouble.UNREACHABLE and self.may_have_been_sent():
            return gettext(
                "The operator has not confirmed that it received this. The portal is checking "
                "whether it arrived, and sends it again if it did not."
            )
        return str(self.get_trouble_display()) if self.trouble else ""

    def may_have_been_sent(self) -> bool:
        return self.send_started_at is not None and self.ampeco_request_id is None

    def age_seconds(self, now: datetime) -> float:
        return max(0.0, (now - (self.sent_at or self.created_at)).total_seconds())


class BookingRequestEvent(models.Model):
    """One line of a request's history; appended with each change of state, never edited."""

    request = models.ForeignKey(
        BookingRequest,
        on_delete=models.CASCADE,
        related_name="events",
        db_index=False,  # the index below does
    )
    at = models.DateTimeField(_("when"), default=timezone.now)
    from_status = models.CharField(_("from"), max_length=16, blank=True)
    to_status = models.CharField(_("to"), max_length=16, choices=BookingRequest.Status)
    actor = models.CharField(_("who"), max_length=16, choices=Actor)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
    )
    note = models.CharField(_("note"), max_length=1000, blank=True)

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("history")
        ordering = ["at", "id"]
        indexes = [models.Index(fields=["request", "at", "id"], name="event_by_request")]
