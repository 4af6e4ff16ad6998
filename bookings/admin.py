# ruff: noqa: ARG002 - Django calls these methods by position.
"""Bookings, their requests and mails in the back office: to look at, and to try again."""

import uuid
from typing import Any

from django.contrib import admin, messages
from django.db import models
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy, ngettext

from bookings.models import Booking, BookingRequest, BookingRequestEvent, Notification
from bookings.models.booking import reference_key
from bookings.services import retry_failed
from drivers.models import Driver
from mirror.admin import ReadOnlyAdmin, ReadOnlyInline
from mirror.search import search_key

LARGEST_ID = 2**63 - 1


class LargeAdmin(ReadOnlyAdmin):
    """Read-only rows by the million: newest first, found by what has an index."""

    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    ordering = ["-pk"]
    list_per_page = 50

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Return the rows that a number, a UUID or the words of a driver's name or e-mail mean."""
        term = search_term.strip()
        if not term:
            return queryset, False
        number = int(term) if term.isascii() and term.isdigit() and len(term) < 20 else None
        if number is not None and number <= LARGEST_ID:
            return queryset.filter(self.by_number(number)), False
        try:
            return queryset.filter(self.by_uuid(uuid.UUID(term))), False
        except ValueError:
            return queryset.filter(self.by_words(term)), False

    def by_number(self, number: int) -> Q:
        """Return what a number means."""
        raise NotImplementedError

    def by_uuid(self, wanted: uuid.UUID) -> Q:
        """Return what a UUID means."""
        raise NotImplementedError

    def by_words(self, words: str) -> Q:
        """Return what any other text means."""
        raise NotImplementedError


class RequestInline(ReadOnlyInline):
    """What was asked of the operator about a booking."""

    model = BookingRequest
    fields = ["kind", "status", "failure", "trouble", "rejection_reason", "created_at"]
    show_change_link = True


class NotificationInline(ReadOnlyInline):
    """Who was told of a booking."""

    model = Notification
    fields = ["recipient_email", "kind", "audience", "state", "attempts", "problem", "sent_at"]


