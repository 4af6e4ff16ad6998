"""The portal's settings, and the simulated operator's commands: for the demo only."""

from config.settings import *  # noqa: F403
from config.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "sandbox"]
