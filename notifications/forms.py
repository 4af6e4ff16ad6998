"""What comes in from the pages about mails: who gets which, and what was sent to whom."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django import forms
from django.conf import settings
from django.forms.boundfield import BoundField
from django.utils.functional import Promise
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from accounts.languages import language_for
from accounts.models import User
from drivers.models import Fleet
from notifications.kinds import MAILS
from notifications.kinds.base import Choice, DriverGets
from notifications.models import Notification, NotificationPreference
from notifications.preferences import Kind, choices_of
from notifications.sent_list import SentFilter
from shell.formats import duration

LEAD_TIMES = (15, 30, 60, 120, 240, 480, 720, 1440)

PICK_ONE = dict.fromkeys(["required", "invalid_choice"], _("Please pick one of these."))
# Under the heading “Managers”, where there is little room.
MANAGERS: dict[str, str | Promise] = {
    NotificationPreference.Managers.NOBODY: _("Nobody"),
    NotificationPreference.Managers.ASKED: _("Who asked"),
    NotificationPreference.Managers.ALL: pgettext_lazy("managers", "All"),
}
FIXED: dict[DriverGets, str | Promise] = {
    DriverGets.NEVER: _("Never"),
    DriverGets.ALWAYS: _("Always"),
    DriverGets.IF_ASKED: _("If the driver asked for it"),
}


@dataclass(frozen=True, slots=True)
class KindRow:
    """One kind of mail: who gets it, and by which fields that is changed.

    `fixed` says what drivers get where nobody may choose that; then there is no field for it.
    """

    kind: Kind
    choice: Choice
    managers: BoundField
    driver: BoundField | None
    fixed: str

    @property
    def managers_text(self) -> str:
        """Which managers get it, for who may only look."""
        return str(MANAGERS[self.choice.managers])

    @property
    def driver_text(self) -> str:
        """Whether the driver gets it, for who may only look."""
        return self.fixed or (gettext("Yes") if self.choice.driver else gettext("No"))


class SettingsForm(forms.Form):
    """Who of a fleet gets which mails, how long before the start, and in which language I do."""

    reminder_minutes = forms.TypedChoiceField(
        label=_("Reminder"),
        coerce=int,
        help_text=_("Bookings that are approved already follow."),
        error_messages=PICK_ONE,
    )
    language = forms.ChoiceField(
        label=_("My language"),
        choices=settings.LANGUAGES,
        help_text=_("For pages and mails to you. Drivers get theirs in their account's language."),
        error_messages=PICK_ONE,
    )

    def __init__(self, data: Any = None, *, fleet: Fleet, user: User) -> None:
        self.choices = choices_of(fleet)
        initial: dict[str, Any] = {
            "reminder_minutes": fleet.reminder_minutes,
            "language": language_for(user.language),
        }
        super().__init__(data, initial=initial)
        self.fields["reminder_minutes"].choices = [  # type: ignore[attr-defined]
            (minutes, lead_time_text(minutes))
            for minutes in sorted({0, *LEAD_TIMES, fleet.reminder_minutes})
        ]
        for kind, choice in self.choices.items():
            self._add_fields(kind, choice)

    def _add_fields(self, kind: Kind, choice: Choice) -> None:
        mail, names = MAILS[kind], {"kind": kind.label}
        self.fields[f"{kind}-managers"] = forms.ChoiceField(
            label=gettext("%(kind)s: managers") % names,
            choices=[(each.value, MANAGERS[each]) for each in mail.offered],
            initial=choice.managers,
            error_messages=PICK_ONE,
        )
        if mail.driver is DriverGets.IF_CHOSEN:
            self.fields[f"{kind}-driver"] = forms.BooleanField(
                label=gettext("%(kind)s: driver") % names,
                initial=choice.driver,
                required=False,
            )

    def rows(self) -> Iterator[KindRow]:
        """Yield the kinds of mails in the order in which bookings live."""
        for kind, choice in self.choices.items():
            name = f"{kind}-driver"
            yield KindRow(
                kind=kind,
                choice=choice,
                managers=self[f"{kind}-managers"],
                driver=self[name] if name in self.fields else None,
                fixed=str(FIXED.get(MAILS[kind].driver, "")),
            )

    def chosen(self) -> dict[Kind, Choice]:
        """Return who is to get each kind of mail, of a form that is valid."""
        return {
            kind: Choice(
                NotificationPreference.Managers(self.cleaned_data[f"{kind}-managers"]),
                self.cleaned_data.get(f"{kind}-driver", False),
            )
            for kind in self.choices
        }


class SentForm(forms.Form):
    """How the list of what was sent is narrowed."""

    to = forms.CharField(label=_("To (name or e-mail)"), max_length=254, required=False)
    kind = forms.ChoiceField(
        label=_("About"), choices=[("", _("Any")), *Notification.Kind.choices], required=False
    )
    state = forms.ChoiceField(
        label=_("State"), choices=[("", _("Any")), *Notification.State.choices], required=False
    )

    def narrowing(self) -> SentFilter:
        """Return the filters that are well-formed, of a form whose `is_valid` was asked."""
        data = self.cleaned_data
        return SentFilter(
            to=data.get("to", ""), kind=data.get("kind", ""), state=data.get("state", "")
        )


def lead_time_text(minutes: int) -> str:
    """Return how long before the start somebody is reminded."""
    if not minutes:
        return gettext("No reminder")
    return gettext("%(time)s before the start") % {"time": duration(minutes)}
