"""The form by which a fleet's admins name who gets the monthly report."""

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from accounts.models import User, language_for
from drivers.models import Fleet
from shell.plain_text import OneLines

LONGEST_EMAIL = 254


class RecipientForm(OneLines, forms.Form):
    """A member of the team, or else an address with a language."""

    member = forms.ModelChoiceField(
        label=_("Member of your team"),
        queryset=User.objects.none(),
        required=False,
        empty_label=_("Nobody: the address below"),
        error_messages={"invalid_choice": _("Please pick one of these.")},
    )
    email = forms.EmailField(
        label=_("Or another e-mail address"),
        max_length=LONGEST_EMAIL,
        required=False,
        widget=forms.EmailInput(attrs={"autocomplete": "off", "maxlength": LONGEST_EMAIL}),
        help_text=_("The file names drivers and vehicles. Name only people who may see that."),
        error_messages={
            "invalid": _("This is not an e-mail address. It looks like name@company.com."),
            "max_length": _("This is too long for an e-mail address."),
        },
    )
    language = forms.ChoiceField(
        label=_("Language for this address"),
        choices=settings.LANGUAGES,
        help_text=_("Members of your team get it in the language of their account."),
        error_messages={"invalid_choice": _("Please pick one of these.")},
    )

    def __init__(self, data: Any = None, *, fleet: Fleet, user: User) -> None:
        super().__init__(data, initial={"language": language_for(user.language)})
        team = User.objects.filter(memberships__fleet=fleet, is_active=True)
        member = self.fields["member"]
        assert isinstance(member, forms.ModelChoiceField)
        member.queryset = team.order_by("name", "email")
        member.label_from_instance = lambda one: f"{one.display_name} ({one.email})"  # type: ignore[method-assign,assignment]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if not self.errors and bool(data.get("member")) == bool(data.get("email")):
            raise forms.ValidationError(
                _("Please pick a member of your team, or enter another address.")
            )
        return data
