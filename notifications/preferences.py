"""Who gets which mails: what a fleet has chosen, within what each kind of mail lets it choose.

What a driver must know, so that nobody drives to a charger in vain, is not for a fleet to switch
off; what is between managers and the operator is not for drivers.
"""

from collections.abc import Iterable, Mapping

from django.db import transaction

from drivers.models import Fleet
from notifications.kinds import MAILS
from notifications.kinds.base import Choice
from notifications.models import Notification, NotificationPreference

Kind = Notification.Kind
Managers = NotificationPreference.Managers
DEFAULTS = {kind: mail.default for kind, mail in MAILS.items()}


def choices_of(fleet: Fleet) -> dict[Kind, Choice]:
    return choices_of_fleets([fleet])[fleet.pk]


def choices_of_fleets(fleets: Iterable[Fleet]) -> dict[int, dict[Kind, Choice]]:
    """Return who gets mails of each kind, by the fleets' ids; costs one query."""
    found = {fleet.pk: dict(DEFAULTS) for fleet in fleets}
    for row in NotificationPreference.objects.filter(fleet__in=found):
        chosen = Choice(Managers(row.managers), row.driver)
        found[row.fleet_id][Kind(row.kind)] = MAILS[Kind(row.kind)].allowed(chosen)
    return found


def save_choices(fleet: Fleet, choices: Mapping[Kind, Choice]) -> None:
    """Keep who of a fleet gets mails of each kind, within what may be chosen.

    What equals the default is not kept, so that a better default reaches whoever never chose.
    """
    with transaction.atomic():
        for kind, wanted in choices.items():
            choice = MAILS[kind].allowed(wanted)
            if choice == DEFAULTS[kind]:
                NotificationPreference.objects.filter(fleet=fleet, kind=kind).delete()
            else:
                NotificationPreference.objects.update_or_create(
                    fleet=fleet,
                    kind=kind,
                    defaults={"managers": choice.managers, "driver": choice.driver},
                )
