"""What a tariff costs, in sentences."""

import pytest
from django.utils import translation

from tariffs.engine import terms
from tests.tariffs.engine.test_by_hand import AVERAGE, BY_PERIOD, DAY_NIGHT, HOURS, STANDARD
from tests.tariffs.made import made

CASES = {
    "free": (made("free"), ["Charging is free."]),
    "not allowed": (made("charging not allowed"), ["Charging is not allowed."]),
    "flat": (made("flat rate", pricePerSession=5), ["5.00 EUR per charge."]),
    "all": (
        made(
            "duration+energy",
            connectionFee=1.5,
            connectionFeeMinimumSessionDuration=5,
            pricePerKwh=0.395,
            pricePeriodInMinutes=60,
            pricePerPeriod=0.4,
            durationFeeGracePeriod=90,
            durationFeeFrom="07:00",
            durationFeeLimit=4,
            idleFeePerMinute=0.02,
            idleFeeGracePeriodMinutes=30,
            idleFeePeriodEnd="20:00",
            idleFeeLimit=10,
            minPrice=2,
            more={
                "stopSession": {"timeLimitMinutes": 240, "stopWhenEnergyExceedsKwh": 80},
                "restrictions": {"endDate": "2026-12-31"},
                "additionalInformation": {"en": "Unplug when full.", "fr": "Débranchez."},
            },
        ),
        [
            "1.50 EUR to start, if it lasts at least 5 min.",
            "0.395 EUR per kWh.",
            "0.40 EUR for every 1 h of charging, or part of it.",
            "The first 1 h 30 min of charging cost no time fee.",
            "Time fees only from 07:00 to 24:00.",
            "Time fees of at most 4.00 EUR.",
            "0.02 EUR per minute of standing there when full.",
            "The first 30 min of standing there when full are free.",
            "Fees for standing there when full only from 00:00 to 20:00.",
            "Fees for standing there when full of at most 10.00 EUR.",
            "At least 2.00 EUR per charge.",
            "The charge is ended after 4 h.",
            "The charge is ended after 80 kWh.",
            "Valid until 31 Dec 2026.",
            "Unplug when full.",
        ],
    ),
    "day and night": (
        made("duration+energy time of day", more=HOURS, **DAY_NIGHT),
        [
            "0.40 EUR per kWh (07:00–21:00).",
            "0.20 EUR per kWh (21:00–07:00).",
            "1.00 EUR for every 1 h of charging, or part of it (07:00–21:00).",
            "0.50 EUR for every 1 h of charging, or part of it (21:00–07:00).",
            "0.02 EUR per minute of standing there when full (07:00–21:00).",
            "0.01 EUR per minute of standing there when full (21:00–07:00).",
        ],
    ),
    "levels": (
        made("standard", **STANDARD),
        [
            "2.00 EUR for what is between 0 and 5 kWh.",
            "0.35 EUR per kWh between 5 and 10 kWh.",
            "0.40 EUR per kWh above 10 kWh.",
            "0.50 EUR for each 15 min of charging from 0 min to 2 h.",
            "0.55 EUR for each 15 min of charging from 2 h to 6 h.",
            "10.00 EUR once after 6 h of charging.",
            "0.30 EUR for each 15 min of standing there when full from 0 min to 30 min.",
            "0.40 EUR for each 15 min of standing there when full from 30 min to 1 h 30 min.",
        ],
    ),
    "periods": (
        made(
            "standard_tod",
            **BY_PERIOD,
            daysWhenApplied=[
                {"name": "sunday", "pricePeriods": {"energyFeePeriods": {"fee": [0, 0, 0]}}}
            ],
        ),
        [
            "1.00 EUR to start (06:00–22:00).",
            "0.50 EUR to start (22:00–24:00).",
            "0.20 EUR per kWh (00:00–06:00).",
            "0.40 EUR per kWh (06:00–22:00).",
            "0.30 EUR per kWh (22:00–24:00).",
            "0.10 EUR for every 30 min of charging, or part of it (00:00–06:00).",
            "0.20 EUR for every 30 min of charging, or part of it (06:00–22:00).",
            "0.15 EUR for every 30 min of charging, or part of it (22:00–24:00).",
            "0.60 EUR for each 30 min of standing there when full (06:00–22:00).",
            "0.30 EUR for each 30 min of standing there when full (22:00–24:00).",
            "The first 30 min of standing there when full are free.",
            "Other prices on some days: sunday.",
        ],
    ),
    "average power": (
        made("average power levels", averagePowerLevels=AVERAGE[:1]),
        ["0.05 EUR per minute up to 5 kW on average."],
    ),
    "peak power": (
        made(
            "peak power levels",
            currency="JPY",
            regularUsePeriod=60,
            peakPowerLevels=[
                {"peakPowerUpToKw": 22, "regularPricePerMinute": 30, "excessUsePricePerMin": 40}
            ],
        ),
        ["30 JPY per minute for vehicles that take up to 22 kW; after 1 h 40 JPY per minute."],
    ),
    "market": (made("energy tou"), ["The market price of electricity."]),
    "unknown": (made("by the moon"), []),
}


@pytest.mark.parametrize("case", CASES)
def test_terms(case):
    tariff, sentences = CASES[case]
    with translation.override("en"):
        assert list(terms(tariff)) == sentences


def test_what_the_operator_adds_only_in_the_language_of_the_reader():
    tariff, _sentences = CASES["all"]
    with translation.override("de"):
        assert "Unplug when full." not in terms(tariff)
    with translation.override("fr"):
        assert "Débranchez." in terms(tariff)
