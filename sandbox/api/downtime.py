"""Downtime of charge points and EVSEs, and its notices, over HTTP."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from werkzeug.wrappers import Request

from sandbox.api.errors import Forbidden, Invalid
from sandbox.api.filters import (
    body_of,
    choice,
    found,
    instant,
    number,
    parse_instant,
    required_id,
    required_instant,
    updated_between,
)
from sandbox.api.operations import Operation, Operations, check_allowed
from sandbox.api.paging import page_of
from sandbox.api.payloads import instant as written
from sandbox.world.downtime import NOTICES, Notice
from sandbox.world.records import Downtime
from sandbox.world.world import World

RESOURCE, WRITES = "downtime", "downtime-writes"
ENTRY_MODES = frozenset({"manual", "automatic"})
TYPES = frozenset({"downtime", "exempt"})
MINUTE = timedelta(minutes=1)
CHARGE_POINTS = "/resources/charge-point-downtime-periods/v1.0"
EVSES = "/resources/evse-downtime-periods/v1.0"
NOTICE_LIST = "/resources/downtime-period-notices/v1.0"


def list_notices(world: World, request: Request) -> dict[str, Any]:
    check_allowed(world, RESOURCE)
    kind = choice(request, "type", TYPES)
    rows = [each for each in NOTICES.values() if kind in {None, each.type}]
    return page_of(request, rows, _notice)


def read_notice(world: World, _request: Request, pk: int) -> dict[str, Any]:
    check_allowed(world, RESOURCE)
    return {"data": _notice(found(NOTICES, pk))}


def _lister(*, of_evses: bool) -> Operation:
    def list_periods(world: World, request: Request) -> dict[str, Any]:
        check_allowed(world, RESOURCE)
        wanted = _filter(world, request)
        rows = [each for each in _periods(world, of_evses=of_evses).values() if wanted(each)]
        return page_of(request, rows, lambda each: _period(world, each))

    return list_periods


def _reader(*, of_evses: bool) -> Operation:
    def read(world: World, _request: Request, pk: int) -> dict[str, Any]:
        check_allowed(world, RESOURCE)
        return {"data": _period(world, found(_periods(world, of_evses=of_evses), pk))}

    return read


def _maker(*, of_evses: bool) -> Operation:
    def create(world: World, request: Request) -> dict[str, Any]:
        """Make a manual exempt period. Not idempotent."""
        check_allowed(world, RESOURCE)
        check_allowed(world, WRITES)
        body = body_of(request)
        name = "evseId" if of_evses else "chargePointId"
        place = required_id(body, name)
        if place not in (world.evses if of_evses else world.charge_points):
            raise Invalid({name: ["The selected id is invalid."]})
        notice_id = _exempt_notice(required_id(body, "noticeId"))
        starts, ends = required_instant(body, "startedAt"), required_instant(body, "endedAt")
        _check_order(starts, ends)
        period = world.add_downtime(
            charge_point_id=world.evses[place].charge_point_id if of_evses else place,
            evse_id=place if of_evses else None,
            started_at=starts,
            ended_at=ends,
            entry_mode="manual",
            type="exempt",
            notice_id=notice_id,
        )
        return {"data": _period(world, period)}

    return create


def _changer(*, of_evses: bool) -> Operation:
    def change(world: World, request: Request, pk: int) -> dict[str, Any]:
        """Change a period; times only of a manual exempt one."""
        check_allowed(world, RESOURCE)
        check_allowed(world, WRITES)
        period = found(_periods(world, of_evses=of_evses), pk)
        body = body_of(request)
        times = {
            name: parse_instant(body[key], key)
            for name, key in (("started_at", "startedAt"), ("ended_at", "endedAt"))
            if body.get(key) is not None
        }
        if times and (period.entry_mode, period.type) != ("manual", "exempt"):
            raise Invalid({"endedAt": ["Only manual exempt downtime can be changed."]})
        starts = times.get("started_at", period.started_at)
        ends = times.get("ended_at", period.ended_at)
        _check_order(starts, ends)
        if "noticeId" in body:
            given = body["noticeId"]
            period.notice_id = None if given is None else _known_notice(given, period.type)
        period.started_at, period.ended_at = starts, ends
        world.note_downtime(period)
        return {"data": _period(world, period)}

    return change


def _remover(*, of_evses: bool) -> Operation:
    def delete(world: World, _request: Request, pk: int) -> dict[str, Any]:
        check_allowed(world, RESOURCE)
        check_allowed(world, WRITES)
        period = found(_periods(world, of_evses=of_evses), pk)
        if period.entry_mode != "manual":
            raise Forbidden
        world.forget_downtime(period)
        return {}

    return delete


def _periods(world: World, *, of_evses: bool) -> dict[int, Downtime]:
    return {
        pk: each for pk, each in world.downtimes.items() if (each.evse_id is not None) == of_evses
    }


def _filter(world: World, request: Request) -> Callable[[Downtime], bool]:
    charge_point, evse = number(request, "chargePointId"), number(request, "evseId")
    location = number(request, "locationId")
    mode, kind = choice(request, "entryMode", ENTRY_MODES), choice(request, "type", TYPES)
    after, before = instant(request, "startedAfter"), instant(request, "stoppedBefore")
    least, most = number(request, "durationGreaterThan"), number(request, "durationLessThan")
    updated, now = updated_between(request), world.now()

    def wanted(each: Downtime) -> bool:
        minutes = ((each.ended_at or now) - each.started_at) / MINUTE
        return (
            charge_point in {None, each.charge_point_id}
            and evse in {None, each.evse_id}
            and location in {None, world.charge_points[each.charge_point_id].location_id}
            and mode in {None, each.entry_mode}
            and kind in {None, each.type}
            and (after is None or each.started_at >= after)
            and (before is None or (each.ended_at is not None and each.ended_at <= before))
            and (least is None or minutes >= least)
            and (most is None or minutes <= most)
            and updated(each.updated_at)
        )

    return wanted


def _check_order(starts: datetime, ends: datetime | None) -> None:
    if ends is not None and ends <= starts:
        raise Invalid({"endedAt": ["The ended at must be a date after started at."]})


def _known_notice(pk: Any, kind: str) -> int:
    notice = NOTICES.get(pk) if isinstance(pk, int) else None
    if notice is None or notice.type != kind:
        raise Invalid({"noticeId": ["The selected notice id is invalid."]})
    return notice.id


def _exempt_notice(pk: int) -> int:
    return _known_notice(pk, "exempt")


def _notice(record: Notice) -> dict[str, Any]:
    long_ago = "2024-01-01T00:00:00Z"
    payload = {
        "id": record.id,
        "type": record.type,
        "notice": record.notice,
        "createdAt": long_ago,
        "lastUpdatedAt": long_ago,
    }
    return payload | ({"description": record.description} if record.description else {})


def _period(world: World, record: Downtime) -> dict[str, Any]:
    payload: dict[str, Any] = {
        "id": record.id,
        "chargePointId": record.charge_point_id,
        "locationId": world.charge_points[record.charge_point_id].location_id,
        "startedAt": written(record.started_at),
        "endedAt": None if record.ended_at is None else written(record.ended_at),
        "entryMode": record.entry_mode,
        "type": record.type,
        "statuses": {
            "system": record.system,
            "network": record.network,
            "hardware": record.hardware,
        },
    }
    if record.evse_id is not None:
        payload["evseId"] = record.evse_id
    if record.notice_id is not None:
        payload["noticeId"] = record.notice_id
    return payload


OPERATIONS: Operations = {
    ("GET", NOTICE_LIST): list_notices,
    ("GET", f"{NOTICE_LIST}/<int:pk>"): read_notice,
}
for path, of_evses in ((CHARGE_POINTS, False), (EVSES, True)):
    OPERATIONS |= {
        ("GET", path): _lister(of_evses=of_evses),
        ("POST", path): _maker(of_evses=of_evses),
        ("GET", f"{path}/<int:pk>"): _reader(of_evses=of_evses),
        ("PATCH", f"{path}/<int:pk>"): _changer(of_evses=of_evses),
        ("DELETE", f"{path}/<int:pk>"): _remover(of_evses=of_evses),
    }
CREATES = {("POST", CHARGE_POINTS), ("POST", EVSES)}
