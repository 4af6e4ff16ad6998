"""The forms by which people come in, in the portal's own words and within bounds."""

from typing import Any

from allauth.account.forms import (
    ChangePasswordForm,
    LoginForm,
    ReauthenticateForm,
    ResetPasswordForm,
    ResetPasswordKeyForm,
    SetPasswordForm,
)
from django import forms
from django.core.validators import MaxLengthValidator
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from shell.plain_text import OneLines

# Longer than any password that somebody types or keeps in a safe, short enough to hash.
PASSWORD_MAX = 256


def bound(form: forms.Form, *names: str, most: int = PASSWORD_MAX) -> None:
    """Limit the length of some fields of a form. The browser cuts nothing off: it is said."""
    for name in names:
        field = form.fields[name]
        assert isinstance(field, forms.CharField)
        field.max_length = most
        field.validators.append(MaxLengthValidator(most))


def as_stored(email: str) -> str:
    """Return how an account spells an address; as it was typed where there is none."""
    user = User.objects.with_email(email).first()
    return email if user is None else user.email


class Bounded(OneLines, forms.Form):
    """Bounds the passwords of a form of the library."""

    passwords: tuple[str, ...] = ("password1", "password2")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        bound(self, *self.passwords)


class SignInForm(Bounded, LoginForm):
    passwords = ("password",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].label = _("E-mail")
        self.fields["remember"].label = _("Stay signed in on this device")

    def clean_login(self) -> str:
        return as_stored(super().clean_login())


class ForgottenPasswordForm(OneLines, ResetPasswordForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].label = _("E-mail")

    def clean_email(self) -> str:
        # The library looks for the people before it says that there may be none.
        self.cleaned_data["email"] = as_stored(self.cleaned_data["email"])
        return str(super().clean_email())


class NewPasswordForm(Bounded, ResetPasswordKeyForm):
    """The password that the link of a mail sets."""


class FirstPasswordForm(Bounded, SetPasswordForm):
    """The password of somebody who is in without one."""


class OtherPasswordForm(Bounded, ChangePasswordForm):
    passwords = ("oldpassword", "password1", "password2")


class ConfirmPasswordForm(Bounded, ReauthenticateForm):
    """The password once more, before something about the log-in changes."""

    passwords = ("password",)
