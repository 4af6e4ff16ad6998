"""The simulated operator and the portal reckon prices apart, and come to the same to the cent."""

from datetime import UTC, datetime, timedelta
from decimal import ROUND_DOWN, Context, Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import assume, given
from hypothesis import strategies as st

from sandbox.prices.charge import Charge, share
from sandbox.prices.fees import Fees
from sandbox.prices.reckoning import parts_of
from sandbox.world.tariffs import Tariff
from tests.tariffs.made import made, reckon

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
ZONES = ("Europe/Paris", "America/New_York", "Australia/Adelaide", "Asia/Kathmandu")
PERIODS = (1, 15, 30, 60, 240, 360)
FEES = st.integers(0, 300_000).map(lambda each: each / 100_000)
CLOCK = st.integers(0, 95).map(lambda each: f"{each // 4:02}:{each % 4 * 15:02}")
SECONDS = st.integers(0, 366 * 86_400)


def maybe(pricing: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=pricing)


START = {
    "connectionFee": FEES,
    "connectionFeeMinimumSessionDuration": st.integers(0, 90),
    "connectionFeeMinimumSessionEnergy": st.integers(0, 30),
    "minPrice": st.sampled_from([0.5, 1, 7.5, 20]),
}
TIME = {
    "pricePeriodInMinutes": st.sampled_from(PERIODS),
    "durationFeeGracePeriod": st.integers(0, 90),
    "durationFeeLimit": st.sampled_from([0, 0.75, 4, 10.005]),
    "durationFeeFrom": CLOCK,
    "durationFeeTo": CLOCK,
}
IDLE = {
    "idlePricingPeriodInMinutes": st.sampled_from(PERIODS),
    "idleFeeGracePeriodMinutes": st.integers(0, 60),
    "idleFeeLimit": st.sampled_from([0, 0.5, 3, 10.005]),
    "idleFeePeriodStart": CLOCK,
    "idleFeePeriodEnd": CLOCK,
}


@st.composite
def levels(draw: st.DrawFn, unit: str) -> list[dict[str, Any]]:
    ends = sorted(draw(st.sets(st.integers(1, 12), max_size=3)))
    step = 0 if unit == "Kwh" else 1
    firsts = [0, *(end + step for end in ends)]
    return [
        {
            f"first{unit}": first,
            f"last{unit}": last,
            f"feePer{unit}": draw(FEES),
            "flatFee": draw(st.sampled_from([0, 0, 0.5, 2.25])),
        }
        for first, last in zip(firsts, [*ends, None], strict=True)
    ]


@st.composite
def by_period(draw: st.DrawFn) -> dict[str, Any]:
    cuts = sorted(draw(st.sets(st.integers(1, 95), max_size=3)))
    clocks = ["00:00", *(f"{each // 4:02}:{each % 4 * 15:02}" for each in cuts), "00:00"]
    periods = list(pairwise(clocks))

    def fees() -> dict[str, Any]:
        return {
            f"{kind}FeePeriods": {"fee": [draw(FEES) for _ in periods]}
            for kind in ("connection", "energy", "duration", "idle")
        }

    day = draw(st.sampled_from(["monday", "saturday", "sunday"]))
    dates = draw(st.sampled_from([[], ["2025-03-30"], ["2025-10-26", "2025-11-02"]]))
    weekly = draw(maybe({"pricePeriodInMinutes": st.sampled_from(PERIODS)}))
    days = [
        {"name": day, "specialDates": [], "pricePeriods": fees()} | weekly,
        {"name": "", "specialDates": dates, "pricePeriods": fees()},
    ]
    return {
        "timePeriods": [{"startTime": begin, "endTime": end} for begin, end in periods],
        "pricePeriods": fees(),
        "daysWhenApplied": days[: draw(st.integers(0, 2)) if dates else 1],
    }


