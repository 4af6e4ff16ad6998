"""The sums of a month agree to the cent with the sessions that they are made of."""

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from charging.models import CostCentre, MonthChange, Session, Transaction
from charging.services import mark_months, month_of
from reports.models import Dimension, MonthMade, MonthTotal
from reports.summing import sessions as summing
from reports.summing.due import sum_due
from reports.summing.sessions import keep_sessions
from tests.factories import (
    DriverFactory,
    EvseFactory,
    FleetFactory,
    SessionFactory,
    VehicleFactory,
)

pytestmark = pytest.mark.django_db

OCTOBER, NOVEMBER = date(2025, 10, 1), date(2025, 11, 1)
ZONES = ["America/New_York", "Europe/Berlin", "Asia/Tokyo", "Pacific/Kiritimati", "Etc/GMT+12"]
# Around the end of October, at which also clocks change.
INSTANTS = st.datetimes(
    datetime(2025, 9, 29), datetime(2025, 12, 3), timezones=st.just(UTC)
) | st.datetimes(datetime(2025, 10, 31, 8), datetime(2025, 11, 2, 0), timezones=st.just(UTC))
CENTS = st.decimals(0, 5000, places=2)
YEN = st.decimals(0, 900_000, places=0)
PRICES = st.one_of(
    st.tuples(st.just("EUR"), CENTS),
    st.tuples(st.just("JPY"), YEN),
    st.tuples(st.just("KWD"), st.decimals(0, 900, places=3)),
    st.tuples(st.just(""), st.none()),
)


@st.composite
def charges(draw):
    currency, amount = draw(PRICES)
    return {
        "started_at": draw(INSTANTS),
        "minutes": draw(st.none() | st.integers(0, 3000)),
        "energy_kwh": draw(st.none() | st.decimals(0, 400, places=3)),
        "currency": currency,
        "amount": amount,
        "with_tax_alone": draw(st.booleans()),
        "payment": draw(st.sampled_from(Session.Payment.values)),
        "finalized": draw(st.lists(st.decimals(0, 50, places=2), max_size=3)),
        "place": draw(st.none() | st.integers(0, len(ZONES) - 1)),
        "driver": draw(st.integers(0, 1)),
        "vehicle": draw(st.none() | st.integers(0, 1)),
        "centre": draw(st.none() | st.integers(0, 1)),
    }


class Fleet:
    """A fleet with two of everything, and a charger in each zone."""

    def __init__(self):
        self.fleet = FleetFactory()
        self.drivers = [DriverFactory(fleet=self.fleet) for _ in range(2)]
        self.vehicles = [VehicleFactory(fleet=self.fleet) for _ in range(2)]
        self.centres = [CostCentre.objects.create(fleet=self.fleet, code=c) for c in "AB"]
        self.evses = [EvseFactory(charge_point__location__timezone=zone) for zone in ZONES]

    def charge(self, of):
        evse = None if of["place"] is None else self.evses[of["place"]]
        stopped = None
        if of["minutes"] is not None:
            stopped = of["started_at"] + timedelta(minutes=of["minutes"])
        without = None if of["with_tax_alone"] or of["amount"] is None else of["amount"] / 2
        session = SessionFactory(
            fleet=self.fleet,
            driver=self.drivers[of["driver"]],
            vehicle=None if of["vehicle"] is None else self.vehicles[of["vehicle"]],
            cost_centre=None if of["centre"] is None else self.centres[of["centre"]],
            evse=evse,
            location=evse.charge_point.location if evse else None,
            started_at=of["started_at"],
            stopped_at=stopped,
            energy_kwh=of["energy_kwh"],
            currency=of["currency"],
            amount=of["amount"],
            amount_without_tax=without,
            payment=of["payment"],
        )
        Transaction.objects.bulk_create(
            Transaction(
                ampeco_id=session.pk * 10 + number,
                session=session,
                status=Transaction.Status.FINALIZED if number else Transaction.Status.PENDING,
                made_at=of["started_at"],
                amount=amount,
                currency=of["currency"],
            )
            for number, amount in enumerate(of["finalized"])
        )
        return session


def paid_of(session):
    """Only what is finalized is paid; the first transaction of these tests never is."""
    if session.payment == "paid":
        return session.amount or Decimal(0)
    if session.payment != "partly":
        return Decimal(0)
    rows = session.transactions.filter(status="finalized")
    return sum((row.amount for row in rows), Decimal(0))


def by_hand(sessions):
    """Add sessions up, one by one, into what each dimension should say."""
    sums = defaultdict(lambda: [0, 0, 0, *[Decimal(0)] * 5])
    for one in sessions:
        parts = {
            "all": 0,
            "driver": one.driver_id,
            "vehicle": one.vehicle_id or 0,
            "site": one.location_id or 0,
            "cost-centre": one.cost_centre_id or 0,
        }
        took = one.stopped_at - one.started_at if one.stopped_at else timedelta()
        without = one.amount if one.amount_without_tax is None else one.amount_without_tax
        values = (
            1,
            one.amount is not None,
            int(took.total_seconds()),
            one.energy_kwh or Decimal(0),
            (one.energy_kwh if one.amount is not None else None) or Decimal(0),
            one.amount or Decimal(0),
            without or Decimal(0),
            paid_of(one),
        )
        for part in parts.items():
            total = sums[(*part, one.currency)]
            for place, value in enumerate(values):
                total[place] += value
    return dict(sums)


def kept(fleet, month):
    rows = MonthTotal.objects.filter(fleet=fleet, month=month)
    return {
        (row.dimension, row.subject, row.currency): [
            row.sessions,
            row.priced,
            row.seconds,
            row.energy_kwh,
            row.priced_kwh,
            row.amount,
            row.amount_without_tax,
            row.paid,
        ]
        for row in rows
    }


