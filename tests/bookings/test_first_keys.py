"""What comes first of a list that is searched, over many weeks."""

import random
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now

from boards.today.reading import read_today
from bookings import selectors
from bookings.models import Booking
from bookings.selectors import VIEWS, list_bookings, narrowed_bookings
from tests.factories import BookingFactory, DriverFactory, EvseFactory, LocationFactory

pytestmark = pytest.mark.django_db

REFERENCES = ("Job-1", "Job-17", "Job-2", "Tour 1", "100%_off", "")


@pytest.fixture
def many(fleet):
    """Bookings over half a year, some at the same time; a driver and a site are called Job."""
    dice = random.Random(1)
    named = {
        "driver": DriverFactory(fleet=fleet, search_text="job smith"),
        "evse": EvseFactory(charge_point__location=LocationFactory(name="Job Depot")),
    }
    others = {"driver": DriverFactory(fleet=fleet), "evse": EvseFactory()}
    for number in range(50):
        chosen = {name: dice.choice((named[name], others[name], others[name])) for name in named}
        BookingFactory(
            fleet=fleet,
            accepted=True,
            reference=dice.choice(REFERENCES),
            start_at=now() + timedelta(hours=1, days=dice.randrange(-60, 26) * 2),
            needs_attention=number % 3 == 0,
            slot_key=f"{number}",
            **chosen,
        )


def walk(fleet, *, view, narrowed):
    """Return the bookings of a list by its pages, to its end and back again."""
    page = list_bookings(fleet, view=view, narrowed=narrowed)
    onwards = list(page.bookings)
    while page.next:
        page = list_bookings(fleet, view=view, narrowed=narrowed, cursor=page.next)
        onwards += page.bookings
    back = list(page.bookings)
    while page.previous:
        page = list_bookings(fleet, view=view, narrowed=narrowed, cursor=page.previous)
        back = page.bookings + back
    assert back == onwards
    return onwards


@pytest.mark.parametrize("view", VIEWS)
def test_a_search_finds_what_the_list_has_in_its_order(fleet, many, monkeypatch, view):
    monkeypatch.setattr(selectors, "PAGE_SIZE", 100)
    listed = {
        status: walk(fleet, view=view, narrowed={"status": status}) for status in ("", "accepted")
    }
    monkeypatch.setattr(selectors, "PAGE_SIZE", 4)
    for text in ("job-1", "job", "JOB-17", "tour", "100%", "100%_", "1%", "zebra"):
        for status, bookings in listed.items():
            matching = set(narrowed_bookings(fleet, {"q": text}).values_list("pk", flat=True))
            wanted = [booking for booking in bookings if booking.pk in matching]
            found = walk(fleet, view=view, narrowed={"q": text, "status": status})
            assert found == wanted, text
    assert walk(fleet, view=view, narrowed={"q": "zebra"}) == []


def test_what_holds_a_place_and_what_charges_are_one_list(fleet, monkeypatch):
    monkeypatch.setattr(selectors, "PAGE_SIZE", 3)
    dice = random.Random(2)
    driver, evse = DriverFactory(fleet=fleet), EvseFactory()
    at = now().replace(microsecond=0)
    for number in range(60):
        start_at = at + timedelta(hours=dice.randrange(-20, 20))
        BookingFactory(
            fleet=fleet,
            driver=driver,
            evse=evse,
            start_at=start_at,
            end_at=start_at + timedelta(hours=dice.randrange(1, 30), minutes=5),
            status=dice.choice(Booking.Status.values),
            slot_key=f"{number}",
        )
    coming = [
        booking
        for booking in Booking.objects.order_by("start_at", "pk")
        if booking.status in Booking.COMING and booking.end_at > at
    ]
    assert len({booking.status for booking in coming}) == 4
    assert walk(fleet, view="upcoming", narrowed={}) == coming
    theirs = [booking for booking in coming if booking.start_at >= at + timedelta(hours=3)]
    narrowed = {"since": at + timedelta(hours=3), "driver_pk": driver.pk}
    assert walk(fleet, view="upcoming", narrowed=narrowed) == theirs


