"""Bookings and their requests in the back office: to look at, and to try again."""

import uuid

from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy, ngettext

from bookings.actions.create import retry_failed
from bookings.models import (
    Booking,
    BookingEvent,
    BookingRequest,
    BookingRequestEvent,
    ChargerReport,
    ChargingSession,
)
from bookings.models.booking import reference_key
from drivers.large_admin import LargeAdmin, drivers_named
from mirror.admin import ReadOnlyInline
from notifications.models import Notification


class RequestInline(ReadOnlyInline):
    """What was asked of the operator about a booking."""

    model = BookingRequest
    fields = ["kind", "status", "failure", "trouble", "rejection_reason", "created_at"]
    show_change_link = True


class BookingEventInline(ReadOnlyInline):
    """What happened to a booking besides."""

    model = BookingEvent
    fields = ["at", "what", "actor", "user", "driver", "changes", "note"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[BookingEvent]:
        return super().get_queryset(request).select_related("user", "driver")


class ReportInline(ReadOnlyInline):
    """What drivers reported of the charger."""

    model = ChargerReport
    fields = ["at", "what", "driver", "evse", "message"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[ChargerReport]:
        reports = super().get_queryset(request)
        return reports.select_related("driver", "evse__charge_point")


class ChargingSessionInline(ReadOnlyInline):
    """What was charged on a booking."""

    model = ChargingSession
    fields = [
        "ampeco_session_id",
        "status",
        "started_at",
        "stopped_at",
        "energy_kwh",
        "amount",
        "currency",
        "read_at",
    ]
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
        "open_change",
        "needs_attention",
        "ampeco_booking_id",
    ]
    list_filter = ["status", "open_change", "needs_attention", "made_elsewhere", "fleet"]
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
        "open_change",
        "needs_attention",
        "made_elsewhere",
        "replaces",
        "ampeco_booking_id",
        "version",
        "changed_at",
        "refresh_at",
        "reminder_at",
        "created_by",
        "created_at",
    ]
    inlines = [
        RequestInline,
        BookingEventInline,
        ReportInline,
        NotificationInline,
        ChargingSessionInline,
    ]

    def by_number(self, number: int) -> Q:
        """Return bookings by our number, AMPECO's, or a reference that is a number."""
        key = reference_key(str(number))
        return Q(pk=number) | Q(ampeco_booking_id=number) | Q(reference_key=key)

    def by_uuid(self, wanted: uuid.UUID) -> Q:
        asked = BookingRequest.objects.filter(external_id=wanted)
        return Q(uid=wanted) | Q(pk__in=asked.values("booking"))

    def by_words(self, words: str) -> Q:
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
        "previous_driver",
        "previous_start_at",
        "previous_end_at",
        "external_id",
        "ampeco_request_id",
        "attempts",
        "next_attempt_at",
        "lease_until",
        "asked_by",
        "created_by",
        "batch",
        "created_at",
        "send_started_at",
        "may_be_doubled",
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
        return Q(driver__in=drivers_named(words))

    @admin.display(description=gettext_lazy("fleet"))
    def fleet(self, request: BookingRequest) -> str:
        return request.booking.fleet.name

    def has_retry_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("bookings.change_bookingrequest")

    @admin.action(description=gettext_lazy("Try failed ones again"), permissions=["retry"])
    def try_again(self, request: HttpRequest, queryset: QuerySet[BookingRequest]) -> None:
        """Ask the operator again for bookings, changes and cancellations that failed."""
        chosen = list(queryset.select_related("booking", "driver", "location", "evse"))
        asked = sum(retry_failed(each, staff_user=request.user) for each in chosen)  # type: ignore[arg-type]
        if asked:
            text = ngettext(
                "%(number)s request is sent again.", "%(number)s requests are sent again.", asked
            )
            messages.success(request, text % {"number": asked})
        if rest := len(chosen) - asked:
            text = ngettext(
                "%(number)s is not: it did not fail, its start has passed, or its booking is no "
                "longer as it was then (asked for again, given up, changed or over).",
                "%(number)s are not: they did not fail, their start has passed, or their bookings "
                "are no longer as they were then (asked for again, given up, changed or over).",
                rest,
            )
            messages.warning(request, text % {"number": rest})


@admin.register(ChargingSession)
class ChargingSessionAdmin(LargeAdmin):
    """What was charged on bookings of all fleets."""

    list_display = [
        "ampeco_session_id",
        "booking",
        "status",
        "started_at",
        "stopped_at",
        "energy_kwh",
        "amount",
        "currency",
    ]
    list_filter = ["status"]
    list_select_related = ["booking"]
    search_fields = ["booking__pk", "ampeco_session_id", "booking__driver__search_text"]
    search_help_text = gettext_lazy(
        "Number of the booking, AMPECO session id, or name or e-mail of the driver"
    )
    fields = [
        "ampeco_session_id",
        "booking",
        "status",
        "started_at",
        "stopped_at",
        "energy_kwh",
        "amount",
        "currency",
        "read_at",
        "refresh_at",
    ]

    def by_number(self, number: int) -> Q:
        return Q(booking=number) | Q(ampeco_session_id=str(number))

    def by_uuid(self, wanted: uuid.UUID) -> Q:
        return Q(booking__uid=wanted)

    def by_words(self, words: str) -> Q:
        return Q(ampeco_session_id=words) | Q(booking__driver__in=drivers_named(words))
