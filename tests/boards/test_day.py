"""The day of a site and the week of a charger, over HTTP."""

import re
from datetime import UTC, date, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from django.urls import reverse

from boards.day.day_table import DayTable
from bookings.models import Booking
from sites.models import ChargePoint, Evse, ParkingLimits, ParkingSpace
from sites.periods import STEP, Period, local_day
from sites.slots.clocks import Clock
from sites.slots.limits import BookingLimits
from tests.factories import (
    BookingFactory,
    DriverFactory,
    EvseFactory,
    LocationFactory,
    VehicleFactory,
)
from tests.sites.slots.availability_stub import ALWAYS, AvailabilityStub

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 2, 17, 3, 20, tzinfo=UTC)  # Monday 2 March, 12:03:20 in New York
TUESDAY = date(2026, 3, 3)
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _monday_noon():
    with time_machine.travel(NOON, tick=True):
        yield


@pytest.fixture
def stub():
    stub = AvailabilityStub()
    with stub.in_place():
        yield stub


@pytest.fixture
def location(db):
    return LocationFactory(name="Pier 40", timezone="America/New_York")


@pytest.fixture
def evse(location, stub):
    evse = EvseFactory(charge_point__location=location, label="Bay 1", physical_reference="Bay 1")
    stub.free = {evse.ampeco_id: [ALWAYS]}
    return evse


@pytest.fixture
def page(as_manager, location):
    """Return a function that opens the day of the site."""

    def page(day="", **given):
        params = {"day": str(day), **given} if day else given
        return as_manager.get(reverse("sites:day", args=[location.pk]), params)

    return page


@pytest.fixture
def week(as_manager, location, evse):
    def week(day="", **given):
        params = {"day": str(day), **given} if day else given
        return as_manager.get(reverse("sites:charger_week", args=[location.pk, evse.pk]), params)

    return week


