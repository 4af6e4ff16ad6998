"""The connection to Ampcontrol: the one client a process has."""

from ampcontrol.client import AmpcontrolClient


def is_on() -> bool:
    """Return whether the operator has Ampcontrol, by the settings; else nothing of it is shown."""
    raise NotImplementedError


def get_client() -> AmpcontrolClient:
    """Return the process's client, whose pauses all processes share through the cache."""
    raise NotImplementedError


def set_client(client: AmpcontrolClient | None) -> None:
    """Make `get_client` return this client, for tests; None goes back to the settings."""
    raise NotImplementedError
