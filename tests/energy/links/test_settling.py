"""What becomes of links: decisions stay, and nothing is ever two things at once."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from energy.links.matching import Proposal
from energy.links.settling import Known, settle

EVERYTHING = {"there": {"a", "b", "c"}, "here": {1, 2, 3}}
SURE = Proposal("a", 1, ("vin", "unique"), sure=True)
MAYBE = Proposal("a", 2, ("plate",))


def test_what_is_sure_is_confirmed_and_its_rivals_are_not_proposed():
    changes = settle([MAYBE, SURE], [], **EVERYTHING)
    assert (changes.confirm, changes.propose) == ([SURE], [])


def test_what_is_sure_and_asks_whose_it_is_waits_for_people():
    asking = replace(SURE, asks=True)
    assert settle([asking], [], **EVERYTHING).confirm == []
    assert settle([asking, MAYBE], [], **EVERYTHING).propose == [asking, MAYBE]
    known = [Known(7, "a", 1, "proposed", SURE.evidence)]
    changes = settle([asking], known, **EVERYTHING)
    assert (changes.confirm, changes.propose, changes.drop) == ([], [], [])
    assert settle([SURE], known, **EVERYTHING).confirm == [SURE]


def test_what_asks_whose_it_is_is_exact_all_the_same():
    known = [Known(7, "a", 1, "confirmed", SURE.evidence)]
    assert settle([replace(SURE, asks=True)], known, **EVERYTHING).doubts == {}


def test_a_proposal_that_became_sure_is_confirmed_and_another_goes():
    known = [Known(7, "a", 1, "proposed", ("plate",)), Known(8, "a", 2, "proposed", ("plate",))]
    changes = settle([SURE, MAYBE], known, **EVERYTHING)
    assert changes.confirm == [SURE]
    assert set(changes.drop) == {7, 8}


def test_what_was_refused_never_comes_again():
    changes = settle([SURE], [Known(7, "a", 1, "refused")], **EVERYTHING)
    assert (changes.confirm, changes.propose, changes.drop) == ([], [], [])


def test_what_was_taken_back_is_confirmed_by_people_only():
    known = [Known(7, "a", 1, "proposed", SURE.evidence, undone=True)]
    changes = settle([SURE], known, **EVERYTHING)
    assert (changes.confirm, changes.propose, changes.drop) == ([], [], [])


def test_what_was_confirmed_stays_and_is_flagged():
    known = [Known(7, "a", 1, "confirmed", ("vin", "unique"))]
    assert settle([SURE], known, **EVERYTHING).doubts == {}
    duplicate = Proposal("a", 1, ("vin", "duplicate"))
    assert settle([duplicate], known, **EVERYTHING).doubts == {7: "not-exact"}
    assert settle([], known, there=set(), here={1}).doubts == {7: "gone-there"}
    assert settle([], known, there={"a"}, here=set()).doubts == {7: "gone-here"}
    assert settle([duplicate], known, **EVERYTHING).drop == []


def test_a_doubt_that_has_gone_is_taken_away():
    known = [Known(7, "a", 1, "confirmed", ("vin", "unique"), doubt="not-exact")]
    assert settle([SURE], known, **EVERYTHING).doubts == {7: ""}


def test_what_people_confirmed_without_certainty_is_not_doubted_for_lacking_it():
    known = [Known(7, "a", 1, "confirmed", ("by-hand",)), Known(8, "b", 2, "confirmed", ("plate",))]
    assert settle([], known, **EVERYTHING).doubts == {}


def test_a_link_by_hand_stands_before_what_is_sure():
    changes = settle([SURE], [Known(7, "a", 3, "confirmed", ("by-hand",))], **EVERYTHING)
    assert (changes.confirm, changes.propose) == ([], [])


def test_a_network_may_be_several_sites_and_an_evse_several_connectors():
    known = [Known(7, "a", 1, "confirmed")]
    other_site, other_network = Proposal("a", 2, ("votes:1:2",)), Proposal("b", 1, ("votes:1:1",))
    sites = settle([other_site, other_network], known, **EVERYTHING, several_here=True)
    assert sites.propose == [other_site]
    connectors = settle([other_site, other_network], known, **EVERYTHING, several_there=True)
    assert connectors.propose == [other_network]


def test_other_evidence_is_noted():
    known = [Known(7, "a", 2, "proposed", ("customer-number",))]
    assert settle([MAYBE], known, **EVERYTHING).reword == {7: ("plate",)}


pairs = st.tuples(st.sampled_from("abc"), st.sampled_from([1, 2, 3]))


@st.composite
def situations(draw):
    """Draw links as the database can hold them, and proposals as matching makes them."""
    states = draw(
        st.dictionaries(pairs, st.sampled_from(["proposed", "confirmed", "refused"]), max_size=9)
    )
    known, there, here = [], set(), set()
    for pk, ((one, other), state) in enumerate(states.items()):
        taken = state == "confirmed" and (one in there or other in here)
        known.append(
            Known(pk, one, other, "refused" if taken else state, undone=draw(st.booleans()))
        )
        if known[-1].state == "confirmed":
            there.add(one)
            here.add(other)
    sure: set[tuple[str, int]] = set()
    for one, other in draw(st.lists(pairs, max_size=3)):
        if not any(one == a or other == b for a, b in sure):
            sure.add((one, other))
    maybe = draw(st.sets(pairs, max_size=9)) - sure
    proposals = [
        Proposal(*pair, ("vin", "unique"), sure=True, asks=draw(st.booleans()))
        for pair in sorted(sure)
    ]
    proposals += [Proposal(*pair, ("plate",)) for pair in maybe]
    return proposals, known


@given(situations())
def test_never_are_two_confirmed_for_one(situation):
    proposals, known = situation
    changes = settle(proposals, known, **EVERYTHING)
    confirmed = [link.pair for link in known if link.state == "confirmed"]
    confirmed += [(one.there, one.here) for one in changes.confirm]
    assert len({there for there, _here in confirmed}) == len(confirmed)
    assert len({here for _there, here in confirmed}) == len(confirmed)
    refused = {link.pair for link in known if link.state == "refused"}
    assert not any(one.asks for one in changes.confirm)
    assert not refused & {(one.there, one.here) for one in changes.confirm + changes.propose}
    assert not {link.pk for link in known if link.state != "proposed"} & set(changes.drop)


@given(situations(), st.randoms())
def test_the_order_does_not_matter(situation, random):
    proposals, known = situation
    first = settle(proposals, known, **EVERYTHING)
    shuffled, links = list(proposals), list(known)
    random.shuffle(shuffled)
    random.shuffle(links)
    second = settle(shuffled, links, **EVERYTHING)
    assert (first.confirm, first.propose) == (second.confirm, second.propose)
    assert (set(first.drop), first.doubts) == (set(second.drop), second.doubts)
