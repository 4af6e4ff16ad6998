"""The sessions of AMPECO and the payments for them, mirrored."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from bookings.models import Booking
from charging.models.cost_centres import CostCentre
from drivers.models import Driver, Fleet
from sites.models import Evse, Location
from vehicles.models import Vehicle


class Session(models.Model):
    """A charge by a driver of a fleet, booked or not; energy in kWh, instants in UTC.

    `ChargingSession` is what a booking's page follows minute by minute; this is the record that
    accounts are made of. Amounts are those that AMPECO gives, rounded to the minor unit of their
    currency, so that sums agree to the cent with their parts; None where nothing is known yet.
    `local_day` is the day on which it began, on the clock of its site. A session whose driver
    drove for several fleets belongs to that of its booking, or else to the one its vehicle or the
    partner of its charger says.
    """

    class Status(models.TextChoices):
        PENDING = "pending", _("Starting")
        ACTIVE = "active", _("Charging")
        FINISHED = "finished", _("Finished")
        FAILED = "failed", _("Failed")
        EXPIRED = "expired", _("Expired")
        UNKNOWN = "unknown", _("Unknown")

    ENDED = frozenset({Status.FINISHED, Status.FAILED, Status.EXPIRED})

    class Payment(models.TextChoices):
        """Whether it is paid: only a finalized transaction says so."""

        OPEN = "open", _("Not yet billed")
        PENDING = "pending", _("Payment pending")
        PAID = "paid", _("Paid")
        PARTLY = "partly", _("Partly paid")
        FAILED = "failed", _("Payment failed")
        REFUNDED = "refunded", _("Refunded")
        FREE = "free", _("Free of charge")

    # AMPECO gives it as a text.
    ampeco_id = models.CharField(_("AMPECO session id"), max_length=64, unique=True)
    fleet = models.ForeignKey(
        Fleet, on_delete=models.PROTECT, db_index=False, related_name="sessions"
    )
    driver = models.ForeignKey(
        Driver, on_delete=models.PROTECT, db_index=False, related_name="sessions"
    )
    # None where it was charged at another operator's, or at a charger that is not mirrored.
    evse = models.ForeignKey(
        Evse, on_delete=models.PROTECT, null=True, blank=True, related_name="sessions"
    )
    location = models.ForeignKey(
        Location, on_delete=models.PROTECT, null=True, blank=True, db_index=False, related_name="+"
    )
    vehicle = models.ForeignKey(
        Vehicle, on_delete=models.PROTECT, null=True, blank=True, related_name="sessions"
    )
    booking = models.ForeignKey(
        Booking, on_delete=models.SET_NULL, null=True, blank=True, related_name="sessions"
    )
    cost_centre = models.ForeignKey(
        CostCentre, on_delete=models.PROTECT, null=True, blank=True, related_name="sessions"
    )
    # Whether a person said so: then the mirror leaves vehicle and cost centre alone.
    assigned_by_hand = models.BooleanField(default=False, db_default=False, editable=False)
    reference = models.CharField(_("reference"), max_length=64, blank=True)

    status = models.CharField(_("status"), max_length=16, choices=Status, default=Status.UNKNOWN)
    stop_reason = models.CharField(_("why it ended"), max_length=64, blank=True)
    started_at = models.DateTimeField(_("started"))
    stopped_at = models.DateTimeField(_("stopped"), null=True, blank=True)
    local_day = models.DateField(_("day"))
    energy_kwh = models.DecimalField(
        _("energy (kWh)"), max_digits=12, decimal_places=3, null=True, blank=True
    )
    peak_kw = models.DecimalField(
        _("highest power (kW)"), max_digits=8, decimal_places=2, null=True, blank=True
    )
    amount = models.DecimalField(
        _("cost with tax"), max_digits=14, decimal_places=4, null=True, blank=True
    )
    amount_without_tax = models.DecimalField(
        _("cost without tax"), max_digits=14, decimal_places=4, null=True, blank=True
    )
    tax_percent = models.DecimalField(
        _("tax (%)"), max_digits=6, decimal_places=3, null=True, blank=True
    )
    currency = models.CharField(_("currency"), max_length=3, blank=True)
    # As AMPECO gives it, each {type, unit, quantity, price_per_unit, price, price_without_tax,
    # tax_percent}, numbers as texts.
    price_breakdown = models.JSONField(_("price breakdown"), default=list, blank=True)
    billing_status = models.CharField(_("billing"), max_length=16, blank=True)
    payment = models.CharField(_("payment"), max_length=16, choices=Payment, default=Payment.OPEN)
    # Of a card's number only the end is kept.
    id_tag_end = models.CharField(_("card"), max_length=8, blank=True)
    ampeco_tariff_snapshot_id = models.BigIntegerField(null=True, blank=True)
    ampeco_receipt_id = models.BigIntegerField(null=True, blank=True)
    ampeco_updated_at = models.DateTimeField(_("changed upstream"), null=True, blank=True)
    synced_at = models.DateTimeField(_("last read"))

    class Meta:
        verbose_name = _("session")
        verbose_name_plural = _("sessions")
        indexes = [
            models.Index(fields=["fleet", "-started_at", "-id"], name="session_of_fleet"),
            models.Index(fields=["driver", "-started_at"], name="session_of_driver"),
            models.Index(
                fields=["started_at"],
                condition=Q(status__in=["pending", "active", "unknown"]),
                name="session_under_way",
            ),
        ]

    @property
    def has_ended(self) -> bool:
        return self.status in self.ENDED or self.stopped_at is not None


class Transaction(models.Model):
    """A payment for a session, as AMPECO tells it. Only what is finalized is paid."""

    class Status(models.TextChoices):
        INITIALIZED = "initialized", _("Begun")
        AUTHORIZED = "authorized", _("Authorised")
        PENDING = "pending", _("Pending")
        FINALIZED = "finalized", _("Paid")
        FAILED = "failed", _("Failed")
        REVERSED = "reversed", _("Reversed")
        REFUNDED = "refunded", _("Refunded")
        UNKNOWN = "unknown", _("Unknown")

    ampeco_id = models.BigIntegerField(_("AMPECO id"), unique=True)
    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="transactions")
    number = models.CharField(_("number"), max_length=64, blank=True)
    status = models.CharField(_("status"), max_length=16, choices=Status)
    made_at = models.DateTimeField(_("date"))
    finalized_at = models.DateTimeField(_("finalized"), null=True, blank=True)
    amount = models.DecimalField(_("amount"), max_digits=14, decimal_places=4, null=True)
    currency = models.CharField(_("currency"), max_length=3)
    invoice_number = models.CharField(_("invoice"), max_length=64, blank=True)
    ampeco_receipt_id = models.BigIntegerField(null=True, blank=True)
    ampeco_updated_at = models.DateTimeField(_("changed upstream"), null=True, blank=True)

    class Meta:
        verbose_name = _("transaction")
        verbose_name_plural = _("transactions")


class MonthChange(models.Model):
    """Says that a month of a fleet, by its first day, has to be summed anew.

    Written in the transaction that changes one of its sessions; `version` rises with each change,
    so that a sum that was made meanwhile does not take the mark away.
    """

    fleet = models.ForeignKey(Fleet, on_delete=models.CASCADE, db_index=False, related_name="+")
    month = models.DateField(_("month"))
    version = models.PositiveIntegerField(default=1)

    class Meta:
        verbose_name = _("month to be summed")
        verbose_name_plural = _("months to be summed")
        constraints = [models.UniqueConstraint(fields=["fleet", "month"], name="month_change_once")]
