"""What charging costs a driver at many EVSEs: tariffs out of the mirror, in few calls."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo

from django.conf import settings
from django.utils import timezone

from ampeco import types
from mirror.work import wake_on_commit
from shell.kept import kept_by_language
from tariffs.answers import TASK, ask_some, fresh_since, want
from tariffs.choice import Answer, NotKnown, choose
from tariffs.engine import Tax, estimate
from tariffs.estimates import Estimate, Need
from tariffs.kept import Group, read_groups
from tariffs.models import TariffAnswer

# That somebody wants to know something is noted as often at most.
NOTED_EVERY = timedelta(hours=1)
MOST_KEPT = 8192


@dataclass(frozen=True, slots=True)
class Applies:
    """The tariff that applies, None where none is known.

    `digest` tells the same tariffs of a group again.
    """

    tariff: types.Tariff | None
    tax: Tax
    digest: str = ""

    def estimate(
        self, *, start_at: datetime, end_at: datetime, zone: tzinfo, need: Need
    ) -> Estimate | None:
        """Return what a slot costs, None where no tariff is known."""
        if self.tariff is None:
            return None
        known = _Known(self.digest, self.tariff.id, self.tax, self.tariff)
        return _estimate(known, start_at, end_at, zone, need)


@dataclass(frozen=True, slots=True)
class _Known:
    """A tariff, told from others by what its group holds (`digest`)."""

    digest: str
    tariff_id: int
    tax: Tax
    tariff: types.Tariff = field(compare=False)


@kept_by_language(MOST_KEPT)
def _estimate(
    known: _Known, start_at: datetime, end_at: datetime, zone: tzinfo, need: Need
) -> Estimate:
    """Return an estimate; pages show the same ones with each look at a site's day."""
    return estimate(
        known.tariff, start_at=start_at, end_at=end_at, zone=zone, need=need, tax=known.tax
    )


class Tariffs:
    """The tariffs that apply to one driver, by tariff group."""

    def __init__(self, groups: Mapping[int, Group], answers: Mapping[int, Answer]) -> None:
        self._groups = groups
        self._answers = answers

    def __bool__(self) -> bool:
        """Whether anything is known."""
        return bool(self._groups)

    def on(self, group: int | None, day: date) -> Applies:
        """Return what applies at the EVSEs of a group (AMPECO id) on a day of the site's."""
        known = self._groups.get(group or 0)
        tax = Tax(known.tax if known else None, is_included=settings.TARIFF_PRICES_INCLUDE_TAX)
        if group is None or known is None:
            return Applies(None, tax)
        try:
            tariff = choose(known.tariffs, self._answers.get(group), day)
        except NotKnown:
            return Applies(None, tax)
        return Applies(tariff, tax, digest=known.digest)


def tariffs_for_drivers(
    wanted: Mapping[int, Collection[int]], *, may_ask: bool = True
) -> dict[int, Tariffs]:
    """Return the tariffs of groups (AMPECO ids) for drivers (AMPECO user ids), who want these.

    Where nobody is favoured, or the operator's answers are kept, no call is made; else two at most,
    and a worker asks for the rest: without `may_ask` for all of it. Costs a query while the mirror
    is kept in the cache, whatever their number.
    """
    groups = read_groups(sorted({pk for some in wanted.values() for pk in some}))
    favours = {pk for pk, group in groups.items() if group.favours}
    asked = {user: sorted(favours.intersection(some)) for user, some in wanted.items()}
    asked = {user: some for user, some in asked.items() if some}
    kept = _answers(asked) if asked else {}
    unknown = _note_wanted(asked, kept)
    if unknown and may_ask:
        first = next(iter(unknown))
        ask_some(first, unknown[first])
        kept |= _answers({first: unknown[first]})
    return {
        user: Tariffs(
            {pk: groups[pk] for pk in some if pk in groups},
            {
                pk: Answer(row.ampeco_tariff_id, row.asked_at.astimezone(UTC).date())
                for pk in asked.get(user, ())
                if (row := kept.get((user, pk))) and row.asked_at is not None
            },
        )
        for user, some in wanted.items()
    }


def _answers(wanted: Mapping[int, Collection[int]]) -> dict[tuple[int, int], TariffAnswer]:
    """Return the operator's answers by user and group."""
    groups = {pk for some in wanted.values() for pk in some}
    rows = TariffAnswer.objects.filter(ampeco_user_id__in=wanted, ampeco_group_id__in=groups)
    return {(row.ampeco_user_id, row.ampeco_group_id): row for row in rows}


def _note_wanted(
    wanted: Mapping[int, Collection[int]], kept: Mapping[tuple[int, int], TariffAnswer]
) -> dict[int, list[int]]:
    """Note what is looked at, if that was not done of late; return what is not known, by user.

    What is old is asked again by a worker, and counts meanwhile.
    """
    now = timezone.now()
    fresh = fresh_since(now)
    is_due = False
    unknown: dict[int, list[int]] = {}
    for user, groups in wanted.items():
        to_note = []
        for group in groups:
            row = kept.get((user, group))
            if row is None or row.wanted_at < now - NOTED_EVERY:
                to_note.append(group)
            if row is None or row.asked_at is None:
                unknown.setdefault(user, []).append(group)
            elif row.asked_at < fresh:
                is_due = True
        want(user, to_note, now=now)
    if is_due or unknown:
        wake_on_commit(TASK)
    return unknown
