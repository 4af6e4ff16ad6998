"""What the simulated operator holds: places, people, requests, bookings; and what is free."""

import random
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from sandbox.faults import Faults
from sandbox.world.clock import Clock
from sandbox.world.records import (
    Booking,
    ChargePoint,
    Evse,
    IdTag,
    Invite,
    Keepsake,
    Location,
    ParkingSpace,
    Plan,
    Request,
    Session,
    User,
)

SHAPES = ("3.110", "3.108")
RUNNING_CHANGES = ("taken", "rejected", "invalid")


class Holdings:
    """All that the operator holds. Hold `lock` while you read or change it.

    `running_changes` says what becomes of a change of a booking that has started: its end is
    `taken`, or all of it `rejected` by whoever decides or as `invalid` (422). AMPECO's document
    leaves that open.

    `decision_delay` is in seconds; with `manual` requests wait for a person. `shape` is the version
    of the API whose payloads are given out. `no_show_share`, `late_share` and `failed_share` are
    chances. `drops_external_id` gives no external id back, nor finds any by it;
    `leaves_out_booking_id` says of an approved create not which booking it made;
    `rounds_to_minutes` dates all to the minute; `names_tokens` says of each booking with which of
    its driver's cards it may be started.
    """

    def __init__(self, *, seed: int = 1) -> None:
        self.seed = seed
        self.random = random.Random(seed)  # noqa: S311
        self.lock = threading.RLock()
        self.clock = Clock()
        self.faults = Faults(seed=seed)
        self.calls: Counter[str] = Counter()
        # All that came, also what was refused or cut off.
        self.arrivals = 0

        self.decision_delay = 4.0
        self.manual = False
        self.shape = SHAPES[0]
        self.evse_list_forbidden = False
        self.parking_forbidden = False
        self.id_tags_forbidden = False
        self.power_forbidden = False
        # What else this token may not do: names of resources, such as “tariffs”.
        self.forbidden: list[str] = []
        self.names_tokens = False
        self.ignores_external_id = False
        self.drops_external_id = False
        self.leaves_out_booking_id = False
        self.rounds_to_minutes = False
        self.running_changes = RUNNING_CHANGES[0]
        self.no_show_share = 0.1
        self.late_share = 0.0
        self.failed_share = 0.0
        self.rate_limit: int | None = None

        self.locations: dict[int, Location] = {}
        self.charge_points: dict[int, ChargePoint] = {}
        self.evses: dict[int, Evse] = {}
        self.parking_spaces: dict[int, ParkingSpace] = {}
        # Circuits and what electricity costs: see sandbox.world.power.
        self.circuits: dict[int, Any] = {}
        self.rates: dict[int, Any] = {}
        self.users: dict[int, User] = {}
        self.partners: dict[int, str] = {}
        self.invites: dict[int, Invite] = {}
        self.id_tags: dict[int, IdTag] = {}
        self.requests: dict[int, Request] = {}
        self.bookings: dict[int, Booking] = {}
        self.sessions: dict[int, Session] = {}
        self.keepsakes: dict[str, Keepsake] = {}
        # Tells what a session has delivered by now in kWh, where somebody measures it.
        self.meter: Callable[[Session], float | None] | None = None

        # Who tells others what happens here (`sandbox.notices`).
        self.notifier: object | None = None

        self.by_email: dict[str, int] = {}
        self.by_external_id: dict[str, list[int]] = defaultdict(list)
        self.holding: dict[int, set[int]] = defaultdict(set)
        self.undecided: set[int] = set()
        # By external id.
        self.plans: dict[str, Plan] = {}
        # Within tick: when it is what happens there.
        self._moment: datetime | None = None

    def now(self) -> datetime:
        """Return what time it is for what happens: within `tick` that is when it fell due."""
        return self._moment or self.clock.now()

    def stamp(self, at: datetime | None = None) -> datetime:
        """Return an instant, by default the present, as the operator writes it down."""
        at = at or self.now()
        return at.replace(second=0, microsecond=0) if self.rounds_to_minutes else at

    def add_location(self, location: Location) -> Location:
        self.locations[location.id] = location
        return location

    def add_charge_point(self, charge_point: ChargePoint) -> ChargePoint:
        self.charge_points[charge_point.id] = charge_point
        if charge_point.location_id is not None:
            self.locations[charge_point.location_id].charge_point_ids.append(charge_point.id)
        return charge_point

    def add_evse(self, evse: Evse) -> Evse:
        self.evses[evse.id] = evse
        self.charge_points[evse.charge_point_id].evse_ids.append(evse.id)
        return evse

    def add_parking_space(self, space: ParkingSpace) -> ParkingSpace:
        self.parking_spaces[space.id] = space
        return space

    def spaces_at(self, evse: Evse) -> list[ParkingSpace]:
        return [
            space
            for space in self.parking_spaces.values()
            if evse.id in space.evse_ids and space.status == "enabled"
        ]

    def tags_of(self, user_id: int | None) -> list[IdTag]:
        return [tag for tag in self.id_tags.values() if tag.user_id == user_id]

    def add_user(self, user: User) -> User:
        self.users[user.id] = user
        self.by_email[user.email.casefold()] = user.id
        return user

    def add_invite(self, invite: Invite) -> Invite:
        self.invites[invite.id] = invite
        if invite.user_id is not None:
            self.users[invite.user_id].invites.append(invite)
        return invite

    def move_charge_point(self, charge_point_id: int, location_id: int) -> None:
        charge_point = self.charge_points[charge_point_id]
        if charge_point.location_id is not None:
            self.locations[charge_point.location_id].charge_point_ids.remove(charge_point_id)
        charge_point.location_id = location_id
        charge_point.updated_at = self.now()
        self.locations[location_id].charge_point_ids.append(charge_point_id)

    def evses_at(self, location: Location) -> Iterable[Evse]:
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
        begin = max(start, self.now())
        for taken_from, taken_until, _ in self._taken(evse.id, begin, end):
            if taken_from > begin:
                free.append((begin, taken_from))
            begin = max(begin, taken_until)
        if begin < end:
            free.append((begin, end))
        return free

    def is_free(
        self, evse: Evse, start: datetime, end: datetime, *, but: int | None = None
    ) -> bool:
        return all(pk == but for _, _, pk in self._taken(evse.id, start, end))

    def _taken(
        self, evse_id: int, start: datetime, end: datetime
    ) -> list[tuple[datetime, datetime, int]]:
        """Return from when until when an EVSE is taken within a window, and by which booking."""
        bookings = [self.bookings[pk] for pk in self.holding.get(evse_id, ())]
        stretches = [(each.start_at, self._until(each), each.id) for each in bookings]
        return sorted(each for each in stretches if each[0] < end and each[1] > start)

    def is_charging(self, booking: Booking) -> bool:
        """Return whether a booking's driver has plugged in, and its time is not over."""
        return booking.status == "completed" and self.now() < booking.end_at

    def _until(self, booking: Booking) -> datetime:
        session = self.sessions.get(booking.session_id or 0)
        return session.stops_at if session else booking.end_at
