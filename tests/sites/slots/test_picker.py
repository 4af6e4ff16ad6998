"""The slot picker: what it offers, what it says, what it takes."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from bookings.models import Booking
from sites.periods import Period
from sites.slots.picker.page import build_picker
from tests.factories import BookingFactory, ChargePointFactory, EvseFactory, LocationFactory
from tests.sites.slots.availability_stub import ALWAYS, AvailabilityStub

NOON = datetime(2026, 3, 2, 17, 3, 20, tzinfo=UTC)  # Monday 2 March, 12:03:20 in New York


@pytest.fixture(autouse=True)
def _monday_noon():
    """Let the pages, which take the time from the clock, live on the day of the tests, too."""
    with time_machine.travel(NOON, tick=True):
        yield


@pytest.fixture
def stub():
    stub = AvailabilityStub()
    with stub.in_place():
        yield stub


@pytest.fixture
def location(db):
    return LocationFactory(timezone="America/New_York")


@pytest.fixture
def evse(location, stub):
    evse = EvseFactory(charge_point__location=location, label="Bay 1", physical_reference="Bay 1")
    stub.free = {evse.ampeco_id: [ALWAYS]}
    return evse


def picker_for(location, *evses, query="", viewer=None, now=NOON):
    return build_picker(
        location=location,
        evses=list(evses),
        params=QueryDict(query),
        viewer_zone=ZoneInfo(viewer) if viewer else None,
        now=now,
    )


def begins(starts):
    return [start.begins for start in starts]


def all_starts(picker):
    """Return every start of the charger that is opened up, or of any that fits."""
    hours = picker.any_hours or next(row.hours for row in picker.chargers if row.hours)
    return [start for hour in hours for start in hour.starts]


def instants(starts):
    return [parse_qs(urlsplit(start.url).query)["start"][0] for start in starts]


def hours_of(day, first, last):
    """Return a stretch given in hours of a day's clock in New York, standard time."""
    midnight = datetime(day.year, day.month, day.day, 5, tzinfo=UTC)
    return Period(midnight + timedelta(hours=first), midnight + timedelta(hours=last))


# What is offered


def test_today_begins_now_and_goes_on_by_the_hour(location, evse):
    picker = picker_for(location, evse)
    row = picker.chargers[0]
    assert begins(row.starts) == ["12:15", "13:00", "14:00", "15:00", "16:00", "17:00"]
    assert row.starts[0].ends == "13:15"
    assert row.count == 47  # every quarter hour from 12:15 to 23:45
    assert picker.read_at == "12:03"
    assert picker.zone_text == "New York time (EST, UTC−5)"


def test_another_day_begins_in_the_morning_with_the_whole_day_a_click_away(location, evse):
    picker = picker_for(location, evse, query="day=2026-03-04")
    assert picker.chargers[0].starts[0].begins == "06:00"
    assert "from=00%3A00" in picker.earlier_query
    whole_day = picker_for(location, evse, query=f"{picker.earlier_query}&evse={evse.pk}")
    assert len(all_starts(whole_day)) == 96
    assert not whole_day.earlier_query


def test_overnight_is_one_length_and_one_start(location, evse):
    picker = picker_for(location, evse, query="day=2026-03-04")
    night = next(link for link in picker.controls.quick if link.key == "night")
    chosen = picker_for(location, evse, query=night.query)
    assert chosen.choices.day == date(2026, 3, 4)
    start = chosen.chargers[0].starts[0]
    assert (start.begins, start.ends) == ("18:00", "06:00 +1 day")
    assert parse_qs(urlsplit(start.url).query) == {
        "site": [str(location.pk)],
        "evse": [str(evse.pk)],
        "start": ["2026-03-04T23:00:00Z"],
        "minutes": ["720"],
    }
    assert next(link for link in chosen.controls.quick if link.key == "night").chosen


def test_a_stay_must_fit_into_what_is_free(location, evse, stub):
    day = date(2026, 3, 4)
    stub.free = {evse.ampeco_id: [hours_of(day, 8, 10), hours_of(day, 13.1, 15.6)]}
    picker = picker_for(location, evse, query=f"day={day}&minutes=120&evse={evse.pk}")
    assert begins(all_starts(picker)) == ["08:00", "13:15", "13:30"]
    assert picker.chargers[0].bar.text.startswith("Wed 4 Mar: free 08:00–10:00, 13:06–15:36.")
    assert picker.chargers[0].bar.text.endswith("Thu 5 Mar: not available.")


