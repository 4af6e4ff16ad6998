"""What the books say of chargers, each difference made by hand."""

import uuid
from dataclasses import replace

import pytest

from tools.chaos.remote.told import Action, Told, differences

KEY = uuid.uuid4()
STARTED = Action(1, KEY, "start", "accepted", booking=7, was_sent=True)
BEGUN = Told("start", 7, 301, "done")
EVSES = {301: 7}


def found(actions, told) -> list[str]:
    return differences(actions, told, keys={KEY}, evses=EVSES)


def test_all_is_well():
    unlocked = replace(STARTED, pk=2, kind="unlock")
    assert found([STARTED, unlocked], [BEGUN, Told("unlock", None, 301, "done")]) == []
    # Nobody heard of it, and nothing came of it.
    unheard = replace(STARTED, status="no-answer")
    assert found([unheard], [replace(BEGUN, outcome="unanswered")]) == []
    assert found([replace(STARTED, status="lapsed", was_sent=False)], []) == []


@pytest.mark.parametrize(
    ("actions", "told", "sentence"),
    [
        ([replace(STARTED, status="unclear")], [], "is still unclear"),
        ([replace(STARTED, key=uuid.uuid4())], [BEGUN], "Nobody asked"),
        ([replace(STARTED, status="lapsed")], [], "is said not to have been"),
        ([STARTED], [BEGUN, replace(BEGUN, outcome="SESSION_EXISTS")], "was told 2 times to start"),
        ([STARTED], [BEGUN, BEGUN], "had 2 times done"),
        ([replace(STARTED, status="no-answer")], [BEGUN], "does not say so"),
        ([STARTED], [], "and it was not"),
        ([], [Told("unlock", None, 301, "done")], "was told 1 times to unlock"),
    ],
)
def test_each_difference_is_told(actions, told, sentence):
    assert any(sentence in each for each in found(actions, told))
