"""A pytest plugin for `make test-days`: leaves the tests that take dates, and some of their cases.

A test takes dates where it, or what it uses of its module, writes down a date or a time of day, or
asks on which day or at which time of day something is. Not one that always runs at a time of its
own, nor arithmetic that draws its dates: those are the same on any day. TEST_DAY counts the days
that are tried: on each of them every third file of tests has its turn, and of each of its tests
that take dates one case. The others are not even read, which would take longer than the tests.
"""

import ast
import os
import re
from collections import defaultdict
from functools import cache
from pathlib import Path

import pytest

DATES = re.compile(
    r"""\b(?:datetime|date)\(20 | \b20\d\d-\d\d | \b[0-2]\d:[0-5]\d\b | %H:%M | %Y-%m
    | \.astimezone\( | \.strftime\( | \.date\(\) | \blocal_day\( | \bSITUATIONS\b""",
    re.VERBOSE,
)
TURNS = 3
# What tells the present, or may.
PRESENT = re.compile(r"\b(?:now|today|next_noon|next_hour|local_now)\b|Factory\b")
# Fixtures that turn the clock to a time of their own, whatever the day.
AT_THEIR_OWN_TIME = {"friday", "moment"}


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Leave out the files that have no turn today."""
    if not collection_path.name.startswith("test_"):
        return None
    return files().index(collection_path) % TURNS != int(os.environ["TEST_DAY"]) % TURNS or None


@cache
def files() -> list[Path]:
    return sorted(Path(__file__).parents[1].rglob("test_*.py"))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect what takes no dates, and all cases of a test but one."""
    cases: dict[tuple[Path, str], list[pytest.Item]] = defaultdict(list)
    for item in items:
        if takes_dates(item):
            cases[item.path, getattr(item, "originalname", item.name)].append(item)
    turn = int(os.environ["TEST_DAY"]) // TURNS
    kept = {each[turn % len(each)] for each in cases.values()}
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = [item for item in items if item in kept]


def takes_dates(item: pytest.Item) -> bool:
    """Return whether a test takes dates, and may do otherwise on another day."""
    fixtures = set(getattr(item, "fixturenames", ()))
    used = {getattr(item, "originalname", item.name), *fixtures}
    if used.isdisjoint(names_with(DATES, item.path)) or AT_THEIR_OWN_TIME & fixtures:
        return False
    draws_dates = getattr(item.obj, "is_hypothesis_test", False) and not item.get_closest_marker(
        "django_db"
    )
    return not draws_dates or not used.isdisjoint(names_with(PRESENT, item.path))


@cache
def names_with(words: re.Pattern[str], path: Path) -> frozenset[str]:
    """Return the functions and values of a module that have a word, by themselves or by others."""
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    parts: dict[str, str] = {}
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
            parts[node.name] = "\n".join(lines[first - 1 : node.end_lineno])
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            parts[node.targets[0].id] = "\n".join(lines[node.lineno - 1 : node.end_lineno])
    uses = {name: set(re.findall(r"\w+", source)) for name, source in parts.items()}
    found = {name for name, source in parts.items() if words.search(source)}
    while more := {
        name for name, used in uses.items() if name not in found and not found.isdisjoint(used)
    }:
        found |= more
    return frozenset(found)
