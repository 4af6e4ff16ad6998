"""Planned downtime where slots are shown: greyed with its reason, and not offered."""

import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from bookings.actions.alternatives import alternatives_for
from bookings.actions.candidate import Candidate, Slot
from maintenance.planned import live_downtimes
from sites.periods import start_of_day
from sites.selectors import Criteria
from tests.factories import BookingFactory, DowntimeFactory, EvseFactory, LocationFactory
from tests.sites.slots.availability_stub import ALWAYS, AvailabilityStub

pytestmark = pytest.mark.django_db

NEW_YORK = ZoneInfo("America/New_York")
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
    return charger(location, stub, "Bay 1")


def charger(location, stub, label, **fields):
    evse = EvseFactory(charge_point__location=location, label=label, **fields)
    stub.free[evse.ampeco_id] = [ALWAYS]
    return evse


def clock(hour, day=TUESDAY):
    """Return an instant so many hours after midnight in New York."""
    return start_of_day(day, NEW_YORK) + hour * HOUR


def plan(evse, since, until, day=TUESDAY, **fields):
    end_at = None if until is None else clock(until, day)
    return DowntimeFactory(evse=evse, start_at=clock(since, day), end_at=end_at, **fields)


@pytest.fixture
def picker(as_manager, location):
    def picker(day=TUESDAY, **given):
        params = {"day": day.isoformat(), "from": "00:00", "minutes": 60, **given}
        url = reverse("sites:availability", args=[location.pk])
        return as_manager.get(url, params)

    return picker


def times_of(response):
    rows = response.context["picker"].chargers
    return {start.begins for row in rows for hour in row.hours for start in hour.starts}


def text_of(response):
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


class TestPicker:
    def test_offers_no_start_that_runs_into_it_and_says_why(self, picker, evse):
        plan(evse, 14, 18)
        response = picker(evse=evse.pk)
        offered = times_of(response)
        assert {"13:00", "18:00"} <= offered
        assert not {"13:15", "14:00", "17:45"} & offered
        assert "Maintenance Tue 3 Mar 2026, 14:00–18:00: Replacing the cable" in text_of(response)
        (row,) = response.context["picker"].chargers
        assert row.bar.maintenance and not row.bar.unavailable

    def test_what_runs_is_said_until_when(self, picker, evse):
        plan(evse, 10, 16, day=date(2026, 3, 2))
        page = text_of(picker(date(2026, 3, 2)))
        assert "Maintenance until 16:00: Replacing the cable" in page

    def test_without_an_end_nothing_is_offered_any_more(self, picker, evse):
        plan(evse, 14, None, notice="")
        response = picker(date(2026, 3, 6), evse=evse.pk)
        assert times_of(response) == set()
        assert "Maintenance until further notice" in text_of(response)

    def test_of_a_charge_point_it_is_that_of_all_its_chargers(self, picker, location, stub, evse):
        sibling = charger(location, stub, "Bay 2", charge_point=evse.charge_point)
        DowntimeFactory(
            whole=True, charge_point=evse.charge_point, start_at=clock(0), end_at=clock(24)
        )
        assert times_of(picker(evse=sibling.pk)) == set()

    def test_any_charger_counts_those_that_are_in_use(self, picker, location, stub, evse):
        charger(location, stub, "Bay 2")
        plan(evse, 14, 18)
        hours = picker(any=1).context["picker"].any_hours
        counts = {start.begins: start.chargers for hour in hours for start in hour.starts}
        assert (counts["12:00"], counts["15:00"]) == ("2 chargers", "1 charger")

    @pytest.mark.parametrize(
        "fields",
        [{"entry_mode": "automatic"}, {"retired_at": NOON}, {"entry_mode": "unknown"}],
    )
    def test_what_is_no_plan_or_taken_back_closes_nothing(self, picker, evse, fields):
        plan(evse, 14, 18, **fields)
        response = picker(evse=evse.pk)
        assert "15:00" in times_of(response)
        assert "Maintenance" not in text_of(response)

    def test_what_the_operator_leaves_out_already_is_greyed_all_the_same(self, picker, evse, stub):
        """AMPECO may know of it, or not."""
        stub.free[evse.ampeco_id] = []
        plan(evse, 14, 18)
        (row,) = picker().context["picker"].chargers
        assert row.bar.maintenance and row.bar.unavailable

    def test_costs_one_query_more_however_much_is_planned(
        self, picker, location, stub, evse, django_assert_num_queries
    ):
        picker()
        with CaptureQueriesContext(connection) as without:
            picker()
        for number in range(5):
            plan(charger(location, stub, f"Bay {number + 2}"), 14, 18)
        with django_assert_num_queries(len(without)):
            picker()
        told = [each for each in without if "maintenance_downtime" in each["sql"]]
        assert len(told) == 1


