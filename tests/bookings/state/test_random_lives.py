"""Bookings led through random lives by managers, drivers, the operator and our workers.

After every step the tables of moves hold and each thing is told once; at the end, when all is
decided and read, the portal and the operator agree. FUZZ_EXAMPLES asks for more lives, others each
time.
"""

import copy
import os
import random
import uuid
from collections import Counter
from datetime import timedelta
from itertools import pairwise

import pytest
from django.core.cache import cache
from django.db import transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from bookings.actions.candidate import BookingRefused
from bookings.actions.change import request_cancellation, request_change
from bookings.actions.driver import LateRefused, say_running_late
from bookings.models import Actor, Booking, BookingEvent, BookingRequest
from bookings.state.moves import move_request
from drivers.models import Driver
from notifications.models import Notification
from sites.models import Evse
from tests.factories import next_noon
from tests.small_operator import slot_of

MORE = int(os.environ.get("FUZZ_EXAMPLES", "0"))
HOUR = timedelta(hours=1)
OPEN = ["queued", "pending", "stale"]
WHICH = st.integers(0, 3)
WHEN = st.integers(0, 4)
CHARGERS = st.sampled_from([301, 302])
REFUSALS = (BookingRefused, LateRefused)


def reachable(moves: dict[str, frozenset[str]], start: str) -> set[str]:
    """Return all that a table of moves leads to, by any number of moves."""
    found, waiting = {start}, [start]
    while waiting:
        onward = moves[waiting.pop()] - found
        found |= onward
        waiting += onward
    return found


