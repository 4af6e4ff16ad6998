"""Settles requests, and reads what the mails about them say."""

from bookings.models import Actor, BookingRequest
from bookings.state.moves import move_request

Status = BookingRequest.Status


def approve(request, **changes):
    assert move_request(
        request, to=Status.APPROVED, actor=Actor.OPERATOR, ampeco_booking_id=77, **changes
    )


def reject(request, reason):
    assert move_request(request, to=Status.REJECTED, actor=Actor.OPERATOR, rejection_reason=reason)


def text_of(message) -> str:
    return message.get_body(("plain",)).get_content().replace("\r\n", "\n")


def subject_of(message) -> str:
    # A long subject is folded before its first word; readers drop that blank.
    return message["Subject"].strip()


def html_of(message) -> str:
    return message.get_body(("html",)).get_content().replace("\r\n", "\n")


def unfolded_calendar(message) -> list[str]:
    (part,) = message.iter_attachments()
    content = part.get_payload(decode=True).decode()
    return content.replace("\r\n ", "").split("\r\n")
