"""Pages of reports: figures, comparisons, charts with their tables, who sees what."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from bookings.models import Booking
from charging.services import mark_months
from energy.models import VehicleState
from mirror.models import SyncRun
from reports.measures import TOPICS
from reports.models import MonthTotal, PromiseTotal
from reports.months import Period, this_month
from reports.summing.bookings import keep_bookings
from reports.summing.due import sum_due
from reports.summing.promises import keep_promises
from reports.summing.sessions import keep_sessions
from tests.energy.factories import DepartureFactory
from tests.factories import (
    BookingFactory,
    BookingRequestFactory,
    DriverFactory,
    EvseFactory,
    SessionFactory,
    VehicleFactory,
)

pytestmark = pytest.mark.django_db


def at(year: int, month: int, day: int = 5) -> datetime:
    return datetime(year, month, day, 15, 0, tzinfo=UTC)


def charge(fleet, when: datetime, amount: str, **fields):
    session = SessionFactory(fleet=fleet, started_at=when, amount=Decimal(amount), **fields)
    keep_sessions(fleet, session.local_day.replace(day=1))
    return session


@pytest.fixture
def as_manager(client, manager):
    client.force_login(manager)
    return client


def text_of(response) -> str:
    text = re.sub(r"<(script|style).*?</\1>", " ", response.content.decode(), flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


def show(client, topic: str, **query) -> str:
    response = client.get(reverse("reports:topic", args=[topic]), query)
    assert response.status_code == 200
    return text_of(response)


# What is told


def test_a_month_is_compared_with_the_one_before_over_the_end_of_a_year(as_manager, fleet):
    charge(fleet, at(2024, 12), "10.00")
    charge(fleet, at(2025, 1), "12.50")
    text = show(as_manager, "cost", period="2025-01")
    assert "January 2025 · compared with December 2024" in text
    assert "12.50 EUR December 2024: 10.00 EUR (+25 %)" in text


def test_a_year_is_compared_with_the_one_before(as_manager, fleet):
    charge(fleet, at(2024, 1), "10.00")
    charge(fleet, at(2024, 12), "10.00")
    charge(fleet, at(2025, 6), "15.00")
    text = show(as_manager, "cost", period="2025")
    assert "15.00 EUR 2024: 20.00 EUR (−25 %)" in text
    assert "Jan 2025 – 10.00 EUR" in text


def test_nothing_is_compared_with_a_month_that_was_read_in_part(
    as_manager, fleet, sessions_are_read
):
    """The oldest month that the mirror reaches begins before the mirror does."""
    sessions_are_read.counts = {"since": {"sessions": "2025-01-20T08:00:00+00:00"}}
    sessions_are_read.save()
    for month, amount in ((1, "10.00"), (2, "40.30"), (3, "80.60")):
        charge(fleet, at(2025, month, 25), amount)
    text = show(as_manager, "cost", period="2025-02")
    assert "40.30 EUR January 2025: nothing comparable is known" in text
    assert "compared with January" not in text
    assert "+303" not in text
    assert "read in full from February 2025 on" in text
    overview = text_of(as_manager.get(reverse("reports:overview"), {"period": "2025-02"}))
    assert "40.30 EUR January 2025: nothing comparable is known" in overview
    assert "80.60 EUR February 2025: 40.30 EUR (+100 %)" in show(
        as_manager, "cost", period="2025-03"
    )
    charge(fleet, at(2026, 1), "40.30")
    charge(fleet, at(2026, 2), "60.45")
    text = show(as_manager, "cost", period="2026-02")
    assert "Jan 2026 40.30 EUR – – Feb 2026 60.45 EUR 40.30 EUR +50 %" in text


def test_a_month_is_whole_if_it_had_not_begun_anywhere(as_manager, fleet, sessions_are_read):
    """Some site's clock is a good half day ahead of UTC."""
    for since, whole in (("2025-01-31T08:00:00", "February"), ("2025-01-31T10:00:00", "March")):
        sessions_are_read.counts = {"since": {"sessions": f"{since}+00:00"}}
        sessions_are_read.save()
        assert f"read in full from {whole} 2025 on" in show(as_manager, "use", period="2025-02")


