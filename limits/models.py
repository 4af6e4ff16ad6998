"""What fleets may book: set by staff for one fleet or all, or by a fleet's admins for their own."""

from decimal import Decimal
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from drivers.models import Fleet
from sites.models import Evse, Location

WEEKDAYS = "0123456"


class Limit(models.Model):
    """One rule. All rules that concern a booking hold at once, so each can only take away.

    Of the time windows of one place that the same side has set, a booking needs to lie in one.
    """

    class Kind(models.TextChoices):
        AT_A_TIME = "at-a-time", _("Bookings at the same time")
        PER_DAY = "per-day", _("Bookings a day")
        HOURS_PER_DAY = "hours-per-day", _("Hours a day")
        HOURS_PER_WEEK = "hours-per-week", _("Hours a week")
        LONGEST = "longest", _("Longest booking")
        NOTICE = "notice", _("Lead time")
        WINDOW = "window", _("Time window")
        BLACKOUT = "blackout", _("Blackout")

    COUNTS_BOOKINGS = frozenset({Kind.AT_A_TIME, Kind.PER_DAY})
    IN_HOURS = frozenset({Kind.HOURS_PER_DAY, Kind.HOURS_PER_WEEK, Kind.LONGEST, Kind.NOTICE})

    fleet = models.ForeignKey(
        Fleet,
        on_delete=models.CASCADE,
        related_name="limits",
        null=True,
        blank=True,
        verbose_name=_("fleet"),
        help_text=_("Empty: for each fleet by itself."),
    )
    by_fleet = models.BooleanField(
        _("set by the fleet"),
        default=False,
        db_default=False,
        editable=False,
        help_text=_("Its admins have set it for their own fleet."),
    )
    kind = models.CharField(_("kind"), max_length=16, choices=Kind)
    most = models.DecimalField(
        _("number or hours"),
        max_digits=6,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(Decimal(0)), MaxValueValidator(Decimal(9999))],
        help_text=_(
            "How many bookings; or how many hours, also for the longest booking and for how long "
            "before the start it must be booked. In quarter hours, such as 1.5."
        ),
    )
    weekdays = models.CharField(
        _("days"),
        max_length=7,
        blank=True,
        help_text=_("Of a time window: on which days it begins."),
    )
    begins = models.TimeField(
        _("from"), null=True, blank=True, help_text=_("Of a time window, by the site's clocks.")
    )
    ends = models.TimeField(
        _("to"),
        null=True,
        blank=True,
        help_text=_("Of a time window; not after its beginning means on the next day."),
    )
    start_at = models.DateTimeField(
        _("start"), null=True, blank=True, help_text=_("Of a blackout.")
    )
    end_at = models.DateTimeField(_("end"), null=True, blank=True, help_text=_("Of a blackout."))
    location = models.ForeignKey(
        Location,
        on_delete=models.CASCADE,
        related_name="limits",
        null=True,
        blank=True,
        verbose_name=_("site"),
        help_text=_("Empty: at all sites together."),
    )
    evses = models.ManyToManyField(
        Evse,
        related_name="limits",
        blank=True,
        verbose_name=_("chargers"),
        help_text=_("A group of chargers at the site. Empty: all of them."),
    )
    note = models.CharField(
        _("why"), max_length=120, blank=True, help_text=_("Fleets read it beside the rule.")
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("booking rule")
        verbose_name_plural = _("booking rules")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(by_fleet=False) | Q(fleet__isnull=False), name="own_limit_names_fleet"
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} #{self.pk}" if self.pk else str(self.get_kind_display())

    def clean(self) -> None:
        """Say beside each field what the kind of rule lacks; empty what it has no use for."""
        kind = self.kind
        problems: dict[str, str] = {}
        if kind in self.COUNTS_BOOKINGS | self.IN_HOURS:
            problems |= self._wrong_number()
        else:
            self.most = None
        if kind == self.Kind.WINDOW:
            problems |= self._wrong_window()
        else:
            self.weekdays, self.begins, self.ends = "", None, None
        if kind == self.Kind.BLACKOUT:
            problems |= self._wrong_blackout()
        else:
            self.start_at = self.end_at = None
        if problems:
            raise ValidationError(problems)

    def _wrong_number(self) -> dict[str, str]:
        most = self.most
        if most is None:
            return {"most": gettext("Please enter a number.")}
        if self.kind in self.COUNTS_BOOKINGS:
            if most != most.to_integral_value():
                return {"most": gettext("Please enter a whole number of bookings.")}
        elif most * 4 % 1:
            return {"most": gettext("Please enter hours in quarters, such as 1.25 or 1.5.")}
        elif not most:
            return {"most": gettext("Please enter more than 0 hours.")}
        return {}

    def _wrong_window(self) -> dict[str, str]:
        problems = {
            name: gettext("Please enter a time.")
            for name in ("begins", "ends")
            if getattr(self, name) is None
        }
        if not self.weekdays or set(self.weekdays) - set(WEEKDAYS):
            problems["weekdays"] = gettext("Please pick at least one day.")
        return problems

    def _wrong_blackout(self) -> dict[str, str]:
        problems = {
            name: gettext("Please enter a day and a time.")
            for name in ("start_at", "end_at")
            if getattr(self, name) is None
        }
        if not problems and self.end_at <= self.start_at:  # type: ignore[operator]
            problems["end_at"] = gettext("The end must be after the start.")
        if self.location is None:
            problems["location"] = gettext("Please pick the site where nothing can be booked.")
        return problems


def not_at(location: Location | None, evses: Any) -> str:
    """Return what is wrong with a group of chargers; nothing where all stand at the site."""
    if not evses:
        return ""
    if location is None:
        return gettext("Please pick the site of these chargers, too.")
    if any(evse.charge_point.location_id != location.pk for evse in evses):
        return gettext("All chargers of a rule must stand at its site.")
    return ""
