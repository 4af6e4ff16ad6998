"""Calendars in the back office."""

from django.contrib import admin

from calendars.models import CalendarFeed
from mirror.admin import ReadOnlyAdmin


@admin.register(CalendarFeed)
class CalendarFeedAdmin(ReadOnlyAdmin):
    """Calendars that others may subscribe to. Their addresses are the fleets' secret."""

    list_display = [
        "fleet",
        "location",
        "driver",
        "created_by",
        "created_at",
        "last_read_at",
        "revoked_at",
    ]
    list_filter = ["fleet"]
    list_select_related = ["fleet", "location", "driver", "created_by"]
    ordering = ["-pk"]
    fields = list_display
