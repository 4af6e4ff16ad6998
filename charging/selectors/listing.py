"""The list of a fleet's sessions, the latest first, by the page and as a whole."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from charging.models import Session
from charging.selectors.filters import SessionFilter, narrowed_sessions, sessions_of
from drivers.models import Fleet
from shell.keys import RowCursor

PAGE_SIZE = 50
BATCH_SIZE = 500

# A session's place in the list.
Place = tuple[datetime, int]


@dataclass(frozen=True, slots=True)
class SessionPage:
    """Some sessions, and where the list goes on in both directions."""

    sessions: list[Session]
    previous: RowCursor | None
    next: RowCursor | None

    @property
    def goes_on(self) -> bool:
        """Whether any of these is not over yet."""
        return any(not session.has_ended for session in self.sessions)


def list_sessions(
    fleet: Fleet, narrowed: SessionFilter, *, cursor: RowCursor | None = None
) -> SessionPage:
    """Return a page of a fleet's sessions; a page costs the same wherever in the list it lies.

    A cursor that names no session of the fleet leads to the first page.
    """
    place = _place_of(fleet, cursor)
    backwards = cursor is not None and cursor.backwards and place is not None
    rows = narrowed_sessions(fleet, narrowed)
    if place is not None:
        rows = rows.filter(_beyond(place, later=backwards))
    order = ("started_at", "pk") if backwards else ("-started_at", "-pk")
    # Which rows first, what they show afterwards: so the joins touch the rows of one page only.
    keys = list(rows.order_by(*order).values_list("pk", flat=True)[: PAGE_SIZE + 1])
    more = len(keys) > PAGE_SIZE
    found = _in_turn(sessions_of(fleet), keys[:PAGE_SIZE])
    if backwards:
        found.reverse()
    has_previous = more if backwards else place is not None
    has_next = True if backwards else more
    return SessionPage(
        sessions=found,
        previous=RowCursor(found[0].pk, backwards=True) if found and has_previous else None,
        next=RowCursor(found[-1].pk, backwards=False) if found and has_next else None,
    )


def each_session(fleet: Fleet, narrowed: SessionFilter) -> Iterator[list[Session]]:
    """Yield all of a list in its order, BATCH_SIZE sessions at a time, however many there are.

    Each batch costs two queries that begin where the last one ended, so that neither memory nor
    the cost of a batch grows with the list.
    """
    rows = narrowed_sessions(fleet, narrowed).order_by("-started_at", "-pk")
    place: Place | None = None
    while True:
        batch = rows.filter(_beyond(place, later=False)) if place else rows
        keys = list(batch.values_list("started_at", "pk")[:BATCH_SIZE])
        if not keys:
            return
        yield _in_turn(sessions_of(fleet), [pk for _at, pk in keys])
        if len(keys) < BATCH_SIZE:
            return
        place = keys[-1]


def _in_turn(sessions: QuerySet[Session], keys: list[int]) -> list[Session]:
    found = sessions.in_bulk(keys)
    return [found[pk] for pk in keys if pk in found]


def _place_of(fleet: Fleet, cursor: RowCursor | None) -> Place | None:
    if cursor is None:
        return None
    rows = Session.objects.filter(fleet=fleet, pk=cursor.pk)
    return rows.values_list("started_at", "pk").first()


def _beyond(place: Place, *, later: bool) -> Q:
    # The plain comparison beside the exact one lets the database start at the right place.
    at, pk = place
    if later:
        return Q(started_at__gte=at) & (Q(started_at__gt=at) | Q(pk__gt=pk))
    return Q(started_at__lte=at) & (Q(started_at__lt=at) | Q(pk__lt=pk))
