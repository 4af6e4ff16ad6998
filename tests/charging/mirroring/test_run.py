"""Sessions and payments are mirrored as they are at the operator: all, then what changes."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now

from charging.mirroring.reach import MONTH, read_since
from charging.mirroring.run import is_due
from charging.models import MonthChange, Session, Transaction
from charging.tasks import sync_charging
from drivers.models import Fleet
from mirror.models import SyncRun
from sandbox.api import sessions as operators_sessions
from sandbox.world import accounts
from sandbox.world.cast import ANA, BEN, HUDSON, NOBODYS
from tests.charging.mirroring.conftest import correct, mirrored_session
from tests.factories import FleetFactory

DAY = timedelta(days=1)
Payment = Session.Payment


@pytest.fixture
def busy(operator):
    """Hudson's drivers have charged for some months; those of others as well."""
    operator.walk_ins_a_day, operator.walk_in_months = 0.3, 3
    return operator


def of_hudson(operator) -> dict[str, dict]:
    """Return the operator's sessions of Hudson's drivers, by their ids."""
    users = {
        user.id
        for user in operator.users.values()
        if any(invite.partner_id == HUDSON for invite in user.invites)
    }
    return {
        str(each.id): operators_sessions.payload(operator, each, parts=True)
        for each in accounts.all_sessions(operator)
        if each.user_id in users
    }


def assert_alike(operator) -> None:
    """Fail unless what is mirrored is what Hudson's drivers charged, to the cent.

    The simulated operator forgets what lies too far back.
    """
    theirs = of_hudson(operator)
    ours = {session.ampeco_id: session for session in Session.objects.all()}
    assert ours.keys() >= theirs.keys()
    assert len(ours) <= len(theirs) * 1.1
    for pk, told in theirs.items():
        session = ours[pk]
        assert session.amount == Decimal(str(told["totalAmount"]["withTax"]))
        assert session.amount_without_tax == Decimal(str(told["totalAmount"]["withoutTax"]))
        assert session.currency == told["currency"]
        assert session.energy_kwh == Decimal(told["energy"]) / 1000
        assert session.status == told["status"]
        parts = [Decimal(part["price"]) for part in session.price_breakdown]
        assert sum(parts) == session.amount


def test_all_sessions_of_the_fleets_drivers_and_nobody_elses(busy, sync):
    run = sync()
    assert (run.state, run.problem) == ("finished", "")
    assert Session.objects.count() > 150
    assert_alike(busy)
    counts = run.counts["sessions"]
    assert counts["new"] == Session.objects.count()
    assert counts["skipped"] > 0
    paid = {one.id: accounts.status_of(busy, one)[1] for one in accounts.transactions_by_now(busy)}
    assert Transaction.objects.count() > 100
    for one in Transaction.objects.all():
        assert one.status == paid[one.ampeco_id]
    for session in Session.objects.prefetch_related("transactions"):
        is_paid = any(one.status == "finalized" for one in session.transactions.all())
        assert (session.payment == Payment.PAID) == is_paid


def test_months_are_marked_to_be_summed(busy, fleet, sync):
    sync()
    marked = set(MonthChange.objects.values_list("fleet", "month"))
    assert marked == {
        (fleet.pk, day.replace(day=1))
        for day in Session.objects.values_list("local_day", flat=True)
    }


def test_what_changes_is_read_and_nothing_else(busy, sync, wire):
    sync()
    calls = wire.count()
    run = sync()
    assert run.updated_after is not None
    assert run.counts["sessions"]["new"] == 0
    assert wire.count() - calls <= 4
    busy.clock.advance(2 * DAY)
    sync()
    assert_alike(busy)
    known = Session.objects.filter(ampeco_id__in=of_hudson(busy))
    oldest = known.order_by("started_at")[0]
    before = MonthChange.objects.get(month=oldest.local_day.replace(day=1)).version
    correct(busy, int(oldest.ampeco_id), amount="99.99")
    sync()
    oldest.refresh_from_db()
    assert oldest.amount == Decimal("99.99")
    assert_alike(busy)
    after = MonthChange.objects.get(month=oldest.local_day.replace(day=1)).version
    assert after > before


