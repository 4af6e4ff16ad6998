"""The back office's forms about people who log in."""

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _
from unfold.forms import UserChangeForm
from unfold.widgets import UnfoldAdminSelectWidget

from accounts.models import User
from shell.plain_text import OneLines
from shell.seen import UntouchedStays
from upstream.emails import email_key


class EmailOnceMixin(OneLines, forms.ModelForm):
    """Stores e-mails in lower case, and refuses one that somebody has, whatever its case."""

    def clean_email(self) -> str:
        email = email_key(self.cleaned_data["email"])
        if User.objects.with_email(email).exclude(pk=self.instance.pk).exists():
            raise forms.ValidationError(_("This e-mail address is already in use."))
        return email


class NewUserForm(EmailOnceMixin):
    """Somebody who will log in; they set their password themselves, by the invitation's link."""

    class Meta:
        model = User
        fields = ["email", "name", "is_staff"]

    def save(self, commit: bool = True) -> Any:
        """Return the user, without a password that works."""
        self.instance.set_unusable_password()
        return super().save(commit)


class ChangeUserForm(EmailOnceMixin, UntouchedStays, UserChangeForm):
    decisions = ("is_active", "is_staff", "is_superuser", "groups")

    language = forms.ChoiceField(
        label=User._meta.get_field("language").verbose_name,
        help_text=User._meta.get_field("language").help_text,
        choices=[("", "—"), *settings.LANGUAGES],
        required=False,
        widget=UnfoldAdminSelectWidget,
    )

    class Meta:
        model = User
        fields = [
            "email",
            "name",
            "language",
            "password",
            "is_active",
            "is_staff",
            "is_superuser",
            "groups",
        ]
