import re
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.urls import resolve

from bookings.models import Booking, BookingRequest
from bookings.models.booking import driver_page_url
from bookings.state.moves import move_request
from notifications.delivery import deliver_due
from notifications.models import Notification
from tests.notifications.mail_reading import (
    Actor,
    Status,
    approve,
    html_of,
    reject,
    subject_of,
    text_of,
    unfolded_calendar,
)

pytest_plugins = ["tests.smtp_sink", "tests.notifications.mail_cases"]
pytestmark = pytest.mark.django_db


def test_what_the_driver_reads(asked, manager, smtp_sink):
    approve(asked)
    deliver_due()
    mail = smtp_sink.mails["dana@hudson.example"]
    assert subject_of(mail) == (
        "Approved: Depot Brooklyn, Mon 23 Nov 18:00 – Tue 24 Nov 06:00, charger A-12"
    )
    text = text_of(mail)
    for line in (
        "The operator approved a booking for you at Depot Brooklyn.",
        "  12 Wallabout St, Brooklyn, NY 11249\n",
        "  Map: https://www.openstreetmap.org/?mlat=40.700000&mlon=-74.000000#map=17/",
        "  Mon 23 Nov 2026, 18:00\n  until Tue 24 Nov 2026, 06:00 (next day)\n",
        "  12 h · New York time (EST, UTC−5)\n",
        "  A-12 (BK-0012)\n  CCS2 · 150 kW\n",
        "  Gate on the north side.\n  PIN at the intercom.\n",
        "  Intercom, Access code\n",
        "  Mon 23 Nov: 06:00 to 23:00\n  Tue 24 Nov: 05:00 to 23:00\n",
        "  Tour 7 & 8\n",
        "  Maria Okafor, Hudson Parcel Fleet\n",
        "reply to this e-mail. It goes to Maria Okafor.",
        driver_page_url(asked.booking, asked.driver),
    ):
        assert line in text
    addresses = re.findall(r"https://chargebook\.example\S+", text)
    assert len(addresses) == 1, "drivers have no log-in: only their own page"
    assert mail["Reply-To"] == manager.email
    assert mail["Auto-Submitted"] == "auto-generated"
    row = Notification.objects.get(audience="driver")
    assert mail["Message-ID"] == f"<{row.message_id}@chargebook.example>"


def test_what_the_manager_reads(asked, smtp_sink):
    approve(asked)
    deliver_due()
    mail = smtp_sink.mails["manager@hudson.example"]
    address = f"https://chargebook.example/bookings/{asked.booking_id}/"
    for body in (text_of(mail), html_of(mail)):
        assert address in body
        assert "Dana Reyes" in body
        assert "A-12 (BK-0012)" in body
    assert mail["Reply-To"] is None
    assert resolve(urlsplit(address).path).view_name == "bookings:detail"


def test_a_mail_is_text_html_and_a_calendar_entry(asked, smtp_sink):
    approve(asked)
    deliver_due()
    for mail in smtp_sink.mails.values():
        assert mail.get_content_type() == "multipart/mixed"
        alternative, attachment = mail.iter_parts()
        assert [part.get_content_type() for part in alternative.iter_parts()] == [
            "text/plain",
            "text/html",
            *(["text/calendar"] if mail["To"] == "dana@hudson.example" else []),
        ]
        method = "REQUEST" if mail["To"] == "dana@hudson.example" else "PUBLISH"
        assert attachment["Content-Type"].params == {"method": method, "charset": "UTF-8"}
        assert attachment.get_content_type() == "text/calendar"
        assert attachment.get_filename() == "booking.ics"
        lines = unfolded_calendar(mail)
        assert "DTSTART:20261123T230000Z" in lines
        assert "DTEND:20261124T110000Z" in lines


def test_html_loads_nothing_and_links_only_where_it_says(asked, smtp_sink):
    approve(asked)
    deliver_due()
    for mail in smtp_sink.mails.values():
        html = html_of(mail)
        assert not re.search(r"<(?:img|script|link|iframe|object)\b|url\(|@import|\ssrc=", html)
        hosts = {urlsplit(link).hostname for link in re.findall(r'href="([^"]*)"', html)}
        assert hosts <= {"chargebook.example", "www.openstreetmap.org"}


