"""Fixtures for the tests of how the portal is run."""

import socket

import pytest


@pytest.fixture
def silent_server():
    """The port of a server that accepts connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]
