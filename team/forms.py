"""What comes in from the pages about a fleet's team."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.password_validation import (
    password_validators_help_texts,
    validate_password,
)
from django.utils.translation import gettext_lazy as _

from accounts.entrance import PASSWORD_MAX
from accounts.models import User
from drivers.models import FleetMembership, TeamRole
from shell.plain_text import OneLines, plain_name
from team.handover import feeds_made_by, looked_after
from team.leaving import heirs_of

LONGEST_EMAIL = 254
LONGEST_NAME = 150


class InvitationForm(OneLines, forms.Form):
    email = forms.EmailField(
        label=_("E-mail"),
        max_length=LONGEST_EMAIL,
        widget=forms.EmailInput(attrs={"autocomplete": "off", "maxlength": LONGEST_EMAIL}),
        error_messages={
            "required": _("Please enter the person's e-mail address."),
            "invalid": _("This is not an e-mail address. It looks like name@company.com."),
            "max_length": _("This is too long for an e-mail address."),
        },
    )
    name = forms.CharField(
        label=_("Name"),
        max_length=LONGEST_NAME,
        required=False,
        validators=[plain_name],
        widget=forms.TextInput(attrs={"autocomplete": "off", "maxlength": LONGEST_NAME}),
    )
    role = forms.TypedChoiceField(
        label=_("Role"),
        choices=TeamRole,
        coerce=TeamRole,
        initial=TeamRole.MANAGER,
        help_text=_(
            "Managers book for the drivers, admins also manage the team, viewers can only look."
        ),
        error_messages={"invalid_choice": _("Please pick one of these.")},
    )
    language = forms.ChoiceField(
        label=_("Language of the e-mail"),
        choices=settings.LANGUAGES,
        error_messages={"invalid_choice": _("Please pick one of these.")},
    )


class RoleForm(OneLines, forms.Form):
    role = forms.TypedChoiceField(label=_("Role"), choices=TeamRole, coerce=TeamRole)


class LeavingForm(OneLines, forms.Form):
    """Who takes over from somebody who leaves."""

    heir = forms.ModelChoiceField(
        label=_("Who takes over"),
        queryset=User.objects.none(),
        required=False,
        empty_label=_("Please pick somebody"),
        error_messages={
            "invalid_choice": _("This colleague cannot take over. Please pick another one.")
        },
    )

    def __init__(self, data: Any = None, *, membership: FleetMembership) -> None:
        super().__init__(data)
        self.bookings = looked_after(membership.fleet, membership.user).count()
        self.feeds = feeds_made_by(membership.fleet, membership.user).count()
        heir = self.fields["heir"]
        assert isinstance(heir, forms.ModelChoiceField)
        heir.queryset = heirs_of(membership).order_by("name", "email")
        heir.label_from_instance = lambda user: user.display_name  # type: ignore[assignment, method-assign]
        if not (self.bookings and heir.queryset.exists()):
            del self.fields["heir"]


class NewAccountForm(OneLines, forms.Form):
    """Name and password of somebody who was invited and has no account yet."""

    name = forms.CharField(
        label=_("Your name"),
        max_length=LONGEST_NAME,
        validators=[plain_name],
        widget=forms.TextInput(attrs={"autocomplete": "name", "maxlength": LONGEST_NAME}),
        error_messages={"required": _("Please enter your name.")},
    )
    password = forms.CharField(
        label=_("Password"),
        max_length=PASSWORD_MAX,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        error_messages={"required": _("Please choose a password.")},
    )

    def __init__(self, data: Any = None, *, email: str, name: str) -> None:
        super().__init__(data, initial={"name": name})
        self.email = email
        self.fields["password"].help_text = " ".join(password_validators_help_texts())

    def clean(self) -> dict[str, Any]:
        """Hold the password against the rules, also against name and e-mail."""
        data = super().clean() or {}
        if password := data.get("password"):
            try:
                validate_password(password, User(email=self.email, name=data.get("name", "")))
            except forms.ValidationError as error:
                self.add_error("password", error)
        return data
