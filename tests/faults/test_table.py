"""The table of faults names tests that exist, and all that are here for it."""

import ast
import re
from pathlib import Path

from django.conf import settings

ROOT = Path(settings.BASE_DIR)
TABLE = ROOT / "docs" / "faults.md"
NAME = re.compile(r"`(tests/[\w/]+\.py)::([\w:]+)`")


def names_in(path: Path) -> set[str]:
    """Return the names of a file's tests, those in classes with the class before them."""
    found = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        within = node.body if isinstance(node, ast.ClassDef) else [node]
        prefix = f"{node.name}::" if isinstance(node, ast.ClassDef) else ""
        found |= {
            prefix + each.name
            for each in within
            if isinstance(each, ast.FunctionDef) and each.name.startswith("test_")
        }
    return found


def named() -> set[tuple[str, str]]:
    return set(NAME.findall(TABLE.read_text(encoding="utf-8")))


def test_each_test_that_is_named_exists():
    missing = [
        f"{path}::{name}"
        for path, name in sorted(named())
        if not (ROOT / path).exists() or name not in names_in(ROOT / path)
    ]
    assert missing == []


def test_each_row_names_a_test():
    rows = [
        line
        for line in TABLE.read_text(encoding="utf-8").splitlines()
        if line.startswith("| ") and not line.startswith("| fault |")
    ]
    assert len(rows) > 40
    assert [row for row in rows if not NAME.search(row)] == []


def test_each_test_of_faults_has_its_row():
    here = {
        (str(path.relative_to(ROOT)), name)
        for path in (ROOT / "tests" / "faults").glob("test_*.py")
        if path != Path(__file__)
        for name in names_in(path)
    }
    assert here - named() == set()
