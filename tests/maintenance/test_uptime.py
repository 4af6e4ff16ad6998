"""How much of the time a charger was up, and when it was used."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from maintenance.uptime import uptime
from maintenance.use import Stay, use_of

START = datetime(2026, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
END = START + 10 * HOUR
FINE, FAULTED, LOST = "available", "faulted", "temporarily unavailable"


def up(connection=(), evse=(), until=END):
    return uptime(connection, evse, since=START, until=until)


def test_nothing_known_is_no_figure():
    assert up() is None


def test_a_fault_of_an_hour_in_ten():
    log = [(START - HOUR, FINE), (START + HOUR, FAULTED), (START + 2 * HOUR, FINE)]
    assert up(evse=log) == Decimal("0.9")


def test_what_was_before_the_first_entry_does_not_count():
    assert up(evse=[(START + 5 * HOUR, FAULTED), (START + 6 * HOUR, FINE)]) == Decimal("0.8")


def test_down_twice_over_counts_once():
    connection = [(START, FINE), (START + HOUR, LOST), (START + 3 * HOUR, FINE)]
    evse = [(START, FINE), (START + 2 * HOUR, FAULTED), (START + 4 * HOUR, FINE)]
    assert up(connection, evse) == Decimal("0.7")


def test_down_until_now():
    assert up(connection=[(START, LOST)]) == 0


entries = st.lists(
    st.tuples(
        st.integers(-20, 30).map(lambda hours: START + hours * HOUR),
        st.sampled_from([FINE, FAULTED, LOST, "charging", "never heard of"]),
    ),
    max_size=12,
)


@given(entries, entries)
def test_it_is_always_a_share(connection, evse):
    share = up(connection, evse)
    assert share is None or 0 <= share <= 1


def test_use_by_weekday_and_hour():
    # A Sunday in March on which clocks go forward at 02:00: 01:30 to 03:30 is one hour.
    zone = ZoneInfo("Europe/Berlin")
    began = datetime(2026, 3, 29, 1, 30, tzinfo=zone)
    stay = Stay(began, datetime(2026, 3, 29, 3, 30, tzinfo=zone), Decimal("7.5"))
    use = use_of([stay], zone=zone, since=began - HOUR, until=began + 24 * HOUR)

    assert (use.sessions, use.energy_kwh) == (1, Decimal("7.5"))
    assert use.minutes[6][1:4] == [30, 0, 30]
    assert use.hours == 1


def test_a_charge_that_nobody_ended_is_not_in_use_for_ever():
    stay = Stay(START, None, None)
    use = use_of([stay], zone=ZoneInfo("UTC"), since=START, until=START + timedelta(days=20))
    assert use.hours == 48


@given(
    st.integers(0, 60 * 24 * 20),
    st.integers(1, 60 * 40),
    st.sampled_from(["Asia/Kathmandu", "America/New_York", "Australia/Lord_Howe", "UTC"]),
)
def test_minutes_in_cells_are_those_of_the_charge(begin, length, zone):
    began = START + timedelta(minutes=begin)
    stay = Stay(began, began + timedelta(minutes=length), None)
    until = START + timedelta(days=40)
    use = use_of([stay], zone=ZoneInfo(zone), since=START, until=until)
    assert round(use.hours * 60, 6) == length
