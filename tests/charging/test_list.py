"""The list of sessions: what it is narrowed to, what that comes to, how it goes on."""

import itertools
import re
from datetime import timedelta
from decimal import Decimal
from urllib.parse import urlsplit

import pytest

from charging.models import Session
from charging.selectors import sums
from charging.selectors.filters import SessionFilter
from charging.selectors.listing import PAGE_SIZE, list_sessions
from charging.selectors.sums import By, groups_of, total_of
from charging.services import month_of
from reports.summing.sessions import keep_sessions
from shell.keys import RowCursor
from tests.charging.charged import last_month, rows_of, text_of, this_month
from tests.factories import (
    BookingFactory,
    CostCentreFactory,
    DriverFactory,
    EvseFactory,
    SessionFactory,
    VehicleFactory,
)

pytestmark = pytest.mark.django_db

LIST = "/charging/"


@pytest.fixture
def dana(fleet):
    return DriverFactory(fleet=fleet, first_name="Dana", last_name="Reyes")


@pytest.fixture
def sessions(fleet, dana) -> dict[str, Session]:
    """A booked session with all there is, one at another operator's, one of last month."""
    van = VehicleFactory(fleet=fleet, number="Van 14")
    evse = EvseFactory(
        charge_point__location__name="Depot Süd",
        charge_point__location__search_text="depot sud",
    )
    booked = SessionFactory(
        fleet=fleet,
        driver=dana,
        evse=evse,
        vehicle=van,
        cost_centre=CostCentreFactory(fleet=fleet, code="CC 1", name="Parcels"),
        booking=BookingFactory(fleet=fleet, driver=dana, evse=evse),
        reference="Tour 4711",
        started_at=this_month(10),
    )
    roaming = SessionFactory(
        fleet=fleet,
        evse=None,
        location=None,
        driver=DriverFactory(fleet=fleet, first_name="Ben"),
        started_at=this_month(12),
        payment=Session.Payment.OPEN,
        amount=None,
        amount_without_tax=None,
        currency="",
    )
    old = SessionFactory(fleet=fleet, driver=dana, started_at=last_month(), currency="USD")
    return {"booked": booked, "roaming": roaming, "old": old}


def listed(client, sessions, **query) -> set[str]:
    found = rows_of(client.get(LIST, query))
    return {name for name, session in sessions.items() if session.pk in found}


def test_it_begins_with_the_present_month(as_viewer, sessions):
    SessionFactory(started_at=this_month())
    page = as_viewer.get(LIST)
    assert rows_of(page) == [sessions["roaming"].pk, sessions["booked"].pk]
    text = text_of(page)
    for told in ("Dana Reyes", "Depot Süd", "Van 14", "CC 1", "Tour 4711", "30.0 kWh", "Paid"):
        assert told in text
    assert "Another operator’s site" in text


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"period": "last-month"}, {"old"}),
        ({"period": "all"}, {"booked", "roaming", "old"}),
        ({"period": "nonsense"}, {"booked", "roaming"}),
        ({"period": "all", "driver": "reyes dana"}, {"booked", "old"}),
        ({"period": "all", "site": "sud"}, {"booked"}),
        ({"period": "all", "vehicle": "van 14"}, {"booked"}),
        ({"period": "all", "q": "tour"}, {"booked"}),
        ({"period": "all", "q": "4711"}, set()),
        ({"period": "all", "booked": "yes"}, {"booked"}),
        ({"period": "all", "booked": "no"}, {"roaming", "old"}),
        ({"period": "all", "paid": "yes"}, {"booked", "old"}),
        ({"period": "all", "paid": "no"}, {"roaming"}),
        ({"period": "all", "cost_centre": "0"}, {"roaming", "old"}),
        ({"period": "all", "vehicle_key": "0"}, {"roaming", "old"}),
        ({"period": "all", "site_key": "0"}, {"roaming"}),
    ],
)
def test_what_it_is_narrowed_to(as_manager, sessions, query, found):
    assert listed(as_manager, sessions, **query) == found


@pytest.mark.parametrize("period", [{}, {"period": "month"}])
def test_the_choice_of_a_period_says_that_entered_dates_hold(as_manager, sessions, period):
    shown = '<option value="" selected>The dates entered</option>'
    # One day is enough, even one that cannot be read.
    for dates in (
        {"since": "2025-01-01", "until": "2025-01-31"},
        {"until": "2025-01-31"},
        {"since": "31 or so"},
    ):
        page = as_manager.get(LIST, dates | period).content.decode()
        assert shown in page
        assert "selected>This month" not in page
    assert "The dates entered" not in as_manager.get(LIST, period).content.decode()


def test_days_are_those_of_the_sites_clock(as_manager, fleet):
    # Eleven at night in New York is the next day in UTC.
    evse = EvseFactory(charge_point__location__timezone="America/New_York")
    night = this_month(11).replace(hour=3, minute=30)
    session = SessionFactory(fleet=fleet, evse=evse, started_at=night)
    day = night.date()
    before = day - timedelta(days=1)
    assert session.local_day == before
    assert rows_of(as_manager.get(LIST, {"since": before, "until": before})) == [session.pk]
    assert rows_of(as_manager.get(LIST, {"since": day, "until": day})) == []