def test_a_few_starts_show_where_free_time_begins(location, evse, stub):
    day = date(2026, 3, 4)
    stub.free = {evse.ampeco_id: [hours_of(day, 8, 11), hours_of(day, 13.5, 16)]}
    row = picker_for(location, evse, query=f"day={day}").chargers[0]
    assert begins(row.starts) == ["08:00", "09:00", "10:00", "13:30", "14:00", "15:00"]
    assert row.toggle_label == "All 16 start times"


def test_free_past_midnight_counts_for_the_evening(location, evse, stub):
    day = date(2026, 3, 4)
    stub.free = {evse.ampeco_id: [hours_of(day, 22, 30)]}
    picker = picker_for(location, evse, query=f"day={day}&minutes=480")
    assert begins(picker.chargers[0].starts) == ["22:00"]
    assert picker.chargers[0].bar.text == (
        "Wed 4 Mar: free 22:00–24:00. Thu 5 Mar: free 00:00–06:00."
    )


def test_not_before_holds_back_earlier_starts(location, evse):
    picker = picker_for(location, evse, query="day=2026-03-04&from=18:20")
    assert picker.chargers[0].starts[0].begins == "18:30"
    chosen = [option.value for option in picker.controls.not_before if option.chosen]
    assert chosen == ["18:20"]


def test_nothing_is_offered_that_has_passed_or_is_within_the_notice(location, evse, settings):
    assert picker_for(location, evse, query="from=06:00").chargers[0].starts[0].begins == "12:15"
    settings.BOOKING_NOTICE_MINUTES = 90
    assert picker_for(location, evse).chargers[0].starts[0].begins == "13:45"


def test_nothing_is_offered_beyond_the_horizon(location, evse):
    last = NOON + timedelta(days=28)
    # Clocks have gone forward since, so it is 13:03 in New York when 28 days have passed.
    picker = picker_for(location, evse, query=f"day=2026-03-30&from=00:00&evse={evse.pk}")
    assert begins(all_starts(picker))[-1] == "12:00"
    assert max(instants(all_starts(picker))) == "2026-03-30T16:00:00Z"
    assert last.date() == picker.choices.last_day
    assert picker.controls.next_query == ""


def test_only_the_operators_lengths_are_offered(location, evse, settings):
    settings.BOOKING_MAX_HOURS = 8
    settings.BOOKING_MIN_MINUTES = 60
    controls = picker_for(location, evse).controls
    assert [link.key for link in controls.quick] == ["60", "120", "240", "480"]
    assert [option.value for option in controls.hours][-1] == "8"


def test_hours_and_minutes_of_the_form_make_one_length(location, evse):
    picker = picker_for(location, evse, query="hours=1&minutes=15")
    assert picker.choices.minutes == 75
    assert "minutes=75" in picker.here
    assert "hours" not in picker.here
    assert [option.value for option in picker.controls.hours if option.chosen] == ["1"]
    assert [option.value for option in picker.controls.minutes if option.chosen] == ["15"]


def test_every_quarter_hour_up_to_the_longest_stay_can_be_asked_for(location, evse):
    controls = picker_for(location, evse).controls
    lengths = {60 * int(h.value) + int(m.value) for h in controls.hours for m in controls.minutes}
    assert set(range(15, 24 * 60 + 1, 15)) <= lengths


def test_the_longest_stay_fits_from_the_last_start_of_a_day_before_a_short_one(location, evse):
    # Sunday 8 March has 23 hours; 24 hours from Saturday 23:45 end on Monday, 00:45.
    query = f"day=2026-03-07&hours=24&minutes=0&evse={evse.pk}"
    assert all_starts(picker_for(location, evse, query=query))[-1].ends == "00:45 +2 days"


# Days when clocks change


def test_clocks_going_forward_skip_an_hour(location, evse):
    query = f"day=2026-03-08&from=00:00&minutes=30&evse={evse.pk}"
    picker = picker_for(location, evse, query=query)
    starts = all_starts(picker)
    assert len(starts) == 92
    assert begins(starts)[:9] == [
        "00:00", "00:15", "00:30", "00:45", "01:00", "01:15", "01:30", "01:45", "03:00",
    ]  # fmt: skip
    assert instants(starts)[7:9] == ["2026-03-08T06:45:00Z", "2026-03-08T07:00:00Z"]
    assert starts[7].ends == "03:15"
    assert picker.clock_change == "Clocks go forward by 1 h on this day."
    assert picker.scale.minutes == str(47 * 60)


