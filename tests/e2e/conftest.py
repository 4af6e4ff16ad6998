"""The running demo and a browser, for the tests that use the portal as a person does.

`make e2e` runs them. They need Chromium and the e2e dependency group, and are skipped by name
without.
"""

from collections.abc import Callable, Iterator

import httpx
import pytest

from tests.database import template
from tests.e2e.operator_desk import Operator
from tests.e2e.reading import sign_in
from tools.demo.own import DemoStack, own_demo

# In seconds, instead of the demo's four: tests that look at a request that waits decide by hand.
DECIDED_AFTER = 0.5
GIVEN_UP = ("htmx:afterRequest", "htmx:sendAbort", "htmx:sendError")


@pytest.fixture(scope="session")
def demo_stack(tmp_path_factory) -> Iterator[DemoStack]:
    """Run the whole demo in a folder of its own, on free ports; end it afterwards.

    All fails if Ampcontrol got a call meanwhile that nobody may send.
    """
    folder = tmp_path_factory.mktemp("demo")
    template.copy_file(folder / "chargebook.sqlite3")
    with own_demo(folder) as stack, Operator(stack.operator) as operator:
        operator.decide_after(DECIDED_AFTER)
        yield stack
        assert operator.tripped() == []


@pytest.fixture(scope="session")
def session_cookie(demo_stack) -> Iterator[Callable[[str], dict[str, str]]]:
    """Yield a function that returns the cookie of somebody, who signs in once for all tabs.

    Again where a test has ended the session.
    """
    clients: dict[str, httpx.Client] = {}

    def new_client() -> httpx.Client:
        return httpx.Client(base_url=demo_stack.portal, follow_redirects=True, timeout=30)

    def cookie_of(email: str) -> dict[str, str]:
        client = clients.setdefault(email, new_client())
        if not client.get("/account/person/").text:
            client.cookies.clear()
            sign_in(client, demo_stack.login(email))
        value = client.cookies["sessionid"]
        return {"name": "sessionid", "value": value, "url": demo_stack.portal}

    yield cookie_of
    for client in clients.values():
        client.close()


@pytest.fixture
def open_page(chromium, demo_stack, session_cookie) -> Iterator[Callable[..., object]]:
    """Yield a function that opens an empty tab, signed in as `email` where one is given.

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
        if email:
            # As a browser in which they have been here before.
            zone = {"name": "viewer_tz", "value": settings["timezone_id"], "url": demo_stack.portal}
            context.add_cookies([session_cookie(email), zone])
        page = context.new_page()
        page.on("pageerror", lambda error: troubles.append(f"script: {error}"))
        page.on("console", note_error)
        page.on("request", note_stranger)
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
