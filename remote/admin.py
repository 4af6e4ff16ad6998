"""What chargers were told, in the back office; and the bookings at whose chargers staff may act."""

import uuid

from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy, ngettext

from bookings.admin import BookingAdmin
from bookings.models import Actor, ChargingSession
from drivers.large_admin import LargeAdmin, drivers_named
from mirror.admin import ReadOnlyInline
from remote.actions import ActionRefused, ask_charger
from remote.models import RemoteAction, RemoteActionEvent, RunningBooking
from remote.wording import outcome_of


class EventInline(ReadOnlyInline):
    """The history of an action."""

    model = RemoteActionEvent
    fields = ["at", "from_status", "to_status", "actor", "user", "reason"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[RemoteActionEvent]:
        return super().get_queryset(request).select_related("user")


@admin.register(RemoteAction)
class RemoteActionAdmin(LargeAdmin):
    """What chargers were told for the bookings of all fleets."""

    list_display = [
        "__str__",
        "booking",
        "fleet",
        "kind",
        "status",
        "reason",
        "evse",
        "driver",
        "asked_by",
        "created_at",
        "settled_at",
    ]
    list_filter = ["status", "kind", "asked_by", "booking__fleet"]
    list_select_related = ["booking__fleet", "evse", "driver"]
    search_fields = ["booking__pk", "ampeco_session_id", "driver__search_text"]
    search_help_text = gettext_lazy(
        "Number of the booking, AMPECO session id, public id, or name or e-mail of the driver"
    )
    fields = [
        "uid",
        "booking",
        "kind",
        "status",
        "outcome",
        "reason",
        "said",
        "driver",
        "evse",
        "ampeco_session_id",
        "asked_by",
        "user",
        "created_at",
        "send_started_at",
        "settled_at",
        "attempts",
        "next_attempt_at",
        "lease_until",
    ]
    readonly_fields = ["outcome"]
    inlines = [EventInline]

    def by_number(self, number: int) -> Q:
        return Q(booking=number) | Q(ampeco_session_id=str(number))

    def by_uuid(self, wanted: uuid.UUID) -> Q:
        return Q(uid=wanted) | Q(booking__uid=wanted)

    def by_words(self, words: str) -> Q:
        return Q(driver__in=drivers_named(words))

    @admin.display(description=gettext_lazy("fleet"))
    def fleet(self, action: RemoteAction) -> str:
        return action.booking.fleet.name

    @admin.display(description=gettext_lazy("outcome"))
    def outcome(self, action: RemoteAction) -> str:
        return outcome_of(action)


@admin.register(RunningBooking)
class RunningBookingAdmin(BookingAdmin):
    """The bookings of all fleets that run now, or whose charge goes on; chargers may be told."""

    list_display = [
        "__str__",
        "fleet",
        "driver",
        "location",
        "evse",
        "start_at",
        "end_at",
        "status",
    ]
    list_filter = ["status", "fleet"]
    list_select_related = ["fleet", "driver", "location", "evse"]
    inlines = []
    actions = ["start_charge", "stop_charge", "unlock_connector"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[RunningBooking]:
        now = timezone.now()
        rows = super().get_queryset(request)
        followed = ChargingSession.objects.filter(refresh_at__isnull=False, stopped_at=None)
        goes_on = followed.exclude(status__in=ChargingSession.ENDED).values("booking")
        return rows.filter(
            Q(end_at__gt=now) | Q(pk__in=goes_on),
            status__in=RunningBooking.GOES_AHEAD,
            start_at__lte=now,
        )

    def has_control_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("remote.add_remoteaction")

    @admin.action(description=gettext_lazy("Start the charge"), permissions=["control"])
    def start_charge(self, request: HttpRequest, queryset: QuerySet[RunningBooking]) -> None:
        """Let the chargers of bookings begin to charge."""
        self._tell(request, queryset, RemoteAction.Kind.START)

    @admin.action(description=gettext_lazy("Stop the charge"), permissions=["control"])
    def stop_charge(self, request: HttpRequest, queryset: QuerySet[RunningBooking]) -> None:
        """Let the chargers of bookings end their charge."""
        self._tell(request, queryset, RemoteAction.Kind.STOP)

    @admin.action(description=gettext_lazy("Unlock the connector"), permissions=["control"])
    def unlock_connector(self, request: HttpRequest, queryset: QuerySet[RunningBooking]) -> None:
        """Let the chargers of bookings let the connector go."""
        self._tell(request, queryset, RemoteAction.Kind.UNLOCK)

    def _tell(
        self, request: HttpRequest, queryset: QuerySet[RunningBooking], kind: RemoteAction.Kind
    ) -> None:
        told = 0
        for booking in queryset:
            try:
                told += ask_charger(
                    booking,
                    kind=kind,
                    asked_by=Actor.STAFF,
                    user=request.user,  # type: ignore[arg-type]
                    submission_key=uuid.uuid4(),
                ).is_new
            except ActionRefused as refusal:
                messages.warning(request, f"{booking}: {refusal.message}")
        if told:
            text = ngettext(
                "%(number)s charger is told; “Remote actions” shows what comes of it.",
                "%(number)s chargers are told; “Remote actions” shows what comes of it.",
                told,
            )
            messages.success(request, text % {"number": told})
