"""What Ampcontrol holds of our departures, whatever goes wrong on the way."""

from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.utils import timezone

from energy.departures.actions import Plan, cancel_departure, let_replace, set_departure
from energy.departures.passing import LEASE_SECONDS, pass_on_departures
from energy.models import Departure, Link, PassedOn, RemoteVehicle
from shell.formats import instant
from tests.energy.departures.pretend import AWAY, LOST, NO, Killed
from tests.factories import UserFactory

HOUR = timedelta(hours=1)
pytestmark = pytest.mark.usefixtures("still", "link")


@pytest.fixture
def user(db):
    return UserFactory(name="Mia Long")


@pytest.fixture
def leave(vehicle, user):
    """Return a function that lets the vehicle leave in so many hours."""

    def make(hours: float, **needs) -> Departure:
        leaves_at = timezone.now().replace(microsecond=0) + hours * HOUR
        return set_departure(vehicle, Plan(leaves_at=leaves_at, **needs), user=user)

    return make


def later(hours: float):
    return time_machine.travel(timezone.now() + hours * HOUR, tick=False)


def pass_on(ampcontrol) -> None:
    pass_on_departures(client=ampcontrol)


def read(remote_id: str, **facts) -> None:
    """Let the mirror have read a vehicle just now."""
    RemoteVehicle.objects.filter(remote_id=remote_id).update(read_at=timezone.now(), **facts)


def test_the_next_departure_is_told_once(leave, ampcontrol):
    first = leave(5, target_percent=80)
    leave(29, target_percent=90)

    pass_on(ampcontrol)
    pass_on(ampcontrol)

    held = ampcontrol.known["rv-14"]
    assert (held.departs_at, held.target_percent) == (first.leaves_at, 80)
    assert len(ampcontrol.told) == 1
    assert ampcontrol.reads == 1


def test_after_it_has_left_comes_the_next_one_and_then_none(leave, ampcontrol):
    first, second = leave(5, target_percent=80), leave(29)
    pass_on(ampcontrol)

    with later(5.1):
        pass_on(ampcontrol)
        assert ampcontrol.known["rv-14"].departs_at == second.leaves_at
        # Nobody asks for a target any more.
        assert ampcontrol.known["rv-14"].target_percent == 100
    with later(29.1):
        pass_on(ampcontrol)
        assert ampcontrol.known["rv-14"].departs_at is None
        assert set(Departure.objects.exclude(closed_at=None)) == {first, second}
        pass_on(ampcontrol)
    assert len(ampcontrol.told) == 3


def test_the_target_from_before_ours_comes_back(leave, ampcontrol):
    ampcontrol.add("rv-14", target_percent=Decimal(90))
    row = leave(5, target_percent=60)
    pass_on(ampcontrol)
    assert ampcontrol.known["rv-14"].target_percent == 60

    cancel_departure(row, seen_version=0, user=row.created_by)
    pass_on(ampcontrol)

    assert ampcontrol.known["rv-14"].departs_at is None
    assert ampcontrol.known["rv-14"].target_percent == 90


def test_of_a_trip_what_it_takes_is_told(leave, ampcontrol, vehicle):
    vehicle.kwh_per_km, vehicle.reserve_percent = Decimal("0.25"), 15
    vehicle.save()
    # 100 km × 0.25 kWh are a third of 75 kWh, and 15 % are to be left.
    leave(5, distance_km=Decimal(100))
    pass_on(ampcontrol)
    assert ampcontrol.known["rv-14"].target_percent == 49


def test_without_a_departure_nothing_is_asked(ampcontrol):
    pass_on(ampcontrol)
    assert (ampcontrol.reads, ampcontrol.told) == (0, [])


def test_what_is_switched_off_is_not_told(leave, ampcontrol, settings):
    settings.AMPCONTROL_WRITES = []
    leave(5)
    pass_on(ampcontrol)
    assert (ampcontrol.reads, ampcontrol.told) == (0, [])


def test_what_is_past_is_closed_though_nothing_is_told(leave, ampcontrol, settings):
    settings.AMPCONTROL_WRITES = []
    row = leave(5)
    with later(6):
        pass_on(ampcontrol)
        row.refresh_from_db()
        assert row.closed_at == timezone.now()


def test_an_unconfirmed_link_is_not_told_of(leave, ampcontrol, link):
    Link.objects.update(state=Link.State.PROPOSED)
    leave(5)
    pass_on(ampcontrol)
    assert (ampcontrol.reads, ampcontrol.told) == (0, [])


