"""The forms of second factors, within bounds and proof against made-up passkeys."""

import struct
from typing import Any

from allauth.account.adapter import get_adapter as get_account_adapter
from allauth.core import context, ratelimit
from allauth.mfa import app_settings
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.webauthn.forms import (
    AddWebAuthnForm,
    AuthenticateWebAuthnForm,
    EditWebAuthnForm,
    LoginWebAuthnForm,
    ReauthenticateWebAuthnForm,
)
from cryptography.exceptions import InvalidSignature
from django import forms
from django.core.cache import cache
from django.forms.fields import InvalidJSONInput
from django.utils.translation import gettext_lazy as _

from accounts.entrance import bound
from shell.plain_text import OneLines

CODE_MAX = 32
NAME_MAX = 60
# A passkey with an attestation of its maker takes some kilobytes.
CREDENTIAL_MAX = 20_000
# What reading a made-up passkey ends with in the library of the standard, or being told so.
NO_PASSKEY_OR_REFUSED = (
    forms.ValidationError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    RecursionError,
    struct.error,
    InvalidSignature,
)


class CodeMixin(OneLines, forms.Form):
    """A code from an app, or a recovery code: few guesses a day, and each works once."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["code"]
        field.label = _("Code")
        field.widget.attrs.pop("placeholder", None)
        field.widget.attrs.update({"inputmode": "numeric", "autofocus": True})
        bound(self, "code", most=CODE_MAX)

    def clean_code(self) -> str:
        """Return the code of somebody who may still guess, once."""
        user = self.user  # type: ignore[attr-defined]
        key = f"second-factor-{user.pk}"
        adapter = get_account_adapter()
        if not ratelimit.consume(context.request, action="second_factor", key=key):
            raise adapter.validation_error("too_many_codes")
        code: str = super().clean_code()  # type: ignore[misc]
        ratelimit.clear(context.request, action="second_factor", key=key)
        found: Authenticator = self.authenticator  # type: ignore[attr-defined]
        if found.type == Authenticator.Type.TOTP and not _use_up(user.pk, code):
            raise get_adapter().validation_error("incorrect_code")
        return code


def _use_up(user_pk: int, code: str) -> bool:
    seconds = app_settings.TOTP_PERIOD * (2 * app_settings.TOTP_TOLERANCE + 1)
    digits = "".join(filter(str.isalnum, code))
    return bool(cache.add(f"allauth:code-used:{user_pk}:{digits}", 1, seconds))


class SecondFactorForm(CodeMixin, AuthenticateForm):
    """A code at the log-in."""


class ConfirmCodeForm(CodeMixin, ReauthenticateForm):
    """A code once more, before something about the log-in changes."""


class SetUpAppForm(OneLines, ActivateTOTPForm):
    """The first code of an app, which shows that it has the secret."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["code"]
        field.label = _("Code from the app")
        field.widget.attrs.pop("placeholder", None)
        field.widget.attrs["inputmode"] = "numeric"
        bound(self, "code", most=CODE_MAX)

    def clean_code(self) -> str:
        """Return the code, which from now on lets nobody in."""
        code: str = super().clean_code()
        if not _use_up(self.user.pk, code):
            raise get_adapter().validation_error("incorrect_code")
        return code


class CredentialField(forms.JSONField):
    """What a browser says of a passkey."""

    def __init__(self) -> None:
        super().__init__(widget=forms.HiddenInput)
        self.error_messages["required"] = _("The browser sent no passkey. Please try again.")
        self.error_messages["invalid"] = _("The browser sent no passkey. Please try again.")

    def to_python(self, value: Any) -> Any:
        """Return the passkey as an object: nothing large, and nothing that databases refuse."""
        if isinstance(value, str) and (len(value) > CREDENTIAL_MAX or "\\u0000" in value):
            raise forms.ValidationError(self.error_messages["invalid"])
        try:
            found = super().to_python(value)
        except RecursionError:
            raise forms.ValidationError(self.error_messages["invalid"]) from None
        if found is not None and not isinstance(found, dict):
            raise forms.ValidationError(self.error_messages["invalid"])
        return found

    def bound_data(self, data: Any, initial: Any) -> Any:  # noqa: ARG002
        """Return what was sent as it is: reading it once more could fail while a page is drawn."""
        return None if data is None else InvalidJSONInput(data)


class AddPasskeyForm(OneLines, AddWebAuthnForm):
    """A new passkey and what its owner calls it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].label = _("Name")
        self.fields["name"].help_text = _(
            "To recognise it by, for example “Phone” or “Key at work”."
        )
        bound(self, "name", most=NAME_MAX)
        self.fields["passwordless"].label = _("Sign in with this passkey alone, without a password")
        self.fields["passwordless"].help_text = _(
            "You will need your fingerprint, face or PIN each time."
        )
        self.fields["credential"] = CredentialField()

    def clean(self) -> dict[str, Any]:
        try:
            return super().clean() or {}
        except NO_PASSKEY_OR_REFUSED as error:
            raise refusal(error) from error


class PasskeyMixin(OneLines, forms.Form):
    """A passkey that somebody shows."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["credential"] = CredentialField()

    def clean_credential(self) -> Authenticator:
        """Return the factor that the passkey is."""
        try:
            found: Authenticator = super().clean_credential()  # type: ignore[misc]
        except NO_PASSKEY_OR_REFUSED as error:
            raise refusal(error) from error
        return found


class ShowPasskeyForm(PasskeyMixin, AuthenticateWebAuthnForm):
    """A passkey beside the password, at the log-in."""


class SignInPasskeyForm(PasskeyMixin, LoginWebAuthnForm):
    """A passkey in place of e-mail and password."""


class ConfirmPasskeyForm(PasskeyMixin, ReauthenticateWebAuthnForm):
    """A passkey once more, before something about the log-in changes."""


class RenamePasskeyForm(OneLines, EditWebAuthnForm):
    """What the owner of a passkey calls it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].label = _("Name")
        bound(self, "name", most=NAME_MAX)


def refusal(error: Exception) -> forms.ValidationError:
    """Return why a passkey is refused; one that cannot be read is not right, and no failure."""
    if isinstance(error, forms.ValidationError):
        return error
    return get_adapter().validation_error("incorrect_code")
