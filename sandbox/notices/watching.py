"""What has happened at the operator that somebody may want to be told of."""

from typing import Any

from sandbox.api.notifications import HARDWARE, NETWORK, PARKING, SESSION
from sandbox.api.payloads import instant
from sandbox.api.sessions import payload as session
from sandbox.api.sessions import session_is_over
from sandbox.world.records import Evse, Session
from sandbox.world.world import World

Notice = dict[str, Any]


class Watch:
    """Notices what is otherwise than at its last look; what was there at the first is no news.

    Hold the world's lock.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._known = set(world.sessions)
        self._running = {each.id for each in world.sessions.values() if not self._is_over(each)}
        self._hardware = {each.id: each.hardware_status for each in world.evses.values()}
        self._network = {each.id: each.network_status for each in world.charge_points.values()}
        self._occupied = {each.id: each.occupancy for each in world.parking_spaces.values()}

    def look(self) -> list[Notice]:
        """Return what happened since the last look."""
        return [
            *self._of_sessions(),
            *self._of_hardware(),
            *self._of_networks(),
            *self._of_spaces(),
        ]

    def _of_sessions(self) -> list[Notice]:
        world = self._world
        notices = []
        for pk in world.sessions.keys() - self._known:
            self._known.add(pk)
            self._running.add(pk)
            notices.append(self._session(world.sessions[pk], "start"))
        for pk in sorted(self._running):
            if self._is_over(world.sessions[pk]):
                self._running.discard(pk)
                notices.append(self._session(world.sessions[pk], "stop"))
        return notices

    def _of_hardware(self) -> list[Notice]:
        changed = _changed(self._hardware, self._world.evses, "hardware_status")
        return [self._hardware_notice(self._world.evses[pk]) for pk in changed]

    def _of_networks(self) -> list[Notice]:
        world = self._world
        return [
            {
                "notification": NETWORK,
                "chargePointId": pk,
                "networkStatus": world.charge_points[pk].network_status,
                "timestamp": instant(world.clock.now()),
            }
            for pk in _changed(self._network, world.charge_points, "network_status")
        ]

    def _of_spaces(self) -> list[Notice]:
        """Let spaces be occupied by who charges there, and tell of those that are or are no more.

        What stands elsewhere nobody sees.
        """
        world = self._world
        taken = {world.sessions[pk].evse_id for pk in self._running}
        for space in world.parking_spaces.values():
            status = "occupied" if taken.intersection(space.evse_ids) else "available"
            if space.occupancy != status and (status, space.occupancy) != ("available", "unknown"):
                space.occupancy, space.updated_at = status, world.now()
        return [
            {
                "notification": PARKING,
                "parkingSpaceId": pk,
                "occupancyStatus": world.parking_spaces[pk].occupancy,
                "lastUpdatedAt": instant(world.clock.now()),
            }
            for pk in _changed(self._occupied, world.parking_spaces, "occupancy")
        ]

    def _is_over(self, one: Session) -> bool:
        return session_is_over(self._world, one)

    def _session(self, one: Session, action: str) -> Notice:
        told = session(self._world, one)
        notice = {
            "notification": SESSION,
            "sessionId": one.id,
            "chargePointId": one.charge_point_id,
            "evseId": one.evse_id,
            "action": action,
            "startedAtTimestamp": told["startedAt"],
            "meterStart": 0,
            "meterStop": told["energy"],
            "energyConsumed": told["energy"],
            "lastUpdatedAt": instant(self._world.clock.now()),
        }
        if one.user_id is not None and action == "start":
            notice["userId"] = one.user_id
        if action == "stop":
            notice |= {"stoppedAtTimestamp": told["stoppedAt"], "reason": "evdisconnected"}
        return notice

    def _hardware_notice(self, evse: Evse) -> Notice:
        return {
            "notification": HARDWARE,
            "chargePointId": evse.charge_point_id,
            "evseId": evse.id,
            "hardwareStatus": evse.hardware_status,
            "timestamp": instant(self._world.clock.now()),
        }


def _changed(known: dict[int, Any], records: dict[int, Any], field: str) -> list[int]:
    """Return the records whose field is otherwise than known, and note what it is."""
    changed = [pk for pk, one in records.items() if known.get(pk) != getattr(one, field)]
    known |= {pk: getattr(records[pk], field) for pk in changed}
    return changed
