"""Where Chromium is on this machine, and how to start it."""

import os
import shutil

# Chromium without what only people need: windows, tabs, a picture that is drawn again and again. It
# shows pages as Chromium does, in half the time.
SHELL_NAMES = ("chromium-headless-shell", "chrome-headless-shell")
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# It shall not look for updates, nor for anything else on the network, by itself.
FLAGS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def chromium_path() -> str | None:
    return _first_of(NAMES)


def headless_path() -> str | None:
    """Return where the quickest Chromium is that has no window: for tests, not for measuring."""
    return _first_of((*SHELL_NAMES, *NAMES))


def _first_of(names: tuple[str, ...]) -> str | None:
    named = os.environ.get("CHROMIUM")
    return named or next(filter(None, map(shutil.which, names)), None)


def chromium_flags() -> list[str]:
    """Return the arguments for a headless Chromium; root cannot have Chromium's sandbox."""
    return [*FLAGS, "--no-sandbox"] if os.getuid() == 0 else list(FLAGS)
