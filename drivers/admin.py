# ruff: noqa: ARG002 - Django calls these methods by position.
"""Fleets, their members and their drivers in the back office."""

from functools import partial
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db import models, transaction
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.admin import ModelAdmin, TabularInline
from unfold.widgets import UnfoldAdminEmailInputWidget, UnfoldAdminSelectWidget

from accounts.admin import BEYOND, invite
from accounts.models import User
from ampeco.connection import get_client
from drivers.models import (
    Driver,
    Fleet,
    FleetDriver,
    FleetMembership,
    IdTag,
    PrivateAccess,
    TeamRole,
)
from drivers.onboarding import add_member
from drivers.sync import sync_fleet_drivers
from drivers.team import LastAdmin, admins_of, lock_team
from mirror.admin import ReadOnlyAdmin, ReadOnlyInline
from mirror.models import SyncRun
from shell.plain_text import OneLines
from shell.seen import UntouchedStays, carry_what_was_shown
from upstream.emails import email_key


class MemberForm(OneLines, forms.ModelForm):
    """Somebody's role in a fleet; people are named by their e-mail, also who has no account yet."""

    email = forms.EmailField(
        label=gettext_lazy("e-mail"), max_length=254, widget=UnfoldAdminEmailInputWidget()
    )

    team_role = forms.ChoiceField(
        label=gettext_lazy("role"),
        choices=TeamRole,
        initial=TeamRole.MANAGER,
        widget=UnfoldAdminSelectWidget,
    )

    class Meta:
        model = FleetMembership
        fields: list[str] = []

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.fields["team_role"].initial = self.instance.team_role
            # Saved only where it is another one than the page showed, not than there is by now.
            carry_what_was_shown(self, "team_role")
            self.fields["email"].initial = self.instance.user.email
            self.fields["email"].disabled = True

    def clean_email(self) -> str:
        """Return the e-mail as it is stored; refuse accounts that are switched off."""
        email = email_key(self.cleaned_data["email"])
        if not self.instance.pk and User.objects.with_email(email).filter(is_active=False).exists():
            raise forms.ValidationError(_("This account is switched off."))
        return email

    def save(self, commit: bool = True) -> Any:
        """Return the membership with its role; saved by the set of forms."""
        for name, value in TeamRole(self.cleaned_data["team_role"]).columns.items():
            setattr(self.instance, name, value)
        return super().save(commit)


class MemberFormSet(forms.BaseInlineFormSet):
    # Who fills the page in.
    staff: User

    def clean(self) -> None:
        """Refuse whom one may not change, the same twice, and a team that loses its only admin.

        The team stays locked until what was checked is saved: the page is one transaction.
        """
        super().clean()
        if self.instance.pk:
            lock_team(self.instance)
            self._check_admin_remains()
        seen = set()
        beyond = {user.email.lower() for user in User.objects.beyond(self.staff)}
        for form in self.forms:
            email = form.cleaned_data.get("email") if form.is_valid() else None
            if not email or form in self.deleted_forms:
                continue
            if email in beyond and form.has_changed():
                form.add_error("email", BEYOND)
            if email in seen:
                form.add_error("email", _("This person is in the fleet already."))
            seen.add(email)

    def _check_admin_remains(self) -> None:
        admins = set(admins_of(self.instance).values_list("pk", flat=True))
        kept = set(admins)
        for form in self.forms:
            if not (form.is_valid() and form.has_changed()):
                continue
            can_sign_in = form.instance.pk is None or form.instance.user.is_active
            if form.cleaned_data.get("team_role") == TeamRole.ADMIN and can_sign_in:
                kept.add(form.instance.pk)
            else:
                kept.discard(form.instance.pk)
        if admins and not kept:
            raise forms.ValidationError(LastAdmin().message)

    def save_new(self, form: forms.ModelForm, commit: bool = True) -> FleetMembership:
        """Return the new membership, saved with the account that it may need."""
        return add_member(
            fleet=self.instance,
            email=form.cleaned_data["email"],
            role=TeamRole(form.cleaned_data["team_role"]),
        ).membership


class FleetForm(UntouchedStays):
    decisions = ("is_active",)


class MembershipInline(TabularInline):
    model = FleetMembership
    form = MemberForm
    formset = MemberFormSet
    fields = ["email", "team_role", "created_at"]
    readonly_fields = ["created_at"]
    extra = 0
    hide_title = True
    # Who leaves hands over what they look after, on a page of its own.
    can_delete = False
    show_change_link = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[FleetMembership]:
        return super().get_queryset(request).select_related("user").order_by("user__email")

    def get_formset(self, request: HttpRequest, obj: Fleet | None = None, **kwargs: Any) -> Any:
        formset = super().get_formset(request, obj, **kwargs)
        formset.staff = request.user
        return formset


