"""A small operator, mirrored, and workers run by hand."""

from tests.small_operator import *  # noqa: F403
from tests.small_operator import operator_world  # noqa: F401
