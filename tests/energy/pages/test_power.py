"""A site's power: the line, what is drawn, prices; and where nothing of it shows."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.utils.timezone import now

from energy.models import Line, LinePoint, Network
from energy.pages.power_facts import read_power, tonight
from tests.energy.factories import LineFactory, link_evse
from tests.factories import EvseFactory

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


@pytest.fixture
def _at_noon():
    """Noon in New York, where the sites of the factories are."""
    with time_machine.travel(datetime(2026, 11, 30, 17, 0, tzinfo=UTC), tick=False):
        yield


@pytest.fixture
def site(_at_noon):
    """A site that is linked with a network of 5 % buffer."""
    evse = EvseFactory()
    link_evse(evse)
    return evse.charge_point.location


@pytest.fixture
def network(site) -> Network:
    return Network.objects.get()


@pytest.fixture
def line(network):
    """400 kW until six in the evening, 200 until nine, then 400 again."""
    return LineFactory(network=network, values=[400] * 9 + [200] * 3 + [400])


def page_of(client, site) -> str:
    answer = client.get(f"/sites/{site.pk}/power/")
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_line_is_told_for_now_and_tonight_with_its_age(as_manager, site, line):
    line.read_at = now() - timedelta(minutes=4)
    line.save()
    page = page_of(as_manager, site)
    assert "380 kW" in page
    assert "read 4 min ago" in page
    assert "190 kW to 380 kW · Mon 30 Nov 2026, 18:00 – Tue 1 Dec 2026, 06:00" in page
    assert "The line is that of the operator’s smart charging." in page


def test_the_drawing_has_a_table_beside_it(as_manager, site, line):
    page = page_of(as_manager, site)
    assert "drawing__line--usable" in page
    rows = page.split("<tbody>")[1].split("</tr>")
    assert "09:00" in rows[0]
    assert "380 kW" in rows[0]
    (cut,) = [row for row in rows if "18:00" in row]
    assert "190 kW" in cut


def test_an_hour_is_told_by_its_least_power(as_manager, site, line):
    LinePoint.objects.create(line=line, at=now() - HOUR / 2, value=100)
    row = page_of(as_manager, site).split("11:00</th>")[1].split("</tr>")[0]
    assert "95 kW" in row


def test_what_is_drawn_is_measured_or_not_known(as_manager, site, network, line):
    assert "<dd>not known</dd>" in page_of(as_manager, site)
    Network.objects.update(current_load_kw=Decimal(120), read_at=now() - 2 * HOUR)
    assert "120 kW · 2 h ago" in page_of(as_manager, site)
    LineFactory(network=network, kind="drawn", values=[10, 20, 30, 44])
    page = page_of(as_manager, site)
    assert "44 kW · just now" in page
    assert "drawing__line--drawn" in page
    Line.objects.filter(kind="drawn").update(read_at=now() - HOUR)
    page = page_of(as_manager, site)
    assert "120 kW · 2 h ago" in page and "44 kW ·" not in page
    assert "drawing__line--drawn" in page


def test_what_was_drawn_is_drawn_until_it_was_last_read(site, network, line):
    drawn = LineFactory(network=network, kind="drawn", values=[40], read_at=now() - HOUR)
    # Three of the 27 hours that the drawing has are past, two of them read.
    (course,) = [each for each in read_power(site, now=now()).line.courses if each.look == "drawn"]
    assert course.line.endswith(f"H{round(1000 * 2 / 27, 1)}")
    drawn.read_at = now()
    drawn.save()
    (course,) = [each for each in read_power(site, now=now()).line.courses if each.look == "drawn"]
    assert course.line.endswith(f"H{round(1000 * 3 / 27, 1)}")


def test_the_lowest_and_the_highest_price_are_named(as_manager, site, network):
    prices = ["0.2"] * 6 + ["0.085", "0.2", "0.3125", "0.2"]
    LineFactory(network=network, kind="price", currency="USD", values=prices)
    page = page_of(as_manager, site)
    assert "0.085 USD · Mon 30 Nov 2026, 15:00–16:00" in page
    assert "0.3125 USD · Mon 30 Nov 2026, 17:00–18:00" in page
    for word in (">lowest</text>", ">highest</text>"):
        assert word in page


def test_what_is_assumed_is_said(as_manager, site, network, line):
    assert "it is assumed that it does not" in page_of(as_manager, site)
    LineFactory(network=network, kind="demand-response", values=[0])
    assert "assumed" not in page_of(as_manager, site)
    Network.objects.update(objective="off")
    assert "chargers give what they can" in page_of(as_manager, site)


def test_uptime_is_one_figure(as_manager, site, line):
    assert "of the time" not in page_of(as_manager, site)
    Network.objects.update(uptime=0.98765, uptime_read_at=now() - HOUR)
    assert "98.8 % of the time · read 1 h ago" in page_of(as_manager, site)


def test_without_ampcontrol_confirmed_lines_of_the_operator_show(as_manager, _at_noon, settings):
    settings.AMPCONTROL_BASE_URL = ""
    site = EvseFactory().charge_point.location
    line = LineFactory(location=site, values=[250])
    assert as_manager.get(f"/sites/{site.pk}/power/").status_code == 404
    assert "power-summary" not in as_manager.get(f"/sites/{site.pk}/").content.decode()
    line.confirmed_at = now()
    line.save()
    page = page_of(as_manager, site)
    assert "250 kW" in page
    assert "circuits and electricity rates, as the operator has confirmed them" in page
    assert "250 kW can be used now" in as_manager.get(f"/sites/{site.pk}/").content.decode()


def test_the_sites_page_says_it_in_a_line(as_manager, site, line):
    page = as_manager.get(f"/sites/{site.pk}/").content.decode()
    assert "The operator’s line says that 380 kW can be used now (read just now)." in page
    assert f'href="/sites/{site.pk}/power/"' in page


def test_a_site_that_the_fleet_may_not_see_is_not_there(as_manager, line, site):
    site.charge_points.update(type="private", ampeco_partner_id=999)
    assert as_manager.get(f"/sites/{site.pk}/power/").status_code == 404


def test_the_page_costs_the_same_for_a_long_line(
    as_manager, site, network, line, django_assert_max_num_queries
):
    for kind in ("price", "drawn", "demand-response"):
        LineFactory(network=network, kind=kind, values=range(30))
    as_manager.get(f"/sites/{site.pk}/power/")
    with django_assert_max_num_queries(12):
        page_of(as_manager, site)


@pytest.mark.parametrize(
    ("at", "start", "end"),
    [
        ("2026-11-30T12:00", "2026-11-30T18:00", "2026-12-01T06:00"),
        ("2026-11-30T22:00", "2026-11-30T22:00", "2026-12-01T06:00"),
        ("2026-11-30T04:00", "2026-11-30T04:00", "2026-11-30T06:00"),
        # Clocks go back in this night.
        ("2026-10-31T20:00", "2026-10-31T20:00", "2026-11-01T06:00"),
    ],
)
def test_the_night_is_by_the_sites_clock(at, start, end):
    zone = ZoneInfo("America/New_York")

    def instant(text: str) -> datetime:
        return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)

    assert tonight(zone, instant(at)) == (instant(start), instant(end))
