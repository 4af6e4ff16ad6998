"""What slots cost by tariffs of each type, against sums done by hand.

Unless said otherwise a vehicle takes 20 kWh at 10 kW: it is full after 2 hours.
"""

from decimal import Decimal

import pytest

from tariffs.engine import Tax
from tests.tariffs.made import made, parts, reckon

MORNING, NOON, FOUR = "2026-03-02T08:00", "2026-03-02T12:00", "2026-03-02T16:00"


def money(text: str) -> Decimal:
    return Decimal(text)


def test_free():
    found = reckon(made("free"), MORNING, NOON)
    assert (found.total, found.parts, found.why_not) == (0, (), "")


def test_charging_not_allowed():
    found = reckon(made("charging not allowed"), MORNING, NOON)
    assert found.total is None
    assert found.may_not_charge
    assert found.why_not == "This driver may not charge here."


def test_flat_rate():
    found = reckon(made("flat rate", pricePerSession=5.5, pricePerKwh=9), MORNING, NOON)
    assert parts(found) == {"flat": money("5.50")}
    assert found.total == money("5.50")


def test_energy_alone():
    # 20 kWh x 0.395 = 7.90
    found = reckon(made("duration+energy", pricePerKwh=0.395), MORNING, NOON)
    assert parts(found) == {"energy": money("7.90")}


def test_all_of_duration_and_energy():
    tariff = made(
        "duration+energy",
        connectionFee=1.5,
        pricePerKwh=0.39,
        pricePeriodInMinutes=30,
        pricePerPeriod=0.25,
        idleFeePerMinute=0.02,
        idleFeeGracePeriodMinutes=30,
    )
    found = reckon(tariff, MORNING, NOON)
    assert parts(found) == {
        "start": money("1.50"),
        "energy": money("7.80"),  # 20 x 0.39
        "time": money("1.00"),  # 2 h are 4 half hours x 0.25
        "idle": money("1.80"),  # 2 h less 30 min are 90 min x 0.02
    }
    assert found.total == money("12.10")  # 1.50 + 7.80 + 1.00 + 1.80
    assert found.assumptions == (
        "20.0 kWh at 10 kW.",
        "Charged until 10:00, then the vehicle stands there for 2 h.",
    )


@pytest.mark.parametrize(
    ("energy", "periods"),
    [
        (5, 2),  # 30 min: exactly two quarters
        ("5.01", 3),  # a little more: the third has begun
        (0, 0),
        ("0.001", 1),
    ],
)
def test_period_that_has_begun_counts_whole(energy, periods):
    tariff = made("duration+energy", pricePeriodInMinutes=15, pricePerPeriod=1)
    found = reckon(tariff, MORNING, NOON, energy=energy)
    assert found.total == periods


@pytest.mark.parametrize(
    ("grace", "periods"),
    [(0, 8), (15, 7), (20, 7), (119, 1), (120, 0), (600, 0)],
)
def test_grace_of_time(grace, periods):
    # 120 min less the grace, in quarters that have begun.
    tariff = made(
        "duration+energy",
        pricePeriodInMinutes=15,
        pricePerPeriod=1,
        durationFeeGracePeriod=grace,
    )
    assert reckon(tariff, MORNING, NOON).total == periods


def test_limit_of_time_fees():
    tariff = made("duration+energy", pricePeriodInMinutes=1, pricePerPeriod=0.1, durationFeeLimit=5)
    # 120 x 0.10 = 12.00, but at most 5.00
    assert reckon(tariff, MORNING, NOON).total == 5


def test_time_fees_within_hours():
    tariff = made(
        "duration+energy",
        pricePeriodInMinutes=15,
        pricePerPeriod=1,
        durationFeeFrom="09:00",
        durationFeeTo="09:30",
    )
    # Of the quarters that begin between 8 and 10 two begin from 9:00 until 9:30.
    assert reckon(tariff, MORNING, NOON).total == 2


def test_locked_price_is_for_the_hours_that_have_one():
    tariff = made(
        "duration+energy time of day",
        more=HOURS,
        lockPriceOnSessionStart=True,
        durationFeeFrom="09:00",
        durationFeeTo="10:00",
        **DAY_NIGHT,
    )
    found = reckon(tariff, MORNING, NOON)
    # It begins at 8, when there are no time fees yet; of the hours one begins from 9 until 10.
    assert parts(found) == {"energy": money("8.00"), "time": money("1.00"), "idle": money("2.40")}


