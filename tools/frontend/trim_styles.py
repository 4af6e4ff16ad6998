"""Leave out of a vendored style sheet what no page of ours can use.

A rule stays when every class it asks for occurs as a word in a template, script or module of ours,
so nothing is lost by a name that is put together from parts that occur whole. What was left out is
written down: a test says when a page begins to use some of it.
"""

import re
from collections.abc import Iterator, Set
from pathlib import Path

WORD = re.compile(r"[A-Za-z_][\w-]*")
CLASS = re.compile(r"\.((?:[\w-]|\\.)+)")
# What parts a sheet, but for what stands in quotes.
MARK = re.compile(r"/\*.*?\*/|\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|[{};]", re.DOTALL)
# What a rule must not match, or matches as one of several, it does not ask for.
OPTIONAL = re.compile(r":(?:not|is|where)\([^()]*(?:\([^()]*\)[^()]*)*\)")
# Looks that are chosen by attributes which our pages never have.
UNUSED_ATTRIBUTE = re.compile(r"\[data-bs-theme-(?:primary|base|font|radius)[=\]]|\[dir=")
# Where a block holds rules rather than declarations.
NESTING = ("@media", "@supports", "@layer", "@container")
LOOKED_INTO = {"templates": ("*.html",), "static/js": ("*.js",)}
# Rooms that draw no pages of the portal; all others are looked into as well.
WITHOUT_PAGES = {"ampcontrol", "ampeco", "sandbox", "telemetry", "tests", "tools", "upstream"}


def words_of_ours(root: Path) -> frozenset[str]:
    """Return every word that stands in our templates, scripts and modules.

    But for the pages of the back office, which has a style of its own.
    """
    rooms = {path.parent.name for path in root.glob("*/__init__.py")} - WITHOUT_PAGES
    looked_into = LOOKED_INTO | dict.fromkeys(rooms, ("*.html", "*.py"))
    files = (
        path
        for folder, patterns in looked_into.items()
        for pattern in patterns
        for path in (root / folder).rglob(pattern)
        if not path.name.lstrip("_").startswith("admin_")
    )
    return frozenset(word for path in files for word in WORD.findall(path.read_text()))


def trimmed(sheet: str, words: Set[str]) -> tuple[str, set[str]]:
    left_out: set[str] = set()
    text = "".join(_kept(sheet, words, left_out))
    return text, left_out - _classes(text) - words


def _kept(sheet: str, words: Set[str], left_out: set[str]) -> Iterator[str]:
    for head, body in _blocks(sheet):
        if body is None:
            yield head
        elif head.lstrip().startswith(NESTING):
            inner = "".join(_kept(body, words, left_out))
            if inner:
                yield f"{head}{{{inner}}}"
        elif head.lstrip().startswith("@"):
            yield f"{head}{{{body}}}"
        else:
            selectors = [each for each in _parts(head) if _is_used(each, words)]
            left_out |= _classes(head)
            if selectors:
                yield f"{','.join(selectors)}{{{body}}}"


def _is_used(selector: str, words: Set[str]) -> bool:
    if UNUSED_ATTRIBUTE.search(selector):
        return False
    return _classes(OPTIONAL.sub("", selector)) <= words


def _classes(text: str) -> set[str]:
    return {name.replace("\\", "") for name in CLASS.findall(text) if not name[0].isdigit()}


def _blocks(sheet: str) -> Iterator[tuple[str, str | None]]:
    """Yield each rule as what stands before its braces and in them; a statement has none."""
    begin = opening = depth = 0
    for mark in MARK.finditer(sheet):
        sign, end = mark[0], mark.end()
        if sign == "{":
            opening = opening if depth else mark.start()
            depth += 1
        elif sign == "}":
            depth -= 1
        if depth:
            continue
        if sign == "}":
            yield sheet[begin:opening], sheet[opening + 1 : end - 1]
            begin = end
        elif sign == ";" or sign.startswith("/*"):
            yield sheet[begin:end], None
            begin = end
    if depth:
        raise ValueError("A brace of the style sheet is not closed.")


def _parts(head: str) -> Iterator[str]:
    depth = begin = 0
    for position, sign in enumerate(head):
        depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(sign, 0)
        if sign == "," and not depth:
            yield head[begin:position]
            begin = position + 1
    yield head[begin:]
