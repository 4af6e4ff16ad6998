"""Open pages hear of what happens, in a real browser: over the stream, and where there is none."""

import os
import signal
from contextlib import contextmanager

import pytest

from tests.e2e.steps import (
    DECISION_MS,
    MANAGER,
    expect,
    expect_status,
    open_site,
    pick_day,
    request_booking,
    starts,
    status,
)

pytestmark = pytest.mark.browser

# Without a stream a page that waits for a decision would look four times.
A_WHILE_MS = 2_000


@pytest.fixture
def waiting_page(open_page, operator):
    """Return a function that opens the page of a booking which the operator is to decide on."""
    operator.decide_by_hand(True)

    def open_waiting(day: int):
        page = open_page(MANAGER)
        page.looks = []
        page.on("request", lambda request: note_look(page, request))
        open_site(page, "Geneva Town Hall")
        pick_day(page, day)
        starts(page).first.click()
        request_booking(page, driver="Ben Okafor", reference="Live")
        expect(page.get_by_text("Received by the operator")).to_be_visible(timeout=DECISION_MS)
        expect(status(page)).to_contain_text("Requested")
        return page

    return open_waiting


def note_look(page, request):
    if "/status/" in request.url:
        page.looks.append(request.url)


@contextmanager
def standing_still(demo_stack):
    """Let the server of the stream take connections and say nothing, while the block runs."""
    pid = int((demo_stack.folder / "run" / "live").read_text())
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def test_a_page_that_waits_asks_nothing_and_shows_the_decision(waiting_page, operator):
    page = waiting_page(4)
    # What it looked at last may be on its way.
    page.wait_for_timeout(A_WHILE_MS / 4)
    page.looks.clear()
    page.wait_for_timeout(A_WHILE_MS)
    assert page.looks == []

    operator.decide_by_hand(False)
    expect_status(page, "Approved")
    assert page.looks


def test_without_the_stream_pages_look_for_themselves(waiting_page, operator, demo_stack):
    with standing_still(demo_stack):
        page = waiting_page(5)
        page.looks.clear()
        page.wait_for_timeout(A_WHILE_MS)
        assert page.looks
        operator.decide_by_hand(False)
        expect_status(page, "Approved")
