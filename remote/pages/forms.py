"""What comes in where somebody means it."""

from django import forms

from shell.plain_text import OneLines


class ActForm(OneLines, forms.Form):
    """One completed question, so that answering it twice tells the charger once."""

    submission_key = forms.UUIDField()
