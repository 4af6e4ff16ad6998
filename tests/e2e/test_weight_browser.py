"""What pages weigh on the way: the first one with everything, and the next one."""

import pytest

from tests.e2e.steps import MANAGER

pytestmark = pytest.mark.browser

FIRST_BYTES, NEXT_BYTES = 150_000, 30_000
PAGES = ["/", "/sites/", "/bookings/", "/bookings/calendar/", "/drivers/", "/team/"]


class Scale:
    """Weighs what a tab receives from the portal; the tiles of a map are somebody else's."""

    def __init__(self, page, portal: str) -> None:
        self.bytes = 0
        self.heaviest: list[tuple[int, str]] = []
        self._portal = portal
        self._asked: dict[str, str] = {}
        protocol = page.context.new_cdp_session(page)
        protocol.on("Network.requestWillBeSent", self._note)
        protocol.on("Network.loadingFinished", self._weigh)
        protocol.send("Network.enable")

    def _note(self, event) -> None:
        self._asked[event["requestId"]] = event["request"]["url"]

    def _weigh(self, event) -> None:
        url = self._asked.get(event["requestId"], "")
        if url.startswith(self._portal):
            self.bytes += event["encodedDataLength"]
            self.heaviest.append((event["encodedDataLength"], url.removeprefix(self._portal)))

    def read(self) -> int:
        """Return what came since the last reading."""
        came, self.bytes = self.bytes, 0
        return round(came)


@pytest.mark.parametrize("address", PAGES)
def test_pages_are_light(open_page, demo_stack, address):
    page = open_page(MANAGER, viewport={"width": 1280, "height": 800})
    scale = Scale(page, demo_stack.portal)
    page.goto(address)
    page.wait_for_load_state("networkidle")
    first = scale.read()
    assert 10_000 < first <= FIRST_BYTES, sorted(scale.heaviest, reverse=True)[:6]
    scale.heaviest.clear()
    page.goto("/search/?q=depot" if address != "/search/" else "/")
    page.goto(address)
    page.wait_for_load_state("networkidle")
    assert scale.read() <= NEXT_BYTES, sorted(scale.heaviest, reverse=True)[:6]


def test_the_log_in_is_light(open_page, demo_stack):
    page = open_page()
    scale = Scale(page, demo_stack.portal)
    page.goto("/account/login/")
    page.wait_for_load_state("networkidle")
    assert 10_000 < scale.read() <= FIRST_BYTES, sorted(scale.heaviest, reverse=True)[:6]
