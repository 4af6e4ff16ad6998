# ruff: noqa: ARG002 - Django calls these methods by position.
"""What the back office's long lists have in common."""

import uuid
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from drivers.models import Driver
from mirror.admin import ReadOnlyAdmin
from mirror.search import with_words

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
        raise NotImplementedError

    def by_uuid(self, wanted: uuid.UUID) -> Q:
        raise NotImplementedError

    def by_words(self, words: str) -> Q:
        raise NotImplementedError


def drivers_named(words: str) -> QuerySet[Driver]:
    return with_words(Driver.objects.all(), words)
