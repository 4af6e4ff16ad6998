"""What charging costs a driver at many EVSEs: tariffs out of the mirror, in few calls."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal

from django.conf import settings
from django.utils import timezone

from ampeco import types
from mirror.models import SyncRun
from mirror.work import wake_on_commit
from tariffs.answers import TASK, ask_some, fresh_since, want
from tariffs.choice import Answer, NotKnown, choose
from tariffs.engine import Tax, estimate
from tariffs.estimates import Estimate, Need
from tariffs.mirroring import FORBIDDEN
from tariffs.models import Tariff, TariffAnswer, TariffGroup, TaxRate

# That somebody wants to know something is noted as often at most.
NOTED_EVERY = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Applies:
    """The tariff that applies, None where none is known; `is_awaited`: it may be known soon."""

    tariff: types.Tariff | None
    tax: Tax
    is_awaited: bool = False

    def estimate(
        self, *, start_at: datetime, end_at: datetime, zone: tzinfo, need: Need
    ) -> Estimate | None:
        """Return what a slot costs, None where no tariff is known."""
        if self.tariff is None:
            return None
        return estimate(
            self.tariff, start_at=start_at, end_at=end_at, zone=zone, need=need, tax=self.tax
        )


class Tariffs:
    """The tariffs that apply to one driver, by tariff group."""

    def __init__(
        self,
        groups: Mapping[int, Sequence[types.Tariff]],
        answers: Mapping[int, Answer],
        taxes: Mapping[int, Decimal],
        awaited: frozenset[int] = frozenset(),
    ) -> None:
        self._groups = groups
        self._answers = answers
        self._taxes = taxes
        self._awaited = awaited

    @property
    def is_awaited(self) -> bool:
        """Whether something is not known yet that may be known soon."""
        return bool(self._awaited)

    def on(self, group: int | None, day: date) -> Applies:
        """Return what applies at the EVSEs of a group (AMPECO id) on a day of the site's."""
        percent = self._taxes.get(group or 0)
        tax = Tax(percent, is_included=settings.TARIFF_PRICES_INCLUDE_TAX)
        if group is None or group not in self._groups:
            return Applies(None, tax)
        try:
            tariff = choose(self._groups[group], self._answers.get(group), day)
        except NotKnown:
            return Applies(None, tax, is_awaited=group in self._awaited)
        return Applies(tariff, tax)


def tariffs_for(
    groups: Iterable[int | None], *, user_id: int | None, may_ask: bool = True
) -> Tariffs:
    """Return the tariffs of many groups (AMPECO ids) for a driver (AMPECO user id).

    Where nobody is favoured, or the operator's answers are kept, no call is made; else two at most,
    and a worker asks for the rest: without `may_ask` for all of it. Without a driver it is only
    known where nobody is favoured.
    """
    wanted = sorted({group for group in groups if group is not None})
    by_group = _tariffs_of(wanted)
    taxes = dict(
        TaxRate.objects.filter(ampeco_group_id__in=by_group).values_list(
            "ampeco_group_id", "percent"
        )
    )
    asked = [pk for pk in wanted if any(each.by_user for each in by_group.get(pk, ()))]
    if user_id is None or not asked:
        return Tariffs(by_group, {}, taxes)
    kept = _answers(user_id, asked)
    if _note_wanted(user_id, asked, kept) and may_ask:
        ask_some(user_id, [pk for pk in asked if not _is_known(kept.get(pk))])
        kept = _answers(user_id, asked)
    answers = {
        pk: Answer(row.ampeco_tariff_id, row.asked_at.astimezone(UTC).date())
        for pk, row in kept.items()
        if row.asked_at is not None
    }
    return Tariffs(by_group, answers, taxes, frozenset(asked) - answers.keys())


def is_left_out() -> bool:
    """Return whether this token may not read tariffs, so that nothing is said of prices."""
    runs = SyncRun.objects.filter(kind=SyncRun.Kind.TARIFFS, state=SyncRun.State.FINISHED)
    last = runs.order_by("-started_at", "-pk").first()
    return last is not None and bool(last.counts.get(FORBIDDEN))


def _tariffs_of(groups: list[int]) -> dict[int, list[types.Tariff]]:
    """Return the tariffs of groups in their order, as far as the mirror has them."""
    rows = TariffGroup.objects.filter(ampeco_id__in=groups, retired_at=None)
    ids = dict(rows.values_list("ampeco_id", "tariff_ids"))
    every = {pk for some in ids.values() for pk in some}
    payloads = Tariff.objects.filter(ampeco_id__in=every, retired_at=None).values_list(
        "ampeco_id", "payload"
    )
    tariffs = {pk: types.Tariff.from_payload(payload) for pk, payload in payloads}
    return {
        group: [tariffs[pk] for pk in in_group if pk in tariffs] for group, in_group in ids.items()
    }


def _answers(user_id: int, groups: list[int]) -> dict[int, TariffAnswer]:
    rows = TariffAnswer.objects.filter(ampeco_user_id=user_id, ampeco_group_id__in=groups)
    return {row.ampeco_group_id: row for row in rows}


def _is_known(answer: TariffAnswer | None) -> bool:
    return answer is not None and answer.asked_at is not None


def _note_wanted(user_id: int, groups: list[int], kept: Mapping[int, TariffAnswer]) -> bool:
    """Note what is looked at, if that was not done of late; return whether something is unknown.

    What is old is asked again by a worker, and counts meanwhile.
    """
    now = timezone.now()
    fresh = fresh_since(now)
    to_note, is_due, is_unknown = [], False, False
    for group in groups:
        row = kept.get(group)
        if row is None or row.wanted_at < now - NOTED_EVERY:
            to_note.append(group)
        if row is None or row.asked_at is None:
            is_unknown = True
        elif row.asked_at < fresh:
            is_due = True
    want(user_id, to_note, now=now)
    if is_due or is_unknown:
        wake_on_commit(TASK)
    return is_unknown
