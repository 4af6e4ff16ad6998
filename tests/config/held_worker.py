"""The portal's Celery application, with a task that lasts as long as a test wants."""

import socket

from config.celery import app

__all__ = ["app"]


@app.task(name="tests.hold")
def hold(port: int) -> None:
    """Connect to a test and end when it hangs up."""
    with socket.create_connection(("127.0.0.1", port)) as line:
        line.recv(1)
