"""What stands in the way of each date of a series now: by the rules of bookings, in a few calls."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from django.utils import timezone
from django.utils.translation import gettext as _

from bookings.actions.candidate import Candidate, Slot, first_refusal
from bookings.actions.limits import breaches_in_order
from bookings.actions.together import read_together
from bookings.models import Booking
from drivers.models import Driver
from drivers.permissions import current_drivers
from series.days.public_holidays import holiday_names
from series.days.rhythm import Occurrence
from series.models import Series, excluded_days
from sites.selectors import Criteria
from sites.slots.availability import AvailabilityUnknown
from sites.slots.prices.price import Price
from sites.slots.rules import last_instant, notice

# How old the operator's answer may be while somebody only looks.
LOOKING_SECONDS = 60


class Verdict(StrEnum):
    """What would become of a date that is asked for now."""

    FREE = "free"
    # The operator does not say now; it is looked at again before it is sent.
    NOT_SAID = "not-said"
    NOT_FREE = "not-free"
    BEYOND_HORIZON = "beyond-horizon"
    PASSED = "passed"
    EXCLUDED = "excluded"
    BOOKED = "booked"


@dataclass(slots=True)
class DateCheck:
    """A date and what would become of it; `text` says why, `remarks` keep it from nothing."""

    occurrence: Occurrence
    verdict: Verdict
    text: str = ""
    remarks: list[str] = field(default_factory=list)
    candidate: Candidate | None = None
    booked: Booking | None = None

    @property
    def day(self) -> date:
        return self.occurrence.day

    @property
    def price(self) -> Price | None:
        return self.candidate.price if self.candidate else None

    @property
    def will_be_asked(self) -> bool:
        return self.verdict in {Verdict.FREE, Verdict.NOT_SAID}


def driver_of(series: Series) -> Driver | None:
    """Return who drives: whom the series names, or who usually drives its vehicle."""
    if series.driver:
        return series.driver
    if series.vehicle is None or series.vehicle.usual_driver_id is None:
        return None
    return current_drivers(series.fleet).filter(pk=series.vehicle.usual_driver_id).first()


def left_out(series: Series, days: Iterable[date]) -> dict[date, str]:
    """Return why days are left out, by day: public holidays, and what people excluded."""
    days = list(days)
    names = holiday_names(series.location.country, days) if series.without_holidays else {}
    by_hand = excluded_days(series)
    reasons = {day: _("Left out by you.") for day in days if day in by_hand}
    text = _("Public holiday: %(name)s.")
    return reasons | {day: text % {"name": name} for day, name in names.items()}


def check_series(
    series: Series, *, now: datetime | None = None, answer_age: float = LOOKING_SECONDS
) -> list[DateCheck]:
    """Return what would become of each date of a series, which need not be saved yet."""
    days = list(series.rhythm.days())
    excluded = left_out(series, days)
    checks = check_days(
        series, [day for day in days if day not in excluded], now=now, answer_age=answer_age
    )
    for day, reason in excluded.items():
        occurrence = series.rhythm.occurrence(day, series.zone)
        checks.append(DateCheck(occurrence, Verdict.EXCLUDED, reason))
    return sorted(checks, key=lambda check: check.day)


def check_days(
    series: Series,
    days: Sequence[date],
    *,
    now: datetime | None = None,
    answer_age: float = LOOKING_SECONDS,
) -> list[DateCheck]:
    """Return what would become of these dates; asks the operator about each week once at most.

    Days beyond the operator's horizon cost no call.
    """
    now = now or timezone.now()
    driver = driver_of(series)
    checks = [_check(series, day, driver=driver, now=now, answer_age=answer_age) for day in days]
    open_ones = [check for check in checks if check.candidate]
    read_together(series.fleet, [each.candidate for each in open_ones if each.candidate], now=now)
    for check in open_ones:
        _by_the_rules(check)
    keep_within_limits(open_ones)
    return checks


def keep_within_limits(checks: Iterable[DateCheck]) -> None:
    """Refuse what is one too many for the fleet's limits as they are now, after the dates before
    it.
    """
    asked = [check for check in checks if check.will_be_asked and check.candidate]
    candidates = [check.candidate for check in asked if check.candidate]
    for check, problem in zip(asked, breaches_in_order(candidates), strict=True):
        if problem:
            check.verdict, check.text = Verdict.NOT_FREE, problem


def _check(
    series: Series, day: date, *, driver: Driver | None, now: datetime, answer_age: float
) -> DateCheck:
    occurrence = series.rhythm.occurrence(day, series.zone)
    remarks = [occurrence.remark] if occurrence.remark else []
    if occurrence.period is None:
        return DateCheck(occurrence, Verdict.NOT_FREE, occurrence.remark)
    if occurrence.start_at < now + notice():
        return DateCheck(occurrence, Verdict.PASSED, _("This start time has passed."), remarks)
    if occurrence.end_at > last_instant(now):
        text = _("It is asked for as soon as the operator takes bookings for it.")
        return DateCheck(occurrence, Verdict.BEYOND_HORIZON, text, remarks)
    if driver is None:
        text = _("Nobody drives: the operator needs a driver for each booking.")
        return DateCheck(occurrence, Verdict.NOT_FREE, text, remarks)
    slot = Slot(series.location, series.evse, Criteria(), occurrence.start_at, occurrence.end_at)
    candidate = Candidate(
        series.fleet,
        slot,
        driver,
        vehicle=series.vehicle,
        confirmed_overlap=series.may_overlap,
        now=now,
        answer_age=answer_age,
    )
    return DateCheck(occurrence, Verdict.FREE, "", remarks, candidate)


def _by_the_rules(check: DateCheck) -> None:
    candidate = check.candidate
    assert candidate is not None
    check.booked = candidate.booked_already
    if check.booked:
        check.verdict, check.text = Verdict.BOOKED, _("Your fleet has asked for this already.")
        return
    refusal = first_refusal(candidate)
    if refusal and refusal.field == "misfit":
        # Who made the series knows: it was said when they did.
        check.remarks.append(refusal.message)
        candidate.confirmed_misfit = True
        refusal = first_refusal(candidate)
    if refusal:
        check.verdict, check.text = Verdict.NOT_FREE, refusal.message
    elif isinstance(candidate.known_free, AvailabilityUnknown) or candidate.known_free is None:
        check.verdict = Verdict.NOT_SAID
        check.text = _("The operator does not say now. It is looked at again before it is sent.")
