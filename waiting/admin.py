"""The waiting list in the back office: to look at."""

import uuid

from django.contrib import admin
from django.db.models import Q

from drivers.large_admin import LargeAdmin, drivers_named
from mirror.admin import ReadOnlyInline
from waiting.models import Offer, Wish, WishEvent


class OfferInline(ReadOnlyInline):
    """What was found for a wish."""

    model = Offer
    fields = [
        "location",
        "evse",
        "start_at",
        "end_at",
        "found_at",
        "expires_at",
        "state",
        "booking",
    ]


class WishEventInline(ReadOnlyInline):
    """What happened to a wish."""

    model = WishEvent
    fields = ["at", "what", "user", "note"]


@admin.register(Wish)
class WishAdmin(LargeAdmin):
    list_display = ["__str__", "fleet", "location", "window_start", "window_end", "state"]
    list_filter = ["state", "by_itself"]
    list_select_related = ["fleet", "location"]
    search_fields = ["pk", "driver__search_text"]
    inlines = [OfferInline, WishEventInline]

    def by_number(self, number: int) -> Q:
        return Q(pk=number) | Q(booking=number)

    def by_uuid(self, wanted: uuid.UUID) -> Q:
        return Q(offers__uid=wanted)

    def by_words(self, words: str) -> Q:
        return Q(driver__in=drivers_named(words).values("pk"))