def test_nothing_is_compared_while_the_months_before_are_being_read(
    as_manager, fleet, sessions_are_read
):
    charge(fleet, at(2025, 1), "10.00")
    charge(fleet, at(2025, 2), "40.30")
    runs = SyncRun.objects.filter(pk=sessions_are_read.pk)
    runs.update(state=SyncRun.State.RUNNING)
    text = show(as_manager, "cost", period="2025-02")
    assert "40.30 EUR January 2025: nothing comparable is known" in text
    assert "are still being read" in text
    assert "are still being read" not in show(as_manager, "no-shows", period="2025-02")
    # A fleet that came later waits for a run of its own.
    before = fleet.created_at - timedelta(minutes=1)
    runs.update(state=SyncRun.State.FINISHED, started_at=before)
    assert "are still being read" in show(as_manager, "use", period="2025-02")


@pytest.mark.parametrize("is_marked", [True, False])
def test_it_says_that_sums_are_being_worked_out(as_manager, fleet, is_marked):
    for _number in range(2):
        SessionFactory(fleet=fleet, started_at=at(2025, 1), amount=Decimal(10))
    if is_marked:
        mark_months([(fleet.pk, date(2025, 1, 1))])
    known = "2 charging sessions of this time are known."
    for period in ("2025-01", "2025"):
        text = show(as_manager, "cost", period=period)
        assert f"The cost is being worked out {known}" in text
        assert "No cost yet" not in text
        assert "Nothing here yet" not in text
        overview = text_of(as_manager.get(reverse("reports:overview"), {"period": period}))
        assert known in overview
        assert "Nothing has a price" not in overview
    sum_due()
    text = show(as_manager, "cost", period="2025-01")
    assert "being worked out" not in text
    assert "20.00 EUR" in text
    assert "No cost yet" in show(as_manager, "cost", period="2024-12")


def test_currencies_are_never_added(as_manager, fleet):
    charge(fleet, at(2025, 1), "10.00")
    charge(fleet, at(2025, 1), "5.00", currency="USD")
    charge(fleet, at(2025, 1), "900", currency="JPY")
    text = show(as_manager, "cost", period="2025-01")
    assert {"10.00 EUR", "5.00 USD", "900 JPY"} <= set(re.findall(r"[\d.,]+ [A-Z]{3}", text))
    assert "915" not in text
    assert "15.00" not in text
    # What is no money is the same in all of them.
    assert "Charging sessions 3" in show(as_manager, "use", period="2025-01")


def test_the_total_is_that_of_the_table_to_the_cent(as_manager, fleet):
    drivers = [DriverFactory(fleet=fleet) for _ in range(3)]
    for number in range(30):
        charge(
            fleet, at(2025, 1, 1 + number % 28), f"{number}.{number:02}", driver=drivers[number % 3]
        )
    response = as_manager.get(reverse("reports:topic", args=["cost"]), {"period": "2025-01"})
    (block,) = response.context["blocks"]
    cells = [row.cells[0].value for row in response.context["table"].rows]
    whole = Decimal(block.tiles[0].value.split()[0])
    assert whole == sum(Decimal(cell.split()[0]) for cell in cells) == Decimal("439.35")


def test_sessions_without_a_price_are_said_to_be_missing(as_manager, fleet):
    charge(fleet, at(2025, 1), "10.00")
    charge(fleet, at(2025, 1), "0", currency="")
    SessionFactory(fleet=fleet, started_at=at(2025, 1), amount=None, currency="")
    keep_sessions(fleet, date(2025, 1, 1))
    assert "1 charging session of this time has no price yet" in show(
        as_manager, "cost", period="2025-01"
    )


def test_no_shows_by_the_month_of_the_sites_clock(as_manager, fleet):
    new_york = EvseFactory()
    tokyo = EvseFactory(charge_point__location__timezone="Asia/Tokyo")
    last_hour = datetime(2025, 10, 31, 20, 0, tzinfo=UTC)
    for evse in (new_york, tokyo):
        BookingFactory(fleet=fleet, evse=evse, start_at=last_hour, status=Booking.Status.NO_SHOW)
    BookingFactory(
        fleet=fleet, evse=new_york, start_at=at(2025, 10), status=Booking.Status.COMPLETED
    )
    for month in (date(2025, 10, 1), date(2025, 11, 1)):
        keep_bookings(fleet, month, now=timezone.now())
    assert "No-shows 1" in show(as_manager, "no-shows", period="2025-10")
    assert "Of all bookings 50.0 %" in show(as_manager, "no-shows", period="2025-10")
    november = show(as_manager, "no-shows", period="2025-11", by="site")
    assert "Of all bookings 100.0 % October 2025: 50.0 % (+50.0 points)" in november
    assert tokyo.charge_point.location.name in november
    assert new_york.charge_point.location.name not in november


