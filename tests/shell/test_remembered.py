"""What a process remembers for some seconds."""

from shell.remembered import MOST, forget_everything, remembered


def asked_and_ask(*, seconds: float = 10):
    asked: list[tuple[int, str]] = []

    @remembered(seconds=seconds)
    def ask(number: int, text: str = "") -> str:
        asked.append((number, text))
        return f"{number}{text}"

    return asked, ask


def test_what_was_asked_is_not_asked_again():
    asked, ask = asked_and_ask()
    assert [ask(1), ask(1), ask(2), ask(1, text="a"), ask(1, text="a")] == [
        "1",
        "1",
        "2",
        "1a",
        "1a",
    ]
    assert asked == [(1, ""), (2, ""), (1, "a")]


def test_after_some_seconds_it_is_asked_again(monkeypatch):
    now = 0.0
    monkeypatch.setattr("shell.remembered.monotonic", lambda: now)
    asked, ask = asked_and_ask(seconds=10)
    ask(1)
    now = 9.9
    ask(1)
    assert len(asked) == 1
    now = 10.0
    ask(1)
    assert len(asked) == 2


def test_it_remembers_so_much_and_no_more():
    asked, ask = asked_and_ask()
    for number in range(MOST + 1):
        ask(number)
    ask(0)
    assert len(asked) == MOST + 2


def test_all_can_be_forgotten():
    asked, ask = asked_and_ask()
    ask(1)
    forget_everything()
    ask(1)
    assert len(asked) == 2