class TestFaults:
    @pytest.mark.parametrize("arrives", [True, False])
    def test_an_answer_that_is_lost_is_looked_for(self, leave, ampcontrol, arrives):
        row = leave(5, target_percent=80)
        ampcontrol.fail, ampcontrol.arrives_all_the_same = LOST, arrives
        pass_on(ampcontrol)
        assert PassedOn.objects.get().problem == "away"

        with later(0.1):
            pass_on(ampcontrol)
            pass_on(ampcontrol)

        assert ampcontrol.known["rv-14"].departs_at == row.leaves_at
        assert len(ampcontrol.told) == (1 if arrives else 2)
        passed = PassedOn.objects.get()
        assert (passed.problem, passed.sending, passed.departure) == ("", {}, row)

    def test_what_is_called_off_before_anybody_knows_is_taken_back(self, leave, ampcontrol):
        row = leave(5)
        ampcontrol.fail, ampcontrol.arrives_all_the_same = LOST, True
        pass_on(ampcontrol)
        cancel_departure(row, seen_version=0, user=row.created_by)
        pass_on(ampcontrol)
        assert ampcontrol.known["rv-14"].departs_at is None

    @pytest.mark.parametrize("arrives", [True, False])
    def test_a_worker_that_is_killed_leaves_the_row_to_the_next(self, leave, ampcontrol, arrives):
        row = leave(5)
        ampcontrol.fail, ampcontrol.arrives_all_the_same = Killed(), arrives
        with pytest.raises(Killed):
            pass_on(ampcontrol)
        assert PassedOn.objects.get().sending

        with later(LEASE_SECONDS / 3600 + 0.01):
            pass_on(ampcontrol)

        assert ampcontrol.known["rv-14"].departs_at == row.leaves_at
        assert len(ampcontrol.told) == (1 if arrives else 2)

    def test_two_workers_do_not_tell_it_twice(self, leave, ampcontrol):
        leave(5)

        # The second one comes while the first one writes.
        def second() -> None:
            ampcontrol.when_writing = lambda: None
            pass_on(ampcontrol)

        ampcontrol.when_writing = second
        pass_on(ampcontrol)
        assert len(ampcontrol.told) == 1

    def test_a_claim_that_has_run_out_sends_nothing(self, leave, ampcontrol):
        leave(5)
        read = ampcontrol.vehicles

        def slow(**more):
            PassedOn.objects.update(lease_owner="9" * 32)
            return read(**more)

        ampcontrol.vehicles = slow
        pass_on(ampcontrol)
        assert ampcontrol.told == []

    def test_what_is_refused_is_said_and_tried_again_seldom(self, leave, ampcontrol):
        leave(5)
        ampcontrol.fail = NO
        pass_on(ampcontrol)
        pass_on(ampcontrol)
        assert len(ampcontrol.told) == 1
        passed = PassedOn.objects.get()
        assert (passed.problem, passed.sending) == ("refused", {})
        with later(0.2):
            pass_on(ampcontrol)
        assert len(ampcontrol.told) == 2
        assert PassedOn.objects.get().problem == ""

    def test_an_ampcontrol_that_is_away_is_not_asked_at_once_again(self, leave, ampcontrol):
        leave(5)

        def away(**more):
            ampcontrol.reads += 1
            raise AWAY

        ampcontrol.vehicles = away
        pass_on(ampcontrol)
        pass_on(ampcontrol)
        assert ampcontrol.reads == 1
        assert PassedOn.objects.get().problem == "away"

    def test_another_time_is_told_without_waiting_for_the_pause(self, leave, ampcontrol):
        leave(5)
        ampcontrol.fail = NO
        pass_on(ampcontrol)
        sooner = leave(4)
        pass_on(ampcontrol)
        assert ampcontrol.known["rv-14"].departs_at == sooner.leaves_at

    def test_it_is_switched_off_between_two(self, leave, ampcontrol, settings):
        leave(5)
        pass_on(ampcontrol)
        settings.AMPCONTROL_WRITES = []
        with later(6):
            pass_on(ampcontrol)
            assert len(ampcontrol.told) == 1
            settings.AMPCONTROL_WRITES = ["departures"]
            pass_on(ampcontrol)
            # What is past is not left there for ever.
            assert ampcontrol.known["rv-14"].departs_at is None

    def test_a_link_that_is_ended_takes_ours_away_with_it(self, leave, ampcontrol, link):
        leave(5)
        pass_on(ampcontrol)
        Link.objects.update(state=Link.State.REFUSED)

        pass_on(ampcontrol)
        leave(3)
        pass_on(ampcontrol)

        assert ampcontrol.known["rv-14"].departs_at is None
        assert len(ampcontrol.told) == 2

    def test_a_link_that_is_ended_in_between_sends_nothing(self, leave, ampcontrol, link):
        leave(5)
        read = ampcontrol.vehicles

        def meanwhile(**more):
            Link.objects.update(state=Link.State.REFUSED)
            return read(**more)

        ampcontrol.vehicles = meanwhile
        pass_on(ampcontrol)
        assert ampcontrol.told == []

    def test_a_vehicle_that_is_unknown_there_is_said(self, leave, ampcontrol):
        leave(5)
        ampcontrol.known.clear()
        pass_on(ampcontrol)
        assert PassedOn.objects.get().problem == "unknown-there"


