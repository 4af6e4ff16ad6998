"""The file in which the operator's memory outlives its process.

Each line is a JSON object with what one turn changed: settings by name, records as lists by kind.
The last word on a record or a setting counts.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sandbox.world.records import Booking, Downtime, Evse, Keepsake, Request, Session

Row = dict[str, Any]
RECORDS: dict[str, type] = {
    "requests": Request,
    "bookings": Booking,
    "sessions": Session,
    "downtimes": Downtime,
    "keepsakes": Keepsake,
}
EVSE_STATES = "evse_states"
# Of an EVSE only what the operator changes is kept.
FIELDS: dict[type, tuple[str, ...]] = {
    Evse: ("id", "status", "hardware_status", "updated_at"),
    **{kind: tuple(each.name for each in fields(kind)) for kind in RECORDS.values()},
}


class StateUnreadable(Exception):
    """A file that is there but holds no state, or that of another world."""


@dataclass(slots=True)
class State:
    """What was written down: settings by name, records by kind and id, rows of altered EVSEs."""

    settings: Row
    requests: dict[int, Request]
    bookings: dict[int, Booking]
    sessions: dict[int, Session]
    downtimes: dict[int, Downtime]
    keepsakes: dict[str, Keepsake]
    evses: dict[int, Row]


def read(path: Path) -> State:
    """Return what was written down.

    A last line that was never finished, because the process died, is left out. Raises
    StateUnreadable for anything else that is no state.
    """
    settings: Row = {}
    rows: dict[str, dict[Any, Row]] = {kind: {} for kind in (*RECORDS, EVSE_STATES)}
    try:
        for change in _changes(path.read_text(encoding="utf-8", errors="replace").splitlines()):
            for kind, known in rows.items():
                known |= {row["id"]: _with_instants(row) for row in change.pop(kind, [])}
            settings |= change
        settings["offset"]  # the first line says at least what time it is
        records = {
            kind: {pk: record(**row) for pk, row in rows[kind].items()}
            for kind, record in RECORDS.items()
        }
    except OSError as error:
        raise StateUnreadable(f"{path} cannot be read: {error.strerror}.") from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise StateUnreadable(f"{path} holds no state of the simulated operator.") from error
    return State(settings=settings, evses=rows[EVSE_STATES], **records)


def _changes(lines: list[str]) -> Iterator[Row]:
    for number, line in enumerate(lines, start=1):
        try:
            yield json.loads(line)
        except ValueError:
            if number == len(lines) > 1:
                return
            raise


def rewrite(path: Path, settings: Row, records: Mapping[str, Iterable[Any]]) -> None:
    temporary = path.with_name(f"{path.name}.new")
    temporary.write_text(_line(settings, records), encoding="utf-8")
    temporary.replace(path)


def append(path: Path, settings: Row, records: Mapping[str, Iterable[Any]]) -> None:
    """Add a line with what has changed: the cost does not grow with what is there already."""
    with path.open("a", encoding="utf-8") as file:
        file.write(_line(settings, records))


def _line(settings: Row, records: Mapping[str, Iterable[Any]]) -> str:
    rows = {
        kind: [{name: getattr(each, name) for name in FIELDS[type(each)]} for each in found]
        for kind, found in records.items()
    }
    return json.dumps(settings | rows, default=datetime.isoformat) + "\n"


def _with_instants(row: Row) -> Row:
    return {
        name: datetime.fromisoformat(value).astimezone(UTC)
        if name.endswith("_at") and value
        else value
        for name, value in row.items()
    }