def test_time_fees_within_hours_over_midnight():
    tariff = made(
        "duration+energy",
        pricePeriodInMinutes=60,
        pricePerPeriod=1,
        durationFeeFrom="22:00",
        durationFeeTo="06:00",
    )
    # 60 kWh at 10 kW from 20:00 take until 2:00: hours begin at 22, 23, 0 and 1.
    found = reckon(tariff, "2026-03-02T20:00", "2026-03-03T08:00", energy=60)
    assert found.total == 4


@pytest.mark.parametrize(
    ("start", "end", "fee"),
    [
        # Full at 10:00; stands from 10:00 until 12:00, of which 11:00 to 12:00 is within the hours.
        (MORNING, NOON, "6.00"),  # 60 x 0.10
        # Full at 18:00, when the hours are over.
        (FOUR, "2026-03-02T20:00", "0"),
        # Full at 22:00, and the next morning there are the hours again: 11:00 to 11:30.
        ("2026-03-02T20:00", "2026-03-03T11:30", "3.00"),  # 30 x 0.10
    ],
)
def test_idle_fees_within_hours(start, end, fee):
    tariff = made(
        "duration+energy",
        idleFeePerMinute=0.1,
        idleFeePeriodStart="11:00",
        idleFeePeriodEnd="15:00",
    )
    assert reckon(tariff, start, end).total == money(fee)


def test_idle_fee_counts_together_and_has_a_limit():
    tariff = made("duration+energy", idleFeePerMinute=0.01, idlePricingPeriodInMinutes=60)
    # 90 min are two hours that have begun: 2 x 60 x 0.01
    assert reckon(tariff, MORNING, "2026-03-02T11:30").total == money("1.20")
    tariff = made("duration+energy", idleFeePerMinute=0.1, idleFeeLimit=3)
    assert reckon(tariff, MORNING, NOON).total == 3


@pytest.mark.parametrize(
    ("minutes", "kwh", "fee"), [(60, None, 2), (241, None, 0), (None, 20, 2), (None, 20.5, 0)]
)
def test_connection_fee_of_short_charges(minutes, kwh, fee):
    # The slot has 240 min and 20 kWh.
    tariff = made(
        "duration+energy",
        connectionFee=2,
        connectionFeeMinimumSessionDuration=minutes,
        connectionFeeMinimumSessionEnergy=kwh,
    )
    assert reckon(tariff, MORNING, NOON).total == fee


def test_minimum():
    found = reckon(made("duration+energy", pricePerKwh=0.1, minPrice=5), MORNING, NOON)
    assert parts(found) == {"energy": 2, "minimum": 3}  # 20 x 0.10, and what lacks to 5
    assert reckon(made("duration+energy", pricePerKwh=1, minPrice=5), MORNING, NOON).total == 20


def test_minimum_is_met_to_the_cent_by_parts_that_were_rounded():
    tariff = made("duration+energy", pricePerKwh=0.00625, pricePerPeriod=0.0625, minPrice=1)
    found = reckon(tariff, MORNING, NOON)
    # 20 x 0.00625 = 0.125, and 8 x 0.0625 = 0.50: what lacks is counted from 0.13 + 0.50.
    assert parts(found) == {
        "energy": money("0.13"),
        "time": money("0.50"),
        "minimum": money("0.37"),
    }
    assert found.total == 1


DAY_NIGHT = {
    "dayPricePerKwh": 0.4,
    "nightPricePerKwh": 0.2,
    "pricePeriodInMinutes": 60,
    "dayPricePerPeriod": 1,
    "nightPricePerPeriod": 0.5,
    "dayIdleFeePerMinute": 0.02,
    "nightIdleFeePerMinute": 0.01,
}
HOURS = {"dayTariffStart": "07:00", "nightTariffStart": "21:00"}


def test_day_and_night():
    tariff = made("duration+energy time of day", more=HOURS, **DAY_NIGHT)
    found = reckon(tariff, "2026-03-02T20:30", "2026-03-03T08:00", energy=30)
    assert parts(found) == {
        # 30 kWh in 3 h: half an hour by day (5 kWh x 0.40), the rest by night (25 x 0.20).
        "energy": money("7.00"),
        # Hours begin at 20:30 by day, 21:30 and 22:30 by night: 1 + 0.5 + 0.5
        "time": money("2.00"),
        # 23:30 to 7:00 are 450 min x 0.01, and 7:00 to 8:00 are 60 x 0.02
        "idle": money("5.70"),
    }


