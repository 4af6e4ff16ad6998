"""The mail server, and the pages that show what it got."""

import smtplib
from collections.abc import Iterator
from email.message import EmailMessage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from urllib.parse import quote

import httpx
import pytest
from werkzeug.http import parse_options_header

from sandbox.app import create_app
from sandbox.desk.mailbox import Mailbox, serve_smtp
from tests.sandbox.test_desk import NASTY, Page
from tools.services.ports import free_port

CALENDAR = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nSUMMARY:Charging – Vénissieux\r\nEND:VCALENDAR\r\n"


@pytest.fixture
def mails(tmp_path) -> Mailbox:
    return Mailbox(tmp_path / "mail")


@pytest.fixture
def http(world, mails) -> Iterator[httpx.Client]:
    transport = httpx.WSGITransport(create_app(world, mails=mails))
    with httpx.Client(transport=transport, base_url="http://operator.test") as client:
        yield client


def mail(subject: str = "Your booking is approved", **head: str) -> EmailMessage:
    """Return a mail as the portal sends it: text, HTML, and a calendar entry as a file."""
    message = EmailMessage()
    message["Subject"] = subject
    message["From"] = head.get("sender", "Chargebook <portal@chargebook.example>")
    message["To"] = head.get("to", "ana.alvarez@hudson.example")
    message["Date"] = "Mon, 02 Mar 2026 10:00:00 +0000"
    message.set_content("Vénissieux, Quai 1, 12:00–13:00 CET")
    message.add_alternative("<h1>Vénissieux</h1><p style='color: green'>Quai 1</p>", subtype="html")
    message.add_attachment(CALENDAR, subtype="calendar", filename="booking.ics")
    return message


def keep(mails: Mailbox, content: bytes | EmailMessage, name: str = "20260302") -> str:
    """Put a mail into the folder as it would have arrived; return its address."""
    raw = content if isinstance(content, bytes) else content.as_bytes()
    (mails.folder / f"{name}.eml").write_bytes(raw)
    return f"/mail/{name}"


def test_mail_sent_by_smtp_shows(mails, http):
    server = serve_smtp(mails, host="127.0.0.1", port=free_port())
    try:
        with smtplib.SMTP("127.0.0.1", server.port) as smtp:
            smtp.send_message(mail())
    finally:
        server.stop()
    (name,) = mails.names()
    page = Page(http.get("/mail").text)
    assert ("a", {"href": f"/mail/{name}"}) in page.tags
    assert "Your booking is approved" in page.text
    assert "ana.alvarez@hudson.example" in page.text

    shown = Page(http.get(f"/mail/{name}").text)
    assert "Vénissieux, Quai 1, 12:00–13:00 CET" in shown.text
    frame = next(attrs for tag, attrs in shown.tags if tag == "iframe")
    assert (frame["sandbox"], frame["src"]) == (None, f"/mail/{name}/html")
    assert "booking.ics" in shown.text

    html = http.get(frame["src"])
    assert html.text.strip() == "<h1>Vénissieux</h1><p style='color: green'>Quai 1</p>"
    assert "sandbox" in html.headers["Content-Security-Policy"]
    assert "default-src 'none'" in html.headers["Content-Security-Policy"]

    entry = http.get(f"/mail/{name}/part/0")
    assert entry.headers["content-type"].startswith("text/calendar")
    assert entry.headers["content-disposition"] == (
        "attachment; filename=booking.ics; filename*=UTF-8''booking.ics"
    )
    assert entry.content.decode().split() == CALENDAR.split()


def test_calendar_entry_among_the_alternatives_can_be_had(mails, http):
    message = MIMEMultipart("alternative")
    message["Subject"] = "Invitation"
    for text, kind in (("Come.", "plain"), ("<p>Come.</p>", "html"), (CALENDAR, "calendar")):
        message.attach(MIMEText(text, kind, "utf-8"))
    url = keep(mails, message.as_bytes())
    assert "text/calendar" in http.get(url).text
    entry = http.get(f"{url}/part/0")
    assert "VCALENDAR" in entry.text
    assert entry.headers["content-disposition"].startswith("attachment; filename=attachment;")
    assert http.get(f"{url}/part/1").status_code == 404


def test_newest_comes_first(mails, http):
    for number in (1, 3, 2):
        keep(mails, mail(f"Mail {number}"), name=f"2026030{number}")
    text = http.get("/mail").text
    assert text.index("Mail 3") < text.index("Mail 2") < text.index("Mail 1")


def test_nothing_of_a_mail_becomes_markup(mails, http):
    message = mail(NASTY, sender="x@x.example", to="x@x.example")
    message.replace_header("From", f'"{NASTY}" <x@x.example>'.replace('"><', "<"))
    message.get_body(("plain",)).set_content(NASTY)
    message.add_attachment(b"x", maintype="image", subtype="png", filename=NASTY)
    url = keep(mails, message)
    for path in ("/mail", url):
        page = Page(http.get(path).text)
        assert "<script>alert" in page.text
        assert [attrs.get("src") for tag, attrs in page.tags if tag == "script"] == (
            ["/desk.js"] if path == "/mail" else []
        )
        assert not [tag for tag, _ in page.tags if tag == "img"]


@pytest.mark.parametrize(
    ("filename", "given"),
    [
        ("../../etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("/", "attachment"),
        ("..", "attachment"),
        ('a"b.ics', 'a"b.ics'),
        ("Vénissieux.ics", "Vénissieux.ics"),
        ("a\r\nSet-Cookie: x=1", "aSet-Cookie: x=1"),
    ],
)
def test_names_of_attachments_are_names_only(mails, http, filename, given):
    # Percent-encoded, as only somebody with bad intent writes some of these.
    head = f"Content-Disposition: attachment; filename*=utf-8''{quote(filename, safe='')}"
    raw = f"Content-Type: text/calendar\r\n{head}\r\n\r\n{CALENDAR}".encode()
    answer = http.get(f"{keep(mails, raw)}/part/0")
    assert answer.status_code == 200
    assert "Set-Cookie" not in answer.headers
    _, options = parse_options_header(answer.headers["content-disposition"])
    assert options["filename"] == given
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "name", ["..%2fsecret", "../secret", "%2e%2e%2fsecret", "none", "a b", "secret"]
)
def test_names_of_mails_lead_nowhere_else(mails, http, name):
    (mails.folder.parent / "secret.eml").write_bytes(mail("Secret").as_bytes())
    for rest in ("", "/html", "/part/0"):
        answer = http.get(f"/mail/{name}{rest}")
        assert answer.status_code == 404
        assert "Secret" not in answer.text


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no head at all",
        b"Subject: =?utf-8?q?broken\r\n\r\n\xff\xfe",
        b'Content-Type: text/plain; charset="martian"\r\n\r\nTake me \xe9',
        b"Content-Type: text/html; charset=idna\r\n\r\n<p>\xe9",
        b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n",
        b"Content-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\nInner text",
    ],
)
def test_odd_mails_show_somehow(mails, http, content):
    url = keep(mails, content)
    for path in ("/mail", url, f"{url}/html"):
        assert http.get(path).status_code == 200


def test_html_only_and_empty_box(mails, http):
    assert "No e-mail has arrived yet." in http.get("/mail").text
    message = EmailMessage()
    message.set_content("<p>Only this.</p>", subtype="html")
    url = keep(mails, message)
    assert "(no subject)" in http.get(url).text
    assert "Attachments" not in http.get(url).text
    assert "Only this." in http.get(f"{url}/html").text