class TestDayAndWeek:
    @pytest.fixture
    def day(self, as_manager, location):
        def day(day=TUESDAY):
            url = reverse("sites:day", args=[location.pk])
            return as_manager.get(url, {"day": day.isoformat()})

        return day

    def test_is_greyed_with_its_reason(self, day, evse):
        plan(evse, 14, 18)
        response = day()
        cells = cells_of(response)
        assert [(cell.kind, cell.columns) for cell in cells] == [
            ("free", 14 * 4),
            ("maintenance", 16),
            ("free", 6 * 4),
        ]
        greyed = cells[1]
        assert greyed.short == "Maintenance"
        assert greyed.text.endswith("Maintenance until 18:00: Replacing the cable (14:00 to 18:00)")
        assert not greyed.url and not greyed.since
        assert 'class="lanes-key__maintenance"' in response.content.decode()

    @pytest.mark.parametrize(
        ("since", "short"),
        [
            (17, ""),
            (15, "Maintenance"),
            (10, "Maintenance until 18:00"),
            (2, "Maintenance until 18:00: Replacing the cable"),
        ],
    )
    def test_says_as_much_as_fits(self, day, evse, since, short):
        plan(evse, since, 18)
        assert cells_of(day())[1].short == short

    def test_the_key_names_it_only_where_there_is_some(self, day, evse):
        assert "lanes-key__maintenance" not in day().content.decode()

    def test_a_booking_shows_through(self, day, evse, fleet):
        BookingFactory(fleet=fleet, evse=evse, start_at=clock(15), accepted=True)
        plan(evse, 14, 18)
        kinds = [cell.kind for cell in cells_of(day())]
        assert kinds == ["free", "maintenance", "booking", "maintenance", "free"]

    def test_over_midnight_the_end_names_its_day(self, day, evse):
        plan(evse, 20, 26)
        until = "Maintenance until Wed 4 Mar 2026, 02:00: Replacing the cable"
        assert until in cells_of(day())[-1].text
        first = cells_of(day(date(2026, 3, 4)))[0]
        assert (first.kind, first.columns) == ("maintenance", 8)
        assert first.text.endswith("Maintenance until 02:00: Replacing the cable (00:00 to 02:00)")

    @pytest.mark.parametrize(
        ("sunday", "columns"), [(date(2026, 3, 8), 4 * 4), (date(2026, 11, 1), 6 * 4)]
    )
    def test_on_days_when_the_clocks_change_it_lasts_as_long_as_it_does(
        self, day, evse, client, manager, sunday, columns
    ):
        """From midnight until 05:00 by the clock: four hours, or six."""
        with time_machine.travel(clock(12, sunday - timedelta(days=1)), tick=True):
            client.force_login(manager)
            DowntimeFactory(
                evse=evse,
                start_at=clock(0, sunday),
                end_at=datetime(sunday.year, sunday.month, sunday.day, 5, tzinfo=NEW_YORK),
            )
            first = cells_of(day(sunday))[0]
            assert (first.kind, first.columns) == ("maintenance", columns)
            assert "until 05:00" in first.text

    def test_a_week_shows_it_on_its_day(self, as_manager, location, evse):
        plan(evse, 14, 18)
        url = reverse("sites:charger_week", args=[location.pk, evse.pk])
        board = as_manager.get(url, {"day": "2026-03-02"}).context["board"]
        kinds = [{cell.kind for lane in row.lanes for cell in lane} for row in board.rows]
        assert ["maintenance" in each for each in kinds] == [False, True] + 5 * [False]

    def test_a_slot_typed_into_it_is_told_why_not(self, as_manager, location, evse):
        plan(evse, 14, 18)
        typed = {"day": "2026-03-03", "evse": evse.pk, "begin": "15:00", "end": "16:00"}
        page = text_of(as_manager.get(reverse("sites:day", args=[location.pk]), typed))
        assert "is not free from 15:00 to 16:00" in page


def cells_of(response):
    (row,) = response.context["board"].rows
    (lane,) = row.lanes
    return lane


def test_alternatives_avoid_it(fleet, location, stub, evse):
    other = charger(location, stub, "Bay 2")
    plan(evse, 9, 24)
    plan(other, 12, 14)
    slot = Slot(location, evse, Criteria(), clock(15), clock(16))
    found = alternatives_for(Candidate(fleet, slot))
    assert [each.evse for each in found.other_chargers] == [other]
    assert all(each.end_at <= clock(9) or each.start_at >= clock(24) for each in found.other_times)


def test_what_is_over_is_not_read(evse):
    plan(evse, 1, 2, day=date(2026, 3, 1))
    coming = plan(evse, 1, 2)
    assert list(live_downtimes(since=NOON)) == [coming]
