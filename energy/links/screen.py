"""The staff's screen of links: what is sure, what is proposed, what has no counterpart yet."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Case, Count, Exists, IntegerField, OuterRef, Q, QuerySet, When
from django.http import QueryDict

from energy.links.evidence import evidence_texts
from energy.links.kinds import PAIRINGS, Kind, Side
from energy.links.naming import Thing, here_named, there_named
from energy.models import Link

State = Link.State
A_PAGE = 25
MOST_CANDIDATES = 30
MOST_WORDS = 5


@dataclass(frozen=True, slots=True)
class Row:
    """A link in words."""

    pk: int
    there: Thing
    here: Thing
    evidence: list[str]
    doubt: str
    by: str
    at: Any


@dataclass(frozen=True, slots=True)
class Lonely:
    """A record of Ampcontrol's that is linked with nothing, and for which nothing is proposed."""

    remote_id: str
    thing: Thing


@dataclass(frozen=True, slots=True)
class Column:
    """A page of one column; `parameter` is its number's name in the address."""

    page: Page[Any]
    rows: Sequence[Any]
    parameter: str

    @property
    def total(self) -> int:
        return self.page.paginator.count


@dataclass(frozen=True, slots=True)
class Screen:
    """What the screen shows of one kind."""

    kind: str
    q: str
    sure: Column
    proposed: Column
    refused: Column
    unmatched: Column
    # How many of ours are linked with nothing.
    left_here: int


def screen_of(kind: str, asked: QueryDict) -> Screen:
    """Return the screen of a kind, in some queries however long its lists are."""
    q = asked.get("q", "").strip()
    links = _links(kind, q)
    doubtful_first = Case(When(doubt="", then=1), default=0, output_field=IntegerField())
    return Screen(
        kind=kind,
        q=q,
        sure=_column(
            kind, links.filter(state=State.CONFIRMED).order_by(doubtful_first, "-pk"), asked, "sure"
        ),
        proposed=_column(
            kind, links.filter(state=State.PROPOSED).order_by("remote_id", "pk"), asked, "proposed"
        ),
        refused=_column(
            kind, links.filter(state=State.REFUSED).order_by("-decided_at"), asked, "refused"
        ),
        unmatched=_unmatched(kind, q, asked),
        left_here=candidates(kind, "").count(),
    )


def counts_by_kind() -> dict[str, dict[str, int]]:
    """Return how many links of each kind are proposed, and how many are doubted."""
    waiting = Count("pk", filter=Q(state=State.PROPOSED))
    doubted = Count("pk", filter=Q(state=State.CONFIRMED) & ~Q(doubt=""))
    found = Link.objects.values("kind").annotate(waiting=waiting, doubted=doubted)
    return {
        row["kind"]: {"waiting": row["waiting"], "doubted": row["doubted"]}
        for row in found.order_by("kind")
    }


def candidates(kind: str, q: str) -> QuerySet[Any]:
    """Return what of ours could be linked by hand; what can be linked once only is not yet."""
    pairing = PAIRINGS[kind]
    rows = _with_words(pairing.here.living(), pairing.here, q)
    if not pairing.several_there:
        taken = Link.objects.filter(
            kind=kind, state=State.CONFIRMED, **{pairing.ours: OuterRef("pk")}
        )
        rows = rows.exclude(Exists(taken))
    return rows.order_by("pk")


def candidates_named(kind: str, q: str) -> list[tuple[int, Thing]]:
    return [(row.pk, here_named(kind, row)) for row in candidates(kind, q)[:MOST_CANDIDATES]]


def one_there(kind: str, remote_id: str) -> Thing | None:
    """Return a record of Ampcontrol's that is not retired, in words."""
    record = PAIRINGS[kind].there.living().filter(remote_id=remote_id).first()
    return None if record is None else there_named(kind, record)


def _links(kind: str, q: str) -> QuerySet[Link]:
    pairing = PAIRINGS[kind]
    links = Link.objects.filter(kind=kind)
    if not q:
        return links
    there = _with_words(pairing.there.model._default_manager.all(), pairing.there, q)
    here = _with_words(pairing.here.model._default_manager.all(), pairing.here, q)
    return links.filter(
        Q(remote_id__in=there.values("remote_id")) | Q(**{f"{pairing.ours}__in": here.values("pk")})
    )


def _with_words(rows: QuerySet[Any], side: Side, q: str) -> QuerySet[Any]:
    """Return the rows in which each word occurs somewhere."""
    for word in q.split()[:MOST_WORDS]:
        somewhere = Q(pk=None)
        for name in side.searched:
            somewhere |= Q(**{f"{name}__icontains": word})
        rows = rows.filter(somewhere)
    return rows


def _column(kind: str, links: QuerySet[Link], asked: QueryDict, parameter: str) -> Column:
    pairing = PAIRINGS[kind]
    joined = [pairing.ours, *(f"{pairing.ours}__{one}" for one in pairing.here.joined)]
    rows = links.select_related("decided_by", *joined)
    page = Paginator(rows, A_PAGE).get_page(asked.get(parameter))
    found: Sequence[Link] = list(page.object_list)
    ids = [link.remote_id for link in found]
    there = pairing.there.model._default_manager.select_related(*pairing.there.joined)
    rows_there: QuerySet[Any] = there.filter(remote_id__in=ids)
    records = {one.remote_id: one for one in rows_there} if ids else {}
    named = [
        Row(
            pk=link.pk,
            there=there_named(kind, records.get(link.remote_id)),
            here=here_named(kind, getattr(link, pairing.ours)),
            evidence=evidence_texts(link.evidence),
            doubt=link.get_doubt_display() if link.doubt else "",
            by=str(link.decided_by or ""),
            at=link.decided_at,
        )
        for link in found
    ]
    return Column(page, named, parameter)


def _unmatched(kind: str, q: str, asked: QueryDict) -> Column:
    pairing = PAIRINGS[kind]
    met = Link.objects.filter(
        kind=kind,
        remote_id=OuterRef("remote_id"),
        state__in=[State.CONFIRMED, State.PROPOSED],
    )
    rows = _with_words(pairing.there.living(), pairing.there, q).exclude(Exists(met))
    page = Paginator(rows.order_by("pk"), A_PAGE).get_page(asked.get("unmatched"))
    return Column(
        page,
        [Lonely(one.remote_id, there_named(kind, one)) for one in page.object_list],
        "unmatched",
    )


TABS = (Kind.NETWORK, Kind.CHARGE_POINT, Kind.CONNECTOR, Kind.VEHICLE, Kind.TAG)
