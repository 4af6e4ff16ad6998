"""What comes in from the pages about drivers."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from drivers.upserts import LONGEST_EMAIL
from shell.plain_text import OneLines

LONGEST_SEARCH = 100


class AddDriverForm(OneLines, forms.Form):
    """The e-mail of a driver to be added."""

    email = forms.EmailField(
        label=_("Add a driver by e-mail"),
        max_length=LONGEST_EMAIL,
        widget=forms.EmailInput(attrs={"autocomplete": "off", "maxlength": LONGEST_EMAIL}),
        error_messages={
            "required": _("Please enter the driver's e-mail address."),
            "invalid": _("This is not an e-mail address. It looks like name@company.com."),
            "max_length": _("This is too long for an e-mail address."),
        },
        help_text=_("The e-mail address that the driver uses in the driver app."),
    )


class DriverSearchForm(OneLines, forms.Form):
    """Words to search the fleet's drivers for."""

    q = forms.CharField(
        label=_("Search"),
        required=False,
        max_length=LONGEST_SEARCH,
        widget=forms.TextInput(
            attrs={
                "type": "search",
                "placeholder": _("Name or e-mail"),
                "maxlength": LONGEST_SEARCH,
                "autocomplete": "off",
            }
        ),
        error_messages={"max_length": _("Please search for at most 100 characters.")},
    )

    def query(self) -> str:
        """Return what to search for; nothing where that makes no sense."""
        self.is_valid()
        data: dict[str, Any] = self.cleaned_data
        return data.get("q", "")
