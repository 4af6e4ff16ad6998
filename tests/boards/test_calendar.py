"""The fleet's calendar: days of each site's own clock, counts, and what stands in the query."""

import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from boards.calendar.reading import MOST, beside, bounds, read_calendar
from bookings.models import Booking
from tests.factories import BookingFactory, DriverFactory, EvseFactory, VehicleFactory

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
NEW_YORK, PARIS = ZoneInfo("America/New_York"), ZoneInfo("Europe/Paris")
SATURDAY = date(2027, 5, 15)


@pytest.fixture
def book(fleet):
    """Return a function that books at a local time of a site, approved unless told else."""

    def make(start: datetime, *, hours: float = 1, **changes) -> Booking:
        zone = changes.pop("zone", str(start.tzinfo))
        evse = changes.pop("evse", None) or EvseFactory(charge_point__location__timezone=zone)
        begins = start.astimezone(UTC)
        ends = begins + hours * HOUR
        return BookingFactory(
            fleet=fleet,
            **({"accepted": True, "evse": evse, "start_at": begins, "end_at": ends} | changes),
        )

    return make


def at(day: int, hour: int, minute: int = 0, zone: ZoneInfo = NEW_YORK) -> datetime:
    return datetime(2027, 5, day, hour, minute, tzinfo=zone)


def read(fleet, *, span="week", chosen=SATURDAY, called_off=False, **narrowed):
    return read_calendar(
        fleet, span=span, chosen=chosen, narrowed=narrowed, with_called_off=called_off
    )


def shown(calendar) -> dict[int, list[int]]:
    """Return the bookings of each day of the month that has some."""
    return {
        day.date.day: [entry.booking.pk for entry in day.entries]
        for day in calendar.days
        if day.entries
    }


def counts(calendar) -> dict[str, int]:
    return {f"{day.date:%m-%d}": day.count for day in calendar.days if day.count}


def html(client, query: str = "", **headers) -> str:
    answer = client.get(f"/bookings/calendar/{query}", headers=headers)
    assert answer.status_code == 200
    return answer.content.decode()


# Days


def test_a_booking_lies_on_the_day_of_its_own_site(fleet, book):
    late = book(at(15, 23, 30), hours=0.5)
    early = book(at(16, 0, 15, PARIS))
    assert late.start_at.astimezone(UTC).day == 16
    assert early.start_at.astimezone(UTC).day == 15
    assert shown(read(fleet)) == {15: [late.pk], 16: [early.pk]}
    assert shown(read(fleet, span="day")) == {15: [late.pk]}


def test_a_night_lies_on_both_days_and_says_so(fleet, book):
    night = book(at(15, 22), hours=8)
    days = {day.date.day: day for day in read(fleet).days}
    first, second = days[15].entries[0], days[16].entries[0]
    assert (first.booking, second.booking) == (night, night)
    assert (first.hours, second.hours) == ("from 22:00", "until 06:00")
    assert [days[15].count, days[16].count, days[14].count] == [1, 1, 0]


def test_days_on_end_lie_on_each_of_them_in_the_week_after_too(fleet, book):
    stay = book(at(14, 9), hours=5 * 24, made_elsewhere=True)
    assert shown(read(fleet)) == {day: [stay.pk] for day in (14, 15, 16)}
    assert shown(read(fleet, chosen=date(2027, 5, 18))) == {day: [stay.pk] for day in (17, 18, 19)}


def test_what_ends_at_midnight_does_not_touch_the_next_day(fleet, book):
    booking = book(at(15, 23))
    assert shown(read(fleet)) == {15: [booking.pk]}


def test_a_whole_day_and_more_shows_on_all_its_days(fleet, book):
    book(at(14, 23, 30), hours=25)
    days = {day.date.day: day for day in read(fleet).days if day.entries}
    assert [days[day].entries[0].hours for day in (14, 15, 16)] == [
        "from 23:30",
        "all day",
        "until 00:30",
    ]


def test_a_night_that_began_before_the_first_day_is_there(fleet, book):
    night = book(at(9, 22), hours=8)
    monday = read(fleet).days[0]
    assert [entry.booking for entry in monday.entries] == [night]
    assert monday.entries[0].began_before


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Niue", "Asia/Kathmandu"])
def test_the_furthest_clocks_keep_their_days(fleet, book, zone):
    there = ZoneInfo(zone)
    first = book(at(10, 0, 0, there))
    last = book(at(16, 23, 0, there))
    assert shown(read(fleet)) == {10: [first.pk], 16: [last.pk]}


@pytest.mark.parametrize("name", ["", "Mars/Olympus"])
def test_a_site_without_a_known_zone_has_the_default_one(fleet, book, settings, name):
    settings.DEFAULT_TIMEZONE = "Europe/Paris"
    booking = book(at(15, 23, 30, PARIS), hours=0.5, zone=name)
    assert shown(read(fleet)) == {15: [booking.pk]}


