"""Mails in the back office: to look at, and to send again."""

import uuid

from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy, ngettext

from drivers.large_admin import LargeAdmin, drivers_named
from mirror.admin import ReadOnlyAdmin
from notifications.delivery import send_again
from notifications.models import Notification, NotificationPreference
from upstream.emails import email_spellings


@admin.register(Notification)
class NotificationAdmin(LargeAdmin):
    """Mails to drivers and managers."""

    list_display = [
        "recipient_email",
        "kind",
        "audience",
        "state",
        "attempts",
        "problem",
        "booking",
        "created_at",
        "sent_at",
    ]
    list_filter = ["state", "kind", "audience"]
    list_select_related = ["booking"]
    search_fields = ["pk", "booking__pk", "recipient_user__email", "booking__driver__search_text"]
    search_help_text = gettext_lazy(
        "Number of the booking, name or e-mail of the driver, or e-mail of the manager"
    )
    fields = [
        "recipient_email",
        "kind",
        "audience",
        "subject",
        "state",
        "attempts",
        "doubts",
        "next_attempt_at",
        "problem",
        "booking",
        "request",
        "event",
        "recipient_user",
        "recipient_driver",
        "message_id",
        "created_at",
        "sent_at",
    ]
    actions = ["send_again"]

    def by_number(self, number: int) -> Q:
        return Q(booking=number)

    def by_uuid(self, wanted: uuid.UUID) -> Q:
        return Q(message_id=wanted)

    def by_words(self, words: str) -> Q:
        return Q(booking__driver__in=drivers_named(words)) | Q(
            recipient_user__email__in=email_spellings(words)
        )

    def has_send_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("notifications.change_notification")

    @admin.action(
        description=gettext_lazy("Send again what could not be delivered"), permissions=["send"]
    )
    def send_again(self, request: HttpRequest, queryset: QuerySet[Notification]) -> None:
        """Let mails that were given up be tried anew; say for how many."""
        keys = list(queryset.values_list("pk", flat=True))
        again = send_again(keys)
        if again:
            text = ngettext(
                "%(number)s e-mail is sent again. One that is no longer true is left out.",
                "%(number)s e-mails are sent again. Those that are no longer true are left out.",
                again,
            )
            messages.success(request, text % {"number": again})
        if rest := len(keys) - again:
            text = ngettext(
                "%(number)s is not: it was sent, waits, or was left out.",
                "%(number)s are not: they were sent, wait, or were left out.",
                rest,
            )
            messages.warning(request, text % {"number": rest})


@admin.register(NotificationPreference)
class NotificationPreferenceAdmin(ReadOnlyAdmin):
    """Who of a fleet gets which mails, where it has chosen."""

    list_display = ["fleet", "kind", "managers", "driver"]
    list_filter = ["kind", "fleet"]
    list_select_related = ["fleet"]
    ordering = ["fleet__name", "kind"]
    fields = list_display
