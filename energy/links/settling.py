"""What becomes of links when matching has been done anew: pure, whatever the order of the rows."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from energy.links import evidence
from energy.links.matching import Proposal

PROPOSED, CONFIRMED, REFUSED = "proposed", "confirmed", "refused"
NOT_EXACT, GONE_THERE, GONE_HERE = "not-exact", "gone-there", "gone-here"


@dataclass(frozen=True, slots=True)
class Known:
    """A link as it is; `undone` is one that a person has taken back: only people confirm it."""

    pk: int
    there: str
    here: int
    state: str
    evidence: tuple[str, ...] = ()
    undone: bool = False
    doubt: str = ""

    @property
    def pair(self) -> tuple[str, int]:
        return self.there, self.here


@dataclass(slots=True)
class Changes:
    """What is to be done: new proposals and links, and by primary keys what changes or goes."""

    propose: list[Proposal] = field(default_factory=list)
    confirm: list[Proposal] = field(default_factory=list)
    reword: dict[int, tuple[str, ...]] = field(default_factory=dict)
    drop: list[int] = field(default_factory=list)
    doubts: dict[int, str] = field(default_factory=dict)


def settle(
    proposals: Iterable[Proposal],
    known: Collection[Known],
    *,
    there: Collection[str],
    here: Collection[int],
    several_here: bool = False,
    several_there: bool = False,
) -> Changes:
    """Return what is to be done about links of one kind.

    `there` and `here` are the records that are not retired. `several_here` says that one of theirs
    may be several of ours, as a network several sites; `several_there` the reverse, as an EVSE with
    its connectors. What was refused stays refused, what was confirmed stays confirmed.
    """
    proposals = sorted(proposals)
    of_pair = {link.pair: link for link in known}
    sure = {(one.there, one.here) for one in proposals if one.sure}
    changes = Changes(doubts=_doubts(known, sure, there=set(there), here=set(here)))
    taken_there = {link.there for link in known if link.state == CONFIRMED}
    taken_here = {link.here for link in known if link.state == CONFIRMED}

    def is_free(one: Proposal) -> bool:
        return (several_here or one.there not in taken_there) and (
            several_there or one.here not in taken_here
        )

    wanted = set()
    for one in proposals:
        link = of_pair.get((one.there, one.here))
        by_people = link is not None and (link.undone or link.state != PROPOSED)
        if one.sure and not one.asks and not by_people and is_free(one):
            changes.confirm.append(one)
            taken_there.add(one.there)
            taken_here.add(one.here)
    for one in proposals:
        link = of_pair.get((one.there, one.here))
        if not is_free(one) or (link is not None and link.state != PROPOSED):
            continue
        if link is None:
            changes.propose.append(one)
            continue
        wanted.add(link.pk)
        if link.evidence != one.evidence:
            changes.reword[link.pk] = one.evidence
    changes.drop = [link.pk for link in known if link.state == PROPOSED and link.pk not in wanted]
    return changes


def _doubts(
    known: Iterable[Known], sure: set[tuple[str, int]], *, there: set[str], here: set[int]
) -> dict[int, str]:
    """Return what there is to doubt of confirmed links, where that has changed."""
    doubts = {}
    for link in known:
        if link.state != CONFIRMED:
            continue
        doubt = ""
        if link.there not in there:
            doubt = GONE_THERE
        elif link.here not in here:
            doubt = GONE_HERE
        elif evidence.UNIQUE in link.evidence and link.pair not in sure:
            doubt = NOT_EXACT
        if doubt != link.doubt:
            doubts[link.pk] = doubt
    return doubts
