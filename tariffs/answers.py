"""Asks the operator which tariff of a group applies to a driver, and keeps what it says."""

import logging
import time
import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.core.cache import cache
from django.db.models import Q, QuerySet
from django.utils import timezone

from ampeco.client import AmpecoClient
from ampeco.connection import get_client, has_calls_to_spare
from mirror.work import claim_these, take_due, wake_on_commit
from tariffs.mirroring import keep_tariff
from tariffs.models import TariffAnswer
from upstream.errors import UpstreamError, UpstreamNotFound, UpstreamRejected, meets_every_call

logger = logging.getLogger(__name__)

TASK = "tariffs.tasks.ask_for_tariffs"
# While a page waits.
MOST_IN_FOREGROUND = 2
# An answer that takes so long, or never comes, makes no other page wait for some time: prices come
# later then.
SLOW_SECONDS = 1.0
SLOW_FOR_SECONDS = 60
SLOW_KEY = "tariff-answers-slow"
BATCH = 20
LEASE_SECONDS = 60
# A round of the background's ends by then; another one goes on.
ROUND_SECONDS = 30.0
# What nobody looked at for so long is not asked again until somebody does.
LOOKED_AT_WITHIN = timedelta(days=2)


def fresh_since(now: datetime) -> datetime:
    """Return since when an answer counts as fresh."""
    return now - timedelta(hours=settings.TARIFF_ANSWER_HOURS)


def want(user_id: int, groups: Iterable[int], *, now: datetime) -> None:
    """Note what somebody wants to know; a worker asks for what is not known or old."""
    rows = [
        TariffAnswer(ampeco_user_id=user_id, ampeco_group_id=group, wanted_at=now)
        for group in sorted(set(groups))
    ]
    if not rows:
        return
    TariffAnswer.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["ampeco_user_id", "ampeco_group_id"],
        update_fields=["wanted_at"],
    )


def ask_some(user_id: int, groups: Sequence[int]) -> None:
    """Ask for a driver's tariffs while a page waits: the first few, the rest is for a worker.

    Every group has to be wanted already. What cannot be asked now is left to the worker as well.
    """
    wanted = TariffAnswer.objects.filter(ampeco_user_id=user_id, ampeco_group_id__in=groups)
    pks = dict(wanted.filter(asked_at=None).values_list("ampeco_group_id", "pk"))
    first = [pks[group] for group in groups if group in pks][:MOST_IN_FOREGROUND]
    asked = 0
    if first and has_calls_to_spare() and not cache.get(SLOW_KEY):
        _owner, won = claim_these(
            first,
            among=TariffAnswer.objects.filter(asked_at=None),
            now=timezone.now(),
            seconds=LEASE_SECONDS,
        )
        client = get_client()
        mine = TariffAnswer.objects.filter(pk__in=won)
        for answer in mine.order_by("pk"):
            began = time.monotonic()
            answered = _ask(client, answer)
            if not answered or time.monotonic() - began > SLOW_SECONDS:
                cache.set(SLOW_KEY, True, SLOW_FOR_SECONDS)
            if not answered:
                # Nobody waits for a second answer that does not come either.
                mine.filter(pk__gt=answer.pk).update(lease_until=None, lease_owner=None)
                break
            asked += 1
    if asked < len(pks):
        wake_on_commit(TASK)


def ask_due() -> None:
    """Ask for what is wanted and not known, or old, as long as there are calls for it."""
    client = get_client()
    taking = take_due(
        TASK,
        due=_due,
        find=_oldest,
        read=_read,
        batch=BATCH,
        lease_seconds=LEASE_SECONDS,
        seconds=ROUND_SECONDS,
    )
    try:
        while has_calls_to_spare():
            answer = next(taking, None)
            if answer is None or not _ask(client, answer):
                return
    finally:
        taking.close()


def _due(now: datetime) -> "QuerySet[TariffAnswer]":
    looked_at = TariffAnswer.objects.filter(wanted_at__gt=now - LOOKED_AT_WITHIN)
    return looked_at.filter(Q(asked_at=None) | Q(asked_at__lt=fresh_since(now)))


def _oldest(due: "QuerySet[TariffAnswer]", now: datetime, batch: int) -> list[int]:  # noqa: ARG001
    ordered = due.order_by("-wanted_at", "pk").values_list("pk", flat=True)
    return list(ordered[:batch])


def _read(pks: list[int], owner: uuid.UUID) -> dict[int, TariffAnswer]:
    return TariffAnswer.objects.filter(lease_owner=owner).in_bulk(pks)


def _ask(client: AmpecoClient, answer: TariffAnswer) -> bool:
    """Ask for one and keep the answer; return whether it may be asked for others.

    What the operator refuses counts as none, so that it is not asked for again by each page. What
    it does not answer stays claimed for a while, so that nobody asks for it at once.
    """
    now = timezone.now()
    tariff = None
    try:
        tariff = client.tariff_for_user(answer.ampeco_group_id, answer.ampeco_user_id)
    except (UpstreamNotFound, UpstreamRejected) as error:
        if meets_every_call(error):
            return False
        logger.info("The operator does not say which tariff applies: %s", error)
    except UpstreamError as error:
        logger.warning("Nobody knows which tariff applies: %s", error)
        return False
    if tariff is not None:
        keep_tariff(tariff, now=now)
    TariffAnswer.objects.filter(pk=answer.pk).update(
        ampeco_tariff_id=tariff.id if tariff else None,
        asked_at=now,
        lease_until=None,
        lease_owner=None,
    )
    return True
