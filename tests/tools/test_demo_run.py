"""What the demo prepares before it runs."""

import os

import pytest

from tools.demo.run import collect_static_files, static_files_are_current

LONG_AGO = 1_000_000_000


@pytest.fixture
def root(tmp_path):
    """A clone in which static files were never collected."""
    for name in ("uv.lock", "static/css/own.css", "room/static/room.js"):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
        os.utime(file, (LONG_AGO, LONG_AGO))
        os.utime(file.parent, (LONG_AGO, LONG_AGO))
    return tmp_path


@pytest.fixture
def collect(root):
    """A function that collects static files, or is interrupted on the way; it counts its runs."""
    runs = []

    def collect(*, goes_well: bool = True) -> bool:
        def run_command(name: str) -> bool:
            runs.append(name)
            # As Django does: the manifest is there before all files are.
            manifest = root / "var" / "static" / "staticfiles.json"
            manifest.parent.mkdir(parents=True, exist_ok=True)
            manifest.touch()
            return goes_well

        return collect_static_files(run_command, root)

    collect.runs = runs
    return collect


def test_static_files_are_collected_once(root, collect):
    assert not static_files_are_current(root)
    assert collect()
    assert static_files_are_current(root)
    assert collect()
    assert collect.runs == ["collectstatic"]


def test_what_was_interrupted_is_collected_again(root, collect):
    assert not collect(goes_well=False)
    assert not static_files_are_current(root)
    assert collect()
    assert len(collect.runs) == 2


def test_what_is_interrupted_later_does_not_count_as_whole(root, collect):
    assert collect()
    (root / "static" / "css" / "own.css").touch()
    assert not collect(goes_well=False)
    assert not static_files_are_current(root)


def test_a_file_that_changed_is_collected_again(root, collect):
    assert collect()
    (root / "room" / "static" / "room.js").touch()
    assert not static_files_are_current(root)