class Lives(RuleBasedStateMachine):
    """What people, the operator and the workers may do, in any order; `parts` is set below."""

    parts: dict

    @initialize()
    def begin(self) -> None:
        vars(self).update(self.parts)
        vars(self.world).update(copy.deepcopy(self.untouched))
        cache.clear()
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        self.seen: dict[int, tuple[int, str]] = {}
        self.glimpsed: dict[int, Booking] = {}
        self.ask_and_have_it_approved(charger=301, when=1)
        self.ask(charger=302, when=2, driver=0)

    def teardown(self) -> None:
        try:
            self.everything_is_decided_and_agreed()
        finally:
            transaction.set_rollback(True)
            self.atomic.__exit__(None, None, None)

    def booking(self, which: int) -> Booking | None:
        """Return one of the bookings, as it is or as somebody has looked at it before."""
        found = list(Booking.objects.select_related("fleet", "driver", "location", "evse"))
        return sorted(found, key=lambda each: each.pk)[which % len(found)] if found else None

    def slot(self, charger: int, when: int):
        evse = Evse.objects.select_related("charge_point__location").get(ampeco_id=charger)
        return slot_of(evse, next_noon() + when * HOUR)

    def try_to(self, act, **arguments) -> None:
        """Do something that may be refused, which must change nothing."""
        before = self.books()
        try:
            act(**arguments)
        except REFUSALS:
            assert self.books() == before

    def books(self) -> list:
        return [
            sorted(model.objects.values_list("pk", *fields))
            for model, fields in (
                (Booking, ("version", "status", "open_change")),
                (BookingRequest, ("status",)),
                (BookingEvent, ()),
                (Notification, ()),
            )
        ]

    # People

    @rule(charger=CHARGERS, when=WHEN, driver=WHICH)
    def ask(self, charger, when, driver):
        self.last_form = {
            "slot": self.slot(charger, when),
            "driver": self.drivers[driver % len(self.drivers)],
            "submission_key": uuid.uuid4(),
        }
        self.try_to(self.asker, **self.last_form)

    @rule(charger=CHARGERS, when=WHEN)
    def ask_and_have_it_approved(self, charger, when):
        self.ask(charger, when, 0)
        self.submit()
        for request in list(self.world.requests.values()):
            self.world.decide(request)
        self.poll()

    @rule()
    def send_the_same_form_again(self):
        before = BookingRequest.objects.filter(
            submission_key=self.last_form["submission_key"]
        ).count()
        self.try_to(self.asker, **self.last_form)
        after = BookingRequest.objects.filter(submission_key=self.last_form["submission_key"])
        assert after.count() <= max(1, before)

    @rule(which=WHICH)
    def look(self, which):
        if booking := self.booking(which):
            self.glimpsed[booking.pk] = booking

    @rule(which=WHICH, when=WHEN, hours=st.integers(1, 2), driver=WHICH, glimpsed=st.booleans())
    def change(self, which, when, hours, driver, glimpsed):
        if booking := self.booking(which):
            known = self.glimpsed.get(booking.pk, booking) if glimpsed else booking
            start = next_noon() + when * HOUR
            self.try_to(
                request_change,
                booking=known,
                user=self.user,
                driver=self.drivers[driver % len(self.drivers)],
                start_at=start,
                end_at=start + hours * HOUR,
                seen_version=known.version,
                submission_key=uuid.uuid4(),
                confirmed_overlap=True,
            )

    @rule(which=WHICH, by_driver=st.booleans(), glimpsed=st.booleans())
    def cancel(self, which, by_driver, glimpsed):
        if booking := self.booking(which):
            known = self.glimpsed.get(booking.pk, booking) if glimpsed else booking
            asked_by = Actor.DRIVER if by_driver else Actor.MANAGER
            who = {"driver": booking.driver} if by_driver else {"user": self.user}
            self.try_to(
                request_cancellation,
                booking=known,
                asked_by=asked_by,
                seen_version=known.version if glimpsed else None,
                **who,
            )

    @rule(which=WHICH, charger=CHARGERS, when=WHEN)
    def move(self, which, charger, when):
        if booking := self.booking(which):
            self.try_to(
                self.asker,
                slot=self.slot(charger, when),
                driver=booking.driver,
                replaces=booking,
                seen_version=booking.version,
            )

    @rule(which=WHICH)
    def run_late(self, which):
        if booking := self.booking(which):
            self.try_to(say_running_late, booking=booking, minutes=10)

    @rule(which=WHICH, to=st.sampled_from(BookingRequest.Status.values))
    def try_a_move_that_there_is_not(self, which, to):
        requests = list(BookingRequest.objects.order_by("pk"))
        if requests:
            request = requests[which % len(requests)]
            if to not in BookingRequest.MOVES[request.status]:
                before = self.books()
                with pytest.raises(ValueError, match="cannot become"):
                    move_request(request, to=to, actor=Actor.PORTAL)
                assert self.books() == before

    # The operator

    @rule(which=WHICH, reject=st.booleans())
    def decide(self, which, reject):
        undecided = sorted(self.world.undecided)
        if undecided:
            request = self.world.requests[undecided[which % len(undecided)]]
            if reject:
                self.world.reject(request, "Not today.")
            else:
                self.world.decide(request)

    @rule(
        which=WHICH,
        status=st.sampled_from(["cancelled", "reserved", "no-show", "failed", "completed"]),
    )
    def set_status(self, which, status):
        if theirs := self.theirs(which):
            self.world.set_booking_status(theirs, status)

    @rule(which=WHICH, charger=CHARGERS, when=WHEN)
    def move_theirs(self, which, charger, when):
        start = next_noon() + when * HOUR
        theirs, evse = self.theirs(which), self.world.evses[charger]
        if theirs and self.world.is_free(evse, start, start + HOUR):
            self.world.move_booking(theirs, start_at=start, end_at=start + HOUR, evse_id=charger)

    def theirs(self, which: int):
        live = [each for each in self.world.bookings.values() if each.status in LIVE]
        return live[which % len(live)] if live else None

    # The workers

    @rule(seed=st.integers(0, 2**32))
    def a_busy_hour(self, seed):
        """Do several things at random: left to itself, Hypothesis prefers to do little."""
        chance = random.Random(seed)

        def charger() -> int:
            return chance.choice([301, 302])

        def when() -> int:
            return chance.randrange(5)

        def which() -> int:
            return chance.randrange(6)

        acts = [
            lambda: self.ask_and_have_it_approved(charger(), when()),
            lambda: self.change(which(), when(), chance.randint(1, 2), which(), False),
            lambda: self.cancel(which(), chance.random() < 0.5, False),
            lambda: self.move(which(), charger(), when()),
            lambda: self.decide(which(), chance.random() < 0.3),
            lambda: self.set_status(which(), chance.choice(["cancelled", "reserved", "completed"])),
            lambda: self.move_theirs(which(), charger(), when()),
            *(self.submit, self.submit, self.poll, self.refresh, self.sync),
        ]
        for act in chance.sample(acts, 6):
            act()
            self.check()

    @rule()
    def submit(self):
        self.workers.submit()

    @rule()
    def poll(self):
        self.workers.poll()

    @rule()
    def refresh(self):
        self.workers.refresh_all()

    @rule()
    def sync(self):
        self.workers.sync()

    # What is always true

    def check(self) -> None:
        """Check, within a rule, what is checked after each."""
        self.requests_move_by_their_table_and_each_move_is_told_once()
        self.bookings_only_move_on()
        self.nothing_is_open_twice()
        self.each_thing_is_told_once()

    @invariant()
    def requests_move_by_their_table_and_each_move_is_told_once(self):
        for request in BookingRequest.objects.prefetch_related("events"):
            events = sorted(request.events.all(), key=lambda event: event.pk)
            states = [event.to_status for event in events]
            assert states[0] == "queued"
            assert states[-1] == request.status
            assert all(
                event.from_status == old for event, old in zip(events[1:], states, strict=False)
            )
            assert all(new in BookingRequest.MOVES[old] for old, new in pairwise(states))
            assert (request.settled_at is not None) == (not BookingRequest.MOVES[request.status])

    @invariant()
    def bookings_only_move_on(self):
        for pk, version, status in Booking.objects.values_list("pk", "version", "status"):
            old_version, old_status = self.seen.get(pk, (version, status))
            assert status in reachable(Booking.MOVES, old_status)
            assert version > old_version or (version, status) == (old_version, old_status)
            self.seen[pk] = (version, status)

    @invariant()
    def nothing_is_open_twice(self):
        open_ones = BookingRequest.objects.filter(status__in=OPEN).values_list("booking", flat=True)
        assert all(count == 1 for count in Counter(open_ones).values())

    @invariant()
    def each_thing_is_told_once(self):
        told = Counter(
            Notification.objects.values_list("request", "event", "kind", "recipient_email")
        )
        assert all(count == 1 for count in told.values())

    def everything_is_decided_and_agreed(self) -> None:
        """Let everything come to its end; then what we know is what the operator holds."""
        for _ in range(12):
            for request in list(self.world.requests.values()):
                self.world.decide(request)
            self.submit()
            self.poll()
            self.sync()
            self.refresh()
            if not BookingRequest.objects.filter(status__in=OPEN).exists():
                break
        assert not BookingRequest.objects.filter(status__in=OPEN).exists()
        self.sync()
        self.refresh()
        ours = {
            each.ampeco_booking_id: each
            for each in Booking.objects.exclude(ampeco_booking_id=None).select_related(
                "driver", "evse", "location"
            )
        }
        assert set(ours) == set(self.world.bookings)
        for pk, theirs in self.world.bookings.items():
            mine = ours[pk]
            assert mine.status == theirs.status
            assert mine.driver.ampeco_user_id == theirs.user_id
            assert (mine.start_at, mine.end_at) == (theirs.start_at, theirs.end_at)
            if mine.status in LIVE:
                # Lists name no charger, and a booking that is over is not read singly.
                assert mine.evse.ampeco_id == theirs.evse_id
        assert not Booking.objects.exclude(open_change="").exists()
        approved = Counter(
            each.external_id for each in self.world.requests.values() if each.status == "approved"
        )
        assert all(count == 1 for count in approved.values())


LIVE = {"accepted", "reserved"}


@pytest.mark.django_db
def test_random_lives_end_in_agreement(operator_world, ask, workers, evse, manager):
    shared = {"lock", "clock", "faults", "meter", "curve"}
    untouched = {name: value for name, value in vars(operator_world).items() if name not in shared}
    Lives.parts = {
        "world": operator_world,
        "untouched": copy.deepcopy(untouched),
        "asker": ask,
        "workers": workers,
        "user": manager,
        "drivers": list(Driver.objects.filter(status="enabled").order_by("pk")),
    }
    run_state_machine_as_test(
        Lives,
        settings=settings(
            max_examples=MORE or 12,
            stateful_step_count=50 if MORE else 25,
            derandomize=not MORE,
            deadline=None,
            database=None,
            phases=[Phase.generate, Phase.shrink] if MORE else [Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
