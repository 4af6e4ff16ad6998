# ruff: noqa: ARG002 - Django calls these methods by position.
"""Teams in the back office: roles, taking somebody out, and invitations."""

from functools import partial
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.admin import ModelAdmin
from unfold.decorators import action
from unfold.widgets import UnfoldAdminSelectWidget

from accounts.admin import is_beyond
from accounts.models import User
from drivers.models import FleetMembership, TeamRole
from drivers.team import LastAdmin, NotChanged, check_admin_remains, lock_team
from shell.plain_text import OneLines
from shell.seen import carry_what_was_shown
from team.forms import LeavingForm
from team.invitations import deliver, make_way, revoke
from team.leaving import HeirNeeded, end_membership
from team.models import Invitation
from upstream.emails import email_key

KNOWN_LATER = [
    "state",
    "invited_by",
    "accepted_by",
    "created_at",
    "sent_at",
    "mails",
    "expires_at",
    "settled_at",
]


class RoleInTeamForm(OneLines, forms.ModelForm):
    team_role = forms.TypedChoiceField(
        label=gettext_lazy("role"),
        choices=TeamRole,
        coerce=TeamRole,
        widget=UnfoldAdminSelectWidget,
    )

    class Meta:
        model = FleetMembership
        fields: list[str] = []

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "team_role" in self.fields:
            self.fields["team_role"].initial = self.instance.team_role
            carry_what_was_shown(self, "team_role")

    def clean_team_role(self) -> TeamRole:
        """Refuse to take an only admin's role away; the page's transaction keeps the team still."""
        role: TeamRole = self.cleaned_data["team_role"]
        lock_team(self.instance.fleet)
        try:
            # Not as it was before others were kept from the team.
            self.instance.refresh_from_db(fields=["role", "is_admin"])
        except FleetMembership.DoesNotExist:
            text = _("%(name)s is no longer in the team.")
            names = {"name": self.instance.user.display_name}
            raise forms.ValidationError(text % names) from None
        if "team_role" not in self.changed_data:
            # The page may be older than the role.
            return self.instance.team_role
        if role != TeamRole.ADMIN:
            try:
                check_admin_remains(self.instance)
            except LastAdmin as refusal:
                raise forms.ValidationError(refusal.message) from None
        return role

    def save(self, commit: bool = True) -> Any:
        for name, value in self.cleaned_data["team_role"].columns.items():
            setattr(self.instance, name, value)
        return super().save(commit)


