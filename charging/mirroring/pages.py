"""Stores a page of sessions, in one transaction and few statements, whatever is on it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings

from ampeco.types import PricePart
from ampeco.types import Session as Record
from charging.mirroring.payments import payment_of, transactions_of
from charging.mirroring.whose import Belongings, Owner, code_key, cost_centres_of
from charging.models import CostCentre, Session
from charging.services import mark_months
from mirror.fitting import fit
from shell.money import round_money
from sites.models import Evse
from tariffs.services import note_tax_rates

# So long after it began a session that has no vehicle may still be found to be one's: what is
# linked or usual later says nothing of what was before.
YOUNG = timedelta(days=7)
# What the mirror writes, and what of that is summed.
WRITTEN = (
    *("fleet", "driver", "evse", "location", "vehicle", "booking", "cost_centre", "continues"),
    *("status", "stop_reason", "started_at", "stopped_at", "local_day", "energy_kwh", "peak_kw"),
    *("amount", "amount_without_tax", "tax_percent", "currency", "price_breakdown"),
    *("billing_status", "payment", "id_tag_end", "ampeco_tariff_snapshot_id"),
    *("ampeco_receipt_id", "ampeco_updated_at"),
)
SUMMED = (
    *("fleet_id", "local_day", "driver_id", "location_id", "vehicle_id", "cost_centre_id"),
    *("booking_id", "status", "started_at", "stopped_at", "energy_kwh", "amount", "currency"),
    *("amount_without_tax", "payment", "continues", "evse_id"),
)
STORED = [column.attname for column in Session._meta.concrete_fields if column.name in WRITTEN]


def store_sessions(
    records: Iterable[Record], *, now: datetime, kept_since: datetime | None, may_read_paid: bool
) -> dict[str, int]:
    """Write the sessions that are a fleet's, and mark their months; return counts.

    Within a transaction. Sessions of anybody else are not stored, nor what is older than what is
    kept. `may_read_paid` says whether transactions tell what is paid; else sessions do.
    """
    page = {record.id: record for record in records}
    ours = Belongings.of(list(page.values()))
    known = {
        session.ampeco_id: session
        for session in Session.objects.select_for_update(no_key=True)
        .filter(ampeco_id__in=list(page))
        .order_by("ampeco_id")
    }
    owners = {}
    for pk, record in page.items():
        owner = ours.owner_of(record, stored_in=known[pk].fleet_id if pk in known else None)
        if owner is not None:
            owners[pk] = owner
    centres = cost_centres_of({owner.fleet_id for owner in owners.values()})
    paid = transactions_of(Session.objects.filter(pk__in=[one.pk for one in known.values()]))
    changed, marks = [], []
    for pk, record in page.items():
        old, owner = known.get(pk), owners.get(pk)
        if owner is None or (old is None and _is_too_old(record, kept_since)):
            continue
        row = _row(record, owner, old=old, evse=ours.evses.get(record.evse_id or 0), now=now)
        _say_who_bears_it(row, owner, old=old, centres=centres, now=now)
        transactions = paid[old.pk] if old is not None else []
        row.payment = payment_of(
            row, transactions, said=record.payment_status, may_read=may_read_paid
        )
        if old is not None and not _differs(old, row, STORED):
            continue
        changed.append(row)
        if old is None or _differs(old, row, SUMMED):
            marks.append((row.fleet_id, row.local_day))
            marks += [(old.fleet_id, old.local_day)] if old is not None else []
    Session.objects.bulk_create(
        changed,
        update_conflicts=True,
        unique_fields=["ampeco_id"],
        update_fields=[*WRITTEN, "synced_at"],
    )
    mark_months(marks)
    note_tax_rates(_tax_rates(changed))
    new = sum(row.ampeco_id not in known for row in changed)
    return {
        "seen": len(page),
        "new": new,
        "changed": len(changed) - new,
        "skipped": len(page) - len(owners),
        "undecided": ours.undecided,
    }


def _tax_rates(rows: Iterable[Session]) -> dict[int, Decimal]:
    """Return the tax that was in charges by a tariff group, for estimates by its tariffs."""
    return {
        row.evse.ampeco_tariff_group_id: row.tax_percent
        for row in sorted(rows, key=lambda row: row.started_at)
        if row.tax_percent is not None
        and row.evse is not None
        and row.evse.ampeco_tariff_group_id is not None
    }


def _row(
    record: Record, owner: Owner, *, old: Session | None, evse: Evse | None, now: datetime
) -> Session:
    """Return a session as it is to be stored, but for who bears its cost."""
    assert record.started_at is not None
    location = evse.charge_point.location if evse else None
    currency = record.currency.upper()
    zone = location.zone if location else ZoneInfo(settings.DEFAULT_TIMEZONE)
    driver = owner.driver
    if old is not None and old.driver_id != driver.pk and old.driver.ampeco_user_id <= 0:
        # It names nobody any more.
        driver = old.driver
    row = Session(
        ampeco_id=record.id,
        fleet_id=owner.fleet_id,
        driver=driver,
        evse=evse,
        location=location,
        booking=owner.booking,
        # For a new row only: it is not among what is WRITTEN, since people say another one.
        reference=owner.booking.reference if owner.booking else "",
        status=record.status,
        stop_reason=record.reason,
        started_at=record.started_at,
        stopped_at=record.stopped_at,
        local_day=record.started_at.astimezone(zone).date(),
        energy_kwh=record.energy_kwh,
        peak_kw=record.peak_kw,
        amount=_money(record.amount, currency),
        amount_without_tax=_money(record.amount_without_tax, currency),
        tax_percent=record.tax_percent,
        currency=currency,
        price_breakdown=[_part(part) for part in record.price_breakdown],
        billing_status=record.billing_status,
        # Of who was erased nothing is kept.
        id_tag_end="" if driver.is_erased else record.id_tag_end,
        continues=str(record.extends_id or ""),
        ampeco_tariff_snapshot_id=record.tariff_snapshot_id,
        ampeco_receipt_id=record.receipt_id,
        ampeco_updated_at=record.last_updated_at,
        synced_at=now,
    )
    return fit(row)


def _say_who_bears_it(
    row: Session,
    owner: Owner,
    *,
    old: Session | None,
    centres: Mapping[tuple[int, str], CostCentre],
    now: datetime,
) -> None:
    """Set vehicle and cost centre; what somebody said, or what was found before, stays."""
    if old is not None and old.assigned_by_hand:
        row.vehicle_id, row.cost_centre_id = old.vehicle_id, old.cost_centre_id
        return
    booked = owner.booking.vehicle if owner.booking else None
    is_young = old is None or now - row.started_at < YOUNG
    stays = old is not None and (
        old.vehicle_id is not None or not is_young or row.driver.ampeco_user_id <= 0
    )
    if booked is None and old is not None and stays:
        row.vehicle_id, row.cost_centre_id = old.vehicle_id, old.cost_centre_id
        return
    vehicle = booked or owner.vehicle
    row.vehicle = vehicle
    if old is not None:
        row.cost_centre_id = old.cost_centre_id
    is_another = old is None or old.vehicle_id != row.vehicle_id
    if vehicle is not None and (is_another or (is_young and row.cost_centre_id is None)):
        row.cost_centre = centres.get((row.fleet_id, code_key(vehicle.cost_centre)))


def _is_too_old(record: Record, kept_since: datetime | None) -> bool:
    return kept_since is not None and (record.started_at is None or record.started_at < kept_since)


def _money(amount: Decimal | None, currency: str) -> Decimal | None:
    return None if amount is None else round_money(amount, currency)


def _part(part: PricePart) -> dict[str, Any]:
    """Return a part of a price as JSON: numbers as texts, so that none of their digits is lost."""
    return {
        "type": part.type,
        "unit": part.unit,
        "quantity": _text(part.quantity),
        "price_per_unit": _text(part.price_per_unit),
        "price": _text(part.price),
        "price_without_tax": _text(part.price_without_tax),
        "tax_percent": _text(part.tax_percent),
    }


def _text(number: Decimal | None) -> str | None:
    return None if number is None else f"{number:f}"


def _differs(old: Session, new: Session, names: Sequence[str]) -> bool:
    return any(getattr(old, name) != getattr(new, name) for name in names)
