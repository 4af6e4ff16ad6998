from datetime import UTC, datetime, timedelta

import pytest

from sites.slots.rules import Times, first_problem

NOW = datetime(2026, 11, 23, 10, 7, tzinfo=UTC)
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def check(start: datetime, **length: int) -> str | None:
    return first_problem(Times(start, start + timedelta(**length), NOW))


def test_an_hour_at_noon_and_a_night_are_fine():
    assert check(NOON, hours=1) is None
    assert check(NOON.replace(hour=18), hours=12) is None
    assert check(NOON, hours=24) is None
    assert check(NOON, minutes=15) is None


@pytest.mark.parametrize(
    ("start", "length", "words"),
    [
        (NOON, {"hours": 0}, "The end must be after the start."),
        (NOON, {"hours": -1}, "The end must be after the start."),
        (NOON, {"hours": 24, "minutes": 15}, "The longest booking is 24 hours."),
        (NOON + timedelta(minutes=5), {"hours": 1}, "on a quarter hour"),
        (NOON, {"minutes": 50}, "on a quarter hour"),
        (NOON.replace(hour=10), {"hours": 1}, "This start time has passed."),
        (NOW.replace(minute=0) - timedelta(days=1), {"hours": 1}, "This start time has passed."),
        (NOON + timedelta(days=28), {"hours": 1}, "up to 28 days ahead"),
    ],
)
def test_what_is_wrong_is_said(start, length, words):
    assert words in (check(start, **length) or "")


def test_the_operators_limits_are_settings(settings):
    settings.BOOKING_MIN_MINUTES = 30
    settings.BOOKING_MAX_HOURS = 4
    settings.BOOKING_NOTICE_MINUTES = 120
    settings.BOOKING_HORIZON_DAYS = 1
    assert "30 minutes" in (check(NOON + timedelta(hours=2), minutes=15) or "")
    assert "4 hours" in (check(NOON + timedelta(hours=2), hours=5) or "")
    assert "120 minutes before" in (check(NOON, hours=1) or "")
    assert "1 day ahead" in (check(NOON + timedelta(days=1), hours=1) or "")
    assert check(NOON + timedelta(hours=2), hours=4) is None


SOON = NOON - timedelta(hours=1, minutes=37)
ODD = NOON + timedelta(minutes=7)


@pytest.mark.parametrize(
    ("was", "becomes", "words"),
    [
        ((SOON, NOON), (SOON, NOON), None),
        ((ODD, NOON.replace(hour=14)), (ODD, NOON.replace(hour=15)), None),
        ((ODD, NOON.replace(hour=14)), (ODD, NOON.replace(hour=15, minute=5)), "quarter hour"),
        ((SOON, NOON), (SOON, NOON.replace(hour=13)), None),
        ((NOON, NOON.replace(hour=13)), (NOON.replace(hour=10), NOON.replace(hour=13)), "passed"),
        ((NOON, NOON.replace(hour=13)), (NOON, NOON), "after the start"),
        ((NOON, NOON.replace(hour=13)), (NOON, NOON + timedelta(hours=25)), "24 hours"),
        (
            (NOON, NOON + timedelta(hours=1)),
            (NOON + timedelta(days=30), NOON + timedelta(days=30, hours=1)),
            "28 days ahead",
        ),
    ],
)
def test_only_what_changes_can_break_a_rule(was, becomes, words):
    """The first begins too soon for a new booking, others begin at odd minutes."""
    problem = first_problem(Times(*becomes, NOW, was))
    if words is None:
        assert problem is None
    else:
        assert words in problem
