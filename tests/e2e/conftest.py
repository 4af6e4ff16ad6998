"""The running demo and a browser, for the tests that use the portal as a person does.

`make e2e` runs them. They need Chromium and the e2e dependency group, and are skipped by name
without.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from scripts.browser import chromium_flags, chromium_path
from scripts.demo_stack import DEFAULT_PORTS, ROOT
from scripts.ports import free_port, wait_until
from tests.e2e.operator_desk import Operator

START_SECONDS = 120
STOP_SECONDS = 20


@dataclass(frozen=True)
class DemoStack:
    """A demo that runs: addresses without a slash at their end, and who may log in."""

    portal: str
    operator: str
    logins: list[dict[str, str]]
    folder: Path

    def login(self, email: str) -> dict[str, str]:
        """Return the e-mail and password of one who may log in."""
        return next(login for login in self.logins if login["email"] == email)


def is_ready(portal: str) -> bool:
    """Return whether the portal says that it is ready."""
    try:
        with urlopen(f"{portal}/health/ready", timeout=5) as answer:
            return answer.status == 200
    except (URLError, OSError):
        return False


@pytest.fixture(scope="session")
def demo_stack(tmp_path_factory) -> Iterator[DemoStack]:
    """Run the whole demo in a folder of its own, on free ports; end it afterwards."""
    folder = tmp_path_factory.mktemp("demo")
    ports = {name: str(free_port()) for name in DEFAULT_PORTS}
    portal = f"http://127.0.0.1:{ports['DEMO_WEB_PORT']}"
    # The demo has settings of its own: not those that tests/settings.py put into our environment.
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in {"DJANGO_SETTINGS_MODULE", "DJANGO_ALLOW_ASYNC_UNSAFE"}
    }
    log = folder / "demo.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "scripts.demo"],
            cwd=ROOT,
            env={**environment, **ports, "DEMO_DIR": str(folder)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    ready_file = folder / "ready.json"
    try:
        wait_until(
            lambda: process.poll() is not None or (ready_file.exists() and is_ready(portal)),
            seconds=START_SECONDS,
        )
        if process.poll() is not None or not ready_file.exists():
            pytest.fail(f"The demo did not start:\n{log.read_text()}", pytrace=False)
        facts = json.loads(ready_file.read_text())
        yield DemoStack(facts["portal"], facts["operator"], facts["logins"], folder)
    finally:
        process.send_signal(signal.SIGTERM)
        status = process.wait(timeout=STOP_SECONDS)
    assert status == 0, log.read_text()


@pytest.fixture(scope="module")
def chromium() -> Iterator[object]:
    """Run a headless Chromium; skip where Playwright or Chromium are missing.

    Not for the whole session: while Playwright runs, Django refuses to use the database here.
    """
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="needs the e2e dependency group (make install-e2e)"
    )
    path = chromium_path()
    if path is None:
        pytest.skip("needs Chromium (apt-get install chromium, or set CHROMIUM to its path)")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=path, args=chromium_flags())
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium, demo_stack) -> Iterator[Callable[..., object]]:
    """Yield a function that opens a tab on the portal, signed in as `email` where one is given.

    Each tab is in a browser context of its own, with the keyword arguments as its options. The test
    fails when a page's script or style did, or when a page asked another server for something.
    """
    contexts = []
    troubles: list[str] = []

    def note_error(message) -> None:
        if message.type == "error":
            troubles.append(f"console: {message.text}")

    def note_stranger(request) -> None:
        if not request.url.startswith((f"{demo_stack.portal}/", "data:", "blob:")):
            troubles.append(f"another server: {request.url}")

    def open_tab(email: str | None = None, **options: object) -> object:
        settings = {"locale": "en-GB", "timezone_id": "Europe/Dublin", **options}
        context = chromium.new_context(base_url=demo_stack.portal, **settings)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: troubles.append(f"script: {error}"))
        page.on("console", note_error)
        page.on("request", note_stranger)
        if email:
            # Not at the top: the tests without a browser use this file too.
            from tests.e2e.steps import sign_in

            sign_in(page, demo_stack.login(email))
        return page

    yield open_tab
    for context in contexts:
        context.close()
    assert troubles == []


@pytest.fixture
def page(open_page):
    """Return an empty tab on the portal."""
    return open_page()


@pytest.fixture
def operator(demo_stack) -> Iterator[Operator]:
    """Return the simulated operator; afterwards it decides by itself again."""
    with Operator(demo_stack.operator) as operator:
        yield operator
        operator.decide_by_hand(False)
