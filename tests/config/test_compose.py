"""docker-compose.yml, without an engine: its form, what it demands, what it passes on."""

import json
import re
from pathlib import Path

import jsonschema
import pytest
import yaml

from tests.config.test_settings_lists import SETTINGS, variables_read

ROOT = Path(__file__).resolve().parents[2]
# The Compose Specification's own schema, Apache 2.0.
SCHEMA = Path(__file__).parent / "compose.schema.json"
SET_BY_COMPOSE = {"DATABASE_URL", "CELERY_BROKER_URL", "CACHE_URL", "DEBUG"}
SECRETS = ("SECRET_KEY", "AMPECO_API_TOKEN", "POSTGRES_PASSWORD", "REDIS_PASSWORD", "EMAIL_URL")
PORTAL = ("migrate", "web", "live", "worker", "beat")


@pytest.fixture(scope="module")
def compose():
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))


def test_satisfies_the_compose_specification(compose):
    jsonschema.Draft7Validator(json.loads(SCHEMA.read_text(encoding="utf-8"))).validate(compose)


def test_has_every_part(compose):
    assert set(compose["services"]) == {*PORTAL, "postgres", "redis"}


@pytest.mark.parametrize("name", SECRETS)
def test_secrets_are_demanded_and_have_no_default(name):
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    uses = re.findall(rf"\$\{{{name}([^}}]*)", text)

    assert uses
    assert all(use.startswith(":?") and len(use) > 2 for use in uses)


@pytest.mark.parametrize("service", PORTAL)
def test_every_setting_reaches_the_portal(compose, service):
    given = compose["services"][service]["environment"]

    assert variables_read(SETTINGS) - set(given) == set()
    for name in variables_read(SETTINGS) - SET_BY_COMPOSE:
        assert f"${{{name}" in given[name]


def test_what_is_waited_for_exists_and_can_be_waited_for(compose):
    services = compose["services"]
    for service in services.values():
        for name, wish in service.get("depends_on", {}).items():
            if wish["condition"] == "service_healthy":
                assert "healthcheck" in services[name]
            else:
                assert services[name]["restart"] == "no"


@pytest.mark.parametrize("service", ["web", "live", "worker", "beat", "postgres", "redis"])
def test_what_keeps_running_is_watched_and_restarted(compose, service):
    assert compose["services"][service]["restart"] == "unless-stopped"
    assert "test" in compose["services"][service]["healthcheck"]


def test_named_volumes_are_declared(compose):
    used = {
        volume.partition(":")[0]
        for service in compose["services"].values()
        for volume in service.get("volumes", [])
    }

    assert used == set(compose["volumes"])


def test_only_what_serves_pages_is_published_and_on_loopback_only(compose):
    published = {
        name: service["ports"]
        for name, service in compose["services"].items()
        if "ports" in service
    }

    assert list(published) == ["web", "live"]
    assert all(port.startswith("127.0.0.1:") for ports in published.values() for port in ports)


def test_the_image_runs_as_somebody_else_than_root():
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    users = [line.split()[1] for line in lines if line.startswith("USER ")]

    assert users
    assert users[-1] not in {"root", "0"}


@pytest.mark.parametrize("service", [*PORTAL, "postgres", "redis"])
def test_no_process_has_more_rights_than_it_needs(compose, service):
    given = compose["services"][service]

    assert given["read_only"] is True
    assert given["cap_drop"] == ["ALL"]
    assert given["security_opt"] == ["no-new-privileges:true"]
    assert given["mem_limit"]
    assert given["pids_limit"] > 0
    assert "/tmp" in given["tmpfs"]
    if service not in PORTAL:  # the Dockerfile names theirs
        assert given["user"] == service


def test_postgresql_keeps_a_quarter_of_its_memory_for_tables(compose):
    program, *words = compose["services"]["postgres"]["command"]
    options = dict(word.split("=") for word in words if word != "-c")

    assert program == "postgres"
    assert words[::2] == ["-c"] * len(options)
    assert compose["services"]["postgres"]["mem_limit"] == "2g"
    assert options["shared_buffers"] == "512MB"
    assert options["effective_cache_size"] == "1536MB"


def test_redis_wants_the_password_that_the_portal_has(compose):
    password = "${REDIS_PASSWORD:?set REDIS_PASSWORD, letters and digits}"

    assert compose["services"]["redis"]["command"][-2:] == ["--requirepass", password]
    for service in PORTAL:
        for variable in ("CELERY_BROKER_URL", "CACHE_URL"):
            assert f"://:{password}@" in compose["services"][service]["environment"][variable]
