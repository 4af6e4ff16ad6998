"""When the same is some days later, on the clocks of a site."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from batches.copying import days_later


@pytest.mark.parametrize(
    ("place", "at", "days", "expected"),
    [
        ("Europe/Berlin", "2027-03-20 18:00", 7, "2027-03-27 18:00+01:00"),
        ("Europe/Berlin", "2027-03-21 18:00", 7, "2027-03-28 18:00+02:00"),
        # Skipped, from 02:00 to 03:00.
        ("Europe/Berlin", "2027-03-27 02:15", 1, "2027-03-28 03:00+02:00"),
        # And here from 23:00 to the next midnight.
        ("America/Nuuk", "2027-03-26 23:30", 1, "2027-03-28 00:00-01:00"),
    ],
)
def test_the_clocks_show_the_same_time_or_the_next_that_there_is(place, at, days, expected):
    zone = ZoneInfo(place)
    start_at = datetime.fromisoformat(at).replace(tzinfo=zone)
    assert days_later(start_at, days, zone) == datetime.fromisoformat(expected)