def test_a_rejection_quotes_the_operator_and_leads_back_to_the_picker(asked, smtp_sink):
    reject(asked, "Charger <b>A-12</b> is serviced.\nAsk for A-13.")
    deliver_due()
    (mail,) = smtp_sink.received
    assert mail.recipients == ["manager@hudson.example"]
    assert subject_of(mail.message) == (
        "Rejected: Depot Brooklyn, Mon 23 Nov 18:00 – Tue 24 Nov 06:00, charger A-12"
    )
    text, html = text_of(mail.message), html_of(mail.message)
    assert "> Charger <b>A-12</b> is serviced.\n> Ask for A-13.\n" in text
    assert "Charger &lt;b&gt;A-12&lt;/b&gt; is serviced." in html
    assert "<b>" not in html
    assert "Nothing is booked." in text
    assert "until Tue 24 Nov 2026, 06:00 (next day)" in text
    assert list(mail.message.iter_attachments()) == []
    page, link = re.findall(r"https://chargebook\.example\S+", text)
    assert resolve(urlsplit(page).path).view_name == "bookings:detail"
    assert resolve(urlsplit(link).path).kwargs == {"pk": asked.location_id}
    assert parse_qs(urlsplit(link).query) == {
        "day": ["2026-11-23"],
        "minutes": ["720"],
        "from": ["18:00"],
    }
    assert link.replace("&", "&amp;") in html


def test_a_rejection_without_a_reason_says_so(asked, smtp_sink):
    reject(asked, "")
    deliver_due()
    (mail,) = smtp_sink.received
    assert "gave no reason" in text_of(mail.message)
    assert "says:" not in text_of(mail.message)


@pytest.mark.parametrize(
    "failure", [code for code in BookingRequest.Failure.values if code != "withdrawn"]
)
def test_what_was_not_placed_has_its_reason_and_leads_back(asked, failure, smtp_sink):
    asked.status = Status.QUEUED
    asked.save()
    move_request(asked, to=Status.FAILED, actor=Actor.PORTAL, failure=failure)
    deliver_due()
    (mail,) = smtp_sink.received
    text = text_of(mail.message)
    assert subject_of(mail.message).startswith("Could not be booked: Depot Brooklyn")
    assert str(BookingRequest.Failure(failure).label) in text
    assert f"https://chargebook.example/sites/{asked.location_id}/?day=2026-11-23" in text


def test_a_day_and_a_night_lead_back_with_their_whole_length(asked, smtp_sink):
    asked.end_at = asked.start_at + timedelta(hours=24)
    asked.wanted_connector_type = "ccs2"
    asked.evse = None
    asked.save()
    reject(asked, "No.")
    deliver_due()
    (mail,) = smtp_sink.received
    text = text_of(mail.message)
    _page, link = re.findall(r"https://chargebook\.example\S+", text)
    query = parse_qs(urlsplit(link).query)
    assert (query["minutes"], query["any"], query["connector"]) == (["1440"], ["1"], ["ccs2"])
    assert "Any suitable charger: CCS2" in text


@pytest.mark.parametrize(
    ("start", "hours", "expected"),
    [
        # Clocks go back on 1 November 2026 at 02:00, forward on 14 March 2027.
        (
            datetime(2026, 10, 31, 22, 0, tzinfo=UTC),
            13,
            "  Sat 31 Oct 2026, 18:00\n  until Sun 1 Nov 2026, 06:00 (next day)\n"
            "  13 h · New York time (EDT, UTC−4)\n"
            "  Clocks go back by 1 h in between: the end is in New York time (EST, UTC−5).\n",
        ),
        (
            datetime(2027, 3, 13, 23, 0, tzinfo=UTC),
            11,
            "  Sat 13 Mar 2027, 18:00\n  until Sun 14 Mar 2027, 06:00 (next day)\n"
            "  11 h · New York time (EST, UTC−5)\n"
            "  Clocks go forward by 1 h in between: the end is in New York time (EDT, UTC−4).\n",
        ),
        (
            datetime(2026, 11, 1, 5, 30, tzinfo=UTC),
            1,
            "  Sun 1 Nov 2026, 01:30 EDT–01:30 EST\n"
            "  1 h · New York time (EDT, UTC−4)\n"
            "  Clocks go back by 1 h in between: the end is in New York time (EST, UTC−5).\n",
        ),
        (
            datetime(2026, 11, 23, 17, 0, tzinfo=UTC),
            1,
            "  Mon 23 Nov 2026, 12:00–13:00\n  1 h · New York time (EST, UTC−5)\n",
        ),
    ],
)
def test_times_are_those_of_the_sites_clock(asked, start, hours, expected, smtp_sink):
    times = {"start_at": start, "end_at": start + timedelta(hours=hours)}
    Booking.objects.filter(pk=asked.booking_id).update(**times)
    BookingRequest.objects.filter(pk=asked.pk).update(**times)
    approve(BookingRequest.objects.get(pk=asked.pk))
    deliver_due()
    for mail in smtp_sink.mails.values():
        assert expected in text_of(mail)


