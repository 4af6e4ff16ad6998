"""How many processes the web server starts by itself."""

import os
import subprocess
import sys

import pytest
from django.conf import settings

from config.cores import cores


@pytest.mark.parametrize(
    ("limit", "expected"),
    [("100000 100000", 1), ("50000 100000", 1), ("6400000 100000", None), ("max 100000", None)],
)
def test_a_containers_limit_counts(tmp_path, limit, expected):
    file = tmp_path / "cpu.max"
    file.write_text(limit)
    assert cores(file) == (expected or cores(tmp_path / "none"))


def test_there_is_at_least_one_core(tmp_path):
    assert 1 <= cores(tmp_path / "none") <= (os.cpu_count() or 1)


@pytest.mark.parametrize("asked", ["", "7"])
def test_the_web_server_uses_the_cores_unless_it_is_told_otherwise(asked):
    words = "from config import gunicorn; print(gunicorn.workers, gunicorn.threads)"
    said = subprocess.run(
        [sys.executable, "-c", words],
        cwd=settings.BASE_DIR,
        env={"PATH": os.environ["PATH"], "WEB_CONCURRENCY": asked, "WEB_THREADS": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    by_itself = max(2, min(cores(), 6))
    assert said.stdout.split() == [asked or str(by_itself), "4"]