@admin.register(Fleet)
class FleetAdmin(ModelAdmin):
    """Fleets, with the people who may book for them."""

    form = FleetForm
    list_display = [
        "name",
        "ampeco_partner_id",
        "is_active",
        "member_count",
        "driver_count",
        "money",
    ]
    list_filter = ["is_active"]
    search_fields = ["name", "=ampeco_partner_id"]
    ordering = ["name", "pk"]
    fields = ["name", "ampeco_partner_id", "is_active", "created_at"]
    inlines = [MembershipInline]
    actions = ["read_drivers"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Fleet]:
        return (
            super()
            .get_queryset(request)
            .annotate(
                members_now=_count(FleetMembership.objects.all()),
                drivers_now=_count(FleetDriver.objects.filter(left_at__isnull=True)),
            )
        )

    def get_readonly_fields(
        self, request: HttpRequest, obj: Fleet | None = None
    ) -> list[str] | tuple[str, ...]:
        return ["created_at", "ampeco_partner_id"] if obj else ["created_at"]

    def has_delete_permission(self, request: HttpRequest, obj: Fleet | None = None) -> bool:
        return False

    def save_formset(
        self, request: HttpRequest, form: Any, formset: forms.BaseInlineFormSet, change: bool
    ) -> None:
        formset.save()
        for membership in formset.new_objects:
            fleet_name = membership.fleet.name
            transaction.on_commit(partial(invite, request, membership.user, fleet_name=fleet_name))

    @admin.display(description=gettext_lazy("members"), ordering="members_now")
    def member_count(self, fleet: Any) -> int:
        return fleet.members_now

    @admin.display(description=gettext_lazy("drivers"), ordering="drivers_now")
    def driver_count(self, fleet: Any) -> int:
        return fleet.drivers_now

    @admin.display(description=gettext_lazy("contract and money"))
    def money(self, fleet: Fleet) -> str:
        """Return the way to a page that stands above this room: it is known here by name only."""
        return format_html(
            '<a href="{}">{}</a>', reverse("admin:operator_money", args=[fleet.pk]), _("Show")
        )

    @admin.action(description=gettext_lazy("Read the drivers now"), permissions=["change"])
    def read_drivers(self, request: HttpRequest, queryset: QuerySet[Fleet]) -> None:
        """Mirror the drivers of the chosen fleets while staff wait."""
        for fleet in queryset:
            run = sync_fleet_drivers(fleet, client=get_client())
            if run.state == SyncRun.State.FINISHED:
                text = _("%(fleet)s: %(seen)s drivers, %(joined)s joined, %(left)s left.")
                messages.success(request, text % {"fleet": fleet.name, **run.counts})
            else:
                messages.error(request, f"{fleet.name}: {run.problem}")


class FleetDriverInline(ReadOnlyInline):
    model = FleetDriver
    fields = ["fleet", "added_at", "left_at"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[FleetDriver]:
        return super().get_queryset(request).select_related("fleet")


class PrivateAccessInline(ReadOnlyInline):
    model = PrivateAccess
    fields = ["ampeco_partner_id"]


class IdTagInline(ReadOnlyInline):
    model = IdTag
    fields = ["type", "status", "label", "last_digits", "expires_at"]


@admin.register(Driver)
class DriverAdmin(ReadOnlyAdmin):
    list_display = ["display_name", "email", "status", "ampeco_user_id", "synced_at"]
    list_filter = ["status", "fleets"]
    search_fields = ["email", "first_name", "last_name", "=ampeco_user_id"]
    ordering = ["last_name", "first_name", "pk"]
    show_full_result_count = False
    fields = [
        "email",
        "first_name",
        "last_name",
        "locale",
        "status",
        "ampeco_user_id",
        "synced_at",
    ]
    inlines = [FleetDriverInline, PrivateAccessInline, IdTagInline]

    @admin.display(description=gettext_lazy("name"), ordering="last_name")
    def display_name(self, driver: Driver) -> str:
        """Return the name, or the e-mail of somebody who gave none."""
        return driver.display_name


def _count(rows: QuerySet[Any]) -> Coalesce:
    """Return how many of the rows belong to the fleet of the outer query."""
    counted = rows.filter(fleet=OuterRef("pk")).order_by().values("fleet").annotate(n=Count("*"))
    return Coalesce(Subquery(counted.values("n"), output_field=models.IntegerField()), 0)
