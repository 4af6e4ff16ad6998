"""A real mail server that keeps what it gets in a folder, and pages that show it."""

import email.policy
import re
import sys
import unicodedata
import uuid
from datetime import UTC, datetime
from email.message import EmailMessage, MIMEPart
from email.parser import BytesParser
from pathlib import Path, PurePosixPath
from urllib.parse import quote

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from markupsafe import Markup
from werkzeug.exceptions import NotFound
from werkzeug.http import dump_options_header
from werkzeug.wrappers import Response

from sandbox.desk.pages import page, table

SHOWN = 200
NAME = re.compile(r"[0-9A-Za-z-]{1,100}")
# What is in a mail may style itself, and nothing else; only our own page may frame it.
SANDBOXED = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; sandbox"
NO_SERVER = Markup(
    "<p>No mail server runs here. Start the simulated operator with <code>--smtp-port</code> to "
    "have one.</p>"
)


class Mailbox:
    """Mails as .eml files in a folder, newest last by name."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: ARG002
        """Keep a mail that arrives over SMTP."""
        name = f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}-{uuid.uuid4().hex[:6]}"
        # Under another name first, so that nobody reads half a mail.
        arriving = self.folder / f"{name}.new"
        arriving.write_bytes(envelope.original_content or b"")
        arriving.rename(self.folder / f"{name}.eml")
        return "250 Message accepted"

    def names(self) -> list[str]:
        return sorted((path.stem for path in self.folder.glob("*.eml")), reverse=True)

    def read(self, name: str, *, only_head: bool = False) -> EmailMessage:
        """Return one mail. Raises NotFound for a name that is not in the folder."""
        path = self.folder / f"{name}.eml"
        if not NAME.fullmatch(name) or not path.is_file():
            raise NotFound
        parser = BytesParser(policy=email.policy.default)
        message = parser.parsebytes(path.read_bytes(), headersonly=only_head)
        assert isinstance(message, EmailMessage)
        return message


def serve_smtp(mailbox: Mailbox, *, host: str, port: int) -> Controller:
    """Start the mail server in a thread of its own; stop it by the controller's `stop()`.

    Ends the process with a sentence when the port is in use.
    """
    controller = Controller(mailbox, hostname=host, port=port)
    try:
        controller.start()
    except OSError as error:
        sys.exit(f"The mail server cannot have port {port}: {error.strerror}.")
    return controller


def show_mails(mailbox: Mailbox | None) -> Response:
    if mailbox is None:
        return page("E-mails", NO_SERVER, current="mail")
    rows: list[list[object]] = []
    for name in mailbox.names()[:SHOWN]:
        message = mailbox.read(name, only_head=True)
        link = Markup('<a href="/mail/{}">{}</a>').format(name, message["subject"] or "(none)")
        rows.append([link, message["to"], message["date"]])
    content = table("E-mails", ["Subject", "To", "Sent"], rows, empty="No e-mail has arrived yet.")
    return page("E-mails", content, current="mail", renewed=True)


def show_mail(mailbox: Mailbox, name: str) -> Response:
    """Show one mail: its head, its text, its HTML in a frame, and its attachments."""
    message = mailbox.read(name)
    text = message.get_body(("plain",))
    attachments = Markup("").join(
        Markup('<li><a href="/mail/{}/part/{}">{}</a></li>').format(
            name, number, _filename(part) or part.get_content_type()
        )
        for number, part in enumerate(_attachments(message))
    )
    content = Markup(
        "<dl><dt>From</dt><dd>{}</dd><dt>To</dt><dd>{}</dd><dt>Sent</dt><dd>{}</dd></dl>"
        "{}"
        '<h2>As HTML</h2><iframe title="The mail as HTML" sandbox src="/mail/{}/html"></iframe>'
        "<h2>As text</h2><pre>{}</pre>"
    ).format(
        message["from"] or "–",
        message["to"] or "–",
        message["date"] or "–",
        Markup("<h2>Attachments</h2><ul>{}</ul>").format(attachments) if attachments else "",
        name,
        _text_of(text) if text else "(none)",
    )
    return page(str(message["subject"] or "(no subject)"), content, current="mail")


def show_html(mailbox: Mailbox, name: str) -> Response:
    body = mailbox.read(name).get_body(("html",))
    html = _text_of(body) if body else "<p>This mail has no HTML part.</p>"
    return Response(html, mimetype="text/html", headers={"Content-Security-Policy": SANDBOXED})


def give_part(mailbox: Mailbox, name: str, number: int) -> Response:
    """Give one attachment of a mail as a file."""
    parts = _attachments(mailbox.read(name))
    if number >= len(parts):
        raise NotFound
    part = parts[number]
    filename = _filename(part) or "attachment"
    plain = unicodedata.normalize("NFKD", filename).encode("ascii", "ignore").decode()
    options = {"filename": plain, "filename*": f"UTF-8''{quote(filename, safe='')}"}
    headers = {
        "Content-Disposition": dump_options_header("attachment", options),
        "Content-Security-Policy": SANDBOXED,
        "X-Content-Type-Options": "nosniff",
    }
    content = part.get_payload(decode=True)
    return Response(
        content if isinstance(content, bytes) else bytes(part),
        mimetype=part.get_content_type(),
        headers=headers,
    )


def _attachments(message: EmailMessage) -> list[EmailMessage]:
    shown = (message.get_body(("plain",)), message.get_body(("html",)))
    return [
        part
        for part in message.walk()
        if isinstance(part, EmailMessage)
        and not part.is_multipart()
        and all(part is not each for each in shown)
    ]


def _filename(part: EmailMessage) -> str:
    """Return the name of a file without the way to it, and without what no header can hold."""
    name = PurePosixPath((part.get_filename() or "").replace("\\", "/")).name
    return "".join(letter for letter in name if letter.isprintable()).strip(". ")


def _text_of(part: MIMEPart) -> str:
    content = part.get_payload(decode=True)
    if not isinstance(content, bytes):
        return ""
    try:
        return content.decode(part.get_content_charset("utf-8"), errors="replace")
    except (LookupError, ValueError):
        return content.decode("ascii", errors="replace")
