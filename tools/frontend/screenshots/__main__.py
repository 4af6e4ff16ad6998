"""`make screenshots`: the pictures in docs/screenshots, taken from demos of their own."""

import sys
import tempfile
from pathlib import Path

from tools.demo.own import own_demo
from tools.frontend.browser import chromium_flags, chromium_path
from tools.frontend.screenshots import bookings, month
from tools.frontend.screenshots.steps import FOLDER

try:
    from playwright.sync_api import sync_playwright
except ImportError:
    sys.exit("Playwright is not installed: run `make install-e2e`.")


def main() -> int:
    path = chromium_path()
    if path is None:
        print("There is no Chromium: install it, or set CHROMIUM to its path.", file=sys.stderr)
        return 1
    FOLDER.mkdir(parents=True, exist_ok=True)
    for pictures, with_bookings in ((bookings, False), (month, True)):
        with (
            tempfile.TemporaryDirectory(prefix="chargebook-") as folder,
            own_demo(Path(folder), bookings=with_bookings) as stack,
            sync_playwright() as playwright,
        ):
            browser = playwright.chromium.launch(executable_path=path, args=chromium_flags())
            pictures.take_pictures(browser, stack)
            browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
