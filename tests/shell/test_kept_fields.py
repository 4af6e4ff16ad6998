"""Fields that are drawn once for the same things filled in."""

from django import forms
from django.utils.translation import gettext_lazy, override

from shell.kept_fields import fields_html

TEMPLATE = "boards/day/_typed_fields.html"


class SearchForm(forms.Form):
    q = forms.CharField(label=gettext_lazy("Search"), max_length=5, required=False)
    site = forms.ChoiceField(required=False)

    def __init__(self, data=None, *, sites=()):
        super().__init__(data)
        self.sites = tuple((each, each) for each in sites)
        self.fields["site"].choices = self.sites


def drawn(data=None, **given) -> str:
    form = SearchForm(data, **given)
    return fields_html(form, TEMPLATE, form.sites)


def test_the_same_is_drawn_once():
    assert drawn({"q": "Van"}) is drawn({"q": "Van", "page": "2"})


def test_each_shows_what_was_filled_in_and_what_can_be_chosen_in_their_language():
    assert 'value="Van"' in drawn({"q": "Van"}, sites=["North"])
    assert 'value="Bus"' in drawn({"q": "Bus"}, sites=["North"])
    assert "South" in drawn({"q": "Van"}, sites=["South"])
    assert "value=" not in drawn()
    with override("de"):
        assert "Suche" in drawn({"q": "Van"}, sites=["North"])


def test_what_is_wrong_is_said_to_whom_it_concerns():
    form = SearchForm({"q": "far too long"})
    assert "at most 5" in fields_html(form, TEMPLATE)
    form = SearchForm({"q": "Van"})
    form.is_valid()
    form.add_error("q", "Nobody knows this place.")
    assert "Nobody knows this place." in fields_html(form, TEMPLATE, ())
    assert "Nobody knows" not in drawn({"q": "Van"})
