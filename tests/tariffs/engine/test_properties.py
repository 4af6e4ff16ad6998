"""What is true of all prices: sums, rounding, clocks that are changed, hostile tariffs."""

from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from zoneinfo import ZoneInfo

from hypothesis import assume, example, given
from hypothesis import strategies as st

from ampeco.types import Tariff
from ampeco.types.tariffs import TARIFF_TYPES
from shell.money import minor_digits
from tariffs.engine import Tax
from tests.scripted_operator import payload
from tests.tariffs.made import HOUR, PARIS, at, made, parts, reckon

MINUTE = timedelta(minutes=1)
# Half an hour, an hour and two; south and north; at midnight; none at all.
ZONES = (
    "Africa/Cairo",
    "America/Havana",
    "America/New_York",
    "America/Santiago",
    "America/St_Johns",
    "Antarctica/Troll",
    "Asia/Beirut",
    "Asia/Jerusalem",
    "Asia/Kolkata",
    "Atlantic/Azores",
    "Australia/Adelaide",
    "Australia/Lord_Howe",
    "Europe/Berlin",
    "Europe/Dublin",
    "Europe/London",
    "Pacific/Auckland",
    "Pacific/Chatham",
    "UTC",
)
YEAR = datetime(2026, 1, 1, tzinfo=UTC)
MORNING, EVENING = at("2026-03-02T08:00"), at("2026-03-02T20:00")

prices = st.decimals("0", "3", places=3)
energies = st.decimals("0", "200", places=2)
currencies = st.sampled_from(["EUR", "USD", "JPY", "KWD", "CLF"])
types = st.sampled_from(sorted(TARIFF_TYPES))


@cache
def changes(zone: str) -> list[datetime]:
    """Return when the clocks of a zone are changed within a year, to the hour; else some days."""
    hours = [YEAR + number * HOUR for number in range(366 * 24)]
    offsets = [hour.astimezone(ZoneInfo(zone)).utcoffset() for hour in hours]
    found = [
        hours[number] for number in range(1, len(hours)) if offsets[number] != offsets[number - 1]
    ]
    return found or [YEAR + timedelta(days=90)]


@st.composite
def around_changes(draw):
    """Draw a zone, and a slot of whole minutes that goes over a change of its clocks, or nearly."""
    zone = draw(st.sampled_from(ZONES))
    change = draw(st.sampled_from(changes(zone)))
    start = change + draw(st.integers(-30 * 60, 3 * 60)) * MINUTE
    return ZoneInfo(zone), start, start + draw(st.integers(1, 40 * 60)) * MINUTE


@st.composite
def tariffs(draw):
    """Draw a tariff of any type with some of all prices that there are."""
    pricing = payload("tariff", "3.110")["pricing"]
    wanted = draw(st.sets(st.sampled_from(sorted(pricing))))
    kept = {key: value for key, value in pricing.items() if key in wanted}
    return made(draw(types), currency=draw(currencies), more=HOURS, **kept)


HOURS = {"dayTariffStart": "07:00", "nightTariffStart": "21:00"}


@given(tariffs(), energies, st.integers(1, 3000), st.sampled_from([None, "7.7", "19", "25"]))
def test_parts_sum_to_the_total_in_minor_units(tariff, energy, minutes, percent):
    tax = Tax(percent and Decimal(percent), is_included=False)
    found = reckon(tariff, MORNING, MORNING + minutes * MINUTE, energy=energy, tax=tax)
    if found.total is None:
        assert found.why_not
        assert not found.parts
        return
    assert found.total == sum(part.amount for part in found.parts)
    for amount in (found.total, *(part.amount for part in found.parts), found.tax or Decimal(0)):
        assert amount == round(amount, minor_digits(tariff.currency))
        assert amount >= 0
    assert found.tax is None or found.tax <= found.total


@given(tariffs(), energies, energies)
def test_more_energy_never_costs_less(tariff, energy, more):
    # But for standing there, which is shorter then, and the minimum, which lacks less.
    some, much = (
        {
            name: amount
            for name, amount in parts(reckon(tariff, MORNING, EVENING, energy=kwh)).items()
            if name not in {"idle", "minimum"}
        }
        for kwh in (energy, energy + more)
    )
    for name, amount in some.items():
        assert much[name] >= amount


@given(prices, energies, energies, currencies)
def test_energy_adds_up_but_for_rounding(price, energy, more, currency):
    tariff = made("duration+energy", currency=currency, pricePerKwh=float(price))
    night = EVENING + 12 * HOUR
    one, other, both = (
        reckon(tariff, MORNING, night, energy=kwh, power=50).total
        for kwh in (energy, more, energy + more)
    )
    assert abs(one + other - both) <= Decimal("1.5").scaleb(-minor_digits(currency))


