"""What staff ask about downtime is a row before it is a call, sent once, whatever happens."""

import threading
import uuid
from datetime import timedelta

import httpx
import pytest
from django.db import connection
from django.utils.timezone import now

from ampeco.client import AmpecoClient
from maintenance import tasks
from maintenance.asking import DowntimeRefused, Place, ask_for_downtime, ask_to_end
from maintenance.models import Downtime, DowntimeChange, DowntimeNotice
from maintenance.sending import LOOK_FOR, send_changes
from tests.factories import DowntimeFactory, next_noon
from tests.maintenance.downtime.conftest import HOUR
from upstream.rate_gate import MemoryGate

pytestmark = pytest.mark.django_db

PATH = "downtime-periods"


@pytest.fixture
def notice(sync):
    sync()
    return DowntimeNotice.objects.get(notice="Replacing the cable")


@pytest.fixture
def planned(notice, evse, staff):
    """Ask for downtime of the first charger around next noon."""

    def planned(*places, **changes):
        start = next_noon().replace(microsecond=0) - HOUR
        values = {
            "notice": notice,
            "start_at": start,
            "end_at": start + 3 * HOUR,
            "user": staff,
            "submission_key": uuid.uuid4(),
        }
        places = places or (Place(evse.charge_point, evse),)
        return ask_for_downtime(places, **(values | changes))

    return planned


@pytest.fixture
def send(ampeco_client):
    def send(*, after=timedelta(0)):
        return send_changes(client=ampeco_client, now=now() + after)

    return send


def posts(wire) -> int:
    return sum(each.method != "GET" and PATH in each.url.path for each in wire.sent)


def theirs(operator):
    return [each for each in operator.downtimes.values() if each.entry_mode == "manual"]


def test_is_made_once_and_mirrored_at_once(planned, send, operator, wire, evse, confirmed):
    (row,) = planned()
    assert (row.state, posts(wire)) == ("queued", 0)
    assert send() == 1
    assert send() == 0
    row.refresh_from_db()
    assert (row.state, row.problem, posts(wire)) == ("done", "", 1)
    (made,) = theirs(operator)
    assert (made.evse_id, made.notice_id, made.started_at) == (301, 1, row.start_at)
    assert row.downtime == Downtime.objects.get(ampeco_id=made.id, of="evse")
    # What it hits is marked in the same breath.
    confirmed.refresh_from_db()
    assert confirmed.needs_attention


def test_several_places_a_row_each(planned, send, operator, evse):
    other = evse.charge_point.evses.get(ampeco_id=302)
    rows = planned(Place(evse.charge_point, evse), Place(evse.charge_point, other))
    assert len(rows) == 2
    assert send() == 2
    assert {each.evse_id for each in theirs(operator)} == {301, 302}


def test_a_whole_charge_point(planned, send, operator, evse):
    planned(Place(evse.charge_point))
    send()
    (made,) = theirs(operator)
    assert (made.charge_point_id, made.evse_id) == (201, None)
    assert Downtime.objects.get().of == "charge-point"


def test_the_same_form_twice_asks_once(planned, send, operator):
    key = uuid.uuid4()
    assert planned(submission_key=key) == planned(submission_key=key)
    send()
    assert len(theirs(operator)) == 1


def test_an_answer_that_was_lost_is_looked_for_and_not_sent_again(planned, send, operator, wire):
    (row,) = planned()
    operator.faults.add("cut-after", count=1, method="POST", path=PATH)
    assert send() == 0
    row.refresh_from_db()
    assert row.state == "unclear"
    assert send() == 0
    assert send(after=timedelta(seconds=30)) == 1
    row.refresh_from_db()
    assert (row.state, posts(wire), len(theirs(operator))) == ("done", 1, 1)
    assert row.downtime is not None


def test_what_never_arrived_is_said_so_after_a_while(planned, send, operator, wire):
    (row,) = planned()
    operator.faults.add("cut-before", count=1, method="POST", path=PATH)
    send()
    assert send(after=timedelta(seconds=30)) == 0
    row.refresh_from_db()
    assert row.state == "unclear"
    assert send(after=LOOK_FOR + timedelta(minutes=1)) == 1
    row.refresh_from_db()
    assert (row.state, posts(wire), theirs(operator)) == ("failed", 1, [])
    assert "did not answer" in row.problem and "ask again" in row.problem


def test_a_worker_that_died_while_sending_is_not_repeated(planned, send, operator, wire):
    (row,) = planned()
    DowntimeChange.objects.update(state="sending", sent_at=now())
    send()
    send(after=LOOK_FOR + timedelta(minutes=1))
    row.refresh_from_db()
    assert (row.state, posts(wire)) == ("failed", 0)


def test_a_lost_answer_does_not_take_anothers_period_for_its_own(planned, send, operator):
    planned()
    send()
    (second,) = planned()
    operator.faults.add("cut-before", count=1, method="POST", path=PATH)
    send()
    send(after=LOOK_FOR + timedelta(minutes=1))
    second.refresh_from_db()
    assert (second.state, len(theirs(operator))) == ("failed", 1)