def test_price_locked_at_the_start():
    tariff = made(
        "duration+energy time of day", more=HOURS, lockPriceOnSessionStart=True, **DAY_NIGHT
    )
    found = reckon(tariff, "2026-03-02T20:30", "2026-03-02T23:30", energy=30)
    # 30 x 0.40 and 3 x 1, though it is night for most of the time.
    assert parts(found) == {"energy": money("12.00"), "time": money("3.00")}


STANDARD = {
    "pricePeriodInMinutes": 15,
    "multiPricePerKwh": [
        {"firstKwh": 0, "lastKwh": 5, "feePerKwh": 0, "flatFee": 2},
        {"firstKwh": 5, "lastKwh": 10, "feePerKwh": 0.35, "flatFee": 0},
        {"firstKwh": 10, "lastKwh": None, "feePerKwh": 0.4, "flatFee": 0},
    ],
    "multiPricePerDuration": [
        {"firstUnit": 0, "lastUnit": 8, "feePerUnit": 0.5, "flatFee": 0},
        {"firstUnit": 9, "lastUnit": 24, "feePerUnit": 0.55, "flatFee": 0},
        {"firstUnit": 25, "lastUnit": None, "feePerUnit": 0, "flatFee": 10},
    ],
    "multiIdleFee": [
        {"firstUnit": 0, "lastUnit": 2, "feePerUnit": 0.3, "flatFee": 0},
        {"firstUnit": 3, "lastUnit": 6, "feePerUnit": 0.4, "flatFee": 0},
        {"firstUnit": 7, "lastUnit": None, "feePerUnit": 0, "flatFee": 0},
    ],
}


@pytest.mark.parametrize(
    ("energy", "end", "expected"),
    [
        # 4 kWh in 24 min: flat 2.00; 2 quarters x 0.50; 36 min are 3 quarters: 2 x 0.30 + 0.40
        (4, "2026-03-02T09:00", {"energy": "2.00", "time": "1.00", "idle": "1.00"}),
        # 12 kWh: 2.00 + 5 x 0.35 + 2 x 0.40; 72 min are 5 quarters x 0.50
        (12, "2026-03-02T09:12", {"energy": "4.55", "time": "2.50"}),
        # 30 kWh: 2.00 + 1.75 + 20 x 0.40; 12 quarters: 8 x 0.50 + 4 x 0.55; 8 of idling: see above
        (30, "2026-03-02T13:00", {"energy": "11.75", "time": "6.20", "idle": "2.20"}),
        # 65 kWh: 3.75 + 55 x 0.40; 26 quarters: 8 x 0.50 + 16 x 0.55 + 10 once
        (65, "2026-03-02T14:30", {"energy": "25.75", "time": "22.80"}),
    ],
)
def test_levels_of_standard(energy, end, expected):
    found = reckon(made("standard", **STANDARD), MORNING, end, energy=energy)
    assert parts(found) == {name: money(amount) for name, amount in expected.items()}


BY_PERIOD = {
    "timePeriods": [
        {"startTime": "00:00", "endTime": "06:00"},
        {"startTime": "06:00", "endTime": "22:00"},
        {"startTime": "22:00", "endTime": "00:00"},
    ],
    "pricePeriods": {
        "connectionFeePeriods": {"fee": [0, 1, 0.5]},
        "energyFeePeriods": {"fee": [0.2, 0.4, 0.3]},
        "durationFeePeriods": {"fee": [0.1, 0.2, 0.15]},
        "idleFeePeriods": {"fee": [0, 0.6, 0.3]},
    },
    "pricePeriodInMinutes": 30,
    "idlePricingPeriodInMinutes": 30,
    "idleFeeGracePeriodMinutes": 30,
}
# A Monday, and the Sunday before.
OVER_MIDNIGHT = ("2026-03-02T21:00", "2026-03-03T07:00")


