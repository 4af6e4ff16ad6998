"""What the suite makes of tests that fail."""

import pytest

from tools import suite

# Fails as often as it says, then passes.
TIMES = """
from pathlib import Path

def test_{name}():
    runs = Path("{name}.runs")
    runs.write_text(runs.read_text() + "x" if runs.exists() else "x")
    assert len(runs.read_text()) > {times}
"""


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Return a function that writes tests into a folder of their own, and the suite is there."""
    monkeypatch.setattr(suite, "ROOT", tmp_path)
    monkeypatch.setenv("CI", "true")
    for name in ("PYTEST_PLUGINS", "PYTEST_XDIST_WORKER", "PYTEST_ADDOPTS"):
        monkeypatch.delenv(name, raising=False)

    def write(**failures: int) -> None:
        for name, times in failures.items():
            text = TIMES.format(name=name, times=times)
            (tmp_path / f"test_{name}.py").write_text(text)

    return write


@pytest.mark.parametrize(
    ("failures", "status", "runs"),
    [
        ({"fine": 0}, 0, 1),
        ({"fine": 0, "met": 1}, 0, 1),
        ({"broken": 9}, 1, 2),
        (dict.fromkeys(("a", "b", "c", "d"), 1), 1, 1),
    ],
)
def test_few_failures_are_tried_by_themselves(write, tmp_path, failures, status, runs):
    write(**failures)

    assert suite.pytest("-q", "-p", "no:django") == status

    name = next(iter(failures))
    assert len((tmp_path / f"{name}.runs").read_text()) == runs


def test_at_home_a_failure_is_one(write, tmp_path, monkeypatch):
    monkeypatch.delenv("CI")
    write(met=1)

    assert suite.pytest("-q", "-p", "no:django") == suite.FAILED
