"""What a tariff says that something costs when the clock on the site's wall says this or that."""

from dataclasses import dataclass
from datetime import datetime, tzinfo
from fractions import Fraction
from functools import lru_cache
from typing import Any

from sandbox.world.power import Rate
from sandbox.world.tariffs import Tariff

MINUTES_A_DAY = 24 * 60
DAY_NIGHT, MARKET, OPTIMISED = (
    "duration+energy time of day",
    "energy tou",
    "optimised dynamic pricing",
)
# By the kind of a fee: where it stands, alone and by day and night.
ALWAYS = {
    "connection": "connectionFee",
    "energy": "pricePerKwh",
    "duration": "pricePerPeriod",
    "idle": "idleFeePerMinute",
}
BY_DAY_AND_NIGHT = {
    "energy": ("dayPricePerKwh", "nightPricePerKwh"),
    "duration": ("dayPricePerPeriod", "nightPricePerPeriod"),
    "idle": ("dayIdleFeePerMinute", "nightIdleFeePerMinute"),
}
# By the type of a tariff: which fees stay what they are when a session begins, and what says so.
LOCKS = {
    DAY_NIGHT: {"energy": "lockPriceOnSessionStart", "duration": "lockPriceOnSessionStart"},
    MARKET: {"energy": "lockPriceOnSessionStart"},
    "standard_tod": {
        "energy": "lockEnergyPriceOnSessionStart",
        "duration": "lockDurationPriceOnSessionStart",
        "idle": "lockIdlePriceOnSessionStart",
    },
}
# From when until when there are fees of a kind at all.
HOURS = {
    "duration": ("durationFeeFrom", "durationFeeTo"),
    "idle": ("idleFeePeriodStart", "idleFeePeriodEnd"),
}


@dataclass(frozen=True, slots=True)
class Fees:
    """The fees of a tariff for a session that began at `started_at`, in a zone."""

    tariff: Tariff
    pricing: dict[str, Any]
    started_at: datetime
    zone: tzinfo
    rate: Rate | None = None

    def of(self, kind: str, at: datetime) -> Fraction:
        """Return the fee of a kind for what begins at an instant, or is drawn then."""
        if kind in HOURS and not self.is_time_for(kind, at):
            return Fraction(0)
        lock = LOCKS.get(self.tariff.type, {}).get(kind)
        local = (self.started_at if lock and self.pricing.get(lock) else at).astimezone(self.zone)
        by_period = self._by_period(kind, local)
        if by_period is not None:
            return by_period
        if self.tariff.type == DAY_NIGHT and kind in BY_DAY_AND_NIGHT:
            is_day = _is_within(local, self.tariff.day_start, self.tariff.night_start)
            return exact(self.pricing.get(BY_DAY_AND_NIGHT[kind][0 if is_day else 1]))
        if kind == "energy" and self.tariff.type in {MARKET, OPTIMISED}:
            return self._market(local)
        return exact(self.pricing.get(ALWAYS[kind]))

    def varies(self, kind: str) -> bool:
        """Return whether a fee of a kind may be another one at another time."""
        return self.tariff.type in {DAY_NIGHT, MARKET, OPTIMISED, "standard_tod"} or any(
            self.pricing.get(key) for key in HOURS.get(kind, ())
        )

    def told(self, name: str, at: datetime) -> Any:
        """Return what the pricing has under a name, or what goes instead on the day of then."""
        instead = self._of_day(at.astimezone(self.zone)).get(name)
        return self.pricing.get(name) if instead is None else instead

    def is_time_for(self, kind: str, at: datetime) -> bool:
        """Return whether there are fees of a kind at that time of day."""
        begin, end = (self.pricing.get(key) for key in HOURS[kind])
        return (not begin and not end) or _is_within(at.astimezone(self.zone), begin, end)

    def _by_period(self, kind: str, local: datetime) -> Fraction | None:
        for prices in (self._of_day(local), self.pricing):
            fees = prices.get("pricePeriods", {}).get(f"{kind}FeePeriods", {}).get("fee")
            if fees:
                return exact(fees[self._period(local)])
        return None

    def _period(self, local: datetime) -> int:
        return next(
            number
            for number, each in enumerate(self.pricing["timePeriods"])
            if _is_within(local, each["startTime"], each["endTime"])
        )

    def _of_day(self, local: datetime) -> dict[str, Any]:
        days: list[dict[str, Any]] = self.pricing.get("daysWhenApplied", [])
        # It is asked about each minute of each session.
        if not days:
            return {}
        date, weekday = local.date().isoformat(), f"{local:%A}".lower()
        dated = [day for day in days if date in day.get("specialDates", ())]
        named = [day for day in days if day.get("name", "").lower() == weekday]
        return next(iter(dated + named), {})

    def _market(self, local: datetime) -> Fraction:
        """Return what a kWh costs by what electricity costs."""
        price = _rate_at(self.rate, local)
        threshold = self.pricing.get("thresholdPriceForEnergy")
        if self.tariff.type == OPTIMISED:
            is_cheap = threshold is not None and price <= exact(threshold)
            return exact(self.pricing.get("priceForEnergyWhenOptimized")) if is_cheap else price
        markup = exact(self.pricing.get("markupPercentagePerKwh")) / 100
        return price * (1 + markup) + exact(self.pricing.get("markupFixedFeePerKwh"))


@lru_cache(maxsize=4096)
def exact(price: float | str | None) -> Fraction:
    """Return a price as it is written: 0.1 is a tenth."""
    return Fraction(str(price or 0))


def _rate_at(rate: Rate | None, local: datetime) -> Fraction:
    if rate is None:
        return Fraction(0)
    for day in rate.days:
        if day["weekDay"] in {"any", f"{local:%A}".lower()}:
            for period in day["periods"]:
                if _is_within(local, period["startsAt"], period["endsAt"]):
                    return exact(period["price"])
    return exact(rate.default_price)


def _is_within(local: datetime, begin: str | None, end: str | None) -> bool:
    """Return whether it is within a part of the day, which may go over midnight."""
    minute, begins = local.hour * 60 + local.minute, _minute(begin or "00:00")
    ends = _minute(end or "00:00") or MINUTES_A_DAY
    if begins < ends:
        return begins <= minute < ends
    return minute >= begins or minute < ends


@lru_cache(maxsize=4096)
def _minute(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)
