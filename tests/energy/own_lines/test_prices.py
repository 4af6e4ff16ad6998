"""From which instant on a kWh costs what: times of day, weekdays, dates, and changes of clocks."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from ampeco.types import PriceDay, PricePeriod
from energy.own_lines.prices import AHEAD, price_steps

BERLIN = ZoneInfo("Europe/Berlin")
DAY_PRICE, NIGHT, PEAK = Decimal("0.3"), Decimal("0.1"), Decimal("0.5")


def day(weekday: str, *periods: tuple[str, str, Decimal]) -> PriceDay:
    return PriceDay(weekday, None, tuple(PricePeriod(*one) for one in periods))


def on(when: date, *periods: tuple[str, str, Decimal]) -> PriceDay:
    return PriceDay("", when, tuple(PricePeriod(*one) for one in periods))


def steps(days, start: datetime, zone=BERLIN, default=DAY_PRICE):
    """Return the steps of 36 hours as a person at the site reads them."""
    found = price_steps(days, default, zone, start=start, ahead=timedelta(hours=36))
    return [(at.astimezone(zone).strftime("%a %H:%M %z"), price) for at, price in found]


def local(*when: int) -> datetime:
    return datetime(*when, tzinfo=BERLIN)


def test_a_night_goes_over_midnight_and_any_day_is_each():
    night = day("any", ("22:00", "06:00", NIGHT))
    assert steps([night], local(2026, 2, 4, 12)) == [
        ("Wed 12:00 +0100", DAY_PRICE),
        ("Wed 22:00 +0100", NIGHT),
        ("Thu 06:00 +0100", DAY_PRICE),
        ("Thu 22:00 +0100", NIGHT),
    ]
    assert steps([night], local(2026, 2, 4, 3))[0] == ("Wed 03:00 +0100", NIGHT)


def test_a_weekday_is_its_own_and_a_date_goes_before_it():
    days = [
        day("wed", ("00:00", "23:59", PEAK)),
        on(date(2026, 2, 5), ("00:00", "12:00", NIGHT)),
        day("thu", ("00:00", "24:00", PEAK)),
    ]
    assert steps(days, local(2026, 2, 4, 20)) == [
        ("Wed 20:00 +0100", PEAK),
        ("Thu 00:00 +0100", NIGHT),
        ("Thu 12:00 +0100", DAY_PRICE),
    ]


def test_when_an_hour_comes_twice_so_does_its_price():
    found = steps([day("any", ("02:00", "03:00", NIGHT))], local(2026, 10, 25, 0))
    assert found[:3] == [
        ("Sun 00:00 +0200", DAY_PRICE),
        ("Sun 02:00 +0200", NIGHT),
        ("Sun 03:00 +0100", DAY_PRICE),
    ]
    instants = price_steps(
        [day("any", ("02:00", "03:00", NIGHT))], DAY_PRICE, BERLIN, start=local(2026, 10, 25, 0)
    )
    assert instants[2][0] - instants[1][0] == timedelta(hours=2)


def test_when_an_hour_is_left_out_so_is_its_price():
    found = steps([day("any", ("02:00", "03:00", NIGHT))], local(2026, 3, 29, 0))
    assert found[:2] == [("Sun 00:00 +0100", DAY_PRICE), ("Mon 02:00 +0200", NIGHT)]
    until = steps([day("any", ("22:00", "02:30", NIGHT))], local(2026, 3, 29, 0))
    assert until[:2] == [("Sun 00:00 +0100", NIGHT), ("Sun 03:00 +0200", DAY_PRICE)]


@pytest.mark.parametrize("start", [local(2026, 3, 28, 20), local(2026, 10, 24, 20)])
def test_hours_ahead_are_so_many_whatever_clocks_do(start):
    each_half = [(f"{hour:02}:00", f"{hour:02}:30", Decimal(hour)) for hour in range(24)]
    found = price_steps([day("any", *each_half)], Decimal(-1), BERLIN, start=start)
    assert found[0][0] == start.astimezone(UTC)
    assert found[-1][0] == start.astimezone(UTC) + AHEAD - timedelta(minutes=30)


@pytest.mark.parametrize("days", [[], [day("any", ("08:00", "09:00", PEAK))]])
def test_without_a_default_a_gap_makes_it_unknown(days):
    assert price_steps(days, None, BERLIN, start=local(2026, 2, 4, 12)) == []
    assert len(steps(days, local(2026, 2, 4, 12))) in {1, 3}


def test_the_clock_is_the_sites():
    night = [day("any", ("22:00", "06:00", NIGHT))]
    start = datetime(2026, 2, 4, 12, tzinfo=UTC)
    tokyo = price_steps(night, DAY_PRICE, ZoneInfo("Asia/Tokyo"), start=start)
    assert tokyo[1] == (datetime(2026, 2, 4, 13, tzinfo=UTC), NIGHT)