@pytest.mark.quantity
@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(charges(), max_size=12))
def test_sums_are_those_of_the_sessions(wanted):
    fleet = Fleet()
    for of in wanted:
        fleet.charge(of)
    sessions = list(Session.objects.filter(fleet=fleet.fleet))
    for month in (date(2025, 9, 1), OCTOBER, NOVEMBER, date(2025, 12, 1)):
        assert keep_sessions(fleet.fleet, month)
        of_month = [one for one in sessions if month_of(one.local_day) == month]
        assert kept(fleet.fleet, month) == by_hand(of_month)


def test_the_month_is_that_of_the_sites_clock(fleet):
    tokyo = EvseFactory(charge_point__location__timezone="Asia/Tokyo")
    new_york = EvseFactory(charge_point__location__timezone="America/New_York")
    at = datetime(2025, 10, 31, 20, 0, tzinfo=UTC)
    for evse in (tokyo, new_york):
        SessionFactory(fleet=fleet, evse=evse, started_at=at)
    for month in (OCTOBER, NOVEMBER):
        keep_sessions(fleet, month)
    sites = MonthTotal.objects.filter(fleet=fleet, dimension=Dimension.SITE)
    assert {row.subject: row.month for row in sites} == {
        tokyo.charge_point.location_id: NOVEMBER,
        new_york.charge_point.location_id: OCTOBER,
    }


def test_what_goes_on_after_a_lost_connection_is_one_charge(fleet):
    at = datetime(2025, 10, 5, 12, tzinfo=UTC)
    first = SessionFactory(fleet=fleet, started_at=at)
    SessionFactory(fleet=fleet, started_at=at + timedelta(hours=3), continues=first.ampeco_id)
    keep_sessions(fleet, OCTOBER)
    total = MonthTotal.objects.get(fleet=fleet, dimension="all")
    assert (total.sessions, total.amount, total.energy_kwh) == (1, 24, 60)


def test_a_mark_is_taken_away_and_the_month_summed(fleet):
    session = SessionFactory(fleet=fleet, started_at=datetime(2025, 10, 5, 12, tzinfo=UTC))
    mark_months([(fleet.pk, session.local_day)])
    assert sum_due() >= 1
    assert not MonthChange.objects.exists()
    assert MonthTotal.objects.get(fleet=fleet, dimension="all").amount == 12
    Session.objects.filter(pk=session.pk).update(amount=Decimal("13.37"))
    mark_months([(fleet.pk, session.local_day)])
    sum_due()
    assert MonthTotal.objects.get(fleet=fleet, dimension="all").amount == Decimal("13.37")


def test_a_mark_stays_where_more_changed_meanwhile(fleet, monkeypatch):
    session = SessionFactory(fleet=fleet, started_at=datetime(2025, 10, 5, 12, tzinfo=UTC))
    mark_months([(fleet.pk, session.local_day)])
    once = summing.sum_sessions

    def sum_and_change(fleet, month):
        summed = once(fleet, month)
        mark_months([(fleet.pk, month)])
        return summed

    monkeypatch.setattr(summing, "sum_sessions", sum_and_change)
    assert keep_sessions(fleet, OCTOBER)
    assert MonthChange.objects.get().version == 3
    monkeypatch.undo()
    assert keep_sessions(fleet, OCTOBER)
    assert not MonthChange.objects.exists()


def test_sessions_that_moved_leave_no_sum_behind(fleet):
    session = SessionFactory(fleet=fleet, started_at=datetime(2025, 10, 5, 12, tzinfo=UTC))
    keep_sessions(fleet, OCTOBER)
    Session.objects.filter(pk=session.pk).update(
        started_at=datetime(2025, 11, 5, 12, tzinfo=UTC), local_day=date(2025, 11, 5)
    )
    for month in (OCTOBER, NOVEMBER):
        keep_sessions(fleet, month)
    assert set(MonthTotal.objects.values_list("month", flat=True)) == {NOVEMBER}


def test_the_check_finds_a_cent_too_many(fleet, capsys):
    session = SessionFactory(fleet=fleet, started_at=datetime(2025, 10, 5, 12, tzinfo=UTC))
    keep_sessions(fleet, OCTOBER)
    call_command("check_totals")
    assert "agree" in capsys.readouterr().out
    Session.objects.filter(pk=session.pk).update(amount=Decimal("12.01"))
    with pytest.raises(CommandError, match="1 of"):
        call_command("check_totals")
    assert "2025-10, all 0 EUR" in capsys.readouterr().out
    call_command("check_totals", "--repair")
    call_command("check_totals", "--fleet", str(fleet.pk))
    # What waits to be summed anew is no mistake.
    Session.objects.filter(pk=session.pk).update(amount=Decimal("12.02"))
    mark_months([(fleet.pk, session.local_day)])
    call_command("check_totals")


def test_the_check_of_a_fleet_that_there_is_not_agrees_with_nothing():
    with pytest.raises(CommandError, match=r"There is no fleet with the id 987654321\."):
        call_command("check_totals", "--fleet", "987654321")


def test_a_fleets_sums_are_its_own(fleet, other_fleet):
    at = datetime(2025, 10, 5, 12, tzinfo=UTC)
    SessionFactory(fleet=fleet, started_at=at)
    SessionFactory(fleet=other_fleet, started_at=at)
    keep_sessions(fleet, OCTOBER)
    assert set(MonthTotal.objects.values_list("fleet", flat=True)) == {fleet.pk}
    assert MonthTotal.objects.get(dimension="all").sessions == 1
    assert MonthMade.objects.get().made_at is not None
