"""The simulated operator as a process: `python -m sandbox` and `manage.py sandbox`."""

import os
import signal
import smtplib
import subprocess
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

import httpx
import pytest

from sandbox.server import add_arguments, world_from
from sandbox.world.cast import ANA
from tests.sandbox.conftest import REQUESTS, TOKEN
from tools.services.ports import free_port

ROOT = Path(__file__).resolve().parent.parent.parent
STARTS = {"module": ["-m", "sandbox"], "manage.py": ["manage.py", "sandbox"]}


class Operator:
    """A process of the simulated operator, and a client for it."""

    def __init__(self, *options: str, start: str = "module") -> None:
        self.process = subprocess.Popen(
            [sys.executable, *STARTS[start], "--port", "0", "--token", TOKEN, *options],
            cwd=ROOT,
            env={**os.environ, "DJANGO_SETTINGS_MODULE": "tools.demo.settings"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.greeting = self.process.stdout.readline()
        self.http = httpx.Client(
            base_url=self.greeting.split()[-1] if self.greeting else "http://127.0.0.1:1",
            headers={"Authorization": f"Bearer {TOKEN}"},
        )

    def end(self, *signals: int) -> tuple[int, str]:
        """Send signals, and return the status and what was complained of."""
        for number in signals:
            self.process.send_signal(number)
        _, complaints = self.process.communicate(timeout=20)
        self.http.close()
        return self.process.returncode, complaints


@pytest.fixture
def operators() -> Iterator[list[Operator]]:
    """Processes that are gone after the test, whatever happens in it."""
    started: list[Operator] = []
    yield started
    for each in started:
        if each.process.poll() is None:
            each.end(signal.SIGKILL)


@pytest.fixture
def run(operators):
    def run(*options: str, start: str = "module") -> Operator:
        operators.append(Operator(*options, start=start))
        return operators[-1]

    return run


@pytest.mark.parametrize(
    ("start", "signals"),
    [
        ("module", (signal.SIGINT,)),
        ("module", (signal.SIGTERM,)),
        ("module", (signal.SIGINT, signal.SIGTERM)),
        ("manage.py", (signal.SIGINT,)),
        ("manage.py", (signal.SIGTERM,)),
    ],
)
def test_serves_until_it_is_told_to_stop(run, start, signals):
    operator = run(start=start)
    assert operator.greeting.startswith("Simulated operator: 41 sites, ")
    assert operator.http.get("/").status_code == 200
    assert operator.http.get(REQUESTS).json()["data"] == []
    assert operator.end(*signals) == (0, "")


def test_stops_with_mail_server_and_open_connections(run, tmp_path):
    port = free_port()
    operator = run("--smtp-port", str(port), "--mail-dir", str(tmp_path))
    operator.http.post("/control/faults", json={"kind": "latency", "seconds": 30})
    with smtplib.SMTP("127.0.0.1", port) as smtp:
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = "a@x.example", "b@x.example", "Hello"
        mail.set_content("Hello there.")
        smtp.send_message(mail)
    assert "Hello" in operator.http.get("/mail").text
    with pytest.raises(httpx.ReadTimeout):
        operator.http.get(REQUESTS, timeout=0.05)
    assert operator.end(signal.SIGTERM) == (0, "")


def body() -> dict:
    return {
        "type": "create",
        "userId": ANA.id,
        "locationId": 101,
        "startAt": "2099-01-01T10:00:00Z",
        "endAt": "2099-01-01T11:00:00Z",
    }


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_what_was_asked_survives(run, tmp_path, how):
    options = ("--state", str(tmp_path / "deep" / "operator.json"), "--manual")
    first = run(*options)
    asked = first.http.post(REQUESTS, json=body()).json()["data"]
    first.end(how)
    second = run(*options)
    assert second.http.get(f"{REQUESTS}/{asked['id']}").json()["data"] == asked
    assert second.http.post(REQUESTS, json=body()).json()["data"]["id"] == asked["id"] + 1
    second.end(signal.SIGTERM)
    third = run(*options, "--reset")
    assert third.http.get(REQUESTS).json()["data"] == []


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (("--fault", "sabotage"), "sabotage is not one of latency"),
        (("--shape", "4"), "invalid choice"),
        (("--state", "pyproject.toml"), "Start with --reset to forget it"),
    ],
)
def test_refuses_what_makes_no_sense(run, options, complaint):
    status, complaints = run(*options).end()
    assert status != 0
    assert complaint in complaints
    assert "Traceback" not in complaints


@pytest.mark.parametrize("option", ["--port", "--smtp-port"])
def test_port_in_use(run, tmp_path, option):
    taken = run("--smtp-port", str(port := free_port()), "--mail-dir", str(tmp_path))
    if option == "--port":
        port = httpx.URL(taken.greeting.split()[-1]).port
    status, complaints = run(option, str(port), "--mail-dir", str(tmp_path)).end()
    assert status == 1
    assert "Traceback" not in complaints
    assert str(port) in complaints


class TestOptions:
    def world(self, *words: str):
        parser = ArgumentParser()
        add_arguments(parser)
        return world_from(parser.parse_args(words))

    def test_defaults(self):
        world = self.world()
        assert (world.decision_delay, world.manual, world.shape) == (4, False, "3.110")
        assert (world.rate_limit, world.faults.active) == (None, [])

    def test_all(self):
        world = self.world(
            *("--locations", "4", "--charge-points", "6", "--evses", "9", "--users", "3"),
            *("--decision-delay", "0.5", "--manual", "--shape", "3.108", "--no-evse-list"),
            *("--rate-limit", "60", "--fault", "latency,seconds=2", "--fault", "cut-after,count=1"),
        )
        sizes = (world.locations, world.charge_points, world.evses)
        assert [len(each) for each in sizes] == [4, 6, 9]
        assert len([each for each in world.users.values() if each.id >= 100_000]) == 3
        assert (world.decision_delay, world.manual, world.shape) == (0.5, True, "3.108")
        assert (world.evse_list_forbidden, world.rate_limit) == (True, 60)
        assert [each.kind for each in world.faults.active] == ["latency", "cut-after"]

    def test_an_option_wins_over_what_is_remembered(self, tmp_path):
        state = ("--state", str(tmp_path / "state"))
        world = self.world(*state, "--decision-delay", "9")
        world.manual = True
        world.save()
        again = self.world(*state)
        assert (again.decision_delay, again.manual) == (9, True)
        assert self.world(*state, "--decision-delay", "1").decision_delay == 1

    def test_others_go_on_booking(self, tmp_path):
        state = ("--state", str(tmp_path / "state"))
        world = self.world(*state)
        known = dict(world.bookings)
        assert self.world(*state).bookings == known
        world.clock.advance(timedelta(days=7))
        world.save()
        again = self.world(*state)
        assert {pk: again.bookings[pk] for pk in known} == known
        ahead = [each for each in again.bookings.values() if each.start_at > again.clock.now()]
        assert len(ahead) > len(known) / 2
        assert len({each.id for each in again.bookings.values()}) == len(again.bookings)
