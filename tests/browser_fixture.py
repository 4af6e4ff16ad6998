"""The browser of the tests that use one: a single Chromium for the whole run."""

from collections.abc import Iterator

import pytest

from tests import clock
from tools.frontend.browser import chromium_flags, headless_path

__all__ = ["chromium"]


@pytest.fixture(scope="session")
def chromium() -> Iterator[object]:
    """Run a headless Chromium; skip where Playwright or Chromium are missing."""
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="needs the e2e dependency group (make install-e2e)"
    )
    path = headless_path()
    if path is None:
        pytest.skip("needs Chromium (apt-get install chromium, or set CHROMIUM to its path)")
    with pytest.MonkeyPatch.context() as patch, playwright.sync_playwright() as started:
        # Playwright keeps an event loop in this thread, in which Django would refuse its database.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        browser = started.chromium.launch(executable_path=path, args=chromium_flags())
        open_context = browser.new_context

        def open_in_time(**options: object) -> object:
            context = open_context(**options)
            clock.set_page_clock(context)
            return context

        browser.new_context = open_in_time
        yield browser
        browser.close()


def page_width(page) -> int:
    """Return how wide a page is, once its style is there: until then it may be wider."""
    page.wait_for_load_state()
    return page.evaluate("document.documentElement.scrollWidth")
