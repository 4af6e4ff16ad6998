"""Lists to choose from look as Django draws them."""

import re

import pytest
from django import forms
from django.forms.renderers import DjangoTemplates
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy

from shell.form_renderer import QuickLists

PLAIN = [("", gettext_lazy("Any")), (1, "<b>One</b>"), ("a&b", mark_safe("<i>safe</i>"))]
GROUPED = [("Fruit", [("a", "Apple")]), ("Other", [("b", "Bread")])]


def drawn(field, renderer, value):
    class Form(forms.Form):
        chosen = field

    html = str(Form({"chosen": value}, renderer=renderer())["chosen"])
    return re.sub(r"\s*(<[^>]*>)\s*", r"\1", html)


@pytest.mark.parametrize("value", ["", "1", "a&b", "none of these"])
@pytest.mark.parametrize(
    "field",
    [
        forms.ChoiceField(choices=PLAIN),
        forms.ChoiceField(choices=PLAIN, required=False, help_text="Help"),
        forms.ChoiceField(choices=GROUPED),
        forms.NullBooleanField(),
        forms.ChoiceField(
            choices=PLAIN,
            widget=forms.Select(attrs={"class": 'a"b', "autofocus": True, "hidden": False}),
        ),
        forms.MultipleChoiceField(choices=PLAIN),
        forms.ChoiceField(choices=PLAIN, widget=forms.RadioSelect),
        forms.CharField(),
    ],
)
def test_a_control_is_drawn_as_django_draws_it(field, value):
    assert drawn(field, QuickLists, value) == drawn(field, DjangoTemplates, value)
