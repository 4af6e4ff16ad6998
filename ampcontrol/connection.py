"""The connection to Ampcontrol: the one client a process has."""

from django.conf import settings

from ampcontrol.client import AmpcontrolClient

_client: AmpcontrolClient | None = None


def is_on() -> bool:
    """Return whether the operator has Ampcontrol, by the settings; else nothing of it is shown."""
    return bool(settings.AMPCONTROL_BASE_URL)


def get_client() -> AmpcontrolClient:
    """Return the process's client, whose pauses all processes share through the cache."""
    assert _client is not None
    return _client


def set_client(client: AmpcontrolClient | None) -> None:
    """Make `get_client` return this client, for tests; None goes back to the settings."""
    global _client
    _client = client