def test_periods_of_the_day_over_midnight():
    found = reckon(made("standard_tod", **BY_PERIOD), *OVER_MIDNIGHT, energy=40)
    assert parts(found) == {
        "start": money("1.00"),
        # 21-22: 10 x 0.40; 22-24: 20 x 0.30; 0-1: 10 x 0.20
        "energy": money("12.00"),
        # half hours: 2 x 0.20 + 4 x 0.15 + 2 x 0.10
        "time": money("1.20"),
        # 1:00 and half an hour of grace: until 6:00 nothing, then 2 x 0.60
        "idle": money("1.20"),
    }


def test_locks_of_periods():
    locks = ("lockEnergyPriceOnSessionStart", "lockDurationPriceOnSessionStart")
    tariff = made("standard_tod", **BY_PERIOD, **dict.fromkeys(locks, True))
    found = reckon(tariff, *OVER_MIDNIGHT, energy=40)
    assert parts(found) == {
        "start": money("1.00"),
        "energy": money("16.00"),  # 40 x 0.40
        "time": money("1.60"),  # 8 x 0.20
        "idle": money("1.20"),
    }


def test_days_with_other_prices():
    sunday = {
        "name": "Sunday",
        "specialDates": ["2026-03-04"],
        "idleFeeGracePeriodMinutes": 60,
        "pricePeriods": {"energyFeePeriods": {"fee": [0.1, 0.1, 0.1]}},
    }
    tariff = made("standard_tod", **BY_PERIOD, daysWhenApplied=[sunday])
    # From a Sunday into a Monday: 23-24: 10 x 0.10, 0-1: 10 x 0.20
    found = reckon(tariff, "2026-03-01T23:00", "2026-03-02T01:00")
    assert parts(found)["energy"] == money("3.00")
    # A date counts as a Sunday: 20 x 0.10; stands for 2 h, of which one is free: 2 x 0.60
    found = reckon(tariff, "2026-03-04T08:00", "2026-03-04T12:00")
    assert parts(found)["energy"] == money("2.00")
    assert parts(found)["idle"] == money("1.20")


def test_days_of_which_nobody_says_which():
    tariff = made("standard_tod", **BY_PERIOD, daysWhenApplied=[{"name": "Low season"}])
    found = reckon(tariff, MORNING, NOON)
    assert found.total is None
    assert found.why_not == "The operator does not say what it costs at this time."


def test_time_of_day_without_a_price():
    tariff = made(
        "standard_tod",
        timePeriods=[{"startTime": "08:00", "endTime": "09:00"}],
        pricePeriods={"energyFeePeriods": {"fee": [0.2]}},
    )
    assert reckon(tariff, MORNING, "2026-03-02T09:00").total == 2  # 10 x 0.20
    assert reckon(tariff, MORNING, NOON).total is None


def test_market_price():
    tariff = made("energy tou", markupFixedFeePerKwh=0.04, markupPercentagePerKwh=10)
    found = reckon(tariff, MORNING, NOON)
    assert found.total is None
    assert found.why_not == "The price follows the electricity market."
    assert found.terms == ("The market price of electricity plus 10 % and 0.04 EUR per kWh.",)


def test_market_price_that_is_fixed():
    found = reckon(made("energy tou", **BY_PERIOD), "2026-03-02T05:00", "2026-03-02T07:00")
    assert parts(found)["energy"] == money("6.00")  # 10 x 0.20 + 10 x 0.40


AVERAGE = [
    {"averagePowerUpToKw": 5, "pricePerMinute": 0.05},
    {"averagePowerUpToKw": 11, "pricePerMinute": 0.1},
    {"averagePowerUpToKw": 50, "pricePerMinute": 0.4},
]


@pytest.mark.parametrize(
    ("energy", "power", "total"),
    [
        (20, 10, "13.00"),  # 20 kWh in 4 h are 5 kW: 240 x 0.05, and 1 to start
        (21, 10, "25.00"),  # a little more: 240 x 0.10, and 1
        (200, 100, "97.00"),  # 50 kW: 240 x 0.40, and 1
        (400, 100, "97.00"),  # above the last level it is the last
    ],
)
def test_average_power(energy, power, total):
    tariff = made("average power levels", averagePowerLevels=AVERAGE, connectionFee=1)
    found = reckon(tariff, MORNING, NOON, energy=energy, power=power)
    assert found.total == money(total)


