"""The running demo and a browser, for the tests that use the portal as a person does.

`make e2e` runs them. They need Chromium and the e2e dependency group, and are skipped by name
without.
"""

from collections.abc import Callable, Iterator

import pytest

from tests.database import template
from tests.e2e.operator_desk import Operator
from tools.demo.own import DemoStack, own_demo

GIVEN_UP = ("htmx:afterRequest", "htmx:sendAbort", "htmx:sendError")


@pytest.fixture(scope="session")
def demo_stack(tmp_path_factory) -> Iterator[DemoStack]:
    """Run the whole demo in a folder of its own, on free ports; end it afterwards.

    All fails if Ampcontrol got a call meanwhile that nobody may send.
    """
    folder = tmp_path_factory.mktemp("demo")
    template.copy_file(folder / "chargebook.sqlite3")
    with own_demo(folder) as stack:
        yield stack
        with Operator(stack.operator) as operator:
            assert operator.tripped() == []


@pytest.fixture(scope="module")
def session_cookies() -> dict[str, list[dict]]:
    """The cookie of the first who signed in under an e-mail, for all tabs that come later.

    Not for the whole run: a session remembers what was typed into a form and not sent.
    """
    return {}


@pytest.fixture
def open_page(chromium, demo_stack, session_cookies) -> Iterator[Callable[..., object]]:
    """Yield a function that opens a tab on the portal, signed in as `email` where one is given.

    Each tab is in a browser context of its own, with the keyword arguments as its options. The test
    fails when a page's script or style did, or when a page asked another server for something but
    the tiles of the map.
    """
    contexts = []
    troubles: list[str] = []

    def note_error(message) -> None:
        # A page that is left gives up what it asked for; htmx calls that an error.
        if message.type == "error" and not message.text.startswith(GIVEN_UP):
            troubles.append(f"console: {message.text}")

    def note_stranger(request) -> None:
        tiles = f"{demo_stack.operator}/tiles/"
        own = (f"{demo_stack.portal}/", demo_stack.live, tiles, "data:", "blob:")
        if not request.url.startswith(own):
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
            from tests.e2e.steps import come_back

            come_back(page, demo_stack.login(email), session_cookies)
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
    """Return the simulated operator; afterwards it works, and decides by itself, again."""
    with Operator(demo_stack.operator) as operator:
        yield operator
        operator.work_again()
        operator.decide_by_hand(False)
