"""How often a page calls the operator, as the operator counts it."""

from datetime import timedelta

from django.test import Client
from django.urls import reverse
from django.utils import timezone

from sites.models import Location
from tools.benchmarks.report import Figure, count_figure, say
from tools.benchmarks.subjects.pages import forget_slots, get
from tools.benchmarks.world.desk import AVAILABILITY, Desk

WEEK = 7
HORIZON_DAYS = 28


def measure(browser: Client, *, site: Location, desk: Desk) -> list[Figure]:
    say("Counting calls to the operator …")
    page = reverse("sites:detail", args=[site.pk])
    forget_slots(site)
    desk.take_calls()
    get(browser, reverse("sites:list"))
    of_list = sum(desk.take_calls().values())
    get(browser, page)
    first = desk.take_calls()
    for_slots = sum(count for name, count in first.items() if AVAILABILITY in name)
    get(browser, page)
    again = sum(desk.take_calls().values())
    today = timezone.now().astimezone(site.zone).date()
    per_day = []
    for number in range(HORIZON_DAYS):
        get(browser, f"{page}?day={today + timedelta(days=number)}")
        per_day.append(sum(desk.take_calls().values()))
    return [
        count_figure("calls, list of sites", of_list, budget=0),
        count_figure(
            "calls, a site's page but for its slots", sum(first.values()) - for_slots, budget=0
        ),
        count_figure("calls, a week of free slots", for_slots, budget=1),
        count_figure("calls, the same within the cache's life", again, budget=0),
        Figure(
            f"calls, a walk through the days of a week, and of all {HORIZON_DAYS}",
            "",
            f"{sum(per_day[:WEEK])}, {sum(per_day)}",
            None,
        ),
    ]