def test_an_unchanged_session_is_not_written(charged, sync):
    pk = charged()
    sync()
    before = mirrored_session(pk)
    marks = list(MonthChange.objects.values_list("version", flat=True))
    sync()
    assert mirrored_session(pk).synced_at == before.synced_at
    assert list(MonthChange.objects.values_list("version", flat=True)) == marks


def test_running_sessions_grow(operator, charged, sync):
    pk = charged(operator.clock.now() - timedelta(minutes=20), hours=3, kwh=90)
    sync()
    first = mirrored_session(pk)
    assert (first.status, first.payment) == ("active", Payment.OPEN)
    operator.clock.advance(timedelta(minutes=30))
    sync()
    grown = mirrored_session(pk)
    assert grown.energy_kwh > first.energy_kwh
    operator.clock.advance(3 * DAY)
    sync()
    done = mirrored_session(pk)
    assert (done.status, done.payment) == ("finished", Payment.PAID)
    assert done.stopped_at is not None


def test_payment_that_is_finalized_later(operator, charged, sync):
    pk = charged(operator.clock.now() - timedelta(hours=2))
    operator.clock.advance(-timedelta(minutes=58))
    sync()
    assert mirrored_session(pk).payment == Payment.PENDING
    assert mirrored_session(pk).transactions.get().status == "pending"
    operator.clock.advance(2 * DAY)
    sync()
    session = mirrored_session(pk)
    assert session.payment == Payment.PAID
    assert session.transactions.get().amount == session.amount
    assert session.transactions.get().finalized_at is not None
    assert session.ampeco_receipt_id == session.transactions.get().ampeco_receipt_id is not None
    correct(operator, pk, payment="refunded")
    sync()
    assert mirrored_session(pk).payment == Payment.REFUNDED


def test_free_session_is_not_due_to_anybody(charged, sync):
    pk = charged(amount="0")
    sync()
    assert mirrored_session(pk).payment == Payment.FREE


@pytest.mark.parametrize(
    ("currency", "given", "kept"),
    [("JPY", "1234.4", "1234"), ("KWD", "1.2344", "1.234"), ("EUR", "0.125", "0.13")],
)
def test_amounts_are_rounded_to_the_minor_unit_of_their_currency(
    charged, sync, currency, given, kept
):
    pk = charged(amount=given, currency=currency)
    sync()
    session = mirrored_session(pk)
    assert (session.amount, session.currency) == (Decimal(kept), currency)


def test_another_currency_is_no_payment(operator, charged, sync):
    pk = charged()
    sync()
    assert mirrored_session(pk).payment == Payment.PAID
    correct(operator, pk, currency="JPY")
    sync()
    # Until its payment is in yen, too, nothing says that this is paid.
    assert mirrored_session(pk).payment == Payment.PARTLY


def test_what_goes_on_from_another_session_says_so(charged, sync):
    first = charged()
    second = charged(extends=first)
    sync()
    assert mirrored_session(second).continues == str(first)
    assert mirrored_session(first).continues == ""


def test_retention_limits_how_far_back_is_read(charged, sync, settings):
    settings.RETENTION_MONTHS = 2
    charged(now() - 70 * DAY)
    kept = charged(now() - 50 * DAY)
    sync()
    assert [session.ampeco_id for session in Session.objects.all()] == [str(kept)]


def test_it_is_known_since_when_all_is_read(charged, sync, settings, fleet):
    settings.CHARGING_MONTHS = 2
    assert read_since(fleet) is None
    charged(now() - 10 * DAY)
    run = sync()
    reached = run.started_at - 2 * MONTH
    assert read_since(fleet) == reached
    # Nothing takes it away: no later run, no other setting, nor that old runs are forgotten.
    settings.CHARGING_MONTHS = 1
    long_ago = run.started_at - 20 * DAY
    SyncRun.objects.filter(pk=run.pk).update(started_at=long_ago)
    Fleet.objects.filter(pk=fleet.pk).update(created_at=long_ago - DAY)
    newcomer = FleetFactory()
    Fleet.objects.filter(pk=newcomer.pk).update(created_at=now() - timedelta(hours=1))
    sync()
    sync()
    fleet.refresh_from_db()
    newcomer.refresh_from_db()
    assert read_since(fleet) == reached
    assert now() - MONTH - DAY < read_since(newcomer) < now() - MONTH
    assert read_since(FleetFactory()) is None


