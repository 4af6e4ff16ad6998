"""The tests' settings, with one room more."""

from tests.settings import *  # noqa: F403

INSTALLED_APPS = [*INSTALLED_APPS, "tests.deploy.another_room"]  # noqa: F405
