"""What a time typed by a person means: the instants at which a site's clocks show it."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

MINUTE = timedelta(minutes=1)


def instants_of(day: date, clock: time, zone: ZoneInfo) -> list[datetime]:
    """Return the instants, in UTC, at which the clocks of a zone show a time on a day.

    One as a rule; none where the clocks skip that time, two where they are put back over it.
    """
    found = []
    for fold in (0, 1):
        local = datetime.combine(day, clock.replace(fold=fold), zone)
        instant = local.astimezone(UTC)
        shown = instant.astimezone(zone)
        if shown.replace(tzinfo=None) == local.replace(tzinfo=None) and instant not in found:
            found.append(instant)
    return found


def skipped_stretch(day: date, clock: time, zone: ZoneInfo) -> tuple[time, time]:
    """Return from which time straight to which one the clocks go where they skip a time."""
    local = datetime.combine(day, clock.replace(second=0, microsecond=0))
    first, last = local, local
    while not instants_of(first.date(), first.time(), zone):
        first -= MINUTE
    while not instants_of(last.date(), last.time(), zone):
        last += MINUTE
    return (first + MINUTE).time(), last.time()