def test_only_so_many_months_back_are_read(charged, sync, settings):
    settings.CHARGING_MONTHS = 2
    charged(now() - 70 * DAY)
    kept = charged(now() - 50 * DAY)
    sync()
    assert [session.ampeco_id for session in Session.objects.all()] == [str(kept)]


def test_a_page_costs_a_few_statements_whatever_is_on_it(busy, sync):
    with CaptureQueriesContext(
        connection,
    ) as queries:
        run = sync()
    sessions, calls = run.counts["sessions"]["seen"], run.calls
    assert sessions > 300
    assert len(queries) < 24 * calls + 30


class Killed(Exception):
    """What ends a process in the middle of its work."""


class TestBrokenOff:
    def test_goes_on_where_it_broke_off(self, busy, sync, wire):
        """As after a kill: what was stored stays, and is not read again."""
        pages = []

        def kill(request):
            if "/sessions/" in request.url.path:
                pages.append(request)
                if len(pages) == 4:
                    raise Killed
            return

        wire.intercept = kill
        with pytest.raises(Killed):
            sync()
        (run,) = SyncRun.objects.filter(kind="sessions")
        assert (run.state, run.phase) == ("broken-off", "sessions 1")
        assert run.resume_from
        # Who is killed says nothing any more.
        silent_since = now() - timedelta(minutes=6)
        SyncRun.objects.filter(pk=run.pk).update(state="running", alive_at=silent_since)
        stored = Session.objects.count()
        assert stored > 0
        wire.intercept = None
        wire.sent.clear()
        again = sync()
        assert (again.pk, again.state) == (run.pk, "finished")
        read_before = {str(request.url) for request in pages[:3]}
        assert not read_before & {str(request.url) for request in wire.sent}
        assert_alike(busy)

    def test_answers_that_fail_break_it_off(self, busy, operator, sync):
        operator.faults.add("server-error", path="sessions", count=100)
        run = sync()
        assert run.state == "broken-off"
        assert "did not answer" in run.problem
        operator.faults.clear()
        assert sync().state == "finished"
        assert_alike(busy)

    def test_too_many_requests(self, busy, operator, sync):
        operator.faults.add("rate-limited", path="sessions", count=1, seconds=90)
        run = sync()
        assert run.state == "broken-off"
        assert "pause" in run.problem

    def test_waits_while_there_are_no_calls_to_spare(self, busy, sync, monkeypatch):
        left = iter([True] * 3)
        monkeypatch.setattr("charging.mirroring.run.has_calls_to_spare", lambda: next(left, False))
        run = sync()
        assert run.state == "broken-off"
        assert "calls to spare" in run.problem
        assert not is_due(now())
        assert is_due(now() + timedelta(minutes=1))
        monkeypatch.undo()
        assert sync().pk == run.pk
        assert_alike(busy)


