"""What charging costs at the simulated operator, and which tariff applies to whom."""

import json
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from sandbox.world.cast import ANA, HUDSON, RHONE
from sandbox.world.records import ChargePoint, Evse, User

DATA = Path(__file__).parent / "data" / "tariffs.json"
NEW_YORK_FAST, NEW_YORK_SLOW, HUDSON_DEPOT, ALLIANCE_DEPOT, FRANCE, RHONE_DEPOT = range(21, 27)
ADELAIDE_FAST, ADELAIDE_SLOW, HAMBURG, HOME = range(27, 31)
# The tariff of charges at other operators', which is in no group of ours.
ROAMING = 316
# A user group and a subscription plan that some tariffs are for.
NIGHT_SHIFT, SUBSCRIBERS = 61, 81
FAST_KW = 50
NOT_ALLOWED = "charging not allowed"
# The types by which nothing is to be paid.
FREE = frozenset({"free", NOT_ALLOWED})
# A snapshot is named by its tariff, and which of the tariff's versions it is.
VERSIONS = 100


@dataclass(slots=True)
class Tariff:
    """A tariff. The last of its `versions` is what its prices are now, in AMPECO's words."""

    id: int
    name: str
    type: str
    currency: str
    versions: list[dict[str, Any]]
    updated_at: datetime
    restrictions: dict[str, Any] = field(default_factory=dict)
    day_start: str | None = None
    night_start: str | None = None
    partner_id: int | None = None

    @property
    def pricing(self) -> dict[str, Any]:
        return self.versions[-1]

    @property
    def snapshot_id(self) -> int:
        """Return the id by which a session that begins now remembers what it costs."""
        return self.id * VERSIONS + len(self.versions) - 1


@dataclass(slots=True)
class TariffGroup:
    """Tariffs in the order in which AMPECO gives them; it looks at the last one first."""

    id: int
    name: str
    tariff_ids: list[int]
    updated_at: datetime
    partner_id: int | None = None


def add_tariffs(world: Any) -> None:
    """Give each charger a tariff group, and some drivers what some tariffs are for."""
    told = json.loads(DATA.read_text(encoding="utf-8"))
    now = world.clock.now()
    long_ago = now - timedelta(days=30)
    for row in told["tariffs"]:
        restrictions = row.get("restrictions", {})
        if "starts_in_days" in row:
            start = now.date() + timedelta(days=row["starts_in_days"])
            restrictions["startDate"] = start.isoformat()
            restrictions["endDate"] = (start + timedelta(days=row["lasts_days"])).isoformat()
        world.tariffs[row["id"]] = Tariff(
            id=row["id"],
            name=row["name"],
            type=row["type"],
            currency=row["currency"],
            versions=[row.get("pricing", {})],
            updated_at=long_ago,
            restrictions=restrictions,
            day_start=row.get("dayTariffStart"),
            night_start=row.get("nightTariffStart"),
        )
    for row in told["groups"]:
        world.tariff_groups[row["id"]] = TariffGroup(**row, updated_at=long_ago)
    for evse in world.evses.values():
        evse.tariff_group_id = _group_for(world, world.charge_points[evse.charge_point_id], evse)
    for user in world.users.values():
        if user.id == ANA.id:
            user.group_ids.append(NIGHT_SHIFT)
        if user.id % 4 == 1:
            user.plan_ids.append(SUBSCRIBERS)


def tariff_at(
    world: Any, evse: Evse, user_id: int | None, at: datetime | None = None
) -> Tariff | None:
    """Return what applies to a user, or to somebody unknown, at a charger at an instant, or now."""
    group = world.tariff_groups.get(evse.tariff_group_id or 0)
    return tariff_in(world, group, user_id, at) if group else None


def tariff_in(
    world: Any, group: TariffGroup, user_id: int | None, at: datetime | None = None
) -> Tariff | None:
    """Return the tariff of a group that applies to a user, or to somebody unknown."""
    user = world.users.get(user_id or 0)
    day = (at or world.now()).date()
    for pk in reversed(group.tariff_ids):
        tariff: Tariff = world.tariffs[pk]
        if _is_valid(tariff, day) and _is_for(tariff, group, user):
            return tariff
    return None


def snapshot_at(world: Any, evse: Evse, user_id: int | None, at: datetime) -> int | None:
    """Return the id of what applies to a session that begins at an instant, None if nothing."""
    tariff = tariff_at(world, evse, user_id, at)
    return tariff.snapshot_id if tariff else None


def snapshot_abroad(world: Any) -> int | None:
    """Return the id of what applies to sessions at other operators', None if nothing."""
    tariff: Tariff | None = world.tariffs.get(ROAMING)
    return tariff.snapshot_id if tariff else None


def held(world: Any, snapshot_id: int | None) -> tuple[Tariff, dict[str, Any]] | None:
    """Return the tariff of a snapshot and its prices as they were; None where there is none."""
    tariff_id, version = divmod(snapshot_id or 0, VERSIONS)
    tariff: Tariff | None = world.tariffs.get(tariff_id)
    if tariff is None or version >= len(tariff.versions):
        return None
    return tariff, tariff.versions[version]


def _is_valid(tariff: Tariff, day: date) -> bool:
    start = tariff.restrictions.get("startDate") or date.min.isoformat()
    end = tariff.restrictions.get("endDate") or date.max.isoformat()
    return start <= day.isoformat() <= end


def _is_for(tariff: Tariff, group: TariffGroup, user: User | None) -> bool:
    """Return whether a tariff is for a user; who meets one of several conditions, meets them."""
    told = tariff.restrictions
    wanted = [key for key, value in told.items() if key.startswith("applyTo") and value]
    if not wanted:
        return True
    if user is None:
        return bool(told.get("applyToAdHocUsers"))
    partners = {each.partner_id for each in user.invites if each.status == "accepted"}
    owners = {group.partner_id} - {None}
    return (
        bool(partners & set(told.get("applyToUsersOfPartners", ())))
        or bool(set(user.group_ids) & set(told.get("applyToUserGroupIds", ())))
        or bool(set(user.plan_ids) & set(told.get("applyToUsersWithSubscriptions", ())))
        or bool(told.get("applyToUsersOfChargePointPartner") and partners & owners)
    )


def _group_for(world: Any, charge_point: ChargePoint, evse: Evse) -> int:
    """Return the tariff group of a charger, by whose it is, where it stands and how fast it is."""
    location = world.locations.get(charge_point.location_id or 0)
    if location is None:
        return HOME
    if charge_point.type == "private":
        return {HUDSON: HUDSON_DEPOT, RHONE: RHONE_DEPOT}.get(
            charge_point.partner_id or 0, ALLIANCE_DEPOT
        )
    is_fast = evse.power_kw >= FAST_KW
    return {
        "FR": FRANCE,
        "AU": ADELAIDE_FAST if is_fast else ADELAIDE_SLOW,
        "DE": HAMBURG,
    }.get(location.country, NEW_YORK_FAST if is_fast else NEW_YORK_SLOW)
