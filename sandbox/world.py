"""The simulated operator's state, and the rules by which it decides and time passes."""

import json
import random
import threading
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sandbox.clock import Clock
from sandbox.faults import Faults
from sandbox.judgement import objection, pick_evse
from sandbox.records import (
    Booking,
    ChargePoint,
    Evse,
    Invite,
    Location,
    Request,
    Session,
    User,
)

RESERVED_BEFORE = timedelta(minutes=10)
SHOWS_UP_AFTER = timedelta(minutes=3)
NO_SHOW_AFTER = timedelta(minutes=15)
KEPT = ("requests", "bookings", "sessions")
RECORDS: dict[str, type] = {"requests": Request, "bookings": Booking, "sessions": Session}


class World:
    """All that the operator holds. Hold `lock` while you read or change it.

    `decision_delay` is in seconds; with `manual` requests wait for a person. `shape` is the version
    of the API whose payloads are given out. `no_show_share` and `failed_share` are chances.
    """

    def __init__(self, *, seed: int = 1) -> None:
        self.seed = seed
        self.random = random.Random(seed)  # noqa: S311
        self.lock = threading.RLock()
        self.clock = Clock()
        self.faults = Faults(seed=seed)
        self.calls: Counter[str] = Counter()
        self.state_file: Path | None = None

        self.decision_delay = 4.0
        self.manual = False
        self.shape = "3.110"
        self.evse_list_forbidden = False
        self.ignores_external_id = False
        self.no_show_share = 0.1
        self.failed_share = 0.0
        self.rate_limit: int | None = None

        self.locations: dict[int, Location] = {}
        self.charge_points: dict[int, ChargePoint] = {}
        self.evses: dict[int, Evse] = {}
        self.users: dict[int, User] = {}
        self.partners: dict[int, str] = {}
        self.invites: dict[int, Invite] = {}
        self.requests: dict[int, Request] = {}
        self.bookings: dict[int, Booking] = {}
        self.sessions: dict[int, Session] = {}

        self.by_email: dict[str, int] = {}
        self.by_external_id: dict[str, list[int]] = defaultdict(list)
        self.holding: dict[int, set[int]] = defaultdict(set)
        self.undecided: set[int] = set()
        self.live: set[int] = set()
        self._looked_at = datetime.min.replace(tzinfo=UTC)

    # What is known

    def add_location(self, location: Location) -> Location:
        """Put a site on the map."""
        self.locations[location.id] = location
        return location

    def add_charge_point(self, charge_point: ChargePoint) -> ChargePoint:
        """Set up a charge point at its location."""
        self.charge_points[charge_point.id] = charge_point
        if charge_point.location_id is not None:
            self.locations[charge_point.location_id].charge_point_ids.append(charge_point.id)
        return charge_point

    def add_evse(self, evse: Evse) -> Evse:
        """Fit an EVSE to its charge point."""
        self.evses[evse.id] = evse
        self.charge_points[evse.charge_point_id].evse_ids.append(evse.id)
        return evse

    def add_user(self, user: User) -> User:
        """Let a driver sign up."""
        self.users[user.id] = user
        self.by_email[user.email.casefold()] = user.id
        return user

    def add_invite(self, invite: Invite) -> Invite:
        """Record a partner's invitation."""
        self.invites[invite.id] = invite
        if invite.user_id is not None:
            self.users[invite.user_id].invites.append(invite)
        return invite

    def move_charge_point(self, charge_point_id: int, location_id: int) -> None:
        """Take a charge point to another location."""
        charge_point = self.charge_points[charge_point_id]
        if charge_point.location_id is not None:
            self.locations[charge_point.location_id].charge_point_ids.remove(charge_point_id)
        charge_point.location_id = location_id
        charge_point.updated_at = self.clock.now()
        self.locations[location_id].charge_point_ids.append(charge_point_id)

    def set_evse_status(self, evse_id: int, status: str) -> None:
        """Enable, disable or fail an EVSE."""
        evse = self.evses[evse_id]
        evse.status = status
        evse.hardware_status = "faulted" if status == "out of order" else "available"
        evse.updated_at = self.clock.now()
        self.save()

    def evses_at(self, location: Location) -> Iterable[Evse]:
        """Yield the EVSEs of a site."""
        for charge_point_id in location.charge_point_ids:
            for evse_id in self.charge_points[charge_point_id].evse_ids:
                yield self.evses[evse_id]

    def is_bookable(self, evse: Evse) -> bool:
        """Return whether EVSE, charge point and site are all in service and can be booked."""
        charge_point = self.charge_points[evse.charge_point_id]
        location_id = charge_point.location_id
        return (
            evse.booking_enabled
            and evse.status == "enabled"
            and charge_point.status == "enabled"
            and location_id is not None
            and self.locations[location_id].status == "enabled"
        )

    def free_slots(
        self, evse: Evse, start: datetime, end: datetime
    ) -> list[tuple[datetime, datetime]]:
        """Return when an EVSE is free within a window, from now on."""
        free = []
        begin = max(start, self.clock.now())
        for booking in self._held(evse.id, begin, end):
            if booking.start_at > begin:
                free.append((begin, booking.start_at))
            begin = max(begin, booking.end_at)
        if begin < end:
            free.append((begin, end))
        return free

    def is_free(
        self, evse: Evse, start: datetime, end: datetime, *, but: int | None = None
    ) -> bool:
        """Return whether no booking (but the one named) holds an EVSE during a stretch."""
        return all(booking.id == but for booking in self._held(evse.id, start, end))

    def _held(self, evse_id: int, start: datetime, end: datetime) -> list[Booking]:
        bookings = [self.bookings[pk] for pk in self.holding[evse_id]]
        return sorted(
            (b for b in bookings if b.start_at < end and b.end_at > start),
            key=lambda b: b.start_at,
        )

    # Requests

    def ask(self, **fields: Any) -> Request:
        """Take a request; it is decided later."""
        now = self.clock.now()
        pk = next(reversed(self.requests)) + 1 if self.requests else 1
        request = Request(id=pk, status="pending", created_at=now, updated_at=now, **fields)
        self.requests[pk] = request
        self.undecided.add(pk)
        if request.external_id:
            self.by_external_id[request.external_id].append(pk)
        if self.decision_delay <= 0 and not self.manual:
            self.decide(request)
        self.save()
        return request

    def decide(self, request: Request) -> None:
        """Approve a request, or reject it with the reason that stands against it."""
        reason = objection(self, request)
        if reason:
            self.reject(request, reason)
        else:
            self.approve(request)

    def approve(self, request: Request) -> Booking | None:
        """Approve a pending request and do what it asks for."""
        if request.status != "pending":
            return None
        now = self.clock.now()
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
                booking.updated_at = now
        self._settle(request, "approved")
        return booking

    def reject(self, request: Request, reason: str) -> None:
        """Reject a pending request in the operator's words."""
        if request.status == "pending":
            request.reason = reason
            self._settle(request, "rejected")

    def _settle(self, request: Request, status: str) -> None:
        request.status = status
        request.updated_at = self.clock.now()
        self.undecided.discard(request.id)
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
        """Hold an EVSE for somebody."""
        now = self.clock.now()
        pk = next(reversed(self.bookings)) + 1 if self.bookings else 1
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
        )
        self.bookings[pk] = booking
        self._index_booking(booking)
        return booking

    def set_booking_status(self, booking: Booking, status: str) -> None:
        """Give a booking another status."""
        booking.status = status
        booking.updated_at = self.clock.now()
        self._index_booking(booking)
        self.save()

    def _index_booking(self, booking: Booking) -> None:
        if booking.holds:
            self.holding[booking.evse_id].add(booking.id)
            self.live.add(booking.id)
        else:
            self.holding[booking.evse_id].discard(booking.id)
            self.live.discard(booking.id)

    # Time

    def tick(self) -> None:
        """Do what is due by now: decide requests, hold chargers, start sessions, note no-shows."""
        now = self.clock.now()
        if not self.manual:
            due = now - timedelta(seconds=self.decision_delay)
            for pk in sorted(self.undecided):
                if self.requests[pk].created_at <= due:
                    self.decide(self.requests[pk])
        if abs(now - self._looked_at) >= timedelta(seconds=1):
            self._looked_at = now
            for pk in list(self.live):
                self._move_on(self.bookings[pk], now)

    def _move_on(self, booking: Booking, now: datetime) -> None:
        if booking.status == "accepted" and now >= booking.start_at - RESERVED_BEFORE:
            chance = random.Random(f"{self.seed}/{booking.id}/hold").random()  # noqa: S311
            self.set_booking_status(booking, "failed" if chance < self.failed_share else "reserved")
        if booking.status != "reserved":
            return
        comes = random.Random(f"{self.seed}/{booking.id}").random()  # noqa: S311
        if comes >= self.no_show_share and now >= booking.start_at + SHOWS_UP_AFTER:
            self._start_session(booking)
        elif now >= booking.start_at + NO_SHOW_AFTER:
            self.set_booking_status(booking, "no-show")

    def _start_session(self, booking: Booking) -> None:
        evse = self.evses[booking.evse_id]
        pk = next(reversed(self.sessions)) + 1 if self.sessions else 1
        self.sessions[pk] = Session(
            id=pk,
            booking_id=booking.id,
            user_id=booking.user_id,
            evse_id=evse.id,
            charge_point_id=evse.charge_point_id,
            started_at=booking.start_at + SHOWS_UP_AFTER,
            stops_at=booking.end_at - timedelta(minutes=5),
            power_kw=evse.power_kw,
        )
        booking.session_id = pk
        self.set_booking_status(booking, "completed")

    # Memory

    def save(self) -> None:
        """Keep requests, bookings, sessions, EVSE statuses and the clock, if there is a file."""
        if self.state_file is None:
            return
        state = {
            "offset": self.clock.offset.total_seconds(),
            "manual": self.manual,
            "decision_delay": self.decision_delay,
            "evses": {evse.id: evse.status for evse in self.evses.values()},
        }
        for kind in KEPT:
            state[kind] = [asdict(record) for record in getattr(self, kind).values()]
        temporary = self.state_file.with_suffix(".new")
        temporary.write_text(json.dumps(state, default=datetime.isoformat))
        temporary.replace(self.state_file)

    def load(self) -> None:
        """Take up what `save` kept, if there is any."""
        if self.state_file is None or not self.state_file.exists():
            return
        state = json.loads(self.state_file.read_text())
        self.clock.offset = timedelta(seconds=state["offset"])
        self.manual = state["manual"]
        self.decision_delay = state["decision_delay"]
        for pk, status in state["evses"].items():
            if int(pk) in self.evses:
                self.evses[int(pk)].status = status
        self.holding.clear()
        self.live.clear()
        for kind in KEPT:
            records = {row["id"]: RECORDS[kind](**_revive(row)) for row in state[kind]}
            setattr(self, kind, records)
        for booking in self.bookings.values():
            self._index_booking(booking)
        self.undecided = {pk for pk, r in self.requests.items() if r.status == "pending"}
        for request in self.requests.values():
            if request.external_id:
                self.by_external_id[request.external_id].append(request.id)


def _revive(row: dict[str, Any]) -> dict[str, Any]:
    return {
        name: datetime.fromisoformat(value).astimezone(UTC)
        if name.endswith("_at") and value
        else value
        for name, value in row.items()
    }
