"""What a fleet waits for, what was found for it, and what happened meanwhile."""

import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bookings.models.booking import Booking
from drivers.models import Driver, Fleet
from sites.models import Evse, Location
from sites.selectors import Criteria
from vehicles.models import Vehicle


class Wish(models.Model):
    """A booking that is not to be had yet: whatever frees up within the window will do.

    ::

        waiting ──► offered ──► asked ──► fulfilled
           ▲  │        │          │
           │  └────────┼──────► asked            (by itself, without an offer)
           └───────────┴──────────┘              (let pass, gone, or rejected)

    Each of the first three can be cancelled, and ends with its window. Only `waiting.state` changes
    `state`; each change raises `version`.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        OFFERED = "offered", _("Offered to you")
        ASKED = "asked", _("Asked for")
        FULFILLED = "fulfilled", _("Booked")
        ENDED = "ended", _("Ended without a booking")
        CANCELLED = "cancelled", _("Cancelled")

    OPEN = (State.WAITING, State.OFFERED, State.ASKED)

    fleet = models.ForeignKey(
        Fleet, on_delete=models.PROTECT, db_index=False, related_name="wishes"
    )
    vehicle = models.ForeignKey(
        Vehicle,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("vehicle"),
    )
    driver = models.ForeignKey(
        Driver,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="wishes",
        verbose_name=_("driver"),
    )
    location = models.ForeignKey(
        Location, on_delete=models.PROTECT, related_name="+", verbose_name=_("site")
    )
    radius_km = models.PositiveSmallIntegerField(_("up to so many km away"), default=0)
    evse = models.ForeignKey(
        Evse,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("charger"),
        help_text=_("Empty: any that fits."),
    )
    wanted_current_type = models.CharField(_("current"), max_length=8, blank=True)
    wanted_connector_type = models.CharField(_("connector"), max_length=32, blank=True)
    wanted_min_power_kw = models.DecimalField(
        _("minimum power (kW)"), max_digits=8, decimal_places=2, null=True, blank=True
    )
    window_start = models.DateTimeField(_("not before"))
    window_end = models.DateTimeField(_("over by"))
    minutes = models.PositiveSmallIntegerField(_("length (minutes)"))
    # On the clocks of the site; where the latest is the earlier of the two, over midnight.
    earliest_clock = models.TimeField(_("earliest start"), null=True, blank=True)
    latest_clock = models.TimeField(_("latest start"), null=True, blank=True)
    by_itself = models.BooleanField(
        _("asked for by itself"),
        default=False,
        help_text=_("Asked for as soon as it frees up, without an offer."),
    )
    reference = models.CharField(_("reference"), max_length=64, blank=True)
    state = models.CharField(_("state"), max_length=16, choices=State, default=State.WAITING)
    version = models.PositiveIntegerField(default=0, editable=False)
    turn_at = models.DateTimeField(
        default=timezone.now,
        editable=False,
        help_text=_("Its place in the line: who let an offer pass goes to the end."),
    )
    # Of the form that made it, by which that is recognised when it is sent again.
    submission_key = models.UUIDField(null=True, unique=True, editable=False)
    # By which the same wish again is recognised while it is open.
    key = models.CharField(max_length=64, blank=True, editable=False)
    booking = models.ForeignKey(
        Booking, on_delete=models.SET_NULL, null=True, blank=True, related_name="wishes"
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(_("since"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("wish on the waiting list")
        verbose_name_plural = _("waiting list")
        constraints = [
            models.CheckConstraint(
                condition=Q(window_end__gt=F("window_start")), name="wish_ends_after_start"
            ),
            models.UniqueConstraint(
                fields=["fleet", "key"], condition=~Q(key=""), name="one_open_wish_of_a_kind"
            ),
        ]
        indexes = [
            models.Index(fields=["fleet", "-created_at", "-id"], name="wish_by_fleet"),
            models.Index(
                fields=["turn_at", "id"], condition=Q(state="waiting"), name="wish_in_line"
            ),
            models.Index(
                fields=["window_end"],
                condition=Q(state__in=["waiting", "offered"]),
                name="wish_to_end",
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"

    @property
    def is_open(self) -> bool:
        return self.state in self.OPEN

    @property
    def length(self) -> timedelta:
        return timedelta(minutes=self.minutes)

    @property
    def last_start(self) -> datetime:
        """The latest start that leaves the whole length within the window."""
        return self.window_end - self.length

    @property
    def criteria(self) -> Criteria:
        return Criteria(
            self.wanted_current_type, self.wanted_connector_type, self.wanted_min_power_kw
        )

    @property
    def drives(self) -> Driver | None:
        """Whom it is for: the driver who was picked, else whoever usually drives the vehicle."""
        return self.driver or (self.vehicle.usual_driver if self.vehicle else None)


class WishPlace(models.Model):
    """A site where a wish may be fulfilled: its own, and those near it."""

    wish = models.ForeignKey(Wish, on_delete=models.CASCADE, db_index=False, related_name="places")
    location = models.ForeignKey(Location, on_delete=models.CASCADE, related_name="+")
    km = models.FloatField(default=0)

    class Meta:
        verbose_name = _("site of a wish")
        verbose_name_plural = _("sites of wishes")
        constraints = [
            models.UniqueConstraint(fields=["wish", "location"], name="wish_once_a_place")
        ]


class SiteWatch(models.Model):
    """When a site is looked at next for all that wait there; whoever does so claims the row."""

    location = models.OneToOneField(Location, on_delete=models.CASCADE, related_name="+")
    look_at = models.DateTimeField(null=True, blank=True, db_index=True)
    looked_at = models.DateTimeField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    lease_owner = models.UUIDField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("site that is waited for")
        verbose_name_plural = _("sites that are waited for")


class Offer(models.Model):
    """A slot that was free for a wish when it was looked for. Nothing is held at the operator."""

    class State(models.TextChoices):
        OPEN = "open", _("Open")
        TAKEN = "taken", _("Asked for")
        LET_PASS = "let-pass", _("Let pass")
        GONE = "gone", _("No longer free")
        REFUSED = "refused", _("Not booked")

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    wish = models.ForeignKey(Wish, on_delete=models.CASCADE, related_name="offers")
    location = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="+")
    evse = models.ForeignKey(Evse, on_delete=models.PROTECT, related_name="+")
    start_at = models.DateTimeField(_("start"))
    end_at = models.DateTimeField(_("end"))
    found_at = models.DateTimeField(_("found"), default=timezone.now)
    expires_at = models.DateTimeField(_("open until"))
    state = models.CharField(_("state"), max_length=16, choices=State, default=State.OPEN)
    booking = models.ForeignKey(
        Booking, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        verbose_name = _("offer")
        verbose_name_plural = _("offers")
        constraints = [
            models.UniqueConstraint(
                fields=["wish"], condition=Q(state="open"), name="one_open_offer_a_wish"
            )
        ]
        indexes = [
            models.Index(fields=["expires_at"], condition=Q(state="open"), name="offer_to_expire"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"


class WishEvent(models.Model):
    """One line of a wish's history; never edited."""

    class What(models.TextChoices):
        MADE = "made", _("Put on the waiting list")
        CHANGED = "changed", _("Changed")
        OFFERED = "offered", _("Offered")
        LET_PASS = "let-pass", _("Offer let pass")
        GONE = "gone", _("No longer free")
        ASKED = "asked", _("Asked the operator for it")
        NOT_ASKED = "not-asked", _("Free, but could not be asked for")
        REJECTED = "rejected", _("Not booked; waiting goes on")
        FULFILLED = "fulfilled", _("Booked")
        ENDED = "ended", _("Ended without a booking")
        CANCELLED = "cancelled", _("Cancelled")

    wish = models.ForeignKey(Wish, on_delete=models.CASCADE, related_name="events")
    at = models.DateTimeField(_("when"), default=timezone.now)
    what = models.CharField(_("what"), max_length=16, choices=What)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    offer = models.ForeignKey(
        Offer, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    note = models.CharField(_("note"), max_length=1000, blank=True)

    class Meta:
        verbose_name = _("event of a wish")
        verbose_name_plural = _("history of wishes")
        ordering = ["at", "id"]