def test_clocks_going_back_show_an_hour_twice_and_both_can_be_booked(location, evse):
    now = datetime(2026, 10, 30, 16, tzinfo=UTC)
    query = f"day=2026-11-01&from=00:00&minutes=30&evse={evse.pk}"
    picker = picker_for(location, evse, query=query, now=now)
    starts = all_starts(picker)
    assert len(starts) == 100
    twice = [start for start in starts if start.begins.startswith("01:30")]
    assert begins(twice) == ["01:30 EDT", "01:30 EST"]
    assert instants(twice) == ["2026-11-01T05:30:00Z", "2026-11-01T06:30:00Z"]
    labels = [hour.label for hour in next(row.hours for row in picker.chargers)]
    assert labels[:4] == ["00:00", "01:00 EDT", "01:00 EST", "02:00"]
    assert picker.clock_change == "Clocks go back by 1 h on this day."
    assert picker.scale.minutes == str(49 * 60)


def test_a_stay_that_ends_in_the_doubled_hour_says_in_which(location, evse):
    now = datetime(2026, 10, 30, 16, tzinfo=UTC)
    picker = picker_for(location, evse, query="day=2026-11-01&from=00:30&minutes=60", now=now)
    assert picker.chargers[0].starts[0].ends == "01:30 EDT"


@pytest.mark.django_db
def test_half_an_hour_is_a_change_of_clocks_too(stub):
    location = LocationFactory(timezone="Australia/Lord_Howe")
    evse = EvseFactory(charge_point__location=location)
    stub.free = {evse.ampeco_id: [ALWAYS]}
    now = datetime(2026, 10, 1, 12, tzinfo=UTC)
    query = f"day=2026-10-04&from=00:00&evse={evse.pk}"
    picker = picker_for(location, evse, query=query, now=now)
    starts = begins(all_starts(picker))
    assert len(starts) == 94
    assert starts[7:9] == ["01:45", "02:30"]


@pytest.mark.django_db
def test_a_zone_half_an_hour_off_has_its_own_quarter_hours(stub):
    location = LocationFactory(timezone="Asia/Kolkata")
    evse = EvseFactory(charge_point__location=location)
    stub.free = {evse.ampeco_id: [ALWAYS]}
    picker = picker_for(location, evse, query=f"day=2026-03-04&from=00:00&evse={evse.pk}")
    starts = all_starts(picker)
    assert starts[0].begins == "00:00"
    assert instants(starts)[0] == "2026-03-03T18:30:00Z"
    assert len(starts) == 96


@pytest.mark.django_db
def test_a_zone_that_the_operator_did_not_name_is_said_to_be_assumed(stub, as_manager, settings):
    settings.DEFAULT_TIMEZONE = "Europe/Paris"
    location = LocationFactory(timezone="")
    EvseFactory(charge_point__location=location)
    page = as_manager.get(reverse("sites:availability", args=[location.pk])).content.decode()
    assert "Paris time" in page
    assert "This time zone is assumed" in page


# The viewer's own time


def test_the_viewers_time_stands_beside_the_sites(location, evse):
    picker = picker_for(location, evse, query="day=2026-03-04&from=18:00", viewer="Europe/Paris")
    start = picker.chargers[0].starts[0]
    assert start.viewer == "Thu 00:00 CET"
    assert start.spoken == "18:00 – 19:00, Thu 00:00 CET, Bay 1, Wednesday 4 March"
    assert "Paris" in picker.viewer_zone_text


@pytest.mark.parametrize("viewer", ["America/New_York", "America/Toronto", None])
def test_the_same_time_is_not_shown_twice(location, evse, viewer):
    picker = picker_for(location, evse, viewer=viewer)
    assert picker.viewer_zone_text == ""
    assert {start.viewer for start in picker.chargers[0].starts} == {""}


# Any suitable charger


@pytest.fixture
def three(location, stub):
    """Two fast chargers and a slow one, free at different times of Wednesday 4 March."""
    day = date(2026, 3, 4)
    fast = EvseFactory(charge_point__location=location, max_power_kw=Decimal(150))
    faster = EvseFactory(charge_point__location=location, max_power_kw=Decimal(300))
    slow = EvseFactory(
        charge_point__location=location,
        max_power_kw=Decimal(22),
        current_type="ac",
        connector="type2",
    )
    stub.free = {
        fast.ampeco_id: [hours_of(day, 8, 10)],
        faster.ampeco_id: [hours_of(day, 9, 10)],
        slow.ampeco_id: [hours_of(day, 12, 20)],
    }
    return fast, faster, slow


