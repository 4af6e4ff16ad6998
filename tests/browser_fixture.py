"""The browser of the tests that use one: a single Chromium for the whole run."""

from collections.abc import Iterator

import pytest

from tools.frontend.browser import chromium_flags, chromium_path

__all__ = ["chromium"]


@pytest.fixture(scope="session")
def chromium() -> Iterator[object]:
    """Run a headless Chromium; skip where Playwright or Chromium are missing."""
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="needs the e2e dependency group (make install-e2e)"
    )
    path = chromium_path()
    if path is None:
        pytest.skip("needs Chromium (apt-get install chromium, or set CHROMIUM to its path)")
    with pytest.MonkeyPatch.context() as patch, playwright.sync_playwright() as started:
        # Playwright keeps an event loop in this thread, in which Django would refuse its database.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        browser = started.chromium.launch(executable_path=path, args=chromium_flags())
        yield browser
        browser.close()
