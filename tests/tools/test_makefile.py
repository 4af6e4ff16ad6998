"""The targets that people type."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def targets() -> set[str]:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    return set(re.findall(r"^([a-z0-9-]+):", text, flags=re.MULTILINE))


def test_make_alone_lists_every_target_with_a_line():
    listed = subprocess.run(
        ["make", "--no-print-directory"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()

    assert {line.split()[1] for line in listed} == targets()
    assert all(len(line.split()) > 3 for line in listed)


def test_no_target_is_mistaken_for_a_file():
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = re.search(r"^\.PHONY: (.*)$", text, flags=re.MULTILINE)

    assert set(phony[1].split()) == targets()


def test_ci_runs_targets_that_exist():
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    lines = re.findall(r"^(?:stage|begin \w+) make ([a-z0-9 -]+)", script, flags=re.MULTILINE)
    run = {target for line in lines for target in line.split()}

    wanted = {"test", "lint", "types", "check-migrations", "chaos", "test-sqlite", "e2e"}
    assert wanted <= run <= targets()


def test_ci_waits_for_all_that_it_begins():
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    begun = re.findall(r"^begin (\w+) ", script, flags=re.MULTILINE)
    ended = re.findall(r"^stage end (\w+)$", script, flags=re.MULTILINE)

    assert len(begun) > 1
    assert sorted(begun) == sorted(ended)


def test_the_shell_scripts_are_well_formed():
    subprocess.run(["sh", "-n", str(ROOT / "tools" / "install.sh")], check=True)
    subprocess.run(["bash", "-n", str(ROOT / ".ci" / "run")], check=True)