class TestOthers:
    def test_somebody_elses_departure_stays(self, leave, ampcontrol):
        theirs = timezone.now() + 3 * HOUR
        ampcontrol.add("rv-14", departs_at=theirs)
        leave(5)
        pass_on(ampcontrol)
        pass_on(ampcontrol)
        assert ampcontrol.told == []
        passed = PassedOn.objects.get()
        assert passed.problem == "anothers"
        assert passed.anothers_at == theirs.replace(microsecond=0)

    def test_it_goes_once_a_manager_says_so(self, leave, ampcontrol, vehicle):
        ampcontrol.add("rv-14", departs_at=timezone.now().replace(microsecond=0) + 3 * HOUR)
        row = leave(5)
        pass_on(ampcontrol)
        theirs = instant(PassedOn.objects.get().anothers_at)
        assert let_replace(vehicle, seen=theirs)
        pass_on(ampcontrol)
        assert ampcontrol.known["rv-14"].departs_at == row.leaves_at

    def test_a_third_one_is_another_matter(self, leave, ampcontrol, vehicle):
        now = timezone.now().replace(microsecond=0)
        ampcontrol.add("rv-14", departs_at=now + 3 * HOUR)
        leave(5)
        pass_on(ampcontrol)
        let_replace(vehicle, seen=instant(now + 3 * HOUR))
        ampcontrol.add("rv-14", departs_at=now + 2 * HOUR)
        pass_on(ampcontrol)
        assert ampcontrol.told == []
        assert PassedOn.objects.get().anothers_at == now + 2 * HOUR

    def test_a_past_one_is_nobodys_any_more(self, leave, ampcontrol):
        ampcontrol.add("rv-14", departs_at=timezone.now() - HOUR)
        row = leave(5)
        pass_on(ampcontrol)
        assert ampcontrol.known["rv-14"].departs_at == row.leaves_at

    def test_what_others_put_in_place_of_ours_is_not_taken_away(self, leave, ampcontrol):
        leave(5)
        pass_on(ampcontrol)
        theirs = timezone.now() + 30 * HOUR
        ampcontrol.add("rv-14", departs_at=theirs)
        with later(6):
            pass_on(ampcontrol)
        assert ampcontrol.known["rv-14"].departs_at == theirs

    def test_what_others_put_in_its_place_is_told_once_it_is_read(self, leave, ampcontrol):
        ours = leave(5)
        pass_on(ampcontrol)
        theirs = timezone.now().replace(microsecond=0) + 3 * HOUR
        ampcontrol.add("rv-14", departs_at=theirs)
        with later(0.1):
            read("rv-14", departs_at=ours.leaves_at)
            pass_on(ampcontrol)
            assert ampcontrol.reads == 1
            read("rv-14", departs_at=theirs)
            pass_on(ampcontrol)
        assert len(ampcontrol.told) == 1
        passed = PassedOn.objects.get()
        assert (passed.problem, passed.anothers_at) == ("anothers", theirs)

    def test_what_others_took_away_is_set_again_after_a_while(self, leave, ampcontrol):
        ours = leave(5)
        pass_on(ampcontrol)
        ampcontrol.add("rv-14")
        with later(0.1):
            read("rv-14", departs_at=None)
            pass_on(ampcontrol)
            assert len(ampcontrol.told) == 1
        with later(0.3):
            pass_on(ampcontrol)
            pass_on(ampcontrol)
        assert ampcontrol.known["rv-14"].departs_at == ours.leaves_at
        assert len(ampcontrol.told) == 2

    def test_a_target_that_others_changed_is_set_again_after_a_while(self, leave, ampcontrol):
        ours = leave(5, target_percent=80)
        pass_on(ampcontrol)
        ampcontrol.add("rv-14", departs_at=ours.leaves_at, target_percent=Decimal(50))
        with later(0.3):
            read("rv-14", departs_at=ours.leaves_at, target_percent=Decimal(50))
            pass_on(ampcontrol)
        assert ampcontrol.known["rv-14"].target_percent == 80

    def test_before_a_route_of_theirs_nothing_is_set(self, leave, ampcontrol, vehicle):
        leave(5)
        Departure.objects.update(source=Departure.Source.ROUTE)
        pass_on(ampcontrol)
        assert ampcontrol.told == []
