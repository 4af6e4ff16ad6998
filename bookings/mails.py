"""Writes the mails about bookings."""

from email import encoders
from email.mime.nonmultipart import MIMENonMultipart
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from bookings import facts
from bookings.calendar import (
    MailedEntry,
    Recipient,
    asked_for_oneself,
    host,
    mailed_entry,
    portal_url,
)
from bookings.facts import Fact, one_line
from bookings.models import Booking, BookingRequest, Notification
from sites.picker_form import criteria_params

Kind = Notification.Kind
Audience = Notification.Audience

LONGEST_SITE_IN_SUBJECT = 60
LONGEST_CHARGER_IN_SUBJECT = 30


def compose(notification: Notification) -> EmailMultiAlternatives:
    """Return the mail of a notification, in the recipient's language, ready to be sent.

    Each attempt has the same Message-ID, that of the row. Nothing in the mail is loaded from
    elsewhere, and no link is counted. Answers to a driver's mail go to the manager who asked.
    """
    booking = notification.booking
    for_driver = notification.audience == Audience.DRIVER
    with translation.override(language_of(notification)):
        subject = subject_of(notification)
        context = {
            "subject": subject,
            "portal_name": settings.PORTAL_NAME,
            "portal_url": settings.SITE_URL,
            "language": translation.get_language(),
            "bidi": translation.get_language_bidi(),
            "for_driver": for_driver,
            **context_of(notification),
        }
        name = template_of(notification)
        message = EmailMultiAlternatives(
            subject,
            render_to_string(f"{name}.txt", context).strip() + "\n",
            to=[notification.recipient_email],
            reply_to=reply_to(booking) if for_driver else None,
            headers={
                "Message-ID": f"<{notification.message_id}@{host()}>",
                "Auto-Submitted": "auto-generated",
            },
        )
        message.attach_alternative(render_to_string(f"{name}.html", context), "text/html")
        if notification.kind == Kind.APPROVED:
            to = Recipient(
                email=notification.recipient_email,
                name=booking.driver.display_name if for_driver else "",
                drives=for_driver or asked_for_oneself(booking),
            )
            message.attach(calendar_part(mailed_entry(booking, to=to)))
    return message


def language_of(notification: Notification) -> str:
    """Return the driver's language if the portal speaks it; else the portal's own."""
    locale = notification.booking.driver.locale.replace("_", "-")
    if notification.audience != Audience.DRIVER or not locale:
        return settings.LANGUAGE_CODE
    try:
        return translation.get_supported_language_variant(locale)
    except LookupError:
        return settings.LANGUAGE_CODE


def template_of(notification: Notification) -> str:
    """Return the name of the mail's templates, without their ending."""
    kind = notification.kind.replace("-", "_")
    return f"mail/booking_{kind}_{notification.audience}"


def reply_to(booking: Booking) -> list[str]:
    """Return who answers the driver: the manager who asked, as long as there is one."""
    asked = booking.created_by
    return [asked.email] if asked is not None and asked.is_active else []


def subject_of(notification: Notification) -> str:
    """Return the subject: what happened, where, when and at which charger, on one line."""
    texts = {
        Kind.APPROVED: _("Approved: %(what)s"),
        Kind.REJECTED: _("Rejected: %(what)s"),
        Kind.NOT_PLACED: _("Not placed: %(what)s"),
    }
    approved = notification.kind == Kind.APPROVED
    slot = notification.booking if approved else notification.request
    assert slot is not None
    parts = [
        one_line(slot.location.name, longest=LONGEST_SITE_IN_SUBJECT),
        facts.short_period(slot),
    ]
    if slot.evse is not None:
        label = slot.evse.label or slot.evse.physical_reference or slot.evse.name
        charger = one_line(label, longest=LONGEST_CHARGER_IN_SUBJECT)
        parts.append(_("charger %(charger)s") % {"charger": charger})
    return texts[Kind(notification.kind)] % {"what": ", ".join(parts)}


def context_of(notification: Notification) -> dict[str, Any]:
    """Return what the templates of this kind of mail are written from."""
    booking, request = notification.booking, notification.request
    asked = booking.created_by
    people = {
        "driver": one_line(booking.driver.display_name),
        "manager": one_line(asked.display_name) if asked else "",
        "site": one_line(booking.location.name),
    }
    if notification.kind == Kind.APPROVED:
        for_driver = notification.audience == Audience.DRIVER
        return {
            **people,
            "facts": approved_facts(booking, for_driver=for_driver),
            "booking_url": "" if for_driver else portal_url(booking),
            "answers": bool(reply_to(booking)),
        }
    assert request is not None
    return {
        **people,
        "facts": asked_facts(booking, request),
        "failure": request.get_failure_display(),
        "reason_lines": facts.lines_of(request.rejection_reason),
        "pick_url": pick_again_url(request),
    }


def approved_facts(booking: Booking, *, for_driver: bool) -> list[Fact]:
    """Return what driver and manager need to know of an approved booking."""
    told = [facts.where(booking.location), facts.when(booking)]
    if booking.evse is not None:
        told.append(facts.charger(booking.evse))
    else:
        told.append(Fact(_("Charger"), (unknown_charger(booking, for_driver=for_driver),)))
    if not for_driver:
        told.append(Fact(_("Driver"), (one_line(booking.driver.display_name),)))
    told += facts.getting_in(booking)
    if booking.reference:
        told.append(Fact(_("Reference"), (one_line(booking.reference),)))
    fleet = one_line(booking.fleet.name)
    if booking.created_by is not None:
        fleet = f"{one_line(booking.created_by.display_name)}, {fleet}"
    told.append(Fact(_("Requested by"), (fleet,)))
    return told


def unknown_charger(booking: Booking, *, for_driver: bool) -> str:
    """Return the sentence for a charger that the operator has not named yet."""
    if not for_driver:
        return _("The operator assigns the charger. It shows on the booking's page once known.")
    if reply_to(booking):
        return _(
            "The operator assigns the charger. It shows on the booking's page in %(portal)s; "
            "reply to this mail to ask which one it is."
        ) % {"portal": settings.PORTAL_NAME}
    return _("The operator assigns the charger. It shows on the booking's page in %(portal)s.") % {
        "portal": settings.PORTAL_NAME
    }


def asked_facts(booking: Booking, request: BookingRequest) -> list[Fact]:
    """Return what was asked for."""
    told = [
        facts.where(request.location),
        facts.when(request),
        facts.wanted_charger(request),
        Fact(_("Driver"), (one_line(booking.driver.display_name),)),
    ]
    if booking.reference:
        told.append(Fact(_("Reference"), (one_line(booking.reference),)))
    return told


def pick_again_url(request: BookingRequest) -> str:
    """Return the full address of the slot picker, opened around what was asked for."""
    local = request.start_at.astimezone(request.location.zone)
    params = {
        "day": local.date().isoformat(),
        "minutes": str(int((request.end_at - request.start_at).total_seconds() // 60)),
        "from": f"{local:%H:%M}",
    }
    if request.wants_any_charger:
        params |= criteria_params(request.criteria)
    page = reverse("sites:detail", args=[request.location_id])
    return f"{settings.SITE_URL}{page}?{urlencode(params)}"


def calendar_part(entry: MailedEntry) -> MIMENonMultipart:
    """Return the calendar entry as an attachment."""
    part = MIMENonMultipart("text", "calendar", method=entry.method, charset="UTF-8")
    part.set_payload(entry.content)
    # Base64 keeps the line ends that RFC 5545 wants, whatever relays the mail.
    encoders.encode_base64(part)
    part.add_header("Content-Disposition", "attachment", filename="booking.ics")
    return part
