"""A mail server on loopback that keeps what it is sent, for tests that send over real SMTP.

A test module gets the fixture by `pytest_plugins = ["tests.smtp_sink"]`.
"""

import asyncio
import email
import email.policy
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage

import pytest
from aiosmtpd.controller import Controller

HOST = "127.0.0.1"


@dataclass
class Received:
    """One mail as the server got it: the envelope and what was in it."""

    sender: str
    recipients: list[str]
    raw: bytes
    message: EmailMessage


@dataclass
class SmtpSink:
    """The mail server. What is set on it holds for the next commands it gets."""

    port: int = 0
    received: list[Received] = field(default_factory=list)
    sessions: int = 0
    # Answers instead of “250 OK”: to RCPT by address, to DATA one after the other.
    answers_to_recipient: dict[str, str] = field(default_factory=dict)
    answers_to_data: list[str] = field(default_factory=list)
    # Keep the next mail, but cut the connection instead of saying so.
    lose_next_answer: bool = False
    # How many mails a session may bring; the next one ends it, by a word (421) or without.
    most_in_a_session: int = 0
    ends_with_a_word: bool = True
    _controller: Controller | None = None

    def start(self) -> None:
        """Listen, on the port of the last time or at first on any free one."""
        self._controller = _Controller(self, hostname=HOST, port=self.port)
        self._controller.start()
        self.port = self._controller.port

    def stop(self) -> None:
        """Stop listening: connections are refused from here on."""
        if self._controller is not None:
            self._controller.stop()
            self._controller = None

    @property
    def mails(self) -> dict[str, EmailMessage]:
        """What was received, by recipient; the last mail where there are several."""
        return {mail.recipients[0]: mail.message for mail in self.received}

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        self.sessions += 1
        session.host_name = hostname
        return responses

    async def handle_MAIL(self, server, session, envelope, address, options):
        session.mails = getattr(session, "mails", 0) + 1
        if self.most_in_a_session and session.mails > self.most_in_a_session:
            if not self.ends_with_a_word:
                server.transport.abort()
            return "421 4.7.0 too many messages in this session"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        answer = self.answers_to_recipient.get(address)
        if answer:
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if self.answers_to_data:
            return self.answers_to_data.pop(0)
        self.received.append(
            Received(
                sender=envelope.mail_from,
                recipients=list(envelope.rcpt_tos),
                raw=envelope.content,
                message=email.message_from_bytes(envelope.content, policy=email.policy.default),
            )
        )
        if self.lose_next_answer:
            self.lose_next_answer = False
            server.transport.abort()
        return "250 OK"


class _Controller(Controller):
    """Lets the system choose the port."""

    def _trigger_server(self) -> None:
        assert isinstance(self.server, asyncio.Server)
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@pytest.fixture
def smtp_sink(settings) -> Iterator[SmtpSink]:
    """Let the portal send its mails to a mail server that runs for this test."""
    sink = SmtpSink()
    sink.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = HOST, sink.port
    settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    settings.EMAIL_TIMEOUT = 10
    yield sink
    sink.stop()
