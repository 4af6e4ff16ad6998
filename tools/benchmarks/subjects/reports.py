"""A year's report: what it takes to sum a million sessions and bookings once, and each page."""

import time
from functools import partial

from django.db import connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from bookings.models import Booking
from charging.models import Session
from charging.services import mark_months
from drivers.models import Fleet
from reports.measures import TOPICS
from reports.models import BookingTotal, MonthTotal
from reports.months import Period, this_month
from reports.summing.bookings import keep_bookings
from reports.summing.due import sum_due
from reports.summing.sessions import keep_sessions
from tools.benchmarks.report import Figure, say
from tools.benchmarks.sizes import Sizes
from tools.benchmarks.subjects.pages import Case, count, measure_time
from tools.benchmarks.world.data import People, enabled_drivers
from tools.benchmarks.world.sessions import fill_sessions
from vehicles.models import Vehicle

REPORT_MS = 300
MONTH_SECONDS = 20
VEHICLES = 500
QUERIES = 20


def measure(people: People, *, browser: Client, sizes: Sizes) -> list[Figure]:
    """Measure with a million sessions within a year; other bookings than these are left alone."""
    if connection.vendor != "postgresql":
        return [Figure("a year's report", "", "not measured: no PostgreSQL", None)]
    fleet = people.fleet
    assert enabled_drivers(fleet)
    say(f"Making {sizes.sessions:,} sessions …")
    Vehicle.objects.bulk_create(
        Vehicle(fleet=fleet, number=f"Report {number:04}", number_key=f"report {number:04}")
        for number in range(VEHICLES)
    )
    fill_sessions(fleet, count=sizes.sessions)
    figures = [_sum_all(fleet), *_sum_a_month(fleet)]
    year = Period(this_month().replace(month=1), 12)
    trailing = Period(year.before.start, 12)
    for period in (year, trailing):
        address = f"{reverse('reports:topic', args=['cost'])}?period={period.key}"
        queries = count(browser, address)
        figures.append(
            Figure(
                f"SQL queries, report of {period.key}",
                f"≤ {QUERIES}",
                f"{queries}",
                queries <= QUERIES,
            )
        )
    return [*figures, *measure_time(browser, _cases(year), runs=sizes.runs)]


def _cases(year: Period) -> list[Case]:
    """Return the overview and each topic of a year, by each of its dimensions."""
    pages = [("overview", reverse("reports:overview"), "")]
    for topic in TOPICS.values():
        address = reverse("reports:topic", args=[topic.key])
        pages += [
            (f"{topic.key} by {each.value}", address, f"&by={each.value}")
            for each in topic.dimensions
            if topic.key != "promises"
        ]
    return [
        Case(f"a year's report, {what}", f"{address}?period={year.key}{more}", REPORT_MS)
        for what, address, more in pages
    ]


def _sum_all(fleet: Fleet) -> Figure:
    """Sum all months of sessions and bookings, as after the first reading of them."""
    say("Summing all months …")
    days = Session.objects.filter(fleet=fleet).values_list("local_day", flat=True).distinct()
    with transaction.atomic():
        mark_months((fleet.pk, day) for day in days)
    begun, cpu = time.perf_counter(), time.process_time()
    months = sum_due(seconds=3600)
    taken, cpu = time.perf_counter() - begun, time.process_time() - cpu
    rows = MonthTotal.objects.count() + BookingTotal.objects.count()
    sessions, bookings = Session.objects.count(), Booking.objects.count()
    return Figure(
        f"summing {sessions:,} sessions and {bookings:,} bookings, {months} times a month",
        "",
        f"{taken:.0f} s, {rows:,} rows",
        None,
        cpu_ms=cpu * 1000,
    )


def _sum_a_month(fleet: Fleet) -> list[Figure]:
    """Sum the month anew that has most sessions, as after each change of one of them."""
    month = Period(this_month(), 1).before.start
    figures = []
    for what, sum_it in (
        ("sessions", partial(keep_sessions, fleet, month)),
        ("bookings", partial(keep_bookings, fleet, month, now=timezone.now(), wait=True)),
    ):
        begun = time.perf_counter()
        sum_it()
        taken = time.perf_counter() - begun
        figures.append(
            Figure(
                f"summing one month of {what} anew",
                f"≤ {MONTH_SECONDS} s",
                f"{taken:.1f} s",
                taken <= MONTH_SECONDS,
            )
        )
    return figures