@given(prices, energies, currencies)
@example(Decimal("0.125"), Decimal(1), "EUR")
def test_rounded_half_up_as_on_paper(price, energy, currency):
    tariff = made("duration+energy", currency=currency, pricePerKwh=float(price))
    found = reckon(tariff, MORNING, EVENING, energy=energy, power=50)
    digit = Decimal(1).scaleb(-minor_digits(currency))
    assert found.total == (price * energy).quantize(digit, ROUND_HALF_UP)


PERIODS = {
    "timePeriods": [
        {"startTime": "23:30", "endTime": "02:30"},
        {"startTime": "02:30", "endTime": "07:00"},
        {"startTime": "07:00", "endTime": "23:30"},
    ],
    "pricePeriods": {
        "energyFeePeriods": {"fee": [0.21, 0.13, 0.4]},
        "durationFeePeriods": {"fee": [0.03, 0.01, 0.07]},
        "idleFeePeriods": {"fee": [0.02, 0, 0.05]},
    },
    "pricePeriodInMinutes": 1,
    "idlePricingPeriodInMinutes": 1,
}


def fee_of(local: datetime, fees: tuple[str, str, str]) -> Decimal:
    """Return a fee by the clock on the wall, read minute by minute."""
    clock = f"{local:%H:%M}"
    if clock >= "23:30" or clock < "02:30":
        return Decimal(fees[0])
    return Decimal(fees[1] if clock < "07:00" else fees[2])


@given(around_changes(), st.integers(0, 30 * 60))
def test_any_clock_minute_by_minute(slot, charging):
    zone, start, end = slot
    minutes = (end - start) // MINUTE
    charging = min(charging, minutes)
    # 60 kW are 1 kWh a minute.
    found = reckon(
        made("standard_tod", **PERIODS), start, end, energy=charging, power=60, zone=zone
    )
    expected = {"energy": Decimal(0), "time": Decimal(0), "idle": Decimal(0)}
    for number in range(minutes):
        local = (start + number * MINUTE).astimezone(zone)
        if number < charging:
            expected["energy"] += fee_of(local, ("0.21", "0.13", "0.4"))
            expected["time"] += fee_of(local, ("0.03", "0.01", "0.07"))
        else:
            expected["idle"] += fee_of(local, ("0.02", "0", "0.05"))
    assert parts(found) == {name: amount for name, amount in expected.items() if amount}


@given(around_changes(), st.integers(1, 2399))
def test_a_slot_costs_what_its_halves_cost(slot, minutes):
    zone, start, end = slot
    middle = start + minutes * MINUTE
    assume(middle < end)
    tariff = made("duration+energy time of day", more=HOURS, **DAY_NIGHT)
    whole, before, after = (
        reckon(tariff, since, until, energy=9999, power=60, zone=zone).total
        for since, until in ((start, end), (start, middle), (middle, end))
    )
    assert abs(whole - before - after) <= Decimal("0.015")


DAY_NIGHT = {"dayPricePerKwh": 0.417, "nightPricePerKwh": 0.219}


def test_hour_that_comes_twice_and_hour_that_does_not_come():
    # In Paris 2:00 to 3:00 comes twice on 25 October, and not at all on 29 March: 60 kW are
    # 60 kWh an hour, at 0.50 from 2:00 to 3:00 and at 0.10 at all other times.
    tariff = made(
        "standard_tod",
        timePeriods=[
            {"startTime": "02:00", "endTime": "03:00"},
            {"startTime": "03:00", "endTime": "02:00"},
        ],
        pricePeriods={"energyFeePeriods": {"fee": [0.5, 0.1]}},
    )
    totals = [
        reckon(tariff, f"{day}T01:00", f"{day}T04:00", energy=999, power=60, zone=PARIS).total
        for day in ("2026-10-24", "2026-10-25", "2026-03-29")
    ]
    # 6 + 30 + 6, 6 + 60 + 6, 6 + 6
    assert totals == [42, 72, 12]


NUMBERS = st.sampled_from([-1, 0, 1e300, -1e300, 1e-300, 10**18, 0.1, None, "x", True])


@given(
    types,
    st.dictionaries(st.sampled_from(sorted(payload("tariff", "3.110")["pricing"])), NUMBERS),
    st.sampled_from(["multiPricePerKwh", "multiPricePerDuration", "multiIdleFee"]),
    st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS, NUMBERS), max_size=3),
)
def test_no_tariff_is_too_odd(kind, pricing, levels, rows):
    unit = "Kwh" if levels.endswith("Kwh") else "Unit"
    pricing[levels] = [
        {f"first{unit}": first, f"last{unit}": last, f"feePer{unit}": fee, "flatFee": flat}
        for first, last, fee, flat in rows
    ]
    tariff = Tariff.from_payload(
        {"id": 1, "type": kind, "currency": "EUR", "pricing": pricing, **HOURS}
    )
    found = reckon(tariff, MORNING, EVENING)
    assert found.why_not if found.total is None else found.total.is_finite()