def test_a_filter_that_names_nothing_leaves_nothing(fleet, many):
    for narrowed in ({"site": "nowhere"}, {"driver": "nobody"}):
        assert list_bookings(fleet, view="all", narrowed={"q": "job", **narrowed}).bookings == []


def five_thousand(fleet, every: str, **changes: str) -> None:
    """Make bookings with so much time from start to start; of the n-th, the 4,900th starts now."""
    first = BookingFactory(fleet=fleet, accepted=True, reference="Job-0")
    places = [evse.charge_point.location_id for evse in EvseFactory.create_batch(20)]
    drivers = [driver.pk for driver in DriverFactory.create_batch(20, fleet=fleet)]
    columns = {field.column: f'"{field.column}"' for field in Booking._meta.concrete_fields}
    columns |= {
        "uid": "gen_random_uuid()",
        "location_id": f"(ARRAY{places})[1 + mod(n, 20)]",
        "driver_id": f"(ARRAY{drivers})[1 + mod(n, 20)]",
        "start_at": f"now() + (n - 4900) * interval '{every}'",
        "end_at": f"now() + (n - 4900) * interval '{every}' + interval '2 hours'",
        "reference_key": "'JOB-' || n",
        "ampeco_booking_id": "1000000 + n",
        "slot_key": "n::text",
        **changes,
    }
    del columns["id"]
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO bookings_booking ({', '.join(columns)})"
            f" SELECT {', '.join(columns.values())}"
            " FROM bookings_booking, generate_series(1, 5000) AS n WHERE id = %s",
            [first.pk],
        )
        cursor.execute("ANALYZE bookings_booking")


@pytest.mark.postgresql
def test_few_rows_are_read_however_much_has_been_this_week(fleet):
    """Two bookings in five minutes: what may still be on began after 2,000 that are over."""
    five_thousand(
        fleet,
        every="2 minutes",
        status="CASE WHEN n < 4880 THEN 'completed' ELSE 'accepted' END",
    )
    with CaptureQueriesContext(connection) as captured:
        page = list_bookings(fleet, view="upcoming", narrowed={})
        ahead = read_today(fleet, now=now()).ahead
    assert len(page.bookings) == selectors.PAGE_SIZE
    assert ahead
    keys = [
        query["sql"]
        for query in captured
        if "end_at" in query["sql"] and "JOIN" not in query["sql"]
    ]
    assert len(keys) == 4
    assert sum(rows_read(sql) for sql in keys) < 400


@pytest.mark.postgresql
def test_few_rows_are_read_however_many_begin_so(fleet):
    """Job-1 and Job-1000 to Job-1999 are old: an index by start alone comes to them at last."""
    five_thousand(fleet, every="4 hours")
    EvseFactory(charge_point__location=LocationFactory(name="Rare Depot"))
    for view in ("all", "past", "upcoming"):
        for text in ("job-", "job-1", "job-77", "job-4999", "zebra", "rare"):
            with CaptureQueriesContext(connection) as captured:
                list_bookings(fleet, view=view, narrowed={"q": text})
            searches = [query["sql"] for query in captured if "LATERAL" in query["sql"]]
            assert 1 <= len(searches) <= 2
            assert sum(rows_read(sql) for sql in searches) < 400, (view, text)


def rows_read(sql: str) -> float:
    """Return how many rows a query takes up from tables."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}")
        [plan] = cursor.fetchone()[0]
    return rows_of(plan["Plan"])


def rows_of(node) -> float:
    """Return how many rows a plan takes up from tables, those that a filter removes as well."""
    own = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
    own = own * node["Actual Loops"] if "Relation Name" in node else 0
    return own + sum(rows_of(part) for part in node.get("Plans", []))
