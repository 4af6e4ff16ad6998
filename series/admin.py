"""Series in the back office: to look at, with what became of each date."""

import uuid

from django.contrib import admin
from django.db.models import Q

from drivers.large_admin import LargeAdmin, drivers_named
from mirror.admin import ReadOnlyInline
from mirror.search import with_words
from series.models import Series, SeriesDate
from vehicles.models import Vehicle


class SeriesDateInline(ReadOnlyInline):
    """What became of a date."""

    model = SeriesDate
    fields = ["day", "state", "booking", "problem", "tries", "to_adjust"]


@admin.register(Series)
class SeriesAdmin(LargeAdmin):
    list_display = ["__str__", "fleet", "location", "first_day", "last_day", "state", "problem"]
    list_filter = ["state", "asks_again", ("problem", admin.EmptyFieldListFilter)]
    list_select_related = ["fleet", "location"]
    search_fields = ["pk", "driver__search_text", "vehicle__search_text"]
    inlines = [SeriesDateInline]

    def by_number(self, number: int) -> Q:
        of_booking = SeriesDate.objects.filter(booking=number)
        return Q(pk=number) | Q(pk__in=of_booking.values("series"))

    def by_uuid(self, wanted: uuid.UUID) -> Q:
        return Q(submission_key=wanted)

    def by_words(self, words: str) -> Q:
        vehicles = with_words(Vehicle.objects.all(), words)
        return Q(driver__in=drivers_named(words).values("pk")) | Q(
            vehicle__in=vehicles.values("pk")
        )
