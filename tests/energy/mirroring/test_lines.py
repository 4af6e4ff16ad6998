"""What a network may draw, as it is read and as it is shown."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils.timezone import now

from ampcontrol.types import Point
from energy.models import Line, LinePoint, Network
from energy.selectors.lines import Step, drawn_now, price_line, usable_line
from tests.energy.factories import NetworkFactory, link_evse
from tests.factories import LocationFactory
from upstream.errors import UpstreamForbidden, UpstreamUnavailable

HOUR = timedelta(hours=1)


@pytest.fixture
def network(ampcontrol, clock):
    return next(iter(ampcontrol.tables["networks"].values()))


def at_hours(**by_hour: float) -> list[Point]:
    return [Point(at=now() + int(hour[1:]) * HOUR, value=value) for hour, value in by_hour.items()]


def usable(hours: int = 6):
    return usable_line(Network.objects.get(), start=now(), end=now() + hours * HOUR)


def test_the_line_is_what_is_left_in_steps(ampcontrol, network, read):
    ampcontrol.change("networks", network, baseload_active=True, solar_active=True)
    ampcontrol.series = {
        "capacities": [Point(now() - HOUR, 400.0), *at_hours(h4=200)],
        "demand_response": [Point(now() - HOUR, 0.0), *at_hours(h1=100, h2=0)],
        "baseloads": [Point(now() - HOUR, 30.0), *at_hours(h3=50)],
        "solar": [Point(now() - HOUR, 0.0), *at_hours(h3=20)],
    }
    read()

    line = usable()
    t = now()
    # 400 kW less 5 % is 380 kW.
    assert line.steps == (
        Step(t, Decimal(350)),
        Step(t + HOUR, Decimal(250)),
        Step(t + 2 * HOUR, Decimal(350)),
        # At three, 20 kW less and 20 kW more: nothing changes.
        Step(t + 4 * HOUR, Decimal(160)),
    )
    assert (line.read_at, line.source, line.missing) == (t, "ampcontrol", ())
    assert line.at(t + 1.5 * HOUR) == 250 and line.at(t + 9 * HOUR) is None
    assert (line.least, line.most) == (160, 350)


def test_what_does_not_count_there_is_not_even_read(ampcontrol, network, read):
    ampcontrol.series["baseloads"] = [Point(now() - HOUR, 100.0)]
    read()

    assert "baseloads" not in ampcontrol.made and "solar" not in ampcontrol.made
    assert usable().most == 380


def test_baseload_that_counts_no_more_is_not_taken_away(ampcontrol, network, read, clock):
    ampcontrol.change("networks", network, baseload_active=True)
    ampcontrol.series["baseloads"] = [Point(now() - HOUR, 100.0)]
    read()
    assert usable().most == 280
    ampcontrol.change("networks", network, baseload_active=False)
    clock(minutes=16)
    read()
    assert usable().most == 380


def test_it_is_never_below_nothing(ampcontrol, network, read):
    ampcontrol.series["demand_response"] = [Point(now() - HOUR, 1000.0)]
    read()

    assert usable().steps == (Step(now(), Decimal(0)),)


def test_what_was_never_read_is_said(ampcontrol, network, read, clock):
    ampcontrol.trouble = {"demand_response": UpstreamUnavailable("No answer.")}
    read()
    clock(seconds=30)
    read()

    assert usable().missing == ("demand-response",)


def test_a_course_is_put_into_the_place_of_the_last_one(ampcontrol, network, read, clock):
    ampcontrol.series["capacities"] = [Point(now() - HOUR, 400.0), *at_hours(h2=100, h3=400)]
    read()
    ampcontrol.series["capacities"] = [Point(now() - HOUR, 400.0)]
    clock(minutes=16)
    read()

    assert usable().steps == (Step(now(), Decimal(380)),)
    assert Line.objects.filter(kind="capacity").count() == 1


def test_a_demand_response_that_was_called_off_is_over(ampcontrol, network, read, clock):
    ampcontrol.series["demand_response"] = at_hours(h0=100)
    read()
    assert usable().least == 280
    ampcontrol.series["demand_response"] = []
    clock(minutes=16)
    read()
    assert usable().least == 380


def test_without_a_capacity_the_last_one_stays_with_its_age(ampcontrol, network, read, clock):
    read()
    before = now()
    ampcontrol.capacities = lambda network_id, *, start, end: []
    clock(minutes=16)
    run = read()

    assert "gave no capacity" in run.problem
    line = usable()
    assert line.most == 380 and line.read_at == before
    assert line.age_seconds(now()) == 16 * 60


def test_old_points_go(ampcontrol, network, read, clock):
    ampcontrol.series["prices"] = [Point(now(), 0.1)]
    read()
    clock(days=4)
    ampcontrol.series["prices"] = [Point(now(), 0.2)]
    read()

    assert [point.value for point in LinePoint.objects.filter(line__kind="price")] == [
        Decimal("0.2")
    ]


def test_prices_have_their_currency(ampcontrol, network, read):
    ampcontrol.series["prices"] = [Point(now() - HOUR, 0.21), *at_hours(h2=0.34)]
    read()

    line = price_line(Network.objects.get(), start=now(), end=now() + 6 * HOUR)
    assert [(step.at, step.value) for step in line.steps] == [
        (now(), Decimal("0.21")),
        (now() + 2 * HOUR, Decimal("0.34")),
    ]
    assert line.currency == "USD"


def test_no_price_is_known_of_what_was_not_read(ampcontrol, network, read, clock):
    ampcontrol.series["prices"] = [Point(now() - HOUR, 0.21)]
    read()
    ampcontrol.trouble = {"prices": UpstreamForbidden("Not for you.", status=403)}
    clock(hours=30)
    read()

    def line():
        return price_line(Network.objects.get(), start=now(), end=now() + 24 * HOUR)

    # It was read for 36 hours.
    assert line().at(now() + 5 * HOUR) == Decimal("0.21")
    assert line().at(now() + 6 * HOUR) is None
    clock(hours=6)
    assert line() is None


def test_what_is_drawn_now_is_what_was_measured_last(ampcontrol, network, read, clock):
    ampcontrol.change("networks", network, current_load_kw=Decimal(90))
    read()
    assert drawn_now(Network.objects.get()).kw == 90

    ampcontrol.series["measured_power"] = [Point(now(), 80.0), Point(now() + HOUR / 12, 120.5)]
    clock(minutes=6)
    read()
    assert drawn_now(Network.objects.get()).kw == Decimal("120.5")


def test_what_was_measured_a_while_ago_is_not_what_is_drawn_now(ampcontrol, network, read, clock):
    ampcontrol.change("networks", network, current_load_kw=Decimal(90))
    ampcontrol.series["measured_power"] = [Point(now() - HOUR / 12, 80.0), Point(now(), 120.5)]
    read()
    clock(minutes=6)
    read()
    assert drawn_now(Network.objects.get()).kw == Decimal("120.5")

    # The meter is silent: what it told is an answer still, of some time ago.
    before = list(LinePoint.objects.filter(line__kind="drawn").values("at", "value"))
    read_at = Line.objects.get(kind="drawn").read_at
    clock(minutes=30)
    read()
    assert drawn_now(Network.objects.get()).kw == 90
    ampcontrol.change("networks", network, current_load_kw=None)
    clock(minutes=16)
    read()
    assert drawn_now(Network.objects.get()) is None
    # What was drawn until then stays.
    assert list(LinePoint.objects.filter(line__kind="drawn").values("at", "value")) == before
    assert Line.objects.get(kind="drawn").read_at == read_at


def test_a_site_has_the_line_of_its_network(ampcontrol, network, read):
    read()
    link = link_evse()
    site = link.evse.charge_point.location
    assert usable_line(site, start=now(), end=now() + HOUR) is None

    site.energy_links.update(remote_id=network.id)
    assert usable_line(site, start=now(), end=now() + HOUR).most == 380
    site.energy_links.update(state="proposed")
    assert usable_line(site, start=now(), end=now() + HOUR) is None


@pytest.mark.usefixtures("still")
def test_a_site_without_a_network_has_its_own_line_once_it_is_confirmed(db):
    site = LocationFactory()
    line = Line.objects.create(kind="capacity", location=site, read_at=now())
    LinePoint.objects.create(line=line, at=now() - HOUR, value=50)
    assert usable_line(site, start=now(), end=now() + HOUR) is None

    Line.objects.update(confirmed_at=now())
    found = usable_line(site, start=now(), end=now() + HOUR)
    assert (found.most, found.source, found.missing) == (50, "ampeco", ())


@pytest.mark.usefixtures("still")
def test_nothing_is_known_before_the_first_step(db):
    network = NetworkFactory(buffer=0)
    line = Line.objects.create(kind="capacity", network=network, read_at=now())
    LinePoint.objects.create(line=line, at=now() + HOUR, value=50)

    found = usable_line(network, start=now(), end=now() + 2 * HOUR)
    assert found.at(now()) is None and found.at(now() + 1.5 * HOUR) == 50
