"""What AMPECO says of sites' power and prices is read once a day, and counts once confirmed."""

import threading
from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.contrib.admin.models import LogEntry
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now

from energy.models import Line, Link
from energy.own_lines import deciding
from energy.own_lines.deciding import LineNotDecided
from energy.own_lines.prices import AHEAD
from energy.own_lines.reading import A_DAY, problems_of_reading, read_own_lines
from energy.selectors import walls
from energy.selectors.lines import price_line
from energy.tasks import read_own_lines as read_own_lines_task
from sandbox.world.power import Circuit, Rate
from sites.models import ChargePoint
from tests.energy.factories import NetworkFactory
from tests.factories import ChargePointFactory, LocationFactory, UserFactory

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
SCREEN = "/back-office/energy/link/"
NIGHT = {"weekDay": "any", "periods": [{"startsAt": "22:00", "endsAt": "06:00", "price": 0.12}]}


@pytest.fixture
def staff():
    return UserFactory(staff=True)


@pytest.fixture
def site(operator):
    """A site with a circuit of 69.28 kW and a rate that is less at night."""
    charge_point = ChargePointFactory(ampeco_electricity_rate_id=3)
    operator.circuits[11] = Circuit(11, "Board", "400", 100, [charge_point.ampeco_id])
    operator.rates[3] = Rate(3, "Two tariffs", 0.3, [NIGHT])
    return charge_point.location


@pytest.fixture
def read(ampeco_client):
    def read() -> None:
        cache.clear()
        read_own_lines(ampeco_client)

    return read


def line(kind: str) -> Line:
    return Line.objects.get(kind=kind)


def test_power_and_prices_are_kept_and_do_not_count_yet(site, read):
    read()

    capacity = line(Line.Kind.CAPACITY)
    assert [point.value for point in capacity.points.all()] == [Decimal("69.28")]
    assert capacity.points.get().at < now() - timedelta(hours=23)
    assert capacity.evidence["circuits"][0]["formula"] == "three-between"
    prices = set(line(Line.Kind.PRICE).points.values_list("value", flat=True))
    assert prices == {Decimal("0.3"), Decimal("0.12")}
    assert not walls.lines_of(site.pk)


def test_what_staff_confirm_counts_until_a_network_is_linked(site, read, staff):
    read()
    deciding.confirm_line(line(Line.Kind.CAPACITY).pk, by=staff)
    deciding.confirm_line(line(Line.Kind.PRICE).pk, by=staff, currency="eur")

    assert walls.lines_of(site.pk).count() == 2
    assert line(Line.Kind.PRICE).currency == "EUR"
    Link.objects.create(
        kind=Link.Kind.NETWORK,
        remote_id=NetworkFactory().remote_id,
        location=site,
        state=Link.State.CONFIRMED,
    )
    assert not walls.lines_of(site.pk)
    assert [entry.change_message for entry in LogEntry.objects.all()] == ["Confirmed."] * 2


def test_prices_are_known_for_the_day_to_come_until_they_are_read_again(
    site, ampeco_client, staff, operator
):
    # One for each hour of the day, so that none can stand for another.
    hours = [
        {"startsAt": f"{hour:02}:00", "endsAt": f"{hour + 1:02}:00", "price": hour / 100}
        for hour in range(24)
    ]
    operator.rates[3] = Rate(3, "By the hour", 0.3, [{"weekDay": "any", "periods": hours}])
    first = now().replace(minute=30, second=0, microsecond=0)
    with time_machine.travel(first, tick=False):
        read_own_lines(ampeco_client)
        deciding.confirm_line(line(Line.Kind.PRICE).pk, by=staff, currency="EUR")
    # Just before it is due again, and a beat later.
    last = first + timedelta(seconds=A_DAY - 601)
    with time_machine.travel(last, tick=False):
        read_own_lines(ampeco_client)
        assert line(Line.Kind.PRICE).read_at == first
    shown = price_line(site, start=last, end=last + timedelta(hours=24, minutes=10))
    for ahead in range(24):
        at = last + timedelta(hours=ahead)
        assert shown.at(at) == Decimal(at.astimezone(site.zone).hour) / 100


def test_no_price_is_known_for_longer_than_it_was_reckoned(site, read, staff):
    read()
    price = line(Line.Kind.PRICE)
    deciding.confirm_line(price.pk, by=staff, currency="EUR")
    later = price.read_at + AHEAD
    assert price_line(site, start=later - HOUR, end=later + HOUR).at(later - HOUR / 2)
    assert price_line(site, start=later - HOUR, end=later + HOUR).at(later) is None
    assert price_line(site, start=later, end=later + HOUR) is None


def test_amperes_follow_and_another_circuit_is_asked_about_again(site, read, staff, operator):
    read()
    deciding.confirm_line(line(Line.Kind.CAPACITY).pk, by=staff)
    operator.circuits[11].max_current = 50
    read()
    assert walls.lines_of(site.pk).get().points.get().value == Decimal("34.64")
    operator.circuits[11].max_voltage = "230"
    read()
    assert not walls.lines_of(site.pk)
    assert line(Line.Kind.CAPACITY).confirmed_at is None


def test_a_refused_line_stays_refused_and_is_proposed_anew_on_another_basis(
    site, read, staff, operator
):
    read()
    deciding.refuse_line(line(Line.Kind.PRICE).pk, by=staff)
    read()
    assert line(Line.Kind.PRICE).refused_at
    operator.rates[4] = Rate(4, "One tariff", 0.2)
    ChargePoint.objects.update(ampeco_electricity_rate_id=4)
    read()
    assert line(Line.Kind.PRICE).refused_at is None