class EventInline(ReadOnlyInline):
    """The history of a request."""

    model = BookingRequestEvent
    fields = ["at", "from_status", "to_status", "actor", "user", "note"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[BookingRequestEvent]:
        """Return the history with who did what."""
        return super().get_queryset(request).select_related("user")


@admin.register(Booking)
class BookingAdmin(LargeAdmin):
    """Bookings of all fleets."""

    list_display = [
        "__str__",
        "fleet",
        "driver",
        "location",
        "start_at",
        "end_at",
        "status",
        "needs_attention",
        "ampeco_booking_id",
    ]
    list_filter = ["status", "needs_attention", "fleet"]
    list_select_related = ["fleet", "driver", "location"]
    search_fields = ["pk", "ampeco_booking_id", "uid", "reference_key", "driver__search_text"]
    search_help_text = gettext_lazy(
        "Number, AMPECO booking id, public id, driver's name or e-mail, or start of the reference"
    )
    fields = [
        "uid",
        "fleet",
        "driver",
        "location",
        "evse",
        "start_at",
        "end_at",
        "reference",
        "status",
        "needs_attention",
        "ampeco_booking_id",
        "refresh_at",
        "created_by",
        "created_at",
    ]
    inlines = [RequestInline, NotificationInline]

    def by_number(self, number: int) -> Q:
        """Return bookings by our number, AMPECO's, or a reference that is a number."""
        key = reference_key(str(number))
        return Q(pk=number) | Q(ampeco_booking_id=number) | Q(reference_key=key)

    def by_uuid(self, wanted: uuid.UUID) -> Q:
        """Return bookings by their public id, or by our id of a request upstream."""
        asked = BookingRequest.objects.filter(external_id=wanted)
        return Q(uid=wanted) | Q(pk__in=asked.values("booking"))

    def by_words(self, words: str) -> Q:
        """Return bookings by their driver or by the start of the reference."""
        return Q(driver__in=drivers_named(words)) | Q(
            reference_key__startswith=reference_key(words)
        )


@admin.register(BookingRequest)
class BookingRequestAdmin(LargeAdmin):
    """Requests of all fleets, with what went wrong."""

    list_display = [
        "__str__",
        "fleet",
        "kind",
        "status",
        "failure",
        "trouble",
        "driver",
        "location",
        "start_at",
        "attempts",
        "next_attempt_at",
        "created_at",
    ]
    list_filter = ["status", "kind", "failure", "trouble", "booking__fleet"]
    list_select_related = ["booking__fleet", "driver", "location"]
    search_fields = ["pk", "ampeco_request_id", "external_id", "driver__search_text"]
    search_help_text = gettext_lazy(
        "Number, AMPECO request or booking id, external id, or driver's name or e-mail"
    )
    fields = [
        "booking",
        "kind",
        "status",
        "failure",
        "trouble",
        "rejection_reason",
        "driver",
        "location",
        "evse",
        "wanted_current_type",
        "wanted_connector_type",
        "wanted_min_power_kw",
        "start_at",
        "end_at",
        "external_id",
        "ampeco_request_id",
        "attempts",
        "next_attempt_at",
        "lease_until",
        "created_by",
        "created_at",
        "send_started_at",
        "sent_at",
        "settled_at",
    ]
    inlines = [EventInline]
    actions = ["try_again"]

    def by_number(self, number: int) -> Q:
        """Return requests by our number, AMPECO's, or AMPECO's number of the booking."""
        return Q(pk=number) | Q(ampeco_request_id=number) | Q(booking__ampeco_booking_id=number)

    def by_uuid(self, wanted: uuid.UUID) -> Q:
        """Return requests by the id that AMPECO knows as ours."""
        return Q(external_id=wanted)

    def by_words(self, words: str) -> Q:
        """Return requests by their driver."""
        return Q(driver__in=drivers_named(words))

    @admin.display(description=gettext_lazy("fleet"))
    def fleet(self, request: BookingRequest) -> str:
        """Return which fleet asked."""
        return request.booking.fleet.name

    def has_retry_permission(self, request: HttpRequest) -> bool:
        """Return whether this member of staff may ask the operator again."""
        return request.user.has_perm("bookings.change_bookingrequest")

    @admin.action(description=gettext_lazy("Try failed ones again"), permissions=["retry"])
    def try_again(self, request: HttpRequest, queryset: QuerySet[BookingRequest]) -> None:
        """Ask the operator again for bookings that were not placed; say for how many."""
        chosen = list(queryset.select_related("booking", "driver", "location", "evse"))
        asked = sum(retry_failed(each, staff_user=request.user) for each in chosen)  # type: ignore[arg-type]
        if asked:
            text = ngettext(
                "%(number)s request is sent again.", "%(number)s requests are sent again.", asked
            )
            messages.success(request, text % {"number": asked})
        if rest := len(chosen) - asked:
            text = ngettext(
                "%(number)s is not: it did not fail, its start has passed, "
                "or it was asked for again meanwhile.",
                "%(number)s are not: they did not fail, their start has passed, "
                "or they were asked for again meanwhile.",
                rest,
            )
            messages.warning(request, text % {"number": rest})


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
        "next_attempt_at",
        "problem",
        "booking",
        "request",
        "message_id",
        "created_at",
        "sent_at",
    ]

    def by_number(self, number: int) -> Q:
        """Return the mails about a booking."""
        return Q(booking=number)

    def by_uuid(self, wanted: uuid.UUID) -> Q:
        """Return the mail with this Message-ID."""
        return Q(message_id=wanted)

    def by_words(self, words: str) -> Q:
        """Return the mails about a driver's bookings, or to a manager."""
        return Q(booking__driver__in=drivers_named(words)) | Q(recipient_user__email__iexact=words)


def drivers_named(words: str) -> models.QuerySet[Driver]:
    """Return the drivers whose name or e-mail has each word."""
    drivers = Driver.objects.all()
    for word in search_key(words).split():
        drivers = drivers.filter(search_text__contains=word)
    return drivers
