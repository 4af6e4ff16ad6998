"""What a fleet sets about its mails, and each manager about their own."""

from collections.abc import Mapping

from django.db import transaction

from accounts.models import User
from drivers.models import Fleet
from notifications.kinds.base import Choice
from notifications.recipients import Kind, save_choices
from notifications.reminders import set_lead_time


def save_settings(
    *,
    fleet: Fleet,
    user: User,
    choices: Mapping[Kind, Choice],
    reminder_minutes: int,
    language: str,
) -> None:
    """Keep who of a fleet gets which mails and when it is reminded, and the manager's language.

    Reminders of what is booked already move along. Of two managers who save at once, the later one
    wins.
    """
    with transaction.atomic():
        save_choices(fleet, choices)
        if user.language != language:
            user.language = language
            user.save(update_fields=["language"])
    # In steps of its own, since that may be many bookings.
    set_lead_time(fleet, minutes=reminder_minutes)