def test_any_charger_offers_the_union_with_how_many_fit(location, three):
    picker = picker_for(
        location, *three, query="day=2026-03-04&any=1&current=dc&connector=ccs2&min_power=100"
    )
    starts = all_starts(picker)
    assert [(start.begins, start.chargers) for start in starts] == [
        ("08:00", "1 charger"),
        ("08:15", "1 charger"),
        ("08:30", "1 charger"),
        ("08:45", "1 charger"),
        ("09:00", "2 chargers"),
    ]
    assert parse_qs(urlsplit(starts[0].url).query) == {
        "site": [str(location.pk)],
        "any": ["1"],
        "connector": ["ccs2"],
        "current": ["dc"],
        "min_power": ["100"],
        "start": ["2026-03-04T13:00:00Z"],
        "minutes": ["60"],
    }
    assert len(picker.chargers) == 2


def test_any_charger_without_wishes_takes_all(location, three):
    picker = picker_for(location, *three, query="day=2026-03-04&any=1")
    assert len(picker.chargers) == 3
    assert [option.label for option in picker.controls.powers] == [
        "Any power",
        "At least 22 kW",
        "At least 150 kW",
        "At least 300 kW",
    ]


def test_wishes_that_no_charger_meets_are_said_so(location, three):
    picker = picker_for(location, *three, query="day=2026-03-04&any=1&current=ac&min_power=100")
    assert (
        picker.nothing
        == "No charger at this site meets all of these requirements. Please ask for less."
    )
    assert picker.chargers == ()


# Nothing fits


def test_a_day_without_room_points_to_the_next_that_has(location, evse, stub):
    stub.free = {evse.ampeco_id: [hours_of(date(2026, 3, 6), 0, 24)]}
    picker = picker_for(location, evse, query="day=2026-03-04&minutes=720&from=00:00")
    assert picker.nothing == "No charger is free for 12 h on Wednesday 4 March from 00:00."
    assert picker.next_day.day == date(2026, 3, 6)
    assert "minutes=720" in picker.next_day.query
    assert [day.day.day for day in picker.days if day.full] == [2, 3, 4, 5, 7, 8]
    assert picker.summary == ""


def test_starts_hidden_by_the_not_before_are_pointed_to(location, evse, stub):
    day = date(2026, 3, 4)
    stub.free = {evse.ampeco_id: [hours_of(day, 2, 4)]}
    picker = picker_for(location, evse, query=f"day={day}")
    assert picker.nothing == "No charger is free for 1 h on Wednesday 4 March from 06:00."
    assert begins(picker_for(location, evse, query=picker.earlier_query).chargers[0].starts)


def test_a_late_evening_has_no_starts_left_but_tomorrow_has(location, evse):
    now = datetime(2026, 3, 3, 4, 50, tzinfo=UTC)  # 23:50 in New York
    picker = picker_for(location, evse, now=now)
    assert picker.choices.day == date(2026, 3, 2)
    assert picker.next_day.day == date(2026, 3, 3)


@pytest.mark.parametrize("status", [401, 404, 429, 500])
def test_availability_that_cannot_be_read_is_said_so(location, evse, stub, status):
    stub.status = status
    picker = picker_for(location, evse)
    assert picker.problem
    assert picker.chargers == ()
    assert picker.read_at == ""
    assert len(picker.days) == 7


def test_without_chargers_nobody_is_asked(location, stub):
    assert not picker_for(location).has_chargers
    assert stub.calls == 0


# The strip of days


def test_the_strip_goes_on_by_weeks_up_to_the_horizon(location, evse):
    picker = picker_for(location, evse)
    assert [day.day for day in picker.days][:2] == [date(2026, 3, 2), date(2026, 3, 3)]
    assert picker.days[0].chosen
    assert picker.days[0].spoken == "Monday 2 March"
    assert picker.controls.previous_query == ""
    weeks = 0
    while picker.controls.next_query:
        picker = picker_for(location, evse, query=picker.controls.next_query)
        weeks += 1
    assert weeks == 4
    assert [day.day for day in picker.days] == [date(2026, 3, 30)]
    back = picker_for(location, evse, query=picker.controls.previous_query)
    assert back.choices.day == date(2026, 3, 23)