@pytest.mark.parametrize(
    ("zone", "day"),
    [
        ("America/New_York", date(2027, 3, 14)),
        ("America/New_York", date(2027, 11, 7)),
        ("Europe/Paris", date(2027, 3, 28)),
        ("Europe/Paris", date(2027, 10, 31)),
    ],
    ids=str,
)
def test_days_on_which_clocks_change_hold_what_their_own_clock_says(fleet, book, zone, day):
    there = ZoneInfo(zone)
    start, end = (
        datetime(each.year, each.month, each.day, tzinfo=there)
        for each in (day, day + timedelta(days=1))
    )
    length = end.astimezone(UTC) - start.astimezone(UTC)
    assert length in {23 * HOUR, 25 * HOUR}
    whole = book(start, hours=length / HOUR)
    last = book(datetime(day.year, day.month, day.day, 23, 30, tzinfo=there), hours=0.5)
    following = book(end)
    assert counts(read(fleet, chosen=day, span="day")) == {f"{day:%m-%d}": 2}
    found = read(fleet, chosen=day, span="day").days[0].entries
    assert [entry.booking for entry in found] == [whole, last]
    assert not found[0].began_before
    assert not found[0].goes_on
    next_day = read(fleet, chosen=day + timedelta(days=1), span="day").days[0]
    assert [entry.booking for entry in next_day.entries] == [following]


def test_a_month_on_which_clocks_change_names_both_of_its_times(fleet, book):
    book(datetime(2027, 3, 20, 9, tzinfo=NEW_YORK))
    assert read(fleet, chosen=date(2027, 3, 1), span="month").zone == (
        "New York time (EST, UTC−5), then New York time (EDT, UTC−4)"
    )
    assert read(fleet, chosen=date(2027, 3, 20)).zone == "New York time (EDT, UTC−4)"


# Counts


@pytest.mark.parametrize("span", ["week", "month"])
def test_all_of_a_day_are_counted_and_the_first_are_shown(fleet, book, span):
    evse = EvseFactory()
    most = MOST[span]
    nights = [book(at(14, 22, minute), hours=8, evse=evse) for minute in range(2)]
    starting = [book(at(15, 7, minute), evse=evse) for minute in range(most + 3)]
    day = next(day for day in read(fleet, span=span).days if day.date == SATURDAY)
    assert [entry.booking for entry in day.entries] == [*nights, *starting][:most]
    assert (day.count, day.more) == (most + 5, 5)


def test_days_beside_the_stretch_are_not_counted(fleet, book):
    for day in (9, 10, 16, 17):
        book(at(day, 12))
    assert counts(read(fleet)) == {"05-10": 1, "05-16": 1}


def test_a_month_is_shown_in_whole_weeks():
    assert bounds("month", date(2027, 5, 15)) == (date(2027, 4, 26), date(2027, 6, 6))
    assert bounds("month", date(2027, 2, 3)) == (date(2027, 2, 1), date(2027, 2, 28))
    assert beside("month", date(2027, 3, 31)) == (date(2027, 2, 28), date(2027, 4, 30))
    assert beside("month", date(2027, 1, 31)) == (date(2026, 12, 31), date(2027, 2, 28))


def test_more_rows_cost_no_more_queries(as_manager, fleet, book, django_assert_max_num_queries):
    def fill() -> None:
        for day in range(10, 17):
            book(at(day, 12), driver=DriverFactory(fleet=fleet))
            book(at(day, 23, 0, PARIS), hours=4)

    fill()
    for span in ("day", "week", "month"):
        query = f"?view={span}&day=2027-05-15"
        html(as_manager, query)
        with django_assert_max_num_queries(6) as first:
            html(as_manager, query)
        fill()
        with django_assert_max_num_queries(len(first)):
            html(as_manager, query)
        assert len(first) <= 6


# What is shown


def test_nothing_of_another_fleet_is_shown_or_counted(as_manager, other_fleet, fleet, book):
    ours = book(at(15, 12))
    start = ours.start_at
    theirs = BookingFactory(fleet=other_fleet, accepted=True, start_at=start, evse=ours.evse)
    for span in ("day", "week", "month"):
        page = html(as_manager, f"?view={span}&day=2027-05-15")
        assert f"/bookings/{ours.pk}/" in page
        assert f"/bookings/{theirs.pk}/" not in page
        assert theirs.driver.display_name not in page
        assert sum(day.count for day in read(fleet, span=span).days) == 1


def test_what_was_called_off_shows_when_it_is_asked_for(fleet, book):
    kept = {
        book(at(15, hour), status=status).pk
        for hour, status in enumerate(("requested", "no-show", "failed", "completed"))
    }
    gone = {
        book(at(15, 8 + hour), status=status).pk
        for hour, status in enumerate(("cancelled", "rejected", "not-placed"))
    }
    assert set(shown(read(fleet))[15]) == kept
    assert set(shown(read(fleet, called_off=True))[15]) == kept | gone
    assert len(shown(read(fleet, status="cancelled"))[15]) == 1


