"""Forms about what is there already: nobody undoes what they have not seen."""

import hashlib
from typing import Any, ClassVar

from django import forms
from django.db import transaction
from django.forms.models import model_to_dict
from django.utils.translation import gettext as _

from shell.kept_forms import retyped
from shell.plain_text import OneLines


class SeenForm(OneLines, forms.Form):
    """A form that knows what it was shown with, where it changes what there is.

    `initial` says how that is now. Whoever began with something else is told once, and keeps what
    was typed; sent again, it takes the place of what is there.
    """

    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, data: Any = None, *, changes: bool, **more: Any) -> None:
        initial = more.pop("initial", None) or {}
        self._now = _mark(initial)
        super().__init__(data, initial={**initial, "seen": self._now}, **more)
        if not changes:
            del self.fields["seen"]

    def clean(self) -> dict[str, Any]:
        """Refuse what was meant to change something else than what is there."""
        cleaned = super().clean() or {}
        seen = cleaned.pop("seen", "")
        if seen and seen != self._now:
            self.data = retyped(self.data, seen=self._now)  # type: ignore[arg-type]
            raise forms.ValidationError(
                _(
                    "Somebody else has changed this since you opened the page. Your entries are "
                    "kept: send them again to put them in place of what is there now."
                )
            )
        return cleaned


def carry_what_was_shown(form: forms.BaseForm, name: str) -> None:
    """Let a field carry what it is shown with: it counts as changed where it is sent as another.

    A form that comes without, as no browser sends it, is held against what is there now.
    """
    is_carried = form.add_initial_prefix(name) in form.data
    form.fields[name].show_hidden_initial = is_carried or not form.is_bound


class UntouchedStays(OneLines, forms.ModelForm):
    """A form of the back office that leaves alone what was sent as it was shown.

    That goes for the fields in `decisions`. A page that was opened before somebody lost a right,
    and is saved for another reason, gives it back to nobody.
    """

    decisions: ClassVar[tuple[str, ...]] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in self.decisions:
            if self.instance.pk and name in self.fields:
                carry_what_was_shown(self, name)

    def clean(self) -> dict[str, Any]:
        """Take the place of what was not touched with what is there now.

        In a transaction, as the back office saves, nobody changes that until it is saved.
        """
        cleaned = super().clean() or self.cleaned_data
        untouched = [
            name
            for name in self.decisions
            if self.instance.pk and name in cleaned and name not in self.changed_data
        ]
        if untouched:
            rows = type(self.instance)._default_manager.filter(pk=self.instance.pk)
            if transaction.get_connection(rows.db).in_atomic_block:
                rows = rows.select_for_update(no_key=True)
            there = rows.first()
            now = model_to_dict(there, untouched) if there else self.initial
            cleaned.update({name: now[name] for name in untouched})
        return cleaned


def _mark(values: dict[str, Any]) -> str:
    text = repr(sorted((name, str(value)) for name, value in values.items()))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
