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
# What a rule must not match, or matches as one of several, it does not ask for.
OPTIONAL = re.compile(r":(?:not|is|where)\([^()]*(?:\([^()]*\)[^()]*)*\)")
# Looks that are chosen by attributes which our pages never have.
UNUSED_ATTRIBUTE = re.compile(r"\[data-bs-theme-(?:primary|base|font|radius)[=\]]|\[dir=")
# Where a block holds rules rather than declarations.
NESTING = ("@media", "@supports", "@layer", "@container")
LOOKED_INTO = {
    "templates": ("*.html",),
    "static/js": ("*.js",),
    **dict.fromkeys(
        (
            *("accounts", "bookings", "calendars", "config", "drivers", "mirror"),
            *("notifications", "privacy", "shell", "sites", "team"),
        ),
        ("*.html", "*.py"),
    ),
}


def words_of_ours(root: Path) -> frozenset[str]:
    """Return every word that stands in our templates, scripts and modules."""
    files = (
        path
        for folder, patterns in LOOKED_INTO.items()
        for pattern in patterns
        for path in (root / folder).rglob(pattern)
    )
    return frozenset(word for path in files for word in WORD.findall(path.read_text()))


def trimmed(sheet: str, words: Set[str]) -> tuple[str, set[str]]:
    """Return a minified style sheet without the rules for other classes, and those classes."""
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
    begin = position = 0
    while position < len(sheet):
        sign = sheet[position]
        if sign == ";":
            yield sheet[begin : position + 1], None
            begin = position + 1
        elif sheet.startswith("/*", position):
            end = sheet.index("*/", position) + 2
            yield sheet[position:end], None
            begin = end
            position = end - 1
        elif sign == "{":
            end = _closing(sheet, position)
            yield sheet[begin:position], sheet[position + 1 : end]
            begin = end + 1
            position = end
        position += 1


def _closing(sheet: str, opening: int) -> int:
    """Return where the brace closes that opens there; braces in quotes do not count."""
    depth = 0
    quote = ""
    for position in range(opening, len(sheet)):
        sign = sheet[position]
        if quote:
            quote = "" if sign == quote and sheet[position - 1] != "\\" else quote
        elif sign in "\"'":
            quote = sign
        elif sign == "{":
            depth += 1
        elif sign == "}":
            depth -= 1
            if not depth:
                return position
    raise ValueError("A brace of the style sheet is not closed.")


def _parts(head: str) -> Iterator[str]:
    """Yield the selectors of a rule: parted by commas that stand in no parentheses."""
    depth = begin = 0
    for position, sign in enumerate(head):
        depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(sign, 0)
        if sign == "," and not depth:
            yield head[begin:position]
            begin = position + 1
    yield head[begin:]
