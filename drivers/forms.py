"""What comes in from the pages about drivers."""

from django import forms
from django.utils.translation import gettext_lazy as _

from drivers.upserts import LONGEST_EMAIL
from shell.plain_text import OneLines
from shell.search_form import SearchForm


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


class DriverSearchForm(SearchForm):
    """Words to search the fleet's drivers for."""

    about = _("Name or e-mail")
