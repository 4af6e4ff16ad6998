"""Where the demo listens and what it keeps."""

import json
import socket
from urllib.parse import urlsplit

import pytest

from tests.config.own_redis import own_database
from tools.demo import reset
from tools.demo import stack as demo_stack
from tools.demo.lock import DemoRunning, demo_lock
from tools.demo.stack import PortTaken, choose_ports, make_stack, read_secrets


@pytest.fixture
def taken_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def stack(tmp_path):
    return make_stack(
        tmp_path, dict(zip(demo_stack.DEFAULT_PORTS, range(41001, 41006), strict=True))
    )


def test_a_default_port_that_is_taken_gives_way_and_says_so(monkeypatch, taken_port):
    monkeypatch.setitem(demo_stack.DEFAULT_PORTS, "DEMO_WEB_PORT", taken_port)

    ports, remarks = choose_ports({})

    assert ports["DEMO_WEB_PORT"] != taken_port
    assert any(str(taken_port) in remark and "DEMO_WEB_PORT" in remark for remark in remarks)


def test_a_port_that_was_asked_for_never_gives_way(taken_port):
    with pytest.raises(PortTaken, match=f"Port {taken_port} is in use: set DEMO_WEB_PORT"):
        choose_ports({"DEMO_WEB_PORT": str(taken_port)})


@pytest.mark.parametrize("asked", ["0", "70000", "web", "-1"])
def test_a_port_that_is_none_is_refused(asked):
    with pytest.raises(PortTaken, match="DEMO_MAIL_PORT must be a port"):
        choose_ports({"DEMO_MAIL_PORT": asked})


def test_two_servers_never_get_the_same_port(monkeypatch):
    monkeypatch.setattr(demo_stack, "is_free", lambda port: port >= 41_000)
    same = dict.fromkeys(demo_stack.DEFAULT_PORTS, 41_000)
    monkeypatch.setattr(demo_stack, "DEFAULT_PORTS", same)

    ports, _ = choose_ports({})

    assert sorted(ports.values()) == [41_000, 41_001, 41_002, 41_003, 41_004]


def test_secrets_are_made_once_and_readable_by_their_owner_only(tmp_path):
    first = read_secrets(tmp_path)

    assert read_secrets(tmp_path) == first
    assert (tmp_path / "secrets.json").stat().st_mode & 0o077 == 0
    assert read_secrets_elsewhere(tmp_path) != first


def read_secrets_elsewhere(folder):
    (folder / "other").mkdir()
    return read_secrets(folder / "other")


def test_everything_points_at_loopback_and_at_its_own_folder(stack, tmp_path):
    environment = stack.environment()

    for name in ("SITE_URL", "AMPECO_BASE_URL", "CACHE_URL", "CELERY_BROKER_URL", "EMAIL_URL"):
        assert urlsplit(environment[name]).hostname == "127.0.0.1"
    assert environment["DATABASE_URL"] == f"sqlite:///{tmp_path}/chargebook.sqlite3"
    assert environment["CHARGEBOOK_DEMO"] == "1"


def test_only_one_demo_runs_in_a_folder(tmp_path):
    with (
        demo_lock(tmp_path, note="It is at http://127.0.0.1:8000."),
        pytest.raises(DemoRunning, match=r"running already\. It is at http://127\.0\.0\.1:8000"),
        demo_lock(tmp_path),
    ):
        pass


def test_reset_forgets_everything_unless_a_demo_runs(tmp_path, monkeypatch, capsys):
    folder = tmp_path / "demo"
    monkeypatch.setenv("DEMO_DIR", str(folder))
    with demo_lock(folder):
        (folder / "chargebook.sqlite3").touch()

        assert reset.main() == 1
        assert (folder / "chargebook.sqlite3").exists()
    assert "Stop it first" in capsys.readouterr().err

    assert reset.main() == 0
    assert not folder.exists()
    assert reset.main() == 0


@pytest.mark.parametrize(
    ("url", "worker", "expected"),
    [
        ("redis://127.0.0.1:6379/1", "", "redis://127.0.0.1:6379/1"),
        ("redis://127.0.0.1:6379/1", "gw0", "redis://127.0.0.1:6379/1"),
        ("redis://127.0.0.1:6379/1", "gw2", "redis://127.0.0.1:6379/5"),
        ("locmem://", "gw1", "locmem://"),
    ],
)
def test_parallel_test_processes_have_their_own_redis_database(url, worker, expected):
    assert own_database(url, worker) == expected


def test_a_demo_of_before_gets_the_secrets_that_it_lacks(tmp_path):
    first = read_secrets(tmp_path)
    kept = {name: value for name, value in first.items() if name != "valkey_password"}
    (tmp_path / "secrets.json").write_text(json.dumps(kept))
    again = read_secrets(tmp_path)
    assert {**again, "valkey_password": ""} == {**first, "valkey_password": ""}
    assert len(again["valkey_password"]) > 32


def test_its_valkey_wants_a_password_that_no_list_of_processes_shows(stack):
    words = stack.processes()["valkey"]
    assert stack.valkey_password not in words
    file = stack.folder / "valkey" / "valkey.conf"
    assert file.read_text() == f"requirepass {stack.valkey_password}\n"
    assert file.stat().st_mode & 0o077 == 0
    assert urlsplit(stack.environment()["CACHE_URL"]).password == stack.valkey_password
