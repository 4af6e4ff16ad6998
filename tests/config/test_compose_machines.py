"""The files for several machines, laid over docker-compose.yml as Compose does it."""

import json
import re
from pathlib import Path

import jsonschema
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = Path(__file__).parent / "compose.schema.json"
PROCESSES = ("migrate", "web", "live", "worker", "beat")


class Reset:
    """`!reset` and `!override`: what was below is forgotten."""

    def __init__(self, value):
        self.value = value


class Loader(yaml.SafeLoader):
    """Reads Compose's own tags."""


def forget(loader, node):
    if isinstance(node, yaml.MappingNode):
        return Reset(loader.construct_mapping(node, deep=True))
    return Reset(loader.construct_sequence(node, deep=True))


for tag in ("!reset", "!override"):
    Loader.add_constructor(tag, forget)


def lay_over(below, above):
    if isinstance(above, Reset):
        return above.value
    if isinstance(below, dict) and isinstance(above, dict):
        return below | {key: lay_over(below.get(key), value) for key, value in above.items()}
    if isinstance(below, list) and isinstance(above, list) and "redis-server" not in above:
        return below + above
    return above


def machine(name):
    files = [ROOT / "docker-compose.yml", ROOT / f"docker-compose.{name}.yml"]
    # Not `safe_load`: the tags are Compose's.
    below, above = (yaml.load(file.read_text(encoding="utf-8"), Loader) for file in files)
    return lay_over(below, above)


@pytest.mark.parametrize("name", ["data", "portal"])
def test_satisfies_the_compose_specification(name):
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    jsonschema.Draft7Validator(schema).validate(machine(name))


def test_a_further_machine_needs_no_database_of_its_own():
    services = machine("portal")["services"]

    assert {name for name, service in services.items() if not service.get("profiles")} == set(
        PROCESSES
    )
    for name in PROCESSES:
        assert set(services[name].get("depends_on") or {}) <= {"migrate"}
        for variable in ("DATABASE_URL", "CELERY_BROKER_URL", "CACHE_URL"):
            assert services[name]["environment"][variable].startswith(f"${{{variable}:?")
        # All else is set as on a single machine.
        assert "SECRET_KEY" in services[name]["environment"]


def test_the_data_are_reached_over_the_private_network_and_with_a_password():
    services = machine("data")["services"]

    for name in ("web", "live", "postgres", "redis"):
        (port,) = services[name]["ports"]
        assert port.startswith("${PRIVATE_ADDRESS:?")
    password = "${REDIS_PASSWORD:?set REDIS_PASSWORD, letters and digits}"
    assert services["redis"]["command"][-2:] == ["--requirepass", password]
    for name in PROCESSES:
        for variable in ("CELERY_BROKER_URL", "CACHE_URL"):
            assert f":{password}@redis" in services[name]["environment"][variable]


@pytest.mark.parametrize("name", ["data", "portal"])
def test_files_for_machines_have_no_secret_with_a_default(name):
    text = (ROOT / f"docker-compose.{name}.yml").read_text(encoding="utf-8")

    assert re.findall(r"\$\{(?!WEB_PORT|LIVE_PORT)\w+(?!\w|:\?)", text) == []