def test_other_choices_are_kept_from_day_to_day(location, evse):
    picker = picker_for(location, evse, query=f"minutes=90&from=18:00&evse={evse.pk}")
    assert parse_qs(picker.days[3].query) == {
        "day": ["2026-03-05"],
        "minutes": ["90"],
        "from": ["18:00"],
        "evse": [str(evse.pk)],
    }


def test_the_booking_that_is_moved_is_named_by_every_link(location, evse):
    query = f"move=17&evse={evse.pk}&from=18:00"
    for picker in (
        picker_for(location, evse, query=query),
        picker_for(location, evse, query=f"{query}&any=1"),
    ):
        controls = picker.controls
        queries = [
            picker.here,
            controls.next_query,
            *(link.query for link in (*picker.days, *controls.quick, *controls.modes)),
            *(row.toggle_query for row in picker.chargers if row.toggle_query),
            *(urlsplit(start.url).query for start in all_starts(picker)),
        ]
        assert all(parse_qs(query)["move"] == ["17"] for query in queries)
    assert "move" not in picker_for(location, evse).here


@pytest.mark.parametrize("move", ["x", "\x00", "9" * 19, "-1", "1 2", "٣", ""])
def test_what_is_no_number_of_a_booking_is_left_out(location, evse, move):
    params = QueryDict(mutable=True)
    params["move"] = move
    assert (
        "move"
        not in build_picker(
            location=location, evses=[evse], params=params, viewer_zone=None, now=NOON
        ).here
    )


# What makes no sense gives a message and the default


@pytest.mark.parametrize(
    ("query", "control"),
    [
        ("day=soon", "day"),
        ("day=2026-02-30", "day"),
        ("day=20260304", "day"),
        ("day=2026-03-01", "day"),
        ("day=2026-04-01", "day"),
        ("day=9999-12-31", "day"),
        ("day=0001-01-01", "day"),
        ("minutes=long", "minutes"),
        ("minutes=0", "minutes"),
        ("minutes=-60", "minutes"),
        ("minutes=20", "minutes"),
        ("minutes=1455", "minutes"),
        ("minutes=999999999999999999999", "minutes"),
        ("minutes=²", "minutes"),
        ("minutes=٣٠", "minutes"),
        ("hours=24&minutes=15", "minutes"),
        ("hours=x&minutes=15", "minutes"),
        ("from=25:00", "from"),
        ("from=18", "from"),
        ("from=\x00", "from"),
        ("evse=0", "evse"),
        ("evse=99999999", "evse"),
        ("evse=' OR 1", "evse"),
        ("any=1&connector=banana", "connector"),
        ("any=1&current=unknown", "current"),
        ("any=1&min_power=NaN", "min_power"),
        ("any=1&min_power=1e9", "min_power"),
        ("any=1&min_power=-5", "min_power"),
    ],
)
def test_a_value_that_makes_no_sense_is_named_beside_its_control(
    location, evse, as_manager, query, control
):
    picker = picker_for(location, evse, query=query)
    assert set(picker.choices.problems) == {control}
    assert picker.chargers
    url = f"{reverse('sites:availability', args=[location.pk])}?{query}"
    page = as_manager.get(url).content.decode()
    assert f'-{control.replace("min_", "")}-error"' in page


def test_empty_values_are_the_defaults(location, evse):
    query = "day=&minutes=&hours=&from=&evse=&any=&connector=&current=&min_power="
    picker = picker_for(location, evse, query=query)
    assert picker.choices.problems == {}
    assert picker.choices.minutes == 60


# What the fleet has asked for


@pytest.mark.django_db
def test_what_the_fleet_has_asked_for_is_not_offered_again(
    as_manager, fleet, other_fleet, location, evse
):
    def offered():
        page = as_manager.get(
            reverse("sites:availability", args=[location.pk]), {"evse": evse.pk}
        ).content.decode()
        return {
            parse_qs(urlsplit(link.replace("&amp;", "&")).query)["start"][0][11:16]
            for link in booking_links(page)
        }

    start = NOON.replace(hour=18, minute=0, second=0)
    taken = {"17:15", "17:30", "17:45", "18:00", "18:15", "18:30", "18:45"}
    BookingFactory(fleet=fleet, evse=evse, start_at=start)
    assert offered() & taken == set()
    assert {"19:00", "19:15"} <= offered()
    page = as_manager.get(reverse("sites:detail", args=[location.pk])).content.decode()
    assert "start=2026-03-02T18%3A00%3A00Z" not in page
    Booking.objects.update(status="rejected")
    assert taken <= offered()
    Booking.objects.update(status="requested", fleet=other_fleet)
    assert taken <= offered(), "what others have asked for is theirs to know"