def at(day, hour, *, zone_hours=5):
    """Return an instant by New York's standard time."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(hours=hour + zone_hours)


def booked(fleet, evse, start, hours=1, **given):
    values = {"accepted": True} if "status" not in given else {}
    return BookingFactory(
        fleet=fleet, evse=evse, start_at=start, end_at=start + hours * HOUR, **values, **given
    )


def rows(response):
    """Return the cells of each row as (kind, columns), the further lanes of a row as rows too."""
    return [
        [(cell.kind, cell.columns) for cell in lane]
        for row in response.context["board"].rows
        for lane in row.lanes
    ]


def cell_texts(response):
    return [
        cell.text for row in response.context["board"].rows for lane in row.lanes for cell in lane
    ]


def text_of(response):
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def query_of(url):
    return {name: value[0] for name, value in parse_qs(urlsplit(url).query).items()}


class TestDay:
    def test_today_has_a_past_and_what_is_free_leads_to_the_form(self, page, location, evse):
        response = page()
        assert rows(response) == [[("past", 49), ("free", 47)]]
        assert cell_texts(response) == [
            "Bay 1, Mon 2 Mar, past 00:00 to 12:15",
            "Bay 1, Mon 2 Mar, free 12:15 to 24:00",
        ]
        (cell,) = [c for c in response.context["board"].rows[0].lanes[0] if c.url]
        assert query_of(cell.url) == {
            "site": str(location.pk),
            "evse": str(evse.pk),
            "start": "2026-03-02T17:15:00Z",
            "minutes": "60",
        }
        assert response.content.decode().count('aria-current="time"') == 1

    def test_a_charger_that_does_not_work_is_told_of_its_own_bookings_alone(
        self, page, fleet, location, evse
    ):
        other = EvseFactory(charge_point__location=location, label="Bay 2", physical_reference="B2")
        broken = EvseFactory(
            charge_point__location=location,
            label="Bay 0",
            physical_reference="B0",
            hardware_status="faulted",
        )
        found = {each: booked(fleet, each, at(TUESDAY, 10)) for each in (other, broken, evse)}
        content = page(TUESDAY).content.decode()
        for each, booking in found.items():
            bar = content.split(f'id="bar-{booking.pk}-')[1].split("</a>")[0]
            assert ("Charger not working" in bar) == (each == broken)

    def test_own_bookings_are_bars_with_driver_and_state(self, page, fleet, evse):
        ana = DriverFactory(first_name="Ana", last_name="Alvarez", fleet=fleet)
        booking = booked(fleet, evse, at(TUESDAY, 10), 2, driver=ana)
        asked = booked(fleet, evse, at(TUESDAY, 14), status=Booking.Status.REQUESTED)
        response = page(TUESDAY)
        assert rows(response) == [
            [("free", 40), ("booking", 8), ("free", 8), ("booking", 4), ("free", 36)]
        ]
        content = response.content.decode()
        assert reverse("bookings:detail", args=[booking.pk]) in content
        assert reverse("bookings:detail", args=[asked.pk]) in content
        text = text_of(response)
        assert "Bay 1, Tue 3 Mar, 10:00 to 12:00: Ana Alvarez Approved" in text
        assert "Requested" in text
        assert 'data-look-every="2s"' in content

    def test_names_are_text_and_no_markup(self, page, fleet, location, stub):
        bay = EvseFactory(charge_point__location=location, label='<b>"Bay"</b>')
        driver = DriverFactory(first_name="<i>Ana</i>", last_name='"x"', fleet=fleet)
        booked(fleet, bay, at(TUESDAY, 10), driver=driver)
        content = page(TUESDAY).content.decode()
        assert "<b>" not in content
        assert "<i>" not in content
        assert "&lt;i&gt;Ana&lt;/i&gt; &quot;x&quot;" in content

    def test_a_settled_day_looks_again_each_minute(self, page, fleet, evse):
        booked(fleet, evse, at(TUESDAY, 10))
        assert 'data-look-every="60s"' in page(TUESDAY).content.decode()

    def test_bookings_that_overlap_have_a_row_each(self, page, fleet, evse):
        booked(fleet, evse, at(TUESDAY, 10), 2)
        booked(fleet, evse, at(TUESDAY, 11), 2, status=Booking.Status.REQUESTED)
        response = page(TUESDAY)
        assert rows(response)[1] == [("blank", 44), ("booking", 8), ("blank", 44)]
        assert 'rowspan="2"' in response.content.decode()
        frees = [c for c in response.context["board"].rows[0].lanes[0] if c.kind == "free"]
        assert int(frees[0].until) == 40
        assert int(frees[1].since) == 52

    def test_a_stay_over_midnight_shows_on_both_days(self, page, fleet, evse):
        booked(fleet, evse, at(TUESDAY, 22), 8)
        assert rows(page(TUESDAY)) == [[("free", 88), ("booking", 8)]]
        after = page(date(2026, 3, 4))
        assert rows(after) == [[("booking", 24), ("free", 72)]]
        assert "Tue 3 Mar 22:00 to 06:00" in text_of(after)

    def test_what_is_over_or_given_up_does_not_hold_the_charger(self, page, fleet, evse):
        for status in ("cancelled", "rejected", "not-placed"):
            booked(fleet, evse, at(TUESDAY, 10), status=status, slot_key="")
        booked(fleet, evse, at(date(2026, 3, 2), 8), status="no-show", slot_key="")
        assert rows(page(TUESDAY)) == [[("free", 96)]]
        assert rows(page()) == [[("past", 32), ("booking", 4), ("past", 13), ("free", 47)]]

    def test_other_fleets_bookings_are_nothing_but_not_available(
        self, page, other_fleet, evse, stub
    ):
        stub.free = {evse.ampeco_id: [Period(at(TUESDAY, 0), at(TUESDAY, 10))]}
        driver = DriverFactory(first_name="Secret", last_name="Person")
        booked(other_fleet, evse, at(TUESDAY, 10), 14, driver=driver)
        response = page(TUESDAY)
        assert rows(response) == [[("free", 40), ("busy", 56)]]
        assert "Secret" not in response.content.decode()
        assert "not available 10:00 to 24:00" in text_of(response)

    def test_chargers_that_cannot_be_booked_say_why(self, page, location, evse, fleet):
        broken = EvseFactory(charge_point=evse.charge_point, label="Z", status="out of order")
        booked(fleet, broken, at(TUESDAY, 10))
        response = page(TUESDAY)
        assert rows(response)[1] == [("closed", 40), ("booking", 4), ("closed", 52)]
        assert "Out of order 00:00 to 10:00" in text_of(response)
        assert "The charger is out of order." in text_of(response)

    def test_private_chargers_of_others_are_not_there(self, page, location, evse):
        EvseFactory(
            charge_point__location=location,
            charge_point__type=ChargePoint.Type.PRIVATE,
            charge_point__ampeco_partner_id=502,
            label="Hidden bay",
        )
        assert "Hidden bay" not in page(TUESDAY).content.decode()

    def test_a_booking_keeps_its_row_where_its_charger_is_gone_or_not_named_yet(
        self, page, fleet, location, evse
    ):
        gone = EvseFactory(charge_point__location=location, label="Old", retired_at=NOON)
        booked(fleet, gone, at(TUESDAY, 10))
        BookingFactory(
            fleet=fleet,
            evse=None,
            location=location,
            start_at=at(TUESDAY, 8),
            slot_key="",
        )
        response = page(TUESDAY)
        assert [row.key for row in response.context["board"].rows] == [
            str(evse.pk),
            f"gone-{gone.pk}",
            "any",
        ]
        assert "Any suitable charger" in text_of(response)

    def test_notice_and_the_horizon_are_kept(self, page, evse, settings):
        settings.BOOKING_NOTICE_MINUTES = 120
        assert rows(page()) == [[("past", 49), ("soon", 8), ("free", 39)]]
        settings.BOOKING_HORIZON_DAYS = 1
        response = page(TUESDAY)
        assert rows(response) == [[("free", 48), ("beyond", 48)]]
        assert "up to 1 day ahead" in text_of(response)
        later = page(date(2026, 3, 10))
        assert rows(later) == [[("beyond", 96)]]
        assert "This day cannot be booked yet." in text_of(later)

    def test_what_is_too_short_to_book_is_no_link(self, page, evse, stub, settings):
        settings.BOOKING_MIN_MINUTES = 60
        stub.free = {evse.ampeco_id: [Period(at(TUESDAY, 8), at(TUESDAY, 8.5))]}
        response = page(TUESDAY)
        assert "free 08:00 to 08:30" in text_of(response)
        assert "lane__pick" not in response.content.decode()

    def test_a_past_day_shows_bookings_and_asks_nobody(self, page, fleet, evse, stub):
        booked(fleet, evse, at(date(2026, 2, 20), 10), status="completed")
        response = page(date(2026, 2, 20))
        assert rows(response) == [[("past", 40), ("booking", 4), ("past", 52)]]
        assert stub.calls == 0
        assert "This day has passed" in text_of(response)

    def test_an_operator_that_does_not_answer(self, page, fleet, evse, stub):
        stub.broken = True
        booked(fleet, evse, at(TUESDAY, 10))
        response = page(TUESDAY)
        assert response.status_code == 200
        assert rows(response) == [[("unknown", 40), ("booking", 4), ("unknown", 52)]]
        assert "The operator’s system is not responding." in text_of(response)
        assert "Try again" in text_of(response)

    @pytest.mark.parametrize("day", ["tomorrow", "2026-02-30", "0001-01-01", "9999-12-31", "٢"])
    def test_a_day_that_makes_no_sense_is_today_with_a_sentence(self, page, evse, day):
        response = page(day)
        assert response.context["board"].chosen.day == date(2026, 3, 2)
        assert "This date is not valid" in text_of(response)

    @pytest.mark.parametrize(
        ("day", "columns", "hours"),
        [(date(2026, 3, 8), 92, 23), (date(2026, 11, 1), 100, 25), (TUESDAY, 96, 24)],
    )
    def test_a_day_is_as_long_as_it_is(self, page, evse, settings, day, columns, hours):
        settings.BOOKING_HORIZON_DAYS = 365
        response = page(day)
        assert sum(columns for _kind, columns in rows(response)[0]) == columns
        assert len(response.context["board"].heads) == hours
        if hours == 25:
            assert [head.spoken for head in response.context["board"].heads[1:3]] == [
                "01:00 EDT",
                "01:00 EST",
            ]
        if hours != 24:
            assert "Clocks go" in text_of(response)

    def test_htmx_gets_the_table_alone(self, as_manager, location, evse):
        url = reverse("sites:day", args=[location.pk])
        response = as_manager.get(url, headers={"HX-Request": "true"})
        content = response.content.decode()
        assert content.lstrip().startswith('<div id="lanes"')
        assert "<html" not in content
        assert 'id="lanes-notice" hx-swap-oob="true"' in content
        assert "HX-Request" in response["Vary"]

    def test_the_number_of_queries_does_not_grow(
        self, page, fleet, location, evse, stub, django_assert_max_num_queries
    ):
        for n in range(12):
            other = EvseFactory(charge_point__location=location)
            stub.free[other.ampeco_id] = [ALWAYS]
            booked(fleet, other, at(TUESDAY, n))
            booked(fleet, other, at(TUESDAY, n + 2), status=Booking.Status.REQUESTED)
        page(TUESDAY)  # reads the fleet's limits, which are remembered from then on
        with django_assert_max_num_queries(13):
            assert page(TUESDAY).status_code == 200

    def test_a_site_without_chargers_of_the_fleets_is_not_there(self, page, location):
        assert page(TUESDAY).status_code == 404

    def test_the_booking_to_be_moved_is_carried_along(self, page, fleet, evse):
        response = page(TUESDAY, move="7")
        (cell,) = response.context["board"].rows[0].lanes[0]
        assert query_of(cell.url)["move"] == "7"
        assert "You are moving booking 7." in text_of(response)


class TestViewers:
    def test_see_everything_and_pick_nothing(self, as_viewer, location, evse, fleet):
        booked(fleet, evse, at(TUESDAY, 10))
        for url in (
            reverse("sites:day", args=[location.pk]),
            reverse("sites:charger_week", args=[location.pk, evse.pk]),
        ):
            response = as_viewer.get(url, {"day": TUESDAY.isoformat()})
            content = response.content.decode()
            assert "free" in text_of(response)
            assert "Approved" in content
            assert "lane__pick" not in content
            assert "typed-form" not in content
            assert 'id="choice"' not in content

    def test_typing_a_slot_leads_them_nowhere(self, as_viewer, location, evse):
        given = {"day": str(TUESDAY), "evse": str(evse.pk), "begin": "10:00", "end": "11:00"}
        response = as_viewer.get(reverse("sites:day", args=[location.pk]), given)
        assert response.status_code == 200


class TestTyped:
    def given(self, evse, begin, end, **more):
        return {"evse": str(evse.pk), "begin": begin, "end": end, **more}

    def test_leads_to_the_form(self, page, location, evse):
        response = page(TUESDAY, **self.given(evse, "10:00", "11:30"))
        assert response.status_code == 302
        assert urlsplit(response.url).path == reverse("bookings:new")
        assert query_of(response.url) == {
            "site": str(location.pk),
            "evse": str(evse.pk),
            "start": "2026-03-03T15:00:00Z",
            "minutes": "90",
        }

    def test_an_earlier_end_is_on_the_next_day(self, page, evse):
        response = page(TUESDAY, **self.given(evse, "22:00", "06:00"))
        assert query_of(response.url)["minutes"] == "480"

    @pytest.mark.parametrize(
        ("begin", "end", "field", "sentence"),
        [
            ("soon", "11:00", "begin", "This time is not valid."),
            ("", "11:00", "begin", "Please give a time."),
            ("10:00", "25:00", "end", "This time is not valid."),
            ("10:00", "10:00", "end", "The end must be after the start."),
            ("10:07", "11:00", "begin", "quarter hour"),
            ("10:00", "11:07", "end", "quarter hour"),
            ("10:00", "10:15", "end", "The shortest booking is 30 minutes."),
            ("10:00", "14:15", "end", "The longest booking is 4 hours."),
            ("16:00", "18:00", "begin", "is not free from 16:00 to 18:00"),
        ],
    )
    def test_what_is_wrong_stands_beside_the_field(
        self, page, evse, stub, settings, begin, end, field, sentence
    ):
        settings.BOOKING_MIN_MINUTES, settings.BOOKING_MAX_HOURS = 30, 4
        stub.free = {evse.ampeco_id: [Period(at(TUESDAY, 8), at(TUESDAY, 17))]}
        response = page(TUESDAY, **self.given(evse, begin, end))
        assert response.status_code == 200
        errors = response.context["form"].errors
        assert list(errors) == [field]
        assert sentence in errors[field][0]
        assert f'id="typed-{field}_error"' in response.content.decode()

    def test_own_requests_are_not_free(self, page, evse, fleet):
        booked(fleet, evse, at(TUESDAY, 10), status=Booking.Status.REQUESTED)
        response = page(TUESDAY, **self.given(evse, "10:30", "11:30"))
        assert "free 00:00–10:00, 11:00–24:00" in response.context["form"].errors["begin"][0]

    def test_the_past_is_said(self, page, evse):
        response = page(date(2026, 3, 2), **self.given(evse, "09:00", "10:00"))
        assert "has passed" in response.context["form"].errors["begin"][0]

    def test_another_sites_charger_is_none(self, page, evse):
        other = EvseFactory()
        response = page(TUESDAY, **self.given(other, "10:00", "11:00"))
        assert "cannot be booked here" in response.context["form"].errors["evse"][0]

    def test_a_time_that_clocks_skip(self, page, evse):
        response = page(date(2026, 3, 8), **self.given(evse, "02:30", "04:00"))
        assert "There is no 02:30" in response.context["form"].errors["begin"][0]

    def test_a_time_that_comes_twice(self, page, evse, settings):
        settings.BOOKING_HORIZON_DAYS = 365
        day = date(2026, 11, 1)
        starts = [
            query_of(page(day, **self.given(evse, "01:30", "03:00", twice=which)).url)
            for which in ("first", "second")
        ]
        assert [each["start"] for each in starts] == [
            "2026-11-01T05:30:00Z",
            "2026-11-01T06:30:00Z",
        ]
        assert [each["minutes"] for each in starts] == ["150", "90"]

    def test_an_end_that_comes_twice_in_the_night_after(self, page, evse, settings):
        settings.BOOKING_HORIZON_DAYS = 365
        day = date(2026, 10, 31)
        assert 'name="twice"' in page(day).content.decode()
        given = self.given(evse, "22:00", "01:30")
        assert [
            query_of(page(day, **given, twice=which).url)["minutes"]
            for which in ("first", "second")
        ] == ["210", "270"]

    def test_a_time_that_comes_twice_is_not_guessed(self, page, evse, settings):
        settings.BOOKING_HORIZON_DAYS = 365
        cases = [
            (date(2026, 10, 31), "22:00", "01:30", "end"),
            (date(2026, 11, 1), "01:30", "03:00", "begin"),
        ]
        for day, begin, end, field in cases:
            errors = page(day, **self.given(evse, begin, end)).context["form"].errors
            assert list(errors) == [field]
            assert "01:30 comes twice" in errors[field][0]

    def test_no_other_day_is_asked_which_of_two(self, page, evse, settings):
        settings.BOOKING_HORIZON_DAYS = 365
        for day in (TUESDAY, date(2026, 10, 30), date(2026, 11, 2), date(2026, 3, 8)):
            assert 'name="twice"' not in page(day).content.decode()

    def test_an_unknown_availability_does_not_stop_anybody(self, page, evse, stub):
        stub.broken = True
        assert page(TUESDAY, **self.given(evse, "10:00", "11:00")).status_code == 302


class TestWeek:
    def test_seven_days_from_the_one_asked_for(self, week, fleet, evse):
        booked(fleet, evse, at(date(2026, 3, 4), 10))
        response = week(date(2026, 3, 2))
        names = [row.name for row in response.context["board"].rows]
        assert names[0] == "Mon 2 Mar"
        assert names[-1] == "Sun 8 Mar"
        assert rows(response)[0] == [("past", 49), ("free", 47)]
        assert rows(response)[2] == [("free", 40), ("booking", 4), ("free", 52)]

    def test_the_hour_that_the_clocks_skip_is_shown(self, week):
        response = week(date(2026, 3, 2))
        sunday = response.context["board"].rows[-1]
        assert [(c.kind, c.columns) for c in sunday.lanes[0]] == [
            ("free", 8),
            ("skipped", 4),
            ("free", 84),
        ]
        before, _gap, after = sunday.lanes[0]
        # Really only a quarter passes from 01:45 to 03:00.
        assert (before.since, after.since) == ("0", "8")
        assert query_of(after.url)["start"] == "2026-03-08T07:00:00Z"
        assert "the clocks skip 02:00 to 03:00" in text_of(response)
        labels = sunday.labels.split("|")
        assert labels[7:9] == ["01:45", "03:00"]

    def test_the_hour_that_comes_twice_is_free_only_if_both_are(self, week, evse, stub, settings):
        settings.BOOKING_HORIZON_DAYS = 365
        day = date(2026, 11, 1)
        midnight = local_day(day, evse.charge_point.location.zone).start_at
        stub.free = {evse.ampeco_id: [Period(midnight, midnight + 8 * STEP)]}
        sunday = week(day - timedelta(days=6)).context["board"].rows[-1].lanes[0]
        assert [(c.kind, c.columns) for c in sunday] == [("free", 4), ("busy", 92)]

    def test_a_week_costs_two_calls_at_most(self, week, stub):
        for n in range(4):
            stub.windows.clear()
            assert week(TUESDAY + timedelta(days=7 * n)).status_code == 200
            assert stub.calls <= 2

    def test_another_sites_charger_is_not_there(self, as_manager, location, evse):
        other = EvseFactory()
        url = reverse("sites:charger_week", args=[location.pk, other.pk])
        assert as_manager.get(url).status_code == 404

    def test_a_charger_that_cannot_be_booked_says_why(self, week, evse):
        Evse.objects.update(booking_enabled=False)
        response = week(TUESDAY)
        assert "Cannot be booked online" in text_of(response)
        assert rows(response)[0] == [("closed", 96)]


@pytest.mark.parametrize("day", [TUESDAY, date(2026, 3, 7), date(2026, 3, 8), date(2026, 11, 1)])
def test_labels_are_those_of_the_clock(location, day):
    table = DayTable(day, clock=Clock(location.zone), limits=BookingLimits.at(NOON), address="")
    assert table.labels == [table._label(quarter) for quarter in range(len(table.labels))]
    assert len(table.labels) == table.ruler.length + 97


def test_pages_lead_to_the_day(as_manager, fleet, location, evse):
    booking = booked(fleet, evse, at(TUESDAY, 20), 5)
    day_url = f"{reverse('sites:day', args=[location.pk])}?day=2026-03-03"
    assert (
        day_url
        in as_manager.get(
            reverse("sites:detail", args=[location.pk]), {"day": "2026-03-03"}
        ).content.decode()
    )
    assert day_url in as_manager.get(reverse("bookings:detail", args=[booking.pk])).content.decode()


def test_chargers_to_type_a_time_for_stand_last_where_the_vehicle_may_not_fit(page, evse, fleet):
    site = evse.charge_point.location
    second = EvseFactory(charge_point__location=site, label="Bay 2")
    space = ParkingSpace.objects.create(
        ampeco_id=1, location=site, label="P 1", status="enabled", synced_at=NOON
    )
    ParkingLimits.objects.create(space=space, max_height_cm=200)
    space.evses.add(evse)
    van = VehicleFactory(fleet=fleet, height_cm=300)
    shown = page(TUESDAY, vehicle=van.pk).content.decode()
    drawn = shown.split('id="typed-evse"')[1].split("</select>")[0]
    names = re.findall(r"<option[^>]*>([^<]*)<", drawn)
    assert [each.split(":")[0] for each in names] == [second.name, evse.name]
    assert '<optgroup label="Does not fit">' in drawn