def test_how_long_decisions_took(as_manager, fleet):
    asked = at(2025, 10)
    for number, minutes in enumerate((1, 4, 30, 3000)):
        BookingRequestFactory(
            booking__fleet=fleet,
            booking__start_at=at(2025, 10, 10 + number),
            status="rejected" if minutes == 30 else "approved",
            created_at=asked,
            settled_at=asked + timedelta(minutes=minutes),
        )
    # Nobody has decided these.
    BookingRequestFactory(booking__fleet=fleet, booking__start_at=at(2025, 10, 20), pending=True)
    keep_bookings(fleet, date(2025, 10, 1), now=timezone.now())
    text = show(as_manager, "decisions", period="2025-10")
    assert "On average 12 h 39 min" in text
    assert "Decisions 4" in text
    assert "Within 5 minutes 50.0 %" in text
    assert "Within an hour 75.0 %" in text
    assert "Longest 50 h" in text
    assert "Refused 25.0 %" in text


def test_where_nothing_was_decided_nothing_took_longest(as_manager, fleet):
    BookingRequestFactory(booking__fleet=fleet, booking__start_at=at(2025, 10, 20), pending=True)
    keep_bookings(fleet, date(2025, 10, 1), now=timezone.now())
    text = show(as_manager, "decisions", period="2025-10")
    assert "Decisions 0" in text
    assert "Longest –" in text


def test_promises(as_manager, fleet):
    now = timezone.now()
    month = this_month(now)
    begins = datetime(month.year, month.month, 1, tzinfo=UTC)
    vehicle = VehicleFactory(fleet=fleet, number="Van 7")
    for number, percent in enumerate((85, 79, None)):
        leaves = begins + timedelta(hours=-1 - number)
        DepartureFactory(vehicle=vehicle, leaves_at=leaves, target_percent=80)
        if percent is not None:
            VehicleState.objects.create(
                vehicle=vehicle,
                at=leaves - timedelta(minutes=10),
                state_of_charge=percent,
                source="telematics",
            )
    last = Period(month, 1).before
    keep_promises(fleet, last.start, now=now)
    total = PromiseTotal.objects.get(fleet=fleet, dimension="all")
    # Nothing was told before the earliest one.
    assert (total.departures, total.known, total.ready) == (3, 2, 1)
    text = show(as_manager, "promises", period=last.key)
    assert "Ready in time 50.0 %" in text
    assert "Departures with a target 3" in text
    assert "Van 7" in text


def test_a_time_that_is_not_over_is_said_so(as_manager, fleet):
    now = this_month()
    assert "not over yet" in show(as_manager, "use", period=f"{now:%Y-%m}")
    assert "not over yet" in show(as_manager, "use", period=f"{now:%Y}")
    assert "not over yet" not in show(as_manager, "use", period="2024-03")


def test_figures_that_are_being_summed_are_said_so(as_manager, fleet):
    session = charge(fleet, at(2025, 1), "10.00")
    mark_months([(fleet.pk, session.local_day)])
    assert "have changed a moment ago" in show(as_manager, "cost", period="2025-01")
    sum_due()
    assert "have changed a moment ago" not in show(as_manager, "cost", period="2025-01")


@pytest.mark.parametrize("period", ["", "2025-13", "1999", "20255", "abc", "2025-1", "٢٠٢٥"])
def test_what_is_no_month_or_year_shows_the_usual_one(as_manager, period):
    response = as_manager.get(reverse("reports:overview"), {"period": period})
    assert response.status_code == 200
    assert response.context["period"] == Period(this_month(), 1)


@pytest.mark.parametrize("topic", ["use", "energy", "cost", "no-shows", "decisions"])
def test_a_fleet_without_anything_gets_a_page_all_the_same(as_manager, topic):
    text = show(as_manager, topic, period="2025-01")
    assert "There are no figures for this time" in text


