"""The mirror of tariffs as pages read it: kept in the cache, group by group."""

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.core.cache import cache
from django.db import transaction

from ampeco import types
from tariffs.models import Tariff, TariffGroup, TaxRate

# So long a page may show what was true before; a new walk through the tariffs is told at once.
KEPT_SECONDS = 60
VERSION_KEY = "tariffs-version"


@dataclass(frozen=True, slots=True)
class Group:
    """The tariffs of a group in their order, and the tax (in percent) that is known of it.

    `digest` tells the same tariffs again.
    """

    tariffs: tuple[types.Tariff, ...]
    tax: Decimal | None
    digest: str = ""

    @property
    def favours(self) -> bool:
        """Whether some of the tariffs are for some drivers only."""
        return any(tariff.by_user for tariff in self.tariffs)


def read_groups(ids: Collection[int]) -> dict[int, Group]:
    """Return groups by their AMPECO ids, as far as the mirror has them; no query if all are kept.

    Otherwise three, whatever their number.
    """
    version = cache.get(VERSION_KEY, 0)
    keys = {_key(pk, version): pk for pk in ids}
    packed: dict[int, Any] = {keys[key]: value for key, value in cache.get_many(keys).items()}
    missing = [pk for pk in ids if pk not in packed]
    if missing:
        read = _read(missing)
        cache.set_many({_key(pk, version): read.get(pk) for pk in missing}, KEPT_SECONDS)
        packed |= read
    return {pk: _unpack(value) for pk, value in packed.items() if value is not None}


def forget() -> None:
    """Let pages read the mirror anew, at once and, as it is then, once the change is committed."""
    _next_version()
    transaction.on_commit(_next_version)


def _next_version() -> None:
    if not cache.add(VERSION_KEY, 1, None):
        cache.incr(VERSION_KEY)


def _key(pk: int, version: int) -> str:
    return f"tariff-group:{version}:{pk}"


def _read(ids: Collection[int]) -> dict[int, Any]:
    rows = TariffGroup.objects.filter(ampeco_id__in=ids, retired_at=None)
    in_groups = dict(rows.values_list("ampeco_id", "tariff_ids"))
    every = {pk for some in in_groups.values() for pk in some}
    tariffs = dict(
        Tariff.objects.filter(ampeco_id__in=every, retired_at=None).values_list(
            "ampeco_id", "payload"
        )
    )
    rates = TaxRate.objects.filter(ampeco_group_id__in=in_groups)
    taxes = dict(rates.values_list("ampeco_group_id", "percent"))
    return {
        group: _pack([tariffs[pk] for pk in in_group if pk in tariffs], taxes.get(group))
        for group, in_group in in_groups.items()
    }


def _pack(payloads: list[Any], tax: Decimal | None) -> dict[str, Any]:
    written = json.dumps(payloads, sort_keys=True).encode()
    return {
        "tariffs": payloads,
        "tax": "" if tax is None else str(tax),
        "digest": hashlib.sha256(written).hexdigest(),
    }


def _unpack(packed: Mapping[str, Any]) -> Group:
    tariffs = tuple(types.Tariff.from_payload(payload) for payload in packed["tariffs"])
    tax = Decimal(packed["tax"]) if packed["tax"] else None
    return Group(tariffs, tax, packed["digest"])
