# ruff: noqa: ARG002 - Django calls these methods by position.
"""People who log in, in the back office."""

import logging
import smtplib
from functools import partial

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin as BaseGroupAdmin
from django.contrib.auth.admin import UserAdmin as BaseUserAdmin
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm

from accounts.forms import ChangeUserForm, NewUserForm
from accounts.invitations import send_invitation
from accounts.models import User
from accounts.notices import tell_factor_removed
from accounts.second_factor import (
    factors_in_words,
    has_second_factor,
    must_set_up,
    new_factor_link,
    remove_second_factor,
)
from accounts.sessions import end_sessions
from accounts.signals import rights_taken
from shell.plain_text import OneLineModelForm

logger = logging.getLogger(__name__)

BEYOND = gettext_lazy("Nobody changes people who have more rights than they have themselves.")

# Log-in is by the user's own e-mail; the library's second list of them would only confuse.
admin.site.unregister(EmailAddress)
admin.site.unregister(Group)
# These hold secrets; what staff may do about them are actions on people.
admin.site.unregister(Authenticator)
admin.site.unregister(UserSession)


def invite(request: HttpRequest, user: User, *, fleet_name: str = "") -> None:
    """Send an invitation and tell the member of staff whether it went out."""
    try:
        send_invitation(user, fleet_name=fleet_name)
    except (smtplib.SMTPException, OSError) as error:
        # Its text may name the recipient.
        kind = type(error).__name__
        logger.error("An invitation could not be sent to user %s: %s", user.pk, kind)  # noqa: TRY400
        text = _("The invitation to %(email)s could not be sent. Please send it again later.")
        messages.error(request, text % {"email": user.email})
    else:
        text = _("An invitation was sent to %(email)s.")
        messages.success(request, text % {"email": user.email})


def is_beyond(request: HttpRequest, user: User) -> bool:
    """Return whether somebody has rights that whoever asks lacks, who may thus not change them."""
    return User.objects.beyond(request.user).filter(pk=user.pk).exists()  # type: ignore[arg-type]


@admin.register(User)
class UserAdmin(BaseUserAdmin, ModelAdmin):
    form = ChangeUserForm
    add_form = NewUserForm
    change_password_form = AdminPasswordChangeForm
    list_display = ["email", "name", "is_staff", "is_active", "last_login"]
    list_filter = ["is_staff", "is_active"]
    search_fields = ["email", "name"]
    ordering = ["email"]
    filter_horizontal = ["groups"]
    readonly_fields = ["second_factor", "last_login", "date_joined"]
    fieldsets = [
        (None, {"fields": ["email", "name", "language", "password", "second_factor"]}),
        (gettext_lazy("Rights"), {"fields": ["is_active", "is_staff", "is_superuser", "groups"]}),
        (gettext_lazy("Dates"), {"fields": ["last_login", "date_joined"]}),
    ]
    add_fieldsets = [(None, {"fields": ["email", "name", "is_staff"]})]
    actions = ["send_invitations", "sign_out", "take_second_factor_away", "give_factor_link"]

    def get_readonly_fields(
        self, request: HttpRequest, obj: User | None = None
    ) -> list[str] | tuple[str, ...]:
        fields = list(super().get_readonly_fields(request, obj))
        if not request.user.is_superuser:
            fields += ["is_staff", "is_superuser", "groups"]
        return fields

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        if obj is not None and (obj.is_erased or is_beyond(request, obj)):
            return False
        return super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: User, form: ModelForm, change: bool) -> None:
        """Save; invite somebody new, and forget the old address of somebody who has another."""
        super().save_model(request, obj, form, change)
        if not obj.is_active:
            # Who is switched on again later signs in anew.
            end_sessions(obj)
        if not obj.is_active or ("is_staff" in form.changed_data and not obj.is_staff):
            rights_taken.send(sender=User, user=obj)
        if not change:
            transaction.on_commit(partial(invite, request, obj))
        elif "email" in form.changed_data:
            EmailAddress.objects.filter(user=obj).delete()

    @admin.action(description=gettext_lazy("Send an invitation"), permissions=["change"])
    def send_invitations(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        for user in self._of_those_one_may_change(request, queryset.filter(is_active=True)):
            invite(request, user)

    @admin.display(description=gettext_lazy("second factor"))
    def second_factor(self, user: User) -> str:
        return factors_in_words(user)

    def _of_those_one_may_change(
        self, request: HttpRequest, queryset: QuerySet[User]
    ) -> list[User]:
        beyond = set(User.objects.beyond(request.user).values_list("pk", flat=True))  # type: ignore[arg-type]
        chosen = list(queryset)
        allowed = [user for user in chosen if user.pk not in beyond]
        if len(allowed) < len(chosen):
            messages.error(request, BEYOND)
        return allowed

    @admin.action(description=gettext_lazy("Sign out everywhere"), permissions=["change"])
    def sign_out(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        for user in self._of_those_one_may_change(request, queryset):
            ended = end_sessions(user)
            self.log_change(request, user, f"Signed out everywhere: {ended} sessions ended.")
            text = ngettext(
                "%(email)s is signed out: %(ended)d session ended.",
                "%(email)s is signed out: %(ended)d sessions ended.",
                ended,
            )
            messages.success(request, text % {"email": user.email, "ended": ended})

    @admin.action(
        description=gettext_lazy("Remove the second factor, and sign out everywhere"),
        permissions=["change"],
    )
    def take_second_factor_away(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """Help people who lost their second factor: they set up a new one; each is told by mail."""
        for user in self._of_those_one_may_change(request, queryset):
            if not has_second_factor(user):
                text = _("%(email)s has no second factor.")
                messages.warning(request, text % {"email": user.email})
                continue
            with transaction.atomic():
                remove_second_factor(user)
                end_sessions(user)
                self.log_change(request, user, "Removed the second factor, signed out everywhere.")
            tell_factor_removed(request, user)
            text = _("%(email)s now signs in with the password alone, and is told so by e-mail.")
            messages.success(request, text % {"email": user.email})

    def has_vouch_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)

    @admin.action(
        description=gettext_lazy("Show a link to set up a second factor"), permissions=["vouch"]
    )
    def give_factor_link(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """Give superusers what they may hand to staff whom no mail reaches."""
        for user in queryset:
            if not must_set_up(user):
                text = _("%(email)s needs no link.")
                messages.warning(request, text % {"email": user.email})
                continue
            self.log_change(request, user, "Made a link to set up a second factor.")
            text = _("For %(email)s, once, for half an hour, when signed in: %(link)s")
            messages.success(request, text % {"email": user.email, "link": new_factor_link(user)})


@admin.register(Group)
class GroupAdmin(BaseGroupAdmin, ModelAdmin):
    """Sets of rights for staff: whoever changed one could give themselves every right."""

    form = OneLineModelForm

    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)

    def has_view_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return bool(request.user.is_superuser)

    has_add_permission = has_module_permission
    has_change_permission = has_view_permission
    has_delete_permission = has_view_permission
