"""An operator that answers only what a test tells it to."""

from tests.scripted_operator import *  # noqa: F403
from tests.telemetry.conftest import _counted_from_zero, counted  # noqa: F401