def test_while_the_operator_wants_a_pause_it_waits(planned, send, operator, wire, settings):
    (row,) = planned()
    busy = httpx.Response(429, headers={"Retry-After": "0"}, json={"message": "Too many."})
    wire.intercept = lambda request: busy if request.method == "POST" else None
    send()
    row.refresh_from_db()
    assert row.state == "queued"
    wire.intercept = None
    # The pause is over for a client that knows of none.
    later = AmpecoClient(
        base_url=settings.AMPECO_BASE_URL,
        token=settings.AMPECO_API_TOKEN,
        transport=wire,
        gate=MemoryGate(),
    )
    assert send_changes(client=later, now=now() + timedelta(seconds=30)) == 1
    assert len(theirs(operator)) == 1


def test_a_token_without_the_right_is_refused_in_plain_words(planned, send, operator):
    (row,) = planned()
    operator.forbidden = ["downtime-writes"]
    assert send() == 1
    row.refresh_from_db()
    assert row.state == "refused"
    assert row.problem == "The operator does not let this portal's token change downtime (403)."


def test_what_the_operator_says_against_it_is_shown(planned, send, operator, notice):
    (row,) = planned()
    DowntimeChange.objects.update(ampeco_notice_id=99)
    send()
    row.refresh_from_db()
    assert (row.state, row.problem) == (
        "refused",
        "The operator says: The selected notice id is invalid.",
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"end_at": now()}, "after the start"),
        ({"start_at": now() - 2 * HOUR, "end_at": now() - HOUR}, "has passed"),
        ({"end_at": now() + timedelta(days=500)}, "a year at most"),
    ],
)
def test_what_makes_no_sense_is_not_asked(planned, changes, said):
    with pytest.raises(DowntimeRefused, match=said):
        planned(**changes)
    assert not DowntimeChange.objects.exists()


def test_only_exempt_reasons_are_taken(planned, notice):
    other = DowntimeNotice.objects.filter(type="downtime").first()
    with pytest.raises(DowntimeRefused, match="does not take this reason"):
        planned(notice=other)


class TestEnding:
    @pytest.fixture
    def mirrored_one(self, plan, sync):
        def mirrored_one(start):
            period = plan(start.replace(microsecond=0))
            sync()
            return period, Downtime.objects.get()

        return mirrored_one

    def test_what_runs_gets_its_end(self, mirrored_one, staff, send, operator):
        period, row = mirrored_one(now() - HOUR)
        change = ask_to_end(row, user=staff)
        assert change.kind == "end"
        assert send() == 1
        assert operator.downtimes[period.id].ended_at == change.end_at
        row.refresh_from_db()
        assert row.end_at == change.end_at <= now()

    def test_what_has_not_begun_is_taken_back(self, mirrored_one, staff, send, operator, confirmed):
        period, row = mirrored_one(next_noon() - HOUR)
        tasks.notice_downtime()
        confirmed.refresh_from_db()
        assert confirmed.needs_attention
        assert ask_to_end(row, user=staff).kind == "delete"
        send()
        assert period.id not in operator.downtimes
        row.refresh_from_db()
        assert row.retired_at is not None
        confirmed.refresh_from_db()
        assert not confirmed.needs_attention

    @pytest.mark.parametrize("runs", [True, False])
    @pytest.mark.parametrize("fault", ["cut-after", "cut-before"])
    def test_a_lost_answer(self, mirrored_one, staff, send, operator, wire, runs, fault):
        _period, row = mirrored_one(now() - HOUR if runs else next_noon())
        change = ask_to_end(row, user=staff)
        method = "PATCH" if runs else "DELETE"
        operator.faults.add(fault, count=1, method=method, path=PATH)
        send()
        send(after=LOOK_FOR + timedelta(minutes=1))
        change.refresh_from_db()
        assert change.state == ("done" if fault == "cut-after" else "failed")
        assert posts(wire) == 1

    def test_what_somebody_else_took_away_is_done(self, mirrored_one, staff, send, operator):
        period, row = mirrored_one(next_noon())
        operator.forget_downtime(period)
        change = ask_to_end(row, user=staff)
        send()
        change.refresh_from_db()
        assert change.state == "done"

    def test_two_at_once_are_one(self, mirrored_one, staff):
        _period, row = mirrored_one(next_noon())
        ask_to_end(row, user=staff)
        with pytest.raises(DowntimeRefused, match="already"):
            ask_to_end(row, user=staff)

    @pytest.mark.parametrize(
        "fields",
        [{"end_at": -HOUR}, {"retired_at": 0 * HOUR}, {"entry_mode": "automatic"}],
        ids=["over", "retired", "automatic"],
    )
    def test_what_cannot_be_ended(self, staff, evse, fields):
        fields = {
            name: now() + value if isinstance(value, timedelta) else value
            for name, value in fields.items()
        }
        row = DowntimeFactory(evse=evse, start_at=now() - 5 * HOUR, **fields)
        with pytest.raises(DowntimeRefused):
            ask_to_end(row, user=staff)


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_two_workers_send_it_once(planned, operator, wire):
    for _ in range(8):
        planned()
    together = threading.Barrier(2)
    troubles = []

    def work():
        try:
            together.wait(timeout=10)
            tasks.send_downtime_changes()
        except Exception as error:
            troubles.append(error)
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(2)]
    for each in workers:
        each.start()
    for each in workers:
        each.join()
    assert troubles == []
    tasks.send_downtime_changes()
    assert len(theirs(operator)) == posts(wire) == 8