def test_one_thing_alone_is_named_and_let_go_again(as_manager, sessions, dana):
    page = as_manager.get(LIST, {"driver_key": dana.pk})
    assert rows_of(page) == [sessions["booked"].pk]
    assert "Dana Reyes : Show the others again" in text_of(page)


def test_no_other_fleets_things_are_named(as_manager, sessions):
    other = SessionFactory(
        driver=DriverFactory(first_name="Secretive"),
        vehicle=VehicleFactory(number="Hidden van"),
        evse=EvseFactory(charge_point__location__name="Hidden depot"),
    )
    query = {
        "driver_key": other.driver_id,
        "vehicle_key": other.vehicle_id,
        "site_key": other.location_id,
        "period": "all",
    }
    text = text_of(as_manager.get(LIST, query))
    assert "Secretive" not in text
    assert "Hidden" not in text


# What they come to


def test_money_is_added_within_a_currency_only(as_manager, fleet, sessions):
    SessionFactory(
        fleet=fleet,
        started_at=this_month(3),
        amount=Decimal(1200),
        amount_without_tax=Decimal(1091),
        currency="JPY",
    )
    total = total_of(fleet, SessionFilter())
    assert (total.sessions, total.unpriced, total.energy_kwh) == (4, 1, Decimal(120))
    assert {cost.currency: cost.amount for cost in total.costs} == {
        "EUR": Decimal(12),
        "USD": Decimal(12),
        "JPY": Decimal(1200),
    }
    text = text_of(as_manager.get(LIST))
    assert "12.00 EUR" in text
    assert "1,200 JPY" in text
    assert "USD" not in text
    assert "1,212" not in text


def test_what_goes_on_at_another_site_is_no_charge_there_and_keeps_its_cost(fleet, as_manager):
    first = SessionFactory(fleet=fleet, started_at=this_month(3))
    rest = SessionFactory(
        fleet=fleet,
        started_at=this_month(4),
        continues=first.ampeco_id,
        evse=EvseFactory(),
        amount_without_tax=None,
    )
    totals = {each.key: each.total for each in groups_of(fleet, SessionFilter(), By.SITE)}
    there = totals[rest.location_id]
    assert (there.sessions, there.unpriced) == (0, 0)
    (cost,) = there.costs
    assert (cost.amount, cost.amount_without_tax) == (rest.amount, rest.amount)
    page = text_of(as_manager.get(LIST, {"site_key": rest.location_id}))
    assert "12.00 EUR" in page
    assert totals[first.location_id].sessions == 1


@pytest.mark.parametrize("by", By)
def test_groups_come_to_what_the_list_does(as_manager, fleet, sessions, by):
    groups = groups_of(fleet, SessionFilter(), by)
    total = total_of(fleet, SessionFilter())
    assert sum(group.total.sessions for group in groups) == total.sessions == 3
    for currency in ("EUR", "USD"):
        costs = [cost for group in groups for cost in group.total.costs]
        together = sum(cost.amount for cost in costs if cost.currency == currency)
        assert together == Decimal(12)


@pytest.mark.parametrize("by", By)
def test_each_group_leads_to_its_sessions(as_manager, sessions, by):
    page = as_manager.get(f"{LIST}by-{by}/", {"period": "all"})
    assert page.status_code == 200
    rows = page.context["rows"]
    found = []
    for group, name, query in rows:
        assert name != "?"
        listed = rows_of(as_manager.get(f"{LIST}{query}"))
        assert len(listed) == group.total.sessions
        found += listed
    assert sorted(found) == sorted(session.pk for session in sessions.values())


def test_a_month_within_days_keeps_to_them(as_manager, sessions):
    day = sessions["booked"].local_day
    page = as_manager.get(f"{LIST}by-month/", {"since": day, "until": day})
    ((group, _name, query),) = page.context["rows"]
    assert group.total.sessions == 1
    assert rows_of(as_manager.get(f"{LIST}{query}")) == [sessions["booked"].pk]


def test_too_many_of_a_long_time_are_not_summed(as_manager, fleet, sessions, monkeypatch):
    monkeypatch.setattr(sums, "MOST_SUMMED", 1)
    of_dana = {"period": "all", "driver": "dana"}
    text = text_of(as_manager.get(LIST, of_dana))
    assert "Pick a shorter period" in text
    text = text_of(as_manager.get(f"{LIST}by-driver/", of_dana))
    assert "Pick a shorter period" in text
    # A month is.
    assert "12.00 EUR" in text_of(as_manager.get(LIST))


# Pages