@admin.register(FleetMembership)
class FleetMembershipAdmin(ModelAdmin):
    """Members of teams. They are added on the page of their fleet, or by an invitation."""

    form = RoleInTeamForm
    list_display = ["user", "fleet", "role_in_team", "created_at"]
    list_filter = ["is_admin", "role", "fleet"]
    list_select_related = ["user", "fleet"]
    search_fields = ["user__email", "user__name", "fleet__name"]
    ordering = ["fleet__name", "user__email"]
    fields = ["user", "fleet", "team_role", "created_at"]
    readonly_fields = ["user", "fleet", "created_at"]
    actions_detail = ["take_out"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(
        self, request: HttpRequest, obj: FleetMembership | None = None
    ) -> bool:
        # The buttons of a page ask with its number only.
        if isinstance(obj, FleetMembership) and is_beyond(request, obj.user):
            return False
        return super().has_change_permission(request, obj)

    def has_delete_permission(
        self, request: HttpRequest, obj: FleetMembership | None = None
    ) -> bool:
        return False

    @admin.display(description=gettext_lazy("role"))
    def role_in_team(self, membership: FleetMembership) -> str:
        return str(membership.team_role.label)

    @action(
        description=gettext_lazy("Take out of the team"), url_path="remove", permissions=["change"]
    )
    def take_out(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask who takes over, then take somebody out of the team."""
        membership = self.get_object(request, object_id)
        if membership is None:
            raise Http404
        if not self.has_change_permission(request, membership):
            raise PermissionDenied
        form = LeavingForm(
            request.POST if request.method == "POST" else None, membership=membership
        )
        if "heir" in form.fields:
            form.fields["heir"].widget.attrs["class"] = "border rounded-default p-2"
        if request.method == "POST" and form.is_valid():
            assert isinstance(request.user, User)
            try:
                left = end_membership(
                    fleet=membership.fleet,
                    pk=membership.pk,
                    heir=form.cleaned_data.get("heir"),
                    by=request.user,
                    staff=True,
                )
            except HeirNeeded as refusal:
                form.add_error("heir" if "heir" in form.fields else None, refusal.message)
            except NotChanged as refusal:
                form.add_error(None, refusal.message)
            else:
                text = _("%(email)s is no longer in the team; %(bookings)d bookings handed over.")
                names = {"email": left.user.email, "bookings": left.bookings}
                messages.success(request, text % names)
                return redirect("admin:drivers_fleetmembership_changelist")
        context = {
            **self.admin_site.each_context(request),
            "title": _("Take out of the team"),
            "subtitle": f"{membership.user}, {membership.fleet}",
            "opts": self.opts,
            "form": form,
            "membership": membership,
        }
        return TemplateResponse(request, "team/admin_remove.html", context)


class NewInvitationForm(OneLines, forms.ModelForm):
    language = forms.ChoiceField(
        label=gettext_lazy("language of the e-mail"),
        choices=settings.LANGUAGES,
        widget=UnfoldAdminSelectWidget,
    )

    class Meta:
        model = Invitation
        fields = ["fleet", "email", "name", "role", "language"]

    def clean(self) -> dict[str, Any]:
        """Say beside the e-mail why nobody is invited; the page's transaction keeps the lock."""
        data = super().clean() or {}
        if "fleet" in data and "email" in data:
            data["email"] = email_key(data["email"])
            lock_team(data["fleet"])
            try:
                make_way(data["fleet"], data["email"])
            except NotChanged as refusal:
                self.add_error("email", refusal.message)
        return data


@admin.register(Invitation)
class InvitationAdmin(ModelAdmin):
    """Who is invited to which team: inviting, sending again, revoking."""

    form = NewInvitationForm
    list_display = ["email", "fleet", "role", "state", "invited_by", "sent_at", "expires_at"]
    list_filter = ["state", "role", "fleet"]
    list_select_related = ["fleet", "invited_by"]
    search_fields = ["email", "name", "fleet__name"]
    ordering = ["-created_at", "-pk"]
    actions = ["send_again", "revoke_invitations"]

    def get_fields(self, request: HttpRequest, obj: Invitation | None = None) -> list[str]:
        asked = ["fleet", "email", "name", "role", "language"]
        return asked if obj is None else [*asked, *KNOWN_LATER]

    def has_change_permission(self, request: HttpRequest, obj: Invitation | None = None) -> bool:
        return obj is None and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Invitation | None = None) -> bool:
        return False

    def save_model(
        self, request: HttpRequest, obj: Invitation, form: forms.ModelForm, change: bool
    ) -> None:
        assert isinstance(request.user, User)
        obj.invited_by = request.user
        super().save_model(request, obj, form, change)
        transaction.on_commit(partial(self._send, request, obj))

    @admin.action(description=gettext_lazy("Send again"), permissions=["change"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[Invitation]) -> None:
        """Send the mails of the chosen invitations again; their days begin anew."""
        for invitation in queryset:
            self._send(request, invitation)

    @admin.action(description=gettext_lazy("Revoke"), permissions=["change"])
    def revoke_invitations(self, request: HttpRequest, queryset: QuerySet[Invitation]) -> None:
        """Let the links of the chosen invitations open nothing from now on."""
        done = sum(
            revoke(fleet=row.fleet, pk=row.pk, by=None) for row in queryset.select_related("fleet")
        )
        text = ngettext(
            "%(number)d invitation is revoked.", "%(number)d invitations are revoked.", done
        )
        messages.success(request, text % {"number": done})

    def _send(self, request: HttpRequest, invitation: Invitation) -> None:
        names = {"email": invitation.email}
        try:
            sent = deliver(invitation)
        except NotChanged as refusal:
            messages.warning(request, f"{invitation.email}: {refusal.message}")
            return
        if sent:
            messages.success(request, _("An invitation was sent to %(email)s.") % names)
        else:
            text = _("The e-mail to %(email)s could not be sent. Please send it again later.")
            messages.error(request, text % names)
