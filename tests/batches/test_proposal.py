"""Who charges where: nobody twice, nothing that does not fit, as many as can be."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from batches.proposal import Charger, Need, Placement, Unplaced, propose
from sites.periods import Period, covers

NIGHT = datetime(2027, 3, 13, 18, tzinfo=UTC)


def hours(since: int, until: int) -> Period:
    return Period(NIGHT + since * timedelta(hours=1), NIGHT + until * timedelta(hours=1))


def charger(key: int, power: int = 22, *free: Period) -> Charger:
    return Charger(key, Decimal(power), free or (hours(0, 48),))


def need(key: int, *, enough: int = 0, misfits=(), period: Period | None = None) -> Need:
    return Need(key, period or hours(0, 12), Decimal(enough), dict.fromkeys(misfits, "Wrong plug."))


def keys(placements: list[Placement]) -> list[int | None]:
    return [placement.charger for placement in placements]


def test_the_least_powerful_charger_that_is_enough_is_taken():
    chargers = [charger(1, 150), charger(2, 50), charger(3, 11)]
    assert keys(propose([need(1, enough=7)], chargers)) == [3]
    assert keys(propose([need(1, enough=40)], chargers)) == [2]
    assert keys(propose([need(1, enough=200)], chargers)) == [1]


def test_strong_ones_are_left_for_those_who_need_them():
    chargers = [charger(1, 150), charger(2, 11)]
    assert keys(propose([need(1), need(2, enough=100)], chargers)) == [2, 1]
    assert keys(propose([need(2, enough=100), need(1)], chargers)) == [1, 2]


def test_somebody_makes_room_for_whom_nothing_else_fits():
    needs = [need(1, misfits={3}), need(2, misfits={2, 3}), need(3, misfits={1})]
    assert keys(propose(needs, [charger(1), charger(2), charger(3)])) == [2, 1, 3]


def test_one_charger_serves_one_after_the_other():
    early, late = hours(0, 6), hours(6, 12)
    needs = [need(1, period=early), need(2, period=late), need(3, period=hours(5, 7))]
    placed = propose(needs, [charger(1)])
    assert keys(placed) == [1, 1, None]
    assert placed[2].why == Unplaced.OTHERS_HAVE_IT


def test_who_gets_none_is_told_why():
    busy = charger(1, 22, hours(0, 6))
    assert propose([need(1)], [busy])[0].why == Unplaced.NOT_FREE
    assert propose([need(1, misfits={1})], [busy])[0].why == Unplaced.NOTHING_FITS
    assert propose([need(1)], [])[0].why == Unplaced.NOTHING_FITS


spans = st.tuples(st.integers(0, 20), st.integers(1, 12)).map(
    lambda pair: hours(pair[0], pair[0] + pair[1])
)
chargers_of = st.lists(
    st.tuples(st.sampled_from([11, 22, 50, 150]), st.lists(spans, max_size=3)), max_size=6
).map(lambda rows: [Charger(at, Decimal(kw), tuple(free)) for at, (kw, free) in enumerate(rows)])
needs_of = st.lists(
    st.tuples(spans, st.sampled_from([0, 11, 40]), st.frozensets(st.integers(0, 5), max_size=4)),
    max_size=8,
).map(
    lambda rows: [
        need(at, period=span, enough=kw, misfits=misfits)
        for at, (span, kw, misfits) in enumerate(rows)
    ]
)


@given(needs=needs_of, chargers=chargers_of)
def test_proposals_never_overlap_and_never_break_a_rule(needs, chargers):
    free = {each.key: each.free for each in chargers}
    placed = propose(needs, chargers)
    assert [placement.need for placement in placed] == needs
    for placement in placed:
        if placement.charger is None:
            assert placement.why
            continue
        assert placement.charger not in placement.need.misfits
        assert covers(free[placement.charger], placement.need.period)
    for one, other in combinations(placed, 2):
        if one.charger is not None and one.charger == other.charger:
            assert (
                one.need.period.end_at <= other.need.period.start_at
                or other.need.period.end_at <= one.need.period.start_at
            )
    # Nobody goes without while a charger that would do stands idle.
    for placement in placed:
        if placement.charger is None:
            for each in chargers:
                taken = [p.need.period for p in placed if p.charger == each.key]
                would_do = each.key not in placement.need.misfits and covers(
                    each.free, placement.need.period
                )
                assert not would_do or any(
                    period.start_at < placement.need.period.end_at
                    and placement.need.period.start_at < period.end_at
                    for period in taken
                )


@given(needs=needs_of, chargers=chargers_of, data=st.data())
def test_the_answer_does_not_depend_on_the_order(needs, chargers, data):
    shuffled = data.draw(st.permutations(chargers))
    assert keys(propose(needs, chargers)) == keys(propose(needs, shuffled))


@given(needs=needs_of, chargers=chargers_of)
def test_for_one_night_as_many_as_possible_get_a_place(needs, chargers):
    night = [need(each.key, misfits=each.misfits, period=hours(0, 1)) for each in needs]
    open_ones = [charger(each.key) for each in chargers]
    placed = sum(placement.charger is not None for placement in propose(night, open_ones))
    assert placed == _largest_matching(night, open_ones)


def _largest_matching(needs: list[Need], chargers: list[Charger]) -> int:
    if not needs:
        return 0
    first, *others = needs
    best = _largest_matching(others, chargers)
    for each in chargers:
        if each.key not in first.misfits:
            rest = [c for c in chargers if c != each]
            best = max(best, 1 + _largest_matching(others, rest))
    return best
