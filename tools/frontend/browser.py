"""Where Chromium is on this machine, and how to start it."""

import os
import shutil

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
    named = os.environ.get("CHROMIUM")
    return named or next(filter(None, map(shutil.which, NAMES)), None)


def chromium_flags() -> list[str]:
    """Return the arguments for a headless Chromium; root cannot have Chromium's sandbox."""
    return [*FLAGS, "--no-sandbox"] if os.getuid() == 0 else list(FLAGS)