def test_a_site_without_a_zone_is_said_to_have_none(asked, brooklyn, settings, smtp_sink):
    settings.DEFAULT_TIMEZONE = "Asia/Kolkata"
    brooklyn.timezone = ""
    brooklyn.save()
    approve(BookingRequest.objects.get(pk=asked.pk))
    deliver_due()
    text = text_of(smtp_sink.mails["dana@hudson.example"])
    assert "Tue 24 Nov 2026, 04:30–16:30" in text
    assert "gives no time zone" in text


def test_a_mail_cannot_be_made_to_carry_more_than_it_should(asked, brooklyn, bay, dana, smtp_sink):
    brooklyn.name = "Depot\r\nBcc: all@example.org\r\n\r\n<script>alert(1)</script>\u2028x"
    brooklyn.how_to_get_in = "<img src=x onerror=alert(1)>\nthrough the gate"
    brooklyn.save()
    bay.label = "A\r\nX-Evil: 1"
    bay.save()
    dana.first_name = "Dana\nSubject: Free money"
    dana.save()
    approve(BookingRequest.objects.get(pk=asked.pk))
    assert deliver_due() == 2
    for mail in smtp_sink.received:
        assert mail.recipients in (["manager@hudson.example"], ["dana@hudson.example"])
        assert mail.message["Bcc"] is None
        assert mail.message["X-Evil"] is None
        assert len(mail.message.get_all("Subject")) == 1
        assert "\n" not in mail.message["Subject"]
        html = html_of(mail.message)
        assert "<script" not in html
        assert "<img" not in html
        assert "&lt;img src=x onerror=alert(1)&gt;" in html
        assert not [line for line in text_of(mail.message).splitlines() if line.startswith("Bcc:")]
        lines = unfolded_calendar(mail.message)
        assert not [line for line in lines if line.startswith(("Bcc", "X-Evil"))]


def test_an_overlong_site_does_not_swallow_the_subject(asked, brooklyn, smtp_sink):
    brooklyn.name = "Depot " + "x" * 240
    brooklyn.save()
    approve(BookingRequest.objects.get(pk=asked.pk))
    deliver_due()
    subject = subject_of(smtp_sink.mails["dana@hudson.example"])
    assert "…, Mon 23 Nov 18:00" in subject
    assert len(subject) < 160


@pytest.mark.parametrize("locale", ["", "xx", "en_US", "../etc"])
def test_a_language_that_the_portal_does_not_speak_is_no_obstacle(asked, dana, locale, smtp_sink):
    dana.locale = locale
    dana.save()
    approve(BookingRequest.objects.get(pk=asked.pk))
    assert deliver_due() == 2
    assert "Your charging booking is approved" in text_of(smtp_sink.mails[dana.email])


@pytest.mark.parametrize("locale", ["de", "de-DE", "de_AT"])
def test_a_driver_is_written_to_in_a_language_that_the_portal_speaks(
    asked, dana, locale, smtp_sink
):
    dana.locale = locale
    dana.save()
    approve(BookingRequest.objects.get(pk=asked.pk))
    deliver_due()
    mail = smtp_sink.mails[dana.email]
    assert '<html lang="de">' in html_of(mail)
    assert subject_of(mail) == (
        "Genehmigt: Depot Brooklyn, Mo 23. Nov. 18:00 – Di 24. Nov. 06:00, Ladepunkt A-12"
    )
    assert "SUMMARY:Laden: Depot Brooklyn\\, Ladepunkt A-12 (BK-0012)" in unfolded_calendar(mail)
    assert '<html lang="en">' in html_of(smtp_sink.mails["manager@hudson.example"])


def test_a_manager_is_written_to_in_the_language_of_their_account(asked, manager, smtp_sink):
    manager.language = "fr"
    manager.save()
    approve(BookingRequest.objects.get(pk=asked.pk))
    deliver_due()
    assert '<html lang="fr">' in html_of(smtp_sink.mails[manager.email])
    assert '<html lang="en">' in html_of(smtp_sink.mails["dana@hudson.example"])