@pytest.mark.parametrize(
    ("power", "total"),
    [
        (10, "90.00"),  # 60 x 0.30 + 180 x 0.40
        (22, "90.00"),
        (50, "180.00"),  # 60 x 0.60 + 180 x 0.80
    ],
)
def test_peak_power(power, total):
    tariff = made(
        "peak power levels",
        regularUsePeriod=60,
        peakPowerLevels=[
            {"peakPowerUpToKw": 22, "regularPricePerMinute": 0.3, "excessUsePricePerMin": 0.4},
            {"peakPowerUpToKw": 50, "regularPricePerMinute": 0.6, "excessUsePricePerMin": 0.8},
        ],
    )
    assert reckon(tariff, MORNING, NOON, power=power).total == money(total)


def test_optimised():
    tariff = made("optimised dynamic pricing", priceForEnergyWhenOptimized=0.29)
    found = reckon(tariff, MORNING, NOON)
    assert found.total is None
    assert len(found.terms) == 2


@pytest.mark.parametrize("tariff", [made("by the moon", pricePerKwh=1), made("standard")])
def test_what_nobody_can_reckon(tariff):
    found = reckon(tariff, MORNING, NOON)
    assert found.total is None
    assert found.why_not


def test_tariff_without_a_currency():
    assert reckon(made("duration+energy", currency="", pricePerKwh=1), MORNING, NOON).total is None


class TestTheSlot:
    def test_too_short_for_the_need(self):
        found = reckon(made("duration+energy", pricePerKwh=0.5), MORNING, "2026-03-02T09:00")
        assert found.total == 5  # 10 kWh fit into an hour
        assert found.assumptions == ("10.0 kWh at 10 kW, which is all that this time allows.",)

    def test_operator_ends_it_by_time(self):
        tariff = made(
            "duration+energy",
            pricePerKwh=0.5,
            idleFeePerMinute=1,
            more={"stopSession": {"timeLimitMinutes": 150}},
        )
        found = reckon(tariff, MORNING, NOON)
        assert parts(found) == {"energy": 10, "idle": 30}  # ended at 10:30

    def test_operator_ends_it_by_energy(self):
        tariff = made(
            "duration+energy",
            pricePerKwh=0.5,
            idleFeePerMinute=1,
            more={"stopSession": {"stopWhenEnergyExceedsKwh": 15}},
        )
        assert parts(reckon(tariff, MORNING, NOON)) == {"energy": money("7.50")}  # 15 x 0.50

    @pytest.mark.parametrize("end", [MORNING, "2026-03-02T07:00"])
    def test_none(self, end):
        with pytest.raises(ValueError, match="begins before it ends"):
            reckon(made("free"), MORNING, end)


class TestTax:
    TARIFF = made("duration+energy", connectionFee=1, pricePerKwh=0.333)

    def test_in_the_prices(self):
        found = reckon(self.TARIFF, MORNING, NOON, tax=Tax(money("20")))
        assert found.total == money("7.66")  # 1 + 6.66
        assert found.tax == money("1.28")  # 7.66 x 20 / 120 = 1.2767

    def test_on_top(self):
        found = reckon(self.TARIFF, MORNING, NOON, tax=Tax(money("20"), is_included=False))
        assert parts(found) == {"start": money("1.20"), "energy": money("7.99")}  # 6.66 x 1.2
        assert (found.total, found.tax) == (money("9.19"), money("1.53"))  # 9.19 / 6
        assert found.assumptions[-1] == "With 20 % tax."

    def test_whose_rate_nobody_knows(self):
        assert reckon(self.TARIFF, MORNING, NOON).tax is None
        found = reckon(self.TARIFF, MORNING, NOON, tax=Tax(is_included=False))
        assert (found.total, found.tax) == (money("7.66"), None)
        assert found.assumptions[-1] == "Without tax, whose rate is not known."


@pytest.mark.parametrize(
    ("currency", "total"),
    [
        ("JPY", "10"),  # 20 x 0.475 = 9.5, rounded half up
        ("EUR", "9.50"),
        ("KWD", "9.500"),
    ],
)
def test_minor_units(currency, total):
    found = reckon(made("duration+energy", currency=currency, pricePerKwh=0.475), MORNING, NOON)
    assert str(found.total) == total


def test_half_a_cent_is_rounded_up():
    # 1 kWh x 0.125, 1.005: what binary fractions get wrong.
    for price, total in ((0.125, "0.13"), (1.005, "1.01"), (0.115, "0.12")):
        found = reckon(made("duration+energy", pricePerKwh=price), MORNING, NOON, energy=1)
        assert str(found.total) == total