def test_the_rows_page_and_cost_as_many_queries(as_manager, fleet, django_assert_max_num_queries):
    month = date(2025, 1, 1)
    charge(fleet, at(2025, 1), "1.00")
    address = reverse("reports:topic", args=["cost"])
    as_manager.get(address, {"period": "2025-01"})
    for _ in range(30):
        SessionFactory(fleet=fleet, started_at=at(2025, 1))
    keep_sessions(fleet, month)
    with django_assert_max_num_queries(18):
        response = as_manager.get(address, {"period": "2025-01", "page": "2"})
    assert len(response.context["table"].rows) == 6


# Charts


class Page(HTMLParser):
    """Counts drawings and the tables in the same section."""

    def __init__(self, response):
        super().__init__()
        self.drawings, self.tables, self.captions = [], 0, 0
        self.feed(response.content.decode())

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag == "svg" and given.get("class") == "bars":
            self.drawings.append(given)
        if tag == "table" and "report-chart__table" in (given.get("class") or ""):
            self.tables += 1


@pytest.mark.parametrize("topic", ["use", "energy", "cost"])
def test_each_drawing_has_a_name_and_a_table(as_manager, fleet, topic):
    charge(fleet, at(2025, 1), "10.00")
    charge(fleet, at(2024, 1), "5.00", currency="USD")
    response = as_manager.get(reverse("reports:topic", args=[topic]), {"period": "2025"})
    page = Page(response)
    assert page.drawings
    assert len(page.drawings) == page.tables
    for each in page.drawings:
        assert each["role"] == "img"
        assert "the table has the values" in each["aria-label"]
    for block in response.context["blocks"]:
        for chart in block.charts:
            assert len(chart.rows) == 12
    # Told apart by a pattern, not by colour alone.
    assert "url(#hatch-" in response.content.decode()


def test_printed_sheets_keep_the_bars():
    sheet = (Path(settings.BASE_DIR) / "static" / "css" / "reports.css").read_text()
    printed = sheet.partition("@media print")[2]
    assert "print-color-adjust: exact" in printed
    assert ".report-period" in printed


# Who sees what


def test_a_fleet_sees_its_own_figures_alone(client, other_manager, fleet):
    charge(fleet, at(2025, 1), "10.00")
    client.force_login(other_manager)
    for topic in ("use", "energy", "cost"):
        assert "10.00" not in show(client, topic, period="2025-01")
        assert "There are no figures for this time" in show(client, topic, period="2025-01")


def test_without_the_right_to_sessions_only_bookings_are_told_of(as_manager, fleet):
    SyncRun.objects.create(
        kind=SyncRun.Kind.SESSIONS,
        state=SyncRun.State.BROKEN_OFF,
        started_at=timezone.now(),
        alive_at=timezone.now(),
        counts={"forbidden": {"sessions": timezone.now().isoformat()}},
    )
    overview = as_manager.get(reverse("reports:overview"))
    assert [topic.key for topic in overview.context["known"].topics] == ["no-shows", "decisions"]
    assert "CSV" not in text_of(overview)
    for topic in ("use", "energy", "cost", "promises", "anything"):
        assert as_manager.get(reverse("reports:topic", args=[topic])).status_code == 404
    assert as_manager.get(reverse("reports:sessions_csv")).status_code == 404
    assert as_manager.get(reverse("reports:workbook")).getvalue()
    # What was read before stays to be seen.
    charge(fleet, at(2025, 1), "10.00")
    assert MonthTotal.objects.exists()
    assert "10.00 EUR" in show(as_manager, "cost", period="2025-01")


def test_an_operator_that_did_not_answer_hides_no_report(as_manager, fleet):
    SyncRun.objects.create(
        kind=SyncRun.Kind.SESSIONS,
        state=SyncRun.State.BROKEN_OFF,
        started_at=timezone.now(),
        alive_at=timezone.now(),
        problem="The operator did not answer in time.",
    )
    overview = as_manager.get(reverse("reports:overview"))
    assert "cost" in [topic.key for topic in overview.context["known"].topics]


def test_a_viewer_sees_reports_and_names_nobody(client, viewer):
    client.force_login(viewer)
    assert client.get(reverse("reports:overview")).status_code == 200
    assert client.get(reverse("reports:mail")).status_code == 403
    assert "Monthly e-mail" not in text_of(client.get(reverse("reports:overview")))


def test_every_topic_charts_something():
    assert all(any(each.is_charted for each in topic.measures) for topic in TOPICS.values())
