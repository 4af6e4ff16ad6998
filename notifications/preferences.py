"""Which mails go to whom in a fleet: what may be chosen, and what is without a choice.

What a driver must know, so that nobody drives to a charger in vain, is not for a fleet to switch
off; what is between managers and the operator is not for drivers.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum

from django.db import transaction

from drivers.models import Fleet
from notifications.models import NoticePreference, Notification

Kind = Notification.Kind
Managers = NoticePreference.Managers

ANY = (Managers.NOBODY, Managers.ASKED, Managers.ALL)
# A driver who says to be late is promised that somebody hears it.
SOMEBODY = (Managers.ASKED, Managers.ALL)


class DriverGets(Enum):
    """Whether mails of a kind go to the driver."""

    NEVER = "never"
    IF_CHOSEN = "if-chosen"
    ALWAYS = "always"
    # Not by choice, but because the driver has asked for it.
    IF_ASKED = "if-asked"


@dataclass(frozen=True, slots=True)
class Choice:
    """Who gets mails of one kind."""

    managers: Managers
    driver: bool


@dataclass(frozen=True, slots=True)
class Rule:
    """What may be chosen for one kind of mail, and what holds until somebody chooses.

    `wanted` is whether drivers get it until then, where that may be chosen.
    """

    managers: Managers
    driver: DriverGets
    wanted: bool = True
    offered: tuple[Managers, ...] = ANY

    @property
    def default(self) -> Choice:
        """What holds until somebody chooses."""
        return self.with_limits(Choice(self.managers, self.wanted))

    def with_limits(self, choice: Choice) -> Choice:
        """Return a choice with what may not be chosen put right."""
        driver = {
            DriverGets.NEVER: False,
            DriverGets.IF_ASKED: False,
            DriverGets.IF_CHOSEN: choice.driver,
            DriverGets.ALWAYS: True,
        }[self.driver]
        managers = choice.managers if choice.managers in self.offered else self.managers
        return Choice(managers, driver)


RULES: dict[Kind, Rule] = {
    Kind.APPROVED: Rule(Managers.ASKED, DriverGets.IF_CHOSEN),
    Kind.REJECTED: Rule(Managers.ASKED, DriverGets.NEVER),
    Kind.NOT_PLACED: Rule(Managers.ASKED, DriverGets.NEVER),
    Kind.CHANGED: Rule(Managers.ASKED, DriverGets.IF_CHOSEN),
    Kind.CHANGE_REFUSED: Rule(Managers.ASKED, DriverGets.NEVER),
    Kind.CANCELLED: Rule(Managers.ASKED, DriverGets.ALWAYS),
    Kind.CANCEL_REFUSED: Rule(Managers.ASKED, DriverGets.IF_ASKED),
    Kind.MOVED: Rule(Managers.ASKED, DriverGets.ALWAYS),
    Kind.FAILED: Rule(Managers.ASKED, DriverGets.ALWAYS),
    Kind.NO_SHOW: Rule(Managers.ASKED, DriverGets.IF_CHOSEN),
    Kind.REMINDER: Rule(Managers.NOBODY, DriverGets.IF_CHOSEN),
    Kind.RUNNING_LATE: Rule(Managers.ALL, DriverGets.NEVER, offered=SOMEBODY),
}


def choices_of(fleet: Fleet) -> dict[Kind, Choice]:
    """Return who of a fleet gets mails of each kind; costs one query."""
    return choices_of_fleets([fleet])[fleet.pk]


def choices_of_fleets(fleets: Iterable[Fleet]) -> dict[int, dict[Kind, Choice]]:
    """Return who gets mails of each kind, by the fleets' ids; costs one query."""
    found = {fleet.pk: {kind: rule.default for kind, rule in RULES.items()} for fleet in fleets}
    for row in NoticePreference.objects.filter(fleet__in=found):
        kind = Kind(row.kind)
        chosen = Choice(Managers(row.managers), row.driver)
        found[row.fleet_id][kind] = RULES[kind].with_limits(chosen)
    return found


def save_choices(fleet: Fleet, choices: Mapping[Kind, Choice]) -> None:
    """Keep who of a fleet gets mails of each kind, within what may be chosen.

    What equals the default is not kept, so that a better default reaches whoever never chose.
    """
    with transaction.atomic():
        for kind, wanted in choices.items():
            rule = RULES[kind]
            choice = rule.with_limits(wanted)
            if choice == rule.default:
                NoticePreference.objects.filter(fleet=fleet, kind=kind).delete()
            else:
                NoticePreference.objects.update_or_create(
                    fleet=fleet,
                    kind=kind,
                    defaults={"managers": choice.managers, "driver": choice.driver},
                )
