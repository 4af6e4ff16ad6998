"""An operator that answers only what a test tells it to."""

from tests.scripted_operator import *  # noqa: F403