def test_pages_lead_through_all_and_back(as_manager, fleet, dana):
    at = this_month(10)
    SessionFactory.create_batch(PAGE_SIZE + 7, fleet=fleet, driver=dana, started_at=at)
    first = as_manager.get(LIST)
    pages = [rows_of(first)]
    following = re.search(r'href="([^"]+)" rel="next"', first.content.decode())[1]
    second = as_manager.get(following.replace("&amp;", "&"))
    pages.append(rows_of(second))
    assert [len(page) for page in pages] == [PAGE_SIZE, 7]
    every = list(itertools.chain(*pages))
    assert every == sorted(every, reverse=True)
    back = re.search(r'href="([^"]+)" rel="prev"', second.content.decode())[1]
    assert rows_of(as_manager.get(back.replace("&amp;", "&"))) == pages[0]


@pytest.mark.parametrize("at", ["", "a", "x1", "a99999999999999999999", "anonsense", "a-1"])
def test_a_place_that_is_none_is_the_beginning(as_manager, sessions, at):
    assert len(rows_of(as_manager.get(LIST, {"at": at}))) == 2


def test_another_fleets_session_is_no_place(fleet, sessions):
    other = SessionFactory(started_at=last_month())
    page = list_sessions(fleet, SessionFilter(), cursor=RowCursor(other.pk, backwards=False))
    assert len(page.sessions) == 3


def test_it_costs_the_same_however_many_there_are(
    as_manager, fleet, sessions, django_assert_max_num_queries
):
    for number in range(20):
        SessionFactory(
            fleet=fleet,
            started_at=this_month(5) + timedelta(minutes=number),
            vehicle=VehicleFactory(fleet=fleet),
        )
    with django_assert_max_num_queries(12):
        as_manager.get(LIST)
    with django_assert_max_num_queries(12):
        as_manager.get(f"{LIST}by-driver/")


def test_it_looks_again_while_one_goes_on(as_manager, fleet):
    session = SessionFactory(fleet=fleet, started_at=this_month(), stopped_at=None, status="active")
    page = as_manager.get(LIST)
    assert "data-look-every" in page.content.decode()
    rows = as_manager.get(LIST, headers={"HX-Request": "true"})
    assert rows_of(rows) == [session.pk]
    assert "<html" not in rows.content.decode()
    Session.objects.update(status="finished", stopped_at=this_month() + timedelta(hours=1))
    assert "data-look-every" not in as_manager.get(LIST).content.decode()


def test_it_is_in_the_main_navigation(as_viewer):
    page = as_viewer.get("/bookings/")
    links = re.findall(r'<a class="topbar__link" href="([^"]+)"', page.content.decode())
    assert LIST in [urlsplit(link).path for link in links]


def test_viewers_have_nothing_to_tick(as_viewer, sessions):
    page = as_viewer.get(LIST).content.decode()
    assert 'name="session"' not in page
    assert "assign-sessions" not in page


def test_of_many_sessions_the_sums_of_months_are_taken(as_manager, fleet, sessions, monkeypatch):
    for month in {month_of(session.local_day) for session in sessions.values()}:
        keep_sessions(fleet, month)
    straight = {by: groups_of(fleet, SessionFilter(), by) for by in By}
    total = total_of(fleet, SessionFilter())
    booked = sessions["booked"]
    alone = [
        SessionFilter(driver_key=booked.driver_id),
        SessionFilter(cost_centre=booked.cost_centre_id),
        SessionFilter(site_key=0),
        SessionFilter(vehicle_key=0),
    ]
    straight_alone = [total_of(fleet, narrowed) for narrowed in alone]
    monkeypatch.setattr(sums, "MOST_ANEW", 0)
    monkeypatch.setattr(sums, "MOST_SUMMED", 2)
    kept = total_of(fleet, SessionFilter())
    assert kept.is_kept
    assert kept.costs == total.costs
    assert (kept.sessions, kept.energy_kwh, kept.unpriced) == (
        total.sessions,
        total.energy_kwh,
        total.unpriced,
    )
    for by in By:
        groups = groups_of(fleet, SessionFilter(), by)
        assert [(each.key, each.name) for each in groups] == [
            (each.key, each.name) for each in straight[by]
        ]
        assert [each.total.costs for each in groups] == [each.total.costs for each in straight[by]]
    assert "may be some minutes old" in text_of(as_manager.get(LIST, {"period": "all"}))
    for narrowed, before in zip(alone, straight_alone, strict=True):
        kept = total_of(fleet, narrowed)
        assert (kept.is_kept, kept.sessions, kept.costs) == (True, before.sessions, before.costs)
    # Sums of months say nothing of a part of one.
    assert total_of(fleet, SessionFilter(until=sessions["roaming"].local_day)) is None


@pytest.mark.parametrize(
    ("language", "heading"), [("de", "Laden"), ("fr", "Recharges"), ("nl", "Laden")]
)
def test_the_page_is_not_called_as_a_charge_that_goes_on(as_manager, manager, language, heading):
    manager.language = language
    manager.save()
    page = as_manager.get(LIST).content.decode()
    assert re.search(r"<h1[^>]*>\s*([^<]*?)\s*</h1>", page)[1] == heading
