"""What a process remembers for some seconds, where a page may be as late as that."""

from collections.abc import Callable
from functools import wraps
from time import monotonic
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

MOST = 1024

_everything: list[dict[Any, Any]] = []


def remembered(*, seconds: float, most: int = MOST) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Keep the answers of a function for so long, in this process alone; so many of them.

    Only for what changes seldom, has no language, and decides nothing: a change is told nobody, and
    other processes remember for themselves.
    """

    def decorate(ask: Callable[P, T]) -> Callable[P, T]:
        answers: dict[Any, tuple[float, T]] = {}
        _everything.append(answers)

        @wraps(ask)
        def inner(*args: P.args, **kwargs: P.kwargs) -> T:
            key, now = (args, *kwargs.items()), monotonic()
            found = answers.get(key)
            if found is not None and now < found[0]:
                return found[1]
            answer = ask(*args, **kwargs)
            if len(answers) >= most:
                answers.clear()
            answers[key] = (now + seconds, answer)
            return answer

        return inner

    return decorate


def forget_everything() -> None:
    """Ask anew, as a process does that has just begun; for tests."""
    for answers in _everything:
        answers.clear()
