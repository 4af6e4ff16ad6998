"""A real mail server that can refuse, be away, or fall silent after it has taken a mail."""

import asyncio
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Literal

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from sandbox.desk.mailbox import Mailbox, serve_smtp
from tools.chaos.books.kept import Mail
from tools.services.ports import LOOPBACK

Mood = Literal["well", "refuses", "cuts"]


class MoodyMailbox(Mailbox):
    """Keeps what it gets, and answers as its mood is."""

    mood: Mood = "well"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Take a mail, refuse it for now, or take it and never say so."""
        if self.mood == "refuses":
            return "451 Try again later"
        answer = await super().handle_DATA(server, session, envelope)
        if self.mood == "cuts" and isinstance(server.transport, asyncio.WriteTransport):
            server.transport.abort()
        return answer


class PostOffice:
    """The mail server on a port of its own: open, or away."""

    def __init__(self, folder: Path, *, port: int) -> None:
        self.mailbox = MoodyMailbox(folder)
        self._port = port
        self._controller: Controller | None = None
        self.open()

    def open(self) -> None:
        self.mailbox.mood = "well"
        if self._controller is None:
            self._controller = serve_smtp(self.mailbox, host=LOOPBACK, port=self._port)

    def close(self) -> None:
        if self._controller is not None:
            self._controller.stop()
            self._controller = None

    def mails(self) -> list[Mail]:
        found = []
        for path in sorted(self.mailbox.folder.glob("*.eml")):
            message = message_from_bytes(path.read_bytes(), policy=default)
            found.append(Mail(str(message["Message-ID"]).strip("<>").split("@")[0], message["To"]))
        return found