def test_it_is_narrowed_as_the_list_is(as_manager, fleet, book):
    evse = EvseFactory(charge_point__location__name="Quay 7")
    evse.charge_point.location.search_text = "quay 7"
    evse.charge_point.location.save()
    driver = DriverFactory(fleet=fleet, first_name="Ana", last_name="Alvarez")
    here, hers = book(at(15, 8), evse=evse), book(at(15, 9), driver=driver)
    waiting = book(at(15, 10), status="requested", ampeco_booking_id=None)
    for query, wanted in (
        ("site=quay", here),
        ("driver=alvarez", hers),
        ("status=requested", waiting),
    ):
        page = html(as_manager, f"?day=2027-05-15&{query}")
        assert set(re.findall(r'href="/bookings/(\d+)/"', page)) == {str(wanted.pk)}


def test_a_link_tells_who_where_when_and_how_it_stands(as_manager, book):
    booking = book(at(15, 8), status="requested", ampeco_booking_id=None)
    page = html(as_manager, "?day=2027-05-15")
    link = re.search(rf'<a class="chip" [^>]*/bookings/{booking.pk}/">(.*?)</a>', page, re.DOTALL)
    text = " ".join(re.sub(r"<[^>]+>", "", link.group(1)).split())
    for part in (
        "08:00–09:00",
        "Requested",
        booking.driver.display_name,
        booking.location.name,
        booking.evse.name,
        "Sat 15 May 2027",
    ):
        assert part in text


def test_zones_are_named_once_or_beside_each_time(as_manager, book):
    book(at(15, 8))
    page = html(as_manager, "?day=2027-05-15")
    assert "Times in New York time (EDT, UTC−4)" in page
    assert "08:00–09:00 EDT" not in page
    book(at(15, 8, 0, PARIS))
    page = html(as_manager, "?day=2027-05-15")
    assert "Times are local to each site" in page
    assert "08:00–09:00 EDT" in page
    assert "08:00–09:00 CEST" in page


def test_a_day_names_each_site_with_its_zone(as_manager, book):
    here, there = book(at(15, 8)), book(at(15, 8, 0, PARIS))
    page = html(as_manager, "?view=day&day=2027-05-15")
    for booking, zone in ((here, "New York time (EDT, UTC−4)"), (there, "Paris time (CEST")):
        assert booking.location.name in page
        assert zone in page


# Query strings, links, keeping up


@pytest.mark.parametrize(
    "query",
    [
        "?view=year",
        "?view=month&day=2027-02-30",
        "?day=tomorrow",
        "?day=0001-01-01",
        "?day=9999-12-31",
        "?view=month&day=2000-01-01",
        "?view=month&day=2199-12-31",
        "?status=nonsense&site=%00",
        "?cancelled=perhaps&cancelled=",
        "?driver=" + "x" * 2000,
    ],
)
def test_nonsense_is_left_out(as_manager, book, query):
    book(at(15, 8))
    page = html(as_manager, query)
    assert "<table" in page


def test_what_is_wrong_with_a_day_is_said_beside_it(as_manager):
    page = html(as_manager, "?day=2027-02-30")
    assert "Enter a valid date." in page
    assert "Please use a year from 2000 to 2199." in html(as_manager, "?day=9999-12-31")


@pytest.mark.parametrize("name", ["site", "driver", "vehicle", "status", "cancelled"])
def test_what_narrows_it_can_be_cleared(as_manager, fleet, name):
    value = str(VehicleFactory(fleet=fleet).pk) if name == "vehicle" else "x"
    page = html(as_manager, f"?view=month&{name}={value}")
    link = re.search(r'id="clear-filters" href="([^"]+)"', page)[1]
    assert f"{name}=" not in link
    assert "view=month" in link


def test_the_switch_keeps_the_filters_that_both_know(as_manager):
    def target(page: str, name: str) -> str:
        return re.search(rf'id="{name}"[^>]*href="([^"]+)"', page).group(1).replace("&amp;", "&")

    page = html(as_manager, "?view=month&day=2027-05-15&site=pier&driver=ana&status=accepted")
    there = target(page, "show-list")
    assert there == "/bookings/?site=pier&driver=ana&status=accepted"
    back = target(as_manager.get(f"{there}&view=past&q=x").content.decode(), "show-calendar")
    assert back == "/bookings/calendar/?site=pier&driver=ana&status=accepted"


def test_it_looks_again_soon_while_something_is_undecided(as_manager, book):
    booking = book(at(15, 8))
    assert 'data-look-every="60s"' in html(as_manager, "?day=2027-05-15")
    Booking.objects.filter(pk=booking.pk).update(status="requested")
    page = html(as_manager, "?day=2027-05-15", **{"HX-Request": "true"})
    assert 'data-look-every="2s"' in page
    assert "<html" not in page


def test_viewers_read_and_do_not_book(as_viewer, book):
    book(at(15, 8))
    for span in ("day", "week", "month"):
        page = html(as_viewer, f"?view={span}&day=2027-05-15")
        assert "New booking" not in page
        assert "book-at-" not in page
    assert "New booking" not in html(as_viewer)
