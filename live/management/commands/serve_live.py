"""The process that tells open pages of changes."""

from argparse import ArgumentParser
from types import FrameType
from typing import Any

import uvicorn
from django.core.management.base import BaseCommand

from live.server import Server

# So long, after a signal, pages have to take their leave.
GRACE_SECONDS = 2


class Process(uvicorn.Server):
    """Lets pages leave when it is to end; else it would wait for them in vain."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        server: Server = self.config.app  # type: ignore[assignment]
        server.hub.end_soon()
        super().handle_exit(sig, frame)


class Command(BaseCommand):
    """Serves the stream until a signal."""

    help = "Serve the stream by which open pages hear of changes."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--bind", default="127.0.0.1:8001", metavar="HOST:PORT")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Serve; a wrong address ends it with uvicorn's words."""
        host, _, port = options["bind"].rpartition(":")
        config = uvicorn.Config(
            Server(),
            host=host,
            port=int(port),
            # The portal's own logging stays.
            log_config=None,
            access_log=False,
            lifespan="on",
            ws="none",
            server_header=False,
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
        Process(config).run()
