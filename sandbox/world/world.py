"""The simulated operator's state, and the rules by which it decides and time passes."""

import heapq
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sandbox.world import state
from sandbox.world.downtime import note_fault
from sandbox.world.holdings import Holdings
from sandbox.world.judgement import objection, pick_evse
from sandbox.world.lifecycle import (
    SHORTEST_SESSION,
    STOPS_BEFORE,
    begins_by_itself,
    draw,
    need_of,
    next_turn,
    shows_up_after,
)
from sandbox.world.records import Booking, Downtime, Keepsake, Request, Session
from sandbox.world.state import EVSE_STATES, RECORDS, StateUnreadable
from sandbox.world.tariffs import snapshot_at
from sandbox.world.walk_ins import most_kw

LATER = datetime.max.replace(tzinfo=UTC)


class World(Holdings):
    """What the operator holds, decides and remembers, and what becomes of it as time passes."""

    def __init__(self, *, seed: int = 1) -> None:
        super().__init__(seed=seed)
        self.state_file: Path | None = None
        # Ids of bookings are given once, even if the booking is forgotten.
        self._last_forgotten = 0
        self._last_downtime = 0
        # When each booking has its next turn, and the same in a heap that may hold old turns too.
        self._turns: dict[int, datetime] = {}
        self._agenda: list[tuple[datetime, int]] = []
        self._altered_evses: set[int] = set()
        self._unsaved: dict[str, dict[Any, Any]] = {}
        self._saved_to: Path | None = None
        self._saved_settings: dict[str, Any] = {}
        self._looked_at = datetime.min.replace(tzinfo=UTC)

    def set_evse_status(self, evse_id: int, status: str) -> None:
        """Enable, disable or fail an EVSE. Raises KeyError for one that does not exist."""
        evse = self.evses[evse_id]
        evse.status = status
        evse.hardware_status = "faulted" if status == "out of order" else "available"
        evse.updated_at = self.now()
        note_fault(self, evse)
        self._altered_evses.add(evse_id)
        self._note(EVSE_STATES, evse)
        self.save()

    def add_downtime(self, **fields: Any) -> Downtime:
        pk = max(next(reversed(self.downtimes), 0), self._last_downtime) + 1
        downtime = Downtime(id=pk, updated_at=self.stamp(), **fields)
        self.downtimes[pk] = downtime
        self.note_downtime(downtime)
        return downtime

    def note_downtime(self, downtime: Downtime) -> None:
        """Remember a period that is new or was changed."""
        downtime.updated_at = self.stamp()
        self._note("downtimes", downtime)
        self.save()

    def forget_downtime(self, downtime: Downtime) -> None:
        """Know nothing of a period any more; see `forget_booking`."""
        self._last_downtime = max(self._last_downtime, downtime.id)
        del self.downtimes[downtime.id]
        self._saved_to = None
        self.save()

    # Requests

    def ask(self, **fields: Any) -> Request:
        """Take a request; it is decided later."""
        now, stamp = self.now(), self.stamp()
        pk = next(reversed(self.requests), 0) + 1
        for name in {"start_at", "end_at"} & fields.keys():
            fields[name] = fields[name] and self.stamp(fields[name])
        request = Request(id=pk, status="pending", created_at=stamp, updated_at=stamp, **fields)
        plan = self.plans.pop(request.external_id or "", None)
        if plan:
            request.decide_at = now + timedelta(seconds=plan.after_seconds)
            request.planned_reason = plan.reason
        self.requests[pk] = request
        self.undecided.add(pk)
        if request.external_id:
            self.by_external_id[request.external_id].append(pk)
        self._note("requests", request)
        if self._decision_due(request) <= now and not self.manual:
            self.decide(request)
        self.save()
        return request

    def decide(self, request: Request) -> None:
        """Approve a request, or reject it with the reason that stands against it."""
        reason = request.planned_reason or objection(self, request)
        if reason:
            self.reject(request, reason)
        else:
            self.approve(request)

    def approve(self, request: Request) -> Booking | None:
        """Approve a pending request and do what it asks for."""
        if request.status != "pending":
            return None
        if request.type == "create":
            evse = pick_evse(self, request)
            if evse is None:
                self.reject(request, "No charger is free that meets the request.")
                return None
            assert request.start_at and request.end_at and request.location_id
            booking = self.add_booking(
                location_id=request.location_id,
                evse_id=evse.id,
                start_at=request.start_at,
                end_at=request.end_at,
                user_id=request.user_id,
            )
            booking.token_ids = request.token_ids or booking.token_ids
            request.booking_id = booking.id
        else:
            assert request.booking_id is not None
            booking = self.bookings[request.booking_id]
            if request.type == "cancel":
                self.set_booking_status(booking, "cancelled")
            else:
                booking.user_id = request.user_id or booking.user_id
                booking.start_at = request.start_at or booking.start_at
                booking.end_at = request.end_at or booking.end_at
                booking.token_ids = request.token_ids or booking.token_ids
                self._stop_session_with(booking)
                self.set_booking_status(booking, booking.status)
        self._settle(request, "approved")
        return booking

    def reject(self, request: Request, reason: str) -> None:
        if request.status == "pending":
            request.reason = reason
            self._settle(request, "rejected")

    def _decision_due(self, request: Request) -> datetime:
        delay = timedelta(seconds=self.decision_delay)
        return request.decide_at or request.created_at + delay

    def _settle(self, request: Request, status: str) -> None:
        request.status = status
        request.updated_at = self.stamp()
        self.undecided.discard(request.id)
        self._note("requests", request)
        self.save()

    # Bookings

    def add_booking(
        self,
        *,
        location_id: int,
        evse_id: int,
        start_at: datetime,
        end_at: datetime,
        user_id: int | None = None,
        status: str = "accepted",
    ) -> Booking:
        now = self.stamp()
        pk = max(next(reversed(self.bookings), 0), self._last_forgotten) + 1
        booking = Booking(
            id=pk,
            location_id=location_id,
            evse_id=evse_id,
            start_at=start_at,
            end_at=end_at,
            status=status,
            created_at=now,
            updated_at=now,
            user_id=user_id,
            access_methods=self.locations[location_id].extra.get("accessMethods"),
        )
        if self.names_tokens:
            booking.token_ids = [tag.token_id for tag in self.tags_of(user_id)]
        self.bookings[pk] = booking
        self._index_booking(booking)
        self._note("bookings", booking)
        return booking

    def note_origin(self, booking: Booking, *, external_id: str, asked_at: datetime) -> Request:
        """Let a booking have been asked for, and approved at once, at some time."""
        booking.created_at = booking.updated_at = asked_at
        pk = next(reversed(self.requests), 0) + 1
        request = Request(
            id=pk,
            type="create",
            status="approved",
            created_at=asked_at,
            updated_at=asked_at,
            user_id=booking.user_id,
            location_id=booking.location_id,
            evse_id=booking.evse_id,
            start_at=booking.start_at,
            end_at=booking.end_at,
            external_id=external_id,
            booking_id=booking.id,
        )
        self.requests[pk] = request
        self.by_external_id[external_id].append(pk)
        self._note("requests", request)
        return request

    def set_booking_status(self, booking: Booking, status: str) -> None:
        """Give a booking another status; call it as well after changing its times."""
        booking.status = status
        booking.updated_at = self.stamp()
        self._index_booking(booking)
        self._note("bookings", booking)
        self.save()

    def move_booking(
        self,
        booking: Booking,
        *,
        start_at: datetime | None = None,
        end_at: datetime | None = None,
        evse_id: int | None = None,
        user_id: int | None = None,
    ) -> None:
        """Move a booking as an operator can: to other times, to any EVSE, to another driver.

        Raises KeyError for an EVSE or a driver that does not exist.
        """
        if user_id is not None:
            booking.user_id = self.users[user_id].id
        if evse_id is not None:
            location_id = self.charge_points[self.evses[evse_id].charge_point_id].location_id
            self.let_go(booking)
            booking.evse_id = evse_id
            booking.location_id = location_id or booking.location_id
        booking.start_at = start_at or booking.start_at
        booking.end_at = end_at or booking.end_at
        self.set_booking_status(booking, booking.status)

    def forget_booking(self, booking: Booking) -> None:
        """Know nothing of a booking any more."""
        self.let_go(booking)
        self._last_forgotten = max(self._last_forgotten, booking.id)
        del self.bookings[booking.id]
        # A file is added to line by line, which cannot take anything back.
        self._saved_to = None
        self.save()

    def keep_session(self, session: Session) -> None:
        """Hold a session, or what has become of one; call it as well after changing one."""
        self.sessions[session.id] = session
        self._note("sessions", session)
        self.save()

    def start_session(self, booking: Booking) -> Session:
        """Let the driver plug in; the EVSE is taken until the session stops."""
        evse = self.evses[booking.evse_id]
        started_at = booking.start_at + shows_up_after(self, booking)
        session = Session(
            id=next(reversed(self.sessions), 0) + 1,
            booking_id=booking.id,
            user_id=booking.user_id,
            evse_id=evse.id,
            charge_point_id=evse.charge_point_id,
            started_at=started_at,
            stops_at=max(started_at + SHORTEST_SESSION, booking.end_at - STOPS_BEFORE),
            power_kw=most_kw(evse),
            wants_kwh=need_of(self, booking),
            tariff_snapshot_id=snapshot_at(self, evse, booking.user_id, started_at),
        )
        self.sessions[session.id] = session
        self._note("sessions", session)
        booking.session_id = session.id
        self.set_booking_status(booking, "completed")
        return session

    def add_session(
        self,
        *,
        user_id: int,
        evse_id: int,
        started_at: datetime,
        stops_at: datetime,
        wants_kwh: float,
    ) -> Session:
        """Let a driver have plugged in, or do so later, without a booking.

        Raises KeyError for an EVSE or a driver that does not exist.
        """
        evse = self.evses[evse_id]
        session = Session(
            id=next(reversed(self.sessions), 0) + 1,
            booking_id=None,
            user_id=self.users[user_id].id,
            evse_id=evse.id,
            charge_point_id=evse.charge_point_id,
            started_at=started_at,
            stops_at=stops_at,
            power_kw=most_kw(evse),
            wants_kwh=wants_kwh,
            tariff_snapshot_id=snapshot_at(self, evse, user_id, started_at),
        )
        self.sessions[session.id] = session
        self._note("sessions", session)
        self.save()
        return session

    def _stop_session_with(self, booking: Booking) -> None:
        """Let a session that still runs end with its booking, whose end was changed."""
        session = self.sessions.get(booking.session_id or 0)
        if session is not None and session.stops_at > self.now():
            session.stops_at = max(self.now(), booking.end_at - STOPS_BEFORE)
            self._note("sessions", session)

    def let_go(self, booking: Booking) -> None:
        self.holding[booking.evse_id].discard(booking.id)
        self._turns.pop(booking.id, None)

    def _index_booking(self, booking: Booking) -> None:
        turn = next_turn(self, booking)
        if turn is None:
            self.let_go(booking)
            return
        self.holding[booking.evse_id].add(booking.id)
        self._turns[booking.id] = turn
        heapq.heappush(self._agenda, (turn, booking.id))

    # Time

    def tick(self) -> None:
        """Do what is due by now, in its order: decide requests, move bookings on.

        What happens is dated by when it fell due, but not before somebody last looked.
        """
        now, since = self.clock.now(), self._looked_at
        undecided = [] if self.manual else [self.requests[pk] for pk in self.undecided]
        waiting = sorted(undecided, key=lambda one: (self._decision_due(one), one.id), reverse=True)
        try:
            while True:
                decision = self._decision_due(waiting[-1]) if waiting else LATER
                turn = self._agenda[0][0] if self._agenda else LATER
                if min(decision, turn) > now:
                    break
                self._moment = min(now, max(min(decision, turn), since))
                if decision <= turn:
                    self.decide(waiting.pop())
                else:
                    self._take_next_turn()
        finally:
            self._moment, self._looked_at = None, now
        if self._unsaved:
            self.save()

    def _take_next_turn(self) -> None:
        planned, pk = heapq.heappop(self._agenda)
        if self._turns.get(pk) != planned:
            return
        booking = self.bookings[pk]
        turn = next_turn(self, booking)
        # Who shows up may be planned otherwise by now: see no_show_share.
        if turn is not None and turn <= planned:
            self._take_turn(booking)
        else:
            self._index_booking(booking)

    def _take_turn(self, booking: Booking) -> None:
        if booking.status == "accepted":
            fails = draw(self, booking, "/hold") < self.failed_share
            self.set_booking_status(booking, "failed" if fails else "reserved")
        elif booking.status == "reserved" and begins_by_itself(self, booking):
            self.start_session(booking)
        elif booking.status == "reserved":
            self.set_booking_status(booking, "no-show")
        else:
            self.let_go(booking)

    # Memory

    def _note(self, kind: str, record: Any) -> None:
        if self.state_file is not None:
            self._unsaved.setdefault(kind, {})[record.id] = record

    def keep(self, keepsake: Keepsake) -> None:
        """Remember something for another part of the simulation; the last word on it counts."""
        self.keepsakes[keepsake.id] = keepsake
        self._note("keepsakes", keepsake)
        self.save()

    def save(self) -> None:
        """Write down what has changed since the last time, if there is a file.

        Requests, bookings, sessions, EVSE statuses, the clock and how decisions are made are kept.
        """
        if self.state_file is None or self._moment is not None:
            return
        settings = {
            "offset": self.clock.offset.total_seconds(),
            "manual": self.manual,
            "decision_delay": self.decision_delay,
        }
        if self._saved_to != self.state_file:
            records = {kind: getattr(self, kind).values() for kind in RECORDS}
            altered = [self.evses[pk] for pk in sorted(self._altered_evses)]
            state.rewrite(self.state_file, settings, {**records, EVSE_STATES: altered})
        elif self._unsaved or settings != self._saved_settings:
            changed = {kind: found.values() for kind, found in self._unsaved.items()}
            state.append(self.state_file, settings, changed)
        self._saved_to, self._saved_settings, self._unsaved = self.state_file, settings, {}

    def load(self) -> None:
        """Take up what `save` wrote down, if there is any. Raises StateUnreadable."""
        if self.state_file is None or not self.state_file.exists():
            return
        kept = state.read(self.state_file)
        if not self._knows(kept):
            raise StateUnreadable(f"{self.state_file} holds the state of another world.")
        self.clock.offset = timedelta(seconds=kept.settings.get("offset", 0))
        self.manual = kept.settings.get("manual", self.manual)
        self.decision_delay = kept.settings.get("decision_delay", self.decision_delay)
        self.requests, self.bookings, self.sessions = kept.requests, kept.bookings, kept.sessions
        self.keepsakes, self.downtimes = kept.keepsakes, kept.downtimes
        for pk, row in kept.evses.items():
            self._altered_evses.add(pk)
            for name, value in row.items():
                setattr(self.evses[pk], name, value)
        self._index_all()
        for session in self.sessions.values():
            # One that was written down before sessions remembered their tariff.
            evse = self.evses.get(session.evse_id)
            if session.tariff_snapshot_id is None and evse is not None:
                session.tariff_snapshot_id = snapshot_at(
                    self, evse, session.user_id, session.started_at
                )
        # Starts the file anew: what was said of a record more than once is said once.
        self._saved_to = None
        self.save()

    def _knows(self, kept: state.State) -> bool:
        evses, places = set(kept.evses), set()
        records: list[Request | Booking] = [*kept.requests.values(), *kept.bookings.values()]
        for record in records:
            evses.add(record.evse_id or 0)
            places.add(record.location_id or 0)
        return evses - {0} <= self.evses.keys() and places - {0} <= self.locations.keys()

    def _index_all(self) -> None:
        for index in (self.holding, self._turns, self._agenda, self.by_external_id):
            index.clear()
        for booking in self.bookings.values():
            self._index_booking(booking)
        self.undecided = {pk for pk, each in self.requests.items() if each.status == "pending"}
        for request in self.requests.values():
            if request.external_id:
                self.by_external_id[request.external_id].append(request.id)