LOCK = st.booleans()
LEVELS = {
    "multiPricePerKwh": levels("Kwh"),
    "multiPricePerDuration": levels("Unit"),
    "multiIdleFee": levels("Unit"),
}
BY_DAY = {
    f"{half}{name}": FEES
    for half in ("day", "night")
    for name in ("PricePerKwh", "PricePerPeriod", "IdleFeePerMinute")
}
ALONE = {"pricePerKwh": FEES, "pricePerPeriod": FEES, "idleFeePerMinute": FEES}
OF_ALL = START | TIME | IDLE
PRICINGS = {
    "flat rate": st.fixed_dictionaries({"pricePerSession": FEES}),
    "duration+energy": maybe(OF_ALL | ALONE),
    "duration+energy time of day": st.builds(
        dict.__or__,
        st.fixed_dictionaries(BY_DAY),
        maybe(OF_ALL | {"lockPriceOnSessionStart": LOCK}),
    ),
    "standard": maybe(OF_ALL | ALONE | LEVELS),
    "standard_tod": st.builds(
        dict.__or__,
        by_period(),
        maybe(
            OF_ALL
            | {f"lock{kind}PriceOnSessionStart": LOCK for kind in ("Energy", "Duration", "Idle")}
        ),
    ),
    "average power levels": st.builds(
        dict.__or__,
        st.just(
            {
                "averagePowerLevels": [
                    {"averagePowerUpToKw": 11, "pricePerMinute": 0.125},
                    {"averagePowerUpToKw": 50, "pricePerMinute": 0.25},
                ]
            }
        ),
        maybe(START),
    ),
    "peak power levels": st.builds(
        dict.__or__,
        st.just(
            {
                "peakPowerLevels": [
                    {
                        "peakPowerUpToKw": most,
                        "regularPricePerMinute": usual,
                        "excessUsePricePerMin": excess,
                    }
                    for most, usual, excess in ((11, 0.1, 0.3), (50, 0.205, 0.45))
                ]
            }
        ),
        maybe(START | {"regularUsePeriod": st.integers(0, 120)}),
    ),
}
TARIFFS = st.sampled_from(sorted(PRICINGS)).flatmap(
    lambda kind: st.tuples(st.just(kind), PRICINGS[kind], CLOCK, CLOCK)
)
# What a charge is: when it begins, for how many seconds it draws and then stands there, how much.
CHARGES = st.tuples(
    st.sampled_from(ZONES),
    SECONDS,
    st.integers(60, 6 * 3600),
    st.one_of(st.just(0), st.integers(1, 6 * 3600)),
    st.integers(1, 90_000),
)
BEGINNING = datetime(2025, 1, 1, tzinfo=UTC)


@given(tariff=TARIFFS, told=CHARGES)
def test_what_is_estimated_for_what_was_charged_is_what_it_costs(tariff, told):
    kind, pricing, day, night = tariff
    name, since, draws, stands, wh = told
    assume(kind != "duration+energy time of day" or day != night)
    start = BEGINNING + timedelta(seconds=since)
    full_at = start + timedelta(seconds=draws)
    end = full_at + timedelta(seconds=stands)
    kwh = Fraction(wh, 1000)

    theirs = Tariff(1, "T", kind, "EUR", [pricing], start, day_start=day, night_start=night)
    charge = Charge(
        start,
        full_at,
        end,
        lambda at: kwh * share(at - start, full_at - start),
        kwh * share(HOUR, full_at - start),
        ZoneInfo(name),
    )
    parts = parts_of(Fees(theirs, pricing, start, charge.zone), charge)

    ours = made(kind, more={"dayTariffStart": day, "nightTariffStart": night}, **pricing)
    need = {"energy": Decimal(wh) / 1000, "power": kw(wh, draws)}
    found = reckon(ours, start, end, zone=charge.zone, **need)
    assume(not found.why_not)
    assert found.total == sum(part.price for part in parts), (found.parts, parts)


def kw(wh: int, seconds: int) -> Decimal:
    """Return the power with which so much is drawn in so long, a trace less rather than more."""
    return Context(prec=26, rounding=ROUND_DOWN).divide(
        Decimal(wh) * Decimal("3.6"), Decimal(seconds)
    )
