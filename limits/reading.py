"""Which rules hold for a fleet: read in one go, and remembered for some seconds by all processes.

A rule that was changed counts at once where it was changed, and everywhere else too, since its
fleet's rules are forgotten with it; what was read in that very moment is forgotten within a minute.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, time
from decimal import Decimal
from typing import Any

from django.core.cache import cache
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.dateparse import parse_datetime

from drivers.models import Fleet
from limits.models import Limit
from limits.rules import BREACHES, Rule, Window
from sites.periods import Period

REMEMBERED_SECONDS = 60
ORDER = list(BREACHES)
# The rules for all fleets are remembered under each fleet, so one number makes all of them old.
ROUND_KEY = "limits-round"
Row = dict[str, Any]


def rules_of(fleet: Fleet | int) -> tuple[Rule, ...]:
    """Return the rules for a fleet, the most telling kinds first; no query while remembered."""
    fleet_pk = fleet if isinstance(fleet, int) else fleet.pk
    key = f"limits:{fleet_pk}:{cache.get(ROUND_KEY, 0)}"
    rows = cache.get(key)
    if rows is None:
        rows = [_row(limit) for limit in limits_for(fleet_pk)]
        cache.set(key, rows, REMEMBERED_SECONDS)
    return _rules(rows)


def limits_for(fleet_pk: int) -> QuerySet[Limit]:
    return (
        Limit.objects.filter(Q(fleet=fleet_pk) | Q(fleet=None))
        .select_related("location")
        .prefetch_related("evses__charge_point")
        .order_by("pk")
    )


def forget_rules() -> None:
    """Have the rules of all fleets read anew: here at once, elsewhere after the commit."""
    _begin_a_new_round()
    transaction.on_commit(_begin_a_new_round)


def _begin_a_new_round() -> None:
    try:
        cache.incr(ROUND_KEY)
    except ValueError:
        cache.set(ROUND_KEY, int(datetime.now(UTC).timestamp()), None)


def _row(limit: Limit) -> Row:
    evses = list(limit.evses.all())
    chargers = ", ".join(sorted(evse.name for evse in evses))
    place = limit.location.name if limit.location else ""
    return {
        "kind": limit.kind,
        "most": str(limit.most or 0),
        "days": limit.weekdays,
        "begins": limit.begins.isoformat() if limit.begins else "",
        "ends": limit.ends.isoformat() if limit.ends else "",
        "start_at": limit.start_at.isoformat() if limit.start_at else "",
        "end_at": limit.end_at.isoformat() if limit.end_at else "",
        "location": limit.location_id,
        "evses": sorted(evse.pk for evse in evses),
        "place": f"{place}, {chargers}" if chargers else place,
        "note": limit.note,
        "by_fleet": limit.by_fleet,
        "for_all": limit.fleet_id is None,
    }


def rules_from(limits: Iterable[Limit]) -> tuple[Rule, ...]:
    return _rules([_row(limit) for limit in limits])


def _rules(rows: Iterable[Row]) -> tuple[Rule, ...]:
    rules, windows = [], defaultdict(list)
    for row in rows:
        if row["kind"] == Limit.Kind.WINDOW:
            side = (row["by_fleet"], row["for_all"], row["location"], tuple(row["evses"]))
            windows[side].append(row)
        else:
            rules.append(_rule(row))
    rules += [_rule(same[0], windows=map(_window, same)) for same in windows.values()]
    return tuple(sorted(rules, key=lambda rule: ORDER.index(rule.kind)))


def _rule(row: Row, *, windows: Iterable[Window] = ()) -> Rule:
    start_at, end_at = (parse_datetime(row[name]) for name in ("start_at", "end_at"))
    return Rule(
        kind=row["kind"],
        most=Decimal(row["most"]),
        windows=tuple(windows),
        closed=Period.between(start_at, end_at) if start_at and end_at else None,
        location=row["location"],
        evses=frozenset(row["evses"]),
        place=row["place"],
        note=row["note"],
        by_fleet=row["by_fleet"],
    )


def _window(row: Row) -> Window:
    days = frozenset(map(int, row["days"]))
    return Window(days, time.fromisoformat(row["begins"]), time.fromisoformat(row["ends"]))