# Read again


def test_reading_again_is_possible_but_not_all_the_time(location, evse, stub):
    for _ in range(3):
        picker_for(location, evse, query="fresh=1")
    assert stub.calls == 1
    picker_for(location, evse)
    assert "fresh" not in picker_for(location, evse, query="fresh=1").here


def test_reading_again_reads_what_has_changed(location, evse, stub):
    assert picker_for(location, evse).summary
    stub.free = {}
    assert picker_for(location, evse).summary
    assert picker_for(location, evse, query="fresh=1").nothing


# The fragment


@pytest.fixture
def url(location):
    return reverse("sites:availability", args=[location.pk])


def booking_links(page):
    return re.findall(rf'href="({reverse("bookings:new")}[^"]*)"', page)


@pytest.mark.django_db
def test_a_manager_gets_starts_as_links_to_the_booking_form(as_manager, evse, url):
    response = as_manager.get(url, {"day": "", "minutes": "120"})
    page = response.content.decode()
    assert page.strip().startswith("<section")
    assert 'id="picker"' in page
    links = booking_links(page)
    assert len(links) == 6
    assert f"evse={evse.pk}" in links[0]


@pytest.mark.django_db
def test_a_viewer_sees_starts_but_no_links(as_viewer, evse, url):
    page = as_viewer.get(url).content.decode()
    assert "– 13:15" in page
    assert not booking_links(page)
    assert "not request them" in page


@pytest.mark.django_db
def test_the_address_bar_gets_the_page_with_the_same_choices(as_manager, evse, url, location):
    response = as_manager.get(url, {"hours": "2", "minutes": "30", "from": "18:00", "fresh": "1"})
    address = urlsplit(response["HX-Push-Url"])
    assert address.path == reverse("sites:detail", args=[location.pk])
    assert parse_qs(address.query).keys() == {"day", "minutes", "from"}
    assert parse_qs(address.query)["minutes"] == ["150"]


@pytest.mark.django_db
def test_the_browser_tells_the_viewers_zone(as_manager, evse, url):
    as_manager.cookies["viewer_tz"] = "Asia/Tokyo"
    assert "JST" in as_manager.get(url).content.decode()
    for name in ("Mars/Olympus", "", "../etc"):
        as_manager.cookies["viewer_tz"] = name
        assert "Your own time" not in as_manager.get(url).content.decode()


@pytest.mark.django_db
def test_an_operator_that_does_not_answer_makes_a_plain_page(as_manager, evse, url, stub):
    stub.status = 404
    response = as_manager.get(url)
    assert response.status_code == 200
    assert "Availability could not be loaded just now." in response.content.decode()
    assert "Try again" in response.content.decode()


@pytest.mark.django_db
def test_a_site_of_private_chargers_is_not_found_by_another_fleet(
    as_other_manager, location, stub, fleet
):
    point = ChargePointFactory(
        location=location, type="private", ampeco_partner_id=fleet.ampeco_partner_id
    )
    EvseFactory(charge_point=point)
    url = reverse("sites:availability", args=[location.pk])
    assert as_other_manager.get(url).status_code == 404
    assert stub.calls == 0


@pytest.mark.django_db
def test_strangers_are_sent_to_the_log_in(client, url, evse):
    response = client.get(url)
    assert response.status_code == 302
    assert response["Location"].startswith("/account/login/")


@pytest.mark.django_db
def test_looking_changes_nothing_so_nothing_can_be_posted(as_manager, url, evse):
    assert as_manager.post(url).status_code == 405


@pytest.mark.django_db
def test_forty_chargers_cost_no_more_queries_than_one(as_manager, evse, url, location, stub):
    def queries():
        with CaptureQueriesContext(connection) as captured:
            as_manager.get(url)
        return len(captured)

    queries()  # reads the fleet's limits, which are remembered from then on
    with_one = queries()
    for other in EvseFactory.create_batch(39, charge_point__location=location):
        stub.free[other.ampeco_id] = [ALWAYS]
    assert queries() == with_one
