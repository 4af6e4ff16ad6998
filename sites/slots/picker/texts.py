"""The sentences of the slot picker."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from shell.formats import duration, kw
from sites.facts import Charger
from sites.models import Evse
from sites.periods import local_day
from sites.slots.picker.form import Choices
from sites.slots.picker.parts import ONE_DAY, day_text


def summary_text(count: int, total: int, choices: Choices) -> str:
    """Return how many chargers have a start on the chosen day."""
    return ngettext(
        "Room for %(length)s on %(day)s: %(count)d of %(total)d charger.",
        "Room for %(length)s on %(day)s: %(count)d of %(total)d chargers.",
        total,
    ) % {
        "count": count,
        "total": total,
        "length": duration(choices.length),
        "day": day_text(choices.day),
    }


def nothing_text(choices: Choices, *, any_shown: bool, since: str) -> str:
    """Return the sentence for a day on which no start fits, be it only for want of chargers.

    `since` is the time from which that is so, or nothing for the whole day.
    """
    if not any_shown:
        return _("No charger at this site offers all of this. Please ask for less.")
    parts = {"length": duration(choices.length), "day": day_text(choices.day), "time": since}
    if not since:
        return _("No charger is free for %(length)s on %(day)s.") % parts
    return _("No charger is free for %(length)s on %(day)s from %(time)s.") % parts


def clock_change_text(day: date, *, zone: ZoneInfo) -> str:
    """Return a warning for a day on which the clocks change; else nothing."""
    change = ONE_DAY - local_day(day, zone).length
    if not change:
        return ""
    # Translators: %(by)s is a length of time such as “1 h”.
    if change > timedelta(0):
        text = pgettext("clock change", "Clocks go forward by %(by)s on this day.")
    else:
        text = pgettext("clock change", "Clocks go back by %(by)s on this day.")
    return text % {"by": duration(abs(change))}


def facts_text(charger: Charger) -> str:
    """Return current, connectors, power and access of a charger as one line; gaps are left out."""
    evse = charger.evse
    known = evse.current_type in Evse.CurrentType.values and evse.current_type != "unknown"
    parts = (
        charger.evse.charge_point.name,
        evse.get_current_type_display() if known else "",
        charger.connectors,
        kw(evse.max_power_kw),
        _("Private") if charger.private else "",
    )
    return " · ".join(str(part) for part in parts if part)
