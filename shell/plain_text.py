"""Texts that people type in one line, and names that go into mails."""

import re
import unicodedata

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

# The end of a line or of a paragraph, which are no control characters by name.
LINE_ENDS = "\u2028\u2029"
WEB_ADDRESS = re.compile(r"://|\bwww\.|[\w-]{2,}\.[a-z]{2,}", re.IGNORECASE)
# Longer than any name that is one, short enough to hold no message.
LONGEST_NAME = 80


class OneLines(forms.BaseForm):
    """A form whose fields of one line take one: no line break, no control character."""

    def full_clean(self) -> None:
        for field in self.fields.values():
            if is_one_line(field) and one_line not in field.validators:
                field.validators.append(one_line)
        super().full_clean()


class OneLineModelForm(OneLines, forms.ModelForm):
    """The form of a model in the back office that needs none of its own."""


def is_one_line(field: forms.Field) -> bool:
    # A password is whatever it is.
    longer = (forms.Textarea, forms.PasswordInput)
    return isinstance(field, forms.CharField) and not isinstance(field.widget, longer)


def one_line(text: object) -> None:
    """Raise ValidationError for a text that is not a line; Django refuses NUL by itself."""
    if isinstance(text, str) and any(
        letter in LINE_ENDS or (unicodedata.category(letter) == "Cc" and letter != "\0")
        for letter in text
    ):
        raise ValidationError(_("Please leave out line breaks and control characters."))


def is_plain_name(text: str) -> bool:
    """Return whether a text may stand as a name in a mail to somebody who does not expect it.

    Else whoever may invite could have the portal send out messages and links of their own.
    """
    return len(text) <= LONGEST_NAME and not WEB_ADDRESS.search(text)


def plain_name(text: str) -> None:
    """Raise ValidationError for what is no name of a person."""
    if WEB_ADDRESS.search(text):
        raise ValidationError(_("Please enter a name, not a web address."))
