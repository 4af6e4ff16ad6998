# ruff: noqa: ARG002 - Django calls these methods by position.
"""The audit trail in the back office: to look at, for ever as it is."""

import uuid
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from drivers.large_admin import LargeAdmin
from privacy.models import AuditEntry
from shell.keys import read_key


class PersonFilter(admin.SimpleListFilter):
    """The staff of now by name; those who left are found by their number."""

    title = gettext_lazy("person")
    parameter_name = "user"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        staff = User.objects.filter(is_staff=True).order_by("email")
        return [(str(user.pk), user.email) for user in staff]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[AuditEntry]
    ) -> QuerySet[AuditEntry]:
        value = self.value() or ""
        pk = read_key(value)
        if pk is None:
            return queryset
        return queryset.filter(Q(user=pk) | Q(object_type=User._meta.label_lower, object_id=value))


class KindFilter(admin.SimpleListFilter):
    title = gettext_lazy("kind of object")
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        kinds = {model._meta.label_lower: model for model in admin.site._registry}
        return sorted(
            ((label, str(model._meta.verbose_name)) for label, model in kinds.items()),
            key=lambda one: one[1],
        )

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[AuditEntry]
    ) -> QuerySet[AuditEntry]:
        return queryset.filter(object_type=self.value()) if self.value() else queryset


@admin.register(AuditEntry)
class AuditEntryAdmin(LargeAdmin):
    """Who did what, when, to what; the latest first."""

    list_display = ["when", "who", "action", "name", "object", "values"]
    list_filter = ["action", "actor", PersonFilter, KindFilter, "at"]
    list_select_related = ["user"]
    search_fields = ["object_id", "request_id", "name"]
    search_help_text = gettext_lazy(
        "Number of an object, id of a request, name of an action or command, or e-mail of a person"
    )
    fields = [
        "when",
        "who",
        "actor",
        "action",
        "name",
        "object",
        "values",
        "request_id",
        "address",
    ]
    readonly_fields = ["when", "who", "object", "values"]

    def by_number(self, number: int) -> Q:
        return Q(object_id=str(number))

    def by_uuid(self, wanted: uuid.UUID) -> Q:
        return Q(request_id=wanted.hex) | Q(request_id=str(wanted))

    def by_words(self, words: str) -> Q:
        people = User.objects.with_email(words)
        return Q(user__in=people.values("pk")) | Q(name=words) | Q(request_id=words)

    @admin.display(description=gettext_lazy("when"), ordering="pk")
    def when(self, entry: AuditEntry) -> str:
        return date_format(entry.at, "j M Y, H:i:s")

    @admin.display(description=gettext_lazy("who"), ordering="user")
    def who(self, entry: AuditEntry) -> str:
        if entry.user_id is None:
            return entry.get_actor_display()
        person = User.objects.filter(pk=entry.user_id).first() if _is_gone(entry) else entry.user
        return str(person) if person else _("Person %(number)s") % {"number": entry.user_id}

    @admin.display(description=gettext_lazy("object"), ordering="object_id")
    def object(self, entry: AuditEntry) -> str | SafeString:
        """Return what it was done to, with a way to its page where there is one."""
        if not entry.object_type:
            return "–"
        label = " ".join(filter(None, [_kind_in_words(entry.object_type), entry.object_id]))
        app, _dot, model = entry.object_type.partition(".")
        try:
            address = reverse(f"admin:{app}_{model}_change", args=[entry.object_id])
        except NoReverseMatch:
            return label
        return format_html('<a href="{}">{}</a>', address, label) if entry.object_id else label

    @admin.display(description=gettext_lazy("old → new"))
    def values(self, entry: AuditEntry) -> str:
        return values_in_words(entry) or "–"


def values_in_words(entry: AuditEntry) -> str:
    """Return the changes and the numbers of an entry, such as “active: yes → no; mails: 3”."""
    parts = []
    for name, change in sorted(entry.changes.items()):
        words = name.replace("_", " ")
        if change is None:
            parts.append(_("%(field)s: other than before") % {"field": words})
        else:
            old, new = (_in_words(value) for value in change)
            parts.append(f"{words}: {old} → {new}")
    for name, number in sorted(entry.counts.items()):
        parts.append(f"{name.replace('_', ' ')}: {number}")
    return "; ".join(parts)


def _in_words(value: Any) -> str:
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return str(value)


def _kind_in_words(label: str) -> str:
    for model in admin.site._registry:
        if model._meta.label_lower == label:
            return str(model._meta.verbose_name)
    return label


def _is_gone(entry: AuditEntry) -> bool:
    return "user" not in entry._state.fields_cache or entry._state.fields_cache["user"] is None
