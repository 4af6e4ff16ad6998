"""What comes in from the pages about mails: who gets which, and what was sent to whom."""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from accounts.models import User, language_for
from drivers.models import Fleet
from notifications.kinds import MAILS
from notifications.kinds.base import Choice, DriverGets
from notifications.models import Notification, NotificationPreference
from notifications.recipients import Kind, choices_of
from shell.formats import duration
from shell.plain_text import OneLines
from shell.seen import SeenForm

LEAD_TIMES = (15, 30, 60, 120, 240, 480, 720, 1440)

PICK_ONE = dict.fromkeys(["required", "invalid_choice"], _("Please pick one of these."))
# Under the heading “Managers”, where there is little room.
MANAGERS: dict[str, str | Promise] = {
    NotificationPreference.Managers.NOBODY: _("Nobody"),
    NotificationPreference.Managers.ASKED: _("The requester"),
    NotificationPreference.Managers.ALL: pgettext_lazy("managers", "All"),
    NotificationPreference.Managers.ADMINS: _("Admins"),
}
FIXED: dict[DriverGets, str | Promise] = {
    DriverGets.NEVER: _("Never"),
    DriverGets.ALWAYS: _("Always"),
    DriverGets.IF_ASKED: _("If the driver requested it"),
}


class SettingsForm(SeenForm):
    """Who of a fleet gets which mails, how long before the start, and in which language I do."""

    reminder_minutes = forms.TypedChoiceField(
        label=_("Reminder"),
        coerce=int,
        help_text=_("Also applies to bookings that are already approved."),
        error_messages=PICK_ONE,
    )
    language = forms.ChoiceField(
        label=_("My language"),
        choices=settings.LANGUAGES,
        help_text=_(
            "For pages and e-mails to you. Drivers get theirs in the language of their account."
        ),
        error_messages=PICK_ONE,
    )

    def __init__(self, data: Any = None, *, fleet: Fleet, user: User) -> None:
        self.choices = choices_of(fleet)
        lead = fleet.reminder_minutes
        initial: dict[str, Any] = {"reminder_minutes": lead}
        for kind, choice in self.choices.items():
            initial |= {f"{kind}-managers": choice.managers, f"{kind}-driver": choice.driver}
        super().__init__(data, changes=True, initial=initial)
        # Nobody else changes one's own.
        self.fields["language"].initial = language_for(user.language)
        self.fields["reminder_minutes"].choices = [  # type: ignore[attr-defined]
            (minutes, lead_time_text(minutes)) for minutes in sorted({0, *LEAD_TIMES, lead})
        ]
        for kind in self.choices:
            self._add_fields(kind)

    def _add_fields(self, kind: Kind) -> None:
        mail, names = MAILS[kind], {"kind": kind.label}
        self.fields[f"{kind}-managers"] = forms.ChoiceField(
            label=gettext("%(kind)s: managers") % names,
            choices=[(each.value, MANAGERS[each]) for each in mail.offered],
            error_messages=PICK_ONE,
        )
        if mail.driver is DriverGets.IF_CHOSEN:
            self.fields[f"{kind}-driver"] = forms.BooleanField(
                label=gettext("%(kind)s: driver") % names,
                required=False,
            )

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield each kind of mail with its fields, and with what holds for who may only look.

        Without a field for the driver, nobody may choose what drivers get.
        """
        for kind, choice in self.choices.items():
            name = f"{kind}-driver"
            fixed = FIXED.get(MAILS[kind].driver)
            yield {
                "kind": kind,
                "managers": self[f"{kind}-managers"],
                "managers_text": MANAGERS[choice.managers],
                "driver": self[name] if name in self.fields else None,
                "driver_text": fixed or (gettext("Yes") if choice.driver else gettext("No")),
            }

    def chosen(self) -> dict[Kind, Choice]:
        """Return who is to get each kind of mail, of a form that is valid."""
        return {
            kind: Choice(
                NotificationPreference.Managers(self.cleaned_data[f"{kind}-managers"]),
                self.cleaned_data.get(f"{kind}-driver", False),
            )
            for kind in self.choices
        }


class SentForm(OneLines, forms.Form):
    """How the list of what was sent is narrowed."""

    to = forms.CharField(label=_("To (name or e-mail)"), max_length=254, required=False)
    kind = forms.ChoiceField(
        label=_("About"), choices=[("", _("Any")), *Notification.Kind.choices], required=False
    )
    state = forms.ChoiceField(
        label=_("Status"), choices=[("", _("Any")), *Notification.State.choices], required=False
    )


def lead_time_text(minutes: int) -> str:
    if not minutes:
        return gettext("No reminder")
    return gettext("%(time)s before the start") % {"time": duration(minutes)}
