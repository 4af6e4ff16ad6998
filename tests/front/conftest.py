"""Fixtures of the front-end's tests."""

import pytest
from django.test import override_settings


@pytest.fixture(autouse=True, scope="session")
def _no_collected_files():
    """Let WhiteNoise start without the folder that collectstatic makes."""
    with override_settings(WHITENOISE_AUTOREFRESH=True):
        yield
