"""Every setting is listed wherever somebody would look for it."""

import ast
import re
from pathlib import Path

from django.conf import settings

from config.celery import app

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = ROOT / "config" / "settings.py"
WEB_SERVER = ROOT / "config" / "gunicorn.py"
COMPOSE = ROOT / "docker-compose.yml"
READERS = {
    "text",
    "boolean",
    "number",
    "words",
    "pairs",
    "web_address",
    "tile_address",
    "time_zone",
    "service_url",
    "choice",
    "color",
    "image",
}


def variables_read(path: Path) -> set[str]:
    """Return the variables that a module reads through config.env."""
    return {
        node.args[0].value
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "env"
        and node.func.attr in READERS
    }


def variables_in_example() -> list[str]:
    """Return the variables of .env.example, with a # before them or not."""
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    return re.findall(r"^#?([A-Z][A-Z0-9_]+)=", text, flags=re.MULTILINE)


def variables_of_compose() -> set[str]:
    """Return the variables that docker-compose.yml takes from outside."""
    return set(re.findall(r"\$\{([A-Z0-9_]+)", COMPOSE.read_text(encoding="utf-8")))


def test_the_example_lists_each_setting_once():
    known = variables_read(SETTINGS) | variables_read(WEB_SERVER) | variables_of_compose()

    assert sorted(variables_in_example()) == sorted(known)


def test_every_setting_has_a_comment_in_the_example():
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    uncommented = [
        line
        for before, line in zip(["", *lines], lines, strict=False)
        if re.match(r"#?[A-Z][A-Z0-9_]+=", line) and not before.strip()
    ]

    assert uncommented == []


def test_the_example_has_no_secrets():
    text = (ROOT / ".env.example").read_text(encoding="utf-8")

    for name in ("SECRET_KEY", "AMPECO_API_TOKEN", "POSTGRES_PASSWORD", "REDIS_PASSWORD"):
        assert re.search(rf"^#?{name}=$", text, flags=re.MULTILINE)


def test_the_table_lists_each_setting_once():
    text = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\|([^|]+)\|", text, flags=re.MULTILINE)
    listed = [name for row in rows for name in re.findall(r"`([A-Z][A-Z0-9_]+)`", row)]

    assert sorted(listed) == sorted(variables_in_example())


def test_every_task_that_the_settings_name_exists():
    app.loader.import_default_modules()
    scheduled = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}

    assert scheduled | settings.CELERY_TASK_ROUTES.keys() <= app.tasks.keys()
