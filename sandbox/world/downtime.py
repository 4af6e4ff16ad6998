"""Work on chargers that the operator has planned, and the reasons that it has prepared."""

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sandbox.world.records import Evse

if TYPE_CHECKING:
    from sandbox.world.world import World


@dataclass(frozen=True, slots=True)
class Notice:
    id: int
    type: str
    notice: str
    description: str = ""


NOTICES = {
    each.id: each
    for each in (
        Notice(1, "exempt", "Replacing the cable", "The cable is worn."),
        Notice(2, "exempt", "Yearly inspection"),
        Notice(3, "exempt", "Work on the power supply", "The grid operator works on the line."),
        Notice(4, "exempt", "Damage by others"),
        Notice(11, "downtime", "Fault of the charger"),
        Notice(12, "downtime", "No connection"),
    )
}
# A part of the site's name, which of its charge points, whether all of it, when (in days and by the
# clock in UTC), for how many hours, and why.
PLANNED = (
    ("Hudson Parcel Depot", 0, False, 3, 14, 4, 1),
    ("Rhône Fret Depot", 1, True, 2, 8, 3, 2),
    ("Milence", 0, True, 1, 9, 6, 3),
)


def plan_downtime(world: "World") -> None:
    """Plan some work for the coming days."""
    midnight = world.clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
    for part, number, whole, days, hour, hours, notice in PLANNED:
        site = next(each for each in world.locations.values() if part in each.name["en"])
        charge_point = world.charge_points[site.charge_point_ids[number]]
        begins = midnight + timedelta(days=days, hours=hour)
        world.add_downtime(
            charge_point_id=charge_point.id,
            evse_id=None if whole else charge_point.evse_ids[0],
            started_at=begins,
            ended_at=begins + timedelta(hours=hours),
            entry_mode="manual",
            type="exempt",
            notice_id=notice,
        )


def note_fault(world: "World", evse: Evse) -> None:
    """Let downtime begin on its own with a fault, and end with it."""
    running = [
        each
        for each in world.downtimes.values()
        if each.evse_id == evse.id and each.ended_at is None and each.entry_mode == "automatic"
    ]
    if evse.status == "out of order" and not running:
        world.add_downtime(
            charge_point_id=evse.charge_point_id,
            evse_id=evse.id,
            started_at=world.now(),
            ended_at=None,
            entry_mode="automatic",
            type="downtime",
            system=evse.status,
            hardware=evse.hardware_status,
        )
    elif evse.status != "out of order":
        for each in running:
            each.ended_at = world.now()
            world.note_downtime(each)