def test_what_was_decided_can_be_undone_and_not_twice(site, read, staff):
    read()
    pk = line(Line.Kind.CAPACITY).pk
    deciding.confirm_line(pk, by=staff)
    with pytest.raises(LineNotDecided, match="in the meantime"):
        deciding.refuse_line(pk, by=staff)
    deciding.undo_line(pk, by=staff)
    assert not walls.lines_of(site.pk)
    with pytest.raises(LineNotDecided, match="in the meantime"):
        deciding.undo_line(pk, by=staff)


def test_what_ampeco_says_no_more_is_gone(site, read, operator):
    read()
    operator.circuits.clear()
    operator.rates.clear()
    read()
    assert not Line.objects.exists()


def test_several_rates_or_an_exchanges_prices_give_none(site, read, operator, staff):
    operator.rates[4] = Rate(4, "Spot", 0.2, type="nord_pool")
    other = ChargePointFactory(location=site, ampeco_electricity_rate_id=4)
    read()
    assert line(Line.Kind.PRICE).evidence["problems"] == ["several-rates"]
    ChargePoint.objects.exclude(pk=other.pk).update(ampeco_electricity_rate_id=None)
    read()
    assert line(Line.Kind.PRICE).evidence["problems"] == ["dynamic"]
    with pytest.raises(LineNotDecided, match="no figure"):
        deciding.confirm_line(line(Line.Kind.PRICE).pk, by=staff, currency="EUR")


def test_a_token_that_may_not_read_them_is_said_to_staff_and_not_asked_all_day(
    site, ampeco_client, operator, staff, client, wire
):
    operator.power_forbidden = True
    for _run in range(2):
        read_own_lines(ampeco_client)
    assert wire.count("/circuits/") == wire.count("/electricity-rates/") == 1
    assert len(problems_of_reading()) == 2
    client.force_login(staff)
    page = client.get(SCREEN, {"kind": "lines"}).content.decode()
    assert "does not let this token read circuits (403)" in page
    assert "does not let this token read electricity rates (403)" in page


def test_an_operator_who_does_not_answer_changes_nothing_and_is_asked_again(
    site, read, ampeco_client, operator
):
    read()
    before = list(Line.objects.order_by("pk").values())
    operator.faults.add("server-error", count=20)
    cache.clear()
    read_own_lines(ampeco_client)
    assert list(Line.objects.order_by("pk").values()) == before
    assert problems_of_reading()
    operator.faults.clear()
    read_own_lines(ampeco_client)
    assert not problems_of_reading()


def test_many_sites_cost_no_more_queries(read, operator):
    def make(number: int) -> None:
        for _ in range(number):
            charge_point = ChargePointFactory(
                location=LocationFactory(), ampeco_electricity_rate_id=3
            )
            pk = charge_point.ampeco_id
            operator.circuits[pk] = Circuit(pk, "Board", "400", 100, [pk])

    operator.rates[3] = Rate(3, "Two tariffs", 0.3, [NIGHT])
    make(2)
    read()
    with CaptureQueriesContext(connection) as few:
        read()
    make(12)
    read()
    with CaptureQueriesContext(connection) as many:
        read()
    assert Line.objects.count() == 28
    assert len(many) == len(few)


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="needs PostgreSQL")
def test_of_two_beats_one_reads(site, ampeco_client, wire):
    together, troubles = threading.Barrier(2), []

    def work() -> None:
        try:
            together.wait(timeout=10)
            read_own_lines_task()
        except Exception as error:
            troubles.append(error)
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert troubles == []
    assert wire.count("/circuits/") == 1
    assert Line.objects.count() == 2


class TestScreen:
    def test_staff_see_the_formula_and_confirm(self, site, read, staff, client):
        read()
        client.force_login(staff)
        page = client.get(SCREEN, {"kind": "lines"}).content.decode()
        assert "Board: √3 × 400 V × 100 A = 69.28 kW" in page
        assert "Power and prices" in page
        assert "22:00: 0.12" in page

        pk = line(Line.Kind.CAPACITY).pk
        assert client.post(SCREEN, {"kind": "lines", "confirm": pk}).status_code == 302
        assert walls.lines_of(site.pk).count() == 1
        client.post(SCREEN, {"kind": "lines", "undo": pk})
        client.post(SCREEN, {"kind": "lines", "refuse": pk})
        assert line(Line.Kind.CAPACITY).refused_at
        page = client.get(SCREEN, {"kind": "lines"}).content.decode()
        assert f"refused by {staff}" in page

    @pytest.mark.parametrize("typed", ["", "euro", "€"])
    def test_prices_want_a_currency_which_is_said_beside_the_field(
        self, site, read, staff, client, typed
    ):
        read()
        client.force_login(staff)
        pk = line(Line.Kind.PRICE).pk
        data = {"kind": "lines", "confirm": pk, f"currency-{pk}": typed}
        answer = client.post(SCREEN, data)
        assert answer.status_code == 200
        page = answer.content.decode()
        assert f'value="{typed}"' in page
        assert f'aria-describedby="refusal-{pk}"' in page
        assert "by its three letters" in page
        assert line(Line.Kind.PRICE).confirmed_at is None