class TestForbidden:
    def test_sessions(self, busy, operator, sync, wire):
        operator.forbidden = ["sessions"]
        run = sync()
        assert run.state == "broken-off"
        assert "403" in run.problem
        # Once an hour, not every minute.
        assert not is_due(now() + timedelta(minutes=10))
        assert is_due(now() + timedelta(hours=1))
        calls = wire.count()
        sync_charging()
        assert wire.count() == calls
        operator.forbidden = []
        assert sync().state == "finished"
        assert_alike(busy)

    def test_payments(self, busy, operator, sync, wire):
        """Then sessions themselves say what is paid."""
        operator.forbidden = ["transactions"]
        run = sync()
        assert run.state == "finished"
        assert "transactions" in run.problem
        assert Transaction.objects.count() == 0
        said = of_hudson(busy)
        for session in Session.objects.all():
            assert (session.payment == Payment.PAID) == (
                said[session.ampeco_id]["paymentStatus"] == "paid"
            )
        asked = wire.count("transactions")
        assert "transactions" in sync().problem
        assert wire.count("transactions") == asked

    def test_payments_that_may_be_read_later(self, busy, operator, sync):
        operator.forbidden = ["transactions"]
        run = sync()
        operator.forbidden = []
        hour_ago = (now() - timedelta(hours=2)).isoformat()
        SyncRun.objects.filter(pk=run.pk).update(
            counts={**run.counts, "forbidden": {"transactions": hour_ago}}
        )
        run = sync()
        assert (run.state, run.problem) == ("finished", "")
        assert Transaction.objects.count() > 100


def test_sessions_of_a_fleet_that_comes_later_are_read_back(busy, sync, ampeco_client):
    from drivers.sync import sync_fleet_drivers

    sync()
    assert not Session.objects.filter(fleet__ampeco_partner_id=502).exists()
    rhone = FleetFactory(ampeco_partner_id=502)
    sync_fleet_drivers(rhone, client=ampeco_client)
    assert sync().updated_after is not None
    # Half an hour later its drivers are known.
    type(rhone).objects.filter(pk=rhone.pk).update(created_at=now() + timedelta(seconds=1))
    SyncRun.objects.filter(kind="sessions").update(started_at=now() - timedelta(hours=1))
    type(rhone).objects.filter(pk=rhone.pk).update(created_at=now() - timedelta(minutes=31))
    run = sync()
    assert run.updated_after is None
    assert Session.objects.filter(fleet=rhone).count() > 100


def test_nothing_is_read_without_drivers(fleet, operator, ampeco_client, wire):
    from charging.mirroring.run import sync_sessions

    assert sync_sessions(client=ampeco_client) is None
    assert wire.count() == 0


def test_silent_sessions_are_read_singly(operator, charged, sync, wire):
    """One that runs and of which no list of changes speaks."""
    pk = charged(operator.clock.now() - timedelta(minutes=20), hours=2)
    sync()
    Session.objects.update(synced_at=now() - timedelta(hours=2))
    gone = Session.objects.create(
        **{
            field.attname: getattr(mirrored_session(pk), field.attname)
            for field in Session._meta.concrete_fields
            if field.name not in {"id", "ampeco_id"}
        },
        ampeco_id="4711",
    )
    run = sync()
    assert run.state == "finished"
    gone.refresh_from_db()
    assert now() - gone.synced_at < timedelta(minutes=5)
    assert wire.count("/sessions/v1.0/4711") == 1


def test_booked_sessions_are_not_read_twice(follow, operator, workers, sync, wire):
    """What the mirror has read of a booking's session the booking's page has as well."""
    start = operator.clock.now() - timedelta(minutes=40)
    booking = follow(start, length=timedelta(hours=2), status="completed")
    theirs = operator.bookings[booking.ampeco_booking_id]
    operator.start_session(theirs)
    sync()
    booking.refresh_from_db()
    followed = booking.charging_session
    assert (followed.status, followed.energy_kwh is not None) == ("active", True)
    session = mirrored_session(int(followed.ampeco_session_id))
    assert (session.booking, session.fleet) == (booking, booking.fleet)
    calls = wire.count()
    from sync.sessions import refresh_sessions

    assert refresh_sessions(client=workers.client) == 0
    assert wire.count() == calls


def test_by_hand(busy, mirrored, capsys):
    call_command("sync_sessions")
    told = capsys.readouterr().out
    assert "Done: " in told
    assert f"({Session.objects.count()} new)" in told
    busy.forbidden = ["sessions"]
    with pytest.raises(CommandError, match="403"):
        call_command("sync_sessions")


def test_strangers_are_not_stored(charged, sync):
    charged(user_id=NOBODYS.id)
    charged(user_id=BEN.id)
    charged(user_id=ANA.id)
    sync()
    assert Session.objects.count() == 2
