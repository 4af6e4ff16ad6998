"""Which tariff of a group applies on another day than the one that the operator was asked on."""

from datetime import date

import pytest

from tariffs.choice import Answer, NotKnown, choose
from tests.tariffs.made import made

TODAY, LATER = date(2026, 3, 2), date(2026, 3, 20)


def tariff(pk, *, for_some=False, start=None, end=None):
    restrictions = {"startDate": start, "endDate": end}
    if for_some:
        restrictions["applyToUsersOfPartners"] = [501]
    return made("free", more={"id": pk, "restrictions": restrictions})


ALL, SOME = tariff(1), tariff(2, for_some=True)
SOON = tariff(3, start="2026-03-10")
SOON_FOR_SOME = tariff(4, for_some=True, start="2026-03-10")
UNTIL_TODAY = tariff(5, for_some=True, end="2026-03-02")


@pytest.mark.parametrize(
    ("tariffs", "named", "today", "later"),
    [
        ([ALL, SOME], 2, 2, 2),
        ([ALL, SOME], 1, 1, 1),
        # The next one is for everybody; or nobody knows yet for whom.
        ([ALL, SOME, SOON], 2, 2, 3),
        ([ALL, SOME, SOON_FOR_SOME], 2, 2, "unknown"),
        # What ends leaves what is below, as far as that was looked at.
        ([ALL, UNTIL_TODAY], 5, 5, 1),
        ([ALL, SOME, UNTIL_TODAY], 5, 5, "unknown"),
        # The operator has reasons of its own.
        ([SOME, ALL], 2, 2, 2),
        ([], None, None, None),
        ([SOME], None, None, None),
    ],
)
def test_by_day(tariffs, named, today, later):
    answer = Answer(named, TODAY)
    for day, expected in ((TODAY, today), (LATER, later)):
        if expected == "unknown":
            with pytest.raises(NotKnown):
                choose(tariffs, answer, day)
        else:
            found = choose(tariffs, answer, day)
            assert (found.id if found else None) == expected


def test_nobody_was_asked():
    assert choose([SOME, ALL], None, TODAY) == ALL
    with pytest.raises(NotKnown):
        choose([ALL, SOME], None, TODAY)
