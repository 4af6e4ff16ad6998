"""The form above a list that is searched for words."""

from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from shell.plain_text import OneLines

LONGEST_SEARCH = 100


class SearchForm(OneLines, forms.Form):
    """Words to search a list for; what they may be about stands in the empty field."""

    about: str | Promise = ""

    q = forms.CharField(
        label=_("Search"),
        required=False,
        max_length=LONGEST_SEARCH,
        widget=forms.TextInput(
            attrs={"type": "search", "maxlength": LONGEST_SEARCH, "autocomplete": "off"}
        ),
        error_messages={"max_length": _("Please search for at most 100 characters.")},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["q"].widget.attrs["placeholder"] = self.about

    def query(self) -> str:
        """Return what to search for; nothing where that makes no sense."""
        self.is_valid()
        data: dict[str, Any] = self.cleaned_data
        return data.get("q", "")
