"""A real mail server that keeps what it gets in a folder, and pages that show it."""

import email
import email.policy
import uuid
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from markupsafe import Markup
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from sandbox.pages import page, table

SHOWN = 200
SANDBOXED = "default-src 'none'; style-src 'unsafe-inline'; sandbox"


class Mailbox:
    """Mails as .eml files in a folder, newest last by name."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: ARG002
        """Keep a mail that arrives over SMTP."""
        name = f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}-{uuid.uuid4().hex[:6]}"
        (self.folder / f"{name}.eml").write_bytes(envelope.original_content or b"")
        return "250 Message accepted"

    def names(self) -> list[str]:
        """Return the names of the mails, newest first."""
        return sorted((path.stem for path in self.folder.glob("*.eml")), reverse=True)

    def read(self, name: str) -> EmailMessage:
        """Return one mail. Raises NotFound for a name that is not in the folder."""
        if name not in self.names():
            raise NotFound
        content = (self.folder / f"{name}.eml").read_bytes()
        message = email.message_from_bytes(content, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        return message


def serve_smtp(mailbox: Mailbox, *, host: str, port: int) -> Controller:
    """Start the mail server in a thread of its own; stop it by the controller's `stop()`."""
    controller = Controller(mailbox, hostname=host, port=port)
    controller.start()
    return controller


def show_mails(mailbox: Mailbox) -> Response:
    """List the mails, newest first."""
    rows: list[list[object]] = []
    for name in mailbox.names()[:SHOWN]:
        message = mailbox.read(name)
        link = Markup('<a href="/mail/{}">{}</a>').format(name, message["subject"] or "(none)")
        rows.append([link, message["to"], message["date"]])
    content = table(["Subject", "To", "Sent"], rows, empty="No mail has arrived yet.")
    return page("Mails", content, current="mail", head='<meta http-equiv="refresh" content="5">')


def show_mail(mailbox: Mailbox, name: str) -> Response:
    """Show one mail: its head, its text, its HTML in a frame, and its attachments."""
    message = mailbox.read(name)
    text = message.get_body(("plain",))
    attachments = Markup("").join(
        Markup('<li><a href="/mail/{}/part/{}">{}</a></li>').format(
            name, number, part.get_filename() or part.get_content_type()
        )
        for number, part in enumerate(message.iter_attachments())
    )
    content = Markup(
        "<dl><dt>From</dt><dd>{}</dd><dt>To</dt><dd>{}</dd><dt>Sent</dt><dd>{}</dd></dl>"
        "<ul>{}</ul>"
        '<h2>As HTML</h2><iframe title="The mail as HTML" sandbox src="/mail/{}/html"></iframe>'
        "<h2>As text</h2><pre>{}</pre>"
    ).format(
        message["from"],
        message["to"],
        message["date"],
        attachments,
        name,
        text.get_content() if text else "(none)",
    )
    return page(str(message["subject"]), content, current="mail")


def show_html(mailbox: Mailbox, name: str) -> Response:
    """Give a mail's HTML alone, unable to run anything."""
    body = mailbox.read(name).get_body(("html",))
    html = body.get_content() if body else "<p>This mail has no HTML part.</p>"
    return Response(html, mimetype="text/html", headers={"Content-Security-Policy": SANDBOXED})


def give_part(mailbox: Mailbox, name: str, number: int) -> Response:
    """Give one attachment of a mail as a file."""
    parts = list(mailbox.read(name).iter_attachments())
    if number >= len(parts):
        raise NotFound
    part = parts[number]
    filename = (part.get_filename() or "attachment").replace('"', "")
    return Response(
        part.get_payload(decode=True),
        mimetype=part.get_content_type(),
        headers={"Content-Disposition": f'attachment; filename="{filename}"'},
    )
